// mmap_vs_write - a file written and read by system calls and through a
// mapping: which is faster?
//
// Text:  Memory Mapped I/O Performance
// Run:   build/mmap/mmap_vs_write, or build/mmap/mmap_vs_write MIB; TMPDIR says
// on which disk See:   a table: the times of both ways, which one wins, and the
// page faults of the mapping
//
// write() and read() copy between a buffer of the process, here of 64 KiB, and
// the kernel's pages. Through a mapping the process works on these pages
// themselves. That saves the copy. But the first access to a page of a mapping
// is a page fault, in which the kernel fetches or makes the page and enters it
// in the process's tables, perhaps with its neighbours. Where pages must be
// made, for a new file, the faults cost more than the copy would; where they
// are there, it depends on how many come at once; and a mapping that stays has
// none, so that the text's claim holds. The times are those of mmap() and the
// access, without munmap(). All is in the page cache: neither way waits for the
// disk; either way fsync(), or msync(), would.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <err.h>
#include <fcntl.h>
#include <functional>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

static constexpr size_t block = 65536;
static constexpr int rounds = 5;
static size_t size;  // of the file, in bytes
static int fd;
static char *memory;  // the mapping, if there is one

static void map() {
    void *const at =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) err(1, "mmap");
    memory = static_cast<char *>(at);
}

static void unmap() {
    if (munmap(memory, size) == -1) err(1, "munmap");
}

// A page that cannot be had, on a full disk, is no error of a call but a
// signal.
static void on_sigbus(int) {
    const char text[] = "mmap_vs_write: store to the mapping: SIGBUS: no space "
                        "left, or I/O error\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) == -1) _exit(1);
    _exit(1);
}

// Both ways make the same bytes: each block is filled with the number of the
// round.
static void write_file(int round) {
    static char buffer[block];
    for (size_t at = 0; at < size; at += block) {
        memset(buffer, round, block);
        const ssize_t put = pwrite(fd, buffer, block, static_cast<off_t>(at));
        if (put == -1) err(1, "write the temporary file");
        if (put != block)
            errx(1, "write the temporary file: no space for all of it");
    }
}

static void store_file(int round) {
    for (size_t at = 0; at < size; at += block)
        memset(memory + at, round, block);
}

// Both ways use what is read: every byte of it must be right.
static void check(const char *bytes, int round) {
    if (*bytes != static_cast<char>(round) ||
        memcmp(bytes, bytes + 1, block - 1) != 0)
        errx(1, "what was read is not what was written");
}

static void read_file(int round) {
    static char buffer[block];
    for (size_t at = 0; at < size; at += block) {
        const ssize_t got = pread(fd, buffer, block, static_cast<off_t>(at));
        if (got == -1) err(1, "read the temporary file");
        if (got != block) errx(1, "read the temporary file: too short");
        check(buffer, round);
    }
}

static void load_file(int round) {
    for (size_t at = 0; at < size; at += block) check(memory + at, round);
}

struct Way {
    std::vector<double> times;  // milliseconds, one of each round
    long faults;                // in the last round
};

static void measure(Way &way, const std::function<void()> &work) {
    rusage before = {}, after = {};
    if (getrusage(RUSAGE_SELF, &before) == -1) err(1, "getrusage");
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::milli> time =
        std::chrono::steady_clock::now() - start;
    if (getrusage(RUSAGE_SELF, &after) == -1) err(1, "getrusage");
    way.times.push_back(time.count());
    way.faults =
        after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt;
}

static void print_row(const char *what, const char *call, Way &calls,
                      Way &mapping) {
    for (Way *way : {&calls, &mapping})
        std::sort(way->times.begin(), way->times.end());
    const double a = calls.times[rounds / 2], b = mapping.times[rounds / 2];
    printf("%-26s %8.1f %9.1f %12ld   %s, %.1f times\n", what, a, b,
           mapping.faults, a < b ? call : "mapping", a < b ? b / a : a / b);
}

static std::string open_scratch() {
    const char *directory = getenv("TMPDIR");
    std::string path =
        directory != nullptr && *directory != '\0' ? directory : "/tmp";
    std::string name = path + "/mmap_vs_write.XXXXXX";
    sigset_t all, before;  // a signal must not end us while the name is there
    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, &before) == -1) err(1, "sigprocmask");
    fd = mkstemp(name.data());
    if (fd == -1) err(1, "create %s", name.c_str());
    if (unlink(name.c_str()) == -1) err(1, "unlink %s", name.c_str());
    if (sigprocmask(SIG_SETMASK, &before, nullptr) == -1) err(1, "sigprocmask");
    return path;
}

int main(int argc, char *argv[]) {
    if (argc > 2) errx(2, "usage: mmap_vs_write [MIB]");
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1)
        err(1, "standard output");  // not for our file
    size_t mib = 64;
    if (argc == 2) {
        const char *const end = argv[1] + strlen(argv[1]);
        const auto [rest, error] = std::from_chars(argv[1], end, mib);
        if (error != std::errc{} || rest != end || mib < 1 || mib > 1024)
            errx(2, "%s: not a number from 1 to 1024", argv[1]);
    }
    size = mib * 1024 * 1024;
    const std::string directory = open_scratch();
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        err(1, "ignore SIGXFSZ");  // an error of the call
    struct sigaction action = {};
    action.sa_handler = on_sigbus;
    if (sigaction(SIGBUS, &action, nullptr) == -1) err(1, "sigaction SIGBUS");

    Way rows[5][2] = {};  // system calls, mapping
    for (int round = 1; round <= rounds; ++round) {
        if (ftruncate(fd, 0) == -1) err(1, "ftruncate to 0");
        measure(rows[0][0], [=] { write_file(round); });
        if (ftruncate(fd, 0) == -1) err(1, "ftruncate to 0");
        if (ftruncate(fd, static_cast<off_t>(size)) == -1)
            err(1, "ftruncate to %zu", size);
        measure(rows[0][1], [=] { map(), store_file(round); });
        unmap();
        measure(rows[1][0], [=] { write_file(round); });
        measure(rows[1][1], [=] { map(), store_file(round); });
        measure(rows[2][0], [=] { write_file(round); });
        measure(rows[2][1], [=] { store_file(round); });
        unmap();
        measure(rows[3][0], [=] { read_file(round); });
        measure(rows[3][1], [=] { map(), load_file(round); });
        measure(rows[4][0], [=] { read_file(round); });
        measure(rows[4][1], [=] { load_file(round); });
        unmap();
    }

    printf("%zu MiB in %s, milliseconds, medians of %d rounds\n", mib,
           directory.c_str(), rounds);
    printf("%-26s %8s %9s %12s   %s\n", "", "system", "mapping", "page faults",
           "faster");
    printf("%-26s %8s %9s %12s\n", "", "calls", "", "of mapping");
    print_row("write, new file", "write()", rows[0][0], rows[0][1]);
    print_row("write again, new mapping", "write()", rows[1][0], rows[1][1]);
    print_row("write again, same mapping", "write()", rows[2][0], rows[2][1]);
    print_row("read, new mapping", "read()", rows[3][0], rows[3][1]);
    print_row("read again, same mapping", "read()", rows[4][0], rows[4][1]);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
