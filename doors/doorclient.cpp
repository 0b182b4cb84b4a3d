// doorclient - calls a door in the file system
//
// Text:  Door Client (doorclient.c)
// Run:   terminal 1: build/doors/doorserver
//        terminal 2: build/doors/doorclient
//        both take another PATH than /tmp/door as their argument
// See:   terminal 2: message from server: hello from server
//
// The client opens the door like a file. door_call() takes an argument there
// and brings results back: in rbuf, or, if they do not fit there, in memory
// that is mapped for them. An alarm ends the client after 10 seconds.

#if __has_include(<door.h>)
#include <door.h>
#else
#include "door_emulation.hpp"
#endif

#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct myArg_t {
    int id;
};

int main(int argc, char *argv[]) {
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        errx(2, "usage: doorclient [PATH]");
    const char *path = argc == 2 ? argv[1] : "/tmp/door";

    const int doorfd = open(path, O_RDONLY);
    if (doorfd == -1) err(1, "open %s", path);
    myArg_t arg = {12};
    char buffer[64];
    door_arg_t d_arg = {};
    d_arg.data_ptr = reinterpret_cast<char *>(&arg);
    d_arg.data_size = sizeof arg;
    d_arg.rbuf = buffer;
    d_arg.rsize = sizeof buffer;
    alarm(10);  // its default action ends the client
    if (door_call(doorfd, &d_arg) == -1) err(1, "door_call %s", path);

    for (size_t i = 0; i < d_arg.data_size; ++i)  // what could upset a terminal
        if (iscntrl(d_arg.data_ptr[i] & 0xff) != 0 && d_arg.data_ptr[i] != '\0')
            d_arg.data_ptr[i] = '?';
    printf("message from server: %.*s\n", static_cast<int>(d_arg.data_size),
           d_arg.data_ptr);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
    if (d_arg.rbuf != buffer && munmap(d_arg.rbuf, d_arg.rsize) == -1)
        err(1, "munmap the results");
    if (close(doorfd) == -1) err(1, "close %s", path);
}
