// robust_mutex - the holder of a lock is killed: the next one learns it,
// repairs, and goes on
//
// Text:  Shared Memory Locking
// Run:   build/mmap_locks/robust_mutex
// See:   plain mutex: nobody unlocks it any more: Connection timed out after 1
// s
//        robust mutex: Owner died: found 70 + 50, repaired to 50 + 50
//        robust mutex: locked again, 20 moved: 30 + 70
//
// A child process moves 20 from one account to the other, and is killed in the
// midst of it, with the lock held. A semaphore, or a plain mutex, then stays
// locked. With a robust one the kernel notices, and the next lock returns
// EOWNERDEAD: the lock is held, what it protects may be half changed.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct Shared {
    pthread_mutex_t lock;
    int a, b;  // together always 100
};

// pthread functions return the error, and leave errno alone.
static void check(int error, const char *operation) {
    if (error == 0) return;
    errno = error;
    err(1, "%s", operation);
}

// In shared memory: a mutex whose holder is killed while a and b are half
// changed.
static Shared *orphan(int robust) {
    FILE *const file =
        tmpfile();  // has no name, and goes when nobody has it open or mapped
    if (file == nullptr) err(1, "tmpfile in %s", P_tmpdir);
    const char zeros[sizeof(Shared)] = {};
    if (fwrite(zeros, sizeof zeros, 1, file) != 1 || fflush(file) != 0)
        err(1, "write the temporary file");
    void *const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                              MAP_SHARED, fileno(file), 0);
    if (memory == MAP_FAILED) err(1, "mmap");
    if (fclose(file) != 0) err(1, "close the temporary file");
    Shared *const shared = static_cast<Shared *>(memory);
    shared->a = shared->b = 50;

    pthread_mutexattr_t attributes;
    check(pthread_mutexattr_init(&attributes), "pthread_mutexattr_init");
    check(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED),
          "setpshared");
    check(pthread_mutexattr_setrobust(&attributes, robust), "setrobust");
    check(pthread_mutex_init(&shared->lock, &attributes), "pthread_mutex_init");
    check(pthread_mutexattr_destroy(&attributes), "pthread_mutexattr_destroy");

    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) {
        check(pthread_mutex_lock(&shared->lock), "child: pthread_mutex_lock");
        shared->a += 20;
        if (kill(getpid(), SIGKILL) == -1) err(1, "child: kill");
        shared->b -= 20;  // never
    }
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        errx(1, "the child has not been killed");
    return shared;
}

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: robust_mutex");
    if (fcntl(STDOUT_FILENO, F_GETFD) == -1)
        err(1, "standard output");  // not for our file

    Shared *const plain = orphan(PTHREAD_MUTEX_STALLED);
    timespec until = {};
    timespec_get(&until, TIME_UTC);
    ++until.tv_sec;
    const int never = pthread_mutex_timedlock(&plain->lock, &until);
    if (never != ETIMEDOUT) errx(1, "plain mutex: lock: %s", strerror(never));
    printf("plain mutex: nobody unlocks it any more: %s after 1 s\n",
           strerror(never));

    Shared *const robust = orphan(PTHREAD_MUTEX_ROBUST);
    const int died = pthread_mutex_lock(&robust->lock);
    if (died != EOWNERDEAD) errx(1, "robust mutex: lock: %s", strerror(died));
    printf("robust mutex: %s: found %d + %d, ", strerror(died), robust->a,
           robust->b);
    robust->a = robust->b = 50;
    // Now, and not before, it is a mutex as any other. Unlocked without this,
    // it could never be locked again (ENOTRECOVERABLE).
    check(pthread_mutex_consistent(&robust->lock), "pthread_mutex_consistent");
    printf("repaired to %d + %d\n", robust->a, robust->b);
    check(pthread_mutex_unlock(&robust->lock), "pthread_mutex_unlock");

    check(pthread_mutex_lock(&robust->lock), "pthread_mutex_lock");
    robust->a -= 20;
    robust->b += 20;
    check(pthread_mutex_unlock(&robust->lock), "pthread_mutex_unlock");
    printf("robust mutex: locked again, 20 moved: %d + %d\n", robust->a,
           robust->b);
    check(pthread_mutex_destroy(&robust->lock), "pthread_mutex_destroy");
    if (munmap(robust, sizeof *robust) == -1 ||
        munmap(plain, sizeof *plain) == -1)
        err(1, "munmap");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
