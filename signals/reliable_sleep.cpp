// reliable_sleep - a sleep with alarm in which no wake-up can be lost
//
// Text:  Sleep with Alarm, Better Sleep with Longjmp, Signal Timing Problem:
// what they lead up to Run:   build/signals/reliable_sleep 5, and press Ctrl-C
// or not See:   sleepFor returned: 0, after 5 s; or, at once at Ctrl-C, the
// seconds that were left Run:   build/signals/reliable_sleep -r 1 See:   the
// alarm came before sigsuspend(), which did not wait
//
// The signals are blocked before the alarm is set: one that comes early stays
// pending. sigsuspend lets them in and waits, as one atomic call, so there is
// no moment at which a signal could be missed; and there is no jump, so every
// handler runs to its end.

#include <charconv>
#include <err.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void on_signal(int) {}  // that it runs is what makes sigsuspend return

static unsigned sleepFor(unsigned numSeconds, bool force_race) {
    if (numSeconds == 0) return 0;

    const unsigned earlier_alarm =
        alarm(0);  // before it could be taken for ours
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGALRM);
    sigaddset(&ends, SIGINT);
    if (sigprocmask(SIG_BLOCK, &ends, &before) == -1) err(1, "sigprocmask");

    struct sigaction action = {}, earlier_alarm_action = {},
                     earlier_int_action = {};
    action.sa_handler = on_signal;
    if (sigaction(SIGALRM, &action, &earlier_alarm_action) == -1)
        err(1, "sigaction SIGALRM");
    if (sigaction(SIGINT, &action, &earlier_int_action) == -1)
        err(1, "sigaction SIGINT");
    alarm(numSeconds);

    for (sigset_t pending; force_race;) {  // the machine is busy elsewhere
                                           // until the alarm has come
        if (sigpending(&pending) == -1) err(1, "sigpending");
        if (sigismember(&pending, SIGALRM) == 1) break;
    }
    sigset_t while_waiting = before;
    sigdelset(&while_waiting, SIGALRM);
    sigdelset(&while_waiting, SIGINT);
    sigsuspend(&while_waiting);
    if (force_race)
        printf("the alarm came before sigsuspend(), which did not wait\n");

    const unsigned unslept = alarm(0);
    // The mask first: should both signals have come, the second is still
    // pending, and ours to handle.
    if (sigprocmask(SIG_SETMASK, &before, nullptr) == -1) err(1, "sigprocmask");
    if (sigaction(SIGALRM, &earlier_alarm_action, nullptr) == -1)
        err(1, "sigaction SIGALRM");
    if (sigaction(SIGINT, &earlier_int_action, nullptr) == -1)
        err(1, "sigaction SIGINT");
    const unsigned slept = numSeconds - unslept;
    if (earlier_alarm > 0)
        alarm(earlier_alarm > slept ? earlier_alarm - slept : 1);
    return unslept;
}

int main(int argc, char *argv[]) {
    const bool force_race = argc == 3 && strcmp(argv[1], "-r") == 0;
    if (argc != 2 && !force_race) errx(2, "usage: reliable_sleep [-r] SECONDS");
    unsigned seconds = 0;
    const char *const text = argv[argc - 1], *const end = text + strlen(text);
    const auto [rest, error] = std::from_chars(text, end, seconds);
    if (error != std::errc{} || rest != end || seconds > INT_MAX)
        errx(2, "%s: not a number of seconds from 0 to %d", text, INT_MAX);

    printf("sleepFor returned: %u\n", sleepFor(seconds, force_race));
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
