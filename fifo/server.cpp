// server - reads requests from a well-known FIFO and answers each client
//
// Text:  Named Pipe Uses (client-server designs); Named Pipe Atomicity
// Run:   terminal 1: build/fifo/server requests
//        terminal 2: build/fifo/client requests
// See:   terminal 1: listening on requests
//                    message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// Many clients write to one FIFO: requests.hpp says why their requests do not
// mix. An answer must reach one client only, so each client has a FIFO of its
// own, and opens it before it asks. The server opens the client's FIFO without
// waiting, and reports a client that is gone.

#include "requests.hpp"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path;

static void on_stop(int) {
    unlink(path);
    _exit(0);
}

static void answer_client(const Request &request) {
    const std::string name = answer_path(path, request.client);
    const int fifo = open(name.c_str(), O_WRONLY | O_NONBLOCK);
    if (fifo == -1 || write(fifo, answer, sizeof answer) == -1)
        warn("answer %s", name.c_str());
    if (fifo != -1 && close(fifo) == -1) warn("close %s", name.c_str());
}

int main(int argc, char *argv[]) {
    if (argc != 2 || argv[1][0] == '-') errx(2, "usage: server FIFO");
    path = argv[1];

    // A killed server's FIFO is used again.
    if (mkfifo(path, 0600) == -1 && errno != EEXIST) err(1, "mkfifo %s", path);
    // Open for writing, too, or the last client to leave would be end of file.
    const int fifo = open(path, O_RDWR);
    struct stat file = {};
    if (fifo == -1 || fstat(fifo, &file) == -1) err(1, "open %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);

    signal(SIGPIPE, SIG_IGN);  // if a client has gone, write() fails instead
    signal(SIGINT, on_stop);
    signal(SIGTERM, on_stop);
    if (dprintf(STDOUT_FILENO, "listening on %s\n", path) < 0)
        err(1, "write standard output");

    Request request = {};
    for (ssize_t got = 0; (got = read(fifo, &request, sizeof request)) > 0;) {
        if (got != sizeof request) continue;  // not written by a client
        request.message[sizeof request.message - 1] = '\0';
        for (char &c : request.message)  // what could upset a terminal
            if (iscntrl(c & 0xff) && c != '\0') c = '?';
        if (dprintf(STDOUT_FILENO, "message from client: %s\n",
                    request.message) < 0)
            err(1, "write standard output");
        answer_client(request);
    }
    err(1, "read %s", path);
}
