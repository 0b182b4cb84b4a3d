// requests.hpp - what the server and its clients agree on

#pragma once

#include <limits.h>
#include <string>
#include <sys/types.h>

struct Request {
    pid_t client;
    char message[252];  // ends with a NUL
};
// One write of at most PIPE_BUF bytes never mixes with another client's.
static_assert(sizeof(Request) <= PIPE_BUF);

constexpr char answer[32] = "hello from server";

// The path of the FIFO in which the client expects its answer.
inline std::string answer_path(const char *requests, pid_t client) {
    return std::string(requests) + "." + std::to_string(client);
}
