// client - sends a request into a server's FIFO, and waits for its answer
//
// Text:  Named Pipe Uses (client-server designs); Named Pipe Atomicity
// Run:   terminal 1: build/fifo/server requests
//        terminal 2: build/fifo/client requests, or with a MESSAGE
// See:   terminal 1: message from client: hello from a client
//        terminal 2: message from server: hello from server
//
// The client makes the FIFO for its answer and opens it before it asks, so that
// the server need not wait for it. It opens the server's FIFO with O_NONBLOCK;
// otherwise open() would wait for a server that is not running.

#include "requests.hpp"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    if (argc < 2 || argc > 3 || argv[1][0] == '-')
        errx(2, "usage: client FIFO [MESSAGE]");
    const char *path = argv[1];
    const char *message = argc == 3 ? argv[2] : "hello from a client";
    Request request = {getpid(), {}};
    if (strlen(message) >= sizeof request.message)
        errx(2, "message longer than %zu bytes", sizeof request.message - 1);
    memcpy(request.message, message, strlen(message));

    struct stat file = {};
    const int server = open(path, O_WRONLY | O_NONBLOCK);
    if (server == -1 && errno == ENXIO)
        errx(1, "open %s: no server reads it", path);
    if (server == -1 || fstat(server, &file) == -1) err(1, "open %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);

    const std::string own = answer_path(path, request.client);
    if (mkfifo(own.c_str(), 0600) == -1) err(1, "mkfifo %s", own.c_str());
    const int answers = open(own.c_str(), O_RDONLY | O_NONBLOCK);
    if (answers == -1) err(1, "open %s", own.c_str());

    if (write(server, &request, sizeof request) == -1) err(1, "write %s", path);

    pollfd waiting = {answers, POLLIN, 0};
    const int ready = poll(&waiting, 1, 5000);
    if (unlink(own.c_str()) == -1) err(1, "unlink %s", own.c_str());
    if (ready == 0) errx(1, "%s: no answer within 5 s", path);
    char text[sizeof answer + 1] = "";
    if (ready == -1 || read(answers, text, sizeof answer) == -1)
        err(1, "read %s", own.c_str());
    if (text[0] == '\0') errx(1, "%s: the server has left", path);
    printf("message from server: %s\n", text);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
