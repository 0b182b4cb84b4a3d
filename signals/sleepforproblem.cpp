// sleepforproblem - SIGALRM comes while another handler runs, and the jump
// abandons that handler
//
// Text:  Signal Timing Problem (sleepforproblem.c)
// Run:   build/signals/sleepforproblem, and press Ctrl-C within 3 seconds (or
// SECONDS, an argument) See:   sig_int enter
//        sleepFor returned: 0
//        sig_int was abandoned: the alarm's handler jumped out of it
//
// The handler for SIGINT computes for longer than the sleep lasts. SIGALRM
// interrupts it, and the siglongjmp of its handler leads straight back into
// sleepFor: the rest of sig_int, `sig_int done` with it, never runs. Whatever
// it had half changed would stay so. A handler should store a flag, at most
// write a byte, and return.

#include <charconv>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static sigjmp_buf before_wait;
static volatile sig_atomic_t entered, done, write_error, seconds = 3;

static void say(const char *text) {
    if (write(STDOUT_FILENO, text, strlen(text)) == -1) write_error = errno;
}

static void sig_int(int) {
    const int saved = errno;
    entered = 1;
    say("sig_int enter\n");
    timespec now = {}, start = {};
    clock_gettime(CLOCK_MONOTONIC, &start);  // async-signal-safe, like write
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - start.tv_sec <= seconds);  // the long computation
    say("sig_int done\n");
    done = 1;
    errno = saved;
}

// NOLINTNEXTLINE(cert-err52-cpp): the jump is the problem that the text shows
static void sig_alarm(int) { siglongjmp(before_wait, 1); }

static void handle(int signo, void (*handler)(int), bool once) {
    struct sigaction action = {};
    action.sa_handler = handler;
    if (once) action.sa_flags |= static_cast<int>(SA_RESETHAND);
    if (sigaction(signo, &action, nullptr) == -1) err(1, "sigaction %d", signo);
}

static unsigned sleepFor(unsigned numSeconds) {
    if (sigsetjmp(before_wait, 1) ==
        0) {  // NOLINT(cert-err52-cpp): see sig_alarm
        handle(SIGALRM, sig_alarm, false);
        alarm(numSeconds);
        handle(SIGINT, sig_int,
               true);  // only now, so that it meets the alarm; and once
        say("press Ctrl-C before the sleep ends; a second one ends the "
            "program\n");
        pause();
    }
    const unsigned unslept = alarm(0);
    handle(SIGALRM, SIG_DFL, false);
    return unslept;
}

int main(int argc, char *argv[]) {
    if (argc > 2) errx(2, "usage: sleepforproblem [SECONDS]");
    if (argc == 2) {
        int number = 0;
        const char *const text = argv[1], *const end = text + strlen(text);
        const auto [rest, error] = std::from_chars(text, end, number);
        if (error != std::errc{} || rest != end || number < 1 || number > 60)
            errx(2, "%s: not a number of seconds from 1 to 60", text);
        seconds = number;
    }

    const unsigned unslept = sleepFor(static_cast<unsigned>(seconds));

    if (write_error != 0) {
        errno = write_error;
        err(1, "write standard output");
    }
    printf("sleepFor returned: %u\n", unslept);
    if (entered == 0)
        printf("no Ctrl-C came\n");
    else if (done == 0)
        printf("sig_int was abandoned: the alarm's handler jumped out of it\n");
    else
        printf("sig_int was done before the alarm came\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
