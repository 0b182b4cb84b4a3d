// cron - runs the programs of a directory, as run-parts(8) does for cron
//
// Text:  Cron Spool Folders
// Run:   mkdir daily; cp /bin/date daily; build/files/cron daily
// See:   the date
//
// The directory is the interface: a package adds a job by putting a file there.
// Only names of letters, digits, - and _ count, so that what editors and
// package managers leave there (logs~, logs.bak) is not run. Jobs run in the
// order of their names, and one that fails does not stop the others. The exit
// status is 1 if any has failed.

#include <dirent.h>
#include <err.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_job(const dirent *entry) {
    return fnmatch("*[!A-Za-z0-9_-]*", entry->d_name, 0) == FNM_NOMATCH;
}

// Runs the program, and returns whether it ended well.
static bool run(const char *path) {
    const pid_t child = fork();
    if (child == -1) err(1, "fork for %s", path);
    if (child == 0) {
        execl(path, path, nullptr);
        err(126, "run %s", path);
    }
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (WIFSIGNALED(status))
        warnx("%s: killed by signal %d", path, WTERMSIG(status));
    else if (status != 0)
        warnx("%s: exit status %d", path, WEXITSTATUS(status));
    return status == 0;
}

int main(int argc, char *argv[]) {
    if (argc != 2 || argv[1][0] == '-') errx(2, "usage: cron DIR");
    dirent **jobs = nullptr;
    const int count = scandir(argv[1], &jobs, is_job, alphasort);
    if (count == -1) err(1, "read %s", argv[1]);
    bool well = true;
    for (int i = 0; i < count; ++i) {
        const std::string path = argv[1] + std::string("/") + jobs[i]->d_name;
        struct stat file = {};
        const bool program = stat(path.c_str(), &file) == 0 &&
                             S_ISREG(file.st_mode) &&
                             access(path.c_str(), X_OK) == 0;
        if (program && !run(path.c_str())) well = false;
        free(jobs[i]);
    }
    free(jobs);
    return well ? 0 : 1;
}
