// as_file - lets a program that wants a file read what another program writes
//
// Text:  Named Pipe Uses
// Run:   gzip -c README.md > readme.gz
//        build/fifo/as_file gzip -dc readme.gz -- wc -l {}
// See:   the number of lines and the FIFO's name, then how both programs ended
// Run:   build/fifo/as_file cat README.md -- perl -e 'open F,shift; <F>; seek
// F,-9,2 or die $!' {} See:   Illegal seek, the text of ESPIPE
//
// PRODUCER writes into a FIFO whose path stands in CONSUMER's arguments in
// place of {}. That serves a program that reads its file once, from front to
// back, and not one that seeks. The name is removed once both ends are open, so
// a second open fails and does not wait for ever. Exit status: the consumer's;
// if that is 0, the producer's, unless SIGPIPE has ended that one.

#include <algorithm>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

static char path[PATH_MAX];  // no std::string, whose destructor could come
                             // before a signal
static volatile sig_atomic_t name_exists, stopped, consumer, producer,
    unread_end = -1;

static void remove_name() {
    if (name_exists == 1) unlink(path);
    name_exists = 0;
}

// A consumer may end without opening the FIFO, and main's open would wait for
// ever. This opens the other end, so that main's open returns, whether it is
// already waiting or still to come.
static void on_child(int) {
    const int saved = errno;
    siginfo_t end = {};
    if (waitid(P_PID, static_cast<id_t>(consumer), &end,
               WEXITED | WNOHANG | WNOWAIT) == 0 &&
        end.si_pid != 0 && unread_end == -1)
        unread_end = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    errno = saved;
}

static void pass_on(int signo) {  // to both programs; main then sees them end
    const int saved = errno;
    stopped = 1;
    if (consumer > 0) kill(consumer, signo);
    if (producer > 0) kill(producer, signo);
    errno = saved;
}

static void handle(int signo, void (*handler)(int)) {
    struct sigaction action = {}, earlier = {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    if (sigaction(signo, nullptr, &earlier) == -1)
        err(1, "sigaction %d", signo);
    if (earlier.sa_handler == SIG_IGN && signo != SIGCHLD)
        return;  // it is nohup's to ignore
    if (sigaction(signo, &action, nullptr) == -1) err(1, "sigaction %d", signo);
}

static pid_t start(char *command[], int output, const sigset_t &mask) {
    const pid_t child = fork();
    if (child == -1) err(1, "fork for %s", command[0]);
    if (child > 0) return child;
    for (const int signo :
         {SIGHUP, SIGINT, SIGQUIT, SIGTERM})  // before one comes through
        if (signal(signo, SIG_DFL) == SIG_IGN) signal(signo, SIG_IGN);
    if (dup2(output, STDOUT_FILENO) != -1 &&
        sigprocmask(SIG_SETMASK, &mask, nullptr) != -1)
        execvp(command[0], command);
    const int status = errno == ENOENT ? 127 : 126;
    warn("run %s", command[0]);
    _exit(status);  // not exit, which would remove the name
}

// Waits for the child, says how it ended, and returns the status that a shell
// would have for it.
static int end_of(const char *name, volatile sig_atomic_t &child) {
    const id_t pid = static_cast<id_t>(child);
    siginfo_t end = {};
    if (waitid(P_PID, pid, &end, WEXITED | WNOWAIT) == -1)
        err(1, "waitid for %s", name);
    child = 0;  // once it has been waited for, its number may become another
                // process's
    if (waitid(P_PID, pid, &end, WEXITED) == -1) err(1, "waitid for %s", name);
    const bool killed = end.si_code != CLD_EXITED;
    warnx("%s: %s %d", name, killed ? "killed by signal" : "exit status",
          end.si_status);
    return killed ? 128 + end.si_status : end.si_status;
}

int main(int argc, char *argv[]) {
    char **const end = argv + argc;
    char **const dashes = std::find(argv, end, std::string_view("--"));
    const bool has_place =
        std::any_of(dashes, end, [](char *word) { return strstr(word, "{}"); });
    if (dashes == argv + 1 || !has_place)
        errx(2, "usage: as_file PRODUCER [ARG...] -- CONSUMER [ARG...], with "
                "{} in an ARG");

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the FIFO

    const char *directory = getenv("TMPDIR");
    const int length =
        snprintf(path, sizeof path, "%s/as_file.%d",
                 directory && *directory ? directory : "/tmp", getpid());
    if (length >= static_cast<int>(sizeof path)) errx(1, "TMPDIR: too long");
    std::vector<std::string> words(dashes + 1, end);
    std::vector<char *> reading;
    for (std::string &word : words) {
        for (size_t at = 0; (at = word.find("{}", at)) != word.npos;
             at += strlen(path))
            word.replace(at, 2, path);
        reading.push_back(word.data());
    }
    reading.push_back(nullptr);
    char **const writing = argv + 1;
    *dashes = nullptr;

    // Signals wait while there is a name or a child that the handlers do not
    // know of yet.
    sigset_t held, mask;
    sigemptyset(&held);
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD})
        sigaddset(&held, signo);
    if (sigprocmask(SIG_BLOCK, &held, &mask) == -1) err(1, "sigprocmask");
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM})
        handle(signo, pass_on);
    handle(SIGCHLD, on_child);

    if (mkfifo(path, 0600) == -1) err(1, "mkfifo %s", path);
    name_exists = 1;
    if (atexit(remove_name) != 0) errx(1, "atexit");
    consumer = start(reading.data(), STDOUT_FILENO, mask);
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");

    int fifo = -1;  // open waits for the consumer's open; not every system
                    // restarts it by itself
    do fifo = open(path, O_WRONLY | O_CLOEXEC);
    while (fifo == -1 && errno == EINTR);
    if (fifo == -1) err(1, "open %s", path);
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR) err(1, "signal SIGCHLD");
    name_exists = 0;
    if (unlink(path) == -1) err(1, "unlink %s", path);
    if (unread_end == -1 && stopped == 0)
        producer = start(writing, fifo, mask);
    else
        warnx("%s: not run, the consumer has ended", writing[0]);
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    if (close(fifo) == -1) err(1, "close %s", path);

    const int read = end_of(reading[0], consumer);
    const int written = producer != 0 ? end_of(writing[0], producer) : 0;
    return read != 0 || written == 128 + SIGPIPE ? read : written;
}
