// lock_file - holds a lock file while a command runs
//
// Text:  Lock Files
// Run:   terminal 1: build/files/lock_file http_80 sleep 60
//        terminal 2: build/files/lock_file http_80 echo mine
// See:   terminal 2: lock_file: http_80: held by process 5050
//
// O_EXCL makes open() fail if the file exists: of all that try at the same
// time, one succeeds. The file contains the holder's process number. If the
// holder is killed, its file remains, and a person must decide: a program that
// removed it might remove the next holder's. Where that matters, as in state,
// use flock() instead, which the kernel releases. The exit status is COMMAND's.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

// The file exists: says who holds it, and whether that process still lives.
[[noreturn]] static void refuse(const char *path) {
    int holder = 0;
    FILE *const file = fopen(path, "r");
    // NOLINTNEXTLINE(cert-err34-c): a wrong number is no process
    if (file == nullptr || fscanf(file, "%d", &holder) != 1)
        errx(1, "%s: exists, and does not say who holds it", path);
    if (kill(holder, 0) == -1 && errno == ESRCH)
        errx(1,
             "%s: process %d held it and is dead; remove the file if nobody "
             "uses what it protects",
             path, holder);
    errx(1, "%s: held by process %d", path, holder);
}

int main(int argc, char *argv[]) {
    if (argc < 3 || argv[1][0] == '-')
        errx(2, "usage: lock_file FILE COMMAND [ARG...]");
    const char *path = argv[1];

    signal(SIGINT, SIG_IGN);  // Ctrl-C ends COMMAND, and then the lock
    const int lock = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (lock == -1 && errno == EEXIST) refuse(path);
    if (lock == -1) err(1, "create %s", path);
    if (dprintf(lock, "%d\n", getpid()) < 0) {
        warn("write %s", path);
        unlink(path);
        return 1;
    }

    const pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        execvp(argv[2], argv + 2);
        err(errno == ENOENT ? 127 : 126, "run %s", argv[2]);
    }
    int status = 0;
    const bool ran = child != -1 && waitpid(child, &status, 0) != -1;
    if (!ran) warn("run %s", argv[2]);
    if (unlink(path) == -1) err(1, "unlink %s", path);
    if (!ran) return 1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
