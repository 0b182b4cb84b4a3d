// doorclient - calls a door in the file system
//
// Text:  Doors, Door Client (doorclient.c)
// Run:   terminal 1: build/doors/doorserver door
//        terminal 2: build/doors/doorclient door
//        without an argument: /tmp/door, as in the text
// See:   terminal 1: listening on door
//                    id from client: 12
//        terminal 2: message from server: hello from server
//
// The client opens the door as a file, and passes its argument in memory; the
// call returns when the server's function has. Results that do not fit into
// rbuf are in memory that the kernel has mapped.

#if __has_include(<door.h>)
#include <door.h>
#else
#include "door_emulation.hpp"
#endif

#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

static volatile sig_atomic_t timed_out;

static void on_timeout(int) {
    timed_out = 1;
}  // the call fails with EINTR: it is never restarted

int main(int argc, char *argv[]) {
    if (argc > 2) errx(2, "usage: doorclient [PATH]");
    const char *const path = argc == 2 ? argv[1] : "/tmp/door";

    struct sigaction action = {};
    action.sa_handler = on_timeout;
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    if (sigprocmask(SIG_UNBLOCK, &alarms, nullptr) == -1) err(1, "sigprocmask");

    const int door = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (door == -1) err(1, "open %s", path);
    int id = 12;
    char buffer[64];
    door_arg_t arg = {};
    arg.data_ptr = reinterpret_cast<char *>(&id);
    arg.data_size = sizeof id;
    arg.rbuf = buffer;
    arg.rsize = sizeof buffer;
    alarm(10);
    if (door_call(door, &arg) == -1) {
        if (timed_out != 0)
            errx(1, "door_call %s: no answer within 10 s", path);
        err(1, "door_call %s", path);
    }
    alarm(0);

    const std::string answer(arg.data_ptr,
                             arg.data_size > 0 ? arg.data_size - 1 : 0);
    printf("message from server: ");
    for (const char c : answer)  // control characters are shown, not sent
        printf(isprint(c & 0xff) != 0 ? "%c" : "\\x%02x", c & 0xff);
    printf("\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    if (arg.rbuf != buffer && munmap(arg.rbuf, arg.rsize) == -1)
        err(1, "munmap the results");
    if (close(door) == -1) err(1, "close %s", path);
    if (answer.starts_with("refused: "))
        errx(1, "the server has refused the argument");
}
