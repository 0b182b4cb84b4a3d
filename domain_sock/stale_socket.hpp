// stale_socket.hpp - makes room for a server's socket where a dead server has
// left its own
//
// Text:  Domain Sockets (a name in the file system)
//
// A socket's name outlives its server, and bind() replaces nothing: it fails
// with EADDRINUSE, be the old server dead or alive. What the text does,
// unlink() without a question, takes the name from a live server, and removes a
// file that is no socket at all.

#pragma once

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <string>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// Removes the socket at the name if no server has it any more: it refuses a
// connection. A live server, or anything that is no socket, ends the program
// with an error, and stays. The probe is a datagram socket, which a stream
// server never sees (EPROTOTYPE), and of which a datagram server sees nothing
// as nothing is sent.
//
// Servers take turns in this, by a lock on the directory: of two that find the
// same stale socket, one would remove the other's new one. Blocks while another
// server has its turn, and says so on standard error. Returns the descriptor of
// the lock; to close it, after bind(), ends the turn.
inline int take_turn(const sockaddr_un &name) {
    const char *const socket_path = name.sun_path;
    std::string copy = socket_path;  // which dirname changes
    const int turn = open(dirname(copy.data()), O_RDONLY | O_CLOEXEC);
    if (turn == -1) err(1, "open the directory of %s", socket_path);
    if (flock(turn, LOCK_EX | LOCK_NB) == -1) {
        if (errno != EWOULDBLOCK)
            err(1, "lock the directory of %s", socket_path);
        warnx("waiting for a lock on the directory of %s; Ctrl-C ends it",
              socket_path);
        if (flock(turn, LOCK_EX) == -1)
            err(1, "lock the directory of %s", socket_path);
    }

    struct stat file = {};
    if (lstat(socket_path, &file) == -1) {
        if (errno == ENOENT) return turn;  // the usual case
        err(1, "lstat %s", socket_path);
    }
    if (!S_ISSOCK(file.st_mode))
        errx(1, "bind %s: is there and is no socket: left alone", socket_path);
    const int probe = socket(PF_UNIX, SOCK_DGRAM, 0);
    if (probe == -1) err(1, "socket");
    if (connect(probe, reinterpret_cast<const sockaddr *>(&name),
                sizeof name) == 0 ||
        errno != ECONNREFUSED)
        errx(1, "bind %s: %s", socket_path, strerror(EADDRINUSE));
    if (unlink(socket_path) == -1 || close(probe) == -1)
        err(1, "remove the stale socket %s", socket_path);
    return turn;
}
