// sighandler - one handler for SIGUSR1 and SIGINT
//
// Text:  Handling Signals (sighandler.c)
// Run:   terminal 1: build/signals/sighandler, and press Ctrl-C
//        terminal 2: kill -USR1 PID, with the number that terminal 1 shows;
//        kill PID ends it
// See:   received SIGINT
//        received SIGUSR1
//
// The text registers the handler with signal(), so this program does too. What
// signal() leaves open (is the handler reset after the first signal, are
// interrupted calls restarted?) sigaction() states: the other programs here use
// that for their handlers. A handler may run in the middle of anything, printf
// included, so it calls write, which is async-signal-safe, and leaves errno as
// it found it.

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t write_error;

static void sig_usr(int signo) {
    const int saved = errno;
    const char *text =
        signo == SIGUSR1 ? "received SIGUSR1\n" : "received SIGINT\n";
    if (write(STDOUT_FILENO, text, strlen(text)) == -1) write_error = errno;
    errno = saved;
}

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: sighandler");

    if (signal(SIGUSR1, sig_usr) == SIG_ERR) err(1, "signal SIGUSR1");
    if (signal(SIGINT, sig_usr) == SIG_ERR) err(1, "signal SIGINT");

    const int pid = getpid();
    printf("pid %d: waiting for kill -USR1 %d or Ctrl-C; kill %d ends it\n",
           pid, pid, pid);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");

    for (;;) {
        pause();  // returns when a handler has run
        if (write_error != 0) {
            errno = write_error;
            err(1, "write standard output");
        }
    }
}
