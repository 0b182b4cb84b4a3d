#!/usr/bin/env bats
load helpers

# The Makefile and the scripts, tried on a small collection of their own.

small_collection() {
    unset BUILD CXX CXXFLAGS MAKE MAKEFLAGS MAKELEVEL MFLAGS # of the make above these tests
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

# block LINE...: a README.md with one console block of these lines
block() {
    {
        printf '# Title\n\n## Chapter\n\n### Program\n\n'
        [[ -z ${varies:-} ]] || printf '<!-- varies: %s -->\n' "$varies"
        printf '```console\n'
        printf '%s\n' "$@"
        printf '```\n'
    } >README.md
}

@test "replay: compares, also what comes from the background, and notices every difference" {
    small_collection
    make -s
    export REPLAY_WAIT=1
    block '$ build/pipes/one' first
    run_limited tests/replay check
    expect 0 "" ""
    block '$ build/pipes/one' other
    run_limited tests/replay check
    expect 1 "" "README.md:8: other output: build/pipes/one
README.md:8: the block shows (-) other output than there is (+):
-other
+first"
    block '$ build/pipes/one'
    run_limited tests/replay check
    [ "$status" -eq 1 ]
    block '$ mkfifo fifo' '$ cat fifo &' '$ echo hello >fifo' hello '$ rm fifo'
    run_limited tests/replay check
    expect 0 "" ""
    varies='[1-9][0-9]* torn' block '$ echo 17 torn' '5 torn'
    run_limited tests/replay check
    expect 0 "" ""
    varies='[1-9][0-9]* torn' block '$ echo 0 torn' '5 torn'
    run_limited tests/replay check
    [ "$status" -eq 1 ]
}

@test "replay: a block that leaves a file or a process behind is a failure" {
    small_collection
    make -s
    block '$ touch file'
    run_limited tests/replay check
    expect 1 "" "README.md:8: the block leaves behind: ${TMPDIR}${stderr#*"$TMPDIR"}"
    [[ $stderr == */work/file ]]
}

@test "replay demo: shows headings, commands and output; of one directory where asked" {
    small_collection
    make -s
    block '$ build/pipes/one' first
    run_limited make --no-print-directory demo
    expect 0 "== Program
\$ build/pipes/one
first" ""
    quiet_make demo ONLY=fifo
    [ "$status" -ne 0 ]
    [[ $stderr == "replay: no console block of README.md runs build/fifo/"* ]]
}
