#!/usr/bin/env bats
load helpers

# The Makefile and the scripts, tried on a small collection of their own.

small_collection() {
    unset BUILD CXX CXXFLAGS ONLY MAKE MAKEFLAGS MAKELEVEL MFLAGS # of the make above these tests
    mkdir -p copy/pipes copy/mmap_locks copy/tests
    cp "$root/Makefile" copy
    cp "$root"/tests/{run,replay} copy/tests
    cd copy || return
    printf '// one\n#include <stdio.h>\n#include "agreed.h"\nint main() { puts(AGREED); }\n' >pipes/one.cpp
    printf '#define AGREED "first"\n' >pipes/agreed.h
}
quiet_make() { run_limited make --no-print-directory "$@"; }

@test "make: a new file is built, a changed header rebuilds, nothing else does" {
    small_collection
    quiet_make CXX=c++
    expect 0 "c++ build/pipes/one" ""
    [ "$(build/pipes/one)" = first ]
    quiet_make CXX=c++
    expect 0 "" ""
    printf '#define AGREED "second"\n' >pipes/agreed.h
    printf 'int main() {}\n' >pipes/two.cpp
    quiet_make CXX=c++ -j1
    expect 0 $'c++ build/pipes/one\nc++ build/pipes/two' ""
    [ "$(build/pipes/one)" = second ]
}

@test "make: other flags rebuild, BUILD makes variants side by side, clean removes what was built" {
    small_collection
    quiet_make CXX=c++
    quiet_make CXX=c++ CXXFLAGS=-O0
    expect 0 "c++ build/pipes/one" ""
    quiet_make CXX=c++ BUILD=other CPPFLAGS=-DUNUSED pipes
    expect 0 "c++ other/pipes/one" ""
    echo mine >other/pipes/mine
    quiet_make clean
    [ ! -e build ]
    quiet_make clean BUILD=other
    [ "$(find other -type f)" = other/pipes/mine ]
}

@test "make: a source with a header of its name is a part of its directory's programs" {
    small_collection
    printf 'int answer();\n' >mmap_locks/message.hpp
    printf '#include "message.hpp"\nint answer() { return 42; }\n' >mmap_locks/message.cpp
    printf '#include "message.hpp"\nint main() { return answer(); }\n' >mmap_locks/producer.cpp
    quiet_make CXX=c++ mmap_locks
    expect 0 $'c++ build/mmap_locks/message.o\nc++ build/mmap_locks/producer' ""
    run -42 build/mmap_locks/producer
    [ ! -e build/mmap_locks/message ]
    printf '#include "message.hpp"\nint answer() { return 43; }\n' >mmap_locks/message.cpp
    quiet_make CXX=c++
    run -43 build/mmap_locks/producer
    quiet_make CXX=c++ SYSTEM=Darwin BUILD=other
    [[ $output == *$'\nleft out on Darwin: mmap_locks/*: no semaphores '*$'\n'*"c++ other/pipes/one" ]]
    [ ! -e other/mmap_locks ]
}

@test "make help: prints the targets and variables" {
    small_collection
    quiet_make help
    [ "${lines[0]}" = "Targets:" ]
    for word in all demo test check clean help BUILD CXX; do
        grep -qE "^  (.*, )?$word(,| )" <<<"$output"
    done
}

@test "make test: without bats it says what to install, and fails" {
    small_collection
    run_limited make BATS=./nothing test
    [ "$status" -ne 0 ]
    [[ $stderr == *"run: ./nothing: not found. The tests need bats: apt-get install bats"* ]]
}

@test "make test, make demo: a directory that is not there is named" {
    small_collection
    quiet_make test ONLY=nothing
    [ "$status" -ne 0 ]
    [[ $stderr == "run: tests/nothing.bats: no such file"* ]]
    quiet_make demo ONLY=nothing
    [ "$status" -ne 0 ]
    [[ $stderr == "replay: nothing/README.md: no such page"* ]]
}

