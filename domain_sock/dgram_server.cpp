// dgram_server - takes datagrams from its socket and answers each
//
// Text:  Domain Sockets (stream or datagram communication)
// Run:   terminal 1: build/domain_sock/dgram_server socket
//        terminal 2: build/domain_sock/dgram_client socket one two three
// See:   terminal 1: listening on socket
//                    message from client: one, and so on, each on its own line
//        terminal 2: message from server: hello from server, three times
//
// A datagram arrives as it was sent, never joined to another one. There is no
// connection: the answer goes to the name to which the sender has bound its own
// socket. What does not fit into the buffer is lost; so the buffer is one byte
// longer than the limit, and a datagram that fills it was too long.

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char *fileName;

static void on_stop(int) {
    unlink(fileName);
    _exit(0);
}

static int bound_socket() {
    const int socket_fd = socket(PF_UNIX, SOCK_DGRAM, 0);
    if (socket_fd == -1) err(1, "socket");
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (strlen(fileName) >= sizeof address.sun_path)
        errx(1, "bind %s: the path is too long", fileName);
    memcpy(address.sun_path, fileName, strlen(fileName));
    const auto *const name = reinterpret_cast<const sockaddr *>(&address);

    umask(0177);  // only this user may send
    // A dead server's socket, which nobody reads, is replaced.
    struct stat file = {};
    if (lstat(fileName, &file) == 0 && S_ISSOCK(file.st_mode) &&
        connect(socket_fd, name, sizeof address) == -1 && errno == ECONNREFUSED)
        unlink(fileName);
    if (bind(socket_fd, name, sizeof address) == -1)
        err(1, "bind %s", fileName);
    return socket_fd;
}

int main(int argc, char *argv[]) {
    if (argc != 2 || argv[1][0] == '-' || argv[1][0] == '\0')
        errx(2, "usage: dgram_server PATH");
    fileName = argv[1];
    const int socket_fd = bound_socket();
    signal(SIGINT, on_stop);
    signal(SIGTERM, on_stop);
    if (dprintf(STDOUT_FILENO, "listening on %s\n", fileName) < 0)
        err(1, "write standard output");

    while (true) {
        char buff[257] = "";  // a byte more than the limit, and a NUL
        sockaddr_un client = {};
        socklen_t length = sizeof client;
        auto *const sender = reinterpret_cast<sockaddr *>(&client);
        const ssize_t nBytes =
            recvfrom(socket_fd, buff, 256, 0, sender, &length);
        if (nBytes == -1) err(1, "receive from %s", fileName);
        for (char &c : buff)  // what could upset a terminal
            if (iscntrl(c & 0xff) != 0 && c != '\0') c = '?';
        const char *answer = "hello from server";
        if (nBytes == 256)
            answer = "refused: more than 255 bytes";
        else if (dprintf(STDOUT_FILENO, "message from client: %s\n", buff) < 0)
            err(1, "write standard output");
        // A client that is gone, or does not read, must not stop the server.
        if (sendto(socket_fd, answer, strlen(answer), MSG_DONTWAIT, sender,
                   length) == -1)
            warn("answer %.108s", client.sun_path);  // maybe without a NUL
    }
}
