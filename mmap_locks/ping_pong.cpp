// ping_pong - how long a message takes through memory with semaphores
//
// Text:  Shared Memory Locking; IPC Performance Hierarchy
// Run:   build/mmap_locks/ping_pong, or with MESSAGES and BYTES
//        With -t, through the queue of message.hpp.
// See:   the time of a round trip, and its context switches
//
// The kernel copies nothing, but it still puts the waiting process to sleep and
// wakes it up.

#include "../tests/ping_pong.hpp"

#include "message.hpp"

#include <errno.h>
#include <sys/mman.h>

struct Shared {
    sem_t there, back;  // messages for the partner and for the parent
    char message[65536];
};

// -t: the text's queue. A message is a string, shorter than MaxMessageSize.
static int run_queue(ping_pong::Options options) {
    options.bytes = MaxMessageSize - 1;
    FILE *const file = tmpfile();
    if (file == nullptr) err(1, "tmpfile");
    Message *const queue = Message::CopyToMemoryMappedFile(fileno(file));
    const pid_t child = ping_pong::start_partner();
    char text[MaxMessageSize] = "";
    // No message comes back: that the partner has ended says the same.
    const auto send = [&](std::span<const char> message) {
        if (child == 0) return;
        memcpy(text, message.data(), message.size());
        queue->EnqueueMessage(text);
    };
    const auto receive = [&](std::span<char> message) {
        if (child != 0) return void(wait(nullptr));
        if (!queue->DequeueMessage(text, 60)) errx(1, "no message in 60 s");
        memcpy(message.data(), text, message.size());
    };
    return ping_pong::run("queue", options, child, send, receive);
}

int main(int argc, char *argv[]) {
    const auto options = ping_pong::options(argc, argv, "t");
    if (options.one_way) return run_queue(options);
    void *const map = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) err(1, "mmap");
    Shared *const shared = static_cast<Shared *>(map);
    if (sem_init(&shared->there, 1, 0) == -1 ||  // 1: shared between processes
        sem_init(&shared->back, 1, 0) == -1)
        err(1, "sem_init");

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
