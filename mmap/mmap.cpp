// mmap - writes "Hello World" to a file through a mapping
//
// Text:  Using mmap (mmap.c)
// Run:   build/mmap/mmap, then build/mmap/mmap2
//        Then edit the string, run make, and run both again.
// See:   nothing from mmap; Hello World from mmap2; shared.dat has 12 bytes
//
// Mapping a file does not make it longer: with an empty file the first store
// would raise SIGBUS. So the file gets its size first. The text's program waits
// for a key before it unmaps. That is not needed: the file keeps what was
// stored.

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main() {
    const char *data = "Hello World";
    const size_t dataSize = strlen(data) + 1;  // with the NUL

    const int fd = open("shared.dat", O_CREAT | O_TRUNC | O_RDWR, 0666);
    if (fd == -1) err(1, "open shared.dat");
    // Seek to the last byte, and write it. The listing seeks one byte further,
    // and so makes the file a byte too long.
    if (lseek(fd, static_cast<off_t>(dataSize) - 1, SEEK_SET) == -1)
        err(1, "lseek shared.dat");
    if (write(fd, "", 1) == -1) err(1, "write shared.dat");

    void *map =
        mmap(nullptr, dataSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) err(1, "mmap shared.dat");

    memcpy(map, data, dataSize);

    if (munmap(map, dataSize) == -1) err(1, "munmap shared.dat");
    if (close(fd) == -1) err(1, "close shared.dat");
}
