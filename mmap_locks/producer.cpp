// producer - puts a hundred messages into a queue in a mapped file
//
// Text:  Memory Mapped Queue Programs (bb-producer.c); Submodule Memory Mapped
//        Lock Example (producer.cc)
// Run:   terminal 1: build/mmap_locks/producer
//        terminal 2: build/mmap_locks/consumer
//        more terminals: more producers and consumers of the same queue
// See:   terminal 1: enqueued 0 to enqueued 4; with a consumer, the rest
//        terminal 2: 1: 0, and so on to 100: 99
//
// The queue is made under another name and renamed when it is complete, so that
// nobody opens half a queue. While a producer adds messages it holds a shared
// lock on the file, which the kernel takes back when the producer dies: so
// consumers learn that no more will come.

#include "message.hpp"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

int main() {
    // Producers that start together take turns: one makes the queue, and the
    // others find it.
    const int directory = open(".", O_RDONLY);
    if (directory == -1 || flock(directory, LOCK_EX) == -1) err(1, "lock .");

    int fd = open("queue.dat", O_RDWR);
    // If the lock is refused, the queue is in use: join it. Else replace it.
    const bool join = fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1;
    if (!join) {
        if (fd != -1) close(fd);
        fd = open("queue.dat.new", O_CREAT | O_TRUNC | O_RDWR, 0666);
        if (fd == -1) err(1, "open queue.dat.new");
    }
    if (flock(fd, LOCK_SH) == -1) err(1, "lock the queue");
    Message *const msg = join ? Message::GetFromMemoryMappedFile(fd)
                              : Message::CopyToMemoryMappedFile(fd);
    if (!join && rename("queue.dat.new", "queue.dat") == -1)
        err(1, "rename queue.dat.new");
    if (close(directory) == -1) err(1, "unlock .");

    for (int i = 0; i < 100; i++) {
        msg->EnqueueMessage(std::to_string(i).c_str());
        printf("enqueued %d\n", i);
        if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
    }
    if (flock(fd, LOCK_UN) == -1) err(1, "unlock queue.dat");
    printf("message queue written; press Enter to exit\n");
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
    getchar();

    Message::ReleaseFile(msg);
    if (close(fd) == -1) err(1, "close queue.dat");
}
