// sleep_for - tests a program's sleepFor() from inside
//
// Run:   c++ -std=c++20 -DPROGRAM='"../signals/sleep_alarm.cpp"'
// -D'CALL(n)=sleepFor(n, false)'
//            tests/sleep_for.cpp -o sleep_for; ./sleep_for
// See:   a line for each thing that a caller may expect, and what came instead
// where it failed

#ifndef PROGRAM
#define PROGRAM "../signals/reliable_sleep.cpp"
#define CALL(n) sleepFor(n, false)
#endif
#define main program_main
#include PROGRAM  // NOLINT(bugprone-suspicious-include): sleepFor is static, a program's own
#undef main

#include <time.h>

static volatile sig_atomic_t own_alarms, others;
static void own_alarm(int) { own_alarms = own_alarms + 1; }
static void other(int) { others = others + 1; }

static void check(bool good, const char *what, unsigned seen) {
    printf("%s %s", good ? "ok" : "FAILED", what);
    printf(good ? "\n" : ", but %u\n", seen);
}

int main() {
    struct sigaction action = {}, now = {};
    action.sa_handler = other;
    if (sigaction(SIGUSR1, &action, nullptr) == -1) err(1, "sigaction");
    action.sa_handler = own_alarm;
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction");

    check(CALL(0) == 0, "sleepFor(0) returns 0", 0);

    alarm(100);
    const unsigned unslept = CALL(1);
    const unsigned left = alarm(0);
    check(unslept == 0, "a whole sleep leaves 0 seconds", unslept);
    check(left == 99 || left == 98,
          "an earlier alarm of 100 s has 99 left after 1 s", left);
    if (sigaction(SIGALRM, nullptr, &now) == -1) err(1, "sigaction");
    check(now.sa_handler == own_alarm, "the earlier handler is back", 0);
    check(own_alarms == 0, "the earlier handler has not run",
          static_cast<unsigned>(own_alarms));

    alarm(1);
    CALL(2);
    for (int tenth = 0; tenth < 50 && own_alarms == 0; ++tenth) {
        const timespec pause = {0, 100000000};
        nanosleep(&pause, nullptr);
    }
    check(own_alarms == 1,
          "an alarm that falls into the sleep comes late, but comes",
          static_cast<unsigned>(own_alarms));

    timer_t timer;
    sigevent event = {};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;
    const itimerspec half = {{0, 0}, {0, 500000000}};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) == -1)
        err(1, "timer_create");
    if (timer_settime(timer, 0, &half, nullptr) == -1) err(1, "timer_settime");
    const unsigned cut = CALL(10);
    check(others == 1 && (cut == 9 || cut == 10),
          "another signal cuts it short by 9 to 10 s", cut);
}
