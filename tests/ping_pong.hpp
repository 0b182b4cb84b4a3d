// ping_pong.hpp - the experiment that every ping_pong program makes, each with
// its own mechanism
//
// Text:  IPC Performance Hierarchy
//
// Parent and child send each other a message in turn. A program makes its
// channel, calls start_partner, and gives run() two functions: one sends a
// message through the channel, the other receives one. Every message is
// compared with what it must be. The first round trips are not timed.

#pragma once

#include <algorithm>
#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <span>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vector>
#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#endif

namespace ping_pong {

struct Options {
    long round_trips;  // or messages, one way; 1 to 100000000
    size_t bytes;      // of a message, 1 to 65536
    bool one_way;      // -t: throughput, a stream to the partner
    bool datagrams;    // -d
};

// Reads a whole decimal number from low to high; anything else ends the program
// with status 2.
inline long number(const char *text, long low, long high) {
    long value = 0;
    const char *const end = text + strlen(text);
    const auto [rest, error] = std::from_chars(text, end, value);
    if (error != std::errc{} || rest != end || value < low || value > high)
        errx(2, "%s: not a number from %ld to %ld", text, low, high);
    return value;
}

// Reads the arguments [-t] [-d] [ROUND_TRIPS [BYTES]]; letters says which
// options there are, bytes is the default for BYTES, and the most. Wrong ones
// end the program with status 2, a standard output that is closed with 1. And
// sets signals up: SIGPIPE and SIGXFSZ are errors of a write, and SIGCHLD comes
// in, even if it was blocked at the start.
inline Options options(int argc, char *argv[], const std::string &letters = "",
                       size_t bytes = 64, long most = 65536) {
    Options options = {100000, bytes, false, false};
    int next = 1;
    for (; next < argc && argv[next][0] == '-' && strlen(argv[next]) == 2;
         ++next) {
        if (letters.find(argv[next][1]) == letters.npos) break;
        (argv[next][1] == 't' ? options.one_way : options.datagrams) = true;
    }
    std::string usage = "usage: ping_pong ";
    for (const char letter : letters)
        usage += std::string("[-") + letter + "] ";
    if (argc - next > 2) errx(2, "%s[ROUND_TRIPS [BYTES]]", usage.c_str());
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1)
        err(1, "standard output");  // not for the channel
    if (options.one_way)
        options.bytes = std::min(options.bytes * 64, static_cast<size_t>(most));
    if (next < argc) options.round_trips = number(argv[next++], 1, 100000000);
    if (next < argc)
        options.bytes = static_cast<size_t>(number(argv[next], 1, most));
    for (const int signo : {SIGPIPE, SIGXFSZ})
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    if (sigprocmask(SIG_UNBLOCK, &ends, nullptr) == -1) err(1, "sigprocmask");
    return options;
}

// Binds the process to one of the processors that it may use: parent and
// partner to another one each if there are two or more. Left to the scheduler,
// some runs would have both on one processor, others on two, and that decides
// the time more than the mechanism does. Nothing where that cannot be said.
inline void take_processor(bool parent) {
#ifdef __linux__
    cpu_set_t allowed, own;
    CPU_ZERO(&own);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == -1)
        err(1, "sched_getaffinity");
    size_t cpu = 0;
    for (int skip = parent || CPU_COUNT(&allowed) < 2 ? 0 : 1;
         !CPU_ISSET(cpu, &allowed) || skip-- > 0;)
        ++cpu;
    CPU_SET(cpu, &own);
    if (sched_setaffinity(0, sizeof own, &own) == -1)
        err(1, "sched_setaffinity");
#else
    (void)parent;
#endif
}

inline volatile sig_atomic_t partner;  // in the parent: the partner's pid

// SIGCHLD: a partner that ended well has had all its messages. Any other end
// would leave the parent waiting for ever, so it ends here.
inline void on_partner_end(int) {
    const int saved = errno;
    siginfo_t how = {};
    if (waitid(P_PID, static_cast<id_t>(partner), &how,
               WEXITED | WNOHANG | WNOWAIT) == 0 &&
        how.si_pid != 0 && (how.si_code != CLD_EXITED || how.si_status != 0)) {
        const char text[] = "ping_pong: the partner has failed\n";
        if (write(STDERR_FILENO, text, sizeof text - 1) == -1) _exit(1);
        _exit(1);
    }
    errno = saved;
}

