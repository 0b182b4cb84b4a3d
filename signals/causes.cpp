// causes - what raises a signal when nobody calls kill(), each tried in a child
//
// Text:  Important Signals (the causes in its table)
// Run:   build/signals/causes
// See:   a line for each cause, with its signal
//
// SIGHUP and SIGINT come from a terminal (sighandler), SIGALRM comes from
// alarm() (sending); SIGKILL, SIGSTOP and SIGCONT have no such cause. On 64-bit
// ARM a division by zero raises nothing, and the invalid instruction is a
// SIGTRAP.

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

static volatile int zero = 0;  // volatile: the compiler must not divide by it

// Stores into a mapping of an empty file, which has no page to store into.
static void store(int protection) {
    static FILE *const empty = tmpfile();
    if (empty == nullptr) err(1, "tmpfile");
    void *map = mmap(nullptr, 1, protection, MAP_SHARED, fileno(empty), 0);
    if (map == MAP_FAILED) err(1, "mmap");
    *static_cast<char *>(map) = 1;
}

static void write_alone() {
    int pipefd[2];
    if (pipe(pipefd) == -1 || close(pipefd[0]) == -1) err(1, "pipe");
    if (write(pipefd[1], "x", 1) == -1) err(1, "write the pipe");
}

static void end_a_child() {
    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) _exit(0);
    pause();
}

constexpr std::pair<const char *, void (*)()> causes[] = {
    {"SIGABRT: abort()", abort},
    {"SIGCHLD: the end of a child", end_a_child},
    {"SIGFPE: a division by zero", [] { zero = div(1, zero).quot; }},
    {"SIGILL: an invalid instruction", [] { __builtin_trap(); }},
    {"SIGSEGV: a store into read-only memory", [] { store(PROT_READ); }},
    {"SIGBUS: a store past a mapped file's end", [] { store(PROT_WRITE); }},
    {"SIGPIPE: a write to a pipe without a reader", write_alone},
};

// The child's exit status tells which signal came.
static void handler(int signo) { _exit(signo); }

int main() {
    for (const auto &[what, act] : causes) {
        const pid_t child = fork();
        if (child == -1) err(1, "fork");
        if (child == 0) {
            // Every signal that can be caught.
            for (int signo = 1; signo < NSIG; ++signo) signal(signo, handler);
            act();
            _exit(0);
        }
        int status = 0;
        if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
        const int signo = WEXITSTATUS(status);
        if (signo == 1) errx(1, "%s: failed", what);
        printf("%-44s %s\n", what, signo == 0 ? "none" : strsignal(signo));
    }
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
