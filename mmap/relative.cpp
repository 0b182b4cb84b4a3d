// relative - a car that holds its wheels, in a mapped file, read by another
// program run
//
// Text:  Relative Memory Addressing (relative.c); Virtual Addressing in Mapped
// Files Run:   build/mmap/relative See:   the writer's car and wheels, and the
// same again from the reader, at another address
//
// The program starts itself once more, by exec, as the reader: the same
// program, another process, another address space. All that belongs to the car
// is inside it, at a fixed distance from its start, so it does not matter where
// a process has it mapped.

#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <type_traits>
#include <unistd.h>

extern char **environ;

struct Wheel {
    char Brand[50];
    char Rating[3];  // two characters and a NUL
};

struct Car {
    char Make[50];
    char Model[50];
    Wheel Wheels[4];
};

// What a second process, perhaps built by another compiler, may read as the
// same object: plain bytes, laid out as written, without padding; and no
// pointer can be in what needs no alignment.
static_assert(std::is_trivially_copyable_v<Car> &&
              std::is_standard_layout_v<Car>);
static_assert(alignof(Car) == 1 && sizeof(Car) == 50 + 50 + 4 * (50 + 3));

static Car *map(int fd) {
    void *const memory =
        mmap(nullptr, sizeof(Car), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) err(1, "mmap descriptor %d", fd);
    return static_cast<Car *>(memory);
}

static void print(const char *who, const Car *car) {
    printf("%s: %s %s at %p\n", who, car->Make, car->Model,
           static_cast<const void *>(car));
    for (const Wheel &wheel : car->Wheels)
        printf("%s: wheel at the car's address + %td: %s %s\n", who,
               reinterpret_cast<const char *>(&wheel) -
                   reinterpret_cast<const char *>(car),
               wheel.Brand, wheel.Rating);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "%s: write standard output", who);
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
    print("reader", car);
    return 0;
}

int main(int argc, char *argv[]) {
    if (argc == 4 && strcmp(argv[1], "reader") == 0)
        return read_car(argv[2], argv[3]);
    if (argc != 1) errx(2, "usage: relative");
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
            {{"Nokian", "TR"},
             {"Nokian", "TR"},
             {"Nokian", "HR"},
             {"Nokian", "HR"}}};
    print("writer", car);

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
    if (munmap(car, sizeof(Car)) == -1) err(1, "munmap");
    if (fclose(file) != 0) err(1, "close the temporary file");
    if (status != 0)
        errx(1, "the reader failed: wait status 0x%x",
             static_cast<unsigned>(status));
}
