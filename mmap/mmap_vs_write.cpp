// mmap_vs_write - a file written by write() and through a mapping: which is
// faster?
//
// Text:  Memory Mapped I/O Performance
// Run:   build/mmap/mmap_vs_write
// See:   for each task the time that each way takes, in milliseconds
//
// write() copies from a buffer of the process into the kernel's pages. Through
// a mapping the process works on these pages themselves, which saves the copy.
// But its first access to a page is a page fault, and that costs more than the
// copy. So the text is right for pages that are used again. Neither way waits
// for the disk, unless fsync() or msync() asks for it.

#include <algorithm>
#include <chrono>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static constexpr size_t size = 64 << 20, block = 64 << 10;  // in bytes
static constexpr int rounds = 5;
static int fd;
static char *map;

static void empty_file() {  // without pages: they must be made again
    if (ftruncate(fd, 0) == -1 || ftruncate(fd, size) == -1)
        err(1, "ftruncate the temporary file");
}

static void write_file() {
    static char buffer[block];
    if (lseek(fd, 0, SEEK_SET) == -1) err(1, "lseek");
    for (size_t at = 0; at < size; at += block) {
        memset(buffer, 'w', block);
        if (write(fd, buffer, block) == -1) err(1, "write the temporary file");
    }
}

static void store_file() {
    for (size_t at = 0; at < size; at += block) memset(map + at, 'm', block);
}

static void write_to_disk() {
    write_file();
    if (fsync(fd) == -1) err(1, "fsync");
}

static void store_to_disk() {
    store_file();
    if (msync(map, size, MS_SYNC) == -1) err(1, "msync");
}

// The median of some rounds: it ignores a single slow one.
static double milliseconds(bool fresh, void (*task)()) {
    using clock = std::chrono::steady_clock;
    std::chrono::duration<double, std::milli> times[rounds];
    for (auto &time : times) {
        if (fresh) empty_file();
        const auto start = clock::now();
        task();
        time = clock::now() - start;
    }
    std::sort(times, times + rounds);
    return times[rounds / 2].count();
}

static void measure(const char *what, bool fresh, void (*by_write)(),
                    void (*by_mapping)()) {
    const double written = milliseconds(fresh, by_write);
    const double stored = milliseconds(fresh, by_mapping);
    printf("%-22s %7.1f %8.1f\n", what, written, stored);
}

int main() {
    FILE *const file = tmpfile();
    if (file == nullptr) err(1, "tmpfile");
    fd = fileno(file);
    map = static_cast<char *>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    if (map == MAP_FAILED) err(1, "mmap");

    printf("%-22s %7s %8s\n", "64 MiB, milliseconds", "write()", "mapping");
    measure("a new file", true, write_file, store_file);
    measure("its pages again", false, write_file, store_file);
    measure("again, and to disk", false, write_to_disk, store_to_disk);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
