// sleep_alarm - a sleep made of alarm and pause, and the race between them
//
// Text:  Sleep with Alarm (sleep+alarm.c)
// Run:   build/signals/sleep_alarm 2
// See:   sleepFor returned: 0, after 2 seconds
// Run:   build/signals/sleep_alarm -r 1
// See:   the alarm came before pause(); another one, 2 s later, ends it
//
// Between alarm() and pause() another process may run, on a busy machine for
// long enough that SIGALRM has come and gone before pause() waits for it. -r
// makes that happen every time. If another caught signal ends the sleep early,
// sleepFor returns the seconds that are left. reliable_sleep has no such race.

#include <err.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool race;  // -r

static void sig_alrm(int) {}

// With -r: as if another process ran here until the alarm has come and gone.
static void other_work(unsigned numSeconds) {
    if (!race) return;
    sleep(numSeconds + 1);  // the alarm cuts it short
    warnx("the alarm came before pause(); another one, 2 s later, ends it");
    alarm(2);
}

static unsigned sleepFor(unsigned numSeconds) {
    if (numSeconds == 0) return 0;  // alarm(0) sets none: pause for ever
    if (signal(SIGALRM, sig_alrm) == SIG_ERR) err(1, "signal SIGALRM");
    alarm(numSeconds);
    other_work(numSeconds);
    pause();
    return alarm(0);
}

int main(int argc, char *argv[]) {
    race = argc == 3 && strcmp(argv[1], "-r") == 0;
    if (argc != (race ? 3 : 2)) errx(2, "usage: sleep_alarm [-r] SECONDS");
    char *end = nullptr;
    const unsigned long seconds = strtoul(argv[argc - 1], &end, 10);
    if (end == argv[argc - 1] || *end != '\0' || seconds > INT_MAX)
        errx(2, "%s: not a number of seconds", argv[argc - 1]);

    const unsigned unslept = sleepFor(static_cast<unsigned>(seconds));
    printf("sleepFor returned: %u\n", unslept);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
