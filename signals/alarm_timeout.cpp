// alarm_timeout - reads a FIFO to its end, but within a time limit
//
// Text:  Using Alarm for Time Limits
// Run:   mkfifo pipe_file; build/signals/alarm_timeout pipe_file 2; echo $?
// See:   alarm_timeout: open pipe_file: no writer within 2 s
//        and 124, the exit status that timeout(1) uses
//
// One limit covers open() and every read(), since each may wait: without a
// writer, it is open() that does. The handler makes the waiting call fail with
// EINTR. An alarm that came just before the call would have nothing to
// interrupt, so the handler sets another one.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t timed_out;

static void on_alarm(int) {
    timed_out = 1;
    alarm(1);
}

int main(int argc, char *argv[]) {
    if (argc != 3 || argv[1][0] == '-')
        errx(2, "usage: alarm_timeout FIFO SECONDS");
    const char *path = argv[1];
    char *end = argv[2];
    const unsigned long seconds = strtoul(argv[2], &end, 10);
    if (*end != '\0' || seconds < 1 || seconds > INT_MAX)
        errx(2, "%s: not a number of seconds", argv[2]);

    struct sigaction action = {};
    action.sa_handler = on_alarm;  // no SA_RESTART: the call is to fail
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");
    alarm(static_cast<unsigned>(seconds));

    const int fifo = open(path, O_RDONLY);
    if (timed_out != 0)
        errx(124, "open %s: no writer within %lu s", path, seconds);
    if (fifo == -1) err(1, "open %s", path);

    char buffer[4096];
    ssize_t got = 0;
    while (timed_out == 0 && (got = read(fifo, buffer, sizeof buffer)) > 0) {
        if ((fwrite(buffer, static_cast<size_t>(got), 1, stdout) != 1 ||
             fflush(stdout) == EOF) &&
            errno != EINTR)
            err(1, "write standard output");
    }
    if (timed_out != 0)
        errx(124, "read %s: no end of file within %lu s", path, seconds);
    if (got == -1) err(1, "read %s", path);
}
