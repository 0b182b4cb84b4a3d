// writer - copies standard input into a FIFO
//
// Text:  Named Pipes and FIFOs; Regular and Named Pipe Usage
// Run:   terminal 1: mkfifo pipe_file; gzip -c9 < pipe_file > file.gz
//        terminal 2: build/fifo/writer pipe_file < README.md; rm pipe_file
// See:   nothing; file.gz holds README.md
//
// The mirror of the text's `cat file > pipe_file`. The check before the first
// write is what the shell does not do: with a mistyped name, `cat file >
// pipe_file` makes or overwrites an ordinary file.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    if (argc != 2) errx(2, "usage: writer FIFO");
    const char *path = argv[1];

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the FIFO

    // A reader that goes away is an error to report (EPIPE), not a silent end
    // by SIGPIPE.
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) err(1, "ignore SIGPIPE");

    struct stat file = {};
    if (stat(path, &file) == -1) err(1, "stat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: not a FIFO", path);
    warnx("open %s: waiting for a reader; Ctrl-C ends it", path);
    const int fifo =
        open(path, O_WRONLY | O_CLOEXEC);  // no O_CREAT, no O_TRUNC
    if (fifo == -1) err(1, "open %s", path);
    if (fstat(fifo, &file) == -1) err(1, "fstat %s", path);
    if (!S_ISFIFO(file.st_mode)) errx(1, "open %s: no longer a FIFO", path);

    char buffer[65536];
    for (;;) {
        const ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
        if (got == 0) break;
        if (got == -1) {
            if (errno == EINTR) continue;
            err(1, "read standard input");
        }
        for (ssize_t done = 0; done < got;) {  // a write may take only part
            const ssize_t put =
                write(fifo, buffer + done, static_cast<size_t>(got - done));
            if (put == -1 && errno != EINTR) err(1, "write %s", path);
            if (put > 0) done += put;
        }
    }
    if (close(fifo) == -1) err(1, "close %s", path);
}
