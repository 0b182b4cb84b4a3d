// pipes - a child sends a number to its parent through a pipe, by printf and scanf
//
// Text:  Pipe Descriptors; Pipe Example (pipes.c)
// Run:   build/pipes/pipes
// See:   child sent value = 5000
//
// The pipe is made before fork, so both processes hold both of its ends. Each closes the end it
// does not use and moves the other one to where printf or scanf looks for it. A pipe end may
// already be there: a program started with `<&-` or `>&-` gets 0 or 1 from pipe(). So the numbers
// are compared before dup2, and the original is closed only after a real move. On Linux a pipe
// carries one way: write() to its end for reading fails with EBADF. (FreeBSD's carry both.)

#include <err.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void move_descriptor(int from, int to) {
    if (from == to) return;
    if (dup2(from, to) == -1) err(1, "dup2 the pipe onto descriptor %d", to);
    if (close(from) == -1) err(1, "close the pipe's original descriptor");
}

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: pipes");

    int pipes[2];  // pipes[0] is the read end, pipes[1] the write end
    if (pipe(pipes) == -1) err(1, "pipe");

    const pid_t child = fork();
    if (child == -1) err(1, "fork");

    if (child == 0) {
        if (close(pipes[0]) == -1) err(1, "child: close the read end");
        move_descriptor(pipes[1], STDOUT_FILENO);
        if (printf("%d\n", 5000) < 0 || fflush(stdout) != 0) err(1, "child: write the pipe");
        return 0;
    }

    if (close(pipes[1]) == -1) err(1, "close the write end");
    move_descriptor(pipes[0], STDIN_FILENO);

    // "%d\n" would read on until the child sends something after the newline, or ends. "%d%c" stops
    // at the character behind the number; where that is no newline, the number may be cut short.
    int value = 0;
    char after = 0;
    // NOLINTNEXTLINE(cert-err34-c): scanf is what the text shows, and the number is our own
    const int fields = scanf("%d%c", &value, &after);
    if (ferror(stdin) != 0) err(1, "read the pipe");
    const bool whole = fields == 2 && after == '\n';
    if (whole)
        printf("child sent value = %d\n", value);
    else
        warnx("read the pipe: no whole number before end of file");
    if (ferror(stdout) != 0 || fflush(stdout) != 0) err(1, "write standard output");

    int status = 0;  // without the wait, the child stays a zombie for as long as its parent lives
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (WIFSIGNALED(status)) errx(1, "child: killed by signal %d", WTERMSIG(status));
    return whole ? WEXITSTATUS(status) : 1;
}
