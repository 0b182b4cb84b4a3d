// queue_speed - messages a second through the queue of mmap_locks, from one process to another
//
// Run:   c++ -std=c++20 -O2 -pthread tests/queue_speed.cpp mmap_locks/message.cpp -o queue_speed &&
//        taskset -c 0 ./queue_speed 1000000 && ./queue_speed 1000000
// See:   the rate with both processes on one processor, and with one on each of two
//
// The consumer checks that each message is the next one.

#include "../mmap_locks/message.hpp"

#include <chrono>
#include <err.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// On the first or the second of the processors that we may use, if there are two.
static void take_processor(int which) {
    cpu_set_t allowed, own;
    CPU_ZERO(&own);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == -1) err(1, "sched_getaffinity");
    size_t cpu = 0;
    for (int skip = which % CPU_COUNT(&allowed); !CPU_ISSET(cpu, &allowed) || skip-- > 0;) ++cpu;
    CPU_SET(cpu, &own);
    if (sched_setaffinity(0, sizeof own, &own) == -1) err(1, "sched_setaffinity");
}

int main(int argc, char *argv[]) {
    const long messages = argc == 2 ? atol(argv[1]) : 0;  // NOLINT(cert-err34-c): 0 is usage
    if (messages < 1) errx(2, "usage: queue_speed MESSAGES");
    FILE *const file = tmpfile();
    if (file == nullptr) err(1, "tmpfile");
    Message *const queue = Message::CopyToMemoryMappedFile(fileno(file));
    if (queue == nullptr) err(1, "CopyToMemoryMappedFile");

    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    take_processor(child == 0 ? 1 : 0);
    char text[Message::message_bytes], expected[] = "message 00000000000";
    static_assert(sizeof expected == sizeof text);
    const auto start = std::chrono::steady_clock::now();
    for (long i = 0; i < messages; ++i) {
        for (char *digit = expected + sizeof expected - 2; ++*digit > '9'; --digit) *digit = '0';
        if (child == 0) {
            if (queue->DequeueMessage(text) != 1) err(1, "DequeueMessage");
            if (strcmp(text, expected) != 0) errx(1, "%s instead of %s", text, expected);
        } else if (queue->EnqueueMessage(expected) == -1) {
            err(1, "EnqueueMessage");
        }
    }
    if (child == 0) _exit(0);
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (status != 0) errx(1, "the consumer failed");
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    printf("%.0f messages/s\n", static_cast<double>(messages) / time.count());
    if (ferror(stdout) != 0 || fflush(stdout) != 0) err(1, "write standard output");
}
