// pass_descriptor - hands an open file to a process that could not open it
//
// Text:  Domain Sockets (what no pipe of Linux and no TCP connection can do)
// Run:   build/domain_sock/pass_descriptor
// See:   receiver: open /tmp/pass_descriptor.…: No such file or directory
//        receiver: read through the descriptor: Hello World
//
// The receiver is there before the file is, so it has not inherited it; and
// when it tries to open it, the file has no name any more. A descriptor travels
// as control data beside at least one byte of ordinary data. It is a new
// descriptor for the same open file, with its position and its rights. An end
// of a pipe can be passed on like this, too, to processes that are not related.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void send_descriptor(int to, int fd, const std::string &text) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
    iovec data = {const_cast<char *>(text.data()), text.size()};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr *const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    if (sendmsg(to, &message, MSG_NOSIGNAL) == -1)
        err(1, "send the descriptor");
}

// Whatever the sender has sent: one descriptor is returned, close-on-exec;
// none, or more, is an error, and none stays open.
static int receive_descriptor(int from, char *text, size_t size) {
#ifdef MSG_CMSG_CLOEXEC
    const int flags = MSG_CMSG_CLOEXEC;
#else
    const int flags =
        0;  // marked below: no other thread here can run a program in between
#endif
    // CMSG_SPACE rounds up: there may be room for two descriptors where one is
    // asked for. So their number must be counted.
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec data = {text, size};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(from, &message, flags);
    if (got == -1) err(1, "receiver: receive the descriptor");
    if (got == 0) errx(1, "receiver: receive the descriptor: end of file");
    int found = -1, count = 0;
    for (cmsghdr *header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = CMSG_LEN(0); at + sizeof found <= header->cmsg_len;
             at += sizeof found) {
            if (++count > 1 && close(found) == -1) err(1, "receiver: close");
            memcpy(&found, CMSG_DATA(header) + (at - CMSG_LEN(0)),
                   sizeof found);
        }
    }
    const bool cut = (message.msg_flags & MSG_CTRUNC) != 0;
    if (count > 0 && (count > 1 || cut) && close(found) == -1)
        err(1, "receiver: close");
    if (cut)
        errx(1,
             "receiver: the control data was cut: more descriptors than one");
    if (count != 1)
        errx(1, "receiver: %d descriptors received, not one", count);
    if (fcntl(found, F_SETFD, FD_CLOEXEC) == -1)
        err(1, "receiver: fcntl FD_CLOEXEC");
    text[got] = '\0';
    return found;
}

static int receive(int from) {
    char path[PATH_MAX], text[64];
    const int fd = receive_descriptor(from, path, sizeof path - 1);
    if (open(path, O_RDONLY | O_CLOEXEC) != -1)
        errx(1, "receiver: open %s: it is there", path);
    if (errno != ENOENT) err(1, "receiver: open %s", path);
    printf("receiver: open %s: %s\n", path, strerror(errno));
    const ssize_t got = pread(fd, text, sizeof text,
                              0);  // its position is where the sender left it
    if (got == -1) err(1, "receiver: read");
    printf("receiver: read through the descriptor: %.*s\n",
           static_cast<int>(got), text);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "receiver: write standard output");
    return 0;
}

int main(int argc, char *[]) {
    if (argc != 1) errx(2, "usage: pass_descriptor");
    // The sockets must not be given 0, 1 or 2: the results would go into them.
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1) err(1, "standard descriptor %d", fd);
    int ends[2];
    if (socketpair(PF_UNIX, SOCK_STREAM, 0, ends) == -1) err(1, "socketpair");
    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    if (close(ends[child == 0 ? 0 : 1]) == -1) err(1, "close");
    if (child == 0) return receive(ends[1]);

    const char *directory = getenv("TMPDIR");
    std::string path =
        std::string(directory && *directory ? directory : "/tmp") +
        "/pass_descriptor.XXXXXX";
    sigset_t all, before;  // a signal must not end us while the name is there
    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, &before) == -1) err(1, "sigprocmask");
    const int fd = mkstemp(path.data());
    if (fd == -1) err(1, "create %s", path.c_str());
    if (unlink(path.c_str()) == -1) err(1, "unlink %s", path.c_str());
    if (sigprocmask(SIG_SETMASK, &before, nullptr) == -1) err(1, "sigprocmask");
    const std::string text = "Hello World";
    const ssize_t put = write(fd, text.data(), text.size());
    if (put == -1) err(1, "write %s", path.c_str());
    if (put != static_cast<ssize_t>(text.size()))
        errx(1, "write %s: no space", path.c_str());

    send_descriptor(ends[0], fd, path);
    if (close(fd) == -1)
        err(1, "close %s", path.c_str());  // the receiver's stays open
    if (close(ends[0]) == -1) err(1, "close");
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (status != 0)
        errx(1, "the receiver failed: wait status 0x%x",
             static_cast<unsigned>(status));
}
