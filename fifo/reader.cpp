// reader - copies what comes through a FIFO to standard output
//
// Text:  Named Pipes and FIFOs; Regular and Named Pipe Usage
// Run:   terminal 1: mkfifo pipe_file; build/fifo/reader pipe_file
//        terminal 2: echo hello | build/fifo/writer pipe_file; rm pipe_file
// See:   hello, in terminal 1
//
// The mirror of the text's `gzip -c9 < pipe_file`, and a partner for its `cat
// file > pipe_file`. Opening a FIFO waits until the other end is opened too.
// End of file comes when the last writer has closed it; the name stays until
// somebody removes it, but data that nobody has read are gone with the last
// process.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    if (argc != 2) errx(2, "usage: reader FIFO");
    const char *path = argv[1];

    struct stat file = {};
    if (stat(path, &file) == -1) err(1, "stat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);
    warnx("open %s: waiting for a writer; Ctrl-C ends it", path);
    const int fifo = open(path, O_RDONLY | O_CLOEXEC);
    if (fifo == -1) err(1, "open %s", path);
    if (fstat(fifo, &file) == -1) err(1, "fstat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: no longer a FIFO", path);

    char buffer[65536];
    for (;;) {
        const ssize_t got = read(fifo, buffer, sizeof buffer);
        if (got == 0) break;  // end of file: no writer is left
        if (got == -1) {
            if (errno == EINTR) continue;
            err(1, "read %s", path);
        }
        const size_t length = static_cast<size_t>(got);
        if (fwrite(buffer, 1, length, stdout) != length || fflush(stdout) != 0)
            err(1, "write standard output");
    }
    if (close(fifo) == -1) err(1, "close %s", path);
}
