// queue_get - prints the oldest message of a queue in a file, and removes it
//
// Text:  Files as IPC (simple queues)
// Run:   build/files/queue_put queue one; build/files/queue_put queue two
//        build/files/queue_get queue
// See:   one; if the queue is empty, nothing, and the exit status 1
//
// The cost does not depend on the number of messages: the first line says where
// the oldest one is. It is printed before the beginning moves on: if queue_get
// is killed in between, the next one prints the message again. When the last
// message has been taken, the file is truncated to its first line.

#include "queue.hpp"

int main(int argc, char *argv[]) {
    if (argc != 2 || argv[1][0] == '-') errx(2, "usage: queue_get FILE");
    const char *path = argv[1];
    long begin = 0, end = 0;
    FILE *const file = open_queue(path, 0, begin, end);
    if (begin == end) return 1;

    if (fseek(file, begin, SEEK_SET) == -1) err(1, "seek in %s", path);
    for (int c = 0; c != '\n';) {
        c = getc(file);
        if (c == EOF) errx(1, "%s: cut short", path);
        putchar(c);
    }
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");

    begin = ftell(file);
    if (begin == end) begin = end = first_line;  // empty: start again
    set_queue(file, path, begin, end);
    if (end == first_line && ftruncate(fileno(file), end) == -1)
        err(1, "cut %s", path);
}
