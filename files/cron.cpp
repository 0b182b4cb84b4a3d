// cron - runs the programs of a directory, as cron(8) has run-parts(8) do once
// a day
//
// Text:  Cron Spool Folders
// Run:   mkdir daily; printf '#!/bin/sh\necho "logs rotated"\n' > daily/logs;
// chmod +x daily/logs
//        build/files/cron daily
// See:   logs rotated
//
// The directory is the interface: a package adds a job by putting a file there.
// Only names of letters, digits, - and _ count, so that what editors and
// package managers leave (logs~, logs.bak) is not run; the order is that of the
// names' bytes. A job that fails does not stop the others. When they run is
// cron(8)'s part (crontab(5)); this runs them now. Exit status: 1 if any job
// failed; a link to nothing is named, and is no failure.

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int is_job(const dirent *entry) {
    const char *const allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return entry->d_name[strspn(entry->d_name, allowed)] == '\0' ? 1 : 0;
}

// Runs the job, says how it ended if not well, and returns whether it ended
// well.
static bool run(const std::string &path) {
    struct stat file = {};
    if (stat(path.c_str(), &file) == -1) {  // a link to nothing, for example
        warn("%s: skipped", path.c_str());
        return true;
    }
    if (S_ISDIR(file.st_mode) || access(path.c_str(), X_OK) == -1) return true;
    if (!S_ISREG(file.st_mode)) {  // a FIFO or a device
        warnx("%s: not a regular file", path.c_str());
        return false;
    }

    std::string name = path;
    char *const arguments[] = {name.data(), nullptr};
    pid_t child = 0;
    int status = 0;
    const int error =
        posix_spawn(&child, path.c_str(), nullptr, nullptr, arguments, environ);
    if (error != 0) {
        errno = error;
        warn("run %s", path.c_str());
        return false;
    }
    if (waitpid(child, &status, 0) == -1)
        err(1, "waitpid for %s", path.c_str());
    if (WIFSIGNALED(status))
        warnx("%s: killed by signal %d", path.c_str(), WTERMSIG(status));
    else if (status != 0)
        warnx("%s: exit status %d", path.c_str(), WEXITSTATUS(status));
    return status == 0;
}

int main(int argc, char *argv[]) {
    if (argc != 2) errx(2, "usage: cron DIR");
    umask(022);  // the same for all, whoever has started this
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
        err(1, "signal SIGCHLD");  // ignored: nothing to wait for
    dirent **jobs = nullptr;
    const int count = scandir(argv[1], &jobs, is_job, alphasort);
    if (count == -1) err(1, "read %s", argv[1]);
    bool all_well = true;
    for (int i = 0; i < count; ++i) {
        all_well =
            run(argv[1] + ("/" + std::string(jobs[i]->d_name))) && all_well;
        free(jobs[i]);
    }
    free(jobs);
    return all_well ? 0 : 1;
}
