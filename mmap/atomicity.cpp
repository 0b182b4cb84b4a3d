// atomicity - two processes count in shared memory, and lose updates
//
// Text:  Memory Mapped Atomicity
// Run:   build/mmap/atomicity
// See:   plain: 1000000 of 2000000 updates lost
//        atomic: 0 of 2000000 updates lost
//
// To count, a process loads a number, adds 1 and stores it. What the other one
// stores in between is overwritten. With a processor for each process that
// happens often; with one for both, only when a process is interrupted just
// there. So that every run shows it, each process waits between its load and
// its store, every ten thousandth time, until the other one is there, too.
// An atomic ++ loads and stores in one step, without a call of the kernel.

#include <atomic>
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static constexpr long times = 1000000;  // each process

struct Counters {
    volatile long plain;  // really load and store it each time
    std::atomic<long> atomic, met;
};
// With a lock of its own, std::atomic would not work between processes.
static_assert(std::atomic<long>::is_always_lock_free);

static void count(Counters *counters) {
    for (long i = 0; i < times; ++i) {
        const long number = counters->plain;
        if (i % 10000 == 0) {  // here each process waits for the other one
            ++counters->met;
            while (counters->met < 2 * (i / 10000 + 1)) sched_yield();
        }
        counters->plain = number + 1;
        ++counters->atomic;
    }
}

int main() {
    void *const map = mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);  // all zero
    if (map == MAP_FAILED) err(1, "mmap");
    Counters *const counters = static_cast<Counters *>(map);

    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    count(counters);
    if (child == 0) return 0;
    if (waitpid(child, nullptr, 0) == -1) err(1, "waitpid");

    printf("plain: %ld of %ld updates lost\n", 2 * times - counters->plain,
           2 * times);
    printf("atomic: %ld of %ld updates lost\n", 2 * times - counters->atomic,
           2 * times);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
