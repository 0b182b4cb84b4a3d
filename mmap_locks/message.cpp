// message - the bounded queue in a mapped file: see message.hpp
//
// Text:  Memory Mapped Queue Example (boundedbuffer*.c); Submodule Memory
//        Mapped Lock Example (message.cc)
// Run:   build/mmap_locks/producer and build/mmap_locks/consumer
// See:   what these print

#include "message.hpp"

#include <err.h>
#include <errno.h>
#include <new>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// Takes one from the semaphore. Blocks while it is 0, at most this many
// seconds: then it returns false.
static bool wait(sem_t *semaphore, int seconds) {
    // The other process is mostly about to post. To let it run first, a few
    // times, is much faster than to fall asleep and be woken up.
    for (int i = 0; i < 100; ++i) {
        if (sem_trywait(semaphore) == 0) return true;
        sched_yield();
    }
    timespec until = {};
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    while (sem_timedwait(semaphore, &until) == -1) {
        if (errno == ETIMEDOUT) return false;
        if (errno != EINTR) err(1, "sem_timedwait");
    }
    return true;
}

static void *map(int fd) {
    void *const memory = mmap(nullptr, sizeof(Message), PROT_READ | PROT_WRITE,
                              MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) err(1, "mmap the queue");
    return memory;
}

Message::Message() : _current(0), _next(0), _messages() {
    sem_init(&_lock, 1, 1);  // the first 1: shared between processes
    sem_init(&_empty, 1, 0);
    sem_init(&_full, 1, MessageQueueSize);
}

Message *Message::CopyToMemoryMappedFile(int fd) {
    if (lseek(fd, sizeof(Message) - 1, SEEK_SET) == -1 ||
        write(fd, "", 1) == -1)
        err(1, "write the queue");
    // Constructed in its place: a copy of a semaphore is not a semaphore.
    return new (map(fd)) Message;
}

Message *Message::GetFromMemoryMappedFile(int fd) {
    if (lseek(fd, 0, SEEK_END) != sizeof(Message))
        errx(1, "the file is not a queue");
    return static_cast<Message *>(map(fd));
}

void Message::ReleaseFile(Message *queue) {
    if (munmap(queue, sizeof(Message)) == -1) err(1, "munmap the queue");
}

void Message::EnqueueMessage(const char *msg) {
    if (strlen(msg) >= MaxMessageSize)
        errx(1, "message of more than %d bytes", MaxMessageSize - 1);
    while (!wait(&_full, 1)) {
    }
    if (!wait(&_lock, 5)) errx(1, "the lock's holder is dead or stopped");
    memcpy(_messages[_next], msg, strlen(msg) + 1);
    _next = (_next + 1) % MessageQueueSize;
    sem_post(&_lock);
    sem_post(&_empty);
}

bool Message::DequeueMessage(char *msg, int seconds) {
    if (!wait(&_empty, seconds)) return false;
    if (!wait(&_lock, 5)) errx(1, "the lock's holder is dead or stopped");
    memcpy(msg, _messages[_current], MaxMessageSize);
    _current = (_current + 1) % MessageQueueSize;
    sem_post(&_lock);
    sem_post(&_full);
    return true;
}
