// ping_pong - how long a message takes through shared memory and another one
// back, with semaphores
//
// Text:  Shared Memory Locking; IPC Performance Hierarchy
// Run:   build/mmap_locks/ping_pong, or build/mmap_locks/ping_pong ROUND_TRIPS
// BYTES
//        build/mmap_locks/ping_pong -t: messages through the queue of
//        message.hpp
// See:   the time of a round trip, and its context switches: no copy by the
// kernel, but it still is
//        the kernel that puts the waiting process to sleep and wakes it up
//
// Each process waits at its own semaphore until the message in the mapping is
// for it.

#include "../tests/ping_pong.hpp"

#include "message.hpp"

#include <semaphore.h>
#include <sys/mman.h>

struct Shared {
    sem_t there,
        back;  // how many messages there are for the partner and for the parent
    char message[65536];
};

// -t: the text's queue, of 5 messages of 20 bytes
static int queue_rate(const ping_pong::Options &options) {
    FILE *const file = tmpfile();
    if (file == nullptr) err(1, "tmpfile in %s", P_tmpdir);
    Message *const queue = Message::CopyToMemoryMappedFile(fileno(file));
    const double switches = ping_pong::context_switches(RUSAGE_SELF) +
                            ping_pong::context_switches(RUSAGE_CHILDREN);
    const pid_t child = ping_pong::start_partner();
    double start = ping_pong::now();
    char text[MaxMessageSize], expected[MaxMessageSize] = "message 00000000000";
    for (long i = 0; i < ping_pong::warm_up(options) + options.round_trips;
         ++i) {
        if (i == ping_pong::warm_up(options)) start = ping_pong::now();
        for (char *digit = expected + sizeof expected - 2; ++*digit > '9';
             --digit)
            *digit = '0';
        if (child != 0)
            queue->EnqueueMessage(expected);
        else if (!queue->DequeueMessage(text, 10))
            errx(1, "message %ld: not within 10 s", i);
        if (child == 0 && strcmp(text, expected) != 0)
            errx(1, "message %ld: the message received is not the one sent", i);
    }
    if (child == 0) _exit(0);
    return ping_pong::finish("queue", options, child, switches,
                             ping_pong::now() - start);
}

int main(int argc, char *argv[]) {
    const bool one_way = argc > 1 && strcmp(argv[1], "-t") == 0;
    const ping_pong::Options options =
        ping_pong::options(argc, argv, "t", one_way ? MaxMessageSize : 64,
                           one_way ? MaxMessageSize : 65536);
    if (options.one_way) return queue_rate(options);
    FILE *const file =
        tmpfile();  // has no name, and goes when the last process has closed it
    if (file == nullptr) err(1, "tmpfile in %s", P_tmpdir);
    const std::vector<char> zeros(sizeof(Shared));
    if (fwrite(zeros.data(), zeros.size(), 1, file) != 1 || fflush(file) != 0)
        err(1, "write the temporary file");
    void *const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                              MAP_SHARED, fileno(file), 0);
    if (memory == MAP_FAILED) err(1, "mmap");
    Shared *const shared = static_cast<Shared *>(memory);
    if (sem_init(&shared->there, 1, 0) == -1 ||
        sem_init(&shared->back, 1, 0) == -1)
        err(1, "sem_init");  // 1: shared between processes

    const pid_t child = ping_pong::start_partner();
    sem_t *const input = child != 0 ? &shared->back : &shared->there;
    sem_t *const output = child != 0 ? &shared->there : &shared->back;

    const auto send = [=](std::span<const char> message) {
        memcpy(shared->message, message.data(), message.size());
        if (sem_post(output) == -1) err(1, "sem_post");
    };
    const auto receive = [=](std::span<char> message) {
        while (sem_wait(input) == -1)
            if (errno != EINTR) err(1, "sem_wait");
        memcpy(message.data(), shared->message, message.size());
    };
    return ping_pong::run("semaphores", options, child, send, receive);
}
