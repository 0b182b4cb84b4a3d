// alarm_timeout - reads a FIFO to its end, but waits no longer than a time limit
//
// Text:  Using Alarm for Time Limits
// Run:   mkfifo pipe_file; build/signals/alarm_timeout pipe_file 2; rm pipe_file
// See:   open pipe_file: no writer within 2 s; exit status 124, as timeout(1) has it
//        With a writer in time (echo hello > pipe_file): hello
//
// One limit holds over open and every read, since each of them may wait. The handler makes the call
// fail with EINTR; its flag tells whether that was the alarm or some other signal (try kill -USR1),
// after which the call is made again. The alarm may also come just before a call that will wait:
// so the handler sets the next alarm, which then ends that call, a second late but not never.

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

int main(int argc, char *argv[]) {
    if (argc != 3) errx(2, "usage: alarm_timeout FIFO SECONDS");
    const char *path = argv[1];
    unsigned seconds = 0;
    const char *const end = argv[2] + strlen(argv[2]);
    const auto [rest, error] = std::from_chars(argv[2], end, seconds);
    if (error != std::errc{} || rest != end || seconds < 1 || seconds > INT_MAX)
        errx(2, "%s: not a number of seconds from 1 to %d", argv[2], INT_MAX);

    struct sigaction action = {};
    action.sa_handler = on_signal;  // no SA_RESTART: a call that waits is to fail with EINTR
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");
    if (sigaction(SIGUSR1, &action, nullptr) == -1) err(1, "sigaction SIGUSR1");
    alarm(seconds);

    int fifo = -1;
    while ((fifo = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
        if (errno != EINTR) err(1, "open %s", path);
        if (timed_out != 0) errx(124, "open %s: no writer within %u s", path, seconds);
        warnx("open %s: interrupted, but not by the alarm; again", path);
    }
    struct stat file = {};
    if (fstat(fifo, &file) == -1) err(1, "fstat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);

    char buffer[4096];
    ssize_t got = 0;
    while ((got = read(fifo, buffer, sizeof buffer)) != 0) {
        if (got > 0) {
            const size_t length = static_cast<size_t>(got);
            if (fwrite(buffer, 1, length, stdout) != length || fflush(stdout) != 0)
                err(1, "write standard output");
        } else if (errno != EINTR) {
            err(1, "read %s", path);
        } else if (timed_out != 0) {
            errx(124, "read %s: no end of file within %u s", path, seconds);
        } else {
            warnx("read %s: interrupted, but not by the alarm; again", path);
        }
    }
    if (close(fifo) == -1) err(1, "close %s", path);
}
