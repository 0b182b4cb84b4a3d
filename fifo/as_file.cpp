// as_file - lets a program that reads a file read another program's output
//
// Text:  Named Pipe Uses
// Run:   build/fifo/as_file cat README.md -- wc -l
// See:   the number of lines, and the name of the FIFO
// Run:   build/fifo/as_file echo once -- sh -c 'cat "$0"; cat "$0"'
// See:   once
//        cat: /tmp/as_file.5050: No such file or directory
//
// PRODUCER writes into a FIFO, whose path becomes CONSUMER's last argument.
// That serves a program that reads its file once, from front to back, but not
// one that seeks or opens it again. The name is removed as soon as both ends
// are open. The exit status is CONSUMER's or, if that is 0, PRODUCER's, unless
// SIGPIPE ended PRODUCER.

#include <algorithm>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
    char **const end = argv + argc;
    char **const dashes = std::find(argv, end, std::string_view("--"));
    if (dashes <= argv + 1 || dashes >= end - 1)
        errx(2, "usage: as_file PRODUCER [ARG...] -- CONSUMER [ARG...]");
    signal(SIGINT, SIG_IGN);  // Ctrl-C ends both; this removes the name
    std::string path = "/tmp/as_file." + std::to_string(getpid());
    if (mkfifo(path.c_str(), 0600) == -1) err(1, "mkfifo %s", path.c_str());

    const pid_t producer = fork();
    if (producer == -1) err(1, "fork for %s", argv[1]);
    if (producer == 0) {
        signal(SIGINT, SIG_DFL);
        const int fifo = open(path.c_str(), O_WRONLY);  // waits for CONSUMER
        if (fifo == -1) err(1, "open %s", path.c_str());
        if (unlink(path.c_str()) == -1) err(1, "unlink %s", path.c_str());
        if (dup2(fifo, STDOUT_FILENO) == -1) err(1, "dup2");
        if (close(fifo) == -1) err(1, "close");
        *dashes = nullptr;
        execvp(argv[1], argv + 1);
        err(errno == ENOENT ? 127 : 126, "run %s", argv[1]);
    }

    const pid_t consumer = fork();
    if (consumer == -1) err(1, "fork for %s", dashes[1]);
    if (consumer == 0) {
        signal(SIGINT, SIG_DFL);
        std::copy(dashes + 1, end, dashes);  // over the --, for path
        end[-1] = path.data();
        execvp(dashes[0], dashes);
        err(errno == ENOENT ? 127 : 126, "run %s", dashes[0]);
    }

    int status = 0, produced = 0, consumed = 0;
    for (pid_t child = 0; (child = wait(&status)) != -1;) {
        (child == consumer ? consumed : produced) = status;
        // While the name exists, the other one is in open(), and waits in vain.
        if (unlink(path.c_str()) == 0)
            kill(child == consumer ? producer : consumer, SIGPIPE);
    }
    if (consumed == 0 && WTERMSIG(produced) != SIGPIPE) consumed = produced;
    return WIFSIGNALED(consumed) ? 128 + WTERMSIG(consumed)
                                 : WEXITSTATUS(consumed);
}
