// interrupted - a signal in a blocked read, with and without SA_RESTART
//
// Text:  Interrupted System Calls
// Run:   build/signals/interrupted
// See:   without SA_RESTART: read failed: Interrupted system call; retried: 1
// byte
//        with SA_RESTART: 1 byte, and no sign of the signal
//        poll, with SA_RESTART: Interrupted system call
//
// The pipe is empty until the handler runs, and the handler itself writes the
// byte. So the signal comes while read is blocked (unless the process is held
// up for the whole second between alarm and read), and in the end read always
// has something to return. A few calls are never restarted, since they have a
// time limit of their own: poll, select, sleep.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int pipefd[2];
static volatile sig_atomic_t write_error;

static void on_alarm(int) {
    const int saved = errno;
    if (write(pipefd[1], "x", 1) != 1) {
        write_error = errno;
        close(pipefd[1]);  // then read meets end of file
    }
    errno = saved;
}

static void check_the_handlers_write() {
    if (write_error == 0) return;
    errno = write_error;
    err(1, "write the pipe, in the handler");
}

static void read_one_byte(int flags, const char *label) {
    struct sigaction action = {};
    action.sa_handler = on_alarm;
    action.sa_flags = flags;
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");

    alarm(1);
    char byte = 0;
    printf("%s: ", label);
    ssize_t got = 0;
    while ((got = read(pipefd[0], &byte, 1)) == -1) {
        if (errno != EINTR) err(1, "read the pipe");
        printf("read failed: %s; retried: ", strerror(EINTR));
    }
    check_the_handlers_write();
    printf("%zd byte\n", got);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}

static void poll_the_empty_pipe() {
    alarm(1);
    pollfd input = {pipefd[0], POLLIN, 0};
    const int ready = poll(&input, 1, -1);
    if (ready == -1 && errno != EINTR) err(1, "poll the pipe");
    if (ready == 1)
        errx(1, "the process was held up: poll had nothing to wait for");
    printf("poll, with SA_RESTART: %s\n", strerror(EINTR));
    check_the_handlers_write();
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: interrupted");
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1)
        err(1, "standard output");  // not for the pipe
    sigset_t own;  // blocked where this was started, it would never come
    sigemptyset(&own);
    sigaddset(&own, SIGALRM);
    if (sigprocmask(SIG_UNBLOCK, &own, nullptr) == -1) err(1, "sigprocmask");
    if (pipe(pipefd) == -1) err(1, "pipe");
    read_one_byte(0, "without SA_RESTART");
    read_one_byte(SA_RESTART, "with SA_RESTART");
    poll_the_empty_pipe();
}
