// door_emulation.hpp - the calls of Solaris doors, for Linux, which has none
//
// Text:  Doors
//
// The calls are those of the manual pages door_create(3C) to fdetach(3C); how
// they come about is not. On Solaris the kernel runs the server's procedure for
// the calling thread, at once, on the processor that it has, and copies the
// argument straight to that procedure's stack. Here a call is a connection of
// domain sockets: it wakes up a thread of another process, and copies
// everything twice.
//
// - fattach() leaves the file as it is. It gives a listening socket an abstract
// name made of the
//   file's device and inode, which door_call() gets from its descriptor. So
//   open() is the ordinary one, with its permissions, and the name goes when
//   the server does.
// - Anybody may connect to an abstract name. So the caller passes the
// descriptor that it has opened
//   along, as a ticket, and the server looks whether it is of the file; the
//   caller looks whether the server is the file's owner or root. (Anybody may
//   also take the name first: then fattach() fails.)
// - Threads wait in accept(); the one that leaves nobody waiting starts
// another.
// - door_return() leaves the procedure by longjmp(): no destructor runs, as on
// Solaris. Where the
//   procedure ends without it, the call fails with EINTR.
//
// One call, step by step:
//     client: door_call() -> ask() -> connect_to(), send_all(): the head, the
//     ticket, the argument server: serve(), in accept4() -> answer() ->
//     receive_request(), receive_all(), the procedure server: door_return() ->
//     send_all(): the results; longjmp() back into answer() client: ask() and
//     door_call() -> receive_all(): the head, the results
//
// Not emulated: descriptors as arguments, DOOR_UNREF, DOOR_PRIVATE (ENOTSUP);
// calls through what door_create() returns (EBADF); one door at several paths
// (EBUSY); threads that become a server's by door_return(). Where another
// server has taken a path over, calls through descriptors that were opened
// before reach that one, not the old one. Each network namespace has its own
// doors. A child that the server forks, and that does not exec, holds up the
// calls of that moment if the server dies.

#pragma once

#ifndef __linux__
#error                                                                         \
    "no <door.h> here, and its emulation needs the abstract socket names of Linux"
#endif

#include <algorithm>
#include <condition_variable>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

using uint_t = unsigned int;
using door_attr_t = uint_t;
using door_ptr_t = unsigned long long;
struct door_desc_t;  // a descriptor as an argument, which is not emulated

struct door_arg_t {
    char *data_ptr;         // the argument; afterwards the results
    size_t data_size;       // its size in bytes
    door_desc_t *desc_ptr;  // descriptors
    uint_t desc_num;        // how many
    char *rbuf;             // where results may go
    size_t rsize;           // and how many bytes of them
};

struct door_info_t {
    pid_t di_target;              // the server
    door_ptr_t di_proc, di_data;  // its procedure and cookie; not emulated: 0
    door_attr_t
        di_attributes;  // DOOR_LOCAL: the caller is the server; no others here
    unsigned long long di_uniquifier;  // the file's inode
};

constexpr door_attr_t DOOR_UNREF = 0x01, DOOR_PRIVATE = 0x02, DOOR_LOCAL = 0x04,
                      DOOR_REFUSE_DESC = 0x40, DOOR_NO_CANCEL = 0x80;
#define S_ISDOOR(mode)                                                         \
    (false && (mode) != 0)  // to stat() it is an ordinary file
extern "C" {
using door_server_procedure_t = void(void *, char *, size_t, door_desc_t *,
                                     uint_t);
}

