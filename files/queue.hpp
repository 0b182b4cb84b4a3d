// queue.hpp - what queue_put and queue_get agree on: the form of a queue's file
//
// The first line says where the oldest message begins and where the newest
// ends, in bytes from the file's beginning; then there is one message on each
// line:
//     00000000000000000042 00000000000000000050
//     one
//     two
// Bytes after the recorded end are not a message: a killed queue_put left them
// there.

#pragma once

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

constexpr long first_line = 42;  // its size

// Rewrites the first line, and brings the file to the disk.
inline void set_queue(FILE *file, const char *path, long begin, long end) {
    if (fseek(file, 0, SEEK_SET) == -1) err(1, "seek in %s", path);
    fprintf(file, "%020ld %020ld\n", begin, end);
    if (ferror(file) || fflush(file) == EOF || fsync(fileno(file)) == -1)
        err(1, "write %s", path);
}

// Opens and locks the queue; with O_CREAT, makes a new one. Blocks while
// another process has the lock, which ends with the process. Reads the first
// line.
inline FILE *open_queue(const char *path, int flags, long &begin, long &end) {
    const int fd = open(path, O_RDWR | flags, 0600);
    if (fd == -1) err(1, "open %s", path);
    if (flock(fd, LOCK_EX) == -1) err(1, "lock %s", path);
    FILE *const file = fdopen(fd, "r+");
    if (file == nullptr) err(1, "fdopen %s", path);
    begin = end = first_line;
    // NOLINTNEXTLINE(cert-err34-c): the numbers are our own
    const int fields = fscanf(file, "%ld %ld", &begin, &end);
    if (ferror(file) != 0) err(1, "read %s", path);
    if (fields == EOF) set_queue(file, path, begin, end);  // a new file
    if ((fields != EOF && fields != 2) || begin < first_line || end < begin)
        errx(1, "%s: not a queue; not changed", path);
    return file;
}
