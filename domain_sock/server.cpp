// server - answers each client that connects, in a child process of its own
//
// Text:  Domain Socket Example (domainsocketserver.c,
//        domainsocketserverhandler.c); Submodule Domain Socket Example
//        (domain_sock/server.c)
// Run:   terminal 1: build/domain_sock/server socket
//        terminal 2: build/domain_sock/client socket
// See:   terminal 1: listening on socket
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// A stream has no messages, only an end: a request is all that a client sends
// until it shuts down its side. A client that has not finished after 5 seconds
// is dropped. Ctrl-C ends the server, and removes its socket. tcp/server is the
// same program with another address.

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char *fileName;

static void on_stop(int) {
    unlink(fileName);
    _exit(0);
}

static int connection_handler(int connection_fd) {
    alarm(5);        // its default action ends this child
    char buff[257];  // a byte more than a request may have, and a NUL
    size_t size = 0;
    ssize_t nBytes = 0;
    while ((nBytes = recv(connection_fd, buff + size, 256 - size, 0)) > 0)
        size += static_cast<size_t>(nBytes);
    if (nBytes == -1) err(1, "receive a request");
    if (size == 0) return 0;  // the client has left
    if (size == 256) errx(1, "request refused: more than 255 bytes");

    buff[size] = '\0';
    for (size_t i = 0; i < size; ++i)  // what could upset a terminal
        if (iscntrl(buff[i] & 0xff) != 0) buff[i] = '?';
    if (dprintf(STDOUT_FILENO, "message from client: %s\n", buff) < 0)
        err(1, "write standard output");
    const char answer[] = "hello from server";
    if (send(connection_fd, answer, strlen(answer), 0) == -1)
        err(1, "send an answer");
    return 0;
}

static int server_listen() {
    const int socket_fd = socket(PF_UNIX, SOCK_STREAM, 0);
    if (socket_fd == -1) err(1, "socket");

    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (strlen(fileName) >= sizeof address.sun_path)
        errx(1, "bind %s: the path is too long", fileName);
    memcpy(address.sun_path, fileName, strlen(fileName));
    const auto *const name = reinterpret_cast<const sockaddr *>(&address);

    umask(0177);  // only this user may connect
    // The text removes whatever is there. This removes only a socket to which
    // nobody listens: a dead server has left it.
    struct stat file = {};
    if (lstat(fileName, &file) == 0 && S_ISSOCK(file.st_mode) &&
        connect(socket_fd, name, sizeof address) == -1 && errno == ECONNREFUSED)
        unlink(fileName);
    if (bind(socket_fd, name, sizeof address) == -1)
        err(1, "bind %s", fileName);
    if (listen(socket_fd, SOMAXCONN) == -1) err(1, "listen %s", fileName);
    signal(SIGINT, on_stop);
    signal(SIGTERM, on_stop);
    if (dprintf(STDOUT_FILENO, "listening on %s\n", fileName) < 0)
        err(1, "write standard output");

    signal(SIGCHLD, SIG_IGN);  // a child that ends leaves no zombie
    while (true) {
        const int connection_fd = accept(socket_fd, nullptr, nullptr);
        if (connection_fd == -1) {
            warn("accept");  // a client has left, or descriptors are short
            sleep(1);
            continue;
        }
        const pid_t child = fork();
        if (child == 0) {
            signal(SIGINT, SIG_DFL);  // the socket is the parent's to remove
            signal(SIGTERM, SIG_DFL);
            if (close(socket_fd) == -1) err(1, "close the listener");
            return connection_handler(connection_fd);
        }
        if (child == -1) warn("fork");
        if (close(connection_fd) == -1) err(1, "close the connection");
    }
}

int main(int argc, char *argv[]) {
    if (argc != 2 || argv[1][0] == '-' || argv[1][0] == '\0')
        errx(2, "usage: server PATH");
    fileName = argv[1];
    return server_listen();
}
