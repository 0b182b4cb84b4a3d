// proc - what the kernel shows of its state, and of a process, as files
//
// Text:  Exposing Current State
// Run:   build/files/proc, or build/files/proc PID
// See:   /proc/loadavg: load 0.52 0.58 0.59 over 1, 5 and 15 minutes; 2 of 145
// tasks can run
//        /proc/vmstat: 812345 free pages of 4096 bytes: 3173 MiB
//        /proc/cpuinfo: 2 processors, AMD EPYC 7B13
//        /proc/5050/status: proc, R (running), parent 5049, 2924 kB resident, 1
//        thread
//
// No special call: open, read, and a look at the text. A file of /proc is made
// up when it is read, a long one piece by piece: its lines may be of different
// moments, and between open and read a process may have ended. Linux's load
// also counts tasks that wait for a disk; vmstat counts, and what can be set is
// in /proc/sys/vm. Of the files of a process, status has names for its numbers;
// in stat a program's name may hold the blanks and parentheses that separate
// the fields.

#include <charconv>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <string>
#include <unistd.h>

static std::string read_file(const std::string &path) {
    FILE *const file = fopen(path.c_str(), "re");
    if (file == nullptr) {
        const bool process =
            isdigit(static_cast<unsigned char>(path[strlen("/proc/")])) != 0;
        if (errno == ENOENT && process)
            errno = ESRCH;  // it has ended, or never was
        err(1, "open %s", path.c_str());
    }
    std::string content(1 << 20,
                        '\0');  // more than there is; fread goes on to the end
    content.resize(fread(content.data(), 1, content.size(), file));
    if (ferror(file) != 0) err(1, "read %s", path.c_str());
    if (fclose(file) == EOF) err(1, "close %s", path.c_str());
    return content;
}

// The rest of the line that begins with key; empty if there is none.
static std::string rest_of_line(const std::string &content,
                                const std::string &key) {
    const size_t at = ('\n' + content).find('\n' + key);
    if (at == content.npos) return "";
    return content.substr(at + key.size(),
                          content.find('\n', at) - at - key.size());
}

int main(int argc, char *argv[]) {
    pid_t pid = getpid();
    if (argc > 2) errx(2, "usage: proc [PID]");
    if (argc == 2) {
        const char *const end = argv[1] + strlen(argv[1]);
        const auto [rest, error] = std::from_chars(argv[1], end, pid);
        if (error != std::errc{} || rest != end || pid < 1)
            errx(2, "%s: not a number from 1 to %d", argv[1], INT_MAX);
    }

    const std::string path = "/proc/" + std::to_string(pid) + "/status";
    const std::string load = read_file("/proc/loadavg"),
                      memory = read_file("/proc/vmstat");
    const std::string cpus = read_file("/proc/cpuinfo"),
                      process = read_file(path);

    char one[16], five[16], fifteen[16], runnable[16], tasks[16];
    if (sscanf(load.c_str(), "%15s %15s %15s %15[0-9]/%15[0-9]", one, five,
               fifteen, runnable, tasks) != 5)
        errx(1, "/proc/loadavg: not as Linux has it");
    printf("/proc/loadavg: load %s %s %s over 1, 5 and 15 minutes; %s of %s "
           "tasks can run\n",
           one, five, fifteen, runnable, tasks);

    const std::string free_pages = rest_of_line(memory, "nr_free_pages ");
    unsigned long long pages = 0;
    const char *const end = free_pages.data() + free_pages.size();
    if (std::from_chars(free_pages.data(), end, pages).ec != std::errc{})
        errx(1, "/proc/vmstat: not as Linux has it");
    const long page_size = sysconf(_SC_PAGESIZE);
    printf("/proc/vmstat: %llu free pages of %ld bytes: %llu MiB\n", pages,
           page_size, pages * static_cast<unsigned long long>(page_size) >> 20);

    long count = 0;
    for (size_t at = 0;
         (at = ('\n' + cpus).find("\nprocessor", at)) != cpus.npos; ++at)
        ++count;
    const std::string model = rest_of_line(cpus, "model name\t: ");
    printf("/proc/cpuinfo: %ld processor%s, %s\n", count, count == 1 ? "" : "s",
           model.empty() ? "model not named" : model.c_str());

    const std::string state = rest_of_line(process, "State:\t");
    const std::string parent = rest_of_line(process, "PPid:\t");
    const std::string threads = rest_of_line(process, "Threads:\t");
    std::string resident =
        rest_of_line(process, "VmRSS:\t");  // none for the kernel's own
    resident.erase(0, resident.find_first_not_of(' '));
    if (state.empty() || parent.empty() || threads.empty())
        errx(1, "%s: not as Linux has it", path.c_str());
    if (rest_of_line(process, "Tgid:\t") != std::to_string(pid))
        errx(1, "%d is a thread of process %s", pid,
             rest_of_line(process, "Tgid:\t").c_str());
    printf("%s: ", path.c_str());
    for (const char c : rest_of_line(process, "Name:\t"))  // none is sent
        printf(isprint(c & 0xff) != 0 ? "%c" : "\\x%02x", c & 0xff);
    printf(", %s, parent %s, %s resident, %s thread%s\n", state.c_str(),
           parent.c_str(), resident.empty() ? "nothing" : resident.c_str(),
           threads.c_str(), threads == "1" ? "" : "s");
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}
