// interrupted - a signal during a blocked read, with and without SA_RESTART
//
// Text:  Interrupted System Calls
// Run:   build/signals/interrupted
// See:   without SA_RESTART: Interrupted system call; then 1 byte
//        with SA_RESTART: 1 byte
//        poll, with SA_RESTART: Interrupted system call
//
// The pipe is empty until the handler writes a byte into it, so read() waits
// until the signal comes, and then always has something to return in the end.
// On Linux, poll() is never restarted.

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

static void read_byte() {
    char byte = 0;
    while (read(pipefd[0], &byte, 1) == -1) {
        if (errno != EINTR) err(1, "read the pipe");
        printf("%s; then ", strerror(errno));  // and try again
    }
    printf("1 byte\n");
}

int main() {
    if (pipe(pipefd) == -1) err(1, "pipe");

    printf("without SA_RESTART: ");
    set_alarm(0);
    read_byte();

    printf("with SA_RESTART: ");
    set_alarm(SA_RESTART);
    read_byte();

    pollfd input = {pipefd[0], POLLIN, 0};
    set_alarm(SA_RESTART);
    const int ready = poll(&input, 1, 5000);
    printf("poll, with SA_RESTART: %s\n",
           ready == -1 ? strerror(errno) : "not interrupted");
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
