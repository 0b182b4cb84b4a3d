// dgram_server - takes datagrams from its socket and answers each
//
// Text:  Domain Sockets (stream or datagram communication)
// Run:   terminal 1: build/domain_sock/dgram_server socket
//        terminal 2: build/domain_sock/dgram_client socket one two three
// See:   terminal 1: listening on socket
//                    message from client: one, two and three, each on a line of
//                    its own
//        terminal 2: message from server: hello from server, three times
//
// A datagram is received as it was sent, never together with another one. There
// is no connection: an answer goes to the name that the sender has bound its
// own socket to. A datagram that is longer than the buffer loses its end, but
// not silently: MSG_TRUNC says so. SIGINT or SIGTERM ends the server, which
// removes its socket.

#include "stale_socket.hpp"

#include <algorithm>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char *path;
static struct stat made;  // the socket, once it has been made; else all zero

static void remove_own() {
    struct stat now = {};
    if (lstat(path, &now) == -1 || now.st_ino != made.st_ino ||
        now.st_dev != made.st_dev)
        return;
    unlink(path);
}

static void on_stop(int) {  // async-signal-safe calls alone
    remove_own();
    _exit(0);
}

static int open_socket(const sockaddr_un &name) {
    const int server = socket(PF_UNIX, SOCK_DGRAM, 0);
    if (server == -1) err(1, "socket");
    umask(0177);  // only this user may send
    if (bind(server, reinterpret_cast<const sockaddr *>(&name), sizeof name) ==
        -1)
        err(1, "bind %s", path);
    if (lstat(path, &made) == -1) err(1, "lstat %s", path);
    return server;
}

// Receives one datagram, prints it, answers.
static void serve(int server) {
    char text[255];
    sockaddr_un client = {};
    iovec buffer = {text, sizeof text};
    msghdr message = {};
    message.msg_name = &client;
    message.msg_namelen = sizeof client;
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    const ssize_t length = recvmsg(server, &message, 0);
    if (length == -1) {
        if (errno == EINTR) return;
        err(1, "receive from %s", path);
    }
    const bool cut = (message.msg_flags & MSG_TRUNC) != 0;
    if (cut) {
        warnx("a datagram is refused: longer than %zu bytes", sizeof text);
    } else {
        printf("message from client: ");
        for (const char c : std::string_view(
                 text, static_cast<size_t>(
                           length)))  // control characters are shown, not sent
            printf(isprint(c & 0xff) != 0 ? "%c" : "\\x%02x", c & 0xff);
        printf("\n");
        if (ferror(stdout) != 0 || fflush(stdout) != 0)
            err(1, "write standard output");
    }
    // A name of 108 bytes has no NUL, and the kernel counts one in.
    const socklen_t length_of_name =
        std::min<socklen_t>(message.msg_namelen, sizeof client);
    if (length_of_name <= offsetof(sockaddr_un, sun_path)) {
        warnx("no answer: the client's socket has no name");
        return;
    }
    const char *const answer =
        cut ? "refused: longer than 255 bytes" : "hello from server";
    // A client that takes no answers must not stop the server.
    if (sendto(server, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr *>(&client),
               length_of_name) == -1)
        warn("send an answer");
}

int main(int argc, char *argv[]) {
    if (argc != 2) errx(2, "usage: dgram_server PATH");
    path = argv[1];

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the socket

    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    const int length =
        snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    if (length < 1 || length >= static_cast<int>(sizeof name.sun_path))
        errx(1, "%s: a socket's path has 1 to %zu bytes", path,
             sizeof name.sun_path - 1);

    const int turn = take_turn(name);  // removes what a dead server has left
    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    // Held back until the handler knows what to remove.
    sigset_t held;
    sigemptyset(&held);
    struct sigaction action = {}, earlier = {};
    action.sa_handler = on_stop;
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        if (sigaction(signo, nullptr, &earlier) == -1)
            err(1, "sigaction %d", signo);
        if (earlier.sa_handler == SIG_IGN) continue;  // by nohup(1), or by &
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
        sigaddset(&held, signo);
    }
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    if (atexit(remove_own) != 0) errx(1, "atexit");
    const int server = open_socket(name);
    if (close(turn) == -1) err(1, "close the directory of %s", path);
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    printf("listening on %s\n", path);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");

    for (;;) serve(server);
}
