// reentrancy - a function with static data, spoilt by its use in a handler
//
// Text:  Reentrant Signal Handlers
// Run:   build/signals/reentrancy
// See:   strtok: one blue green
//        strtok_r: one two three
//
// strtok keeps its position in static data, one for the whole process. A
// handler that calls strtok on a string of its own moves that position, and the
// program continues in the handler's string. strtok_r keeps it in a variable
// that its caller passes. With raise() the signal always arrives at the same
// point.

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void use_strtok(int) {
    static char colours[] = "red blue green";  // the program reads on in it
    // NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): wrong on purpose
    strtok(colours, " ");
}

static void use_strtok_r(int) {
    char colours[] = "red blue green", *place = nullptr;
    strtok_r(colours, " ", &place);
}

// Splits a string; between its first word and the others the handler runs.
static void split(const char *called_by_handler, void (*handler)(int)) {
    if (signal(SIGUSR1, handler) == SIG_ERR) err(1, "signal SIGUSR1");
    char words[] = "one two three";
    printf("%s: %s", called_by_handler, strtok(words, " "));
    if (raise(SIGUSR1) != 0) err(1, "raise");
    while (const char *word = strtok(nullptr, " ")) printf(" %s", word);
    printf("\n");
}

int main() {
    split("strtok", use_strtok);
    split("strtok_r", use_strtok_r);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
