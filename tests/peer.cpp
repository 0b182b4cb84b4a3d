// peer - a client, or a server, that misbehaves
//
// Run:   peer ADDRESS MODE [TEXT...]; ADDRESS is a path, or a port of 127.0.0.1
// See:   what the program under test then does
//
// As a client: `silent` connects, and waits for standard input; `pieces` sends
// each TEXT by itself, and prints the answer; `flood` sends without end;
// `vanish` sends TEXT, and closes without reading; `unread` sends 300 datagrams
// and reads no answer; `row` is as many clients, one after the other, as TEXT
// says, and each sends it. As a server: `serve` answers one client with each
// TEXT by itself; `slam` accepts, and closes; `deaf` listens, and does nothing
// else.

#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void send_text(int fd, const char *text) {
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) == -1) err(1, "send");
}

static void send_each(int fd, int count, char *texts[]) {
    for (int i = 0; i < count; ++i) {
        send_text(fd, texts[i]);
        usleep(100000);
    }
}

static void receive_all(int fd) {
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(fd, buffer, sizeof buffer, 0)) != 0;) {
        if (got == -1) err(1, "receive");
        printf("%.*s", static_cast<int>(got), buffer);
    }
    printf("\n");
}

int main(int argc, char *argv[]) {
    if (argc < 3) errx(2, "usage: peer ADDRESS MODE [TEXT...]");
    const std::string mode = argv[2];
    const int port = atoi(argv[1]);  // NOLINT(cert-err34-c): 0 for a path
    sockaddr_un path = {};
    path.sun_family = AF_UNIX;
    snprintf(path.sun_path, sizeof path.sun_path, "%s", argv[1]);
    sockaddr_in loopback = {};
    loopback.sin_family = AF_INET;
    loopback.sin_port = htons(static_cast<uint16_t>(port));
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto *const address =
        port > 0 ? reinterpret_cast<const sockaddr *>(&loopback)
                 : reinterpret_cast<const sockaddr *>(&path);
    const socklen_t size = port > 0 ? sizeof loopback : sizeof path;
    const bool datagrams = mode == "unread";
    const int type = datagrams ? SOCK_DGRAM : SOCK_STREAM;
    const int fd = socket(address->sa_family, type, 0);

    const int row = mode == "row" ? atoi(argv[3]) : 0;  // NOLINT(cert-err34-c)
    for (int i = 0; i < row; ++i) {
        const int each = socket(address->sa_family, type, 0);
        if (each == -1 || connect(each, address, size) == -1) err(1, "connect");
        send_text(each, argv[3]);
        shutdown(each, SHUT_WR);
        receive_all(each);
        close(each);
    }
    if (row > 0) return 0;
    if (mode == "serve" || mode == "slam" || mode == "deaf") {
        const int on = 1;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
            bind(fd, address, size) == -1 || listen(fd, 5) == -1)
            err(1, "listen");
        dprintf(STDOUT_FILENO, "ready\n");
        if (mode == "deaf") pause();
        const int client = accept(fd, nullptr, nullptr);
        if (mode == "slam") return 0;
        receive_all(client);
        send_each(client, argc - 3, argv + 3);
        return 0;
    }
    if (connect(fd, address, size) == -1) err(1, "connect");
    if (datagrams) {
        snprintf(path.sun_path, sizeof path.sun_path, "%s.peer", argv[1]);
        if (bind(fd, address, size) == -1) err(1, "bind");
        for (int i = 0; i < 300; ++i) send_text(fd, "hello");
    }
    dprintf(STDOUT_FILENO, "connected\n");
    if (mode == "silent") getchar();
    while (mode == "flood") send_text(fd, "0123456789012345678901234567890");
    send_each(fd, argc - 3, argv + 3);
    if (mode != "pieces") return 0;
    shutdown(fd, SHUT_WR);
    receive_all(fd);
}
