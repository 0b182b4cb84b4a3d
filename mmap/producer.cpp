// producer - shares "Hello World" in a mapped file for as long as it runs
//
// Text:  Memory Mapped Example (mmap/producer.c)
// Run:   terminal 1: build/mmap/producer
//        terminal 2: build/mmap/consumer
//        both take a FILE as their argument, else it is shared.dat
// See:   terminal 1: shared.dat holds "Hello World"; press Enter to remove it
//        terminal 2: Hello World
//
// Like mmap.cpp, but it stays alive while others read, and removes the file at
// the end, if the name then still stands for its own file. The mapping is
// shared: what it stored is in the file and in the consumer's mapping, without
// a write().

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char text[] = "Hello World";  // 12 bytes with its NUL

static char
    name[PATH_MAX];  // the file's name: a temporary one until it is complete
static struct stat made;  // the file, once it has been made; else all zero

static int remove_own() {
    struct stat now = {};
    // What comes between the look and the removal cannot be seen: unlink()
    // takes a name, not a file.
    if (lstat(name, &now) == -1 || now.st_ino != made.st_ino ||
        now.st_dev != made.st_dev)
        return 0;
    return unlink(name);
}

static void on_stop(int signo) {  // async-signal-safe calls alone
    remove_own();
    signal(signo, SIG_DFL);
    raise(signo);  // on return from here it ends the producer, so that its exit
                   // status shows what
}

// Whether there is a file already; one that holds anything else than what we
// write is left alone.
static bool is_there(const char *path) {
    struct stat file = {};
    char old[sizeof text + 1];
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1 && errno == ENOENT) return false;
    if (fd == -1) err(1, "open %s", path);
    if (fstat(fd, &file) == -1) err(1, "fstat %s", path);
    const ssize_t size = S_ISREG(file.st_mode) ? read(fd, old, sizeof old) : 0;
    if (size == -1) err(1, "read %s", path);
    if (size != sizeof text || memcmp(old, text, sizeof text) != 0)
        errx(1, "%s: is there and holds something else: left alone", path);
    if (close(fd) == -1) err(1, "close %s", path);
    return true;
}

int main(int argc, char *argv[]) {
    if (argc > 2) errx(2, "usage: producer [FILE]");
    const char *path = argc > 1 ? argv[1] : "shared.dat";

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the file

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    // Held back while the file may be there and the handler not know of it.
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
    if (atexit([] { remove_own(); }) != 0) errx(1, "atexit");
    const bool replace = is_there(path);

    if (strlen(path) + sizeof ".XXXXXX" > sizeof name)
        errx(1, "%s: too long", path);
    snprintf(name, sizeof name, "%s.XXXXXX", path);
    const int fd = mkstemp(name);  // O_RDWR | O_CREAT | O_EXCL, mode 0600
    if (fd == -1) err(1, "create %s.XXXXXX", path);
    if (fstat(fd, &made) == -1) err(1, "fstat %s", name);

    // To the last byte, not past it: writing there makes the file as long as
    // the text, and makes the disk's block ours. Without one, on a full disk,
    // it would be memcpy that fails, by SIGBUS.
    if (lseek(fd, sizeof text - 1, SEEK_SET) == -1) err(1, "lseek %s", name);
    if (write(fd, "", 1) != 1) err(1, "write %s", name);

    void *const memory =
        mmap(nullptr, sizeof text, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) err(1, "mmap %s", name);
    memcpy(memory, text, sizeof text);
    if (!replace) {  // link does not replace what somebody has put there in the
                     // meantime
        if (link(name, path) == -1) err(1, "link %s to %s", name, path);
        if (unlink(name) == -1) err(1, "unlink %s", name);
    } else if (rename(name, path) == -1) {
        err(1, "rename %s to %s", name, path);
    }
    snprintf(name, sizeof name, "%s", path);

    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");

    printf("%s holds \"%s\"; press Enter to remove it\n", path,
           static_cast<const char *>(memory));
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    for (int c = 0; c != '\n' && c != EOF;) c = getchar();
    if (ferror(stdin) != 0) err(1, "read standard input");

    if (remove_own() == -1) err(1, "unlink %s", name);
    made = {};
    if (munmap(memory, sizeof text) == -1) err(1, "munmap %s", path);
    if (close(fd) == -1) err(1, "close %s", path);
}
