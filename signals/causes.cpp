// causes - what raises a signal when nobody calls kill(), tried in a child each
//
// Text:  Important Signals (the causes in its table)
// Run:   build/signals/causes
// See:   a line for each cause, and the signal that came, by which the child
// was ended
//
// SIGHUP and SIGINT come from a terminal (sighandler), SIGALRM from alarm()
// (sending), and SIGKILL, SIGSTOP and SIGCONT from kill() alone. A division by
// zero raises nothing on some processors (ARM: the result is 0), and no
// floating-point one does by default.

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int zero = 0,
                    result;  // volatile: the compiler must not know the result

static char *map(int protection, int fd) {
    const int flags = fd == -1 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    void *const page = mmap(nullptr, 1, protection, flags, fd, 0);
    if (page == MAP_FAILED) err(2, "mmap");
    return static_cast<char *>(page);
}

static void store_where_nothing_may_be_stored() { *map(PROT_READ, -1) = 1; }

static void store_past_the_end_of_a_mapped_file() {
    FILE *const empty = tmpfile();
    if (empty == nullptr) err(2, "tmpfile");
    *map(PROT_READ | PROT_WRITE, fileno(empty)) = 1;
    if (fclose(empty) == EOF) err(2, "close the temporary file");
}

static void divide_by_zero() { result = div(1, zero).quot; }

static void execute_no_instruction() { __builtin_trap(); }

static void write_without_a_reader() {
    int pipefd[2];
    if (pipe(pipefd) == -1) err(2, "pipe");
    if (close(pipefd[0]) == -1) err(2, "close");
    if (write(pipefd[1], "x", 1) == -1) err(2, "write the pipe");
}

static void end_a_child() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &wanted, nullptr) == -1) err(2, "sigprocmask");
    const pid_t child = fork();
    if (child == -1) err(2, "fork");
    if (child == 0) _exit(0);
    int signo = 0;
    errno = sigwait(&wanted, &signo);
    if (errno != 0) err(2, "sigwait");
    _exit(0);  // ignored by default, it ends nobody
}

struct Cause {
    const char *what;
    int signo;
    const char *name;
    void (*act)();
};
static constexpr Cause causes[] = {
    {"abort()", SIGABRT, "SIGABRT", abort},
    {"the end of a child", SIGCHLD, "SIGCHLD", end_a_child},
    {"a division by zero", SIGFPE, "SIGFPE", divide_by_zero},
    {"an instruction that is none", SIGILL, "SIGILL", execute_no_instruction},
    {"a store into a page to read only", SIGSEGV, "SIGSEGV",
     store_where_nothing_may_be_stored},
    {"a store past a mapped file's end", SIGBUS, "SIGBUS",
     store_past_the_end_of_a_mapped_file},
    {"a write to a pipe without a reader", SIGPIPE, "SIGPIPE",
     write_without_a_reader},
};

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: causes");
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
        err(1, "signal SIGCHLD");  // ignored: no status
    for (const Cause &cause : causes) {
        printf("%-34s ", cause.what);
        // Written now, or the child inherits the buffer.
        if (ferror(stdout) != 0 || fflush(stdout) != 0)
            err(1, "write standard output");
        const pid_t child = fork();
        if (child == -1) err(1, "fork");
        if (child == 0) {
            // No core file, and 1 does more than 0 on Linux: see signal_table.
            const rlimit core = {1, 1};
            if (setrlimit(RLIMIT_CORE, &core) == -1 && errno != EPERM)
                err(2, "setrlimit");
            sigset_t none;
            sigemptyset(&none);
            if (sigprocmask(SIG_SETMASK, &none, nullptr) == -1)
                err(2, "sigprocmask");
            if (signal(cause.signo, SIG_DFL) == SIG_ERR)
                err(2, "signal %s", cause.name);
            cause.act();
            _exit(1);  // nothing came
        }
        int status = 0;
        if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
        if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
            errx(1, "the child for it failed");
        if (WIFSIGNALED(status) && WTERMSIG(status) != cause.signo)
            printf("signal %d\n", WTERMSIG(status));
        else
            printf("%s\n", WIFEXITED(status) && WEXITSTATUS(status) == 1
                               ? "none"
                               : cause.name);
    }
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
