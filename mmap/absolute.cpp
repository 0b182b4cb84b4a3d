// absolute - a car with pointers to its parts, in a mapped file
//
// Text:  Absolute Memory Addressing (absolute.c); Virtual Addressing in Mapped
//        Files
// Run:   build/mmap/absolute
// See:   the writer's car and wheels; then the reader's car, at another
//        address, without wheels
//
// Only the Car is in the file. Its parts are in memory that the writer
// allocated for itself. Then the program executes itself again, with the file
// as standard input. Like any other process, it now has different memory: this
// reader maps the same Car, but finds no wheels where it points.

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

struct Wheel {
    char Brand[50];
    char TractionRating[3];  // with room for the NUL
    char SpeedRating[3];
};
struct Car {
    Wheel *Wheels[4];
    const char *Make;
    const char *Model;
};

static Car *map(int fd) {
    void *const memory =
        mmap(nullptr, sizeof(Car), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) err(1, "mmap the car");
    return static_cast<Car *>(memory);
}

static void write_car(Car *car) {
    car->Make = "Volvo";
    car->Model = "240";
    static std::vector<Wheel> wheels(4, {"Nokian", "AA", "T"});
    printf("writer: car at %p\n", static_cast<void *>(car));
    for (size_t i = 0; i < 4; ++i) {
        const Wheel *const wheel = car->Wheels[i] = &wheels[i];
        printf("writer: wheel at %p: %s %s %s\n",
               static_cast<const void *>(wheel), wheel->Brand,
               wheel->TractionRating, wheel->SpeedRating);
    }
}

static void read_car(const Car *car) {
    printf("reader: car at %p\n", static_cast<const void *>(car));
    for (const Wheel *wheel : car->Wheels) {
        // To read wheel->Brand may be a SIGSEGV. The kernel returns EFAULT.
        const bool fault = access(wheel->Brand, F_OK) == -1 && errno == EFAULT;
        printf("reader: wheel at %p: %s\n", static_cast<const void *>(wheel),
               fault ? "nothing is there" : "something else is there");
    }
}

int main(int argc, char *argv[]) {
    if (argc == 1) {
        FILE *const file = tmpfile();  // is removed when nobody has it open
        if (file == nullptr ||
            pwrite(fileno(file), "", 1, sizeof(Car) - 1) == -1)
            err(1, "make a temporary file");
        write_car(map(fileno(file)));
        if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
        if (dup2(fileno(file), STDIN_FILENO) == -1) err(1, "dup2");
        execlp(argv[0], argv[0], "reader", nullptr);
        err(1, "run %s", argv[0]);
    }
    read_car(map(STDIN_FILENO));
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
