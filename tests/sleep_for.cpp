// sleep_for - tests a program's sleepFor() from inside
//
// Run:   c++ -std=c++20 -DPROGRAM='"../signals/sleep_alarm.cpp"'
//            tests/sleep_for.cpp -o sleep_for; ./sleep_for
// See:   a line for each thing that a caller may expect, and what came instead
//        where it failed

#ifndef PROGRAM
#define PROGRAM "../signals/reliable_sleep.cpp"
#endif
#define main program_main
#include PROGRAM  // NOLINT(bugprone-suspicious-include): sleepFor is static
#undef main

#include <time.h>

static void other(int) {}

static void check(bool good, const char *what, unsigned seen) {
    printf("%s %s", good ? "ok" : "FAILED", what);
    printf(good ? "\n" : ", but %u\n", seen);
}

int main() {
    unsigned left = sleepFor(0);
    check(left == 0, "sleepFor(0) returns 0", left);
    left = sleepFor(1);
    check(left == 0, "a whole sleep returns 0", left);

    signal(SIGUSR1, other);
    sigevent event = {};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;
    timer_t timer;
    const itimerspec half = {{0, 0}, {0, 500000000}};
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &half, nullptr);
    left = sleepFor(10);
    check(left == 9 || left == 10, "another signal ends it 9 to 10 s early",
          left);

#ifdef PUTS_BACK
    signal(SIGALRM, other);
    alarm(100);
    sleepFor(1);
    left = alarm(0);
    check(left == 99 || left == 98, "an alarm of 100 s has 99 left", left);
    check(signal(SIGALRM, SIG_DFL) == other, "the handler is back", 0);
    alarm(1);
    sleepFor(2);
    left = alarm(0);
    check(left == 1, "an alarm that fell into the sleep comes after it", left);
#endif
}
