// interrupted - a signal during a blocked read, with and without SA_RESTART
//
// Text:  Interrupted System Calls
// Run:   build/signals/interrupted
// See:   read without SA_RESTART: Interrupted system call
//        read again: returned 1
//        read with SA_RESTART: returned 1
//        poll with SA_RESTART: Interrupted system call
//
// The pipe is empty until the handler writes a byte into it, so each call waits
// until the signal comes. The byte is then there: a call that is restarted, or
// made again, finds it. On Linux, poll() is never restarted.

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int pipefd[2];

static void on_alarm(int) {
    const int saved = errno;
    if (write(pipefd[1], "x", 1) == -1) _exit(1);
    errno = saved;
}

static void set_alarm(int flags) {
    struct sigaction action = {};
    action.sa_handler = on_alarm;
    action.sa_flags = flags;
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction");
    alarm(1);
}

static void report(const char *call, ssize_t result) {
    if (result == -1 && errno != EINTR) err(1, "%s", call);
    if (result == -1)
        printf("%s: %s\n", call, strerror(errno));
    else
        printf("%s: returned %zd\n", call, result);
}

int main() {
    if (pipe(pipefd) == -1) err(1, "pipe");

    char byte = 0;
    set_alarm(0);
    report("read without SA_RESTART", read(pipefd[0], &byte, 1));
    report("read again", read(pipefd[0], &byte, 1));

    set_alarm(SA_RESTART);
    report("read with SA_RESTART", read(pipefd[0], &byte, 1));

    pollfd input = {pipefd[0], POLLIN, 0};
    set_alarm(SA_RESTART);
    report("poll with SA_RESTART", poll(&input, 1, 5000));
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
