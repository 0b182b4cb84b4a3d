// shm_producer - shares a string in shared memory for as long as it runs
//
// Text:  IPC Topics (shared memory, among the mechanisms)
// Run:   terminal 1: build/mmap/shm_producer
//        terminal 2: build/mmap/shm_consumer; on Linux also: ls /dev/shm
// See:   terminal 1: memory mapped; press Enter to exit
//        terminal 2: Hello World
//
// Like mmap/producer, with shm_open() in place of open(): the object has a
// name, but it is not on a disk and cannot be renamed. ftruncate() gives it its
// size. Until memcpy() is done, a consumer finds zeros, and says so.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main() {
    const char *data = "Hello World";
    const size_t dataSize = strlen(data) + 1;

    const char *sharedName = "/shared.dat";
    // Whoever has an old one mapped keeps it.
    if (shm_unlink(sharedName) == -1 && errno != ENOENT)
        err(1, "shm_unlink %s", sharedName);
    const int fd = shm_open(sharedName, O_CREAT | O_EXCL | O_RDWR, 0666);
    if (fd == -1) err(1, "shm_open %s", sharedName);
    if (ftruncate(fd, static_cast<off_t>(dataSize)) == -1)
        err(1, "ftruncate %s", sharedName);

    void *map =
        mmap(nullptr, dataSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) err(1, "mmap %s", sharedName);

    memcpy(map, data, dataSize);

    printf("memory mapped; press Enter to exit\n");
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
    getchar();

    if (munmap(map, dataSize) == -1) err(1, "munmap %s", sharedName);
    if (close(fd) == -1) err(1, "close %s", sharedName);
    if (shm_unlink(sharedName) == -1) err(1, "shm_unlink %s", sharedName);
}
