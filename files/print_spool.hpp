// print_spool.hpp - what print_submit and print_daemon agree on: the names in a
// print spool
//
// Text:  CUPS Spool Folders
//
//     c00001               control file of job 1: "files 2\ntitle Two files\n"
//     d00001-001           its first data file, the bytes to print; d00001-002
//     the second one done/c00001          the control file once the job has
//     been printed failed/c00001        one that is damaged, or whose data
//     files are not all there

#pragma once

#include <charconv>
#include <err.h>
#include <errno.h>
#include <initializer_list>
#include <stdio.h>
#include <string>
#include <sys/stat.h>

namespace print_spool {

constexpr int last_job = 999'999'999, most_files = 999;
constexpr size_t longest_title = 1000;  // in bytes

// The name of a job's control file, letter c, or of one of its data files,
// letter d.
inline std::string file_name(char letter, int job, int file = 0) {
    char name[32];
    snprintf(name, sizeof name, file == 0 ? "%c%05d" : "%c%05d-%03d", letter,
             job, file);
    return name;
}

struct Numbers {
    int job = 0, file = 0;
};

// The reverse: the numbers in such a name, file being 0 for a control file;
// both 0 in any other.
inline Numbers numbers_of(const std::string &name) {
    Numbers numbers;
    const char *const end = name.data() + name.size();
    if (name.size() < 2) return {};
    const char *const rest =
        std::from_chars(name.data() + 1, end, numbers.job).ptr;
    if (rest != end) std::from_chars(rest + 1, end, numbers.file);
    const bool good = numbers.job > 0 && numbers.job <= last_job &&
                      numbers.file >= 0 &&
                      name == file_name(numbers.file == 0 ? 'c' : 'd',
                                        numbers.job, numbers.file);
    return good ? numbers : Numbers{};
}

// Makes the directories that are not there yet. Ends the program if it cannot.
inline void make(const std::string &spool) {
    for (const char *const part : {"", "/done", "/failed"}) {
        const std::string directory = spool + part;
        if (mkdir(directory.c_str(), 0700) == -1 && errno != EEXIST)
            err(1, "mkdir %s", directory.c_str());
    }
}

}  // namespace print_spool
