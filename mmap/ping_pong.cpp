// ping_pong - how long a message takes through shared memory, without a lock
//
// Text:  Memory Mapped Atomicity; IPC Performance Hierarchy
// Run:   build/mmap/ping_pong, or build/mmap/ping_pong ROUND_TRIPS BYTES
// See:   the time of a round trip: with a processor for each process, a
//        fraction of that of any mechanism that calls the kernel
//
// Nobody sleeps: each process looks at one number until it is its turn. Release
// and acquire say that what was stored before the number is there for whoever
// has read the number. Every thousandth look offers the processor to the
// partner, which might have no other.

#include "../tests/ping_pong.hpp"

#include <atomic>
#include <sched.h>
#include <sys/mman.h>

struct Shared {
    std::atomic<unsigned> turn;  // 0: the parent's; 1: its partner's
    char message[65536];
};
static_assert(
    std::atomic<unsigned>::is_always_lock_free);  // a lock would be in one
                                                  // process alone

int main(int argc, char *argv[]) {
    const ping_pong::Options options = ping_pong::options(argc, argv);
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

    const pid_t child = ping_pong::start_partner();
    const unsigned own = child != 0 ? 0 : 1;

    const auto send = [=](std::span<const char> message) {
        memcpy(shared->message, message.data(), message.size());
        shared->turn.store(1 - own, std::memory_order_release);
    };
    const auto receive = [=](std::span<char> message) {
        for (int looks = 1; shared->turn.load(std::memory_order_acquire) != own;
             ++looks)
            if (looks % 1000 == 0) sched_yield();
        memcpy(message.data(), shared->message, message.size());
    };
    return ping_pong::run("mapping", options, child, send, receive);
}
