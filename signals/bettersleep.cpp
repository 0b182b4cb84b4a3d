// bettersleep - a sleep whose handler jumps out of the wait
//
// Text:  Better Sleep with Longjmp (bettersleep.c)
// Run:   build/signals/bettersleep 1
// See:   sleepFor returned: 0, twice, a second apart
// Run:   build/signals/bettersleep -r 1
// See:   the alarm came before pause(), which the jump has skipped
//
// Wherever the alarm comes after sigsetjmp, the handler's siglongjmp leads back
// there: pause() is skipped, or left. sigsetjmp(.., 1) keeps the signal mask,
// and the jump restores it: in the handler SIGALRM is blocked, and after a
// plain longjmp it stays so on Linux (jump shows it), and the second sleep
// never ends. The jump also abandons any other handler that SIGALRM interrupts:
// see sleepforproblem.

#include <charconv>
#include <err.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static sigjmp_buf before_wait;

// NOLINTNEXTLINE(cert-err52-cpp): the jump is what the text shows; no
// destructor is skipped by it
static void sig_alarm(int) { siglongjmp(before_wait, 1); }

static unsigned sleepFor(unsigned numSeconds, bool force_race) {
    if (numSeconds == 0) return 0;

    const volatile unsigned whole =
        numSeconds;  // unchanged, so safe; volatile tells g++ as well
    struct sigaction action = {}, earlier_action = {};
    action.sa_handler = sig_alarm;
    const unsigned earlier_alarm = alarm(0);
    if (sigaction(SIGALRM, nullptr, &earlier_action) == -1)
        err(1, "sigaction SIGALRM");

    if (sigsetjmp(before_wait, 1) ==
        0) {  // NOLINT(cert-err52-cpp): see sig_alarm
        // The handler comes in only now, when there is a place to jump to.
        if (sigaction(SIGALRM, &action, nullptr) == -1)
            err(1, "sigaction SIGALRM");
        alarm(whole);
        for (volatile bool busy = force_race;
             busy;) {  // until the alarm jumps out of it
        }
        pause();
    }

    if (force_race)
        printf("the alarm came before pause(), which the jump has skipped\n");
    const unsigned unslept = alarm(0);
    if (sigaction(SIGALRM, &earlier_action, nullptr) == -1)
        err(1, "sigaction SIGALRM");
    const unsigned slept = whole - unslept;
    if (earlier_alarm > 0)
        alarm(earlier_alarm > slept ? earlier_alarm - slept : 1);
    return unslept;
}

int main(int argc, char *argv[]) {
    const bool force_race = argc == 3 && strcmp(argv[1], "-r") == 0;
    if (argc != 2 && !force_race) errx(2, "usage: bettersleep [-r] SECONDS");
    unsigned seconds = 0;
    const char *const text = argv[argc - 1], *const end = text + strlen(text);
    const auto [rest, error] = std::from_chars(text, end, seconds);
    if (error != std::errc{} || rest != end || seconds > INT_MAX)
        errx(2, "%s: not a number of seconds from 0 to %d", text, INT_MAX);

    sigset_t own;  // blocked where this was started, it would never come
    sigemptyset(&own);
    sigaddset(&own, SIGALRM);
    if (sigprocmask(SIG_UNBLOCK, &own, nullptr) == -1) err(1, "sigprocmask");

    for (int time = 0; time < 2; ++time) {
        printf("sleepFor returned: %u\n", sleepFor(seconds, force_race));
        if (ferror(stdout) != 0 || fflush(stdout) != 0)
            err(1, "write standard output");
    }
}
