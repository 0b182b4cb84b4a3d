// jump - what a jump out of a signal handler does to the signal mask
//
// Text:  Better Sleep with Longjmp (sigsetjmp and siglongjmp)
// Run:   build/signals/jump
// See:   after longjmp: SIGUSR1 is blocked
//        after siglongjmp: SIGUSR2 is not blocked
//
// While a handler runs, its signal is blocked; returning from the handler
// unblocks it. Jumping out is not returning. longjmp() leaves the mask alone,
// so the signal never arrives again (on Linux; the BSDs restore the mask, and
// POSIX allows both). siglongjmp() restores the mask that sigsetjmp(env, 1)
// saved.

#include <err.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static jmp_buf place;
static sigjmp_buf place_and_mask;

// NOLINTNEXTLINE(cert-err52-cpp): the program is about these jumps
static void sig_usr1(int) { longjmp(place, 1); }
static void sig_usr2(int) { siglongjmp(place_and_mask, 1); }

static const char *state(int signo) {
    sigset_t mask;
    if (sigprocmask(SIG_BLOCK, nullptr, &mask) == -1) err(1, "sigprocmask");
    return sigismember(&mask, signo) == 1 ? "blocked" : "not blocked";
}

int main() {
    if (signal(SIGUSR1, sig_usr1) == SIG_ERR) err(1, "signal SIGUSR1");
    if (signal(SIGUSR2, sig_usr2) == SIG_ERR) err(1, "signal SIGUSR2");

    // NOLINTNEXTLINE(cert-err52-cpp)
    if (setjmp(place) == 0) raise(SIGUSR1);
    printf("after longjmp: SIGUSR1 is %s\n", state(SIGUSR1));

    if (sigsetjmp(place_and_mask, 1) == 0) raise(SIGUSR2);
    printf("after siglongjmp: SIGUSR2 is %s\n", state(SIGUSR2));
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
