// producer - shares a string in a mapped file for as long as it runs
//
// Text:  Memory Mapped Example (mmap/producer.c)
// Run:   terminal 1: build/mmap/producer
//        terminal 2: build/mmap/consumer
// See:   terminal 1: memory mapped; press Enter to exit
//        terminal 2: Hello World
//
// Here consumers may read while the producer lives. O_TRUNC on a file that they
// have mapped would take its pages away, and SIGBUS would end them; between
// write() and memcpy() they would find an empty string. So the file is made
// under another name, and renamed when it is complete.

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main() {
    const char *data = "Hello World";
    const size_t dataSize = strlen(data) + 1;

    const char *sharedFileName = "shared.dat", *newFileName = "shared.dat.new";
    const int fd = open(newFileName, O_CREAT | O_TRUNC | O_RDWR, 0666);
    if (fd == -1) err(1, "open %s", newFileName);
    if (lseek(fd, static_cast<off_t>(dataSize) - 1, SEEK_SET) == -1)
        err(1, "lseek %s", newFileName);
    if (write(fd, "", 1) == -1) err(1, "write %s", newFileName);

    void *map =
        mmap(nullptr, dataSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) err(1, "mmap %s", newFileName);

    memcpy(map, data, dataSize);
    if (rename(newFileName, sharedFileName) == -1)
        err(1, "rename %s", newFileName);

    printf("memory mapped; press Enter to exit\n");
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
    getchar();

    if (munmap(map, dataSize) == -1) err(1, "munmap %s", sharedFileName);
    if (close(fd) == -1) err(1, "close %s", sharedFileName);
    if (unlink(sharedFileName) == -1) err(1, "unlink %s", sharedFileName);
}
