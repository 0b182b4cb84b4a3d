// state - a counter in a file that survives whatever happens to the program
//
// Text:  Files as IPC (persistent state)
// Run:   build/files/state counter; build/files/state counter; cat counter
// See:   1
//        2
//        2
//
// A program that overwrites its file may be killed, or find the disk full,
// halfway: then the old number is gone and the new one is not there. So the new
// number is written to a file of its own and brought to the disk, and rename()
// puts it in place in one step. A lock on the directory lets only one process
// at a time count; the kernel releases it when the process ends, however it
// ends.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    if (argc != 2 || argv[1][0] == '-') errx(2, "usage: state FILE");
    const char *path = argv[1];
    std::string copy = path;  // which dirname changes
    const int directory = open(dirname(copy.data()), O_RDONLY);
    if (directory == -1) err(1, "open the directory of %s", path);
    if (flock(directory, LOCK_EX) == -1)
        err(1, "lock the directory of %s", path);

    long number = 0;
    char more = 0;
    FILE *const old_file = fopen(path, "r");
    if (old_file == nullptr && errno != ENOENT) err(1, "open %s", path);
    if (old_file != nullptr &&
        // NOLINTNEXTLINE(cert-err34-c): 18 digits fit, and nothing may follow
        fscanf(old_file, "%18ld %c", &number, &more) != 1)
        errx(1, "%s: not a number; not changed", path);

    const std::string new_path = path + std::string(".new");
    FILE *const new_file = fopen(new_path.c_str(), "w");
    if (new_file == nullptr) err(1, "create %s", new_path.c_str());
    fprintf(new_file, "%ld\n", ++number);
    if (fflush(new_file) == EOF) err(1, "write %s", new_path.c_str());
    if (fsync(fileno(new_file)) == -1) err(1, "fsync %s", new_path.c_str());
    if (rename(new_path.c_str(), path) == -1)
        err(1, "rename %s", new_path.c_str());
    if (fsync(directory) == -1) err(1, "fsync the directory of %s", path);

    printf("%ld\n", number);
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
