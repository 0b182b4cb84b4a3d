// door_cases - a server whose procedure does what its argument says, and
// clients that try it
//
// Run:   door_cases serve PATH              a server; it ends at SIGTERM
//        door_cases take PATH               the same, after fdetach()
//        door_cases call PATH RSIZE TEXT    one call, with a result buffer of
//        RSIZE bytes door_cases large PATH BYTES        one call, with an
//        argument of so many bytes door_cases alarm PATH              a call
//        that an alarm interrupts, with SA_RESTART door_cases together PATH N
//        MS      N calls at once that take MS milliseconds each door_cases
//        storm PATH N            N processes that call, half of which are
//        killed door_cases hostile PATH            what no door_call() would
//        send door_cases errors PATH             wrong uses of every call
//        door_cases come_and_go PATH        all in one process: calls while
//        doors come and go
// See:   a line for each call, with its result or its error

#include "../doors/door_emulation.hpp"

#include <atomic>
#include <chrono>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <vector>

static void result(const char *what, int status) {
    printf("%s: %s\n", what, status == 0 ? "done" : strerror(errno));
    fflush(stdout);
}

extern "C" {
static void procedure(void *cookie, char *argp, size_t arg_size, door_desc_t *,
                      uint_t) {
    if (argp == nullptr) {
        door_return(nullptr, 0, nullptr, 0);
        return;
    }
    static const std::string large(8 << 20, 'x');
    const char *const text = static_cast<const char *>(cookie);
    long number = 0;
    if (arg_size > 4096)
        number = static_cast<long>(arg_size);
    else
        number = strtol(argp + strcspn(argp, "0123456789"), nullptr, 10);
    if (strcmp(argp, "nothing") == 0) return;
    if (strcmp(argp, "pthread_exit") == 0) pthread_exit(nullptr);
    if (strcmp(argp, "fork and nothing") == 0 && fork() == 0) {
        for (;;) pause();
    }
    if (strcmp(argp, "fork and nothing") == 0) return;
    if (strcmp(argp, "exit") == 0) _exit(3);
    if (strcmp(argp, "fork") == 0 && fork() == 0) {
        for (;;) pause();
    }
    if (strncmp(argp, "size", 4) == 0)
        door_return(const_cast<char *>(large.data()),
                    static_cast<size_t>(number), nullptr, 0);
    if (strcmp(argp, "sleep 60000") == 0 &&
        (puts("in the call") == EOF || fflush(stdout) != 0))
        err(1, "write standard output");
    if (strncmp(argp, "sleep", 5) == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(number));
    if (strcmp(argp, "descriptor") == 0)
        result("door_return", door_return(nullptr, 0, nullptr, 1));
    if (strcmp(argp, "null") == 0)
        result("door_return", door_return(nullptr, 1, nullptr, 0));
    char answer[64];
    snprintf(answer, sizeof answer, "%s %ld", text, number);
    door_return(answer, strlen(answer) + 1, nullptr, 0);
}
}

static char answered[] = "answered";

static int serve(const char *path, bool take) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &stop, nullptr) == -1) err(1, "sigprocmask");
    const int did = door_create(procedure, answered, 0);
    if (did == -1) err(1, "door_create");
    if (take) result("fdetach", fdetach(path));
    if (fattach(did, path) == -1) err(1, "fattach");
    puts("ready");
    fflush(stdout);
    int signo = 0;
    sigwait(&stop, &signo);
    result("door_revoke", door_revoke(did));
    return 0;
}

static int call(int door, const char *argument, size_t size, size_t rsize) {
    std::vector<char> buffer(rsize + 1);
    char *const rbuf = rsize == 0 ? nullptr : buffer.data();
    std::string copy(argument, size);
    door_arg_t arg = {copy.data(), size, nullptr, 0, rbuf, rsize};
    if (door_call(door, &arg) == -1) {
        printf("door_call: %s\n", strerror(errno));
        return 1;
    }
    const std::string_view data(arg.data_ptr, arg.data_size);
    const bool mapped = arg.rbuf != rbuf;
    printf("%zu bytes%s", data.size(), mapped ? ", mapped" : "");
    if (data.find_first_not_of('x') != data.npos) printf(": %s", data.data());
    printf("\n");
    if (mapped &&
        (arg.rsize < data.size() || munmap(arg.rbuf, arg.rsize) == -1))
        err(1, "munmap");
    return 0;
}