@test "run: counts what passed, failed, was skipped, did not run; the status says whether all is well" {
    small_collection
    make -s
    run_tests() { run_limited env -u BATS_TEST_TIMEOUT tests/run "$@"; } # that limit is this test's
    printf '@test "good" { true; }\n@test "left out" { skip; }\n' >tests/a.bats
    run_tests
    [ "$status" -eq 0 ]
    [ "${lines[-1]}" = "1 passed, 0 failed, 1 skipped" ]
    printf '@test "bad" { false; }\n' >tests/b.bats
    run_tests
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "1 passed, 1 failed, 1 skipped" ]
    printf '#!/bin/sh\necho 1..3; echo ok 1 good; echo ok 2 left out \# skip\n' >bats
    chmod +x bats
    BATS=./bats run_tests tests/a.bats
    [ "$status" -eq 1 ]
    [ "${lines[-2]}" = "# 1 planned tests did not run" ]
    [ "${lines[-1]}" = "1 passed, 1 failed, 1 skipped" ]
    rm tests/*.bats
    : >tests/none.bats
    run_tests
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "0 passed, 0 failed, 0 skipped" ]
    printf '@test "not to be parsed" {\n' >tests/none.bats
    run_tests
    [ "$status" -eq 1 ]
    [ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
}

@test "run: where temporary files may not be executed, the tests still run" {
    unshare -m true 2>/dev/null || skip "needs the right to mount"
    small_collection
    make -s
    mkdir noexec
    # shellcheck disable=SC2016 # the shell of the test inside expands them
    printf '%s\n' '@test "executes a file" {' \
        'printf "#!/bin/sh\n" >"$BATS_TEST_TMPDIR/file"' \
        'chmod +x "$BATS_TEST_TMPDIR/file"; "$BATS_TEST_TMPDIR/file"; }' >tests/a.bats
    in_shell 'unset BATS_TEST_TIMEOUT; export TMPDIR=$PWD/noexec
        exec unshare -m bash -c "mount -t tmpfs -o noexec none noexec && tests/run"'
    [ "${lines[-1]}" = "1 passed, 0 failed, 0 skipped" ]
    succeeded
    none 'build/tests.*'
}

@test "run: Ctrl-C ends every process of it" {
    small_collection
    make -s
    mkfifo never
    # shellcheck disable=SC2016 # likewise
    printf '%s\n' '@test "waits" { : >../begun; trap "" INT TERM; exec cat ../never; }' >tests/a.bats
    start run env -u BATS_TEST_TIMEOUT "MARK=$PWD" tests/run
    within [ -e begun ]
    grep -qsz "^MARK=$PWD\$" /proc/[0-9]*/environ
    kill -INT "$pid"
    ends "$pid" 130
    within refused grep -qsz "^MARK=$PWD\$" /proc/[0-9]*/environ
}

# A program is one file: what make does can be done by hand, with one command. The warnings of all of
# them are errors in make check.
@test "make: every program is compiled from its own source alone, but for its directory's part" {
    unset MAKEFLAGS MAKELEVEL MFLAGS
    run_limited make -C "$root" -n -B V=1 BUILD=new CXX=c++
    cd "$root" || return
    local source part=mmap_locks/message
    for source in {pipes,fifo,signals,mmap,mmap_locks,files,doors,domain_sock,tcp}/*.cpp; do
        [[ $source != "$part.cpp" ]] || continue
        [[ $source != mmap_locks/* ]] || source+=" new/$part.o"
        echo "${source/.cpp*/} $source"
    done | sort | diff - <(sed -n 's/ *$//; s|^c++ \(-[^ ]* *\)*-o new/||p' <<<"$output" | grep -v "^$part.o" | sort)
}

# page LINE...: pipes/README.md with one console block of these lines
page() {
    {
        printf '# Title\n\n## A `program`\n\nWhat it [shows](one.cpp).\n\n'
        [[ -z ${varies:-} ]] || printf '<!-- varies: %s -->\n' "$varies"
        printf '```console\n'
        printf '%s\n' "$@"
        printf '```\n'
    } >pipes/README.md
}
check() { run_limited tests/replay check pipes/README.md; }