// Forks the partner. Returns its pid to the parent and 0 to the partner, which
// is killed where its parent ends before it (on Linux; elsewhere it notices at
// its next message, if the mechanism lets it). Ends the program where fork
// fails.
inline pid_t start_partner() {
    struct sigaction action = {};
    action.sa_handler = on_partner_end;
    action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    if (sigaction(SIGCHLD, &action, nullptr) == -1) err(1, "sigaction SIGCHLD");
    sigset_t ends,
        before;  // held back, so that the handler finds the partner's pid
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &ends, &before) == -1) err(1, "sigprocmask");
    const pid_t parent = getpid(), child = fork();
    if (child == -1) err(1, "fork");
#ifdef __linux__
    if (child == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) err(1, "prctl");
#endif
    if (child == 0 && getppid() != parent) _exit(1);
    take_processor(child != 0);
    partner = child;
    if (sigprocmask(SIG_SETMASK, &before, nullptr) == -1) err(1, "sigprocmask");
    return child;
}

// Context switches so far of this process (RUSAGE_SELF) or its ended children
// (RUSAGE_CHILDREN).
inline double context_switches(int whose) {
    rusage usage = {};
    if (getrusage(whose, &usage) == -1) err(1, "getrusage");
    return static_cast<double>(usage.ru_nvcsw + usage.ru_nivcsw);
}

// Seconds since some moment.
inline double now() {
    timespec time = {};
    if (clock_gettime(CLOCK_MONOTONIC, &time) == -1) err(1, "clock_gettime");
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_nsec) * 1e-9;
}

// What is sent: round trip number i is the message ping(i) there, and pong(i)
// back. Each is a piece of one pattern, from another place on: a wrong byte, a
// shifted one and an old message all differ.
struct Messages {
    std::vector<char> pattern;
    explicit Messages(size_t bytes) : pattern(bytes + 251) {
        for (size_t i = 0; i < pattern.size(); ++i)
            pattern[i] = static_cast<char>(i % 251);
    }
    char *ping(long i) { return pattern.data() + 2 * i % 251; }
    char *pong(long i) { return pattern.data() + (2 * i + 1) % 251; }
};

// The round trips before those that are timed.
inline long warm_up(Options options) {
    return std::min(options.round_trips, 1000L);
}

// The parent's last part: waits for the partner's end, and prints the line,
// with what was measured, and the time in seconds. Returns main's status.
inline int finish(const char *mechanism, Options options, pid_t child,
                  double switches_before, double time) {
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (status != 0)
        errx(1, "the partner failed: wait status 0x%x",
             static_cast<unsigned>(status));
    const double switches = context_switches(RUSAGE_SELF) +
                            context_switches(RUSAGE_CHILDREN) - switches_before;
    const auto count = static_cast<double>(options.round_trips);
    if (options.one_way)
        printf(
            "%s: %ld messages of %zu bytes one way, %.0f MB/s, %.0f messages/s",
            mechanism, options.round_trips, options.bytes,
            count * static_cast<double>(options.bytes) / time / 1e6,
            count / time);
    else
        printf("%s: %ld round trips of %zu bytes, %.2f us each", mechanism,
               options.round_trips, options.bytes, time * 1e6 / count);
    printf(", %.1f context switches each\n",
           switches / (count + static_cast<double>(warm_up(options))));
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    return 0;
}

// Makes the round trips, or sends one way, in the parent and in its partner
// (child == 0). send(span) sends the whole message, receive(span) fills it;
// both end the program on an error. Every message is compared with what it must
// be. One way, a single byte comes back when all has been received. Blocks
// until that is done and the partner has ended; prints the result line on
// standard output. Returns main's status.
template <class Send, class Receive>
int run(const char *mechanism, Options options, pid_t child, Send send,
        Receive receive) {
    Messages messages(options.bytes);
    std::vector<char> buffer(options.bytes);
    const std::span message(buffer);
    const long all = warm_up(options) + options.round_trips;
    // Children's usage outlives exec: some may be of children that the shell
    // has waited for.
    const double switches_before =
        context_switches(RUSAGE_SELF) + context_switches(RUSAGE_CHILDREN);
    double start = now();
    for (long i = 0; i < all; ++i) {
        if (i == warm_up(options)) start = now();
        if (child != 0) send(std::span(messages.ping(i), options.bytes));
        if (child != 0 && options.one_way) continue;
        receive(message);
        const char *const expected =
            child != 0 ? messages.pong(i) : messages.ping(i);
        if (memcmp(message.data(), expected, message.size()) != 0)
            errx(1, "%s %ld: the message received is not the one sent",
                 options.one_way ? "message" : "round trip", i);
        if (child == 0 && !options.one_way)
            send(std::span(messages.pong(i), options.bytes));
    }
    const std::span last = message.first(1);
    if (options.one_way && child == 0) send(std::span(last));
    if (options.one_way && child != 0) receive(last);
    if (child == 0) _exit(0);
    return finish(mechanism, options, child, switches_before, now() - start);
}

}  // namespace ping_pong
