// alarm_timeout - reads a FIFO to its end, but waits no longer than a time
// limit
//
// Text:  Using Alarm for Time Limits
// Run:   mkfifo pipe_file; build/signals/alarm_timeout pipe_file 2; echo $?
// See:   open pipe_file: no writer within 2 s; the exit status 124, as
// timeout(1) has it Run:   build/signals/alarm_timeout pipe_file 60 &
//        sleep 1; kill -USR1 %1; echo hello > pipe_file
// See:   open pipe_file: interrupted, but not by the alarm; again; then hello
//
// One limit holds over open and every read and write, since each of them may
// wait: where there is no writer, it is open that waits. The handler makes the
// call fail with EINTR; its flag tells whether that was the alarm or some other
// signal, after which the call is made again. The alarm may also come just
// before a call that will wait: so the handler sets the next alarm, which then
// ends that call, a second late but not never.

#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t timed_out;

static void on_signal(int signo) {
    if (signo != SIGALRM) return;
    timed_out = 1;
    alarm(1);
}

// After a call that failed: returns if it is to be made again, and ends the
// program if not.
static void again(const char *call, const char *object, const char *missing,
                  unsigned seconds) {
    if (errno != EINTR) err(1, "%s %s", call, object);
    if (timed_out != 0)
        errx(124, "%s %s: no %s within %u s", call, object, missing, seconds);
    warnx("%s %s: interrupted, but not by the alarm; again", call, object);
}

int main(int argc, char *argv[]) {
    if (argc != 3) errx(2, "usage: alarm_timeout FIFO SECONDS");
    const char *path = argv[1];
    unsigned seconds = 0;
    const char *const end = argv[2] + strlen(argv[2]);
    const auto [rest, error] = std::from_chars(argv[2], end, seconds);
    if (error != std::errc{} || rest != end || seconds < 1 || seconds > INT_MAX)
        errx(2, "%s: not a number of seconds from 1 to %d", argv[2], INT_MAX);

    struct sigaction action = {};
    action.sa_handler =
        on_signal;  // no SA_RESTART: a call that waits is to fail with EINTR
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");
    if (sigaction(SIGUSR1, &action, nullptr) == -1) err(1, "sigaction SIGUSR1");
    sigset_t
        wanted;  // one that was blocked where this was started would never come
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGALRM);
    sigaddset(&wanted, SIGUSR1);
    if (sigprocmask(SIG_UNBLOCK, &wanted, nullptr) == -1) err(1, "sigprocmask");
    alarm(seconds);

    int fifo = -1;
    while ((fifo = open(path, O_RDONLY | O_CLOEXEC)) == -1)
        again("open", path, "writer", seconds);
    struct stat file = {};
    if (fstat(fifo, &file) == -1) err(1, "fstat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);

    char buffer[4096];
    ssize_t got = 0;
    while ((got = read(fifo, buffer, sizeof buffer)) != 0) {
        if (got == -1) again("read", path, "end of file", seconds);
        for (ssize_t put = 0, done = 0; done < got; done += put) {
            put = write(STDOUT_FILENO, buffer + done,
                        static_cast<size_t>(got - done));
            if (put == -1) {
                again("write", "standard output", "reader", seconds);
                put = 0;
            }
        }
        // A read that always finds data does not wait, and the alarm does not
        // make it fail.
        if (timed_out != 0)
            errx(124, "read %s: no end of file within %u s", path, seconds);
    }
    if (close(fifo) == -1) err(1, "close %s", path);
}
