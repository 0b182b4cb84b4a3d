// absolute - a car that points to its wheels, in a mapped file, read by another
// program run
//
// Text:  Absolute Memory Addressing (absolute.c); Virtual Addressing in Mapped
// Files Run:   build/mmap/absolute See:   the writer's car and wheels; the
// reader has the car, at another address, but no wheels at
//        the addresses in it
//
// The program starts itself once more, by exec, as the reader: the same
// program, another process, another address space. (A child by fork() alone
// would have the wheels at the same addresses.) Only the car is in the file;
// the wheels are objects of the writer's own memory. The reader does not follow
// the pointers. It asks whether it has anything mapped there, which needs no
// access: whatever there is, it is not the wheel.

#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct Wheel {
    char Brand[50];
    char Rating[3];  // two characters and a NUL
};

struct Car {
    char Make[50];
    char Model[50];
    Wheel *Wheels[4];
};

static Car *map(int fd) {
    void *const memory =
        mmap(nullptr, sizeof(Car), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) err(1, "mmap descriptor %d", fd);
    return static_cast<Car *>(memory);
}

static bool is_mapped(const void *address) {
    const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto offset = reinterpret_cast<uintptr_t>(address) % page;
    // msync of a page that is not mapped is an error and no SIGSEGV.
    char *const start =
        static_cast<char *>(const_cast<void *>(address)) - offset;
    if (msync(start, page, MS_ASYNC) == 0) return true;
    if (errno != ENOMEM) err(1, "msync %p", address);
    return false;
}

static int read_car(const char *descriptor, const char *writers_address) {
    int fd = -1;
    std::from_chars(descriptor, descriptor + strlen(descriptor), fd);
    struct stat file = {};
    if (fstat(fd, &file) == -1)
        err(1, "reader: fstat descriptor %s", descriptor);
    if (file.st_size != sizeof(Car))
        errx(1, "reader: descriptor %s: not a car", descriptor);

    // Without address randomisation (setarch -R) it may come to lie where the
    // writer has it. This mapping stays, so a second one is elsewhere.
    const Car *car = map(fd);
    char address[32];
    snprintf(address, sizeof address, "%p", static_cast<const void *>(car));
    if (strcmp(address, writers_address) == 0) car = map(fd);

    printf("reader: %s %s at %p, for the writer at %s\n", car->Make, car->Model,
           static_cast<const void *>(car), writers_address);
    for (const Wheel *wheel : car->Wheels)
        printf("reader: no wheel at %p: %s\n", static_cast<const void *>(wheel),
               is_mapped(wheel) ? "this process has something else there"
                                : "this process has nothing there");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "reader: write standard output");
    return 0;
}

int main(int argc, char *argv[]) {
    if (argc == 4 && strcmp(argv[1], "reader") == 0)
        return read_car(argv[2], argv[3]);
    if (argc != 1) errx(2, "usage: absolute");
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1)
        err(1, "standard output");  // not for our file

    FILE *const file =
        tmpfile();  // has no name, and goes when the last process has closed it
    if (file == nullptr) err(1, "tmpfile in %s", P_tmpdir);
    const int fd = fileno(file);
    if (pwrite(fd, "", 1, sizeof(Car) - 1) != 1)
        err(1, "write the temporary file");

    Car *const car = map(fd);
    *car = {"Volvo",
            "240",
            {new Wheel{"Nokian", "TR"}, new Wheel{"Nokian", "TR"},
             new Wheel{"Nokian", "HR"}, new Wheel{"Nokian", "HR"}}};

    printf("writer: %s %s at %p\n", car->Make, car->Model,
           static_cast<const void *>(car));
    for (const Wheel *wheel : car->Wheels)
        printf("writer: wheel at %p: %s %s\n", static_cast<const void *>(wheel),
               wheel->Brand, wheel->Rating);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");

    std::string reader = "reader", descriptor = std::to_string(fd),
                address(32, '\0');
    snprintf(address.data(), address.size(), "%p",
             static_cast<const void *>(car));
    char *const arguments[] = {argv[0], reader.data(), descriptor.data(),
                               address.data(), nullptr};
    pid_t child = 0;
    errno = posix_spawnp(&child, argv[0], nullptr, nullptr, arguments, environ);
    if (errno != 0) err(1, "run %s", argv[0]);
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    for (const Wheel *wheel : car->Wheels) delete wheel;
    if (munmap(car, sizeof(Car)) == -1) err(1, "munmap");
    if (fclose(file) != 0) err(1, "close the temporary file");
    if (status != 0)
        errx(1, "the reader failed: wait status 0x%x",
             static_cast<unsigned>(status));
}
