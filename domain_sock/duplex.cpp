// duplex - both ends of one socket send at once, far more than the kernel keeps
//
// Text:  Domain Sockets (they can be full-duplex)
// Run:   build/domain_sock/duplex
// See:   child: 10 MiB sent, 10 MiB received
//        parent: 10 MiB sent, 10 MiB received
//
// If each end sent everything before it received anything, each would wait for
// the other to read: a deadlock. Here poll() waits until the socket can be read
// or written, and neither send() nor recv() waits: MSG_DONTWAIT.

#include <algorithm>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static constexpr size_t size = 10 << 20;

// The byte that each end sends at this position.
static char byte_at(size_t position) {
    return static_cast<char>(position % 251);
}

static void exchange(const char *who, int fd) {
    char out[16384], in[sizeof out];
    size_t sent = 0, received = 0;
    while (sent < size || received < size) {
        pollfd ready = {fd, POLLIN, 0};
        if (sent < size) ready.events |= POLLOUT;
        if (poll(&ready, 1, -1) == -1) err(1, "%s: poll", who);

        if ((ready.revents & POLLOUT) != 0) {
            const size_t next = std::min(size - sent, sizeof out);
            for (size_t i = 0; i < next; ++i) out[i] = byte_at(sent + i);
            const ssize_t put =
                send(fd, out, next, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (put == -1 && errno != EAGAIN) err(1, "%s: send", who);
            if (put > 0) sent += static_cast<size_t>(put);
        }
        if ((ready.revents & (POLLIN | POLLHUP)) != 0) {
            const ssize_t got = recv(fd, in, sizeof in, MSG_DONTWAIT);
            if (got == -1 && errno != EAGAIN) err(1, "%s: receive", who);
            if (got == 0) errx(1, "%s: receive: end of file", who);
            for (ssize_t i = 0; i < got; ++i)
                if (in[i] != byte_at(received++))
                    errx(1, "%s: byte %zu is wrong", who, received - 1);
        }
    }
    if (dprintf(STDOUT_FILENO, "%s: %zu MiB sent, %zu MiB received\n", who,
                sent >> 20, received >> 20) < 0)
        err(1, "write standard output");
}

int main() {
    int ends[2];
    if (socketpair(PF_UNIX, SOCK_STREAM, 0, ends) == -1) err(1, "socketpair");
    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    const int own = child == 0 ? 1 : 0;
    // With the other end closed, the death of its process is end of file.
    if (close(ends[1 - own]) == -1) err(1, "close");
    exchange(child == 0 ? "child" : "parent", ends[own]);
    if (child == 0) return 0;

    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (status != 0) errx(1, "the child failed");
}
