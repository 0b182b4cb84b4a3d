// duplex - both ends of a connected pair send at once, far more than the kernel
// keeps
//
// Text:  Domain Sockets (they can be full-duplex)
// Run:   build/domain_sock/duplex, or build/domain_sock/duplex MIB
// See:   child: 10 MiB sent, 10 MiB received, all as it was sent; and the same
// from the parent
//
// If each end sent all before it received, each would wait for the other to
// read: a deadlock. Here poll() waits for whichever the socket is ready for,
// and no send or receive waits: the descriptor is O_NONBLOCK.

#include <algorithm>
#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// The byte at each position is known, and another one in each direction.
static void fill(char *bytes, size_t size, size_t position, size_t direction) {
    for (size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<char>((position + i) * (direction + 1) % 251);
}

// Sends size bytes and receives as many; ends the process if they are not the
// expected ones.
static void exchange(const char *who, int fd, size_t size, size_t direction) {
    char out[16384], in[sizeof out], expected[sizeof out];
    size_t sent = 0, received = 0;
    while (sent < size || received < size) {
        pollfd ready = {fd, 0, 0};
        if (sent < size) ready.events |= POLLOUT;
        if (received < size) ready.events |= POLLIN;
        if (poll(&ready, 1, -1) == -1) {
            if (errno == EINTR) continue;
            err(1, "%s: poll", who);
        }
        if (sent < size) {
            const size_t next = std::min(size - sent, sizeof out);
            fill(out, next, sent, direction);
            const ssize_t put = send(fd, out, next, MSG_NOSIGNAL);
            if (put == -1 && errno != EAGAIN && errno != EINTR)
                err(1, "%s: send", who);
            if (put > 0) sent += static_cast<size_t>(put);
        }
        if (received < size) {
            const ssize_t got =
                recv(fd, in, std::min(size - received, sizeof in), 0);
            if (got == -1 && errno != EAGAIN && errno != EINTR)
                err(1, "%s: receive", who);
            if (got == 0)
                errx(1, "%s: receive: end of file after %zu bytes", who,
                     received);
            if (got == -1) continue;
            const size_t length = static_cast<size_t>(got);
            fill(expected, length, received, 1 - direction);
            if (memcmp(in, expected, length) != 0)
                errx(1, "%s: received other bytes than were sent, after %zu",
                     who, received);
            received += length;
        }
    }
}

static int report(const char *who, size_t mib) {
    printf("%s: %zu MiB sent, %zu MiB received, all as it was sent\n", who, mib,
           mib);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "%s: write standard output", who);
    return 0;
}

int main(int argc, char *argv[]) {
    if (argc > 2) errx(2, "usage: duplex [MIB]");
    size_t mib = 10;
    if (argc == 2) {
        const char *const end = argv[1] + strlen(argv[1]);
        const auto [rest, error] = std::from_chars(argv[1], end, mib);
        if (error != std::errc{} || rest != end || mib < 1 || mib > 1024)
            errx(2, "%s: not a number from 1 to 1024", argv[1]);
    }

    // The sockets must not be given 0, 1 or 2: the results would go into them.
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1) err(1, "standard descriptor %d", fd);
    int ends[2];
    if (socketpair(PF_UNIX, SOCK_STREAM, 0, ends) == -1) err(1, "socketpair");
    for (const int end : ends)
        if (fcntl(end, F_SETFL, O_NONBLOCK) == -1) err(1, "fcntl O_NONBLOCK");
    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    // Each closes the other's end: or it would not meet end of file when the
    // other dies.
    if (close(ends[child == 0 ? 0 : 1]) == -1) err(1, "close");
    if (child == 0) {
        exchange("child", ends[1], mib << 20, 1);
        return report("child", mib);
    }
    exchange("parent", ends[0], mib << 20, 0);
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (status != 0)
        errx(1, "the child failed: wait status 0x%x",
             static_cast<unsigned>(status));
    if (close(ends[0]) == -1) err(1, "close");
    return report("parent", mib);
}
