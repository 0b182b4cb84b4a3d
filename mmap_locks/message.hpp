// message.hpp - a bounded queue of short messages in a mapped file
//
// Text:  Memory Mapped Queue Example (boundedbuffer*.c); Submodule Memory
//        Mapped Lock Example (message.hh)
//
// The names are the text's: _empty counts the messages, _full the free slots. A
// semaphore does not notice that a process has died. A process killed between
// wait and post leaves the counts wrong or the lock taken; the functions
// report such a lock after 5 seconds. robust_mutex shows the remedy. Any call
// that fails ends the program with a message.

#pragma once

#include <semaphore.h>

constexpr int MessageQueueSize = 5;
constexpr int MaxMessageSize = 20;  // in bytes, with the NUL

class Message {
  public:
    // Gives the file its size, maps it, and constructs an empty queue in it.
    // No other process may know the file yet.
    static Message *CopyToMemoryMappedFile(int fd);

    // Maps a file in which another process has constructed a queue.
    static Message *GetFromMemoryMappedFile(int fd);

    // Unmaps the queue. Closing the descriptor is left to the caller.
    static void ReleaseFile(Message *queue);

    // Appends a copy of the message, which must be shorter than MaxMessageSize
    // bytes. Blocks while the queue is full.
    void EnqueueMessage(const char *msg);

    // Moves the oldest message to a buffer of MaxMessageSize bytes. Blocks
    // while the queue is empty, at most this many seconds: then it returns
    // false.
    bool DequeueMessage(char *msg, int seconds);

  private:
    Message();
    sem_t _lock, _empty, _full;
    int _current, _next;  // the slots of the oldest message and of the next one
    char _messages[MessageQueueSize][MaxMessageSize];
};
