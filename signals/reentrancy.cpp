// reentrancy - a function with static data, spoilt by its use in a handler
//
// Text:  Reentrant Signal Handlers
// Run:   build/signals/reentrancy
// See:   strtok: one blue green
//        strtok_r: one two three
//
// strtok keeps its position in static data, one for the whole process. A
// handler that calls strtok on a string of its own moves that position, and
// main continues in the handler's string. strtok_r keeps it in a variable that
// its caller passes. With raise() the signal arrives at the same point.

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void use_strtok(int) {
    static char colours[] = "red blue green";  // main reads on in it
    // NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): wrong on purpose
    strtok(colours, " ");
}

static void use_strtok_r(int) {
    char colours[] = "red blue green", *place = nullptr;
    strtok_r(colours, " ", &place);
}

int main() {
    if (signal(SIGUSR1, use_strtok) == SIG_ERR) err(1, "signal SIGUSR1");
    char words[] = "one two three";
    printf("strtok: %s", strtok(words, " "));
    if (raise(SIGUSR1) != 0) err(1, "raise");
    while (const char *word = strtok(nullptr, " ")) printf(" %s", word);

    if (signal(SIGUSR1, use_strtok_r) == SIG_ERR) err(1, "signal SIGUSR1");
    char again[] = "one two three", *place = nullptr;
    printf("\nstrtok_r: %s", strtok_r(again, " ", &place));
    if (raise(SIGUSR1) != 0) err(1, "raise");
    while (const char *word = strtok_r(nullptr, " ", &place))
        printf(" %s", word);
    printf("\n");
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
