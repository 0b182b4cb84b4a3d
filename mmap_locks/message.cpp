// message - the bounded queue in a mapped file: see message.hpp
//
// Text:  Memory Mapped Queue Example (boundedbuffer*.c); Submodule Memory
// Mapped Lock Example
//        (message.cc)
// Run:   build/mmap_locks/producer and build/mmap_locks/consumer
// See:   what these say
//
// A process that must wait first offers its processor to others, a hundred
// times at most, and looks again: the other side is mostly about to do its
// part, and to be woken up from a sleep takes tens of microseconds, more than
// all the rest of a message. Measured with ping_pong -t, on a machine with two
// processors, messages a second:
//                         both processes on one    one on each
//     sleeping at once         450 000               110 000
//     yielding first         1 500 000             6 000 000

#include "message.hpp"

#include <errno.h>
#include <fcntl.h>
#include <new>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <type_traits>
#include <unistd.h>

static constexpr char mark[16] =
    "IPC queue, 1";  // the 1 is the version of the layout

// Any process may map it at any address: a plain layout without pointers or
// virtual functions.
static_assert(std::is_standard_layout_v<Message>);

Message::Message() : _mark(), _ended(0), _current(0), _count(0), _messages() {
    if (sem_init(&_lock, 1, 1) == 0 &&  // 1: shared between processes
        sem_init(&_empty, 1, 0) == 0 && sem_init(&_full, 1, messages) == 0)
        memcpy(_mark, mark, sizeof mark);
}

