// ping_pong - how long a message takes through a pipe and another one back
//
// Text:  Pipes and Context Switches; IPC Performance Hierarchy
// Run:   build/pipes/ping_pong, or build/pipes/ping_pong ROUND_TRIPS BYTES
//        taskset -c 0 build/pipes/ping_pong: both processes on one processor
//        build/pipes/ping_pong -t: a stream to the partner
// See:   the time of a round trip, and its context switches; with -t, how much
// goes through
//
// A pipe carries bytes in one direction, so there are two. A message of more
// than PIPE_BUF bytes may be written and read in several pieces.

#include "../tests/ping_pong.hpp"

int main(int argc, char *argv[]) {
    const ping_pong::Options options = ping_pong::options(argc, argv, "t");
    int there[2], back[2];  // to the partner and from it
    if (pipe(there) == -1 || pipe(back) == -1) err(1, "pipe");

    const pid_t child = ping_pong::start_partner();
    const int input = child != 0 ? back[0] : there[0],
              output = child != 0 ? there[1] : back[1];
    if (close(child != 0 ? there[0] : there[1]) == -1) err(1, "close");
    if (close(child != 0 ? back[1] : back[0]) == -1) err(1, "close");

    const auto send = [output](std::span<const char> message) {
        while (!message.empty()) {
            const ssize_t put = write(output, message.data(), message.size());
            if (put == -1) err(1, "write the pipe");
            message = message.subspan(static_cast<size_t>(put));
        }
    };
    const auto receive = [input](std::span<char> message) {
        while (!message.empty()) {
            const ssize_t got = read(input, message.data(), message.size());
            if (got == -1) err(1, "read the pipe");
            if (got == 0) errx(1, "read the pipe: the partner has closed it");
            message = message.subspan(static_cast<size_t>(got));
        }
    };
    return ping_pong::run("pipe", options, child, send, receive);
}
