// atomicity - counts the messages that arrive torn when several processes write
// to one FIFO
//
// Text:  Named Pipe Atomicity
// Run:   build/fifo/atomicity
// See:   many messages torn that are one word longer than PIPE_BUF, none of
// PIPE_BUF bytes Run:   build/fifo/atomicity 10 5000, for 10 writers and 5000
// messages each
//
// Every word of a message holds its writer and its number. The reader takes
// messages of the agreed size: one whose words differ, or that does not come
// next, was torn by another writer. It begins to read when the last writer has
// been started, and the writers are faster: the FIFO is full most of the time.
// Nothing promises that longer messages are torn: a few that fit in the FIFO
// together come whole, and so may those whose size divides the FIFO's, for
// ever.

#include <algorithm>
#include <charconv>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

static uint32_t number(const char *text, uint32_t most) {
    uint32_t value = 0;
    const char *const end = text + strlen(text);
    const auto [rest, error] = std::from_chars(text, end, value);
    if (error != std::errc{} || rest != end || value < 1 || value > most)
        errx(2, "%s: not a number from 1 to %u", text, most);
    return value;
}

[[noreturn]] static void write_messages(int fifo, uint32_t writer,
                                        uint32_t messages, size_t bytes) {
    std::vector<uint32_t> message(bytes / sizeof(uint32_t));
    for (uint32_t i = 0; i < messages; ++i) {
        std::fill(message.begin(), message.end(), writer << 24 | i);
        const char *const start =
            reinterpret_cast<const char *>(message.data());
        for (size_t done = 0; done < bytes;) {
            const ssize_t put = write(fifo, start + done, bytes - done);
            if (put == -1 && errno != EINTR) err(1, "writer %u: write", writer);
            if (put > 0) done += static_cast<size_t>(put);
        }
    }
    _exit(0);
}

// The FIFO's read and write end; the name has gone again when this returns.
static void open_fifo(int &input, int &output) {
    const char *directory = getenv("TMPDIR");
    const std::string path =
        std::string(directory && *directory ? directory : "/tmp") +
        "/atomicity." + std::to_string(getpid());
    sigset_t all, before;  // a signal must not end us while the name is there
    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, &before) == -1) err(1, "sigprocmask");
    if (mkfifo(path.c_str(), 0600) == -1) err(1, "mkfifo %s", path.c_str());
    input = open(path.c_str(), O_RDONLY | O_NONBLOCK |
                                   O_CLOEXEC);  // does not wait for a writer
    output = input == -1 ? -1 : open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const int open_error = errno;
    if (unlink(path.c_str()) == -1) err(1, "unlink %s", path.c_str());
    if (sigprocmask(SIG_SETMASK, &before, nullptr) == -1) err(1, "sigprocmask");
    errno = open_error;
    if (output == -1) err(1, "open %s", path.c_str());
    if (fcntl(input, F_SETFL, O_RDONLY) == -1) err(1, "fcntl %s", path.c_str());
}

static uint32_t count_torn(uint32_t writers, uint32_t messages, size_t bytes) {
    int input = -1, output = -1;
    open_fifo(input, output);
    std::vector<pid_t> children;
    for (uint32_t writer = 0; writer < writers; ++writer) {
        children.push_back(fork());
        if (children.back() == -1) err(1, "fork writer %u", writer);
        if (children.back() > 0) continue;
        if (close(input) == -1) err(1, "writer %u: close the read end", writer);
        write_messages(output, writer, messages, bytes);
    }
    if (close(output) == -1) err(1, "close the write end");

    uint32_t received = 0, torn = 0;
    std::vector<uint32_t> message(bytes / sizeof(uint32_t)), next(writers);
    for (size_t filled = 0;;) {
        char *const start = reinterpret_cast<char *>(message.data());
        const ssize_t got = read(input, start + filled, bytes - filled);
        if (got == -1 && errno == EINTR) continue;
        if (got == -1) err(1, "read the FIFO");
        if (got == 0) break;
        filled += static_cast<size_t>(got);
        if (filled < bytes) continue;
        filled = 0;
        ++received;
        const uint32_t word = message[0], writer = word >> 24,
                       i = word & 0xffffff;
        // Whole: one word throughout, of a writer's next message or of one
        // after torn ones.
        if (std::all_of(message.begin(), message.end(),
                        [=](uint32_t w) { return w == word; }) &&
            writer < writers && i >= next[writer] && i < messages)
            next[writer] = i + 1;
        else
            ++torn;
    }
    if (close(input) == -1) err(1, "close the read end");

    for (const pid_t child : children) {
        int status = 0;
        if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
        if (status != 0)
            errx(1, "a writer failed: wait status 0x%x",
                 static_cast<unsigned>(status));
    }
    if (received != writers * messages)
        errx(1, "%u messages received, %u sent", received, writers * messages);
    return torn;
}

int main(int argc, char *argv[]) {
    if (argc > 3) errx(2, "usage: atomicity [WRITERS [MESSAGES]]");
    const uint32_t writers = argc > 1 ? number(argv[1], 100) : 4;
    const uint32_t messages = argc > 2 ? number(argv[2], 1000000) : 1000;

    uint32_t torn = 0;
    for (const size_t bytes :
         {size_t{PIPE_BUF} + sizeof(uint32_t), size_t{PIPE_BUF}}) {
        torn = count_torn(writers, messages, bytes);
        printf("%u x %u messages of %zu bytes: %u torn\n", writers, messages,
               bytes, torn);
        if (ferror(stdout) != 0 || fflush(stdout) != 0)
            err(1, "write standard output");
    }
    if (torn > 0)
        errx(1, "messages of PIPE_BUF bytes were torn, which POSIX rules out");
}
