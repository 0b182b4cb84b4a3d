// send_descriptors.hpp - makes pass_descriptor send SENT descriptors; tells
// what is open at the end

#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void report_open() {
    fprintf(stderr, "open at the end:");
    bool cloexec = false;
    for (int fd = 0; fd < 100; ++fd) {
        const int flags = fcntl(fd, F_GETFD);
        if (flags != -1) fprintf(stderr, " %d", fd);
        if (flags != -1 && (flags & FD_CLOEXEC) != 0) cloexec = true;
    }
    fprintf(stderr, "\nclose-on-exec: %d\n", cloexec);
}

static const int registered = atexit(report_open);

inline ssize_t send_many(int to, const msghdr *message, int flags) {
    msghdr changed = *message;
    int fd = -1;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(message)), sizeof fd);
    int fds[SENT + 1];
    for (int &copy : fds) copy = fd;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {};
    changed.msg_control = SENT == 0 ? nullptr : control;
    changed.msg_controllen = SENT == 0 ? 0 : CMSG_SPACE(SENT * sizeof fd);
    if (SENT != 0) {
        cmsghdr *const header = CMSG_FIRSTHDR(&changed);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(SENT * sizeof fd);
        memcpy(CMSG_DATA(header), fds, SENT * sizeof fd);
    }
    return sendmsg(to, &changed, flags);
}
#define sendmsg send_many
