// pipeline - joins any number of commands by pipes, as a shell does
//
// Text:  Pipes and Context Switches (the figure: ls /usr | grep etc);
//        Regular and Named Pipe Usage (cat file | gzip -c9)
// Run:   build/pipes/pipeline ls / '|' grep -x etc
// See:   etc
//
// Quote the |, or your shell takes it for itself. Each command is a child. The
// parent closes its copy of an end as soon as the child has it; otherwise the
// reader would never see end of file, and the writer would never get SIGPIPE.
// The exit status is the last command's, as a shell gives it: 128+n if signal n
// killed it, 127 if there is no such command, 126 if it cannot be run.

#include <algorithm>
#include <err.h>
#include <errno.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

static void redirect(int from, int to) {
    if (from == to) return;
    if (dup2(from, to) == -1) err(1, "dup2 the pipe onto descriptor %d", to);
    if (close(from) == -1) err(1, "close the pipe's original descriptor");
}

int main(int argc, char *argv[]) {
    std::vector<char **> commands;
    char **const end = argv + argc;
    for (char **word = argv + 1; word <= end; ++word) {
        commands.push_back(word);
        word = std::find(word, end, std::string_view("|"));
        if (word == commands.back())
            errx(2, "usage: pipeline COMMAND [ARG...] ['|' COMMAND...]...");
        *word = nullptr;  // ends the command's words, as execvp expects
    }

    int input = STDIN_FILENO;  // of the next command
    pid_t last = -1;
    for (char **command : commands) {
        int pipefd[2] = {-1, STDOUT_FILENO};  // the last command has no pipe
        if (command != commands.back() && pipe(pipefd) == -1) err(1, "pipe");
        last = fork();
        if (last == -1) err(1, "fork for %s", command[0]);

        if (last == 0) {
            if (pipefd[0] != -1 && close(pipefd[0]) == -1) err(1, "close");
            redirect(input, STDIN_FILENO);
            redirect(pipefd[1], STDOUT_FILENO);
            execvp(command[0], command);
            err(errno == ENOENT ? 127 : 126, "run %s", command[0]);
        }
        if (input != STDIN_FILENO && close(input) == -1) err(1, "close");
        if (pipefd[1] != STDOUT_FILENO && close(pipefd[1]) == -1)
            err(1, "close");
        input = pipefd[0];
    }

    int status = 0, result = 0;
    for (pid_t child; (child = wait(&status)) != -1;)  // until there is none
        if (child == last) result = status;
    return WIFSIGNALED(result) ? 128 + WTERMSIG(result) : WEXITSTATUS(result);
}
