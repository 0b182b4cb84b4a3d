// client - sends a request to the server's socket and reads the answer from it
//
// Text:  Domain Sockets, Domain Socket Example (domainsocketclient.c);
// Submodule Domain Socket
//        Example (domain_sock/client.c)
// Run:   terminal 1: build/domain_sock/server socket
//        terminal 2: build/domain_sock/client socket
// See:   terminal 1: listening on socket
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// One connected socket carries both directions. The client shuts down its
// sending side when it has sent all: that is how the server knows the request
// is complete. tcp/client.cpp is the same client with another address. One
// alarm limits all that may wait: a busy server lets its clients wait.

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char timeout_text[PATH_MAX];

static void on_timeout(int) {  // async-signal-safe calls alone
    if (write(STDERR_FILENO, timeout_text, strlen(timeout_text)) == -1)
        _exit(1);
    _exit(1);
}

static int connect_to(const char *path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const int bytes =
        snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (bytes < 1 || bytes >= static_cast<int>(sizeof address.sun_path))
        errx(1, "%s: a socket's path has 1 to %zu bytes", path,
             sizeof address.sun_path - 1);
    const int connection = socket(PF_UNIX, SOCK_STREAM, 0);
    if (connection == -1) err(1, "socket");
    if (connect(connection, reinterpret_cast<const sockaddr *>(&address),
                sizeof address) == -1)
        err(1, "connect %s", path);
    return connection;
}

int main(int argc, char *argv[]) {
    if (argc != 2 && argc != 3) errx(2, "usage: client PATH [MESSAGE]");
    const char *const path = argv[1];
    const std::string_view message =
        argc == 3 ? argv[2] : "hello from a client";

    snprintf(timeout_text, sizeof timeout_text,
             "client: %s: no answer within 10 s\n", path);
    struct sigaction action = {};
    action.sa_handler = on_timeout;
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    if (sigprocmask(SIG_UNBLOCK, &alarms, nullptr) == -1) err(1, "sigprocmask");
    alarm(10);

    const int connection = connect_to(path);
    const ssize_t sent =
        send(connection, message.data(), message.size(), MSG_NOSIGNAL);
    if (sent == -1) err(1, "send to %s", path);
    if (static_cast<size_t>(sent) != message.size())
        errx(1, "send to %s: interrupted", path);
    if (shutdown(connection, SHUT_WR) == -1 &&
        errno != ENOTCONN)  // recv will say why
        err(1, "shutdown %s", path);

    char answer[256];
    size_t length = 0;
    ssize_t got = 0;
    while ((got = recv(connection, answer + length, sizeof answer - length,
                       0)) > 0)
        length += static_cast<size_t>(got);
    if (got == -1) err(1, "receive from %s", path);
    alarm(0);
    if (length == 0)
        errx(1, "receive from %s: end of file before an answer", path);
    if (length == sizeof answer)
        errx(1, "receive from %s: longer than 255 bytes", path);
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
