// sleepforproblem - a jump out of SIGALRM's handler abandons another handler
//
// Text:  Signal Timing Problem (sleepforproblem.c)
// Run:   build/signals/sleepforproblem, and press Ctrl-C once within 3 s
// See:   sig_int enter
//        sleepFor returned: 0
//        and never sig_int done
//
// sig_int computes for longer than the sleep lasts. SIGALRM interrupts it, and
// the jump out of SIGALRM's handler leads straight back into sleepFor: the rest
// of sig_int never runs. Whatever it had half changed would stay half changed.
// A handler should store a flag and return.

#include <err.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static sigjmp_buf env_alrm;

static void sig_alrm(int) { siglongjmp(env_alrm, 1); }

static unsigned sleepFor(unsigned numSeconds) {
    if (signal(SIGALRM, sig_alrm) == SIG_ERR) err(1, "signal SIGALRM");
    if (sigsetjmp(env_alrm, 1) == 0) {
        alarm(numSeconds);
        pause();
    }
    return alarm(0);
}

static void say(const char *text) {
    if (write(STDOUT_FILENO, text, strlen(text)) == -1) _exit(1);
}

static void sig_int(int) {
    say("sig_int enter\n");
    for (const time_t start = time(nullptr); time(nullptr) < start + 5;) {
    }
    say("sig_int done\n");
}

int main() {
    if (signal(SIGINT, sig_int) == SIG_ERR) err(1, "signal SIGINT");
    say("press Ctrl-C within 3 seconds\n");
    const unsigned unslept = sleepFor(3);
    printf("sleepFor returned: %u\n", unslept);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
