// queue_threads - the queue of mmap_locks used by the threads of one process,
// for ThreadSanitizer
//
// Run:   c++ -std=c++20 -pthread -g -fsanitize=thread tests/queue_threads.cpp
//        mmap_locks/message.cpp -o queue_threads && setarch -R ./queue_threads
// See:   10000 messages, in order for each of 2 producers
//
// Two mappings of one file, as two processes have them, and two threads on
// each. Also what the queue's functions say to a caller who is wrong.

#include "../mmap_locks/message.hpp"

#include <array>
#include <err.h>
#include <errno.h>
#include <mutex>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <vector>

static constexpr int each = 5000;

static void on_alarm(int) {}

// A signal every so many microseconds, caught without SA_RESTART; 0: none any
// more. The first may come while the queue's functions still yield, on a busy
// machine.
static void interrupt_every(int microseconds) {
    struct sigaction action = {};
    action.sa_handler = on_alarm;
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction");
    const itimerval soon = {{0, microseconds}, {0, microseconds}};
    if (setitimer(ITIMER_REAL, &soon, nullptr) == -1) err(1, "setitimer");
}

int main() {
    FILE *const file = tmpfile();
    if (file == nullptr) err(1, "tmpfile in %s", P_tmpdir);
    char text[Message::message_bytes];

    if (Message::GetFromMemoryMappedFile(fileno(file)) != nullptr ||
        errno != EINVAL)
        errx(1, "an empty file is taken for a queue");
    if (Message::GetFromMemoryMappedFile(-1) != nullptr || errno != EBADF)
        errx(1, "no file is taken for a queue");
    if (Message::CopyToMemoryMappedFile(-1) != nullptr || errno != EBADF)
        errx(1, "a queue in no file");

    Message *const one = Message::CopyToMemoryMappedFile(fileno(file));
    Message *const two = Message::GetFromMemoryMappedFile(fileno(file));
    if (one == nullptr || two == nullptr || one == two) err(1, "two mappings");

    if (one->EnqueueMessage("twenty bytes or more") != -1 || errno != EMSGSIZE)
        errx(1, "a message of 20 bytes is accepted");
    if (one->DequeueMessage(text) != -1 || errno != ETIMEDOUT)
        errx(1, "an empty queue has a message");
    interrupt_every(100000);
    if (one->DequeueMessage(text) != -1 || errno != EINTR)
        errx(1, "a signal ends no wait");
    interrupt_every(0);
    const char *const longest = "nineteen bytes here";
    for (size_t i = 0; i < Message::messages; ++i)
        if (one->EnqueueMessage(i % 2 == 0 ? longest : "") != 0)
            err(1, "enqueue message %zu", i);
    if (one->EnqueueMessage("a sixth one") != -1 || errno != ETIMEDOUT)
        errx(1, "a full queue takes a message");
    interrupt_every(100000);
    if (one->EnqueueMessage("a sixth one") != -1 || errno != EINTR)
        errx(1, "a signal ends no wait for a slot");
    interrupt_every(0);
    for (size_t i = 0; i < Message::messages; ++i)
        if (two->DequeueMessage(text) != 1 ||
            strcmp(text, i % 2 == 0 ? longest : "") != 0)
            errx(1, "message %zu is not as it was", i);
    if (one->RemoveProducer(fileno(file)) != 0) err(1, "remove a producer");
    for (int i = 0; i < 3; ++i)
        if (two->DequeueMessage(text) != 0) errx(1, "no end of the stream");
    if (one->Abandoned(fileno(file)) != 0)
        errx(1, "an ended queue is called abandoned");
    if (one->AddProducer(fileno(file)) != -1 || errno != ENOENT)
        errx(1, "a producer is added to a file without a name");

    // A new queue, one that has not ended.
    if (Message::ReleaseFile(one) == -1 || Message::ReleaseFile(two) == -1)
        err(1, "munmap");
    if (ftruncate(fileno(file), 0) == -1) err(1, "ftruncate");
    Message *const here = Message::CopyToMemoryMappedFile(fileno(file));
    Message *const there = Message::GetFromMemoryMappedFile(fileno(file));
    if (here == nullptr || there == nullptr) err(1, "two mappings");
    std::mutex lock;
    std::array<std::vector<int>, 2> got;
    const auto produce = [&](Message *queue, int producer) {
        for (int i = 0; i < each; ++i) {
            const std::string message =
                std::to_string(producer) + " " + std::to_string(i);
            while (queue->EnqueueMessage(message.c_str()) == -1)
                if (errno != ETIMEDOUT) err(1, "enqueue");
        }
    };
    const auto consume = [&](Message *queue) {
        for (;;) {
            char message[Message::message_bytes];
            const std::lock_guard guard(lock);
            if (got[0].size() + got[1].size() == size_t{2} * each) return;
            const int result = queue->DequeueMessage(message);
            if (result == -1 && errno != ETIMEDOUT) err(1, "dequeue");
            if (result == 1)
                got[message[0] == '1'].push_back(
                    static_cast<int>(strtol(message + 2, nullptr, 10)));
        }
    };
    std::thread threads[] = {
        std::thread(produce, here, 0), std::thread(produce, there, 1),
        std::thread(consume, here), std::thread(consume, there)};
    for (std::thread &thread : threads) thread.join();
    for (const std::vector<int> &numbers : got)
        for (int i = 0; i < each; ++i)
            if (numbers.size() != each || numbers[static_cast<size_t>(i)] != i)
                errx(1, "out of order");
    if (Message::ReleaseFile(here) == -1 || Message::ReleaseFile(there) == -1)
        err(1, "munmap");
    printf("%d messages, in order for each of 2 producers\n", 2 * each);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
