// fork_pipe - a child sends numbers to its parent, which reads to end of file
//
// Text:  Fork and Pipe Example (fork_pipe/main.c)
// Run:   build/pipes/fork_pipe
// See:   child sent value = 5000, then 5001 and 5002
// Run:   build/pipes/fork_pipe -k
// See:   the same, then nothing for 2 seconds, until an alarm ends the program
//
// A reader meets end of file when every write end is closed, in every process.
// After fork() the parent has a write end, too. With -k it keeps that unused
// end open, and so waits for itself.

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void redirect(int from, int to) {
    if (from == to) return;  // we had no descriptor `to`, so pipe() took it
    if (dup2(from, to) == -1) err(1, "dup2 the pipe onto descriptor %d", to);
    if (close(from) == -1) err(1, "close the pipe's original descriptor");
}

int main(int argc, char *argv[]) {
    const bool keep = argc == 2 && strcmp(argv[1], "-k") == 0;
    if (argc != 1 && !keep) errx(2, "usage: fork_pipe [-k]");

    int pipes[2];
    if (pipe(pipes) == -1) err(1, "pipe");

    const int inputPartOfPipe = pipes[0];
    const int outputPartOfPipe = pipes[1];

    const pid_t pid = fork();
    if (pid == -1) err(1, "fork");

    // Close the unused end first. If we were started without standard output
    // (`>&-`), it may be descriptor 1, which dup2 would replace.
    if (pid > 0) {  // parent process
        if (keep) {
            warnx("the parent keeps its write end: no end of file will come; "
                  "an alarm ends this in 2 s");
            alarm(2);
        } else if (close(outputPartOfPipe) == -1) {
            err(1, "close the write end");
        }
        redirect(inputPartOfPipe, STDIN_FILENO);
        int value = 0, status = 0;
        // NOLINTNEXTLINE(cert-err34-c): the text's call; we write the numbers
        while (scanf("%d", &value) == 1) {
            printf("child sent value = %d\n", value);
            if (ferror(stdout) || fflush(stdout))
                err(1, "write standard output");
        }
        if (ferror(stdin) != 0) err(1, "read the pipe");
        if (!feof(stdin)) errx(1, "read the pipe: not a number");
        if (wait(&status) == -1) err(1, "wait");
        if (status != 0) errx(1, "the child failed");
    } else {  // child process
        if (close(inputPartOfPipe) == -1) err(1, "close the read end");
        redirect(outputPartOfPipe, STDOUT_FILENO);
        for (int value = 5000; value < 5003; value++) printf("%d\n", value);
        if (ferror(stdout) || fflush(stdout)) err(1, "write the pipe");
    }
}
