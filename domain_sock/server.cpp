// server - answers each client that connects to its socket, in a child process
// of its own
//
// Text:  Domain Sockets, Domain Socket Example (domainsocketserver.c,
// domainsocketserverhandler.c);
//        Submodule Domain Socket Example (domain_sock/server.c)
// Run:   terminal 1: build/domain_sock/server socket
//        terminal 2: build/domain_sock/client socket
// See:   terminal 1: listening on socket
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// A request is what a client sends until it shuts down its sending side: a
// stream has no messages, only an end. SIGINT or SIGTERM ends the server, which
// removes its socket; a client that is being served still gets its answer.
// tcp/server.cpp is the same server with another address.

#include "stale_socket.hpp"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static constexpr int most_children = 64;
static volatile sig_atomic_t children;
static const char *path;
static struct stat
    made;  // the socket, where this process is to remove it; else all zero

static void remove_own() {
    struct stat now = {};
    if (lstat(path, &now) == -1 || now.st_ino != made.st_ino ||
        now.st_dev != made.st_dev)
        return;
    unlink(path);
}

static void
on_stop(int) {  // this and all that follows in handlers is async-signal-safe
    remove_own();
    _exit(0);
}

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

static int open_listener(const sockaddr_un &name) {
    const int listener = socket(PF_UNIX, SOCK_STREAM, 0);
    if (listener == -1) err(1, "socket");
    umask(0177);  // only this user may connect
    if (bind(listener, reinterpret_cast<const sockaddr *>(&name),
             sizeof name) == -1)
        err(1, "bind %s", path);
    if (lstat(path, &made) == -1) err(1, "lstat %s", path);
    if (listen(listener, SOMAXCONN) == -1) err(1, "listen %s", path);
    return listener;
}

int main(int argc, char *argv[]) {
    if (argc != 2) errx(2, "usage: server PATH");
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
    sigset_t held,
        none;  // held: so that no handler finds a name, or a fork(), half done
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
    if (sigprocmask(SIG_SETMASK, &held, nullptr) == -1) err(1, "sigprocmask");
    if (atexit(remove_own) != 0) errx(1, "atexit");
    const int listener = open_listener(name);
    if (close(turn) == -1) err(1, "close the directory of %s", path);

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);
    if (sigprocmask(SIG_SETMASK, &none, nullptr) == -1) err(1, "sigprocmask");
    printf("listening on %s\n", path);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");

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
            made = {};  // the socket is the parent's
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
