// queue_threads - the queue of mmap_locks, used by the threads of one process
//
// Run:   c++ -std=c++20 -pthread -fsanitize=thread tests/queue_threads.cpp
//            mmap_locks/message.cpp -o queue_threads; ./queue_threads
// See:   signals during a wait: no message
//        2000 messages, in the order of each producer
//
// Two mappings of one file, as two processes have them, and threads that use
// them: ThreadSanitizer sees nothing of what processes do.

#include "../mmap_locks/message.hpp"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <sys/time.h>
#include <thread>

static constexpr int each = 1000;

static void on_alarm(int) {}

static void set_timer(int microseconds) {
    const itimerval timer = {{0, microseconds}, {0, microseconds}};
    if (setitimer(ITIMER_REAL, &timer, nullptr) == -1) err(1, "setitimer");
}

int main() {
    FILE *const file = tmpfile();
    if (file == nullptr) err(1, "tmpfile");
    Message *const one = Message::CopyToMemoryMappedFile(fileno(file));
    Message *const two = Message::GetFromMemoryMappedFile(fileno(file));

    struct sigaction action = {};
    action.sa_handler = on_alarm;  // no SA_RESTART: sem_timedwait fails
    if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction");
    set_timer(50000);
    char text[MaxMessageSize];
    if (one->DequeueMessage(text, 1))
        errx(1, "a signal was taken for a message");
    set_timer(0);
    printf("signals during a wait: no message\n");

    const auto produce = [](Message *queue, char name) {
        for (int i = 0; i < each; ++i)
            queue->EnqueueMessage((name + std::to_string(i)).c_str());
    };
    // Both on one mapping: ThreadSanitizer would see no race between two.
    std::thread a(produce, one, 'a'), b(produce, one, 'b');
    int next[2] = {};
    for (int i = 0; i < 2 * each; ++i) {
        Message *const queue = i % 2 == 0 ? one : two;
        if (!queue->DequeueMessage(text, 10)) errx(1, "no message in 10 s");
        int &expected = next[text[0] - 'a'];
        if (strtol(text + 1, nullptr, 10) != expected++)
            errx(1, "message %d is out of order: %s", i, text);
    }
    a.join();
    b.join();

    const auto consume = [](Message *queue) {
        char message[MaxMessageSize];
        for (int i = 0; i < each; ++i)
            if (!queue->DequeueMessage(message, 10))
                errx(1, "no message in 10 s");
    };
    std::thread c(produce, one, 'c'), d(produce, two, 'd'), e(consume, two),
        f(consume, two);
    for (std::thread *thread : {&c, &d, &e, &f}) thread->join();
    if (two->DequeueMessage(text, 0)) errx(1, "a message too many");
    Message::ReleaseFile(one);
    Message::ReleaseFile(two);
    printf("%d messages, in the order of each producer\n", 2 * each);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
