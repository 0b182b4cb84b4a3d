// print_daemon - prints the jobs of a spool folder, in their order
//
// Text:  CUPS Spool Folders
// Run:   build/files/print_submit print README.md
//        build/files/print_daemon -1 print paper: only until there is no job
// See:   job 1
//        and its bytes at the end of the file paper
//
// c00001 is a waiting job. Once it is printed, c00001 is removed and its data
// file emptied: that file stays, so that no other job gets the number. If the
// daemon is killed, the next one prints the interrupted job again. A lock on
// the directory, which ends with the process, lets only one daemon work.

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

static int is_job(const dirent *entry) { return entry->d_name[0] == 'c'; }

// Appends the data file's bytes to the paper.
static void print(FILE *paper, const std::string &data_path) {
    FILE *const data = fopen(data_path.c_str(), "r");
    if (data == nullptr) err(1, "open %s", data_path.c_str());
    char buffer[4096];
    for (size_t got = 0; (got = fread(buffer, 1, sizeof buffer, data)) > 0;)
        fwrite(buffer, 1, got, paper);
    if (ferror(data)) err(1, "read %s", data_path.c_str());
    if (ferror(paper) || fflush(paper) == EOF) err(1, "write the output");
    fclose(data);
}

int main(int argc, char *argv[]) {
    const bool once = argc > 1 && strcmp(argv[1], "-1") == 0;
    if (argc != (once ? 4 : 3) || argv[argc - 2][0] == '-')
        errx(2, "usage: print_daemon [-1] DIR OUTPUT");
    const std::string spool = argv[argc - 2];
    const int lock = open(spool.c_str(), O_RDONLY);
    if (lock == -1) err(1, "open %s", spool.c_str());
    if (flock(lock, LOCK_EX | LOCK_NB) == -1)
        errx(1, "%s: another daemon works here", spool.c_str());
    FILE *const paper = fopen(argv[argc - 1], "a");
    if (paper == nullptr) err(1, "open %s", argv[argc - 1]);

    while (true) {
        dirent **jobs = nullptr;
        const int count = scandir(spool.c_str(), &jobs, is_job, alphasort);
        if (count == -1) err(1, "read %s", spool.c_str());
        for (int i = 0; i < count; ++i) {
            const std::string name = jobs[i]->d_name,
                              control = spool + "/" + name;
            const std::string data = spool + "/d" + name.substr(1) + "-001";
            print(paper, data);
            if (unlink(control.c_str()) == -1)
                err(1, "unlink %s", control.c_str());
            if (truncate(data.c_str(), 0) == -1)
                err(1, "empty %s", data.c_str());
            printf("job %ld\n", strtol(name.c_str() + 1, nullptr, 10));
            if (ferror(stdout) || fflush(stdout))
                err(1, "write standard output");
            free(jobs[i]);
        }
        free(jobs);
        if (count == 0 && once) return 0;
        if (count == 0) sleep(1);
    }
}
