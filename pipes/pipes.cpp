// pipes - a child sends a number to its parent through a pipe
//
// Text:  Pipe Descriptors; Pipe Example (pipes.c)
// Run:   build/pipes/pipes
// See:   child sent value = 5000
//
// The pipe exists before fork(), so both processes start with both of its ends.
// Each closes the end it does not use and moves the other one to where printf
// or scanf expects it. Data flow one way: on Linux, write() to the read end
// fails with EBADF.

#include <err.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void redirect(int from, int to) {
    if (from == to) return;  // we had no descriptor `to`, so pipe() took it
    if (dup2(from, to) == -1) err(1, "dup2 the pipe onto descriptor %d", to);
    if (close(from) == -1) err(1, "close the pipe's original descriptor");
}

int main() {
    int pipes[2];
    if (pipe(pipes) == -1) err(1, "pipe");

    const int inputPartOfPipe = pipes[0];
    const int outputPartOfPipe = pipes[1];

    const pid_t pid = fork();
    if (pid == -1) err(1, "fork");

    // Close the unused end first. If we were started without standard output
    // (`>&-`), it may be descriptor 1, which dup2 would replace.
    if (pid > 0) {  // parent process
        if (close(outputPartOfPipe) == -1) err(1, "close the write end");
        redirect(inputPartOfPipe, STDIN_FILENO);
        int value = 0;
        // Not "%d\n", which would read on until the child ends.
        // NOLINTNEXTLINE(cert-err34-c): the text's call; we write the number
        if (scanf("%d", &value) != 1) errx(1, "read the pipe: no number");
        printf("child sent value = %d\n", value);
    } else {  // child process
        if (close(inputPartOfPipe) == -1) err(1, "close the read end");
        redirect(outputPartOfPipe, STDOUT_FILENO);
        printf("%d\n", 5000);
    }
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");

    // Until its parent waits for it, a child that has ended stays a zombie.
    if (pid > 0 && wait(nullptr) == -1) err(1, "wait");
}
