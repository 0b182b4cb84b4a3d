// spool_submit - puts a job into a spool folder, whole or not at all
//
// Text:  Spool Folders
// Run:   echo 'a good job' | build/files/spool_submit spool
// See:   the job's name, once the job is safe on the disk
//
// The job is written in DIR/tmp, where nobody looks for jobs, brought to the
// disk, and renamed into DIR/new: a daemon never finds half a job. Names begin
// with the time, which is the order of the jobs, and contain the number of the
// process, so no two are the same.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    if (argc != 2 || argv[1][0] == '-') errx(2, "usage: spool_submit DIR");
    const std::string spool = argv[1];
    for (const char *part : {"", "/tmp", "/new", "/done", "/failed"})
        if (mkdir((spool + part).c_str(), 0700) == -1 && errno != EEXIST)
            err(1, "mkdir %s%s", argv[1], part);

    timespec now = {};
    clock_gettime(CLOCK_REALTIME, &now);
    char name[64];
    snprintf(name, sizeof name, "%lld.%09ld.%d",
             static_cast<long long>(now.tv_sec), now.tv_nsec, getpid());

    const std::string temporary = spool + "/tmp/" + name;
    FILE *const job = fopen(temporary.c_str(), "wx");
    if (job == nullptr) err(1, "create %s", temporary.c_str());
    char buffer[4096];
    for (size_t got = 0; (got = fread(buffer, 1, sizeof buffer, stdin)) > 0;)
        fwrite(buffer, 1, got, job);
    if (ferror(stdin)) err(1, "read standard input");
    if (ferror(job) || fflush(job) == EOF)
        err(1, "write %s", temporary.c_str());
    if (fsync(fileno(job)) == -1) err(1, "fsync %s", temporary.c_str());

    const std::string target = spool + "/new/" + name;
    if (rename(temporary.c_str(), target.c_str()) == -1)
        err(1, "rename %s", temporary.c_str());
    const int directory = open((spool + "/new").c_str(), O_RDONLY);
    if (directory == -1 || fsync(directory) == -1)
        err(1, "fsync %s/new", argv[1]);

    printf("%s\n", name);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
