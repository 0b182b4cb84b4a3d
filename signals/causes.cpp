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
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int zero = 0;  // volatile: the compiler must not divide by it

static char *map(int protection, int flags, int fd) {
    void *const page = mmap(nullptr, 1, protection, flags, fd, 0);
    if (page == MAP_FAILED) err(1, "mmap");
    return static_cast<char *>(page);
}

static void store_read_only() {
    *map(PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1) = 1;
}

static void store_behind_the_end() {
    FILE *const empty = tmpfile();
    if (empty == nullptr) err(1, "tmpfile");
    *map(PROT_WRITE, MAP_SHARED, fileno(empty)) = 1;
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

struct Cause {
    const char *what, *name;
    int signo;
    void (*act)();
};
static const Cause causes[] = {
    {"abort()", "SIGABRT", SIGABRT, abort},
    {"the end of a child", "SIGCHLD", SIGCHLD, end_a_child},
    {"a division by zero", "SIGFPE", SIGFPE, [] { zero = div(1, zero).quot; }},
    {"an invalid instruction", "SIGILL", SIGILL, [] { __builtin_trap(); }},
    {"a store into read-only memory", "SIGSEGV", SIGSEGV, store_read_only},
    {"a store past a mapped file's end", "SIGBUS", SIGBUS,
     store_behind_the_end},
    {"a write to a pipe without a reader", "SIGPIPE", SIGPIPE, write_alone},
};

// The child's exit status tells which signal came.
static void handler(int signo) { _exit(signo); }

int main() {
    for (const Cause &cause : causes) {
        const pid_t child = fork();
        if (child == -1) err(1, "fork");
        if (child == 0) {
            for (const Cause &each : causes)
                if (signal(each.signo, handler) == SIG_ERR) err(1, "signal");
            cause.act();
            _exit(0);
        }
        int status = 0;
        if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
        if (WEXITSTATUS(status) == 1) errx(1, "%s: failed", cause.what);
        const bool came = WEXITSTATUS(status) == cause.signo;
        printf("%-35s %s\n", cause.what,
               came ? cause.name : "another, or none");
    }
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
