// jump - what a jump out of a signal handler does to the signal mask
//
// Text:  Better Sleep with Longjmp (sigsetjmp and siglongjmp)
// Run:   build/signals/jump
// See:   after longjmp: SIGUSR1 is blocked
//        after siglongjmp: SIGUSR2 is not blocked
//
// While a handler runs its signal is blocked, and a return from it lets the
// signal in again. A jump is no return. longjmp() leaves the mask as it is, so
// that the signal never comes again (on Linux; on the BSDs it restores the
// mask, and POSIX leaves open which). siglongjmp() restores the mask that
// sigsetjmp(.., 1) has kept.

#include <err.h>
#include <initializer_list>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static jmp_buf place;
static sigjmp_buf place_and_mask;

static void on_signal(int signo) {
    // NOLINTNEXTLINE(cert-err52-cpp): what the program is about; no destructor
    // is skipped
    if (signo == SIGUSR1) longjmp(place, 1);
    siglongjmp(place_and_mask, 1);
}

static void print_mask(const char *after, int signo, const char *name) {
    sigset_t mask;
    if (sigprocmask(SIG_BLOCK, nullptr, &mask) == -1) err(1, "sigprocmask");
    printf("after %s: %s is %sblocked\n", after, name,
           sigismember(&mask, signo) != 0 ? "" : "not ");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: jump");
    struct sigaction action = {};
    action.sa_handler = on_signal;
    for (const int signo : {SIGUSR1, SIGUSR2})
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
    sigset_t none;  // whatever was blocked where this was started
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, nullptr) == -1) err(1, "sigprocmask");

    // NOLINTNEXTLINE(cert-err52-cpp)
    if (setjmp(place) == 0 && raise(SIGUSR1) != 0)
        err(1, "raise SIGUSR1");  // the handler jumps
    print_mask("longjmp", SIGUSR1, "SIGUSR1");
    if (sigsetjmp(place_and_mask, 1) == 0 && raise(SIGUSR2) != 0)
        err(1, "raise SIGUSR2");
    print_mask("siglongjmp", SIGUSR2, "SIGUSR2");
}
