// door_emulation.hpp - the door calls that doorserver and doorclient use, for
// Linux, which has no doors
//
// Text:  Doors
//
// On Solaris a door_call() goes on in the server's procedure at once, on the
// same processor. Here it is a connection of a domain socket, for which the
// server starts a thread. fattach() leaves the file alone and gives the socket
// an abstract name made of the file's device and inode; door_call() gets that
// name from its descriptor. The name disappears with the server.
//
// Not emulated: permissions (whoever finds out the name may call, or take it
// first), passing descriptors, door_info, door_revoke, attributes, more than
// one door in a process, fdetach() of a living server's door. door_return()
// runs destructors here.

#pragma once

#ifndef __linux__
#error "door_emulation.hpp needs the abstract socket names of Linux"
#endif

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using uint_t = unsigned int;
struct door_desc_t;
struct door_arg_t {
    char *data_ptr;         // the argument; after the call the results
    size_t data_size;       // their size in bytes
    door_desc_t *desc_ptr;  // descriptors, which are not emulated
    uint_t desc_num;
    char *rbuf;  // where the results may go
    size_t rsize;
};
using door_server_procedure_t = void(void *, char *, size_t, door_desc_t *,
                                     uint_t);

inline door_server_procedure_t *door_procedure;
inline void *door_cookie;
inline thread_local int door_caller = -1;  // this thread's connection

inline sockaddr_un door_address(const struct stat &file) {
    sockaddr_un address = {};  // begins with a NUL: an abstract name
    address.sun_family = AF_UNIX;
    const unsigned long long device = file.st_dev, inode = file.st_ino;
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1,
             "door %llx %llx", device, inode);
    return address;
}

// Everything up to end of file.
inline bool door_receive(int connection, std::string &bytes) {
    char buffer[4096];
    ssize_t got = 0;
    while ((got = recv(connection, buffer, sizeof buffer, 0)) > 0)
        bytes.append(buffer, static_cast<size_t>(got));
    return got == 0;
}

// Runs in a thread of its own for each call.
inline void door_answer(int connection) {
    door_caller = connection;
    std::string argument;
    if (door_receive(connection, argument))
        door_procedure(door_cookie, argument.data(), argument.size(), nullptr,
                       0);
    close(connection);  // the procedure has ended without door_return()
}

inline void door_accept(int listener) {
    while (true) {
        const int connection = accept(listener, nullptr, nullptr);
        if (connection != -1)
            std::thread(door_answer, connection).detach();
        else
            sleep(1);  // descriptors are short
    }
}

// Names the procedure that answers calls. Returns a descriptor, or -1.
inline int door_create(door_server_procedure_t *procedure, void *cookie,
                       uint_t) {
    door_procedure = procedure;
    door_cookie = cookie;
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

// Attaches the door to the file. Returns 0; or -1, EBUSY if a living server has
// one there.
inline int fattach(int did, const char *path) {
    struct stat file = {};
    if (stat(path, &file) == -1) return -1;
    const sockaddr_un address = door_address(file);
    if (bind(did, reinterpret_cast<const sockaddr *>(&address),
             sizeof address) == -1 ||
        listen(did, SOMAXCONN) == -1) {
        errno = EBUSY;
        return -1;
    }
    std::thread(door_accept, did).detach();
    return 0;
}

// Nothing to do: what a dead server had attached has gone with it.
inline int fdetach(const char *) { return 0; }

// Hands the results to the caller, and ends the thread of its call.
inline int door_return(char *data, size_t size, door_desc_t *, uint_t) {
    // A byte comes before the results, so that empty results are an answer too.
    send(door_caller, "", 1, MSG_NOSIGNAL);
    send(door_caller, data, size, MSG_NOSIGNAL);
    close(door_caller);
    pthread_exit(nullptr);
}

// Calls the door that is attached to the descriptor's file, and blocks until it
// returns. Results that do not fit into rbuf go to new memory, which rbuf and
// rsize then describe, and which the caller unmaps. Returns 0; or -1: EBADF
// without a server, EINTR if there was no door_return().
inline int door_call(int descriptor, door_arg_t *arg) {
    struct stat file = {};
    if (fstat(descriptor, &file) == -1) return -1;
    const sockaddr_un address = door_address(file);
    const int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connection == -1) return -1;
    const auto *const name = reinterpret_cast<const sockaddr *>(&address);
    const bool connected = connect(connection, name, sizeof address) == 0;
    std::string reply;
    const bool answered =
        connected &&
        send(connection, arg->data_ptr, arg->data_size, MSG_NOSIGNAL) != -1 &&
        shutdown(connection, SHUT_WR) != -1 &&
        door_receive(connection, reply) && !reply.empty();
    close(connection);
    errno = connected ? EINTR : EBADF;
    if (!answered) return -1;

    arg->data_size = reply.size() - 1;
    if (arg->data_size > arg->rsize) {
        void *const results =
            mmap(nullptr, arg->data_size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (results == MAP_FAILED) return -1;
        arg->rbuf = static_cast<char *>(results);
        arg->rsize = arg->data_size;
    }
    memcpy(arg->rbuf, reply.data() + 1, arg->data_size);
    arg->data_ptr = arg->rbuf;
    return 0;
}