static int together(const char *path, int clients,
                    const std::string &argument) {
    const auto start = std::chrono::steady_clock::now();
    std::list<std::thread> threads;
    std::mutex outputs;
    for (int i = 0; i < clients; ++i)
        threads.emplace_back([&] {
            const int door = open(path, O_RDONLY | O_CLOEXEC);
            char buffer[64];
            std::string copy = argument;
            door_arg_t arg = {copy.data(), copy.size() + 1, nullptr,
                              0,           buffer,          sizeof buffer};
            if (door_call(door, &arg) == -1) err(1, "door_call");
            const std::lock_guard lock(outputs);
            puts(arg.data_ptr);
            close(door);
        });
    for (std::thread &thread : threads) thread.join();
    const std::chrono::duration<double, std::milli> time =
        std::chrono::steady_clock::now() - start;
    printf("%.0f ms\n", time.count());
    return 0;
}

static int storm(const char *path, int clients) {
    int answered_calls = 0, killed = 0;
    for (int done = 0; done < clients; done += 50) {
        pid_t children[50];
        for (int i = 0; i < 50; ++i) {
            pid_t &child = children[i];
            child = fork();
            if (child != 0) continue;
            const int door = open(path, O_RDONLY | O_CLOEXEC);
            char buffer[64], shorter[] = "sleep 1", longer[] = "sleep 50";
            door_arg_t arg = {i % 2 != 0 ? shorter : longer,
                              sizeof shorter,
                              nullptr,
                              0,
                              buffer,
                              sizeof buffer};
            if (i % 2 == 0) arg.data_size = sizeof longer;
            _exit(door_call(door, &arg) == 0 ? 0 : 1);
        }
        // Now before they have connected, now in the midst of it, now during
        // the call.
        std::this_thread::sleep_for(
            std::chrono::milliseconds(done / 50 % 3 * 10));
        for (int i = 0; i < 50; i += 2) kill(children[i], SIGKILL);
        for (const pid_t child : children) {
            int status = 0;
            if (waitpid(child, &status, 0) == -1) err(1, "waitpid");
            if (WIFSIGNALED(status))
                ++killed;
            else if (status == 0)
                ++answered_calls;
        }
    }
    printf("of %d: %s\n", clients,
           answered_calls + killed == clients ? "all answered or killed"
                                              : "some failed");
    return killed > clients / 20 ? 0
                                 : 1;  // on a slow machine most are done before
}

// What the server answers to bytes with a descriptor as the ticket.
static void send_odd(const char *what, int door, const void *bytes, size_t size,
                     int ticket) {
    ucred peer = {};
    const int connection = door_emulation::connect_to(door, peer);
    iovec part = {const_cast<void *>(bytes), size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof ticket)] = "";
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (ticket != -1) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr *const header = CMSG_FIRSTHDR(&message);
        *header = {.cmsg_len = CMSG_LEN(sizeof ticket),
                   .cmsg_level = SOL_SOCKET,
                   .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(header), &ticket, sizeof ticket);
    }
    if (sendmsg(connection, &message, MSG_NOSIGNAL) == -1) err(1, "sendmsg");
    shutdown(connection, SHUT_WR);
    door_emulation::Head reply = {};
    if (recv(connection, &reply, sizeof reply, MSG_WAITALL) != sizeof reply)
        printf("%s: no reply\n", what);
    else
        printf("%s: %s\n", what, strerror(static_cast<int>(reply.what)));
    close(connection);
}

static int hostile(const char *path) {
    const int door = open(path, O_RDONLY | O_CLOEXEC);
    const door_emulation::Head fine = {door_emulation::call, 0},
                               large = {door_emulation::call, SIZE_MAX},
                               detach = {door_emulation::detach, 0};
    send_odd("no ticket", door, &fine, sizeof fine, -1);
    send_odd("another file's", door, &fine, sizeof fine,
             open("/dev/null", O_RDONLY | O_CLOEXEC));
    send_odd("an O_PATH one", door, &fine, sizeof fine,
             open(path, O_PATH | O_CLOEXEC));
    send_odd("half a request", door, &fine, sizeof fine / 2, door);
    send_odd("too large", door, &large, sizeof large, door);
    send_odd("fdetach without ticket", door, &detach, sizeof detach, -1);
    send_odd("a good one", door, &fine, sizeof fine, door);
    ucred peer = {};  // and some that say nothing; the server goes on
    for (int i = 0; i < 20; ++i) door_emulation::connect_to(door, peer);
    return call(door, "1", 2, 64);
}

