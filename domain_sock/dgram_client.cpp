// dgram_client - sends each of its arguments as a datagram, and reads the
// server's answers
//
// Text:  Domain Sockets (stream or datagram communication)
// Run:   terminal 1: build/domain_sock/dgram_server socket
//        terminal 2: build/domain_sock/dgram_client socket one two three
// See:   terminal 1: listening on socket
//                    message from client: one, two and three, each on a line of
//                    its own
//        terminal 2: message from server: hello from server, three times
//
// To get an answer, the client must have a name, too: the server's with its
// pid. It removes that name when it ends, also when an error or a signal from
// the terminal ends it. The server looks for the name from the directory that
// it runs in: in another one, give the whole path, from / on.

#include <algorithm>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static sockaddr_un own;  // the client's own name
static struct stat
    made;  // what that name stands for, once it is there; else all zero

static int remove_own() {
    struct stat now = {};
    if (lstat(own.sun_path, &now) == -1 || now.st_ino != made.st_ino ||
        now.st_dev != made.st_dev)
        return 0;
    return unlink(own.sun_path);
}

static void on_stop(int signo) {  // async-signal-safe calls alone
    remove_own();
    if (signo != SIGALRM) {
        signal(signo, SIG_DFL);
        raise(signo);  // on return from here it ends the client, so that its
                       // exit status shows what
        return;
    }
    const char text[] = "dgram_client: not all answers within 5 s\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) == -1) _exit(1);
    _exit(1);
}

// Returns whether the server has refused.
static bool receive_answer(int client, const char *path) {
    char answer[256];
    const ssize_t length = recv(client, answer, sizeof answer, 0);
    if (length == -1) err(1, "receive from %s", path);
    printf("message from server: ");
    for (const char c : std::string_view(
             answer, static_cast<size_t>(
                         length)))  // control characters are shown, not sent
        printf(isprint(c & 0xff) != 0 ? "%c" : "\\x%02x", c & 0xff);
    printf("\n");
    return std::string_view(answer, static_cast<size_t>(length)) ==
           "refused: longer than 255 bytes";
}

int main(int argc, char *argv[]) {
    if (argc < 2) errx(2, "usage: dgram_client PATH [MESSAGE...]");
    const char *path = argv[1];
    char hello[] = "hello from a client", *defaults[] = {hello};
    char **const messages = argc > 2 ? argv + 2 : defaults;
    const int count = std::max(argc - 2, 1);

    sockaddr_un address = {};
    address.sun_family = own.sun_family = AF_UNIX;
    const int length =
        snprintf(own.sun_path, sizeof own.sun_path, "%s.%d", path, getpid());
    if (*path == '\0' || length >= static_cast<int>(sizeof own.sun_path))
        errx(1, "%s: with a pid behind it, a socket's path has 3 to %zu bytes",
             path, sizeof own.sun_path - 1);
    snprintf(address.sun_path, sizeof address.sun_path, "%s",
             path);  // shorter than own

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the socket

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    // Held back until the handler knows what to remove: no signal leaves the
    // name behind.
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
    if (atexit([] { remove_own(); }) != 0) errx(1, "atexit");
    const int client = socket(PF_UNIX, SOCK_DGRAM, 0);
    if (client == -1) err(1, "socket");
    umask(0177);  // only this user may send
    if (bind(client, reinterpret_cast<const sockaddr *>(&own), sizeof own) ==
        -1)
        err(1, "bind %s", own.sun_path);
    if (lstat(own.sun_path, &made) == -1) err(1, "lstat %s", own.sun_path);
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    alarm(5);

    // Connected, it can be sent to by the server alone.
    if (connect(client, reinterpret_cast<const sockaddr *>(&address),
                sizeof address) == -1)
        err(1, "connect %s", path);
    // At most 3 answers are under way: the kernel does not keep many that
    // nobody has read yet.
    bool refused = false;
    int answers = 0;
    for (int i = 0; i < count; ++i) {
        if (send(client, messages[i], strlen(messages[i]), MSG_NOSIGNAL) == -1)
            err(1, "send to %s", path);
        if (i - answers < 2) continue;
        refused |= receive_answer(client, path);
        ++answers;
    }
    for (; answers < count; ++answers) refused |= receive_answer(client, path);
    alarm(0);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    if (close(client) == -1) err(1, "close %s", path);
    if (remove_own() == -1) err(1, "unlink %s", own.sun_path);
    if (refused) errx(1, "the server has refused a message");
}
