// consumer - takes messages from the queue in a mapped file, until the
// producers are done
//
// Text:  Memory Mapped Queue Programs (bb-consumer.c); Submodule Memory Mapped
// Lock Example
//        (consumer.cc)
// Run:   terminal 1: build/mmap_locks/producer
//        terminal 2: build/mmap_locks/consumer
//        both take a FILE as their argument, else it is queue.dat; then the
//        consumer a COUNT
// See:   terminal 1: enqueued 0, and so on to enqueued 4, then, until there is
// a consumer,
//                    producer: queue.dat is full: waiting for a consumer;
//                    Ctrl-C ends it and on to enqueued 99; message queue
//                    written; press Enter to remove it
//        terminal 2: 1: 0, and so on to 100: 99
//
// A pipe's reader meets end of file when no process has the write end any more:
// the kernel keeps count. A queue in memory must record the end itself, and
// cannot when its producer is killed. So a consumer that has waited for a
// second asks the kernel whether there still is a producer.

#include "message.hpp"

#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop;  // the signal that is to end us

static void on_stop(int signo) { stop = signo; }

int main(int argc, char *argv[]) {
    if (argc > 3) errx(2, "usage: consumer [FILE [COUNT]]");
    const char *path = argc > 1 ? argv[1] : "queue.dat";
    long count = 0;  // 0: no limit
    if (argc == 3) {
        const char *const end = argv[2] + strlen(argv[2]);
        const auto [rest, error] = std::from_chars(argv[2], end, count);
        if (error != std::errc{} || rest != end || count < 1)
            errx(2, "%s: not a number from 1 on", argv[2]);
    }

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the file

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    // A consumer that is ended while it holds the lock would leave it held.
    sigset_t stops;
    sigemptyset(&stops);
    struct sigaction action = {}, earlier = {};
    action.sa_handler = on_stop;  // without SA_RESTART: it interrupts the wait
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        if (sigaction(signo, nullptr, &earlier) == -1)
            err(1, "sigaction %d", signo);
        if (earlier.sa_handler == SIG_IGN) continue;  // by nohup(1), or by &
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
        sigaddset(&stops, signo);
    }
    if (sigprocmask(SIG_UNBLOCK, &stops, nullptr) == -1) err(1, "sigprocmask");
    const int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1 && errno == ENOENT)
        errx(1, "open %s: no such file: start a producer first", path);
    if (fd == -1) err(1, "open %s", path);
    Message *const queue = Message::GetFromMemoryMappedFile(fd);
    if (queue == nullptr && errno == EINVAL) errx(1, "%s: not a queue", path);
    if (queue == nullptr) err(1, "map %s", path);

    bool told = false;
    for (long n = 1; stop == 0 && (count == 0 || n <= count);) {
        char text[Message::message_bytes];
        const int got = queue->DequeueMessage(text);
        if (got == 1) {
            printf("%ld: %s\n", n++, text);
            if ((ferror(stdout) != 0 || fflush(stdout) != 0) && stop == 0)
                err(1, "write standard output");
        } else if (got == 0) {
            break;
        } else if (errno == ENOTRECOVERABLE) {
            errx(1,
                 "dequeue from %s: its lock is held by a process that was "
                 "killed or stopped",
                 path);
        } else if (errno != ETIMEDOUT && errno != EINTR) {
            err(1, "dequeue from %s", path);
        } else if (errno == ETIMEDOUT) {
            const int abandoned = queue->Abandoned(fd);
            if (abandoned == -1) err(1, "look for the producers of %s", path);
            if (abandoned == 1)
                errx(1, "%s: the producer has died before it was done", path);
            if (!told)
                warnx("%s is empty: waiting for a producer; Ctrl-C ends it",
                      path);
            told = true;
        }
    }
    if (Message::ReleaseFile(queue) == -1) err(1, "munmap %s", path);
    if (close(fd) == -1) err(1, "close %s", path);
    if (stop != 0) {  // so that it shows what has ended it
        signal(stop, SIG_DFL);
        raise(stop);
    }
}
