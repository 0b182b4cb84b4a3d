// sleep_alarm - a sleep made of alarm and pause, and the race between them
//
// Text:  Sleep with Alarm (sleep+alarm.c)
// Run:   build/signals/sleep_alarm
// See:   sleepFor returned: 0, after 2 seconds
// Run:   build/signals/sleep_alarm -r
// See:   the alarm came before pause(); another one, 2 s later, ends it
//
// Between alarm() and pause() another process may run, on a busy machine for
// long enough that SIGALRM has come and gone before pause() waits for it. -r
// makes that happen every time. If another caught signal ends the sleep early,
// sleepFor returns the seconds that are left. reliable_sleep has no such race.

#include <err.h>
#include <signal.h>
#include <stdio.h>
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
    if (numSeconds == 0) return 0;  // alarm(0) sets no alarm
    if (signal(SIGALRM, sig_alrm) == SIG_ERR) err(1, "signal SIGALRM");
    alarm(numSeconds);
    other_work(numSeconds);
    pause();
    return alarm(0);
}

int main(int argc, char *argv[]) {
    race = argc == 2 && strcmp(argv[1], "-r") == 0;
    if (argc != (race ? 2 : 1)) errx(2, "usage: sleep_alarm [-r]");
    const unsigned unslept = sleepFor(2);
    printf("sleepFor returned: %u\n", unslept);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
