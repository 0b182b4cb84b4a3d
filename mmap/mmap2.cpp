// mmap2 - reads a string from a file through a mapping
//
// Text:  Using mmap (mmap2.c)
// Run:   build/mmap/mmap, then build/mmap/mmap2; both take a FILE, else it is
// shared.dat See:   Hello World
//
// Reading needs no more than O_RDONLY and PROT_READ. The size comes from the
// open descriptor: stat of the name, as in the text, may have told of another
// file than the one that is opened then.

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    if (argc > 2) errx(2, "usage: mmap2 [FILE]");
    const char *path = argc > 1 ? argv[1] : "shared.dat";

    const int fd = open(path, O_RDONLY | O_NONBLOCK |
                                  O_CLOEXEC);  // a FIFO does not make it wait
    if (fd == -1) err(1, "open %s", path);
    struct stat file = {};
    if (fstat(fd, &file) == -1) err(1, "fstat %s", path);
    if (!S_ISREG(file.st_mode)) errx(1, "%s: not a regular file", path);

    char text[4096];
    if (file.st_size == 0)
        errx(1, "%s: empty", path);  // mmap of nothing is an error
    if (file.st_size > static_cast<off_t>(sizeof text))
        errx(1, "%s: longer than the %zu bytes that a text may have", path,
             sizeof text);
    const size_t size = static_cast<size_t>(file.st_size);

    void *const memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) err(1, "mmap %s", path);
    memcpy(text, memory, size);

    if (munmap(memory, size) == -1) err(1, "munmap %s", path);
    if (close(fd) == -1) err(1, "close %s", path);

    // The mapping says nothing of where a string ends: only a NUL in it does.
    if (memchr(text, '\0', size) == nullptr)
        errx(1, "%s: not a string: no NUL", path);
    printf("%s\n", text);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
