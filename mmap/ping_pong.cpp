// ping_pong - how long a message takes through shared memory, without a lock
//
// Text:  Memory Mapped Atomicity; IPC Performance Hierarchy
// Run:   build/mmap/ping_pong, or build/mmap/ping_pong MESSAGES BYTES
// See:   the time of a round trip; with a processor for each process, a
//        fraction of what any mechanism takes that calls the kernel
//
// Neither process sleeps: each reads one number until it is its turn. The
// number is stored with release order and read with acquire order, so whoever
// sees the new number also sees everything stored before it. After every
// thousand reads a process yields, in case its partner shares the processor.

#include "../tests/ping_pong.hpp"

#include <atomic>
#include <sys/mman.h>

struct Shared {
    std::atomic<int> turn;  // 0: the parent's, 1: its partner's
    char message[65536];
};
static_assert(std::atomic<int>::is_always_lock_free);

int main(int argc, char *argv[]) {
    const auto options = ping_pong::options(argc, argv);
    void *const map = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) err(1, "mmap");
    Shared *const shared = static_cast<Shared *>(map);

    const pid_t child = ping_pong::start_partner();
    const int own = child != 0 ? 0 : 1;
    const auto send = [=](std::span<const char> message) {
        memcpy(shared->message, message.data(), message.size());
        shared->turn.store(1 - own, std::memory_order_release);
    };
    const auto receive = [=](std::span<char> message) {
        for (int i = 1; shared->turn.load(std::memory_order_acquire) != own;
             ++i)
            if (i % 1000 == 0) sched_yield();
        memcpy(message.data(), shared->message, message.size());
    };
    return ping_pong::run("mapping", options, child, send, receive);
}
