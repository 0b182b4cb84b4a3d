// robust_mutex - a lock whose holder is killed: the next holder repairs
//
// Text:  Shared Memory Locking
// Run:   build/mmap_locks/robust_mutex
// See:   plain mutex: still locked
//        robust mutex: Owner died: 70 + 50, repaired to 50 + 50
//        robust mutex: locked again
//
// A child moves 20 from one account to the other, and is killed halfway, with
// the lock held. A plain mutex, like a semaphore, then stays locked. A robust
// one is released by the kernel, and whoever locks it next gets EOWNERDEAD: it
// holds the lock, and what the lock protects may be half changed.

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct Shared {
    pthread_mutex_t lock;
    int a, b;  // together always 100
};

// The functions of pthread return the error, and do not set errno.
static void check(int error, const char *operation) {
    if (error != 0) errx(1, "%s: %s", operation, strerror(error));
}

// Two accounts whose lock has been held by a process that was killed.
static Shared *orphan(int robustness) {
    void *const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) err(1, "mmap");
    Shared *const shared = static_cast<Shared *>(memory);
    shared->a = shared->b = 50;

    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    check(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED),
          "setpshared");
    check(pthread_mutexattr_setrobust(&attributes, robustness), "setrobust");
    check(pthread_mutex_init(&shared->lock, &attributes), "pthread_mutex_init");

    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) {
        check(pthread_mutex_lock(&shared->lock), "lock");
        shared->a += 20;
        kill(getpid(), SIGKILL);
        shared->b -= 20;  // never
    }
    if (waitpid(child, nullptr, 0) == -1) err(1, "waitpid");
    return shared;
}

int main() {
    Shared *const plain = orphan(PTHREAD_MUTEX_STALLED);
    if (pthread_mutex_trylock(&plain->lock) != EBUSY)
        errx(1, "plain mutex: could be locked");
    printf("plain mutex: still locked\n");

    Shared *const robust = orphan(PTHREAD_MUTEX_ROBUST);
    const int died = pthread_mutex_lock(&robust->lock);
    if (died != EOWNERDEAD) errx(1, "robust mutex: lock: %s", strerror(died));
    printf("robust mutex: %s: %d + %d", strerror(died), robust->a, robust->b);
    robust->a = robust->b = 50;
    // Unlocked without this, it could never be locked again (ENOTRECOVERABLE).
    check(pthread_mutex_consistent(&robust->lock), "pthread_mutex_consistent");
    printf(", repaired to %d + %d\n", robust->a, robust->b);
    check(pthread_mutex_unlock(&robust->lock), "unlock");

    check(pthread_mutex_lock(&robust->lock), "lock again");
    printf("robust mutex: locked again\n");
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
