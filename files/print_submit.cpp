// print_submit - gives files to the printer: a job is data files and a control
// file
//
// Text:  CUPS Spool Folders
// Run:   build/files/print_submit -t "Two files" print README.md Makefile; ls
// print
//        then build/files/print_daemon -1 print paper
// See:   job 1
//        c00001  d00001-001  d00001-002  done  failed
//
// The names are those of /var/spool/cups: d00001-001 holds the bytes of the
// first file of job 1, and c00001 the number of its files and its title (in
// CUPS, all its attributes, encoded). The control file comes last, whole, by
// rename(): it makes the job, and a data file without one is none. Who creates
// d00001-001 owns number 1: of all that try, open() with O_EXCL lets one.

#include "print_spool.hpp"

#include <algorithm>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

static std::vector<std::string>
    own;  // names to be removed if the job does not come about

static void remove_own() {
    sigset_t all;  // no on_stop during or after this: another submitter may
                   // have the number then
    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, nullptr) == -1) return;
    for (const std::string &name : own) unlink(name.c_str());
}

static void
on_stop(int signo) {  // own changes only while the signals are blocked
    remove_own();
    signal(signo, SIG_DFL);
    raise(signo);  // on return from here it ends the program, so that its exit
                   // status shows what
}

// The highest number of a job whose control file, or a data file, is in the
// directory.
static int highest(const std::string &path) {
    dirent **files = nullptr;
    const int count = scandir(path.c_str(), &files, nullptr, nullptr);
    if (count == -1) err(1, "read %s", path.c_str());
    int most = 0;
    for (int i = 0; i < count; ++i) {
        most = std::max(most, print_spool::numbers_of(files[i]->d_name).job);
        free(files[i]);
    }
    free(files);
    return most;
}

// Takes the next number, by creating the first data file. Returns the number.
static int claim(const std::string &spool, FILE *&file) {
    int job = highest(spool);
    for (const char *const part : {"/done", "/failed"})
        job = std::max(job, highest(spool + part));
    while (job < print_spool::last_job) {
        const std::string name =
            spool + '/' + print_spool::file_name('d', ++job, 1);
        file = fopen(name.c_str(), "wxe");  // x: O_EXCL; e: O_CLOEXEC
        if (file == nullptr && errno != EEXIST)
            err(1, "create %s", name.c_str());
        if (file == nullptr) continue;  // another one was faster
        // Since the look for the highest, a job of this number may have come
        // and gone.
        if (access(
                (spool + "/done/" + print_spool::file_name('c', job)).c_str(),
                F_OK) == -1)
            return job;
        if (fclose(file) == EOF) err(1, "close %s", name.c_str());
        if (unlink(name.c_str()) == -1 && errno != ENOENT)
            err(1, "unlink %s", name.c_str());
    }
    errx(1, "%s: no number is left for a job", spool.c_str());
}

// A new file, which is to be removed if the job does not come about; a null
// pointer if there is one.
static FILE *create(const std::string &name, const sigset_t &held) {
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    FILE *const file = fopen(name.c_str(), "wxe");
    const int saved = errno;
    if (file != nullptr) own.push_back(name);
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    errno = saved;
    return file;
}

// Copies all of input to output, and that to the disk; closes both.
static void store(FILE *input, const char *input_name, FILE *output,
                  const char *name) {
    static char buffer[65536];
    if (input == nullptr) err(1, "open %s", input_name);
    if (output == nullptr) err(1, "create %s", name);
    for (size_t got = 0; (got = fread(buffer, 1, sizeof buffer, input)) > 0;)
        if (fwrite(buffer, 1, got, output) != got) err(1, "write %s", name);
    if (ferror(input) != 0) err(1, "read %s", input_name);
    if (fclose(input) == EOF) err(1, "close %s", input_name);
    if (fflush(output) == EOF) err(1, "write %s", name);
    if (fsync(fileno(output)) == -1) err(1, "fsync %s", name);
    if (fclose(output) == EOF) err(1, "close %s", name);
}

// Brings the names in the directory to the disk.
static void sync_directory(const std::string &path) {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) err(1, "open %s", path.c_str());
    if (fsync(fd) == -1) err(1, "fsync %s", path.c_str());
    if (close(fd) == -1) err(1, "close %s", path.c_str());
}

int main(int argc, char *argv[]) {
    const bool titled = argc > 2 && argv[1] == std::string_view("-t");
    char **const files = argv + (titled ? 4 : 2);
    const int count = argc - static_cast<int>(files - argv);
    if (count < 1) errx(2, "usage: print_submit [-t TITLE] DIR FILE...");
    const std::string spool = files[-1], title = titled ? argv[2] : files[0];
    if (title.size() > print_spool::longest_title ||
        title.find('\n') != title.npos)
        errx(2, "the title has a newline, or more than 1000 bytes: give "
                "another with -t");
    if (count > print_spool::most_files)
        errx(2, "%d files: more than the 999 of a job", count);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) == -1)
            err(1, "standard descriptor %d", fd);  // not for the job

    for (const int signo : {SIGPIPE, SIGXFSZ})  // errors of write
        if (signal(signo, SIG_IGN) == SIG_ERR)
            err(1, "ignore signal %d", signo);

    // Held back while there may be a file that on_stop does not know of.
    sigset_t held;
    sigemptyset(&held);
    struct sigaction action = {}, earlier = {};
    action.sa_handler = on_stop;
    for (const int signo : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        if (sigaction(signo, nullptr, &earlier) == -1)
            err(1, "sigaction %d", signo);
        if (earlier.sa_handler == SIG_IGN) continue;  // by nohup(1), or by &
        if (sigaction(signo, &action, nullptr) == -1)
            err(1, "sigaction %d", signo);
        sigaddset(&held, signo);
    }
    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    umask(077);  // jobs are nobody else's to read

    print_spool::make(spool);
    sync_directory(spool +
                   "/..");  // whoever has made the spool: it, too, must survive
    FILE *output = nullptr;
    const int job = claim(spool, output);
    const std::string temporary =
        spool + '/' + print_spool::file_name('t', job);
    own.push_back(spool + '/' + print_spool::file_name('d', job, 1));
    if (atexit(remove_own) != 0) errx(1, "atexit");
    if (sigprocmask(SIG_UNBLOCK, &held, nullptr) == -1) err(1, "sigprocmask");

    for (int i = 1; i <= count; ++i) {
        const std::string name =
            spool + '/' + print_spool::file_name('d', job, i);
        if (i > 1) output = create(name, held);
        store(fopen(files[i - 1], "re"), files[i - 1], output, name.c_str());
    }
    std::string control =
        "files " + std::to_string(count) + "\ntitle " + title + '\n';
    store(fmemopen(control.data(), control.size(), "r"),
          "the control file's text", create(temporary, held),
          temporary.c_str());

    if (sigprocmask(SIG_BLOCK, &held, nullptr) == -1) err(1, "sigprocmask");
    const std::string name = spool + '/' + print_spool::file_name('c', job);
    if (rename(temporary.c_str(), name.c_str()) == -1)
        err(1, "rename %s to %s", temporary.c_str(), name.c_str());
    own.clear();
    sync_directory(spool);
    printf("job %d\n", job);
    if (ferror(stdout) != 0 || fflush(stdout) != 0)
        err(1, "job %d is in the queue, but: write standard output", job);
}
