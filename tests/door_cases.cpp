// door_cases - calls of doors that doorserver and doorclient do not make
//
// Run:   door_cases door serve, in the background
//        door_cases door CASE: a call that is answered with as many bytes as
//        CASE says, or, if CASE is "none", without door_return(), or, if it is
//        "die", not at all
// See:   how the call ended

#if __has_include(<door.h>)
#include <door.h>
#include <stropts.h>
#else
#include "../doors/door_emulation.hpp"
#endif

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

extern "C" {
static void serve(void *, char *argp, size_t size, door_desc_t *, uint_t) {
    static char results[1 << 23];
    memset(results, 'r', sizeof results);
    const std::string argument(argp, size);
    if (argument == "none") return;
    if (argument == "die") _exit(0);
    door_return(results, strtoul(argument.c_str(), nullptr, 10), nullptr, 0);
}
}

int main(int argc, char *argv[]) {
    if (argc < 3) errx(2, "usage: door_cases PATH CASE");
    const std::string what = argv[2];
    if (what == "serve") {
        const int did = door_create(serve, nullptr, 0);
        const int fd = open(argv[1], O_RDONLY | O_CREAT, 0644);
        if (fd == -1 || fattach(did, argv[1]) == -1) err(1, "fattach");
        dprintf(STDOUT_FILENO, "ready\n");
        while (true) pause();
    }
    const int door = open(argv[1], O_RDONLY);
    if (door == -1) err(1, "open");
    char buffer[100];
    door_arg_t arg = {};
    arg.data_ptr = argv[2];
    arg.data_size = what.size();
    arg.rbuf = buffer;
    arg.rsize = sizeof buffer;
    if (door_call(door, &arg) == -1) err(1, "door_call");
    for (size_t i = 0; i < arg.data_size; ++i)
        if (arg.data_ptr[i] != 'r') errx(1, "a wrong byte");
    printf("%zu bytes, %s rbuf\n", arg.data_size,
           arg.data_ptr == buffer ? "in" : "not in");
    if (arg.data_ptr != buffer && munmap(arg.rbuf, arg.rsize) == -1)
        err(1, "munmap");
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
