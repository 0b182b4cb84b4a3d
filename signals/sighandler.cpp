// sighandler - one handler for SIGUSR1 and SIGINT
//
// Text:  Handling Signals (sighandler.c)
// Run:   terminal 1: build/signals/sighandler, and press Ctrl-C
//        terminal 2: kill -USR1 PID, with the number that terminal 1 shows
// See:   received SIGINT
//        received SIGUSR1
//
// A handler can interrupt anything, even printf, so it calls only functions
// that are async-signal-safe, like write(), and leaves errno as it found it.
// Ctrl-C no longer ends this program; kill PID does.

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void handler(int);

int main() {
    if (signal(SIGUSR1, handler) == SIG_ERR) err(1, "signal SIGUSR1");
    if (signal(SIGINT, handler) == SIG_ERR) err(1, "signal SIGINT");
    if (dprintf(STDOUT_FILENO,
                "process %d waits for SIGUSR1 or Ctrl-C; kill %d ends it\n",
                getpid(), getpid()) < 0)
        err(1, "write standard output");
    while (true) pause();
}

static void handler(int signalNum) {
    const int saved = errno;
    const char *text = "received SIGUSR1\n";
    if (signalNum == SIGINT) text = "received SIGINT\n";
    if (write(STDOUT_FILENO, text, strlen(text)) == -1) _exit(1);
    errno = saved;
}
