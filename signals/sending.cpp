// sending - raise, kill and alarm each send a signal, and each one arrives
//
// Text:  Sending Signals
// Run:   build/signals/sending
// See:   raise(SIGUSR1): received before raise returned
//        kill(parent, SIGUSR2): received from the child
//        alarm(1), pause(): received SIGALRM

#include <err.h>
#include <errno.h>
#include <initializer_list>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t received;

static void handler(int signo) {
    received = signo;
    // pause() would miss an alarm that comes before it: here is another one.
    if (signo == SIGALRM) alarm(1);
}

int main() {
    for (const int signo : {SIGUSR1, SIGUSR2, SIGALRM})
        if (signal(signo, handler) == SIG_ERR) err(1, "signal %d", signo);

    // raise sends to the process itself, and returns when the handler has.
    if (raise(SIGUSR1) != 0) err(1, "raise");
    if (received != SIGUSR1) errx(1, "raise: SIGUSR1 was not received");
    printf("raise(SIGUSR1): received before raise returned\n");

    const pid_t parent = getpid(), child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) _exit(kill(parent, SIGUSR2) == 0 ? 0 : 1);
    int status = 0;
    while (waitpid(child, &status, 0) == -1)
        if (errno != EINTR) err(1, "waitpid");
    if (status != 0 || received != SIGUSR2)
        errx(1, "kill: SIGUSR2 was not received");
    printf("kill(parent, SIGUSR2): received from the child\n");

    alarm(1);
    pause();
    alarm(0);
    if (received != SIGALRM) errx(1, "alarm: SIGALRM was not received");
    printf("alarm(1), pause(): received SIGALRM\n");
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