Message *Message::CopyToMemoryMappedFile(int fd) {
    // Bytes that are written have their place on the disk. A hole would be
    // filled at the first access to it, and on a full disk that is a SIGBUS.
    const char zeros[sizeof(Message)] = {};
    for (size_t done = 0;
         done < sizeof zeros;) {  // a second write says why one ended early
        const ssize_t put = pwrite(fd, zeros + done, sizeof zeros - done,
                                   static_cast<off_t>(done));
        if (put == -1) return nullptr;
        done += static_cast<size_t>(put);
    }
    void *const memory = mmap(nullptr, sizeof(Message), PROT_READ | PROT_WRITE,
                              MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return nullptr;
    // Constructed in its place: a semaphore that is copied is none (sem_init in
    // POSIX).
    Message *const queue = new (memory) Message;
    if (memcmp(queue->_mark, mark, sizeof mark) == 0) return queue;
    const int saved = errno;
    if (munmap(memory, sizeof(Message)) == 0) errno = saved;
    return nullptr;
}

Message *Message::GetFromMemoryMappedFile(int fd) {
    struct stat file = {};
    if (fstat(fd, &file) == -1) return nullptr;
    if (!S_ISREG(file.st_mode) || file.st_size != sizeof(Message)) {
        errno = EINVAL;
        return nullptr;
    }
    void *const memory = mmap(nullptr, sizeof(Message), PROT_READ | PROT_WRITE,
                              MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return nullptr;
    Message *const queue = static_cast<Message *>(memory);
    if (memcmp(queue->_mark, mark, sizeof mark) == 0) return queue;
    if (munmap(memory, sizeof(Message)) == 0) errno = EINVAL;
    return nullptr;
}

int Message::ReleaseFile(Message *queue) {
    return munmap(queue, sizeof *queue);
}

static int fail(int error) {
    errno = error;
    return -1;
}

// Takes one from the semaphore; sleeps for so many seconds, if need be, until
// there is one: ETIMEDOUT, or, where that is asked for, EINTR.
static int take(sem_t *semaphore, int seconds, bool interruptible) {
    for (int i = 0; i < 100; ++i) {
        if (sem_trywait(semaphore) == 0) return 0;
        if (errno != EAGAIN && errno != EINTR) return -1;
        sched_yield();
    }
    timespec until = {};
    if (clock_gettime(CLOCK_REALTIME, &until) == -1) return -1;
    until.tv_sec += seconds;
    int result = 0;
    do result = sem_timedwait(semaphore, &until);
    while (result == -1 && errno == EINTR && !interruptible);
    if (result == 0 || errno != ETIMEDOUT) return result;
    // A last look: who was killed inside sem_post may have counted up and not
    // woken anybody.
    return sem_trywait(semaphore) == 0 ? 0 : fail(ETIMEDOUT);
}

int Message::Lock() {
    if (take(&_lock, 5, false) == 0) return 0;
    return errno == ETIMEDOUT ? fail(ENOTRECOVERABLE) : -1;
}

// What counts is _count, under the lock. The semaphores say when to look: a
// process that is killed between two of these calls may have taken from one
// what it has not given to the other, and then the look after a second's wait
// sets that right again.
int Message::EnqueueMessage(const char *text) {
    const size_t length = strlen(text);
    if (length >= message_bytes) return fail(EMSGSIZE);
    for (;;) {  // until there is a free slot
        const bool waited_in_vain = take(&_full, 1, true) == -1;
        if (waited_in_vain && errno != ETIMEDOUT) return -1;
        if (Lock() == -1) return -1;
        if (_count < messages) break;
        if (Unlock() == -1) return -1;
        if (waited_in_vain) return fail(ETIMEDOUT);
    }
    const size_t slot = (_current + _count) % messages;
    memcpy(_messages[slot], text, length + 1);
    ++_count;
    if (Unlock() == -1) return -1;
    return sem_post(&_empty);
}

int Message::DequeueMessage(char *text) {
    for (;;) {  // until there is a message
        const bool waited_in_vain = take(&_empty, 1, true) == -1;
        if (waited_in_vain && errno != ETIMEDOUT) return -1;
        if (Lock() == -1) return -1;
        if (_count > 0) break;
        const bool ended = _ended != 0;
        if (Unlock() == -1) return -1;
        if (ended)
            return sem_post(&_empty);  // the next consumer is to learn it, too
        if (waited_in_vain) return fail(ETIMEDOUT);
    }
    memcpy(text, _messages[_current % messages], message_bytes);
    text[message_bytes - 1] = '\0';
    _current = (_current + 1) % messages;
    --_count;
    if (Unlock() == -1) return -1;
    return sem_post(&_full) == -1 ? -1 : 1;
}

// Record locks on two bytes of the file, whatever these hold: a process has the
// first while it is a producer, the second as long as it needs the file's name.
static constexpr off_t producing = 0, present = 1;

static int record_lock(int command, int fd, short type, off_t first,
                       off_t last) {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = first;
    lock.l_len = last - first + 1;
    if (fcntl(fd, command, &lock) == -1) return -1;
    return lock.l_type == F_RDLCK &&
           command == F_GETLK;  // whether another process has one
}

int Message::RemoveFile(int fd, const char *name) {
    struct stat file = {}, now = {};
    // First without our own locks: of two that leave at once, neither shall see
    // the other stay.
    if (record_lock(F_SETLK, fd, F_UNLCK, producing, present) == -1) return 0;
    // With this lock: no other process needs the name, and none gets it before
    // it is gone.
    if (record_lock(F_SETLK, fd, F_WRLCK, producing, present) == -1) return 0;
    int result = 0;
    if (fstat(fd, &file) == 0 && lstat(name, &now) == 0 &&
        file.st_ino == now.st_ino && file.st_dev == now.st_dev)
        result = unlink(name);
    record_lock(F_SETLK, fd, F_UNLCK, producing, present);
    return result;
}

int Message::AddProducer(int fd) {
    struct stat file = {};
    if (record_lock(F_SETLKW, fd, F_RDLCK, producing, present) == -1) return -1;
    if (fstat(fd, &file) == -1) return -1;
    if (file.st_nlink == 0) return fail(ENOENT);
    if (Lock() == -1) return -1;
    _ended = 0;
    return Unlock();
}

int Message::Abandoned(int fd) {
    if (Lock() == -1) return -1;
    const int others = record_lock(F_GETLK, fd, F_WRLCK, producing, producing);
    const bool over = _ended == 0 && _count == 0;
    if (Unlock() == -1 || others == -1) return -1;
    return others == 0 && over;
}

int Message::RemoveProducer(int fd) {
    if (Lock() == -1) return -1;
    const int left = record_lock(F_SETLK, fd, F_UNLCK, producing, producing);
    const int others = record_lock(F_GETLK, fd, F_WRLCK, producing, producing);
    if (others == 0) _ended = 1;
    if (Unlock() == -1 || left == -1 || others == -1) return -1;
    return others == 0 ? sem_post(&_empty)
                       : 0;  // one consumer wakes up to it, and tells the next
}
