// message.hpp - a bounded queue of messages that lives in a mapped file, for
// any number of processes
//
// Text:  Memory Mapped Queue Example (boundedbuffer*.c); Submodule Memory
// Mapped Lock Example
//        (message.hh, message.cc)

#pragma once

#include <semaphore.h>
#include <stddef.h>

// The names are the text's: _empty counts the messages (it is 0 when the queue
// is empty), _full the free slots (it is 0 when the queue is full). They say
// when to look, and may be wrong after a process was killed; what is there,
// _count says. At the end _empty is one more: that wakes up those who wait.
//
// The functions that return an int return -1 with errno on an error.
// ENOTRECOVERABLE means that the lock has been held for 5 s: a process was
// killed, or stopped, between lock and unlock, and what it was changing may be
// half changed. A semaphore cannot do better; robust_mutex.cpp can.
class Message {
  public:
    static constexpr size_t messages = 5;
    static constexpr size_t message_bytes = 20;  // of one message, with its NUL

    // Makes a new, empty queue in the file fd, which must be empty and open for
    // reading and writing (MAP_SHARED, see mmap in POSIX), and maps it. Other
    // processes must not find the file before this has returned. The descriptor
    // stays the caller's. Returns a null pointer with errno on an error: those
    // of pwrite, mmap and sem_init. Does not block.
    static Message *CopyToMemoryMappedFile(int fd);

    // Maps the queue that is in the file fd, open for reading and writing,
    // which stays the caller's. Returns a null pointer with errno on an error:
    // EINVAL where the file holds no queue of this size and version, else those
    // of fstat and mmap. Does not block.
    static Message *GetFromMemoryMappedFile(int fd);

    // Unmaps it. The queue stays in the file. Returns 0, or -1 (munmap's
    // errors).
    static int ReleaseFile(Message *queue);

    // Appends text. Blocks while the queue is full, about a second: then -1
    // with ETIMEDOUT, or EINTR where a signal handler has interrupted the wait;
    // nothing has changed then. EMSGSIZE, at once: text has more than
    // message_bytes - 1 bytes.
    int EnqueueMessage(const char *text);

    // Removes the oldest message and copies it to text, of message_bytes bytes.
    // Returns 1; or 0 when the queue is empty and no producer will add to it.
    // Blocks while it is empty, about a second: ETIMEDOUT or EINTR as above.
    int DequeueMessage(char *text);

    // Says that this process is going to add messages, through the file fd. The
    // kernel keeps that as a read lock on the file (fcntl in POSIX), so it ends
    // with the process, however that ends, and when the process closes any
    // descriptor of the file. Blocks for locks that are held for a moment only;
    // EINTR. ENOENT: the file has no name any more, the last producer has
    // removed it.
    int AddProducer(int fd);

    // Says that this process has added its last message. If no other producer
    // is left, the consumers get the end of the stream after the messages that
    // are there. Blocks for the lock alone.
    int RemoveProducer(int fd);

    // Whether nothing comes any more, and no end either: 1 if the queue is
    // empty, no other process is a producer, and the last one has not said that
    // it is done; else 0. Blocks for the lock alone.
    int Abandoned(int fd);

    // Removes the name if it is the file fd's, and no other process that has
    // added itself as a producer still has the file open; else leaves it.
    // Returns 0, or -1: unlink's errors. Async-signal-safe. Does not block.
    static int RemoveFile(int fd, const char *name);

  private:
    Message();
    int Lock();
    int Unlock() { return sem_post(&_lock); }

    char _mark[16];  // what the file is; stored last, when all else is there
    sem_t _lock, _empty, _full;
    int _ended;       // no producer is left
    size_t _current;  // the slot of the oldest message
    size_t _count;    // messages, in the slots from _current on, round the end
    char _messages[messages][message_bytes];
};
