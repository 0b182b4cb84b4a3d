// relative - a car that contains its parts, in a mapped file
//
// Text:  Relative Memory Addressing (relative.c); Virtual Addressing in Mapped
//        Files
// Run:   build/mmap/relative
// See:   the writer's car and wheels; then the same ones in the reader, at
//        other addresses
//
// The whole car is one object, without pointers: each part is at a fixed
// distance from its start, wherever the file is mapped. As in absolute.cpp, the
// program then executes itself anew, with the file as standard input: the
// reader, with other memory, finds the same car.

#include <err.h>
#include <stdio.h>
#include <sys/mman.h>
#include <type_traits>
#include <unistd.h>

struct Wheel {
    char Brand[50];
    char TractionRating[3];  // with room for the NUL
    char SpeedRating[3];
};
struct Car {
    Wheel Wheels[4];
    char Make[50];
    char Model[50];
};
// Plain bytes, without padding: every process sees the same layout.
static_assert(std::is_trivially_copyable_v<Car>);
static_assert(sizeof(Car) == 4 * (50 + 3 + 3) + 50 + 50);

static Car *map(int fd) {
    void *const memory =
        mmap(nullptr, sizeof(Car), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) err(1, "mmap the car");
    return static_cast<Car *>(memory);
}

static void print_car(const char *who, const Car *car) {
    printf("%s: car at %p: %s %s\n", who, static_cast<const void *>(car),
           car->Make, car->Model);
    for (const Wheel &wheel : car->Wheels)
        printf("%s: wheel at %p: %s %s %s\n", who,
               static_cast<const void *>(&wheel), wheel.Brand,
               wheel.TractionRating, wheel.SpeedRating);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}

int main(int argc, char *argv[]) {
    if (argc == 1) {
        FILE *const file = tmpfile();  // is removed when nobody has it open
        if (file == nullptr ||
            pwrite(fileno(file), "", 1, sizeof(Car) - 1) == -1)
            err(1, "make a temporary file");
        Car *const car = map(fileno(file));
        const Wheel wheel = {"Nokian", "AA", "T"};
        *car = {{wheel, wheel, wheel, wheel}, "Volvo", "240"};
        print_car("writer", car);
        if (dup2(fileno(file), STDIN_FILENO) == -1) err(1, "dup2");
        execlp(argv[0], argv[0], "reader", nullptr);
        err(1, "run %s", argv[0]);
    }
    print_car("reader", map(STDIN_FILENO));
}