static int errors(const char *path) {
    const int door = open(path, O_RDONLY | O_CLOEXEC);
    door_info_t info = {};
    char byte = 0;
    door_arg_t arg = {&byte, 0, nullptr, 0, nullptr, 0};
    result("door_create, DOOR_UNREF",
           door_create(procedure, answered, DOOR_UNREF) == -1 ? -1 : 0);
    result("door_create, DOOR_PRIVATE",
           door_create(procedure, answered, DOOR_PRIVATE) == -1 ? -1 : 0);
    result("door_create, unknown",
           door_create(procedure, answered, 0x40000000) == -1 ? -1 : 0);
    result("door_return, no procedure", door_return(nullptr, 0, nullptr, 0));
    result("door_revoke, a file", door_revoke(door));
    result("fattach, a file", fattach(door, path));
    result("fdetach, no file", fdetach("/none"));
    result("fdetach, no door", fdetach("/etc/passwd"));
    result("door_call, null", door_call(door, nullptr));
    result("door_call, closed", door_call(-1, &arg));
    result("door_call, no door",
           door_call(open("/etc/passwd", O_RDONLY | O_CLOEXEC), &arg));
    arg.desc_num = 1;
    result("door_call, a descriptor", door_call(door, &arg));
    arg.desc_num = 0;
    arg.data_size = (1 << 20) + 1;
    result("door_call, too large", door_call(door, &arg));
    arg.data_size = 0;
    result("door_info, no door",
           door_info(open("/etc/passwd", O_RDONLY | O_CLOEXEC), &info));
    result("door_info", door_info(door, &info));
    printf("%s\n", info.di_target == getpid() ? "own" : "another's");
    const int did =
        door_create(procedure, answered, DOOR_REFUSE_DESC | DOOR_NO_CANCEL);
    printf("close-on-exec: %d\n", fcntl(did, F_GETFD));
    result("fattach, closed", fattach(-1, path));
    result("fattach, a directory", fattach(did, "/tmp"));
    result("fattach, a device", fattach(did, "/dev/null"));
    result("fattach, no file", fattach(did, "/none"));
    result("fattach, attached", fattach(did, path));
    result("fdetach", fdetach(path));
    result("fdetach, again", fdetach(path));
    result("fattach", fattach(did, path));
    result("fattach, twice", fattach(did, "other"));
    result("door_info", door_info(door, &info));
    printf("%s, local: %d\n", info.di_target == getpid() ? "own" : "another's",
           info.di_attributes == DOOR_LOCAL);
    call(door, "1", 2, 64);
    result("door_call on the door", door_call(did, &arg));
    result("door_revoke", door_revoke(did));
    result("door_revoke, again", door_revoke(did));
    return call(door, "1", 2, 64) == 1 ? 0 : 1;
}

// Threads that call while the door is attached, detached and revoked: each call
// either is answered or fails as it does without a server.
static int come_and_go(const char *path) {
    std::atomic<bool> stop = false;
    std::atomic<int> wrong = 0, good = 0;
    std::list<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            const int door = open(path, O_RDONLY | O_CLOEXEC);
            while (!stop) {
                char buffer[64], argument[] = "1";
                door_arg_t arg = {argument, sizeof argument, nullptr,
                                  0,        buffer,          sizeof buffer};
                if (door_call(door, &arg) == 0)
                    ++(strcmp(buffer, "answered 1") == 0 ? good : wrong);
                else if (errno != EBADF && errno != EINTR)
                    ++wrong;
            }
            close(door);
        });
    for (int i = 0; i < 50; ++i) {
        const int did = door_create(procedure, answered, 0);
        for (int k = 0; k < 2; ++k) {
            if (fattach(did, path) == -1) err(1, "fattach");
            const int enough = good + 5;
            while (good < enough && wrong == 0) std::this_thread::yield();
            if (k == 0 && fdetach(path) == -1) err(1, "fdetach");
        }
        if (door_revoke(did) == -1) err(1, "door_revoke");
    }
    stop = true;
    for (std::thread &thread : threads) thread.join();
    printf("%d wrong\n", wrong.load());
    return wrong != 0;
}

static void on_alarm(int) {}

int main(int argc, char *argv[]) {
    const std::string_view what = argc > 2 ? argv[1] : "";
    const char *const path = argv[2];
    if (what == "serve" || what == "take") return serve(path, what == "take");
    if (what == "errors") return errors(path);
    if (what == "come_and_go") return come_and_go(path);
    if (what == "hostile") return hostile(path);
    if (what == "together")
        return together(path, static_cast<int>(strtol(argv[3], nullptr, 10)),
                        std::string("sleep ") + argv[4]);
    if (what == "storm")
        return storm(path, static_cast<int>(strtol(argv[3], nullptr, 10)));
    const int door = open(path, O_RDONLY | O_CLOEXEC);
    if (door == -1) err(1, "open %s", path);
    if (what == "call")
        return call(door, argv[4], strlen(argv[4]) + 1,
                    strtoul(argv[3], nullptr, 10));
    if (what == "large") {
        const std::string argument(strtoul(argv[3], nullptr, 10), 'y');
        return call(door, argument.data(), argument.size(), 64);
    }
    if (what == "alarm") {
        struct sigaction action = {};
        action.sa_handler = on_alarm;
        action.sa_flags = SA_RESTART;
        if (sigaction(SIGALRM, &action, nullptr) == -1) err(1, "sigaction");
        alarm(1);
        return call(door, "sleep 5000", sizeof "sleep 5000", 64);
    }
    return 2;
}
