// ping_pong - how long a message takes through a FIFO and another one back
//
// Text:  Named Pipes and FIFOs; IPC Performance Hierarchy
// Run:   build/fifo/ping_pong, or build/fifo/ping_pong ROUND_TRIPS BYTES
//        build/fifo/ping_pong -t: a stream to the partner
// See:   the time of a round trip, and its context switches: as with a pipe,
// since a FIFO is a pipe
//        with a name
//
// Opening one end waits for the other, unless the read end is opened first and
// without blocking; so one process can open both, take the name away, and leave
// the ends to its child.

#include "../tests/ping_pong.hpp"

#include <fcntl.h>
#include <string>
#include <sys/stat.h>

static void open_fifo(int ends[2]) {
    const char *directory = getenv("TMPDIR");
    const std::string path =
        std::string(directory && *directory ? directory : "/tmp") +
        "/ping_pong." + std::to_string(getpid());
    sigset_t all, before;  // a signal must not end us while the name is there
    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, &before) == -1) err(1, "sigprocmask");
    if (mkfifo(path.c_str(), 0600) == -1) err(1, "mkfifo %s", path.c_str());
    ends[0] = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ends[1] = ends[0] == -1 ? -1 : open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const int open_error = errno;
    if (unlink(path.c_str()) == -1) err(1, "unlink %s", path.c_str());
    if (sigprocmask(SIG_SETMASK, &before, nullptr) == -1) err(1, "sigprocmask");
    errno = open_error;
    if (ends[1] == -1) err(1, "open %s", path.c_str());
    if (fcntl(ends[0], F_SETFL, O_RDONLY) == -1)
        err(1, "fcntl %s", path.c_str());
}

int main(int argc, char *argv[]) {
    const ping_pong::Options options = ping_pong::options(argc, argv, "t");
    int there[2], back[2];  // to the partner and from it
    open_fifo(there);
    open_fifo(back);

    const pid_t child = ping_pong::start_partner();
    const int input = child != 0 ? back[0] : there[0],
              output = child != 0 ? there[1] : back[1];
    if (close(child != 0 ? there[0] : there[1]) == -1) err(1, "close");
    if (close(child != 0 ? back[1] : back[0]) == -1) err(1, "close");

    const auto send = [output](std::span<const char> message) {
        while (!message.empty()) {
            const ssize_t put = write(output, message.data(), message.size());
            if (put == -1) err(1, "write the FIFO");
            message = message.subspan(static_cast<size_t>(put));
        }
    };
    const auto receive = [input](std::span<char> message) {
        while (!message.empty()) {
            const ssize_t got = read(input, message.data(), message.size());
            if (got == -1) err(1, "read the FIFO");
            if (got == 0) errx(1, "read the FIFO: the partner has closed it");
            message = message.subspan(static_cast<size_t>(got));
        }
    };
    return ping_pong::run("FIFO", options, child, send, receive);
}
