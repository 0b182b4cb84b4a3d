// as_file - lets a program that wants a file read what another program writes
//
// Text:  Named Pipe Uses
// Run:   gzip -c README.md > readme.gz
//        build/fifo/as_file gzip -dc readme.gz -- wc -l {}
// See:   the number of lines and the FIFO's name, then how both programs ended
// Run:   build/fifo/as_file cat README.md -- perl -e 'open F, shift; <F>; seek F, -9, 2 or die $!'
// {} See:   Illegal seek, the text of ESPIPE
//
// PRODUCER writes into a FIFO whose path stands in CONSUMER's arguments in place of {}. That serves
// a program that reads its file once, from front to back, and not one that seeks. The name is
// removed once both ends are open, so a second open fails and does not wait for ever.
// Exit status: the consumer's; where that is 0, the producer's, unless the consumer had read enough
// (SIGPIPE).

#include <algorithm>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

static std::string path;  // complete before the first handler can run
static volatile sig_atomic_t consumer, producer, unread_end = -1;

static void remove_name() { unlink(path.c_str()); }

// A consumer may end without opening the FIFO, and main's open would wait for ever. This opens the
// other end, so that main's open returns, whether it is already waiting or still to come.
static void on_child(int) {
    const int saved = errno;
    siginfo_t end = {};
    if (waitid(P_PID, static_cast<id_t>(consumer), &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        end.si_pid != 0 && unread_end == -1)
        unread_end = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    errno = saved;
}

// What is to end us is passed on to both programs; main then sees them end.
static void pass_on(int signo) {
    const int saved = errno;
    if (consumer > 0) kill(consumer, signo);
    if (producer > 0) kill(producer, signo);
    errno = saved;
}

static void handle(int signo, void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    if (sigaction(signo, &action, nullptr) == -1) err(1, "sigaction %d", signo);
}

static pid_t start(char *command[], int output, const sigset_t &mask) {
    const pid_t child = fork();
    if (child == -1) err(1, "fork for %s", command[0]);
    if (child > 0) return child;
    if (dup2(output, STDOUT_FILENO) != -1 && sigprocmask(SIG_SETMASK, &mask, nullptr) != -1)
        execvp(command[0], command);
    const int status = errno == ENOENT ? 127 : 126;
    warn("run %s", command[0]);
    _exit(status);  // not exit, which would remove the name
}

// Waits for the child, says how it ended, and returns the status that a shell would have for it.
static int end_of(const char *name, volatile sig_atomic_t &child) {
    const pid_t pid = child;
    siginfo_t end = {};
    if (waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT) == -1)
        err(1, "waitid for %s", name);
    child = 0;  // once it has been waited for, its number may become another process's
    int status = 0;
    if (waitpid(pid, &status, 0) == -1) err(1, "waitpid for %s", name);
    if (WIFSIGNALED(status))
        warnx("%s: killed by signal %d", name, WTERMSIG(status));
    else
        warnx("%s: exit status %d", name, WEXITSTATUS(status));
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char *argv[]) {
    char **const end = argv + argc;
    char **const dashes = std::find(argv, end, std::string_view("--"));
    const bool has_place = std::any_of(dashes, end, [](char *word) { return strstr(word, "{}"); });
    if (dashes == argv + 1 || !has_place)
        errx(2, "usage: as_file PRODUCER [ARG...] -- CONSUMER [ARG...], with {} in an ARG");

    const char *directory = getenv("TMPDIR");
    path = std::string(directory && *directory ? directory : "/tmp") + "/as_file." +
           std::to_string(getpid());
    std::vector<std::string> words(dashes + 1, end);
    std::vector<char *> reading;
    for (std::string &word : words) {
        for (size_t at = 0; (at = word.find("{}", at)) != word.npos; at += path.size())
            word.replace(at, 2, path);
        reading.push_back(word.data());
    }
    reading.push_back(nullptr);
    *dashes = nullptr;
    char **const writing = argv + 1;

    // Signals wait while there is a name or a child that the handlers do not know of yet.
    sigset_t held, mask;
    sigemptyset(&held);
    for (const int signo : {SIGHUP, SIGINT, SIGTERM, SIGCHLD}) sigaddset(&held, signo);
    if (sigprocmask(SIG_BLOCK, &held, &mask) == -1) err(1, "sigprocmask");
    if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
        handle(SIGHUP, pass_on);  // else it is nohup's to ignore
    handle(SIGINT, pass_on);
    handle(SIGTERM, pass_on);
    handle(SIGCHLD, on_child);

    if (mkfifo(path.c_str(), 0600) == -1) err(1, "mkfifo %s", path.c_str());
    if (atexit(remove_name) != 0) errx(1, "atexit");
    consumer = start(reading.data(), STDOUT_FILENO, mask);
    if (sigprocmask(SIG_SETMASK, &mask, nullptr) == -1) err(1, "sigprocmask");

    const int fifo = open(path.c_str(), O_WRONLY | O_CLOEXEC);  // waits for the consumer's open
    if (fifo == -1) err(1, "open %s", path.c_str());
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR) err(1, "signal SIGCHLD");
    if (unlink(path.c_str()) == -1) err(1, "unlink %s", path.c_str());
    if (unread_end == -1)
        producer = start(writing, fifo, mask);
    else
        warnx("%s: not run, the consumer has ended already", writing[0]);
    if (sigprocmask(SIG_SETMASK, &mask, nullptr) == -1) err(1, "sigprocmask");
    if (close(fifo) == -1) err(1, "close %s", path.c_str());

    const int read = end_of(reading[0], consumer);
    const int written = producer != 0 ? end_of(writing[0], producer) : 0;
    return read != 0 || written == 128 + SIGPIPE ? read : written;
}
