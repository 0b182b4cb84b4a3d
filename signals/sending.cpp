// sending - kill, raise and alarm each send a signal, and each is seen to
// arrive
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
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t received;

static void on_signal(int signo) {
    received = signo;
    // pause() waits for a signal that is still to come. Had SIGALRM come before
    // pause was called, pause would wait for ever; so the handler asks for
    // another, which main cancels.
    if (signo == SIGALRM) alarm(1);
}

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: sending");
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigset_t wanted;  // blocked where this was started, these would never come
    sigemptyset(&wanted);
    for (const int signo : {SIGUSR1, SIGALRM}) {
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
        sigaddset(&wanted, signo);
    }
    if (sigprocmask(SIG_UNBLOCK, &wanted, nullptr) == -1) err(1, "sigprocmask");

    // raise sends to the process itself (to the calling thread); it returns
    // after the handler.
    if (raise(SIGUSR1) != 0) err(1, "raise SIGUSR1");
    if (received != SIGUSR1) errx(1, "raise(SIGUSR1): not received");
    printf("raise(SIGUSR1): received before raise returned\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");

    // kill sends to another process, here from a child to its parent. Blocked,
    // the signal stays pending until sigwait takes it, so it does not matter
    // which of the two is faster.
    sigset_t usr2, before;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    if (sigprocmask(SIG_BLOCK, &usr2, &before) == -1) err(1, "sigprocmask");
    const pid_t parent = getpid(), child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) {
        if (kill(parent, SIGUSR2) == -1) err(1, "child: kill the parent");
        return 0;
    }
    int status = 0, signo = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (status != 0)
        errx(1, "the child failed: wait status 0x%x",
             static_cast<unsigned>(status));
    if ((errno = sigwait(&usr2, &signo)) != 0) err(1, "sigwait");
    printf("kill(parent, SIGUSR2): received from the child\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    if (sigprocmask(SIG_SETMASK, &before, nullptr) == -1) err(1, "sigprocmask");

    // alarm sends SIGALRM to the process itself, in some seconds.
    alarm(1);
    pause();
    alarm(0);
    if (received != SIGALRM) errx(1, "alarm(1): SIGALRM not received");
    printf("alarm(1), pause(): received SIGALRM\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