@test "replay: compares, also what comes from the background, and notices every difference" {
    small_collection
    make -s
    export REPLAY_WAIT=1
    page '$ build/pipes/one' first
    check
    expect 0 "" ""
    page '$ build/pipes/one' other
    check
    expect 1 "" "pipes/README.md:8: other output: build/pipes/one
pipes/README.md:8: the block shows (-) other output than there is (+):
-other
+first"
    page '$ build/pipes/one'
    check
    [ "$status" -eq 1 ]
    page '$ printf first' first
    check
    expect 1 "" "pipes/README.md:8: the output does not end with a newline"
    page '$ mkfifo channel' '$ cat channel &' '$ echo hello >channel' hello '$ rm channel'
    check
    expect 0 "" ""
    varies='[1-9][0-9]* torn' page '$ echo 17 torn' '5 torn'
    check
    expect 0 "" ""
    varies='[1-9][0-9]* torn' page '$ echo 0 torn' '5 torn'
    check
    [ "$status" -eq 1 ]
    page 'no command'
    page_without_blocks=$(sed '/^```/d' pipes/README.md)
    printf '%s\n' "$page_without_blocks" >pipes/README.md
    check
    expect 1 "" "replay: pipes/README.md: no console block"
}

@test "replay: a block that leaves a file or a process behind is a failure" {
    small_collection
    make -s
    page '$ touch file'
    check
    [ "$status" -eq 1 ]
    [[ $stderr == "pipes/README.md:8: the block leaves behind: "*/work/file ]]
    page '$ sleep 60 &'
    REPLAY_WAIT=1 check
    [ "$status" -eq 1 ]
    [[ $stderr == "pipes/README.md:8: a program is still running at the end of the block"* ]]
}

@test "make demo: headings, explanations, commands and output; a block that differs; the sum" {
    small_collection
    make -s
    for each in . fifo signals mmap mmap_locks files doors domain_sock tcp; do
        mkdir -p "$each"
        printf '# Nothing\n' >"$each/README.md"
    done
    page '$ build/pipes/one' first
    printf '\n### Try: something\n\n```console\n$ echo tried\ntried\n```\n' >>pipes/README.md
    quiet_make demo
    expect 0 '== A program
What it shows.

$ build/pipes/one
first

demo: all 1 blocks printed what the pages show. Next: make demo ONLY=pipes, with its experiments' ""
    # the same, whatever the caller's environment; and in a directory with a blank
    mv ../copy '../my copy'
    cd '../my copy' || return
    # shellcheck disable=SC2016 # the inner shell expands it
    in_shell 'trap "" PIPE; umask 077; export CDPATH=/tmp LC_ALL=de_DE.UTF-8; set -C; export SHELLOPTS
        make --no-print-directory demo'
    [ "$status" -eq 0 ]
    [[ $output == *"demo: all 1 blocks printed what the pages show."* ]]
    # a program that make has left out on this system, and its blocks
    page '$ build/pipes/one | cat; build/signals/two' second
    quiet_make demo
    [ "$status" -eq 0 ]
    [[ $output == *"== A program"$'\n'"** left out, without build/signals/two"$'\n'* ]]
    [[ $output == *$'\n'"demo: 0 of 1 blocks, all that this system can run, printed what the pages show."* ]]
    page '$ build/pipes/one' first
    printf '\n### Try: something\n\n```console\n$ echo tried\ntried\n```\n' >>pipes/README.md
    sed -i s/^first/other/ pipes/README.md
    REPLAY_WAIT=1 quiet_make demo ONLY=pipes
    [ "$status" -ne 0 ]
    [[ $output == *'** not what pipes/README.md shows, from line 8 on'*'== Try: something
$ echo tried
tried

demo: 1 of 2 blocks printed something else than the pages show: see the lines with **' ]]
}
