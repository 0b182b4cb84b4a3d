// queue_put - appends a message to a queue in a file
//
// Text:  Files as IPC (simple queues)
// Run:   build/files/queue_put queue one; build/files/queue_put queue two
//        build/files/queue_get queue
// See:   one
//
// The file is a line that says where the first message and the end of the last
// one are, and then the messages, a line each; so a message may hold any bytes
// but a newline (and NUL, which no argument can). Bytes behind the end belong
// to no message: a put that is killed before it has moved the end has added
// nothing. Once it has exited with 0, the message is on the disk. A lock on the
// file lets one process at a time read or change that line.

#include "queue.hpp"

int main(int argc, char *argv[]) {
    if (argc != 3) errx(2, "usage: queue_put FILE MESSAGE");
    const char *const path = argv[1], *const message = argv[2];
    if (strchr(message, '\n') != nullptr)
        errx(2, "the message has a newline, which would end it");
    FILE *const file = queue::open_locked(path, O_CREAT);
    queue::Places places = queue::read_places(file, path);
    if (places.end == 0) {
        sync();  // the new file's name, before its first line: so no queue is
                 // without a name
        places = {queue::line_size, queue::line_size};
        queue::write_places(file, path, places);
    }

    if (fseeko(file, places.end, SEEK_SET) == -1) err(1, "seek in %s", path);
    if (fprintf(file, "%s\n", message) < 0 || fflush(file) == EOF) {
        const int reason = errno;
        if (ftruncate(fileno(file), places.end) == -1)
            warn("truncate %s", path);
        errno = reason;
        err(1, "write %s", path);
    }
    if (fsync(fileno(file)) == -1)
        err(1, "fsync %s", path);  // before the end moves on
    places.end = ftello(file);
    queue::write_places(file, path, places);
    if (fclose(file) == EOF) err(1, "close %s", path);
}
