// print_daemon - prints the jobs of a print spool, in the order of their
// numbers
//
// Text:  CUPS Spool Folders
// Run:   printf hello > note; build/files/print_submit print note
//        build/files/print_daemon -1 print paper: until there is no job, and no
//        longer
// See:   job 1: note: 1 file, 5 bytes
//        and the bytes of note at the end of the file paper
//
// The names alone say what is to be done: c00001 is a job, done/c00001 one that
// has been printed, and then the daemon removes its data files. A control file
// that is damaged, or whose data files are not all there, goes to failed.
// Killed at any moment, be it by Ctrl-C, the next daemon prints again, from its
// beginning, what was being printed. One works at a time: the lock on the
// directory ends with its process. OUTPUT may be a FIFO; what its reader does
// not read is lost.

#include "print_spool.hpp"

#include <charconv>
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <set>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_file(const std::string &path) {
    struct stat file = {};
    return lstat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) &&
           access(path.c_str(), R_OK) == 0;
}

// The jobs, in order. Removes the data files of those that have been printed.
static std::set<int> waiting_jobs(const std::string &spool) {
    const auto path_of = [&spool](const std::string &name) {
        return spool + '/' + name;
    };
    std::set<int> jobs;
    dirent **files = nullptr;
    const int count = scandir(spool.c_str(), &files, nullptr, nullptr);
    if (count == -1) err(1, "read %s", spool.c_str());
    for (int i = 0; i < count; ++i) {
        const std::string name = files[i]->d_name;
        const auto [job, file] = print_spool::numbers_of(name);
        if (job > 0 && file == 0) jobs.insert(job);
        if (file > 0 &&
            is_file(path_of("done/" + print_spool::file_name('c', job))) &&
            unlink(path_of(name).c_str()) == -1)
            warn("unlink %s", path_of(name).c_str());
        free(files[i]);
    }
    free(files);
    return jobs;
}

// Reads the control file of the job, "files 2\ntitle Two files\n". Returns the
// number of files; 0 if it is damaged, or its data files are not all there.
static int read_control(const std::string &spool, int job, std::string &title) {
    const std::string path = spool + '/' + print_spool::file_name('c', job);
    if (!is_file(path)) return 0;
    FILE *const control = fopen(path.c_str(), "re");
    if (control == nullptr) err(1, "open %s", path.c_str());
    std::string text(print_spool::longest_title + 100,
                     '\0');  // more than there may be
    text.resize(fread(text.data(), 1, text.size(), control));
    if (ferror(control) != 0) err(1, "read %s", path.c_str());
    if (fclose(control) == EOF) err(1, "close %s", path.c_str());

    int files = 0;
    const size_t at = text.find("\ntitle ");
    if (at == text.npos || !text.ends_with('\n')) return 0;
    title = text.substr(at + 7, text.size() - at - 8);
    if (text.starts_with("files "))
        std::from_chars(text.data() + 6, text.data() + at, files);
    if (text != "files " + std::to_string(files) + "\ntitle " + title + '\n')
        return 0;
    if (title.find('\n') != title.npos || title.find('\0') != title.npos)
        return 0;
    for (int i = 1; i <= files; ++i)
        if (!is_file(spool + '/' + print_spool::file_name('d', job, i)))
            return 0;
    return files;
}

// Prints the job, or finds it damaged, and moves its control file to where it
// belongs.
static void print(const std::string &spool, int job, FILE *paper,
                  const char *paper_name) {
    const std::string name = print_spool::file_name('c', job),
                      control = spool + '/' + name;
    std::string title;
    const int files = read_control(spool, job, title);
    if (files < 1)
        warnx("%s is damaged, or a data file of it is missing or unreadable",
              control.c_str());
    unsigned long long bytes = 0;
    for (int i = 1; i <= files; ++i) {
        const std::string path =
            spool + '/' + print_spool::file_name('d', job, i);
        static char buffer[65536];
        FILE *const data = fopen(path.c_str(), "re");
        if (data == nullptr) err(1, "open %s", path.c_str());
        for (size_t got = 0; (got = fread(buffer, 1, sizeof buffer, data)) > 0;
             bytes += got)
            if (fwrite(buffer, 1, got, paper) != got)
                err(1, "write %s", paper_name);
        if (ferror(data) != 0) err(1, "read %s", path.c_str());
        if (fclose(data) == EOF) err(1, "close %s", path.c_str());
    }
    if (fflush(paper) == EOF) err(1, "write %s", paper_name);
    if (fsync(fileno(paper)) == -1 &&
        errno != EINVAL)  // EINVAL: a FIFO or a device
        err(1, "fsync %s", paper_name);

    std::string target = spool + (files < 1 ? "/failed/" : "/done/") + name;
    while (access(target.c_str(), F_OK) == 0)
        target += '+';  // rename would replace it
    const bool moved = rename(control.c_str(), target.c_str()) == 0;
    if (!moved && errno != ENOENT)
        err(1, "rename %s to %s", control.c_str(), target.c_str());
    if (!moved)
        warn("rename %s to %s", control.c_str(),
             target.c_str());  // it was taken back
    if (files < 1) return;
    printf("job %d: ", job);
    for (const char c : title)  // control characters are shown, not sent
        printf(isprint(c & 0xff) != 0 ? "%c" : "\\x%02x", c & 0xff);
    printf(": %d file%s, %llu bytes\n", files, files == 1 ? "" : "s", bytes);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
}

int main(int argc, char *argv[]) {
    const bool once = argc > 1 && argv[1] == std::string_view("-1");
    if (argc != (once ? 4 : 3)) errx(2, "usage: print_daemon [-1] DIR OUTPUT");
    const std::string spool = argv[argc - 2];
    const char *const paper_name = argv[argc - 1];
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the paper
    for (const int signo : {SIGPIPE, SIGXFSZ})     // errors of a call
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    print_spool::make(spool);
    const int lock = open(spool.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock == -1) err(1, "open %s", spool.c_str());
    if (flock(lock, LOCK_EX | LOCK_NB) == -1) {
        if (errno == EWOULDBLOCK)
            errx(1, "%s: another daemon is at work here", spool.c_str());
        err(1, "lock %s", spool.c_str());
    }

    struct stat file = {};
    if (stat(paper_name, &file) == 0 && S_ISFIFO(file.st_mode))
        warnx("open %s: waiting for a reader; Ctrl-C ends it", paper_name);
    umask(077);  // what is printed is nobody else's to read
    FILE *const paper = fopen(paper_name, "ae");
    if (paper == nullptr) err(1, "open %s", paper_name);

    if (!once) printf("watching %s\n", spool.c_str());
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "write standard output");
    for (;;) {
        const std::set<int> jobs = waiting_jobs(spool);
        for (const int job : jobs) print(spool, job, paper, paper_name);
        if (jobs.empty() && once) break;
        if (jobs.empty()) sleep(1);
    }
    if (fclose(paper) == EOF) err(1, "close %s", paper_name);
}
