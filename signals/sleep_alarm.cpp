// sleep_alarm - a sleep made of alarm and pause, and the race in it
//
// Text:  Sleep with Alarm (sleep+alarm.c)
// Run:   build/signals/sleep_alarm 2
// See:   sleepFor returned: 0, after 2 seconds
// Run:   build/signals/sleep_alarm -r 1
// See:   the alarm came before pause(), which only another one, 2 s later, has
// ended
//
// sleepFor returns the seconds it did not sleep, should another handled signal
// end it early (it handles none; in reliable_sleep one does). Between alarm()
// and pause() any time may pass, on a busy machine even all of it: then SIGALRM
// has come and gone before pause() waits for it. -r makes that happen every
// time. reliable_sleep has the cure. An alarm that was set before is set again
// afterwards: late, if it fell into the sleep, but not lost.

#include <charconv>
#include <err.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t alarms, rescue;

static void sig_alarm(int) {
    alarms = alarms + 1;
    if (rescue == 1)
        alarm(2);  // of -r: it ends the pause that nothing else would end
}

static unsigned sleepFor(unsigned numSeconds, bool force_race) {
    if (numSeconds == 0)
        return 0;  // alarm(0) would set no alarm, and pause() wait for ever

    const unsigned earlier_alarm =
        alarm(0);  // before it could be taken for ours
    alarms = 0;
    rescue = force_race ? 1 : 0;
    struct sigaction action = {}, earlier_action = {};
    action.sa_handler = sig_alarm;
    if (sigaction(SIGALRM, &action, &earlier_action) == -1)
        err(1, "sigaction SIGALRM");
    alarm(numSeconds);

    if (force_race) {
        while (alarms ==
               0) {  // the machine is busy elsewhere until the alarm has come
        }
    }
    pause();
    if (force_race) {
        rescue = 0;
        alarm(0);
        printf("the alarm came before pause(), which only another one, 2 s "
               "later, has ended\n");
    }
    const unsigned unslept = alarm(0);
    if (sigaction(SIGALRM, &earlier_action, nullptr) == -1)
        err(1, "sigaction SIGALRM");
    const unsigned slept = numSeconds - unslept;
    if (earlier_alarm > 0)
        alarm(earlier_alarm > slept ? earlier_alarm - slept : 1);
    return unslept;
}

int main(int argc, char *argv[]) {
    const bool force_race = argc == 3 && strcmp(argv[1], "-r") == 0;
    if (argc != 2 && !force_race) errx(2, "usage: sleep_alarm [-r] SECONDS");
    unsigned seconds = 0;
    const char *const text = argv[argc - 1], *const end = text + strlen(text);
    const auto [rest, error] = std::from_chars(text, end, seconds);
    if (error != std::errc{} || rest != end || seconds > INT_MAX)
        errx(2, "%s: not a number of seconds from 0 to %d", text, INT_MAX);

    sigset_t own;  // blocked where this was started, it would never come
    sigemptyset(&own);
    sigaddset(&own, SIGALRM);
    if (sigprocmask(SIG_UNBLOCK, &own, nullptr) == -1) err(1, "sigprocmask");

    printf("sleepFor returned: %u\n", sleepFor(seconds, force_race));
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
