// client - sends a request to a server, and prints its answer
//
// Text:  TCP/IP
// Run:   terminal 1: build/tcp/server 8080
//        terminal 2: build/tcp/client localhost 8080, or with a MESSAGE
// See:   terminal 2: message from server: hello from server
//
// One connected socket carries both directions. The client shuts down its side
// when it has sent everything, which tells the server that the request is
// complete. A name may have several addresses, of IPv4 and IPv6; they are tried
// one after the other. An alarm ends the client after 10 seconds.
// domain_sock/client is the same program with another address.

#include <ctype.h>
#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

static int client_connect(const char *host, const char *port,
                          const char *message) {
    alarm(10);  // its default action ends the client
    addrinfo hints = {}, *list = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    if (strtoul(port, nullptr, 10) > 65535)
        errx(2, "%s: not a port number (0 to 65535)", port);
    const int error = getaddrinfo(host, port, &hints, &list);
    if (error != 0) errx(1, "%s port %s: %s", host, port, gai_strerror(error));

    int socket_fd = -1;
    for (addrinfo *address = list;; address = address->ai_next) {
        socket_fd = socket(address->ai_family, SOCK_STREAM, 0);
        if (socket_fd != -1 &&
            connect(socket_fd, address->ai_addr, address->ai_addrlen) == 0)
            break;
        if (address->ai_next == nullptr)
            err(1, "connect %s port %s", host, port);
        close(socket_fd);
    }
    freeaddrinfo(list);

    if (send(socket_fd, message, strlen(message), MSG_NOSIGNAL) == -1)
        err(1, "send the request");
    if (shutdown(socket_fd, SHUT_WR) == -1) err(1, "shutdown");

    std::string answer;
    char buffer[256];
    ssize_t nBytes = 0;
    while ((nBytes = recv(socket_fd, buffer, sizeof buffer, 0)) > 0)
        answer.append(buffer, static_cast<size_t>(nBytes));
    if (nBytes == -1) err(1, "receive the answer");
    if (answer.empty()) errx(1, "receive the answer: end of file");
    for (char &c : answer)  // what could upset a terminal
        if (iscntrl(c & 0xff) != 0) c = '?';
    printf("message from server: %s\n", answer.c_str());
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");

    if (close(socket_fd) == -1) err(1, "close the connection");
    return 0;
}

int main(int argc, char *argv[]) {
    if (argc < 3 || argc > 4) errx(2, "usage: client HOST PORT [MESSAGE]");
    return client_connect(argv[1], argv[2],
                          argc == 4 ? argv[3] : "hello from a client");
}
