// signal_table - what each signal of the text's table does here, found by
// trying it on a child
//
// Text:  Important Signals
// Run:   build/signals/signal_table
// See:   a line for each signal: number, default action, whether it can be
// caught or ignored
//
// By default a signal is ignored, continues a stopped process, stops a process
// or terminates it. (Some that terminate may also leave a core file; that is
// turned off here.) A child sends itself the signal and then stops itself, and
// its parent watches what becomes of it. What sends these signals when nobody
// calls kill(): causes.

#include <algorithm>
#include <err.h>
#include <initializer_list>
#include <signal.h>
#include <stdio.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct Row {
    const char *name;
    int number;
};
#ifndef SIGEMT
constexpr int SIGEMT = 0;  // this system has no such signal
#endif
constexpr Row rows[] = {
    {"SIGABRT", SIGABRT}, {"SIGALRM", SIGALRM}, {"SIGBUS", SIGBUS},
    {"SIGCHLD", SIGCHLD}, {"SIGCONT", SIGCONT}, {"SIGEMT", SIGEMT},
    {"SIGFPE", SIGFPE},   {"SIGHUP", SIGHUP},   {"SIGILL", SIGILL},
    {"SIGINT", SIGINT},   {"SIGKILL", SIGKILL}, {"SIGPIPE", SIGPIPE},
    {"SIGSEGV", SIGSEGV}, {"SIGSTOP", SIGSTOP},
};

static void let_signals_in() {
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, nullptr) == -1)
        err(2, "child: sigprocmask");
}

static void send_to_myself(int signo) {
    if (kill(getpid(), signo) == -1)
        err(2, "child: kill with signal %d", signo);
}

// A child with the default action for this signal. It sends it to itself, then
// stops itself twice.
static pid_t start_default(int signo) {
    const pid_t parent = getpid(), child = fork();
    if (child == -1) err(1, "fork");
    if (child > 0) return child;
#ifdef __linux__
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) err(2, "child: prctl");
#endif
    if (getppid() != parent)
        _exit(2);  // it was killed: nobody would continue us
    // No core file. The limit is 1 and not 0: Linux hands a core to a program
    // that collects them (core_pattern with a |) even at limit 0, but not at 1.
    rlimit core = {};
    if (getrlimit(RLIMIT_CORE, &core) == -1) err(2, "child: getrlimit");
    core.rlim_cur = std::min<rlim_t>(1, core.rlim_max);
    if (setrlimit(RLIMIT_CORE, &core) == -1) err(2, "child: setrlimit");
    let_signals_in();
    if (signo != SIGKILL && signo != SIGSTOP &&
        signal(signo, SIG_DFL) == SIG_ERR)
        err(2, "child: signal %d", signo);
    for (const int each : {signo, SIGSTOP, SIGSTOP}) send_to_myself(each);
    _exit(0);
}

static const char *default_action(int signo) {
    const pid_t child = start_default(signo);
    for (int stops = 0;; ++stops) {
        int status = 0;
        if (waitpid(child, &status, WUNTRACED) == -1) err(1, "waitpid");
        if (WIFSIGNALED(status) && WTERMSIG(status) == signo)
            return "terminates";
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return stops == 3 ? "stops" : "ignored";
        if (!WIFSTOPPED(status))
            errx(1, "the child for signal %d failed", signo);

        if (stops == 0) {  // does the signal continue it, so that it runs on or
                           // has stopped again?
            if (kill(child, signo) == -1) err(1, "kill");
            // Asked twice: it may stop between the kernel's look for "stopped"
            // and for "continued".
            if (waitpid(child, &status, WCONTINUED | WUNTRACED | WNOHANG) ==
                    child ||
                waitpid(child, &status, WCONTINUED | WUNTRACED | WNOHANG) ==
                    child) {
                if (kill(child, SIGKILL) == -1 ||
                    waitpid(child, &status, 0) == -1)
                    err(1, "end the child");
                return "continues";
            }
        }
        if (kill(child, SIGCONT) == -1) err(1, "kill with SIGCONT");
    }
}

static void on_signal(int) { _exit(0); }

// Tries SIG_IGN, which must let the child live on, then a handler, which must
// run.
static bool can_be_ignored_and_caught(int signo) {
    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) {
        let_signals_in();
        struct sigaction action = {};
        action.sa_handler = SIG_IGN;
        if (sigaction(signo, &action, nullptr) == -1) _exit(1);
        send_to_myself(signo);
        action.sa_handler = on_signal;
        if (sigaction(signo, &action, nullptr) == -1) _exit(1);
        send_to_myself(signo);
        _exit(2);  // it came, and no handler ran
    }
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 2)
        errx(1, "catching signal %d failed", signo);
    return WEXITSTATUS(status) == 0;
}

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: signal_table");
    printf("%-8s  %6s  %-10s  %s\n", "signal", "number", "default",
           "can be caught or ignored");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");  // or each child inherits the buffer
    for (const Row &row : rows) {
        if (row.number == 0) {
            printf("%-8s  %6s  does not exist on this system\n", row.name, "-");
        } else {
            const char *action = default_action(row.number);
            const char *can =
                can_be_ignored_and_caught(row.number) ? "yes" : "no";
            printf("%-8s  %6d  %-10s  %s\n", row.name, row.number, action, can);
        }
        if (ferror(stdout) != 0 || fflush(stdout) != 0)
            err(1, "write standard output");
    }
}
