// short_calls.hpp - makes a program's read() and recv() move at most 7 bytes,
// or MOST, as they may, and write() and send() half of that: so that what was
// read in one piece is not written in one

#pragma once

#ifndef MOST
#define MOST 7
#endif

#include <algorithm>
#include <sys/socket.h>
#include <unistd.h>

inline ssize_t short_read(int fd, void *bytes, size_t size) {
    return read(fd, bytes, std::min<size_t>(size, MOST));
}
inline ssize_t short_write(int fd, const void *bytes, size_t size) {
    return write(fd, bytes, std::min<size_t>(size, MOST / 2));
}
inline ssize_t short_recv(int fd, void *bytes, size_t size, int flags) {
    return recv(fd, bytes, std::min<size_t>(size, MOST), flags);
}
inline ssize_t short_send(int fd, const void *bytes, size_t size, int flags) {
    return send(fd, bytes, std::min<size_t>(size, MOST / 2), flags);
}
#define read short_read
#define recv short_recv
#define send short_send
#define write short_write
