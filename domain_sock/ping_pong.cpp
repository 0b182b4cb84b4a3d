// ping_pong - how long a message takes through a domain socket and another one
// back
//
// Text:  Domain Sockets; IPC Performance Hierarchy
// Run:   build/domain_sock/ping_pong, or build/domain_sock/ping_pong
// ROUND_TRIPS BYTES
//        build/domain_sock/ping_pong -d: with datagrams; -t: a stream to the
//        partner
// See:   the time of a round trip, and its context switches
//
// One connected pair carries both directions.

#include "../tests/ping_pong.hpp"

#include <sys/socket.h>

int main(int argc, char *argv[]) {
    const ping_pong::Options options = ping_pong::options(argc, argv, "td");
    int ends[2];  // the parent's and the partner's
    if (socketpair(PF_UNIX, options.datagrams ? SOCK_DGRAM : SOCK_STREAM, 0,
                   ends) == -1)
        err(1, "socketpair");

    const pid_t child = ping_pong::start_partner();
    const int connection = ends[child != 0 ? 0 : 1];
    if (close(ends[child != 0 ? 1 : 0]) == -1) err(1, "close");

    const auto send = [connection](std::span<const char> message) {
        while (!message.empty()) {
            const ssize_t put = ::send(connection, message.data(),
                                       message.size(), MSG_NOSIGNAL);
            if (put == -1) err(1, "send");
            message = message.subspan(static_cast<size_t>(put));
        }
    };
    const auto receive = [connection](std::span<char> message) {
        while (!message.empty()) {
            const ssize_t got =
                recv(connection, message.data(), message.size(), 0);
            if (got == -1) err(1, "receive");
            if (got == 0) errx(1, "receive: the partner has closed it");
            message = message.subspan(static_cast<size_t>(got));
        }
    };
    return ping_pong::run(options.datagrams ? "domain socket, datagrams"
                                            : "domain socket",
                          options, child, send, receive);
}
