// reader - copies what comes through a FIFO to standard output
//
// Text:  Named Pipes and FIFOs; Regular and Named Pipe Usage
// Run:   terminal 1: mkfifo pipe_file; build/fifo/reader pipe_file
//        terminal 2: echo hello | build/fifo/writer pipe_file; rm pipe_file
// See:   hello, in terminal 1
//
// It takes the place of the text's `gzip -c9 < pipe_file`. open() waits until
// somebody opens the other end. End of file comes when the last writer has
// closed it. The name stays in the directory until it is removed.

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    if (argc != 2 || argv[1][0] == '-') errx(2, "usage: reader FIFO");
    const char *path = argv[1];

    struct stat file = {};
    if (stat(path, &file) == -1) err(1, "stat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);

    warnx("open %s: waiting for a writer; Ctrl-C ends this", path);
    const int fifo = open(path, O_RDONLY);
    if (fifo == -1) err(1, "open %s", path);

    char buffer[4096];
    for (ssize_t got = 0; (got = read(fifo, buffer, sizeof buffer)) != 0;) {
        if (got == -1) err(1, "read %s", path);
        if (fwrite(buffer, static_cast<size_t>(got), 1, stdout) != 1 ||
            fflush(stdout) == EOF)
            err(1, "write standard output");
    }
}
