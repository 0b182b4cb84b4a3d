// queue.hpp - what queue_put and queue_get agree on: the form of a queue's file
//
// Text:  Files as IPC (simple queues)
//
// The first line says where the messages are, in bytes from the file's
// beginning:
//     queue 00000000000000000048 00000000000000000056
//     one
//     two
// The first number is where the oldest message begins, the second one where the
// newest ends. Bytes before the one or behind the other belong to no message.

#pragma once

#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace queue {

constexpr off_t line_size = 48;  // of the first line, in bytes

struct Places {
    off_t begin, end;  // in bytes from the file's beginning
};

inline void format(char (&line)[line_size + 1], Places places) {
    snprintf(line, sizeof line, "queue %020lld %020lld\n",
             static_cast<long long>(places.begin),
             static_cast<long long>(places.end));
}

inline void on_alarm(int) {
    const char text[] =
        "queue: locked by another process; Ctrl-C ends the wait\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) == -1) return;
}

// Opens the file, flags besides O_RDWR being O_CREAT or 0, and takes the lock
// on it that others wait for; the process's end gives it back. Blocks as long
// as another one has it, and says so on standard error after a second. Ends the
// program on any error. Source: POSIX, lockf().
inline FILE *open_locked(const char *path, int flags) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the queue
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        err(1, "ignore SIGXFSZ");  // an error of write()
    struct sigaction action = {};
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART;
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");
    if (sigprocmask(SIG_UNBLOCK, &alarms, nullptr) == -1) err(1, "sigprocmask");

    const int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | flags, 0600);
    if (fd == -1) err(1, "open %s", path);
    FILE *const file = fdopen(fd, "r+");
    if (file == nullptr) err(1, "fdopen %s", path);
    alarm(1);
    if (lockf(fd, F_LOCK, 0) == -1) err(1, "lock %s", path);  // 0: all of it
    alarm(0);
    return file;
}

// Reads the first line; in an empty file, which is to be a queue, both places
// are 0. Ends the program where the file is no queue. Call it first, with the
// file locked.
inline Places read_places(FILE *file, const char *path) {
    struct stat status = {};
    if (fstat(fileno(file), &status) == -1) err(1, "fstat %s", path);
    if (!S_ISREG(status.st_mode)) errx(1, "%s: not a regular file", path);
    if (status.st_size == 0) return {0, 0};
    char line[line_size + 1] = "", again[line_size + 1] = "";
    if (fread(line, 1, line_size, file) < line_size && ferror(file) != 0)
        err(1, "read %s", path);
    Places places = {};
    std::from_chars(line + 6, line + 26, places.begin);
    std::from_chars(line + 27, line + 47, places.end);
    format(again, places);
    bool good = strcmp(line, again) == 0 && places.begin >= line_size &&
                places.begin <= places.end && places.end <= status.st_size;
    for (const off_t place :
         {places.begin, places.end}) {  // each is behind a newline
        if (good && fseeko(file, place - 1, SEEK_SET) == -1)
            err(1, "seek in %s", path);
        good = good && fgetc(file) == '\n';
    }
    if (ferror(file) != 0) err(1, "read %s", path);
    if (!good) errx(1, "%s: not a queue, or damaged: left alone", path);
    return places;
}

// Replaces the first line, and brings it to the disk. Call it with the file
// locked.
inline void write_places(FILE *file, const char *path, Places places) {
    char line[line_size + 1];
    format(line, places);
    if (fseeko(file, 0, SEEK_SET) == -1) err(1, "seek in %s", path);
    if (fputs(line, file) == EOF || fflush(file) == EOF) {
        const int reason = errno;
        struct stat status = {};
        if (fstat(fileno(file), &status) == 0 && status.st_size < line_size &&
            ftruncate(fileno(file), 0) ==
                -1)  // a part of a first line is no queue
            warn("truncate %s", path);
        errno = reason;
        err(1, "write %s", path);
    }
    if (fsync(fileno(file)) == -1) err(1, "fsync %s", path);
}

}  // namespace queue
