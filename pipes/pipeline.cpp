// pipeline - any number of commands joined by pipes, as a shell joins them
//
// Text:  Pipes and Context Switches (the figure: ls /usr | grep etc);
//        Regular and Named Pipe Usage (cat file | gzip -c9)
// Run:   build/pipes/pipeline ls / '|' grep -x etc
// See:   etc
//
// A word that is exactly | ends a stage; quote it, or the shell takes it for itself. Each stage is
// a child; its standard input is the pipe from the stage before, its standard output the pipe to
// the next. The parent closes each end as soon as the child has it: an end left open in the parent
// would keep end of file from the reader and SIGPIPE from the writer. Exit status, as a shell's:
// the last stage's, 128+n if signal n killed it; 127 for a command that was not found, 126 for one
// that could not be run.

#include <algorithm>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

[[noreturn]] static void run_stage(char *command[], int input, int output, int next_input) {
    if (input != STDIN_FILENO) {
        if (dup2(input, STDIN_FILENO) == -1) err(1, "%s: dup2 standard input", command[0]);
        if (close(input) == -1) err(1, "%s: close the pipe's original descriptor", command[0]);
    }
    if (output != STDOUT_FILENO) {
        if (close(next_input) == -1) err(1, "%s: close the next stage's input", command[0]);
        if (dup2(output, STDOUT_FILENO) == -1) err(1, "%s: dup2 standard output", command[0]);
        if (close(output) == -1) err(1, "%s: close the pipe's original descriptor", command[0]);
    }
    execvp(command[0], command);
    err(errno == ENOENT ? 127 : 126, "run %s", command[0]);
}

int main(int argc, char *argv[]) {
    using namespace std::literals;
    std::vector<char **> stages;
    for (char **word = argv + 1, **end = argv + argc;; ++word) {
        stages.push_back(word);
        word = std::find(word, end, "|"sv);
        if (word == stages.back()) errx(2, "usage: pipeline COMMAND [ARG...] ['|' COMMAND...]...");
        if (word == end) break;  // argv ends with a null pointer, as execvp wants it
        *word = nullptr;
    }

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1) err(1, "standard descriptor %d", fd);  // not for a pipe
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR) err(1, "signal SIGCHLD");  // if ignored: no status

    std::vector<pid_t> children;
    int input = STDIN_FILENO;  // where the next stage reads
    for (char **command : stages) {
        const bool last = command == stages.back();
        int pipefd[2] = {-1, STDOUT_FILENO};  // the last stage has no pipe, its output stays
        if (!last && pipe(pipefd) == -1) err(1, "pipe after %s", command[0]);

        const pid_t child = fork();
        if (child == -1) err(1, "fork for %s", command[0]);
        if (child == 0) run_stage(command, input, pipefd[1], pipefd[0]);
        children.push_back(child);

        if (input != STDIN_FILENO && close(input) == -1) err(1, "close a read end");
        if (!last && close(pipefd[1]) == -1) err(1, "close a write end");
        input = pipefd[0];
    }

    int status = 0;  // in the end, the last stage's
    for (const pid_t child : children)
        if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
