// client - sends a request to the server's FIFO and reads the answer from a
// FIFO of its own
//
// Text:  Named Pipe Uses (client-server designs); Named Pipe Atomicity
// Run:   terminal 1: build/fifo/server requests
//        terminal 2: build/fifo/client requests
// See:   terminal 1: listening on requests
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// Its own FIFO, "requests.PID", is made and opened before the request goes out,
// so that the server finds a reader there. Everything that can wait for the
// server is bounded by one alarm. The client removes its FIFO when it ends,
// also when an error or a signal from the terminal ends it.

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

static char own_name[PATH_MAX];  // no std::string, whose destructor could come
                                 // before a signal
static struct stat
    made;  // the FIFO of that name, once it is there; else all zero

static int remove_own() {
    struct stat now = {};
    if (lstat(own_name, &now) == -1 || now.st_ino != made.st_ino ||
        now.st_dev != made.st_dev)
        return 0;
    return unlink(own_name);
}

static void on_stop(int signo) {  // async-signal-safe calls alone
    remove_own();
    if (signo != SIGALRM) {
        signal(signo, SIG_DFL);
        raise(signo);  // on return from here it ends the client, which so shows
                       // what ended it
        return;
    }
    const char text[] = "client: no answer within 5 s\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) == -1) _exit(1);
    _exit(1);
}

int main(int argc, char *argv[]) {
    if (argc != 2 && argc != 3) errx(2, "usage: client FIFO [MESSAGE]");
    const char *path = argv[1];
    const std::string message = argc == 3 ? argv[2] : "hello from a client";
    const std::string pid = std::to_string(getpid());
    const std::string request = "\n" + pid + " " + message + "\n";
    if (message.find('\n') != message.npos) errx(2, "message: holds a newline");
    if (request.size() > PIPE_BUF)
        errx(2,
             "message: makes a request of %zu bytes, and at most %d are "
             "written as one",
             request.size(), PIPE_BUF);

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for a FIFO

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    // Held back until the handler knows what to remove: no signal leaves the
    // FIFO behind.
    sigset_t held;
    sigemptyset(&held);
    struct sigaction action = {}, earlier = {};
    action.sa_handler = on_stop;
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM}) {
        if (sigaction(signo, nullptr, &earlier) == -1)
            err(1, "sigaction %d", signo);
        if (earlier.sa_handler == SIG_IGN && signo != SIGALRM)
            continue;  // by nohup(1), or by &
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
        sigaddset(&held, signo);
    }
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");

    // Without O_NONBLOCK, open would wait for a server; with it, ENXIO says
    // that there is none.
    const int requests = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (requests == -1 && errno == ENXIO)
        errx(1, "open %s: no server reads it", path);
    if (requests == -1) err(1, "open %s", path);
    struct stat file = {};
    if (fstat(requests, &file) == -1) err(1, "fstat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);
    if (fcntl(requests, F_SETFL, O_WRONLY) == -1) err(1, "fcntl %s", path);

    const int length =
        snprintf(own_name, sizeof own_name, "%s.%s", path, pid.c_str());
    if (length >= static_cast<int>(sizeof own_name))
        errx(1, "%s: too long", path);
    if (mkfifo(own_name, 0600) == -1) err(1, "mkfifo %s", own_name);
    if (lstat(own_name, &made) == -1) err(1, "lstat %s", own_name);
    if (!S_ISFIFO(made.st_mode))
        errx(1, "open %s: is not the FIFO any more", own_name);
    if (atexit([] { remove_own(); }) != 0) errx(1, "atexit");
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    alarm(5);

    const int answers = open(own_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (answers == -1) err(1, "open %s", own_name);
    if (fstat(answers, &file) == -1) err(1, "fstat %s", own_name);
    if (file.st_ino != made.st_ino || file.st_dev != made.st_dev)
        errx(1, "open %s: is not the FIFO any more", own_name);
    if (write(requests, request.data(), request.size()) == -1)
        err(1, "write %s", path);

    pollfd waiting = {answers, POLLIN, 0};
    if (poll(&waiting, 1, -1) == -1) err(1, "poll %s", own_name);
    char answer[PIPE_BUF];
    const ssize_t got = read(answers, answer, sizeof answer);
    if (got == -1) err(1, "read %s", own_name);
    if (got == 0) errx(1, "read %s: end of file before an answer", own_name);
    alarm(0);
    const bool left = remove_own() == -1;
    if (left) warn("unlink %s", own_name);
    printf("message from server: ");
    std::string_view text(answer, static_cast<size_t>(got));
    if (text.ends_with('\n')) text.remove_suffix(1);
    for (const char c : text)  // control characters are shown, not sent
        printf(isprint(c & 0xff) != 0 ? "%c" : "\\x%02x", c & 0xff);
    printf("\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    return left ? 1 : 0;
}
