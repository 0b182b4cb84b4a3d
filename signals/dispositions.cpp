// dispositions - one signal under each of its three dispositions
//
// Text:  Signals (ignore it, catch it, or use the default action)
// Run:   build/signals/dispositions
// See:   ignored: raise returned, and nothing happened
//        caught: the handler ran before raise returned
//        default: the child was ended by the signal: Terminated
//
// A process has one disposition for each signal, and its children inherit it.
// The default action of SIGTERM would end this program, so a child tries it.

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static void handler(int) { caught = 1; }

int main() {
    if (signal(SIGTERM, SIG_IGN) == SIG_ERR) err(1, "signal SIG_IGN");
    if (raise(SIGTERM) != 0) err(1, "raise");
    printf("ignored: raise returned, and nothing happened\n");

    if (signal(SIGTERM, handler) == SIG_ERR) err(1, "signal handler");
    if (raise(SIGTERM) != 0) err(1, "raise");
    if (caught == 0) errx(1, "the handler did not run");
    printf("caught: the handler ran before raise returned\n");

    if (signal(SIGTERM, SIG_DFL) == SIG_ERR) err(1, "signal SIG_DFL");
    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) _exit(raise(SIGTERM));  // _exit is never reached
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (!WIFSIGNALED(status)) errx(1, "the child was not terminated");
    printf("default: the child was ended by the signal: %s\n",
           strsignal(WTERMSIG(status)));
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