namespace door_emulation {

constexpr size_t largest_argument =
    1 << 20;  // in bytes; on Solaris, what a thread's stack holds
constexpr int most_idle =
    4;  // threads in accept(); each keeps a descriptor ready
constexpr int patience =
    5000;  // ms, with a client or server that does not go on

enum : int64_t { call = 1, detach };  // what a request is for

struct Head {  // of a request, with its ticket, and of a reply; between 32 and
               // 64 bits, too
    int64_t what;   // a request's purpose; a reply's errno, or 0
    uint64_t size;  // so many bytes of argument or results follow
};
static_assert(sizeof(Head) == 16);

struct Descriptor {  // closed at the end of its block, without a change of
                     // errno
    int fd;
    explicit Descriptor(int number) : fd(number) {}
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor() {
        const int saved = errno;
        if (fd != -1)
            shutdown(
                fd, SHUT_RDWR);  // also what a forked child has of a connection
        if (fd != -1) close(fd);
        errno = saved;
    }
};

struct Door {
    ino_t number;  // of the socket that door_create() has returned; 0 once it
                   // is revoked
    door_server_procedure_t *procedure;
    void *cookie;
    bool attached = false;
    struct stat file = {};  // where
    int listener = -1,
        opened = -1;  // the socket, and the file, so that its inode is kept
    int idle = 0;     // threads in accept()
    bool is_short = false;  // accept() has failed, and that was said
};

struct Call {  // what a thread is answering
    int connection;
    jmp_buf back;
};

// Threads may outlive main(): of these, nothing is ever destroyed.
inline std::mutex &mutex = *new std::mutex;  // for what follows
inline std::condition_variable &changed = *new std::condition_variable;
inline std::list<Door> &doors = *new std::list<Door>;
inline thread_local Call *current;

inline int fail(int error) {
    errno = error;
    return -1;
}

inline bool is_same(const struct stat &a, const struct stat &b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// With the mutex locked: the door that door_create() has returned this
// descriptor for, or null.
inline Door *find(int did) {
    struct stat status = {};
    if (fstat(did, &status) == -1 || !S_ISSOCK(status.st_mode)) return nullptr;
    const auto door =
        std::find_if(doors.begin(), doors.end(), [&status](const Door &each) {
            return each.number == status.st_ino;
        });
    return door == doors.end() ? nullptr : &*door;
}

inline sockaddr_un address_of(const struct stat &file) {
    sockaddr_un address = {};
    address.sun_family =
        AF_UNIX;  // and a NUL as the first byte: an abstract name
    const uintmax_t device = file.st_dev, inode = file.st_ino;
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "door %jx %jx",
             device, inode);
    return address;
}

// Whether who is at the other end is the file's owner or root.
inline bool is_owner(int connection, const struct stat &file, ucred &peer) {
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == file.st_uid);
}

// Connects to the server of the file. Returns the connection; or -1: EBADF if
// there is none, EAGAIN if it has not taken calls for a while, EINTR.
inline int connect_to(int descriptor, ucred &peer) {
    struct stat file = {};
    if (fstat(descriptor, &file) == -1) return -1;
    const sockaddr_un address = address_of(file);
    const int connection = socket(PF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection == -1) return -1;
    const timeval limit = {.tv_sec = patience / 1000,
                           .tv_usec = 0};  // for connect(); and EINTR
    int error = EBADF;
    if (setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) ==
            -1 ||
        connect(connection, reinterpret_cast<const sockaddr *>(&address),
                sizeof address) == -1)
        error = errno == ECONNREFUSED ? EBADF : errno;
    else if (is_owner(connection, file, peer))
        return connection;
    close(connection);
    return fail(error);
}

// Waits until the connection can be read or written. Not in recv() or send():
// with SA_RESTART a signal would not end these. False, and errno, at a signal
// or after limit ms (-1: none).
inline bool wait_for(int connection, short events, int limit) {
    pollfd poller = {connection, events, 0};
    const int count = poll(&poller, 1, limit);
    if (count == 0) errno = ETIMEDOUT;
    return count == 1;
}

