// producer - puts a hundred messages into a queue in a mapped file
//
// Text:  Memory Mapped Queue Programs (bb-producer.c); Submodule Memory Mapped
// Lock Example
//        (producer.cc)
// Run:   terminal 1: build/mmap_locks/producer
//        terminal 2: build/mmap_locks/consumer
//        both take a FILE as their argument, else it is queue.dat; there may be
//        more of each
// See:   terminal 1: enqueued 0, and so on to enqueued 4, then, until there is
// a consumer,
//                    producer: queue.dat is full: waiting for a consumer;
//                    Ctrl-C ends it and on to enqueued 99; message queue
//                    written; press Enter to remove it
//        terminal 2: 1: 0, and so on to 100: 99
//
// The queue is made in a file under a temporary name, which gets its real name
// when it is complete. A producer that finds a queue there adds to it. The last
// one that leaves removes the file.

#include "message.hpp"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <unistd.h>

static const char *path = "queue.dat";
static int fd = -1;                 // of the queue's file
static volatile sig_atomic_t stop;  // the signal that is to end us
static volatile sig_atomic_t done;  // nothing can be left half done any more

static int remove_own() { return fd == -1 ? 0 : Message::RemoveFile(fd, path); }

static void on_stop(int signo) {  // async-signal-safe calls alone
    stop = signo;
    if (done == 0) return;  // main is in the midst of something
    remove_own();
    signal(signo, SIG_DFL);
    raise(signo);  // on return from here it ends the producer, so that its exit
                   // status shows what
}

[[noreturn]] static void fail(const char *operation) {
    if (errno == ENOTRECOVERABLE)
        errx(1,
             "%s %s: its lock is held by a process that was killed or stopped",
             operation, path);
    err(1, "%s %s", operation, path);
}

static void close_queue(Message *queue) {
    if (Message::ReleaseFile(queue) == -1) err(1, "munmap %s", path);
    if (close(fd) == -1) err(1, "close %s", path);
    fd = -1;
}

// A new queue at the path; a null pointer if there is something there by now.
static Message *make_queue() {
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s.XXXXXX", path) >=
        static_cast<int>(sizeof name))
        errx(1, "%s: too long", path);
    const int file = mkstemp(name);  // O_RDWR | O_CREAT | O_EXCL, mode 0600
    if (file == -1) err(1, "create %s.XXXXXX", path);
    Message *const queue = Message::CopyToMemoryMappedFile(file);
    const bool made = queue != nullptr && queue->AddProducer(file) == 0;
    const bool named =
        made && link(name, path) == 0;  // does not replace what is there
    const int saved = errno;
    if (unlink(name) == -1) err(1, "unlink %s", name);
    errno = saved;
    if (!made) err(1, "make a queue in %s", name);
    if (!named && errno != EEXIST) err(1, "link %s to %s", name, path);
    fd = file;
    if (named) return queue;
    close_queue(queue);
    return nullptr;
}

// The queue at the path, a new one if there is none; a null pointer if a signal
// comes.
static Message *open_queue() {
    while (stop == 0) {
        const int file =
            open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file == -1 && errno != ENOENT) err(1, "open %s", path);
        if (file == -1) {
            if (Message *const queue = make_queue()) return queue;
            continue;  // another producer was faster
        }
        Message *const queue = Message::GetFromMemoryMappedFile(file);
        if (queue == nullptr && errno == EINVAL)
            errx(1, "%s: is there and is not a queue: left alone", path);
        if (queue == nullptr) err(1, "map %s", path);
        fd = file;
        if (queue->AddProducer(fd) == 0) return queue;
        if (errno != ENOENT && errno != EINTR) fail("add a producer to");
        close_queue(queue);
    }
    return nullptr;
}

int main(int argc, char *argv[]) {
    if (argc > 2) errx(2, "usage: producer [FILE]");
    if (argc == 2) path = argv[1];

    for (int each = STDIN_FILENO; each <= STDERR_FILENO; ++each)
        if (fcntl(each, F_GETFD) == -1)
            err(1, "standard descriptor %d", each);  // not for the file

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    sigset_t stops;
    sigemptyset(&stops);
    struct sigaction action = {}, earlier = {};
    action.sa_handler = on_stop;  // without SA_RESTART: it interrupts the waits
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        if (sigaction(signo, nullptr, &earlier) == -1)
            err(1, "sigaction %d", signo);
        if (earlier.sa_handler == SIG_IGN) continue;  // by nohup(1), or by &
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
        sigaddset(&stops, signo);
    }
    if (sigprocmask(SIG_UNBLOCK, &stops, nullptr) == -1) err(1, "sigprocmask");

    if (atexit([] { remove_own(); }) != 0) errx(1, "atexit");
    Message *const queue = open_queue();
    bool told = false;
    for (int next = 0; queue != nullptr && next < 100 && stop == 0;) {
        if (queue->EnqueueMessage(std::to_string(next).c_str()) == 0) {
            printf("enqueued %d\n", next++);
            if ((ferror(stdout) != 0 || fflush(stdout) != 0) && stop == 0)
                err(1, "write standard output");
        } else if (errno != ETIMEDOUT && errno != EINTR) {
            fail("enqueue in");
        } else if (errno == ETIMEDOUT && !told) {
            warnx("%s is full: waiting for a consumer; Ctrl-C ends it", path);
            told = true;
        }
    }
    if (queue != nullptr && queue->RemoveProducer(fd) == -1)
        fail("remove a producer from");
    done = 1;
    if (stop != 0) raise(stop);

    // Whoever wants to read the rest must find the file.
    printf("message queue written; press Enter to remove it\n");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    for (int c = 0; c != '\n' && c != EOF;) c = getchar();
    if (ferror(stdin) != 0) err(1, "read standard input");
    if (remove_own() == -1) err(1, "unlink %s", path);
    close_queue(queue);
}
