// doorserver - answers calls through a door in the file system
//
// Text:  Door Server (doorserver.c)
// Run:   terminal 1: build/doors/doorserver
//        terminal 2: build/doors/doorclient
//        both take another PATH than /tmp/door as their argument
// See:   terminal 1: listening on /tmp/door
//                    id from client: 12
//        terminal 2: message from server: hello from server
//
// A door is a function that other processes call: the client's call runs
// server() in a thread of this process, with the client's argument, and returns
// to the client when server() calls door_return(). Solaris and illumos have
// doors; on Linux door_emulation.hpp stands in for them.

#if __has_include(<door.h>)
#include <door.h>
#include <stropts.h>
#else
#include "door_emulation.hpp"
#endif

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Runs in several threads at once. door_return() does not return, and on
// Solaris runs no destructors, so nothing that has one may live here.
static void server(void *, char *argp, size_t arg_size, door_desc_t *, uint_t) {
    int id = 0;
    if (arg_size != sizeof id) {
        static char refused[] = "refused: not an int";
        door_return(refused, sizeof refused, nullptr, 0);
    }
    memcpy(&id, argp, sizeof id);
    if (dprintf(STDOUT_FILENO, "id from client: %d\n", id) < 0)
        warn("write standard output");
    static char hello[] = "hello from server";
    door_return(hello, sizeof hello, nullptr, 0);
}

int main(int argc, char *argv[]) {
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        errx(2, "usage: doorserver [PATH]");
    const char *path = argc == 2 ? argv[1] : "/tmp/door";

    const int doorfd = door_create(server, nullptr, 0);
    if (doorfd == -1) err(1, "door_create");
    // creat() would empty a file that is there.
    const int fd = open(path, O_RDONLY | O_CREAT, 0644);
    if (fd == -1 || close(fd) == -1) err(1, "create %s", path);
    fdetach(path);  // fails if nothing is attached
    if (fattach(doorfd, path) == -1) err(1, "fattach %s", path);

    if (dprintf(STDOUT_FILENO, "listening on %s\n", path) < 0)
        err(1, "write standard output");
    while (true) pause();
}
