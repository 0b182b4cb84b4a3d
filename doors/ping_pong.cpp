// ping_pong - how long a call through a door takes, with a message there and
// another one back
//
// Text:  Doors; IPC Performance Hierarchy
// Run:   build/doors/ping_pong, or build/doors/ping_pong ROUND_TRIPS BYTES
// See:   the time of a call, and its context switches; the line says if doors
// are emulated
//
// The parent calls, the partner's procedure answers. A call without an argument
// is the last one.

#if __has_include(<door.h>)
#include <door.h>
#include <stropts.h>
static constexpr bool emulated = false;
#else
#include "door_emulation.hpp"
static constexpr bool emulated = true;
#endif

#include "../tests/ping_pong.hpp"

#include <atomic>
#include <string>

static size_t bytes;
static std::atomic<long> calls;  // one after the other, but each in any thread

extern "C" {
static void answer(void *cookie, char *argp, size_t arg_size, door_desc_t *,
                   uint_t) {
    auto *const messages = static_cast<ping_pong::Messages *>(cookie);
    if (arg_size == 0) _exit(0);
    const long i = calls++;
    if (arg_size != bytes || memcmp(argp, messages->ping(i), bytes) != 0)
        errx(1, "call %ld: the message received is not the one sent", i);
    door_return(messages->pong(i), bytes, nullptr, 0);
    err(1, "door_return");
}
}

// The partner: attaches its door to the file, and says so.
[[noreturn]] static void serve(const char *path, size_t message_bytes,
                               int ready) {
    ping_pong::Messages messages(message_bytes);
    bytes = message_bytes;
    const int did =
        door_create(answer, &messages, DOOR_REFUSE_DESC | DOOR_NO_CANCEL);
    if (did == -1) err(1, "door_create");
    if (fattach(did, path) == -1) err(1, "fattach %s", path);
    if (write(ready, "", 1) != 1) err(1, "write the pipe");
    for (;;) pause();  // the calls come to other threads
}

static std::string path;  // of the door's file
static pid_t owner;       // who is to remove it; 0 when it is gone

static void remove_own() {  // if there was no partner
    if (getpid() == owner && unlink(path.c_str()) == -1)
        warn("unlink %s", path.c_str());
}

int main(int argc, char *argv[]) {
    const ping_pong::Options options = ping_pong::options(argc, argv);
    const char *directory = getenv("TMPDIR");
    path = directory && *directory ? directory : "/tmp";
    path += "/ping_pong.XXXXXX";
    int ready[2];
    if (pipe(ready) == -1) err(1, "pipe");
    sigset_t all, before;  // a signal must not end us while the name is there
    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, &before) == -1) err(1, "sigprocmask");
    const int file = mkstemp(path.data());
    if (file == -1) err(1, "create %s", path.c_str());
    owner = getpid();
    if (atexit(remove_own) != 0) errx(1, "atexit");

    const pid_t child = ping_pong::start_partner();
    if (close(ready[child != 0 ? 1 : 0]) == -1) err(1, "close");
    if (child == 0) serve(path.c_str(), options.bytes, ready[1]);
    char byte = 0;
    const bool attached =
        read(ready[0], &byte, 1) == 1;  // else the partner has said why
    const int door = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (!emulated && attached && fdetach(path.c_str()) == -1)
        err(1, "fdetach %s", path.c_str());
    owner = 0;
    if (unlink(path.c_str()) == -1) err(1, "unlink %s", path.c_str());
    if (sigprocmask(SIG_SETMASK, &before, nullptr) == -1) err(1, "sigprocmask");
    if (!attached) errx(1, "the partner has failed");
    if (door == -1) err(1, "open %s", path.c_str());

    std::vector<char> results(options.bytes);
    long calls_left = ping_pong::warm_up(options) + options.round_trips;
    door_arg_t arg = {};
    const auto send = [&](std::span<char> message) {
        arg = {message.data(), message.size(), nullptr, 0,
               results.data(), results.size()};
        if (door_call(door, &arg) == -1) err(1, "door_call");
    };
    const auto receive = [&](std::span<char> message) {
        if (arg.data_size != message.size())
            errx(1, "door_call: %zu bytes", arg.data_size);
        memcpy(message.data(), arg.data_ptr, message.size());
        arg = {};
        if (--calls_left == 0 &&
            (door_call(door, &arg) != -1 || errno != EINTR))
            errx(1, "the last call: the partner has not ended");
    };
    return ping_pong::run(emulated ? "door (emulated)" : "door", options, child,
                          send, receive);
}
