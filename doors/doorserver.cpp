// doorserver - answers calls through a door in the file system
//
// Text:  Doors, Door Server (doorserver.c)
// Run:   terminal 1: build/doors/doorserver door
//        terminal 2: build/doors/doorclient door
//        without an argument: /tmp/door, as in the text
// See:   terminal 1: listening on door
//                    id from client: 12
//        terminal 2: message from server: hello from server
//
// A door is a function that other processes call: the client's call runs
// answer() in a thread of the server's, with the client's argument, and comes
// back with what answer() hands to door_return(). Real doors on Solaris and
// illumos; on Linux they are emulated, and the first line on standard error
// says so. A file that was there before stays; so does one whose door a later
// server has taken over.

#if __has_include(<door.h>)
#include <door.h>
#include <stropts.h>
#else
#include "door_emulation.hpp"
#endif

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
// Runs in several threads at once if several clients call. door_return() does
// not come back, and runs no destructor: nothing that has one may live here.
static void answer(void *, char *argp, size_t arg_size, door_desc_t *, uint_t) {
    int id = 0;
    const bool good = arg_size == sizeof id;
    if (good) memcpy(&id, argp, sizeof id);  // argp need not be aligned
    if (good && (printf("id from client: %d\n", id) < 0 || fflush(stdout) != 0))
        warn("write standard output");
    static char hello[] = "hello from server",
                refused[] = "refused: the argument is not an int";
    door_return(good ? hello : refused, good ? sizeof hello : sizeof refused,
                nullptr, 0);
    warn("door_return");  // it returns only if it fails
}
}

static const char *path;
static struct stat made;  // the file, if it is ours to remove; else all zero

// Takes the door away again, if it is still the one at the path, and not that
// of a later server. (One that attaches its door between the look and fdetach()
// loses it: fdetach() takes a name.)
static void remove_own() {
    door_info_t info = {};
    const int door = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (door == -1 && errno != ENOENT) warn("open %s", path);
    if (door == -1) return;
    const bool attached = door_info(door, &info) == 0;
    close(door);
    if (attached && info.di_target != getpid()) return;
    if (attached && fdetach(path) == -1) warn("fdetach %s", path);
    struct stat now = {};
    if (lstat(path, &now) == 0 && now.st_ino == made.st_ino &&
        now.st_dev == made.st_dev && unlink(path) == -1)
        warn("unlink %s", path);
}

int main(int argc, char *argv[]) {
    if (argc > 2) errx(2, "usage: doorserver [PATH]");
    path = argc == 2 ? argv[1] : "/tmp/door";
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the door

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    sigset_t held;  // here, and so in the threads; sigwait() takes them
    sigemptyset(&held);
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        struct sigaction earlier = {};
        if (sigaction(signo, nullptr, &earlier) == -1)
            err(1, "sigaction %d", signo);
        if (earlier.sa_handler != SIG_IGN)
            sigaddset(&held, signo);  // else by nohup(1), or by &
    }
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");

    const int did =
        door_create(answer, nullptr, DOOR_REFUSE_DESC | DOOR_NO_CANCEL);
    if (did == -1) err(1, "door_create");

    // creat() would empty a file that is there; one that holds anything is
    // somebody else's.
    struct stat file = {};
    const int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd == -1 && errno != EEXIST) err(1, "create %s", path);
    if (fd != -1 && fstat(fd, &made) == -1) err(1, "fstat %s", path);
    if (fd == -1 && lstat(path, &file) == -1) err(1, "lstat %s", path);
    if (fd == -1 && !S_ISDOOR(file.st_mode) &&
        (!S_ISREG(file.st_mode) || file.st_size > 0))
        errx(1, "%s: is there and is no door: left alone", path);
    if (atexit(remove_own) != 0) errx(1, "atexit");
    if (fd != -1 && close(fd) == -1) err(1, "close %s", path);

    fdetach(path);  // an earlier server's door, if there is one, even of one
                    // that is still alive
    if (fattach(did, path) == -1) err(1, "fattach %s", path);

    printf("listening on %s\n", path);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    int signo = 0;
    errno =
        sigwait(&held, &signo);  // pause() would also end at any other signal
    if (errno != 0) err(1, "sigwait");
    remove_own();
    made = {};
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    if (door_revoke(did) == -1) err(1, "door_revoke");
}
