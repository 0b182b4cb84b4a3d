// atomicity - two processes count in shared memory, and lose updates
//
// Text:  Memory Mapped Atomicity
// Run:   build/mmap/atomicity
// See:   plain: many of 2000000 updates lost
//        atomic: 0 of 2000000 updates lost
//
// To count, a process loads a number, adds 1 and stores it. What the other one
// has stored between the load and the store is overwritten. On two processors
// that happens all the time; on one, only where a process is interrupted
// between the two: sched_yield() lets the other one run just there. An atomic
// ++ does load and store in one step, without a call of the kernel.

#include <atomic>
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static constexpr long times = 1000000;  // each process

struct Counters {
    volatile long plain;
    std::atomic<long> atomic, started;
};
static_assert(
    std::atomic<long>::is_always_lock_free);  // works across processes

static void count(Counters *counters) {
    for (++counters->started; counters->started < 2;) sched_yield();
    for (long i = 0; i < times; ++i) {
        const long number = counters->plain;
        if (i % 1000 == 0) sched_yield();
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
    if (fflush(stdout) == EOF) err(1, "write standard output");
}
