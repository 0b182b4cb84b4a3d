// pass_descriptor - hands an open file to a process that could not open it
//
// Text:  Domain Sockets (what neither pipes nor TCP can do)
// Run:   build/domain_sock/pass_descriptor
// See:   receiver: read through the descriptor: Hello World
//
// The receiver exists before the file does, so it has not inherited it, and the
// file has no name to open. A descriptor travels as control data (SCM_RIGHTS)
// beside at least one ordinary byte, and arrives as a new number for the same
// open file.

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

// A message of one byte, with room for one descriptor beside it. Each process
// has its own copy.
static char byte = 'd';
static iovec data = {&byte, 1};
alignas(cmsghdr) static char control[CMSG_SPACE(sizeof(int))];
static cmsghdr *const header = reinterpret_cast<cmsghdr *>(control);
static msghdr message;

static void send_descriptor(int socket_fd, int fd) {
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) == -1)
        err(1, "send the descriptor");
}

static int receive_descriptor(int socket_fd) {
    if (recvmsg(socket_fd, &message, 0) == -1) err(1, "receive the descriptor");
    if (header->cmsg_type != SCM_RIGHTS)
        errx(1, "receive the descriptor: none has arrived");
    int fd = -1;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

int main() {
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;

    int ends[2];
    if (socketpair(PF_UNIX, SOCK_STREAM, 0, ends) == -1) err(1, "socketpair");
    const pid_t child = fork();
    if (child == -1) err(1, "fork");
    if (child == 0) {
        if (close(ends[0]) == -1) err(1, "close");
        const int fd = receive_descriptor(ends[1]);
        char text[64] = "";
        if (pread(fd, text, sizeof text - 1, 0) == -1) err(1, "read");
        printf("receiver: read through the descriptor: %s\n", text);
        if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
        return 0;
    }

    FILE *const file = tmpfile();  // has no name
    if (file == nullptr) err(1, "tmpfile");
    if (write(fileno(file), "Hello World", 11) == -1) err(1, "write the file");
    send_descriptor(ends[0], fileno(file));
    if (fclose(file) == EOF) err(1, "close");  // the receiver's stays open
    int status = 0;
    if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
    if (status != 0) errx(1, "the receiver failed");
}
