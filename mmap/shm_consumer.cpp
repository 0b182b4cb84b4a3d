// shm_consumer - reads the string that a producer shares in shared memory
//
// Text:  IPC Topics (shared memory, among the mechanisms)
// Run:   terminal 1: build/mmap/shm_producer
//        terminal 2: build/mmap/shm_consumer
// See:   terminal 2: Hello World
//
// Like mmap/consumer, with shm_open() in place of open(). The producer removes
// the object when it ends.

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main() {
    const char *sharedName = "/shared.dat";
    const int fd = shm_open(sharedName, O_RDONLY, 0);
    if (fd == -1) err(1, "shm_open %s", sharedName);
    struct stat fileStat = {};
    if (fstat(fd, &fileStat) == -1) err(1, "fstat %s", sharedName);

    const size_t size = static_cast<size_t>(fileStat.st_size);
    if (size == 0) errx(1, "%s: still empty", sharedName);

    void *map = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) err(1, "mmap %s", sharedName);

    const std::string data(static_cast<const char *>(map), size);
    if (data[0] == '\0') errx(1, "%s: still empty", sharedName);
    printf("%s\n", data.c_str());
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");

    if (munmap(map, size) == -1) err(1, "munmap %s", sharedName);
    if (close(fd) == -1) err(1, "close %s", sharedName);
}
