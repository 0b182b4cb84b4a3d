// ping_pong - how long a message takes through a file, and another one back
//
// Text:  Files as IPC; IPC Performance Hierarchy
// Run:   build/files/ping_pong, or build/files/ping_pong MESSAGES BYTES
// See:   the time of a round trip by polling, in which each look is a system
//        call
//
// A file cannot wake anybody up. Each process reads the number at the file's
// beginning again and again, and offers its processor in between, until the
// number says that the message behind it is for this process.

#include "../tests/ping_pong.hpp"

int main(int argc, char *argv[]) {
    const auto options = ping_pong::options(argc, argv);
    FILE *const file = tmpfile();
    if (file == nullptr || ftruncate(fileno(file), 4 + 65536) == -1)
        err(1, "make a temporary file");
    const int fd = fileno(file);

    const pid_t child = ping_pong::start_partner();
    const int own = child != 0 ? 0 : 1, other = 1 - own;
    const auto send = [=](std::span<const char> message) {
        if (pwrite(fd, message.data(), message.size(), 4) == -1 ||
            pwrite(fd, &other, 4, 0) == -1)
            err(1, "write");
    };
    const auto receive = [=](std::span<char> message) {
        int turn = other;
        while (pread(fd, &turn, 4, 0) != -1 && turn != own) sched_yield();
        if (turn != own) err(1, "read");
        if (pread(fd, message.data(), message.size(), 4) == -1) err(1, "read");
    };
    return ping_pong::run("file, polled", options, child, send, receive);
}
