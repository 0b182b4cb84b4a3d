// spool_daemon - runs a command on each job of a spool folder, and loses none
//
// Text:  Spool Folders
// Run:   terminal 1: build/files/spool_daemon spool wc -c
//        terminal 2: echo hello | build/files/spool_submit spool
//        build/files/spool_daemon -1 spool wc -c: until the queue is empty, and
//        no longer
// See:   terminal 1: watching spool
//                    6
//
// COMMAND has the job on its standard input. A job stays in DIR/new until
// COMMAND has ended, and is then renamed into DIR/done, or, with the status as
// a part of its name, into DIR/failed. The directory that a job is in is the
// daemon's only memory: whenever it is killed, the next one finds each job in
// one of the three, and runs again what was running. So COMMAND is run at least
// once for each job, and has to bear being run once more, even while the run
// before still comes to its end. (Nothing is synced here: after a power cut a
// job may be back in DIR/new, and is run once more.)
//
// The daemon looks once a second. It passes a signal on to COMMAND and ends; if
// COMMAND then ends with 0, the job is done, else it stays in the queue. One
// daemon works at a time: the lock on the directory ends with its process. What
// is no regular file, or has a name that begins with a dot or is longer than
// 200 bytes, is no job.

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static sigset_t awaited, mask;  // what sigwait() takes; what was blocked before
static bool stopped;

static int is_job(const dirent *entry) {
    return entry->d_name[0] != '.' && strlen(entry->d_name) <= 200 ? 1 : 0;
}

static int next_signal() {
    int signo = 0;
    errno = sigwait(&awaited, &signo);
    if (errno != 0) err(1, "sigwait");
    if (signo != SIGCHLD && signo != SIGALRM) stopped = true;
    return signo;
}

// Runs COMMAND in a process group of its own, so that what is typed at the
// terminal comes to it once, through us; it cannot read from there. Returns its
// wait status.
static int run(char *command[], int job) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t child = 0;
    int status = 0;
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, job, STDIN_FILENO);
    if (error == 0) error = posix_spawnattr_init(&attributes);
    if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &mask);
    const short flags =
        POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK;  // group 0: a new one
    if (error == 0) error = posix_spawnattr_setflags(&attributes, flags);
    if (error == 0)
        error = posix_spawnp(&child, command[0], &actions, &attributes, command,
                             environ);
    errno = error;
    if (error != 0) err(1, "run %s", command[0]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);

    for (pid_t ended = 0; ended == 0;) {
        const int signo = next_signal();
        if (signo != SIGCHLD && signo != SIGALRM) {
            kill(-child, signo);  // to the group; it may have gone already
            kill(-child, SIGCONT);
        }
        ended = waitpid(child, &status, WNOHANG | WUNTRACED);
        if (ended == -1) err(1, "waitpid for %s", command[0]);
        if (ended == 0 || !WIFSTOPPED(status)) continue;
        warnx("%s has stopped: waiting until it goes on; Ctrl-C ends it",
              command[0]);
        ended = 0;
    }
    return status;
}

// Runs COMMAND on the job and moves that to where it belongs. Returns whether
// it has left the queue.
static bool process(const std::string &spool, const char *name,
                    char *command[]) {
    const std::string job = spool + "/new/" + name;
    std::string target = spool + "/failed/" + name;
    struct stat file = {};
    if (lstat(job.c_str(), &file) == -1 || !S_ISREG(file.st_mode)) return false;
    const int fd = open(job.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1 && errno != EACCES) err(1, "open %s", job.c_str());
    const int status = fd == -1 ? 0 : run(command, fd);
    if (fd != -1 && close(fd) == -1) err(1, "close %s", job.c_str());
    std::string how = "done";
    if (fd == -1) {
        how = "may not be read";
        target += ".unreadable";
    } else if (status == 0) {
        target = spool + "/done/" + name;
    } else if (stopped) {
        warnx("%s: stopped: stays in the queue", name);
        return false;
    } else {
        const bool killed = WIFSIGNALED(status);
        const std::string number =
            std::to_string(killed ? WTERMSIG(status) : WEXITSTATUS(status));
        how = (killed ? "killed by signal " : "exit status ") + number;
        target += (killed ? ".signal" : ".exit") + number;
    }
    while (access(target.c_str(), F_OK) == 0)
        target += '+';  // rename would replace it
    if (rename(job.c_str(), target.c_str()) == -1) {
        if (errno != ENOENT)
            err(1, "rename %s to %s", job.c_str(), target.c_str());
        warn("rename %s to %s", job.c_str(),
             target.c_str());  // somebody has taken it back
    } else if (how != "done") {
        warnx("%s: %s", name, how.c_str());
    }
    return true;
}

int main(int argc, char *argv[]) {
    const bool once = argc > 1 && argv[1] == std::string_view("-1");
    char **const command = argv + (once ? 3 : 2);
    if (argc <= command - argv)
        errx(2, "usage: spool_daemon [-1] DIR COMMAND [ARG...]");
    const std::string spool = command[-1];
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for a job

    for (const char *const part : {"", "/tmp", "/new", "/done", "/failed"}) {
        const std::string directory = spool + part;
        if (mkdir(directory.c_str(), 0700) == -1 && errno != EEXIST)
            err(1, "mkdir %s", directory.c_str());
    }
    const int lock = open(spool.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock == -1) err(1, "open %s", spool.c_str());
    if (flock(lock, LOCK_EX | LOCK_NB) == -1) {
        if (errno == EWOULDBLOCK)
            errx(1, "%s: another daemon is at work here", spool.c_str());
        err(1, "lock %s", spool.c_str());
    }

    struct sigaction action = {}, earlier = {};
    action.sa_handler = [](int) {
    };  // some systems drop a SIGCHLD that has none, even if blocked
    if (sigaction(SIGCHLD, &action, nullptr) == -1) err(1, "sigaction SIGCHLD");
    if (sigaction(SIGHUP, nullptr, &earlier) == -1) err(1, "sigaction SIGHUP");
    sigemptyset(&awaited);
    for (const int signo : {SIGINT, SIGQUIT, SIGTERM, SIGCHLD, SIGALRM})
        sigaddset(&awaited, signo);
    if (earlier.sa_handler != SIG_IGN)
        sigaddset(&awaited, SIGHUP);  // else by nohup(1)
    if (sigprocmask(SIG_BLOCK, &awaited, &mask) == -1) err(1, "sigprocmask");

    if (!once) printf("watching %s\n", spool.c_str());
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    // The directory is read once for all that is in it: each job costs the same
    // in a long queue.
    for (bool moved = true; !stopped && (moved || !once);) {
        dirent **jobs = nullptr;
        const int count =
            scandir((spool + "/new").c_str(), &jobs, is_job, alphasort);
        if (count == -1) err(1, "read %s/new", spool.c_str());
        moved = false;
        for (int i = 0; i < count; ++i) {
            sigset_t pending;
            if (sigpending(&pending) == -1) err(1, "sigpending");
            for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM})
                if (sigismember(&pending, signo) == 1) stopped = true;
            if (!stopped && process(spool, jobs[i]->d_name, command))
                moved = true;
            free(jobs[i]);
        }
        free(jobs);
        if (moved || once || stopped) continue;
        alarm(1);
        next_signal();
    }
}
