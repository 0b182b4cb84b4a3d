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
#include <string>
#include <sys/mman.h>
#include <unistd.h>

extern "C" {
static void serve(void *, char *argp, size_t size, door_desc_t *, uint_t) {
    static std::string results(1 << 23, 'r');
    const std::string argument(argp, size);
    if (argument == "none") return;
    if (argument == "die") _exit(0);
    door_return(results.data(), strtoul(argument.c_str(), nullptr, 10), nullptr,
                0);
}
}

int main(int argc, char *argv[]) {
    if (argc != 3) errx(2, "usage: door_cases PATH CASE");
    std::string what = argv[2];
    if (what == "serve") {
        const int did = door_create(serve, nullptr, 0);
        const int fd = open(argv[1], O_RDONLY | O_CREAT, 0644);
        if (fd == -1 || fattach(did, argv[1]) == -1) err(1, "fattach");
        dprintf(STDOUT_FILENO, "listening on %s\n", argv[1]);
        while (true) pause();
    }
    char buffer[100];
    door_arg_t arg = {};
    arg.data_ptr = what.data();
    arg.data_size = what.size();
    arg.rbuf = buffer;
    arg.rsize = sizeof buffer;
    if (door_call(open(argv[1], O_RDONLY), &arg) == -1) err(1, "door_call");
    const std::string results(arg.data_ptr, arg.data_size);
    if (results.find_first_not_of('r') != results.npos)
        errx(1, "answer: %s", results.c_str());
    printf("%zu bytes, %s rbuf\n", arg.data_size,
           arg.data_ptr == buffer ? "in" : "not in");
    if (arg.data_ptr != buffer && munmap(arg.rbuf, arg.rsize) == -1)
        err(1, "munmap");
}
