// mmap - writes "Hello World" to a file through a mapping, and leaves
//
// Text:  Using mmap (mmap.c)
// Run:   build/mmap/mmap, then build/mmap/mmap2; both take a FILE, else it is
// shared.dat See:   nothing from mmap; Hello World from mmap2; shared.dat has
// 12 bytes
//
// The file is made under a temporary name and gets its own when it is complete:
// no reader ever meets half of it. O_TRUNC on a file that others have mapped
// would take their pages away, and SIGBUS would kill them; a rename leaves them
// the old file.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char text[] = "Hello World";  // 12 bytes with its NUL

static char temporary[PATH_MAX];  // the file's name until it is complete

static void remove_temporary() {
    if (temporary[0] != '\0') unlink(temporary);
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
    if (argc > 2) errx(2, "usage: mmap [FILE]");
    const char *path = argc > 1 ? argv[1] : "shared.dat";

    // All is done in a moment; a signal must not end us midway and leave the
    // temporary file.
    sigset_t all;
    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, nullptr) == -1) err(1, "sigprocmask");
    if (atexit(remove_temporary) != 0) errx(1, "atexit");
    const bool replace = is_there(path);

    if (strlen(path) + sizeof ".XXXXXX" > sizeof temporary)
        errx(1, "%s: too long", path);
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s.XXXXXX", path);
    const int fd = mkstemp(name);  // O_RDWR | O_CREAT | O_EXCL, mode 0600
    if (fd == -1) err(1, "create %s.XXXXXX", path);
    memcpy(temporary, name, sizeof name);

    // To the last byte, not past it: writing there makes the file as long as
    // the text. It also makes the disk's block ours. Without one, on a full
    // disk, it would be memcpy that fails, by SIGBUS.
    if (lseek(fd, sizeof text - 1, SEEK_SET) == -1) err(1, "lseek %s", name);
    if (write(fd, "", 1) != 1) err(1, "write %s", name);

    void *const memory =
        mmap(nullptr, sizeof text, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) err(1, "mmap %s", name);
    memcpy(memory, text, sizeof text);

    if (munmap(memory, sizeof text) == -1) err(1, "munmap %s", name);
    if (close(fd) == -1) err(1, "close %s", name);
    if (!replace) {  // link does not replace what somebody has put there in the
                     // meantime
        if (link(name, path) == -1) err(1, "link %s to %s", name, path);
        if (unlink(name) == -1) err(1, "unlink %s", name);
    } else if (rename(name, path) == -1) {
        err(1, "rename %s to %s", name, path);
    }
    temporary[0] = '\0';
}