// Sends head, with the descriptor unless it is -1, and then data. False, and
// errno, on failure.
inline bool send_all(int connection, Head head, int descriptor, char *data,
                     int limit) {
    const size_t size = static_cast<size_t>(head.size);
    iovec parts[] = {{&head, sizeof head}, {data, size}};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = "";
    msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    if (descriptor != -1) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr *const header = CMSG_FIRSTHDR(&message);
        *header = {.cmsg_len = CMSG_LEN(sizeof descriptor),
                   .cmsg_level = SOL_SOCKET,
                   .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    ssize_t sent = sendmsg(connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < static_cast<ssize_t>(sizeof head)) return false;
    for (size_t done = static_cast<size_t>(sent) - sizeof head; done < size;) {
        if (!wait_for(connection, POLLOUT, limit)) return false;
        sent = send(connection, data + done, size - done,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == -1 && errno == EFAULT)
            errno = EPIPE;  // a part has gone: it cannot be taken back
        if (sent == -1) return false;
        done += static_cast<size_t>(sent);
    }
    return true;
}

// False, and errno, if less comes; EPIPE where the other side has closed it.
inline bool receive_all(int connection, void *data, size_t size, int limit) {
    for (size_t done = 0; done < size;) {
        if (!wait_for(connection, POLLIN, limit)) return false;
        const ssize_t got =
            recv(connection, static_cast<char *>(data) + done, size - done, 0);
        if (got == 0) errno = EPIPE;
        if (got < 1) return false;
        done += static_cast<size_t>(got);
    }
    return true;
}

// False if no request comes; or EBADF if its ticket is no open descriptor of
// the door's file, EAGAIN if this process has no descriptor left for it.
inline bool receive_request(int connection, const struct stat &attached,
                            Head &request) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = "";
    iovec part = {&request, sizeof request};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen =
        CMSG_LEN(sizeof(int));  // CMSG_SPACE has room for two
    if (!wait_for(connection, POLLIN, patience)) return false;
    const ssize_t got =
        recvmsg(connection, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    const cmsghdr *const header = CMSG_FIRSTHDR(&message);
    errno = header == nullptr && (message.msg_flags & MSG_CTRUNC) != 0 ? EAGAIN
                                                                       : EBADF;
    if (got == -1 || header == nullptr || header->cmsg_type != SCM_RIGHTS)
        return false;
    int ticket = -1;
    memcpy(&ticket, CMSG_DATA(header), sizeof ticket);
    struct stat file = {};
    const bool good =
        got == sizeof request && fstat(ticket, &file) == 0 &&
        is_same(file, attached) &&
        (fcntl(ticket, F_GETFL) & O_PATH) == 0;  // O_PATH needs no permission
    close(ticket);
    errno = EBADF;
    return good;
}

// No calls from now on. When this returns, the name is free.
inline void stop(Door &door, std::unique_lock<std::mutex> &lock) {
    if (door.attached) {
        door.attached = false;
        shutdown(door.listener,
                 SHUT_RDWR);  // wakes accept() up, which close() does not
        changed.wait(lock, [&door] { return door.idle == 0; });
        close(door.listener);
        close(door.opened);
        door.listener = -1;
        changed.notify_all();
    } else {  // or another thread is doing that
        changed.wait(lock, [&door] { return door.listener == -1; });
    }
}

inline void answer(Door &door, const struct stat &file, int connection) {
    Head request = {};
    const bool good = receive_request(connection, file, request) &&
                      request.size <= largest_argument;
    const size_t size = good ? static_cast<size_t>(request.size) : 0;
    const std::unique_ptr<char[]> argument(good ? new (std::nothrow) char[size]
                                                : nullptr);
    if (argument == nullptr) {
        send_all(connection, {good ? ENOMEM : errno, 0}, -1, nullptr, patience);
        return;
    }
    if (!receive_all(connection, argument.get(), size, patience)) return;
    pollfd caller = {connection, 0, 0};
    if (poll(&caller, 1, 0) == -1 || (caller.revents & POLLHUP) != 0)
        return;  // it has given up
    if (request.what == detach) {
        ucred peer = {};
        std::unique_lock lock(mutex);
        const bool here = door.attached && is_same(door.file, file);
        const int error = !here                              ? EINVAL
                          : is_owner(connection, file, peer) ? 0
                                                             : EPERM;
        if (error == 0) stop(door, lock);
        send_all(connection, {error, 0}, -1, nullptr, patience);
        return;
    }
    Call call_here = {connection, {}};
    current = &call_here;
    if (setjmp(call_here.back) == 0) {
        door.procedure(door.cookie, size == 0 ? nullptr : argument.get(), size,
                       nullptr, 0);
        if (current == nullptr)
            _exit(1);  // in a forked child: the call is the parent's
    }
    current = nullptr;
}

inline int start_thread(Door &door);

inline void *serve(void *argument) {
    Door &door = *static_cast<Door *>(argument);
    std::unique_lock lock(mutex);
    while (door.attached && door.idle < most_idle) {
        const int listener = door.listener;
        const struct stat file = door.file;
        ++door.idle;
        lock.unlock();
        const Descriptor connection(
            accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
        lock.lock();
        if (--door.idle == 0) changed.notify_all();
        const bool is_short = connection.fd == -1 && door.attached;
        if (is_short && !door.is_short) warn("door: accept");
        door.is_short = is_short;
        if (connection.fd != -1 && door.attached && door.idle == 0)
            start_thread(door);
        lock.unlock();
        if (connection.fd != -1) answer(door, file, connection.fd);
        if (is_short)
            poll(nullptr, 0,
                 100);  // ms, in which others may close some descriptors
        lock.lock();
    }
    return nullptr;
}

// Returns 0 or an errno. Without the new thread, callers wait until one has
// answered.
inline int start_thread(Door &door) {
    sigset_t all, mask;
    pthread_t thread;
    sigfillset(&all);  // signals are for the threads that the program has made
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    const int error = pthread_create(&thread, nullptr, serve, &door);
    if (error == 0) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    return error;
}

inline void
close_in_child() {  // of fork(): it serves nobody, and must not keep the name
    for (Door &door : doors) {
        if (door.listener != -1) close(door.listener);
        if (door.listener != -1) close(door.opened);
        door.number = 0;
        door.attached = false;
        door.listener = -1;
        door.idle = 0;
    }
    current = nullptr;
    mutex.unlock();
}

// Sends a request to the server of the descriptor's file, and receives the head
// of the reply. Returns the connection; or -1: EBADF without a server that
// takes it, EINTR if that has gone before it answered, or what it has answered.
inline int ask(int descriptor, Head request, char *data, int limit,
               Head &reply) {
    ucred peer = {};
    const int connection = connect_to(descriptor, peer);
    if (connection == -1) return -1;
    int error = 0;
    const bool sent = send_all(connection, request, descriptor, data, limit);
    if (!sent && errno != EPIPE && errno != ECONNRESET)
        error = errno;  // else a reply may be there all the same: a refusal
    else if (receive_all(connection, &reply, sizeof reply, limit))
        error = static_cast<int>(reply.what);
    else
        error = errno == ECONNRESET || !sent ? EBADF
                : errno == EPIPE             ? EINTR
                                             : errno;
    if (error == 0) return connection;
    close(connection);
    return fail(error);
}

}  // namespace door_emulation

extern "C" {

// Makes a door: calls will run procedure(cookie, ...) in threads of this
// process. Of the attributes, DOOR_REFUSE_DESC and DOOR_NO_CANCEL are accepted:
// they say what is so here anyway. Returns a descriptor; or -1: EINVAL,
// ENOTSUP, EMFILE. Source: door_create(3C).
inline int door_create(door_server_procedure_t *procedure, void *cookie,
                       uint_t attributes) {
    using namespace door_emulation;
    if ((attributes & (DOOR_UNREF | DOOR_PRIVATE)) != 0) return fail(ENOTSUP);
    if ((attributes & ~(DOOR_REFUSE_DESC | DOOR_NO_CANCEL)) != 0)
        return fail(EINVAL);
    const std::lock_guard lock(mutex);
    static const int error = pthread_atfork(
        [] { mutex.lock(); }, [] { mutex.unlock(); }, close_in_child);
    if (error != 0) return fail(error);
    struct stat status = {};
    const int did = socket(PF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (did == -1 || fstat(did, &status) == -1) return -1;
    if (doors.empty())
        warnx("no doors on this system: emulated with a domain socket and "
              "threads");
    doors.push_back({status.st_ino, procedure, cookie});
    return did;
}

// Attaches the door to a regular file, which must be the caller's and writable
// for it. Returns 0; or -1: EPERM, EACCES, EBUSY if either is attached, EBADF,
// EINVAL if either is of the wrong kind, and what open() fails with. Source:
// fattach(3C).
inline int fattach(int did, const char *path) {
    using namespace door_emulation;
    struct stat file = {};
    ucred peer = {};
    std::unique_lock lock(mutex);  // no fork() while there are descriptors that
                                   // its handler misses
    Descriptor opened(open(path, O_PATH | O_CLOEXEC));
    if (opened.fd == -1 || fstat(opened.fd, &file) == -1) return -1;
    if (!S_ISREG(file.st_mode)) return fail(EINVAL);
    if (file.st_uid != geteuid() && geteuid() != 0) return fail(EPERM);
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == -1) return -1;
    Door *const door = find(did);
    if (door == nullptr)
        return fail(fcntl(did, F_GETFD) == -1 ? EBADF : EINVAL);
    const sockaddr_un address = address_of(file);
    Descriptor listener(-1);
    for (int tries = 0;; ++tries) {
        changed.wait(lock,
                     [door] { return door->attached || door->listener == -1; });
        if (door->number == 0) return fail(EBADF);
        if (door->attached) return fail(EBUSY);
        listener.fd = socket(PF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener.fd == -1) return -1;
        if (bind(listener.fd, reinterpret_cast<const sockaddr *>(&address),
                 sizeof address) == 0)
            break;
        if (errno != EADDRINUSE) return -1;
        close(std::exchange(listener.fd, -1));
        // A server that is just leaving, and its forked children, may have the
        // name for a moment.
        lock.unlock();
        const Descriptor other(connect_to(opened.fd, peer));
        if (other.fd != -1 || errno != EBADF || tries == 100)
            return fail(EBUSY);
        poll(nullptr, 0, 10);  // ms
        lock.lock();
    }
    if (listen(listener.fd, SOMAXCONN) == -1) return -1;
    door->attached = true;
    if (const int error = start_thread(*door); error != 0) {
        door->attached = false;
        return fail(error);
    }
    door->file = file;
    door->opened = std::exchange(opened.fd, -1);
    door->listener = std::exchange(listener.fd, -1);
    return 0;
}

// Calls the door that is attached to the descriptor's file; blocks until it is
// answered. Results go to rbuf; if they do not fit, to new memory that rbuf and
// rsize then tell of, and that the caller unmaps. Returns 0; or -1: EBADF
// without a server, EINTR without an answer or at a signal, E2BIG, EAGAIN,
// EOVERFLOW, ENOTSUP. Source: door_call(3C).
inline int door_call(int descriptor, door_arg_t *arg) {
    using namespace door_emulation;
    door_arg_t none = {};
    if (arg == nullptr) arg = &none;
    if (arg->desc_num != 0) return fail(ENOTSUP);
    if (arg->data_size > largest_argument) return fail(E2BIG);
    Head reply = {};
    const Head request = {call, arg->data_size};
    const Descriptor connection(
        ask(descriptor, request, arg->data_ptr, -1, reply));
    if (connection.fd == -1) return -1;
    const size_t size = static_cast<size_t>(reply.size);
    if (size != reply.size) return fail(EOVERFLOW);
    const bool fits = size <= arg->rsize;
    void *const results = fits ? arg->rbuf
                               : mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (results == MAP_FAILED) return fail(EOVERFLOW);
    const bool good = receive_all(connection.fd, results, size, -1);
    const int error = errno == ECONNRESET || errno == EPIPE ? EINTR : errno;
    if (!fits && (!good || arg == &none)) munmap(results, size);
    if (!good) return fail(error);
    arg->data_ptr = static_cast<char *>(results);
    arg->data_size = size;
    arg->rbuf = arg->data_ptr;
    if (!fits) arg->rsize = size;
    return 0;
}

// In a server procedure: hands over the results, and ends the procedure.
// Returns only if it cannot: -1 and EINVAL outside of a procedure, EFAULT,
// ENOTSUP. Source: door_return(3C).
inline int door_return(char *data, size_t size, door_desc_t *, uint_t n_desc) {
    using namespace door_emulation;
    if (current == nullptr) return fail(EINVAL);
    if (n_desc != 0) return fail(ENOTSUP);
    if (data == nullptr && size != 0) return fail(EFAULT);
    if (!send_all(current->connection, {0, size}, -1, data, patience) &&
        errno == EFAULT)
        return -1;
    longjmp(current->back, 1);  // also if the caller has gone
}

// Tells whose the door is that is attached to the descriptor's file. Returns 0;
// or -1: EBADF. Source: door_info(3C).
inline int door_info(int descriptor, door_info_t *info) {
    using namespace door_emulation;
    ucred peer = {};
    struct stat file = {};
    const Descriptor connection(connect_to(descriptor, peer));
    if (connection.fd == -1 || fstat(descriptor, &file) == -1) return -1;
    *info = {peer.pid, 0, 0, peer.pid == getpid() ? DOOR_LOCAL : 0,
             file.st_ino};
    return 0;
}

// Ends the door, and closes its descriptor; procedures that run go on. Returns
// 0; or -1: EBADF. Source: door_revoke(3C).
inline int door_revoke(int did) {
    using namespace door_emulation;
    std::unique_lock lock(mutex);
    Door *const door = find(did);
    if (door == nullptr) return fail(EBADF);
    door->number = 0;
    stop(*door, lock);
    return close(did);
}

// Detaches the door from the file, whichever process has it there; the caller
// must be the file's owner or root, and able to open it. Returns 0; or -1:
// EINVAL if there is none, EPERM, ETIMEDOUT if its server does not react, and
// what open() fails with. Source: fdetach(3C).
inline int fdetach(const char *path) {
    using namespace door_emulation;
    Head reply = {};
    const Descriptor file(
        open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (file.fd == -1) return -1;
    const Descriptor connection(
        ask(file.fd, {detach, 0}, nullptr, patience, reply));
    if (connection.fd != -1) return 0;
    return errno == EAGAIN  ? fail(ETIMEDOUT)
           : errno == EBADF ? fail(EINVAL)
                            : -1;
}
}
