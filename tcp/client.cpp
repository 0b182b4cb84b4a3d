// client - sends a request to a server, here or on another machine, and reads
// the answer
//
// Text:  TCP/IP
// Run:   terminal 1: build/tcp/server 5050
//        terminal 2: build/tcp/client localhost 5050
// See:   terminal 1: listening on 127.0.0.1 port 5050
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// A host may have several addresses, of IPv4 and IPv6: the client tries one
// after the other, until one accepts. It shuts down its sending side when it
// has sent all: that is how the server knows the request is complete.
// domain_sock/client.cpp is the same client with another address. One alarm
// limits all that may wait: the name's look-up, a connection to a host that is
// silent, the answer.

#include <charconv>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

static char timeout_text[PATH_MAX];

static void on_timeout(int) {  // async-signal-safe calls alone
    if (write(STDERR_FILENO, timeout_text, strlen(timeout_text)) == -1)
        _exit(1);
    _exit(1);
}

static int connect_to(const char *host, const char *port) {
    addrinfo hints = {}, *found = nullptr;
    hints.ai_flags = AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    const int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0)
        errx(1, "host %s: %s", host,
             error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int connection = -1, reason = 0;
    for (const addrinfo *at = found; at != nullptr && connection == -1;
         at = at->ai_next) {
        connection = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (connection != -1 &&
            connect(connection, at->ai_addr, at->ai_addrlen) == 0)
            break;
        reason = errno;
        if (connection != -1 && close(connection) == -1) err(1, "close");
        connection = -1;
    }
    freeaddrinfo(found);
    errno = reason;
    if (connection == -1) err(1, "connect %s port %s", host, port);
    return connection;
}

int main(int argc, char *argv[]) {
    if (argc != 3 && argc != 4) errx(2, "usage: client HOST PORT [MESSAGE]");
    const char *const host = argv[1], *const port = argv[2];
    const std::string_view message =
        argc == 4 ? argv[3] : "hello from a client";
    int number = 0;
    const char *const end = port + strlen(port);
    const auto [rest, error] = std::from_chars(port, end, number);
    if (error != std::errc{} || rest != end || number < 1 || number > 65535)
        errx(2, "%s: not a number from 1 to 65535", port);

    snprintf(timeout_text, sizeof timeout_text,
             "client: %s port %s: no answer within 10 s\n", host, port);
    struct sigaction action = {};
    action.sa_handler = on_timeout;
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    if (sigprocmask(SIG_UNBLOCK, &alarms, nullptr) == -1) err(1, "sigprocmask");
    alarm(10);

    const int connection = connect_to(host, port);
    const ssize_t sent =
        send(connection, message.data(), message.size(), MSG_NOSIGNAL);
    if (sent == -1) err(1, "send to %s port %s", host, port);
    if (static_cast<size_t>(sent) != message.size())
        errx(1, "send to %s port %s: interrupted", host, port);
    if (shutdown(connection, SHUT_WR) == -1 &&
        errno != ENOTCONN)  // recv will say why
        err(1, "shutdown %s port %s", host, port);

    char answer[256];
    size_t length = 0;
    ssize_t got = 0;
    while ((got = recv(connection, answer + length, sizeof answer - length,
                       0)) > 0)
        length += static_cast<size_t>(got);
    if (got == -1) err(1, "receive from %s port %s", host, port);
    alarm(0);
    if (length == 0)
        errx(1, "receive from %s port %s: end of file before an answer", host,
             port);
    if (length == sizeof answer)
        errx(1, "receive from %s port %s: longer than 255 bytes", host, port);
    if (close(connection) == -1) err(1, "close the connection");

    printf("message from server: ");
    for (const char c : std::string_view(
             answer, length))  // control characters are shown, not sent
        printf(isprint(c & 0xff) != 0 ? "%c" : "\\x%02x", c & 0xff);
    printf("\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    if (std::string_view(answer, length) == "refused: longer than 255 bytes")
        errx(1, "the server has refused the message");
}
