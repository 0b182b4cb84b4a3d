// wrong_byte.hpp - makes a program's write() send a wrong last byte, from its 51st call on

#pragma once

#include <unistd.h>
#include <vector>

inline ssize_t wrong_write(int fd, const void *bytes, size_t size) {
    static int calls;
    const char *const start = static_cast<const char *>(bytes);
    std::vector<char> copy(start, start + size);
    if (++calls > 50 && size > 0) copy.back() = static_cast<char>(copy.back() ^ 1);
    return write(fd, copy.data(), size);
}
#define write wrong_write
