// ping_pong - how long a message takes through a TCP connection, there and back
//
// Text:  TCP/IP; IPC Performance Hierarchy
// Run:   build/tcp/ping_pong, or build/tcp/ping_pong MESSAGES BYTES
//        With -t, a stream to the partner.
// See:   the time of a round trip on the loopback interface, and its context
//        switches
//
// TCP_NODELAY: a small message leaves at once. Otherwise TCP may keep it until
// the other side has acknowledged the one before, to send fewer packets.

#include "../tests/ping_pong.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int main(int argc, char *argv[]) {
    const auto options = ping_pong::options(argc, argv, "t");
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener == -1) err(1, "socket");
    sockaddr_in name = {};  // port 0: any that is free
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto *const address = reinterpret_cast<sockaddr *>(&name);
    if (bind(listener, address, size) == -1 || listen(listener, 1) == -1 ||
        getsockname(listener, address, &size) == -1)
        err(1, "listen");

    const pid_t child = ping_pong::start_partner();
    const int connection = child != 0 ? accept(listener, nullptr, nullptr)
                                      : socket(AF_INET, SOCK_STREAM, 0);
    if (connection == -1) err(1, "accept or socket");
    if (child == 0 && connect(connection, address, size) == -1)
        err(1, "connect");
    const int on = 1;
    if (setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
        err(1, "setsockopt TCP_NODELAY");
    return ping_pong::run("TCP", options, child, connection, connection);
}
