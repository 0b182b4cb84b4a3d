// queue_put - appends a message to a queue in a file
//
// Text:  Files as IPC (simple queues)
// Run:   build/files/queue_put queue one; build/files/queue_put queue two
//        build/files/queue_get queue
// See:   one
//
// The message is first flushed to the disk, after the recorded end; then the
// end is updated. A queue_put killed before the update has added nothing.

#include "queue.hpp"

#include <string.h>

int main(int argc, char *argv[]) {
    if (argc != 3 || argv[1][0] == '-')
        errx(2, "usage: queue_put FILE MESSAGE");
    const char *path = argv[1], *message = argv[2];
    if (strchr(message, '\n') != nullptr) errx(2, "a message is one line");

    long begin = 0, end = 0;
    FILE *const file = open_queue(path, O_CREAT, begin, end);
    if (fseek(file, end, SEEK_SET) == -1) err(1, "seek in %s", path);
    fprintf(file, "%s\n", message);
    if (ferror(file) || fflush(file) == EOF || fsync(fileno(file)) == -1)
        err(1, "write %s", path);
    set_queue(file, path, begin, ftell(file));
}
