// bettersleep - a sleep whose handler jumps out of the wait
//
// Text:  Better Sleep with Longjmp (bettersleep.c)
// Run:   build/signals/bettersleep
// See:   sleepFor returned: 0, twice, a second apart
// Run:   build/signals/bettersleep -r
// See:   the same, with a warning before each sleep
//
// SIGALRM is blocked while its handler runs. siglongjmp() restores the mask
// that sigsetjmp(env, 1) saved; on Linux a plain longjmp() would leave SIGALRM
// blocked, and the second sleep would never end: see jump.cpp. The jump also
// abandons any other handler that SIGALRM interrupts: see sleepforproblem.cpp.

#include <err.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool race;  // -r
static sigjmp_buf env_alrm;

static void sig_alrm(int) { siglongjmp(env_alrm, 1); }

// With -r: as if another process ran here until the alarm comes.
static void other_work(unsigned numSeconds) {
    if (!race) return;
    warnx("the alarm comes before pause(); its jump skips pause()");
    sleep(numSeconds + 1);  // the alarm jumps out of it
}

static unsigned sleepFor(unsigned numSeconds) {
    if (signal(SIGALRM, sig_alrm) == SIG_ERR) err(1, "signal SIGALRM");
    // With 0 seconds skip the wait: alarm(0) sets no alarm to end it.
    if (numSeconds > 0 && sigsetjmp(env_alrm, 1) == 0) {
        alarm(numSeconds);
        other_work(numSeconds);
        pause();
    }
    return alarm(0);
}

int main(int argc, char *argv[]) {
    race = argc == 2 && strcmp(argv[1], "-r") == 0;
    if (argc != (race ? 2 : 1)) errx(2, "usage: bettersleep [-r]");
    for (int i = 0; i < 2; ++i) {
        const unsigned unslept = sleepFor(1);
        printf("sleepFor returned: %u\n", unslept);
        if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
    }
}
