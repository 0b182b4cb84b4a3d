// spool_daemon - runs a command on each job of a spool folder, and loses none
//
// Text:  Spool Folders
// Run:   echo 'a good job' | build/files/spool_submit spool
//        build/files/spool_daemon -1 spool grep good
//        Without -1 it waits for the next job, until Ctrl-C.
// See:   watching spool
//        a good job
//
// COMMAND reads the job from its standard input. When it has ended, the job is
// renamed into DIR/done or DIR/failed. The directory that a job is in is the
// daemon's only memory: if the daemon is killed at any moment, the next one
// runs the interrupted job again. So each job is run at least once, and COMMAND
// must bear being run twice. A lock on the directory, which ends with the
// process, lets only one daemon work.

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_job(const dirent *entry) { return entry->d_name[0] != '.'; }

// Runs COMMAND on the job, and returns the folder to which the job then goes.
static const char *run(char *command[], const char *job) {
    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) {
        if (freopen(job, "r", stdin) == nullptr) err(1, "open %s", job);
        execvp(command[0], command);
        err(127, "run %s", command[0]);
    }
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (WIFSIGNALED(status))
        warnx("%s: killed by signal %d", job, WTERMSIG(status));
    else if (status != 0)
        warnx("%s: exit status %d", job, WEXITSTATUS(status));
    return status == 0 ? "/done/" : "/failed/";
}

int main(int argc, char *argv[]) {
    const bool once = argc > 1 && strcmp(argv[1], "-1") == 0;
    char **const command = argv + (once ? 3 : 2);
    if (command >= argv + argc || command[-1][0] == '-')
        errx(2, "usage: spool_daemon [-1] DIR COMMAND [ARG...]");
    const std::string spool = command[-1];
    for (const char *part : {"", "/tmp", "/new", "/done", "/failed"})
        if (mkdir((spool + part).c_str(), 0700) == -1 && errno != EEXIST)
            err(1, "mkdir %s%s", spool.c_str(), part);
    const int lock = open(spool.c_str(), O_RDONLY | O_CLOEXEC);
    if (lock == -1) err(1, "open %s", spool.c_str());
    if (flock(lock, LOCK_EX | LOCK_NB) == -1)
        errx(1, "%s: another daemon works here", spool.c_str());
    if (dprintf(STDOUT_FILENO, "watching %s\n", spool.c_str()) < 0)
        err(1, "write standard output");

    while (true) {
        dirent **jobs = nullptr;
        const int count =
            scandir((spool + "/new").c_str(), &jobs, is_job, alphasort);
        if (count == -1) err(1, "read %s/new", spool.c_str());
        for (int i = 0; i < count; ++i) {
            const std::string job = spool + "/new/" + jobs[i]->d_name;
            const std::string to =
                spool + run(command, job.c_str()) + jobs[i]->d_name;
            if (rename(job.c_str(), to.c_str()) == -1)
                err(1, "rename %s", job.c_str());
            free(jobs[i]);
        }
        free(jobs);
        if (count == 0 && once) return 0;
        if (count == 0) sleep(1);
    }
}
