// server - answers each client that connects, in a child process of its own
//
// Text:  TCP/IP
// Run:   terminal 1: build/tcp/server 8080
//        terminal 2: build/tcp/client localhost 8080
//        For clients on other machines: build/tcp/server 8080 0.0.0.0, or ::
//        for IPv6, too. Port 0 is any free port; the line says which.
// See:   terminal 1: listening on 127.0.0.1 port 8080
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// A stream has no messages, only an end: a request is all that a client sends
// until it shuts down its side. A client that has not finished after 5 seconds
// is dropped. Ctrl-C ends the server. domain_sock/server is the same program
// with another address.

#include <ctype.h>
#include <err.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static int server_listen(const char *port, const char *host) {
    addrinfo hints = {}, *address = nullptr;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    if (strtoul(port, nullptr, 10) > 65535)
        errx(2, "%s: not a port number (0 to 65535)", port);
    const int error = getaddrinfo(host, port, &hints, &address);
    if (error != 0) errx(1, "%s port %s: %s", host, port, gai_strerror(error));
    const int socket_fd = socket(address->ai_family, SOCK_STREAM, 0);
    if (socket_fd == -1) err(1, "socket");

    // Else bind() fails for a minute: a killed server's connections linger.
    const int on = 1;
    if (setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        err(1, "setsockopt");
    if (bind(socket_fd, address->ai_addr, address->ai_addrlen) == -1)
        err(1, "bind %s port %s", host, port);
    if (listen(socket_fd, SOMAXCONN) == -1) err(1, "listen port %s", port);

    char number[NI_MAXSERV];  // of the port, which may be any for 0
    if (getsockname(socket_fd, address->ai_addr, &address->ai_addrlen) == -1)
        err(1, "getsockname");
    getnameinfo(address->ai_addr, address->ai_addrlen, nullptr, 0, number,
                sizeof number, NI_NUMERICSERV);
    freeaddrinfo(address);
    if (dprintf(STDOUT_FILENO, "listening on %s port %s\n", host, number) < 0)
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
            if (close(socket_fd) == -1) err(1, "close the listener");
            return connection_handler(connection_fd);
        }
        if (child == -1) warn("fork");
        if (close(connection_fd) == -1) err(1, "close the connection");
    }
}

int main(int argc, char *argv[]) {
    if (argc < 2 || argc > 3) errx(2, "usage: server PORT [ADDRESS]");
    return server_listen(argv[1], argc == 3 ? argv[2] : "127.0.0.1");
}
