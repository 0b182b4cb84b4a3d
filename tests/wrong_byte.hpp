// wrong_byte.hpp - makes a program's write() or send() send a wrong last byte,
// from its 51st call on

#pragma once

#include <sys/socket.h>
#include <unistd.h>
#include <vector>

inline std::vector<char> wrong_copy(const void *bytes, size_t size) {
    static int calls;
    const char *const start = static_cast<const char *>(bytes);
    std::vector<char> copy(start, start + size);
    if (++calls > 50 && size > 0)
        copy.back() = static_cast<char>(copy.back() ^ 1);
    return copy;
}
inline ssize_t wrong_write(int fd, const void *bytes, size_t size) {
    return write(fd, wrong_copy(bytes, size).data(), size);
}
inline ssize_t wrong_send(int fd, const void *bytes, size_t size, int flags) {
    return send(fd, wrong_copy(bytes, size).data(), size, flags);
}
#define write wrong_write
#define send wrong_send
