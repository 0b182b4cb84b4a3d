#!/usr/bin/env bats
load helpers

b=$bin/mmap
full='write standard output: No space left on device'
prompt='memory mapped; press Enter to exit'

# produce PROGRAM: starts a producer, whose Enter key is `echo >keys`
produce() {
    [ -p keys ] || mkfifo keys
    start producer "$b/$1" <>keys
    within shows producer.out "$prompt"
}

consumes() { # consumes PROGRAM [STRING]: it prints the string
    run_limited "$b/$1"
    expect 0 "${2-Hello World}" ""
}

fails() { # fails PROGRAM REASON
    run_limited "$b/$1"
    expect 1 "" "$1: $2"
}

@test "mmap, mmap2: one writes the string, the other one reads it" {
    traced -e trace=openat "$b/mmap"
    expect 0 "" ""
    grep '"shared.dat", O_RDWR|O_CREAT|O_TRUNC, 0666)' trace
    consumes mmap2
    printf 'Hello World\0' | cmp - shared.dat # 12 bytes, not 13
}

@test "mmap: the string can be edited, and the program run again" {
    "$b/mmap"
    local text
    for text in 'A longer text than before' Short; do
        sed "s/Hello World/$text/" "$root/mmap/mmap.cpp" >edited.cpp
        "${CXX:-c++}" -std=c++20 -o edited edited.cpp
        ./edited
        consumes mmap2 "$text"
        [ "$(stat -c %s shared.dat)" -eq $((${#text} + 1)) ]
    done
}

@test "mmap2: what is not a string in a file is named" {
    fails mmap2 "open shared.dat: No such file or directory"
    : >shared.dat
    fails mmap2 "shared.dat: empty"
    printf 'Hello World' >shared.dat
    fails mmap2 "shared.dat: not a string: it has no NUL"
    truncate -s 3G shared.dat
    fails mmap2 "shared.dat: longer than 4096 bytes"
    printf '%04095d\0' 0 >shared.dat
    consumes mmap2 "$(printf '%04095d' 0)"
    printf '\0' >>shared.dat
    fails mmap2 "shared.dat: longer than 4096 bytes"
}

@test "consumer: reads to the NUL, and never past the end of the file" {
    fails consumer "open shared.dat: No such file or directory"
    printf 'Hello World\0 and more' >shared.dat
    consumes consumer "Hello World"
    printf '%04096d' 0 >shared.dat # a whole page, and nothing is mapped behind it
    consumes consumer "$(<shared.dat)"
}

@test "producer, consumer: the string is there until Enter, after a Ctrl-C and a leftover, too" {
    produce producer
    kill -INT "$pid"
    ends "$pid" 130
    echo 'a leftover, longer than the string' >shared.dat.new
    produce producer
    consumes consumer
    [ "$(stat -c %s shared.dat)" -eq 12 ]
    run ! gone "$pid"
    echo >keys
    ends "$pid" 0
    none 'shared.dat*'
    [ "$(<producer.out)" = "$prompt" ]
}

@test "producer: whoever opens the file at once finds all of it" {
    traced true
    mkfifo keys
    start producer strace -f -qq -o trace -e inject=rename:delay_exit=1000000 "$b/producer" <>keys
    within test -e shared.dat
    consumes consumer
    [ ! -s producer.out ]
    echo >keys
    ends "$pid" 0
    grep 'rename("shared.dat.new", "shared.dat")' trace
}

@test "producer: whoever has the old file mapped keeps it" {
    produce producer
    local first=$pid
    exec 8<shared.dat # holds the file open
    start second "$b/producer" <>keys
    within shows second.out "$prompt"
    [ "$(stat -Lc %i /proc/self/fd/8)" != "$(stat -c %i shared.dat)" ]
    [ "$(tr -d '\0' <&8)" = "Hello World" ]
    kill "$first" "$pid"
    ends "$first" 143
    ends "$pid" 143
}

@test "shm_producer, shm_consumer: an object in memory, gone after Enter" {
    exec 9>/tmp/shm_producer.lock # the object's name is one for the whole machine
    flock 9
    rm -f /dev/shm/shared.dat
    fails shm_consumer "shm_open /shared.dat: No such file or directory"
    produce shm_producer
    [ "$(stat -c %s /dev/shm/shared.dat)" -eq 12 ]
    consumes shm_consumer
    in_shell '"$1" >/dev/full' "$b/shm_consumer"
    expect 1 "" "shm_consumer: $full"
    kill -INT "$pid" # it leaves the object, which the next one replaces
    ends "$pid" 130
    produce shm_producer
    consumes shm_consumer
    echo >keys
    ends "$pid" 0
    none /dev/shm/shared.dat

    head -c 12 /dev/zero >/dev/shm/shared.dat # as between ftruncate and memcpy
    fails shm_consumer "/shared.dat: still empty"
    local nobody=(setpriv --reuid 65534 --clear-groups)
    if "${nobody[@]}" test -x "$b/shm_producer" 2>/dev/null; then # another user's object stays
        run_limited "${nobody[@]}" "$b/shm_producer"
        expect 1 "" "shm_producer: shm_unlink /shared.dat: Permission denied"
    fi
    : >/dev/shm/shared.dat # as before ftruncate
    fails shm_consumer "/shared.dat: still empty"
    rm /dev/shm/shared.dat
    exec 9>&-
}

# drive PROGRAM: runs it; the addresses of its output are then in the array `at`
drive() {
    in_shell 'set -o pipefail; "$1" | tee all | sed "s/0x[0-9a-f]*/ADDRESS/"' "$b/$1"
    mapfile -t at < <(grep -o '0x[0-9a-f]*' all)
}
four() { printf '%s\n' "$1" "$1" "$1" "$1"; }

@test "absolute: the reader's car is at another address, and has no wheels" {
    drive absolute
    expect 0 "writer: car at ADDRESS
$(four 'writer: wheel at ADDRESS: Nokian AA T')
reader: car at ADDRESS
$(four 'reader: wheel at ADDRESS: nothing is there')" ""
    [ "${at[0]}" != "${at[5]}" ]
    [ "${at[*]:1:4}" = "${at[*]:6:4}" ] # the pointers came through
}

@test "relative: the reader has the same car, at other addresses" {
    drive relative
    expect 0 "writer: car at ADDRESS: Volvo 240
$(four 'writer: wheel at ADDRESS: Nokian AA T')
reader: car at ADDRESS: Volvo 240
$(four 'reader: wheel at ADDRESS: Nokian AA T')" ""
    [ "${at[0]}" != "${at[5]}" ]
    local i
    for i in 0 1 2 3; do
        ((at[i + 1] - at[0] == i * 56))
        ((at[i + 6] - at[5] == i * 56))
    done
}

@test "atomicity: plain updates are lost in every run, atomic ones never" {
    local i place
    for place in '' 'taskset -c 0'; do
        for i in {1..10}; do
            # shellcheck disable=SC2086 # words
            run_limited $place "$b/atomicity"
            [[ ${lines[0]} =~ ^plain:\ [1-9][0-9]*\ of ]]
            expect 0 "${lines[0]% of*} of 2000000 updates lost
atomic: 0 of 2000000 updates lost" ""
        done
    done
}

@test "mmap_vs_write: prints both times of each task" {
    LIMIT=50 in_shell 'set -o pipefail; "$1" | sed -E "s/( +[0-9]+\.[0-9]){2}\$/ TIMES/"' "$b/mmap_vs_write"
    expect 0 "64 MiB, milliseconds   write()  mapping
a new file TIMES
its pages again TIMES
again, and to disk TIMES" ""
}

@test "absolute, relative, mmap_vs_write: no room for the temporary file is an error" {
    unshare -m true 2>/dev/null || skip "needs the right to mount"
    local program
    for program in absolute relative mmap_vs_write; do
        cp "$b/$program" .
        in_shell 'exec unshare -m sh -c "mount -t tmpfs -o size=4k none /tmp &&
            head -c 4096 /dev/zero >/tmp/all && exec ./$1"' "$program"
        [[ $stderr == "$program: "*": No space left on device" ]]
        [ "$status" -eq 1 ]
    done
}

@test "mmap programs: a full disk is an error" {
    "$b/mmap"
    local program
    for program in mmap2 consumer producer absolute relative atomicity mmap_vs_write; do
        LIMIT=50 in_shell '"$1" >/dev/full' "$b/$program"
        expect 1 "" "$program: $full"
    done
}
