// ping_pong - how long a signal with a value takes, and another one back
//
// Text:  Signals; IPC Performance Hierarchy
// Run:   build/signals/ping_pong, or build/signals/ping_pong MESSAGES BYTES
// See:   the time of a round trip, and its context switches
//
// sigqueue() sends an int with a signal. Signals from SIGRTMIN on queue up,
// where two ordinary ones would become one. The signal is blocked and taken by
// sigwaitinfo(): no handler runs. A message of more than 4 bytes is as many
// signals as it needs.

#include "../tests/ping_pong.hpp"

#include <errno.h>

int main(int argc, char *argv[]) {
    const auto options = ping_pong::options(argc, argv, "", sizeof(int));
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGRTMIN);
    if (sigprocmask(SIG_BLOCK, &awaited, nullptr) == -1) err(1, "sigprocmask");

    const pid_t parent = getpid(), child = ping_pong::start_partner();
    const pid_t partner = child != 0 ? child : parent;

    const auto send = [=](std::span<const char> message) {
        while (!message.empty()) {
            sigval value = {};
            const size_t size = std::min(message.size(), sizeof(int));
            memcpy(&value.sival_int, message.data(), size);
            if (sigqueue(partner, SIGRTMIN, value) == -1) err(1, "sigqueue");
            message = message.subspan(size);
        }
    };
    const auto receive = [=](std::span<char> message) {
        while (!message.empty()) {
            siginfo_t info = {};
            while (sigwaitinfo(&awaited, &info) == -1)
                if (errno != EINTR) err(1, "sigwaitinfo");
            const size_t size = std::min(message.size(), sizeof(int));
            memcpy(message.data(), &info.si_value.sival_int, size);
            message = message.subspan(size);
        }
    };
    return ping_pong::run("signal", options, child, send, receive);
}
