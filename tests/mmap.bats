#!/usr/bin/env bats
load helpers

b=$bin/mmap
full='write standard output: No space left on device'
prompt='memory mapped; press Enter to exit'

# edited PROGRAM TEXT: compiles it with another string in its source, as ./PROGRAM
edited() {
    sed "s/Hello World/$2/" "$root/mmap/$1.cpp" >"$1.cpp"
    "${CXX:-c++}" -std=c++20 -o "$1" "$1.cpp"
}

# produce [COMMAND...]: starts a producer, whose Enter key is `echo >keys`
produce() {
    [ -p keys ] || mkfifo keys
    start producer "${@:-$b/producer}" <>keys
    within shows producer.out "$prompt"
}

# ---------------------------------------------------------------- mmap, mmap2

@test "mmap, mmap2: one writes the string, the other one reads it" {
    run_limited "$b/mmap"
    expect 0 "" ""
    run_limited "$b/mmap2"
    expect 0 "Hello World" ""
    printf 'Hello World\0' | cmp - shared.dat # 12 bytes, not 13
}

@test "mmap, producer: the string can be edited, and the program run again" {
    "$b/mmap"
    local text
    for text in 'A longer text than before' Short; do
        edited mmap "$text"
        ./mmap
        run_limited "$b/mmap2"
        expect 0 "$text" ""
        [ "$(stat -c %s shared.dat)" -eq $((${#text} + 1)) ]
    done
    for text in 'A longer text than before' Short; do
        edited producer "$text"
        produce ./producer
        run_limited "$b/consumer"
        expect 0 "$text" ""
        echo >keys
        ends "$pid" 0
    done
}

@test "mmap2, consumer: what is not a string in a file is named" {
    local program
    for program in mmap2 consumer; do
        rm -f shared.dat
        run_limited "$b/$program"
        expect 1 "" "$program: open shared.dat: No such file or directory"
        : >shared.dat
        run_limited "$b/$program"
        expect 1 "" "$program: shared.dat: empty"
        printf 'Hello World' >shared.dat
        run_limited "$b/$program"
        expect 1 "" "$program: shared.dat: not a string: it has no NUL"
        truncate -s 3G shared.dat
        run_limited "$b/$program"
        expect 1 "" "$program: shared.dat: longer than 4096 bytes"
    done
}

@test "mmap2, consumer: 4096 bytes are read, 4097 are not" {
    local program
    for program in mmap2 consumer; do
        { printf '%04095d' 0 && printf '\0'; } >shared.dat
        run_limited "$b/$program"
        expect 0 "$(printf '%04095d' 0)" ""
        printf '\0' >>shared.dat
        run_limited "$b/$program"
        expect 1 "" "$program: shared.dat: longer than 4096 bytes"
    done
}

@test "mmap2, consumer: a file that may only be read is enough" {
    traced true
    "$b/mmap"
    local program
    for program in mmap2 consumer; do
        traced -e trace=openat,mmap "$b/$program"
        grep -q 'openat(.*"shared.dat", O_RDONLY' trace
        grep -q 'mmap(NULL, 12, PROT_READ, MAP_SHARED' trace
    done
}

@test "mmap, producer: a name that cannot be opened is an error" {
    mkdir shared.dat shared.dat.new
    run_limited "$b/mmap"
    expect 1 "" "mmap: open shared.dat: Is a directory"
    run_limited "$b/producer"
    expect 1 "" "producer: open shared.dat.new: Is a directory"
}

# --------------------------------------------------------- producer, consumer

@test "producer, consumer: the string is there until Enter" {
    produce
    run_limited "$b/consumer"
    expect 0 "Hello World" ""
    run ! gone "$pid"
    echo >keys
    ends "$pid" 0
    none 'shared.dat*'
    [ "$(<producer.out)" = "$prompt" ]
}

@test "producer: publishes a complete file, and never truncates one in use" {
    traced -e trace=openat,lseek,write,rename,mmap "$b/producer"
    local size renamed
    size=$(grep -n 'write(.*"\\0", 1)' trace | cut -d : -f 1)
    renamed=$(grep -n 'rename("shared.dat.new", "shared.dat")' trace | cut -d : -f 1)
    ((size < renamed))
    run ! grep '"shared.dat", .*O_TRUNC' trace
}

@test "producer: who opens the file at once finds all of it" {
    traced true
    mkfifo keys
    start producer strace -f -qq -o trace -e inject=rename:delay_exit=1000000 \
        "$b/producer" <>keys
    within test -e shared.dat
    run_limited "$b/consumer"
    expect 0 "Hello World" ""
    echo >keys
    ends "$pid" 0
}

@test "producer: whoever has the old file mapped keeps it" {
    produce
    local first=$pid
    exec 8<shared.dat # holds the file open
    start second "$b/producer" <>keys
    within shows second.out "$prompt"
    [ "$(stat -Lc %i /proc/self/fd/8)" != "$(stat -c %i shared.dat)" ]
    [ "$(tr -d '\0' <&8)" = "Hello World" ]
    kill "$first" "$pid"
    within gone "$first"
    within gone "$pid"
}

@test "producer: after Ctrl-C, and with a leftover, the next run works" {
    produce
    kill -INT "$pid"
    ends "$pid" 130
    echo 'a leftover, longer than the string' >shared.dat.new
    produce
    run_limited "$b/consumer"
    expect 0 "Hello World" ""
    [ "$(stat -c %s shared.dat)" -eq 12 ]
    echo >keys
    ends "$pid" 0
    none 'shared.dat*'
}

# ------------------------------------------------ shm_producer, shm_consumer

@test "shm_producer, shm_consumer: an object in memory, gone after Enter" {
    # Its name is one for the whole machine.
    exec 9>/tmp/shm_producer.lock
    flock 9
    rm -f /dev/shm/shared.dat
    run_limited "$b/shm_consumer"
    expect 1 "" "shm_consumer: shm_open /shared.dat: No such file or directory"
    produce "$b/shm_producer"
    [ "$(stat -c %s /dev/shm/shared.dat)" -eq 12 ]
    run_limited "$b/shm_consumer"
    expect 0 "Hello World" ""
    in_shell '"$1" >/dev/full' "$b/shm_consumer"
    expect 1 "" "shm_consumer: $full"
    kill -INT "$pid" # it leaves the object, which the next one replaces
    ends "$pid" 130
    produce "$b/shm_producer"
    run_limited "$b/shm_consumer"
    expect 0 "Hello World" ""
    echo >keys
    ends "$pid" 0
    [ ! -e /dev/shm/shared.dat ]

    # What a consumer finds that comes between ftruncate and memcpy
    head -c 12 /dev/zero >/dev/shm/shared.dat
    run_limited "$b/shm_consumer"
    expect 1 "" "shm_consumer: /shared.dat: still empty"
    : >/dev/shm/shared.dat
    run_limited "$b/shm_consumer"
    expect 1 "" "shm_consumer: /shared.dat: empty"
    printf 'no NUL' >/dev/shm/shared.dat
    run_limited "$b/shm_consumer"
    expect 1 "" "shm_consumer: /shared.dat: not a string: it has no NUL"
    truncate -s 5000 /dev/shm/shared.dat
    run_limited "$b/shm_consumer"
    expect 1 "" "shm_consumer: /shared.dat: longer than 4096 bytes"
    rm /dev/shm/shared.dat
    exec 9>&-
}

# --------------------------------------------------------- absolute, relative

@test "absolute: the car arrives at another address, and no wheel does" {
    run_limited "$b/absolute"
    succeeded
    local address='0x[0-9a-f]+' i
    [ "${#lines[@]}" -eq 10 ]
    [[ ${lines[0]} =~ ^"writer: car at "$address$ ]]
    [[ ${lines[5]} =~ ^"reader: car at "$address$ ]]
    [ "${lines[0]#writer}" != "${lines[5]#reader}" ]
    for i in 1 2 3 4; do
        [[ ${lines[i]} =~ ^"writer: wheel at "($address)": Nokian AA T"$ ]]
        [ "${lines[i + 5]}" = "reader: wheel at ${BASH_REMATCH[1]}: nothing is there" ]
    done
}

@test "absolute: with fixed addresses, something else is there" {
    setarch -R true 2>/dev/null || skip "addresses cannot be fixed here"
    ! grep -q __asan_init "$b/absolute" || skip "the sanitizer has its own memory"
    run_limited setarch -R "$b/absolute"
    [ "$(grep -c ': something else is there$' <<<"$output")" -eq 4 ]
}

@test "relative: the reader has the same car, at other addresses" {
    run_limited "$b/relative"
    succeeded
    local i address writer reader
    [ "${#lines[@]}" -eq 10 ]
    for i in {0..4}; do
        [[ ${lines[i]} =~ ^"writer: "(car|wheel)" at "(0x[0-9a-f]+)": "(.*)$ ]]
        [ "$((i > 0 ? BASH_REMATCH[2] - writer : 0))" -eq "$((i > 0 ? (i - 1) * 56 : 0))" ]
        ((i > 0)) || writer=${BASH_REMATCH[2]}
        local what=${BASH_REMATCH[1]} value=${BASH_REMATCH[3]}
        [[ ${lines[i + 5]} =~ ^"reader: $what at "(0x[0-9a-f]+)": $value"$ ]]
        ((i > 0)) || reader=${BASH_REMATCH[1]}
        ((BASH_REMATCH[1] - reader == (i > 0 ? (i - 1) * 56 : 0)))
    done
    [ "$writer" != "$reader" ]
    [ "${lines[0]##*: }" = "Volvo 240" ]
    [ "$(grep -c ': Nokian AA T$' <<<"$output")" -eq 8 ]
}

# ----------------------------------------------------- atomicity, performance

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

@test "mmap_vs_write: a row for each task" {
    LIMIT=50 run_limited "$b/mmap_vs_write"
    [ "${lines[0]}" = "64 MiB, milliseconds   write()  mapping" ]
    local i what=('' 'a new file' 'its pages again' 'again, and to disk')
    for i in 1 2 3; do
        [[ ${lines[i]} =~ ^"${what[i]}"( +[0-9]+\.[0-9]){2}$ ]]
    done
    succeeded
    [ "${#lines[@]}" -eq 4 ]
}

@test "absolute, relative, mmap_vs_write: a full disk for the temporary file" {
    unshare -m true 2>/dev/null || skip "needs the right to mount"
    local program
    for program in absolute relative mmap_vs_write; do
        cp "$b/$program" .
        # shellcheck disable=SC2016 # the inner shell expands it
        run_limited unshare -m sh -c 'mount -t tmpfs -o size=4k none /tmp && head -c 4096 /dev/zero >/tmp/all &&
            exec "./$1"' sh "$program"
        [[ $stderr == "$program: "*": No space left on device" ]]
        [ "$status" -eq 1 ]
    done
}

@test "mmap programs: a full disk" {
    "$b/mmap"
    local program
    for program in mmap2 consumer producer absolute relative atomicity mmap_vs_write; do
        LIMIT=50 in_shell '"$1" >/dev/full' "$b/$program"
        expect 1 "" "$program: $full"
    done
}
