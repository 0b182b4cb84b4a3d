// fork_pipe - a child sends numbers to its parent, which reads them until end of file
//
// Text:  Fork and Pipe Example (fork_pipe/main.c)
// Run:   build/pipes/fork_pipe
// See:   child sent value = 5000, then 5001 and 5002
// Run:   build/pipes/fork_pipe -k
// See:   the same; no end of file after 2 s: the parent still holds a write end;
//        write end closed: end of file
//
// A read from a pipe meets end of file when every write end is closed, in every process. The parent
// holds a write end too, since fork. With -k it keeps that unused end open, and so waits for itself
// until a timer interrupts the read.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void move_descriptor(int from, int to) {
    if (from == to) return;  // it was closed when we started, and pipe() took it
    if (dup2(from, to) == -1) err(1, "dup2 the pipe onto descriptor %d", to);
    if (close(from) == -1) err(1, "close the pipe's original descriptor");
}

static volatile sig_atomic_t alarm_came;

static void on_alarm(int) {
    alarm_came = 1;
    alarm(1);  // another one, should this one have come just before the read
}

int main(int argc, char *argv[]) {
    const bool keep_write_end = argc == 2 && strcmp(argv[1], "-k") == 0;
    if (argc != 1 && !keep_write_end) errx(2, "usage: fork_pipe [-k]");

    // The mistake of -k needs a write end that is not at the same time the parent's own output.
    if (keep_write_end && fcntl(STDOUT_FILENO, F_GETFD) == -1) err(1, "standard output");

    int pipefd[2];
    if (pipe(pipefd) == -1) err(1, "pipe");

    const pid_t child = fork();
    if (child == -1) err(1, "fork");

    if (child == 0) {
        if (close(pipefd[0]) == -1) err(1, "child: close the read end");
        move_descriptor(pipefd[1], STDOUT_FILENO);
        for (int value = 5000; value < 5003; ++value)
            if (printf("%d\n", value) < 0) err(1, "child: write the pipe");
        if (ferror(stdout) != 0 || fflush(stdout) != 0) err(1, "child: write the pipe");
        return 0;
    }

    if (keep_write_end) {  // wrong on purpose; the timer ends what would otherwise never end
        struct sigaction action = {};
        action.sa_handler = on_alarm;  // without SA_RESTART: the read fails with EINTR
        if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction SIGALRM");
        sigset_t alarms;  // blocked where this was started, it would never come
        sigemptyset(&alarms);
        sigaddset(&alarms, SIGALRM);
        if (sigprocmask(SIG_UNBLOCK, &alarms, nullptr) == -1) err(1, "sigprocmask");
        alarm(2);
    } else if (close(pipefd[1]) == -1) {
        err(1, "close the write end");
    }
    move_descriptor(pipefd[0], STDIN_FILENO);

    int value = 0;
    char after = 0;
    int fields = 0;
    // NOLINTNEXTLINE(cert-err34-c): scanf is what the text shows, and the numbers are our own
    while ((fields = scanf("%d%c", &value, &after)) == 2 && after == '\n') {
        printf("child sent value = %d\n", value);
        if (ferror(stdout) != 0 || fflush(stdout) != 0) err(1, "write standard output");
    }
    if (alarm_came != 0 && ferror(stdin) != 0 && errno == EINTR) {
        alarm(0);
        printf("no end of file after 2 s: the parent still holds a write end\n");
        if (close(pipefd[1]) == -1) err(1, "close the write end");
        clearerr(stdin);
        if (getchar() != EOF || feof(stdin) == 0) errx(1, "read the pipe: more than expected");
        printf("write end closed: end of file\n");
        if (ferror(stdout) != 0 || fflush(stdout) != 0) err(1, "write standard output");
    }
    if (ferror(stdin) != 0) err(1, "read the pipe");
    if (fields != EOF) errx(1, "read the pipe: a number is cut short");

    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (WIFSIGNALED(status)) errx(1, "child: killed by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}
