// ping_pong - how long a message takes through a domain socket, there and back
//
// Text:  Domain Sockets; IPC Performance Hierarchy
// Run:   build/domain_sock/ping_pong, or with MESSAGES and BYTES
//        With -d, datagrams; with -t, a stream to the partner.
// See:   the time of a round trip, and its context switches
//
// One connected pair carries both directions.

#include "../tests/ping_pong.hpp"

#include <sys/socket.h>

int main(int argc, char *argv[]) {
    const auto options = ping_pong::options(argc, argv, "td");
    const int type = options.datagrams ? SOCK_DGRAM : SOCK_STREAM;
    int ends[2];  // the parent's and its partner's
    if (socketpair(PF_UNIX, type, 0, ends) == -1) err(1, "socketpair");

    const pid_t child = ping_pong::start_partner();
    if (child == 0) std::swap(ends[0], ends[1]);
    if (close(ends[1]) == -1) err(1, "close");
    return ping_pong::run(options.datagrams ? "domain socket, datagrams"
                                            : "domain socket",
                          options, child, ends[0], ends[0]);
}
