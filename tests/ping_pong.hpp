// ping_pong.hpp - the experiment that every ping_pong program makes, each with
// its own mechanism
//
// Text:  IPC Performance Hierarchy
//
// Two processes send each other a message in turn. A program makes its channel,
// calls start_partner(), and gives run() two functions, one that sends a
// message and one that receives one. Every message is compared with what it
// must be. The first messages are not timed.

#pragma once

#include <algorithm>
#include <chrono>
#include <err.h>
#include <signal.h>
#include <span>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>
#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#endif

namespace ping_pong {

struct Options {
    long messages = 100000;  // or round trips
    size_t bytes;            // of each message
    bool one_way = false;    // -t: a stream to the partner
    bool datagrams = false;  // -d
};

// Reads [-t] [-d] [MESSAGES [BYTES]]; letters says which options there are.
inline Options options(int argc, char *argv[], const char *letters = "",
                       size_t bytes = 64) {
    Options result = {.bytes = bytes};
    for (int letter = 0; (letter = getopt(argc, argv, letters)) != -1;) {
        if (letter == '?') exit(2);
        (letter == 't' ? result.one_way : result.datagrams) = true;
    }
    if (optind < argc) result.messages = strtol(argv[optind++], nullptr, 10);
    if (optind < argc) result.bytes = strtoul(argv[optind++], nullptr, 10);
    if (optind < argc || result.messages < 1 || result.bytes - 1 > 65535)
        errx(2, "usage: ping_pong [-%s] [MESSAGES [BYTES]]", letters);
    return result;
}

// Where the partner has failed, the parent would wait for ever.
inline void on_partner_end(int) {
    int status = 0;
    if (waitpid(-1, &status, WNOHANG) <= 0 || status == 0) return;
    const char text[] = "ping_pong: the partner has failed\n";
    _exit(write(STDERR_FILENO, text, sizeof text - 1) == -1 ? 2 : 1);
}

// Forks the partner, and returns as fork() does. Parent and partner get a
// processor each, the first and the last that they may use: left to the
// scheduler, their placement would decide more than the mechanism does.
inline pid_t start_partner() {
    if (signal(SIGCHLD, on_partner_end) == SIG_ERR) err(1, "signal SIGCHLD");
    const pid_t parent = getpid(), child = fork();
    if (child == -1) err(1, "fork");
#ifdef __linux__
    if (child == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) err(1, "prctl");
    if (child == 0 && getppid() != parent) _exit(1);  // it died before that
    cpu_set_t allowed, own;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == -1) return child;
    int left = child != 0 ? 1 : CPU_COUNT(&allowed);
    for (size_t cpu = 0; left > 0; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) --left;
        CPU_ZERO(&own);
        CPU_SET(cpu, &own);
    }
    sched_setaffinity(0, sizeof own, &own);  // a wish: it may be refused
#endif
    return child;
}

// Of this process (RUSAGE_SELF) or its children that have ended.
inline double switches(int who) {
    rusage usage = {};
    getrusage(who, &usage);
    return double(usage.ru_nvcsw + usage.ru_nivcsw);
}

// Makes the experiment in the parent and in its partner (child == 0), prints
// the result, and returns main's status. One way, a last message comes back
// when the partner has received all the others.
template <class Send, class Receive>
int run(const char *mechanism, const Options &options, pid_t child, Send send,
        Receive receive) {
    const bool parent = child != 0, one_way = options.one_way;
    const long warm_up = std::min(options.messages, 1000L);
    const long all = warm_up + options.messages;
    // Each message is a piece of one pattern, from another place on.
    std::vector<char> pattern(options.bytes + 251), buffer(options.bytes);
    for (size_t i = 0; i < pattern.size(); ++i)
        pattern[i] = static_cast<char>(1 + i % 250);
    const auto text = [&](long i, bool back) {
        return pattern.data() + (2 * i + back) % 251;
    };
    using Clock = std::chrono::steady_clock;
    Clock::time_point start;
    for (long i = 0; i < all; ++i) {
        if (i == warm_up) start = Clock::now();
        if (parent) send(std::span(text(i, false), options.bytes));
        if (!parent || !one_way) {
            receive(std::span(buffer));
            if (memcmp(buffer.data(), text(i, parent), options.bytes) != 0)
                errx(1, "message %ld is not the one that was sent", i);
        }
        if (!parent && !one_way) send(std::span(text(i, true), options.bytes));
    }
    if (one_way && !parent) send(std::span(buffer));
    if (one_way && parent) receive(std::span(buffer));
    if (!parent) _exit(0);

    const std::chrono::duration<double> time = Clock::now() - start;
    while (wait(nullptr) != -1) {
    }
    printf("%s: %ld %s of %zu bytes, %.2f us each", mechanism, options.messages,
           one_way ? "messages one way" : "round trips", options.bytes,
           time.count() * 1e6 / double(options.messages));
    if (one_way)
        printf(", %.0f MB/s", double(options.messages) * double(options.bytes) /
                                  time.count() / 1e6);
    printf(", %.1f context switches each\n",
           (switches(RUSAGE_SELF) + switches(RUSAGE_CHILDREN)) / double(all));
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
    return 0;
}

// The same for two descriptors, of which one may take or give only a piece.
inline int run(const char *mechanism, const Options &options, pid_t child,
               int input, int output) {
    const auto send = [=](std::span<const char> message) {
        while (!message.empty()) {
            const ssize_t put = write(output, message.data(), message.size());
            if (put == -1) err(1, "write");
            message = message.subspan(static_cast<size_t>(put));
        }
    };
    const auto receive = [=](std::span<char> message) {
        while (!message.empty()) {
            const ssize_t got = read(input, message.data(), message.size());
            if (got == -1) err(1, "read");
            if (got == 0) errx(1, "read: the partner has closed the channel");
            message = message.subspan(static_cast<size_t>(got));
        }
    };
    return run(mechanism, options, child, send, receive);
}

}  // namespace ping_pong
