// atomicity - two processes count in a mapped file: updates get lost, unless
// they are atomic
//
// Text:  Memory Mapped Atomicity
// Run:   build/mmap/atomicity
// See:   with two processors, updates of the plain counter lost; none of the
// atomic one in any case Run:   build/mmap/atomicity 1000, to count to 1000 in
// each process: so few may miss each other
//
// To count, a processor loads the number, adds 1 and stores it. What another
// process has stored in the meantime is then overwritten. With both on one
// processor this happens only where one is interrupted between load and store:
// rarely, but then everything the other counted meanwhile is lost.
//
// The plain counter is an atomic, too, so that the compiler may not count in a
// register and store once. But it is loaded and stored by two separate
// operations. In the machine code that is what ++ of a plain long is: on x86
// mov, add, mov, or one add to memory, which still loads and stores one after
// the other. The ++ of an atomic has the lock prefix, which makes the two one.
//
// One writer and one reader need atomics as well, to know when the data are
// there: ping_pong.

#include <atomic>
#include <charconv>
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

struct Counters {
    std::atomic<long> plain, exact, met;
};
static_assert(std::atomic<long>::is_always_lock_free);  // a lock would be in
                                                        // this process alone

// Child 0 on the first processor that we may use, child 1 on the second: left
// alone, both may run on one, in turn.
static void take_processor([[maybe_unused]] int child) {
#ifdef __linux__
    cpu_set_t allowed, own;
    CPU_ZERO(&own);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == -1)
        err(1, "child: sched_getaffinity");
    size_t cpu = 0;
    for (int skip = child % CPU_COUNT(&allowed);
         !CPU_ISSET(cpu, &allowed) || skip-- > 0;)
        ++cpu;
    CPU_SET(cpu, &own);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
        err(1, "child: prctl");  // no longer than its parent
    if (sched_setaffinity(0, sizeof own, &own) == -1)
        err(1, "child: sched_setaffinity");
#endif
}

// Waits for the other process, which may have to wait for a processor. Returns
// whether it has come: it may be dead.
static bool meet(Counters *counters) {
    const long here = ++counters->met, both = here + here % 2;
    for (int i = 0; i < 1000000000 && counters->met < both; ++i) {
    }
    return counters->met >= both;
}

static void count(Counters *counters, long times) {
    bool together = true;
    for (long i = 0; i < times; ++i) {
        // Every so often, or each might count while the other waits for its
        // turn.
        if (together && i % (times / 100 + 1) == 0) together = meet(counters);
        counters->plain.store(counters->plain.load(std::memory_order_relaxed) +
                                  1,
                              std::memory_order_relaxed);
        ++counters->exact;
    }
}

int main(int argc, char *argv[]) {
    if (argc > 2) errx(2, "usage: atomicity [TIMES]");
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1)
        err(1, "standard output");  // not for our file
    long times = 10000000;
    if (argc == 2) {
        const char *const end = argv[1] + strlen(argv[1]);
        const auto [rest, error] = std::from_chars(argv[1], end, times);
        if (error != std::errc{} || rest != end || times < 1 ||
            times > 1000000000)
            errx(2, "%s: not a number from 1 to 1000000000", argv[1]);
    }

    FILE *const file =
        tmpfile();  // has no name, and goes when the last process has closed it
    if (file == nullptr) err(1, "tmpfile in %s", P_tmpdir);
    const Counters zero = {};
    if (fwrite(&zero, sizeof zero, 1, file) != 1 || fflush(file) != 0)
        err(1, "write the temporary file");
    void *const memory = mmap(nullptr, sizeof zero, PROT_READ | PROT_WRITE,
                              MAP_SHARED, fileno(file), 0);
    if (memory == MAP_FAILED) err(1, "mmap");
    Counters *const counters = static_cast<Counters *>(memory);

    pid_t children[2];
    for (int i = 0; i < 2; ++i) {
        children[i] = fork();
        if (children[i] == -1) err(1, "fork");
        if (children[i] > 0) continue;
        take_processor(i);
        count(counters, times);
        _exit(0);
    }
    int failed = 0;
    for (const pid_t child : children) {
        int status = 0;
        if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
        if (status != 0) failed = status;
    }
    if (failed != 0)
        errx(1, "a child failed: wait status 0x%x",
             static_cast<unsigned>(failed));

    const long plain = counters->plain, exact = counters->exact;
    printf("plain counter: %ld of %ld, %ld lost\n", plain, 2 * times,
           2 * times - plain);
    printf("atomic counter: %ld of %ld, %ld lost\n", exact, 2 * times,
           2 * times - exact);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    if (munmap(memory, sizeof zero) == -1) err(1, "munmap");
    if (fclose(file) != 0) err(1, "close the temporary file");
    if (exact != 2 * times)
        errx(1, "atomic updates were lost, which C++ rules out");
}
