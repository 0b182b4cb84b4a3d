// reentrancy - a function with static data, spoilt by its own use in a signal
// handler
//
// Text:  Reentrant Signal Handlers
// Run:   build/signals/reentrancy
// See:   strtok: one blue green
//        strtok_r: one two three
//
// strtok keeps its place in the string in static data, one for the whole
// process. A handler that uses strtok on a string of its own moves that place,
// and main goes on in the handler's string. strtok_r keeps the place where its
// caller says. raise() makes the signal come at the same point every time. What
// a handler may call is in POSIX's list of async-signal-safe functions; fork()
// was on it until POSIX.1-2024, which has _Fork() instead. And it must leave
// errno as it found it.

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void use_strtok(int) {
    static char colours[] = "red blue green";
    strtok(colours, " ");  // NOLINT(bugprone-signal-handler,cert-sig30-c): the
                           // mistake on show
}

static void use_strtok_r(int) {
    char colours[] = "red blue green";
    char *place = nullptr;
    strtok_r(colours, " ", &place);  // no static data
}

static void handle(void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    if (sigaction(SIGUSR1, &action, nullptr) == -1) err(1, "sigaction SIGUSR1");
    sigset_t own;  // blocked where this was started, it would come too late
    sigemptyset(&own);
    sigaddset(&own, SIGUSR1);
    if (sigprocmask(SIG_UNBLOCK, &own, nullptr) == -1) err(1, "sigprocmask");
}

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: reentrancy");

    handle(use_strtok);
    char words[] = "one two three";
    printf("strtok:");
    for (char *word = strtok(words, " "); word; word = strtok(nullptr, " ")) {
        printf(" %s", word);
        // A signal between the first call and the second.
        if (word == words && raise(SIGUSR1) != 0) err(1, "raise SIGUSR1");
    }

    handle(use_strtok_r);
    char again[] = "one two three", *place = nullptr;
    printf("\nstrtok_r:");
    for (char *word = strtok_r(again, " ", &place); word;
         word = strtok_r(nullptr, " ", &place)) {
        printf(" %s", word);
        if (word == again && raise(SIGUSR1) != 0) err(1, "raise SIGUSR1");
    }
    printf("\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
