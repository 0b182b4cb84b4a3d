// reliable_sleep - a sleep with alarm in which no signal can be lost
//
// Text:  Sleep with Alarm, Better Sleep with Longjmp, Signal Timing Problem
//        (what they lead up to)
// Run:   build/signals/reliable_sleep, and press Ctrl-C within 3 seconds
// See:   sleepFor returned: 2, or how many seconds were left
// Run:   build/signals/reliable_sleep -r
// See:   reliable_sleep: the alarm came before sigsuspend(), and is pending
//        sleepFor returned: 0
//
// The signals are blocked before the alarm is set, so one that arrives early
// stays pending. sigsuspend() unblocks them and waits in one atomic step: there
// is no moment at which a signal could be missed. Nothing jumps, so every
// handler runs to its end. The earlier handler, mask and alarm come back
// afterwards.

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool race;  // -r

static void handler(int) {}  // sigsuspend() returns when a handler has run

// With -r: as if another process ran here until the alarm has come.
static void other_work(unsigned numSeconds) {
    if (!race) return;
    sleep(numSeconds + 1);
    warnx("the alarm came before sigsuspend(), and is pending");
}

static unsigned sleepFor(unsigned numSeconds) {
    if (numSeconds == 0) return 0;
    sigset_t awaited, previous;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGALRM);
    sigaddset(&awaited, SIGINT);
    if (sigprocmask(SIG_BLOCK, &awaited, &previous) == -1)
        err(1, "sigprocmask");

    struct sigaction action = {}, earlier_action = {};
    action.sa_handler = handler;
    if (sigaction(SIGALRM, &action, &earlier_action) == -1)
        err(1, "sigaction SIGALRM");
    const unsigned earlier_alarm = alarm(numSeconds);
    other_work(numSeconds);
    sigset_t waiting = previous;
    sigdelset(&waiting, SIGALRM);
    sigsuspend(&waiting);
    const unsigned unslept = alarm(0);

    if (sigprocmask(SIG_SETMASK, &previous, nullptr) == -1)
        err(1, "sigprocmask");
    if (sigaction(SIGALRM, &earlier_action, nullptr) == -1)
        err(1, "sigaction SIGALRM");
    const unsigned slept = numSeconds - unslept;
    if (earlier_alarm > 0)  // late if it fell into the sleep, but not lost
        alarm(earlier_alarm > slept ? earlier_alarm - slept : 1);
    return unslept;
}

int main(int argc, char *argv[]) {
    race = argc == 2 && strcmp(argv[1], "-r") == 0;
    if (argc != (race ? 2 : 1)) errx(2, "usage: reliable_sleep [-r]");
    if (signal(SIGINT, handler) == SIG_ERR) err(1, "signal SIGINT");
    const unsigned unslept = sleepFor(3);
    printf("sleepFor returned: %u\n", unslept);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
