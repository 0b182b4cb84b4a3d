// consumer - takes messages from the queue in a mapped file until no more come
//
// Text:  Memory Mapped Queue Programs (bb-consumer.c); Submodule Memory Mapped
//        Lock Example (consumer.cc)
// Run:   terminal 1: build/mmap_locks/producer
//        terminal 2: build/mmap_locks/consumer
// See:   terminal 2: 1: 0, and so on to 100: 99
//
// A pipe's reader meets end of file because the kernel knows who has the write
// end. Nobody knows who uses a queue in memory. So each producer holds a shared
// lock on the file, and a consumer that has waited in vain for a second asks
// for the exclusive one. If the consumer gets that lock, every producer has
// ended or been killed.

#include "message.hpp"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

int main() {
    const int fd = open("queue.dat", O_RDWR);
    if (fd == -1) err(1, "open queue.dat");
    Message *const msg = Message::GetFromMemoryMappedFile(fd);

    int count = 0;
    for (bool last = false;;) {  // last: what is there is all there is
        char message[MaxMessageSize];
        if (msg->DequeueMessage(message, last ? 0 : 1)) {
            printf("%d: %s\n", ++count, message);
            if (ferror(stdout) || fflush(stdout))
                err(1, "write standard output");
        } else if (last) {
            break;
        } else if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            last = true;
        } else if (errno != EWOULDBLOCK) {
            err(1, "lock queue.dat");
        }
    }

    Message::ReleaseFile(msg);
    if (close(fd) == -1) err(1, "close queue.dat");
}
