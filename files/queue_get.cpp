// queue_get - prints the oldest message of a queue in a file, and removes it
//
// Text:  Files as IPC (simple queues)
// Run:   build/files/queue_put queue one; build/files/queue_put queue two
//        build/files/queue_get queue
// See:   one; and at an empty queue nothing, with the exit status 1
//
// What it costs does not depend on how many messages wait: the file's first
// line says where the oldest one is. It is printed before that place moves on,
// so that none is lost with a get that is killed: the next one prints it again.
// The lock is held until it is printed; a reader that does not read stops the
// queue. The file is cut off only when the queue is empty: one that never is
// grows.

#include "queue.hpp"

int main(int argc, char *argv[]) {
    if (argc != 2) errx(2, "usage: queue_get FILE");
    const char *const path = argv[1];
    FILE *const file = queue::open_locked(path, 0);
    queue::Places places = queue::read_places(file, path);
    if (places.begin == places.end) return 1;

    char *message = nullptr;
    size_t size = 0;
    if (fseeko(file, places.begin, SEEK_SET) == -1) err(1, "seek in %s", path);
    const ssize_t length = getline(&message, &size, file);
    if (length == -1 && ferror(file) != 0) err(1, "read %s", path);
    places.begin += length;
    if (length < 1 || message[length - 1] != '\n' || places.begin > places.end)
        errx(1, "%s: damaged: its first message has no end", path);
    fwrite(message, 1, static_cast<size_t>(length), stdout);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");

    const bool empty = places.begin == places.end;
    queue::write_places(
        file, path,
        empty ? queue::Places{queue::line_size, queue::line_size} : places);
    if (empty && ftruncate(fileno(file), queue::line_size) == -1)
        err(1, "truncate %s", path);
    if (fclose(file) == EOF) err(1, "close %s", path);
    free(message);
}
