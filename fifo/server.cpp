// server - takes requests from a well-known FIFO, answers each client through
// the client's own FIFO
//
// Text:  Named Pipe Uses (client-server designs); Named Pipe Atomicity
// Run:   terminal 1: build/fifo/server requests
//        terminal 2: build/fifo/client requests
// See:   terminal 1: listening on requests
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// A request is one line, "PID MESSAGE", in one write of at most PIPE_BUF bytes,
// so that the requests of many clients never mix; a newline before it ends
// whatever a broken client may have left there. The answer goes to the FIFO
// "requests.PID", which the client has opened before it asks: opened without
// waiting, it fails at once if the client is gone, and a client that never
// reads cannot stop the server. SIGINT or SIGTERM ends it, and it removes the
// FIFO if it has made it: one that was there before stays.

#include <charconv>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path;
static struct stat
    made;  // the FIFO, where this server has made it; else all zero

static void remove_own() {
    struct stat now = {};
    if (lstat(path, &now) == -1 || now.st_ino != made.st_ino ||
        now.st_dev != made.st_dev)
        return;
    unlink(path);
}

// Ends the server wherever it is, be it in a write that nobody reads. lstat,
// unlink and _exit are async-signal-safe.
static void on_stop(int) {
    remove_own();
    _exit(0);
}

static int open_requests() {
    const bool new_name = mkfifo(path, 0600) == 0;
    if (!new_name && errno != EEXIST) err(1, "mkfifo %s", path);
    const int fifo = open(path, O_RDONLY | O_NONBLOCK |
                                    O_CLOEXEC);  // does not wait for a client
    if (fifo == -1) err(1, "open %s", path);
    struct stat file = {};
    if (fstat(fifo, &file) == -1) err(1, "fstat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);
    if (new_name) made = file;
    // The lock ends with its process: a FIFO that a killed server has left can
    // be used again.
    if (flock(fifo, LOCK_EX | LOCK_NB) == -1) {
        if (errno != EWOULDBLOCK) err(1, "lock %s", path);
        made = {};  // whoever made it, it is the other server's now
        errx(1, "lock %s: another server reads it", path);
    }
    // With a write end of its own, the server never meets end of file between
    // two clients.
    const int own_end = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat same = {};
    if (own_end == -1 || fstat(own_end, &same) == -1)
        err(1, "open %s for writing", path);
    if (same.st_ino != file.st_ino || same.st_dev != file.st_dev)
        errx(1, "open %s: replaced by another file", path);
    if (fcntl(fifo, F_SETFL, O_RDONLY) == -1)
        err(1, "fcntl %s", path);  // from now on, read waits
    return fifo;
}

static void answer(pid_t client) {
    constexpr std::string_view text = "hello from server\n";
    const std::string name = std::string(path) + "." + std::to_string(client);
    const int fifo =
        open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fifo == -1) {
        warn("answer: open %s", name.c_str());
        return;
    }
    struct stat file = {};
    if (fstat(fifo, &file) == -1 || !S_ISFIFO(file.st_mode))
        warnx("answer: %s: not a FIFO", name.c_str());
    else if (write(fifo, text.data(), text.size()) ==
             -1)  // all or nothing, up to PIPE_BUF
        warn("answer: write %s", name.c_str());
    if (close(fifo) == -1) warn("answer: close %s", name.c_str());
}

static void serve(std::string_view request) {
    pid_t client = 0;
    const char *const end = request.data() + request.size();
    const auto [rest, error] = std::from_chars(request.data(), end, client);
    if (error != std::errc{} || client <= 0 || rest == end || *rest != ' ' ||
        request.size() >= PIPE_BUF) {
        warnx("request ignored: not \"PID MESSAGE\" of less than %d bytes",
              PIPE_BUF);
        return;
    }
    printf("message from client: ");
    for (const char c : std::string_view(
             rest + 1, end))  // control characters are shown, not sent
        printf(isprint(c & 0xff) != 0 ? "%c" : "\\x%02x", c & 0xff);
    printf("\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    answer(client);
}

int main(int argc, char *argv[]) {
    if (argc != 2) errx(2, "usage: server FIFO");
    path = argv[1];

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for a FIFO

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    // Held back while the FIFO may be there and the handler not know of it.
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
    const int fifo = open_requests();
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");

    printf("listening on %s\n", path);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");

    std::string
        pending;  // the beginning of a request whose newline has not come yet
    for (;;) {
        char buffer[PIPE_BUF];
        const ssize_t got = read(fifo, buffer, sizeof buffer);
        if (got == -1) {
            if (errno == EINTR) continue;
            err(1, "read %s", path);
        }
        for (const char c :
             std::string_view(buffer, static_cast<size_t>(got))) {
            if (c != '\n' && pending.size() < PIPE_BUF)
                pending += c;  // a longer one is ignored
            if (c != '\n') continue;
            if (!pending.empty()) serve(pending);
            pending.clear();
        }
    }
}
