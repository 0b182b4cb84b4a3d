// atomicity - counts the messages that arrive torn when many write to one FIFO
//
// Text:  Named Pipe Atomicity
// Run:   build/fifo/atomicity
// See:   4 x 1000 messages of 4096 bytes: 0 torn
//        4 x 1000 messages of 4100 bytes: 972 torn
//
// Each writer fills its messages with its own letter. The reader takes pieces
// of a message's size: two letters in one mean that two writers' bytes have
// mixed. A message that is torn shifts those behind it: the count is not exact.
// PIPE_BUF is the most that one write() keeps together, 4096 bytes on Linux.

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static constexpr int writers = 4, messages = 1000;  // try others

// The two ends of a FIFO, whose name is gone again.
static void open_fifo(int &input, int &output) {
    const std::string path = "/tmp/atomicity." + std::to_string(getpid());
    if (mkfifo(path.c_str(), 0600) == -1) err(1, "mkfifo %s", path.c_str());
    input = open(path.c_str(), O_RDONLY | O_NONBLOCK);  // waits for no writer
    output = open(path.c_str(), O_WRONLY);
    if (input == -1 || output == -1) err(1, "open %s", path.c_str());
    if (unlink(path.c_str()) == -1) err(1, "unlink %s", path.c_str());
    if (fcntl(input, F_SETFL, 0) == -1) err(1, "fcntl");  // read() waits again
}

static int count_torn(size_t bytes) {
    int input = -1, output = -1;
    open_fifo(input, output);
    for (int i = 0; i < writers; ++i) {
        const pid_t child = fork();
        if (child == -1) err(1, "fork");
        if (child > 0) continue;
        const std::string message(bytes, static_cast<char>('A' + i));
        if (close(input) == -1) err(1, "close the read end");
        for (int n = 0; n < messages; ++n)
            if (write(output, message.data(), bytes) == -1) err(1, "write");
        _exit(0);
    }
    if (close(output) == -1) err(1, "close the write end");

    FILE *const fifo = fdopen(input, "r");
    if (fifo == nullptr) err(1, "fdopen");
    std::string message(bytes, '\0');
    int torn = 0, received = 0;
    for (; fread(message.data(), bytes, 1, fifo) == 1; ++received)
        if (message.find_first_not_of(message[0]) != message.npos) ++torn;
    if (fclose(fifo) == EOF) err(1, "close the read end");
    while (wait(nullptr) != -1) {
    }
    if (received != writers * messages) errx(1, "only %d messages", received);
    return torn;
}

int main() {
    for (const size_t bytes : {size_t{PIPE_BUF}, size_t{PIPE_BUF} + 4}) {
        const int torn = count_torn(bytes);
        printf("%d x %d messages of %zu bytes: %d torn\n", writers, messages,
               bytes, torn);
        if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
    }
}
