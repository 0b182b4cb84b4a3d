// state - a counter in a file that survives whatever happens to the program
//
// Text:  Files as IPC (persistent state)
// Run:   build/files/state counter; build/files/state counter; cat counter
// See:   1
//        2
//        2
//
// A program that overwrites its file can be killed, or find the disk full,
// half-way; then neither the old number is there nor the new one. So the new
// number goes into a file of its own, .FILE.state-new, is brought to the disk
// by fsync(), and takes the name by rename(), which is atomic: who opens FILE
// finds the old number or the new one. The number is printed when the
// directory, too, is on the disk. A lock on the directory, which ends with the
// process, lets one run at a time count there; a lock on FILE would be one on
// the old file, which rename() replaces. What a killed run has left, the next
// one removes. Another user's file is left alone, but by root, who leaves it
// its owner; so is a symbolic link.

#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *made;  // the temporary file, while there is one of ours

static void remove_own() {
    if (made != nullptr && unlink(made) == -1) warn("unlink %s", made);
}

static void on_alarm(int) {
    const char text[] = "state: another process has the directory locked; "
                        "Ctrl-C ends the wait\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) == -1) return;
}

// What the file holds, or its first bytes, and what else there is of it; "0\n"
// if there is none.
static std::string read_file(const char *path, struct stat &file) {
    const int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1 && errno == ENOENT) return "0\n";
    if (fd == -1) err(1, "open %s", path);
    if (fstat(fd, &file) == -1) err(1, "fstat %s", path);
    if (!S_ISREG(file.st_mode))
        errx(1, "%s: not a regular file: left alone", path);
    char text[32];
    const ssize_t size = read(fd, text, sizeof text);
    if (size == -1) err(1, "read %s", path);
    if (close(fd) == -1) err(1, "close %s", path);
    return std::string(text, static_cast<size_t>(size));
}

int main(int argc, char *argv[]) {
    if (argc != 2) errx(2, "usage: state FILE");
    const char *const path = argv[1];
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the file

    std::string
        copy = path,
        again = path;  // dirname() and basename() change what they are given
    const char *const parent = dirname(copy.data());
    const std::string temporary =
        parent + std::string("/.") + basename(again.data()) + ".state-new";
    const int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory == -1) err(1, "open %s", parent);
    struct sigaction action = {};
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART;
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");
    sigset_t alarms, held;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    if (sigprocmask(SIG_UNBLOCK, &alarms, nullptr) == -1) err(1, "sigprocmask");
    alarm(1);
    if (flock(directory, LOCK_EX) == -1) err(1, "lock %s", parent);
    alarm(0);

    // From here on it takes a moment only, and is not to be interrupted
    // half-way.
    sigemptyset(&held);
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM})
        sigaddset(&held, signo);
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        err(1, "ignore SIGXFSZ");  // an error of write

    struct stat file = {};
    file.st_mode = 0600;
    file.st_uid = geteuid();
    file.st_gid = getegid();
    unsigned long long number = 0;
    const std::string old = read_file(path, file);
    const char *const end = old.data() + old.size();
    const auto [rest, error] = std::from_chars(old.data(), end, number);
    if (old.size() > 21 || error != std::errc{} || rest + 1 != end ||
        *rest != '\n')
        errx(1, "%s: not a number and a newline: left alone", path);
    if (old == "18446744073709551615\n")  // 2 to the 64, less 1
        errx(1, "%s: holds the largest number: left alone", path);

    if (unlink(temporary.c_str()) == -1 && errno != ENOENT)
        err(1, "unlink %s", temporary.c_str());
    const int fd =
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd == -1) err(1, "create %s", temporary.c_str());
    made = temporary.c_str();
    if (atexit(remove_own) != 0) errx(1, "atexit");
    if (dprintf(fd, "%llu\n", ++number) < 0) err(1, "write %s", made);
    if (fchown(fd, file.st_uid, file.st_gid) == -1) err(1, "fchown %s", made);
    if (fchmod(fd, file.st_mode & 07777) == -1) err(1, "fchmod %s", made);
    if (fsync(fd) == -1) err(1, "fsync %s", made);
    if (close(fd) == -1) err(1, "close %s", made);
    if (rename(made, path) == -1) err(1, "rename %s to %s", made, path);
    made = nullptr;
    if (fsync(directory) == -1) err(1, "fsync %s", parent);

    printf("%llu\n", number);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "%s holds %llu, but: write standard output", path, number);
}
