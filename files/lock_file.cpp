// lock_file - holds a lock file while a command runs
//
// Text:  Lock Files
// Run:   terminal 1: build/files/lock_file http_80 sleep 60
//        terminal 2: cat http_80; build/files/lock_file http_80 echo mine
// See:   terminal 2: 5050 lock_file
//                    lock_file: http_80: held by process 5050
//
// The lock is the name: link() gives it to a finished file, and fails if it is
// taken. Of all that try at the same time, one succeeds. (open() with O_EXCL
// would do as well, but the file would be empty for a moment, and not say whose
// it is.) A holder that is killed leaves its file behind, and who finds it
// cannot just remove it: at that moment it may already belong to the next one.
// So a holder also has flock() on its file, which the kernel drops when the
// last process that has inherited it is gone or has closed it: COMMAND inherits
// it, since what it works on is in use as long as it runs. Only who gets that
// lock, and then still finds the same file under the name, removes it.
//
// Exit status: COMMAND's; 128+n if signal n killed it; 127 if it was not found,
// 126 if it cannot be run; 1 if the lock is held, which the message tells from
// a 1 of COMMAND's.

#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char
    *name;  // the file's name: a temporary one until the lock is ours
static struct stat made;  // the file
static volatile sig_atomic_t command, early = 1;

static bool is_same(const char *path, const struct stat &file) {
    struct stat now = {};
    return lstat(path, &now) == 0 && now.st_ino == file.st_ino &&
           now.st_dev == file.st_dev;
}

static std::string content(pid_t holder) {
    return std::to_string(holder) + " lock_file\n";
}

static void remove_own() {
    if (is_same(name, made) && unlink(name) == -1) warn("unlink %s", name);
}

static void pass_on(int signo, siginfo_t *sender, void *) {
    const int saved = errno;
    // What the terminal sends (with a code above 0) goes to COMMAND as well, if
    // it is there already; but a hangup goes to the terminal's first process
    // alone.
    if ((sender->si_code <= 0 || signo == SIGHUP || early == 1) && command > 0)
        kill(command, signo);
    errno = saved;
}

// The path is taken. Returns true if the file there was a dead holder's, and
// has been removed; false if it may be that others are just doing so. Ends the
// program if it is no lock file, or its holder lives.
static bool remove_stale(const char *path) {
    struct stat file = {};
    char text[32] = "";
    pid_t pid = 0;
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1 && errno == ENOENT) return true;
    if (fd == -1 && errno != ELOOP) err(1, "open %s", path);
    if (fd != -1 && fstat(fd, &file) == -1) err(1, "fstat %s", path);
    if (S_ISREG(file.st_mode) && read(fd, text, sizeof text - 1) == -1)
        err(1, "read %s", path);
    std::from_chars(text, text + sizeof text, pid);
    const std::string expected = content(pid);
    if (pid < 1 || text != expected ||
        file.st_size != static_cast<off_t>(expected.size()))
        errx(1, "%s: is there and is no lock file: left alone", path);

    const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK) err(1, "lock %s", path);
    if (!locked && (kill(pid, 0) == 0 || errno == EPERM))
        errx(1, "%s: held by process %d", path, pid);
    // While we have its lock, nobody else removes this file, or has another in
    // its place.
    if (locked && is_same(path, file) && unlink(path) == -1)
        err(1, "unlink %s", path);
    if (close(fd) == -1) err(1, "close %s", path);
    return locked;
}

int main(int argc, char *argv[]) {
    if (argc < 3) errx(2, "usage: lock_file FILE COMMAND [ARG...]");
    const char *const path = argv[1];
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the lock

    // Held back while there may be a file to remove, or a command that pass_on
    // does not know of.
    sigset_t held, mask;
    sigemptyset(&held);
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        struct sigaction action = {}, earlier = {};
        action.sa_sigaction = pass_on;
        action.sa_flags = SA_SIGINFO | SA_RESTART;
        if (sigaction(signo, nullptr, &earlier) == -1)
            err(1, "sigaction %d", signo);
        if (earlier.sa_handler == SIG_IGN) continue;  // so it is for COMMAND
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
        sigaddset(&held, signo);
    }
    if (sigprocmask(SIG_BLOCK, &held, &mask) == -1) err(1, "sigprocmask");
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
        err(1, "signal SIGCHLD");  // if ignored: no status

    std::string temporary = std::string(path) + ".XXXXXX";
    const int fd =
        mkstemp(temporary.data());  // COMMAND inherits it: no O_CLOEXEC
    if (fd == -1) err(1, "create %s", temporary.c_str());
    name = temporary.c_str();
    if (fstat(fd, &made) == -1) err(1, "fstat %s", name);
    if (atexit(remove_own) != 0) errx(1, "atexit");
    const auto limit = signal(SIGXFSZ, SIG_IGN);  // an error of the write
    if (dprintf(fd, "%s", content(getpid()).c_str()) < 0)
        err(1, "write %s", name);
    if (signal(SIGXFSZ, limit) == SIG_ERR) err(1, "signal SIGXFSZ");
    if (fchmod(fd, 0644) == -1)
        err(1, "fchmod %s", name);  // all may know the holder
    if (flock(fd, LOCK_EX | LOCK_NB) == -1) err(1, "lock %s", name);
    for (int tries = 0; link(name, path) == -1;) {
        if (errno != EEXIST) err(1, "link %s to %s", name, path);
        if (remove_stale(path)) continue;
        if (++tries == 100)
            errx(1,
                 "%s: its holder is dead, but another process still has its "
                 "lock",
                 path);
        if (poll(nullptr, 0, 10) == -1) err(1, "poll");  // ms
    }
    name = path;
    if (unlink(temporary.c_str()) == -1) err(1, "unlink %s", temporary.c_str());

    posix_spawnattr_t attributes;
    pid_t child = 0;
    if ((errno = posix_spawnattr_init(&attributes)) != 0 ||
        (errno = posix_spawnattr_setsigmask(&attributes, &mask)) != 0 ||
        (errno = posix_spawnattr_setflags(&attributes,
                                          POSIX_SPAWN_SETSIGMASK)) != 0 ||
        (errno = posix_spawnp(&child, argv[2], nullptr, &attributes, argv + 2,
                              environ)) != 0)
        err(errno == ENOENT ? 127 : 126, "run %s", argv[2]);
    command = child;
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    early = 0;

    siginfo_t end = {};
    int status = 0;
    if (waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOWAIT) == -1)
        err(1, "waitid");
    command = 0;  // once it has been waited for, its number may become another
                  // process's
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
