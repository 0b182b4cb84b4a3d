// mmap2 - reads the string that mmap has left in a file
//
// Text:  Using mmap (mmap2.c)
// Run:   build/mmap/mmap, then build/mmap/mmap2
// See:   Hello World
//
// A mapping has no end of its own: the size comes from the file, and the end of
// the string from a NUL in it. Both are checked before they are relied on.

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main() {
    // Opened before its size is asked for, or the two might be different files;
    // and only to be read, although the text opens it to be written, too.
    const int fd = open("shared.dat", O_RDONLY);
    if (fd == -1) err(1, "open shared.dat");
    struct stat fileStat = {};
    if (fstat(fd, &fileStat) == -1) err(1, "fstat shared.dat");

    char data[4096];
    if (fileStat.st_size == 0) errx(1, "shared.dat: empty");
    if (fileStat.st_size > static_cast<off_t>(sizeof data))
        errx(1, "shared.dat: longer than %zu bytes", sizeof data);
    const size_t fileSize = static_cast<size_t>(fileStat.st_size);

    void *map = mmap(nullptr, fileSize, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) err(1, "mmap shared.dat");

    memcpy(data, map, fileSize);
    if (memchr(data, '\0', fileSize) == nullptr)
        errx(1, "shared.dat: not a string: it has no NUL");
    printf("%s\n", data);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");

    if (munmap(map, fileSize) == -1) err(1, "munmap shared.dat");
    if (close(fd) == -1) err(1, "close shared.dat");
}
