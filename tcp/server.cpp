// server - answers each client that connects to its port, in a child process of
// its own
//
// Text:  TCP/IP
// Run:   terminal 1: build/tcp/server 5050
//        terminal 2: build/tcp/client localhost 5050
//        Without -a only this machine can connect. For others: build/tcp/server
//        -a 0.0.0.0 5050, or -a :: for IPv6 as well. Port 0 is any free port;
//        the line tells which.
// See:   terminal 1: listening on 127.0.0.1 port 5050
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// A request is what a client sends until it shuts down its sending side: a
// stream has no messages, only an end. SIGINT or SIGTERM ends the server; a
// client that is being served still gets its answer. domain_sock/server.cpp is
// the same server with another address.

#include <charconv>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static constexpr int most_children = 64;
static volatile sig_atomic_t children;

// What handlers call is async-signal-safe. There is no name that would have to
// be removed.
static void on_stop(int) { _exit(0); }

static void on_child_end(int) {
    const int saved = errno;
    while (waitpid(-1, nullptr, WNOHANG) > 0)
        if (children > 0)
            children = children - 1;  // others may have come through exec
    errno = saved;
}

static void on_timeout(int) {
    const char text[] = "server: a client is dropped: not done within 5 s\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) == -1) _exit(1);
    _exit(1);
}

static void handle(int connection) {
    std::string request;
    char piece[256];
    ssize_t got = 0;
    // It may come in any number of pieces; it is complete at the end of file.
    // One that is too long is read, but not kept: a client that is still
    // sending would not read the answer.
    while ((got = recv(connection, piece, sizeof piece, 0)) > 0)
        if (request.size() < 256)
            request.append(piece, static_cast<size_t>(got));
    if (got == -1) err(1, "receive a request");
    const bool too_long = request.size() > 255;
    if (!too_long) {
        printf("message from client: ");
        for (const char c : request)  // control characters are shown, not sent
            printf(isprint(c & 0xff) != 0 ? "%c" : "\\x%02x", c & 0xff);
        printf("\n");
        if (ferror(stdout) != 0 || fflush(stdout) != 0)
            err(1, "write standard output");
    }
    const char *const answer =
        too_long ? "refused: longer than 255 bytes" : "hello from server";
    if (send(connection, answer, strlen(answer), MSG_NOSIGNAL) == -1)
        err(1, "send an answer");
    if (close(connection) == -1) err(1, "close the connection");
}

static int open_listener(const char *host, const char *port) {
    addrinfo hints = {}, *found = nullptr;
    hints.ai_flags =
        AI_NUMERICHOST | AI_NUMERICSERV;  // an address of this machine, no name
    hints.ai_socktype = SOCK_STREAM;
    const int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0) errx(1, "address %s: %s", host, gai_strerror(error));
    const int listener =
        socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (listener == -1) err(1, "socket");
    // A server that is started again gets its port, though connections of the
    // last one still linger.
    const int on = 1;
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        err(1, "setsockopt SO_REUSEADDR");
    const int off =
        0;  // at ::, take IPv4 as well, whatever the system's default
    if (found->ai_family == AF_INET6 &&
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == -1)
        err(1, "setsockopt IPV6_V6ONLY");
    if (bind(listener, found->ai_addr, found->ai_addrlen) == -1)
        err(1, "bind %s port %s", host, port);
    freeaddrinfo(found);
    if (listen(listener, SOMAXCONN) == -1)
        err(1, "listen %s port %s", host, port);
    return listener;
}

// The port that the listener really has.
static void print_address(int listener) {
    sockaddr_storage own = {};
    socklen_t size = sizeof own;
    auto *const address = reinterpret_cast<sockaddr *>(&own);
    if (getsockname(listener, address, &size) == -1) err(1, "getsockname");
    char host[NI_MAXHOST], port[NI_MAXSERV];
    const int error = getnameinfo(address, size, host, sizeof host, port,
                                  sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    if (error != 0) errx(1, "getnameinfo: %s", gai_strerror(error));
    printf("listening on %s port %s\n", host, port);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}

int main(int argc, char *argv[]) {
    const bool chosen = argc == 4 && strcmp(argv[1], "-a") == 0;
    if (argc != 2 && !chosen) errx(2, "usage: server [-a ADDRESS] PORT");
    const char *const address = chosen ? argv[2] : "127.0.0.1",
                      *const port = argv[argc - 1];
    uint16_t number = 0;
    const auto [rest, error] =
        std::from_chars(port, port + strlen(port), number);
    if (error != std::errc{} || *rest != '\0')
        errx(2, "%s: not a number from 0 to 65535", port);

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the socket

    sigset_t held, none;  // held: for the time of fork(), so that no handler
                          // finds it half done
    sigemptyset(&held);
    sigemptyset(&none);
    struct sigaction action = {}, earlier = {};
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD}) {
        action.sa_handler = signo == SIGCHLD ? on_child_end : on_stop;
        if (sigaction(signo, nullptr, &earlier) == -1)
            err(1, "sigaction %d", signo);
        if (earlier.sa_handler == SIG_IGN && signo != SIGCHLD)
            continue;  // by nohup(1), or by &
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
        sigaddset(&held, signo);
    }
    if (sigprocmask(SIG_SETMASK, &none, nullptr) == -1) err(1, "sigprocmask");
    const int listener = open_listener(address, port);

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);
    print_address(listener);

    for (;;) {
        const int connection = accept(listener, nullptr, nullptr);
        if (connection == -1) {
            if (errno == EINTR) continue;
            if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)
                err(1, "accept");
            const bool gone =
                errno == ECONNABORTED;  // the client; else something is short
            warn("accept");
            if (!gone) sleep(1);  // or until a child ends
            continue;
        }
        if (sigprocmask(SIG_SETMASK, &held, nullptr) == -1)
            err(1, "sigprocmask");
        const pid_t child = fork();
        if (child == 0) {
            // The signals stay held back. The alarm limits the whole
            // conversation.
            action.sa_handler = on_timeout;
            if (sigaction(SIGALRM, &action, nullptr) == -1)
                err(1, "sigaction SIGALRM");
            alarm(5);
            if (close(listener) == -1) err(1, "close the listener");
            handle(connection);
            return 0;
        }
        if (child == -1) warn("fork");  // this client gets no answer
        if (child != -1) children = children + 1;
        if (close(connection) == -1) err(1, "close the connection");
        while (children >= most_children)
            sigsuspend(&none);  // the rest wait in the queue
        if (sigprocmask(SIG_SETMASK, &none, nullptr) == -1)
            err(1, "sigprocmask");
    }
}
