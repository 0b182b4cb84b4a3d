// dgram_client - sends each argument as a datagram, and prints the answers
//
// Text:  Domain Sockets (stream or datagram communication)
// Run:   terminal 1: build/domain_sock/dgram_server socket
//        terminal 2: build/domain_sock/dgram_client socket one two three
// See:   terminal 2: message from server: hello from server, three times
//
// To get answers, the client needs a name, too: the server's with its own
// process number. connect() on a datagram socket only sets the partner. An
// alarm ends the client after 10 seconds.

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static sockaddr_un address_of(const std::string &path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        errx(1, "%s: the path is too long", path.c_str());
    memcpy(address.sun_path, path.data(), path.size());
    return address;
}

int main(int argc, char *argv[]) {
    if (argc < 3 || argv[1][0] == '-')
        errx(2, "usage: dgram_client PATH MESSAGE...");
    const std::string own = argv[1] + ("." + std::to_string(getpid()));
    const sockaddr_un server = address_of(argv[1]), client = address_of(own);

    const int socket_fd = socket(PF_UNIX, SOCK_DGRAM, 0);
    if (socket_fd == -1) err(1, "socket");
    if (connect(socket_fd, reinterpret_cast<const sockaddr *>(&server),
                sizeof server) == -1)
        err(1, "connect %s", argv[1]);
    if (bind(socket_fd, reinterpret_cast<const sockaddr *>(&client),
             sizeof client) == -1)
        err(1, "bind %s", own.c_str());
    alarm(10);  // its default action ends the client
    bool answered = true;
    for (int i = 2; i < argc && answered; ++i) {
        char answer[256] = "";
        answered = send(socket_fd, argv[i], strlen(argv[i]), 0) != -1 &&
                   recv(socket_fd, answer, sizeof answer - 1, 0) != -1;
        for (char &c : answer)  // what could upset a terminal
            if (iscntrl(c & 0xff) != 0 && c != '\0') c = '?';
        if (answered)
            printf("message from server: %s\n", answer);
        else
            warn("ask %s", argv[1]);
    }
    if (unlink(own.c_str()) == -1) err(1, "unlink %s", own.c_str());
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
    return answered ? 0 : 1;
}
