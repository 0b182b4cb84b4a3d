// ping_pong - how long a message takes through a TCP connection and another one
// back
//
// Text:  TCP/IP; IPC Performance Hierarchy
// Run:   build/tcp/ping_pong, or build/tcp/ping_pong ROUND_TRIPS BYTES
//        build/tcp/ping_pong -t: a stream to the partner
// See:   the time of a round trip on the loopback interface, and its context
// switches
//
// TCP_NODELAY: a small message goes out at once. Without it, TCP may keep the
// last piece of a message back until the other side has acknowledged the one
// before, to send fewer packets.

#include "../tests/ping_pong.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int main(int argc, char *argv[]) {
    const ping_pong::Options options = ping_pong::options(argc, argv, "t");
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener == -1) err(1, "socket");
    sockaddr_in name = {};  // port 0: any that is free
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto *const address = reinterpret_cast<sockaddr *>(&name);
    if (bind(listener, address, size) == -1) err(1, "bind");
    if (listen(listener, 1) == -1) err(1, "listen");
    if (getsockname(listener, address, &size) == -1) err(1, "getsockname");
    // The kernel completes the connection before it is accepted: one process
    // can have both ends.
    int ends[2];  // the parent's and the partner's
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    if (ends[1] == -1) err(1, "socket");
    if (connect(ends[1], address, size) == -1) err(1, "connect");
    ends[0] = accept(listener, nullptr, nullptr);
    if (ends[0] == -1) err(1, "accept");
    if (close(listener) == -1) err(1, "close");
    const int on = 1;
    for (const int end : ends)
        if (setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
            err(1, "setsockopt TCP_NODELAY");

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
    return ping_pong::run("TCP", options, child, send, receive);
}
