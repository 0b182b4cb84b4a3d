// print_submit - puts a print job into a spool folder, as CUPS does
//
// Text:  CUPS Spool Folders
// Run:   build/files/print_submit print README.md
//        build/files/print_daemon -1 print paper
// See:   job 00001
//
// The names are the protocol. d00001-001 holds the bytes to print, and c00001,
// the control file, describes the job. Whoever creates d00001-001 owns job
// number 1: O_EXCL lets only one submitter succeed. The control file is written
// last, under another name, and then renamed; only then does the job exist.

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

static void store(FILE *file, const std::string &path) {
    if (ferror(file) || fflush(file) == EOF) err(1, "write %s", path.c_str());
    if (fsync(fileno(file)) == -1) err(1, "fsync %s", path.c_str());
}

int main(int argc, char *argv[]) {
    if (argc != 3 || argv[1][0] == '-') errx(2, "usage: print_submit DIR FILE");
    const std::string spool = argv[1];
    FILE *const input = fopen(argv[2], "r");
    if (input == nullptr) err(1, "open %s", argv[2]);
    if (mkdir(argv[1], 0700) == -1 && errno != EEXIST)
        err(1, "mkdir %s", argv[1]);

    // The first number without a data file is ours.
    FILE *data = nullptr;
    std::string data_path;
    char job[16];
    for (int number = 1; data == nullptr; ++number) {
        snprintf(job, sizeof job, "%05d", number);
        data_path = spool + "/d" + job + "-001";
        data = fopen(data_path.c_str(), "wx");  // x: O_EXCL
        if (data == nullptr && errno != EEXIST)
            err(1, "create %s", data_path.c_str());
    }
    char buffer[4096];
    for (size_t got = 0; (got = fread(buffer, 1, sizeof buffer, input)) > 0;)
        fwrite(buffer, 1, got, data);
    if (ferror(input)) err(1, "read %s", argv[2]);
    store(data, data_path);

    const std::string temporary = spool + "/t" + job,
                      control_path = spool + "/c" + job;
    FILE *const control = fopen(temporary.c_str(), "w");
    if (control == nullptr) err(1, "create %s", temporary.c_str());
    fprintf(control, "%s\n", argv[2]);
    store(control, temporary);
    if (rename(temporary.c_str(), control_path.c_str()) == -1)
        err(1, "rename %s", temporary.c_str());

    printf("job %s\n", job);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
