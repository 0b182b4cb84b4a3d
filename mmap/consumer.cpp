// consumer - reads the string that a producer shares in a mapped file
//
// Text:  Memory Mapped Example (mmap/consumer.c)
// Run:   terminal 1: build/mmap/producer
//        terminal 2: build/mmap/consumer
// See:   terminal 2: Hello World
//
// While both processes have the file mapped, they share one page of memory. The
// consumer does not wait: the file is there, and complete, or it is not there.

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main() {
    const char *fileName = "shared.dat";
    const int fd = open(fileName, O_RDONLY);
    if (fd == -1) err(1, "open %s", fileName);
    struct stat fileStat = {};  // of the open file, not of the name
    if (fstat(fd, &fileStat) == -1) err(1, "fstat %s", fileName);

    const size_t fileSize = static_cast<size_t>(fileStat.st_size);

    void *map = mmap(nullptr, fileSize, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) err(1, "mmap %s", fileName);

    const std::string data(static_cast<const char *>(map), fileSize);
    printf("%s\n", data.c_str());
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");

    if (munmap(map, fileSize) == -1) err(1, "munmap %s", fileName);
    if (close(fd) == -1) err(1, "close %s", fileName);
}
