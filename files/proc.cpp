// proc - what the kernel shows of its state, and of a process, as files
//
// Text:  Exposing Current State
// Run:   build/files/proc, or build/files/proc PID
// See:   /proc/loadavg: load 0.52 over 1 minute; 2 of 145 tasks can run
//        /proc/vmstat: 812345 free pages
//        /proc/cpuinfo: 2 processors, AMD EPYC
//        /proc/self/status: proc, R (running), parent 5049
//
// No special call is needed: open, read, and a look at the text, as for any
// file. The kernel makes up the text when it is read.

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <unistd.h>

static std::string read_file(const std::string &path) {
    FILE *const file = fopen(path.c_str(), "r");
    if (file == nullptr) err(1, "open %s", path.c_str());
    std::string text(1 << 20, '\0');
    text.resize(fread(text.data(), 1, text.size(), file));
    if (ferror(file)) err(1, "read %s", path.c_str());
    fclose(file);
    return "\n" + text;
}

// What follows the key at the beginning of a line, to the line's end.
static std::string value_of(const std::string &text, const std::string &key) {
    const size_t at = text.find("\n" + key);
    if (at == text.npos) return "unknown";
    const size_t start = text.find_first_not_of(" \t:", at + 1 + key.size());
    return text.substr(start, text.find('\n', start) - start);
}

int main(int argc, char *argv[]) {
    const std::string pid = argc == 2 ? argv[1] : "self";
    if (argc > 2 || pid[0] == '-') errx(2, "usage: proc [PID]");

    double load = 0;
    int runnable = 0, tasks = 0;
    // NOLINTNEXTLINE(cert-err34-c): the kernel writes these numbers
    if (sscanf(read_file("/proc/loadavg").c_str(), "%lf %*f %*f %d/%d", &load,
               &runnable, &tasks) != 3)
        errx(1, "/proc/loadavg: not as Linux has it");
    printf("/proc/loadavg: load %.2f over 1 minute; %d of %d tasks can run\n",
           load, runnable, tasks);

    const std::string memory = read_file("/proc/vmstat");
    printf("/proc/vmstat: %s free pages\n",
           value_of(memory, "nr_free_pages ").c_str());

    const std::string cpus = read_file("/proc/cpuinfo");
    int count = 0;
    for (size_t at = 0; (at = cpus.find("\nprocessor", at)) != cpus.npos; ++at)
        ++count;
    printf("/proc/cpuinfo: %d processors, %s\n", count,
           value_of(cpus, "model name").c_str());

    const std::string path = "/proc/" + pid + "/status",
                      status = read_file(path);
    std::string name = value_of(status, "Name:");
    for (char &c : name)  // a program may choose its name
        if (iscntrl(c & 0xff) != 0) c = '?';
    printf("%s: %s, %s, parent %s\n", path.c_str(), name.c_str(),
           value_of(status, "State:").c_str(),
           value_of(status, "PPid:").c_str());
    if (ferror(stdout) || fflush(stdout)) err(1, "write standard output");
}
