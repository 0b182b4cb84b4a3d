// client - sends a request to the server's FIFO and reads the answer from a FIFO of its own
//
// Text:  Named Pipe Uses (client-server designs); Named Pipe Atomicity
// Run:   terminal 1: build/fifo/server requests
//        terminal 2: build/fifo/client requests
// See:   terminal 1: listening on requests
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// Its own FIFO, "requests.PID", is made and opened before the request goes out, so that the server
// finds a reader there. Everything that can wait for the server is bounded by one alarm. The client
// removes its FIFO when it ends, also when an error or a signal from the terminal ends it.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

static char own_name[PATH_MAX];  // no std::string, whose destructor could come before a signal
static volatile sig_atomic_t own_name_exists;

static void remove_own() {
    if (own_name_exists == 1) unlink(own_name);
    own_name_exists = 0;
}

static void give_up(int signo) {  // async-signal-safe calls alone
    remove_own();
    if (signo != SIGALRM) {
        signal(signo, SIG_DFL);
        raise(signo);  // on return from here it ends the client, which so shows what ended it
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
        errx(2, "message: makes a request of %zu bytes, and at most %d are written as one",
             request.size(), PIPE_BUF);

    // A FIFO must not be given 0, 1 or 2: it would be written to, and read, in their place.
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1) err(1, "standard descriptor %d", fd);

    // Held back until the handler knows what to remove: no signal leaves the FIFO behind.
    const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM};
    sigset_t held;
    sigemptyset(&held);
    for (const int signo : ends) sigaddset(&held, signo);
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) err(1, "ignore SIGPIPE");

    // Without O_NONBLOCK, open would wait for a server; with it, ENXIO says that there is none.
    const int requests = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (requests == -1 && errno == ENXIO) errx(1, "open %s: no server reads it", path);
    if (requests == -1) err(1, "open %s", path);
    struct stat file = {};
    if (fstat(requests, &file) == -1) err(1, "fstat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);
    if (fcntl(requests, F_SETFL, O_WRONLY) == -1) err(1, "fcntl %s", path);

    const int length = snprintf(own_name, sizeof own_name, "%s.%s", path, pid.c_str());
    if (length >= static_cast<int>(sizeof own_name)) errx(1, "%s: too long", path);
    if (mkfifo(own_name, 0600) == -1) err(1, "mkfifo %s", own_name);
    own_name_exists = 1;
    if (atexit(remove_own) != 0) errx(1, "atexit");
    struct sigaction action = {};
    action.sa_handler = give_up;
    for (const int signo : ends)
        if (sigaction(signo, &action, nullptr) == -1) err(1, "sigaction %d", signo);
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    alarm(5);

    const int answers = open(own_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (answers == -1) err(1, "open %s", own_name);
    if (write(requests, request.data(), request.size()) == -1) err(1, "write %s", path);

    pollfd waiting = {answers, POLLIN, 0};
    if (poll(&waiting, 1, -1) == -1) err(1, "poll %s", own_name);
    char answer[PIPE_BUF];
    const ssize_t got = read(answers, answer, sizeof answer);
    if (got == -1) err(1, "read %s", own_name);
    if (got == 0) errx(1, "read %s: end of file before an answer", own_name);
    alarm(0);
    own_name_exists = 0;
    if (unlink(own_name) == -1) err(1, "unlink %s", own_name);
    printf("message from server: %.*s", static_cast<int>(got), answer);
    if (ferror(stdout) != 0 || fflush(stdout) != 0) err(1, "write standard output");
}
