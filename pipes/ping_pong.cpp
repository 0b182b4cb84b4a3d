// ping_pong - how long a message takes through a pipe, and another one back
//
// Text:  Pipes and Context Switches; IPC Performance Hierarchy
// Run:   build/pipes/ping_pong, or build/pipes/ping_pong MESSAGES BYTES
//        taskset -c 0 build/pipes/ping_pong 20000: both on one processor
//        With -t, a stream to the partner.
// See:   the time of a round trip, and its context switches; with -t, how much
//        goes through
//
// A pipe carries bytes in one direction, so there are two.

#include "../tests/ping_pong.hpp"

int main(int argc, char *argv[]) {
    const ping_pong::Options options = ping_pong::options(argc, argv, "t");
    int there[2], back[2];  // to the partner and from it
    if (pipe(there) == -1 || pipe(back) == -1) err(1, "pipe");

    const pid_t child = ping_pong::start_partner();
    if (child != 0) std::swap(there, back);
    // Each process reads from there[0] and writes to back[1].
    if (close(there[1]) == -1 || close(back[0]) == -1) err(1, "close");
    return ping_pong::run("pipe", options, child, there[0], back[1]);
}
