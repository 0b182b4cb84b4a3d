// ping_pong - how long a message takes through a file and another one back
//
// Text:  Files as IPC; IPC Performance Hierarchy
// Run:   build/files/ping_pong, or build/files/ping_pong ROUND_TRIPS BYTES
// See:   the time of a round trip: every look at the file is a system call, and
// a copy
//
// A file cannot wake anybody up. Each process reads the number at the file's
// beginning again and again, and offers its processor in between, until the
// number says that the message behind it is for it. The message is written
// before the number, so that who reads the new number finds all of it.

#include "../tests/ping_pong.hpp"

#include <sched.h>

int main(int argc, char *argv[]) {
    const ping_pong::Options options = ping_pong::options(argc, argv);
    FILE *const file =
        tmpfile();  // has no name, and goes when the last process has closed it
    if (file == nullptr) err(1, "tmpfile in %s", P_tmpdir);
    const int fd = fileno(file);
    unsigned turn = 0;  // even: the parent writes next; odd: its partner
    const std::vector<char> zeros(sizeof turn +
                                  options.bytes);  // so the file has its size
    if (fwrite(zeros.data(), zeros.size(), 1, file) != 1 || fflush(file) != 0)
        err(1, "write the temporary file");

    const pid_t child = ping_pong::start_partner();
    const unsigned own = child != 0 ? 0 : 1;

    const auto send = [=, &turn](std::span<const char> message) {
        errno = EIO;  // should it write only a part
        if (pwrite(fd, message.data(), message.size(), sizeof turn) !=
            static_cast<ssize_t>(message.size()))
            err(1, "write the message");
        ++turn;
        if (pwrite(fd, &turn, sizeof turn, 0) != sizeof turn)
            err(1, "write the number");
    };
    const auto receive = [=, &turn](std::span<char> message) {
        errno = EIO;  // should it read only a part
        for (;; sched_yield()) {
            if (pread(fd, &turn, sizeof turn, 0) != sizeof turn)
                err(1, "read the number");
            if (turn % 2 == own) break;
        }
        if (pread(fd, message.data(), message.size(), sizeof turn) !=
            static_cast<ssize_t>(message.size()))
            err(1, "read the message");
    };
    return ping_pong::run("file", options, child, send, receive);
}
