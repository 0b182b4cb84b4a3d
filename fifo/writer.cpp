// writer - copies standard input into a FIFO
//
// Text:  Named Pipes and FIFOs; Regular and Named Pipe Usage
// Run:   terminal 1: mkfifo pipe_file; gzip -c9 < pipe_file > file.gz
//        terminal 2: build/fifo/writer pipe_file < README.md; rm pipe_file
// See:   terminal 2: only that it waits; then file.gz holds README.md
//
// It takes the place of the text's `cat file > pipe_file`, which would create
// or overwrite an ordinary file if the name is mistyped. open() waits for a
// reader. If the reader goes away, SIGPIPE ends the writer, as it ends cat.

#include <err.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    if (argc != 2 || argv[1][0] == '-') errx(2, "usage: writer FIFO");
    const char *path = argv[1];

    struct stat file = {};
    if (stat(path, &file) == -1) err(1, "stat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);

    warnx("open %s: waiting for a reader; Ctrl-C ends this", path);
    const int fifo = open(path, O_WRONLY);
    if (fifo == -1) err(1, "open %s", path);

    char buffer[4096];
    for (ssize_t got = 0; (got = read(STDIN_FILENO, buffer, sizeof buffer));) {
        if (got == -1) err(1, "read standard input");
        // write() waits until all bytes are in, unless a handler interrupts it.
        if (write(fifo, buffer, static_cast<size_t>(got)) != got)
            err(1, "write %s", path);
    }
}
