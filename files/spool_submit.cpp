// spool_submit - puts jobs into a spool folder, each whole or not at all
//
// Text:  Spool Folders
// Run:   terminal 1: build/files/spool_daemon spool wc -c
//        terminal 2: echo hello | build/files/spool_submit spool
//        or files:   build/files/spool_submit spool README.md Makefile
// See:   terminal 2: the job's name, once it is in the queue for good
//        terminal 1: 6
//
// As in a maildir: a job is written in DIR/tmp, where nobody looks for jobs,
// brought to the disk, and renamed into DIR/new. So a daemon never finds half a
// job there, and a job whose name has been printed survives a power cut. Names
// begin with the time, so that their order is that of the jobs, as long as
// nobody sets the clock back; with the process and a number behind it, no two
// are the same. What a submitter that was killed has left in DIR/tmp is no job,
// and may be removed.

#include <algorithm>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char temporary[PATH_MAX];  // no std::string: a handler reads it
static volatile sig_atomic_t name_exists;
static sigset_t held;

static void remove_own() {
    if (name_exists == 1) unlink(temporary);
}

static void on_stop(int signo) {  // async-signal-safe calls alone
    remove_own();
    signal(signo, SIG_DFL);
    raise(signo);  // on return from here it ends the program, so that its exit
                   // status shows what
}

// Brings the names in the directory to the disk.
static void sync_directory(const std::string &path) {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) err(1, "open %s", path.c_str());
    if (fsync(fd) == -1) err(1, "fsync %s", path.c_str());
    if (close(fd) == -1) err(1, "close %s", path.c_str());
}

// Returns the job's name. From its rename on, the signals are blocked.
static std::string submit(const std::string &spool, FILE *input,
                          const char *input_name) {
    static int number;
    timespec now = {};
    if (clock_gettime(CLOCK_REALTIME, &now) == -1) err(1, "clock_gettime");
    char name[80];
    snprintf(name, sizeof name, "%010lld.%09ld.%ld.%d",
             static_cast<long long>(now.tv_sec), now.tv_nsec,
             static_cast<long>(getpid()), ++number);

    snprintf(temporary, sizeof temporary, "%s/tmp/%s", spool.c_str(), name);
    name_exists = 1;
    FILE *const job =
        fopen(temporary, "wxe");  // x: it must not be there; e: close-on-exec
    if (job == nullptr) {
        name_exists = 0;
        err(1, "create %s", temporary);
    }
    static char buffer[65536];
    for (size_t got = 0; (got = fread(buffer, 1, sizeof buffer, input)) > 0;)
        if (fwrite(buffer, 1, got, job) != got) err(1, "write %s", temporary);
    if (ferror(input) != 0) err(1, "read %s", input_name);
    if (fflush(job) == EOF) err(1, "write %s", temporary);
    if (fsync(fileno(job)) == -1) err(1, "fsync %s", temporary);
    if (fclose(job) == EOF) err(1, "close %s", temporary);

    const std::string target = spool + "/new/" + name;
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    if (rename(temporary, target.c_str()) == -1)
        err(1, "rename %s to %s", temporary, target.c_str());
    name_exists = 0;
    sync_directory(spool + "/new");
    return name;
}

int main(int argc, char *argv[]) {
    if (argc < 2) errx(2, "usage: spool_submit DIR [FILE...]");
    const std::string spool = argv[1];
    if (spool.size() + 80 > sizeof temporary) errx(1, "%s: too long", argv[1]);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for a job

    umask(077);  // jobs are nobody else's to read
    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);
    sigemptyset(&held);
    struct sigaction action = {}, earlier = {};
    action.sa_handler = on_stop;
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        if (sigaction(signo, nullptr, &earlier) == -1)
            err(1, "sigaction %d", signo);
        if (earlier.sa_handler == SIG_IGN) continue;  // by nohup(1), or by &
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
        sigaddset(&held, signo);
    }
    if (atexit(remove_own) != 0) errx(1, "atexit");

    for (const char *const part : {"", "/tmp", "/new", "/done", "/failed"}) {
        const std::string directory = spool + part;
        if (mkdir(directory.c_str(), 0700) == -1 && errno != EEXIST)
            err(1, "mkdir %s", directory.c_str());
    }
    sync_directory(spool +
                   "/..");  // whoever has made them: they, too, must survive
    sync_directory(spool);

    const int files = argc - 2;
    if (files == 0 && isatty(STDIN_FILENO) == 1)
        warnx("reading the job, up to Ctrl-D");
    for (int i = 0; i < std::max(files, 1); ++i) {
        const char *const name = files == 0 ? "standard input" : argv[2 + i];
        FILE *const input = files == 0 ? stdin : fopen(name, "re");
        if (input == nullptr) err(1, "open %s", name);
        const std::string job = submit(spool, input, name);
        printf("%s\n", job.c_str());
        if (ferror(stdout) != 0 || fflush(stdout) != 0)
            err(1, "job %s is in the queue, but: write standard output",
                job.c_str());
        if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1)
            err(1, "sigprocmask");
        if (fclose(input) == EOF) err(1, "close %s", name);
    }
}
