// signal_table - what each signal of the text's table does, found by experiment
//
// Text:  Important Signals
// Run:   build/signals/signal_table
// See:   the number and the default action of each signal, and whether a
//        program can catch or ignore it
//
// A child sends itself the signal, and then stops itself. If it gets that far,
// the signal's default action is either to be ignored or to continue a stopped
// process. See causes.cpp for what raises these signals.

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#ifndef SIGEMT
constexpr int SIGEMT = 0;  // this system has no such signal
#endif
constexpr std::pair<const char *, int> signals[] = {
    {"SIGABRT", SIGABRT}, {"SIGALRM", SIGALRM}, {"SIGBUS", SIGBUS},
    {"SIGCHLD", SIGCHLD}, {"SIGCONT", SIGCONT}, {"SIGEMT", SIGEMT},
    {"SIGFPE", SIGFPE},   {"SIGHUP", SIGHUP},   {"SIGILL", SIGILL},
    {"SIGINT", SIGINT},   {"SIGKILL", SIGKILL}, {"SIGPIPE", SIGPIPE},
    {"SIGSEGV", SIGSEGV}, {"SIGSTOP", SIGSTOP},
};

static const char *default_action(int signo) {
    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) {
        signal(signo, SIG_DFL);  // fails for SIGKILL and SIGSTOP
        if (raise(signo) == 0 && raise(SIGSTOP) == 0) pause();
        _exit(1);  // only if raise() failed: pause() ends with the child
    }
    int status = 0;
    if (waitpid(child, &status, WUNTRACED) == -1) err(1, "waitpid");
    if (WIFEXITED(status)) errx(1, "signal %d could not be raised", signo);
    if (WIFSIGNALED(status)) return "terminates";
    const char *action = WSTOPSIG(status) == signo ? "stops" : "ignored";
    if (kill(child, signo) == -1) err(1, "kill %d", signo);  // continues it?
    if (waitpid(child, nullptr, WCONTINUED | WNOHANG) == child)
        action = "continues";
    if (kill(child, SIGKILL) == -1) err(1, "kill the child");
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    return action;
}

// Asks for the disposition that the signal has already.
static bool can_be_caught(int signo) {
    struct sigaction action = {};
    if (sigaction(signo, nullptr, &action) == -1) err(1, "sigaction %d", signo);
    return sigaction(signo, &action, nullptr) == 0;  // else EINVAL
}

int main() {
    const rlimit core = {1, 1};  // 1: no core file, nor a dump through a pipe
    if (setrlimit(RLIMIT_CORE, &core) == -1 && errno != EPERM)  // it may be 0
        err(1, "setrlimit");
    printf("%-8s  %6s  %-10s  can be caught or ignored\n", "signal", "number",
           "default");
    for (const auto &[name, signo] : signals)
        if (signo == 0)
            printf("%-8s  does not exist on this system\n", name);
        else
            printf("%-8s  %6d  %-10s  %s\n", name, signo, default_action(signo),
                   can_be_caught(signo) ? "yes" : "no");
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
