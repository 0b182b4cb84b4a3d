// client - sends a request to a server, and prints its answer
//
// Text:  Domain Socket Example (domainsocketclient.c); Submodule Domain Socket
//        Example (domain_sock/client.c)
// Run:   terminal 1: build/domain_sock/server socket
//        terminal 2: build/domain_sock/client socket, or with a MESSAGE
// See:   terminal 2: message from server: hello from server
//
// One connected socket carries both directions. The client shuts down its side
// when it has sent everything, which tells the server that the request is
// complete. An alarm ends the client after 10 seconds. tcp/client is the same
// program with another address.

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int client_connect(const char *fileName, const char *message) {
    const int socket_fd = socket(PF_UNIX, SOCK_STREAM, 0);
    if (socket_fd == -1) err(1, "socket");

    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (strlen(fileName) >= sizeof address.sun_path)
        errx(1, "connect %s: the path is too long", fileName);
    memcpy(address.sun_path, fileName, strlen(fileName));

    alarm(10);  // its default action ends the client
    if (connect(socket_fd, reinterpret_cast<const sockaddr *>(&address),
                sizeof address) == -1)
        err(1, "connect %s", fileName);

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
    if (argc < 2 || argc > 3 || argv[1][0] == '-')
        errx(2, "usage: client PATH [MESSAGE]");
    return client_connect(argv[1], argc == 3 ? argv[2] : "hello from a client");
}
