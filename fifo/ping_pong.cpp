// ping_pong - how long a message takes through a FIFO, and another one back
//
// Text:  Named Pipes and FIFOs; IPC Performance Hierarchy
// Run:   build/fifo/ping_pong, or build/fifo/ping_pong MESSAGES BYTES
//        With -t, a stream to the partner.
// See:   the time of a round trip, and its context switches, as with a pipe
//
// Each process opens one end of each FIFO, and open() waits for the other one.

#include "../tests/ping_pong.hpp"

#include <fcntl.h>
#include <string>
#include <sys/stat.h>

static int open_fifo(const std::string &path, int mode) {
    const int fifo = open(path.c_str(), mode);
    if (fifo == -1) err(1, "open %s", path.c_str());
    return fifo;
}

int main(int argc, char *argv[]) {
    const ping_pong::Options options = ping_pong::options(argc, argv, "t");
    const std::string there = "/tmp/ping_pong." + std::to_string(getpid());
    const std::string back = there + ".back";
    if (mkfifo(there.c_str(), 0600) == -1 || mkfifo(back.c_str(), 0600) == -1)
        err(1, "mkfifo %s", there.c_str());

    const pid_t child = ping_pong::start_partner();
    int input = -1, output = -1;
    if (child == 0) {
        input = open_fifo(there, O_RDONLY);
        output = open_fifo(back, O_WRONLY);
    } else {
        output = open_fifo(there, O_WRONLY);
        input = open_fifo(back, O_RDONLY);
        if (unlink(there.c_str()) == -1 || unlink(back.c_str()) == -1)
            err(1, "unlink %s", there.c_str());
    }
    return ping_pong::run("FIFO", options, child, input, output);
}
