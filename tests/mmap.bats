#!/usr/bin/env bats
load helpers

b=$bin/mmap

@test "mmap, mmap2: written through a mapping, read through another" {
    run_limited "$b/mmap"
    expect 0 "" ""
    [ "$(od -An -c shared.dat)" = "$(printf 'Hello World\0' | od -An -c)" ] # 12 bytes
    [ "$(stat -c %a shared.dat)" = 600 ]
    run_limited "$b/mmap2"
    expect 0 "Hello World" ""
    run_limited "$b/mmap" 'another % file'
    expect 0 "" ""
    run_limited "$b/consumer" 'another % file'
    expect 0 "Hello World" ""
    none '*.??????' # no temporary one
}

@test "producer, consumer: the file is there until Enter" {
    mkfifo keys
    start producer "$b/producer" <>keys
    within shows producer.out 'shared.dat holds "Hello World"; press Enter to remove it'
    run_limited "$b/consumer"
    expect 0 "Hello World" ""
    [ "$(stat -c '%s %a' shared.dat)" = "12 600" ]
    printf 'some words\n' >keys
    ends "$pid" 0
    [ ! -e shared.dat ]
    [ -z "$(cat producer.err)" ]
}

@test "producer: ends at end of file, and by each signal, and removes its file" {
    run_limited "$b/producer" </dev/null
    expect 0 'shared.dat holds "Hello World"; press Enter to remove it' ""
    mkfifo keys
    local signal
    for signal in HUP INT QUIT TERM; do
        start producer "$b/producer" <>keys
        within shows producer.out 'shared.dat holds "Hello World"; press Enter to remove it'
        [ -e shared.dat ]
        kill "-$signal" "$pid"
        ends "$pid" $((128 + $(kill -l $signal)))
    done
    [ ! -e shared.dat ]
    none 'shared.dat*'
}

@test "producer: signals that were blocked at its start do end it" {
    make_blocked
    mkfifo keys
    start producer ./blocked "$b/producer" <>keys
    within shows producer.out 'shared.dat holds "Hello World"; press Enter to remove it'
    kill "$pid"
    ends "$pid" 143
    [ ! -e shared.dat ]
}

@test "producer: under nohup a hang-up does not end it" {
    mkfifo keys
    start producer sh -c 'trap "" HUP; exec "$1"' sh "$b/producer" <>keys
    within shows producer.out 'shared.dat holds "Hello World"; press Enter to remove it'
    kill -HUP "$pid"
    echo >keys
    ends "$pid" 0
}

@test "producer: removes no file that is not its own any more" {
    mkfifo keys
    start producer "$b/producer" <>keys
    within shows producer.out 'shared.dat holds "Hello World"; press Enter to remove it'
    rm shared.dat
    echo mine >shared.dat
    echo >keys
    ends "$pid" 0
    [ "$(cat shared.dat)" = mine ]

    rm shared.dat
    start producer "$b/producer" <>keys
    within shows producer.out 'shared.dat holds "Hello World"; press Enter to remove it'
    rm shared.dat
    echo mine >shared.dat
    kill "$pid"
    ends "$pid" 143
    [ "$(cat shared.dat)" = mine ]
}

@test "mmap, producer: replace what they have made, and nothing else" {
    local program
    for program in mmap producer; do
        "$b/mmap" shared.dat
        run_limited "$b/$program" </dev/null
        [ "$status" -eq 0 ]

        echo "Hello World" >mine # a newline and no NUL
        run_limited "$b/$program" mine
        expect 1 "" "$program: mine: is there and holds something else: left alone"
        [ "$(cat mine)" = "Hello World" ]
        printf 'Hello World\0more' >mine
        run_limited "$b/$program" mine
        expect 1 "" "$program: mine: is there and holds something else: left alone"
        : >empty
        run_limited "$b/$program" empty
        expect 1 "" "$program: empty: is there and holds something else: left alone"
        ln -sf shared.dat link
        run_limited "$b/$program" link
        expect 1 "" "$program: open link: Too many levels of symbolic links"
        run_limited "$b/$program" tmp
        expect 1 "" "$program: tmp: is there and holds something else: left alone"
        mkfifo -m 600 fifo
        run_limited "$b/$program" fifo
        expect 1 "" "$program: fifo: is there and holds something else: left alone"
        run_limited "$b/$program" absent/file
        expect 1 "" "$program: create absent/file.XXXXXX: No such file or directory"
        rm fifo
    done
    none '*.??????'
}

@test "mmap2, consumer: what cannot be read is named" {
    local program
    truncate -s 3G sparse
    : >empty
    printf 'Hello World!' >no_nul
    head -c 4096 /dev/zero | tr '\0' x >page
    mkfifo fifo
    for program in mmap2 consumer; do
        run_limited "$b/$program"
        expect 1 "" "$program: open shared.dat: No such file or directory"
        run_limited "$b/$program" empty
        expect 1 "" "$program: empty: empty"
        run_limited "$b/$program" no_nul
        expect 1 "" "$program: no_nul: not a string: no NUL"
        run_limited "$b/$program" page
        expect 1 "" "$program: page: not a string: no NUL"
        run_limited "$b/$program" tmp
        expect 1 "" "$program: tmp: not a regular file"
        run_limited "$b/$program" fifo
        expect 1 "" "$program: fifo: not a regular file"
        ! grep -q __asan_init "$b/$program" || continue # which needs more memory than that
        in_shell 'ulimit -v 1000000; "$1" sparse' "$b/$program"
        expect 1 "" "$program: sparse: longer than the 4096 bytes that a text may have"
    done
}

@test "mmap2, consumer: a file that may only be read" {
    mkdir place
    if ((EUID == 0)); then # who may write to any file, but not to a file system that is read-only
        mount -t tmpfs none place 2>/dev/null || skip "may not mount"
        "$b/mmap" place/shared.dat
        mount -o remount,ro place
    else
        "$b/mmap" place/shared.dat
        chmod 400 place/shared.dat
    fi
    refused bash -c ': >>place/shared.dat'
    run_limited "$b/mmap2" place/shared.dat
    expect 0 "Hello World" ""
    run_limited "$b/consumer" place/shared.dat
    ((EUID != 0)) || umount place
    expect 0 "Hello World" ""
}

@test "mmap2, consumer: never half a file, and no SIGBUS, while producers come and go" {
    local i
    "$b/mmap"
    start consumers bash -c 'for ((i = 0; i < 300; ++i)); do "$1" || exit; done' bash "$b/consumer"
    local consumers=$pid
    start readers bash -c 'for ((i = 0; i < 300; ++i)); do "$1" || exit; done' bash "$b/mmap2"
    local readers=$pid
    while ! gone "$consumers" || ! gone "$readers"; do "$b/mmap"; done
    ends "$consumers" 0
    ends "$readers" 0
    [ "$(sort consumers.out readers.out | uniq -c | tr -s ' ')" = " 600 Hello World" ]
}

@test "mmap programs: a full disk, closed descriptors, wrong arguments" {
    "$b/mmap"
    local program
    for program in mmap2 consumer absolute relative 'atomicity 10' 'mmap_vs_write 1'; do
        read -ra command <<<"$program"
        in_shell '"$@" >/dev/full' "$b/${command[0]}" "${command[@]:1}"
        [ "$status" -ne 0 ]
        [ -z "$output" ]
        local who=
        [ "$program" != relative ] || who='writer: '
        expect 1 "" "${command[0]}: ${who}write standard output: No space left on device"
    done
    for program in absolute relative 'atomicity 10' 'mmap_vs_write 1'; do
        read -ra command <<<"$program"
        in_shell '"$@" >&-' "$b/${command[0]}" "${command[@]:1}"
        expect 1 "" "${command[0]}: standard output: Bad file descriptor"
    done
    for program in mmap2 consumer; do
        in_shell '"$1" >&-' "$b/$program"
        expect 1 "" "$program: write standard output: Bad file descriptor"
    done
    in_shell '"$1" new >/dev/full' "$b/producer"
    expect 1 "" "producer: write standard output: No space left on device"
    none 'new*'
    local long
    long=$(printf './%.0s' {1..2045})file # 4094 bytes: nothing goes behind it
    for program in mmap producer; do
        run_limited "$b/$program" "$long"
        expect 1 "" "$program: $long: too long"
        none 'file*'
    done
    for program in mmap mmap2 producer consumer; do
        run_limited "$b/$program" a b
        expect 2 "" "$program: usage: $program [FILE]"
    done
    for program in absolute relative; do
        run_limited "$b/$program" x
        expect 2 "" "$program: usage: $program"
    done
    run_limited "$b/atomicity" 1 2
    expect 2 "" "atomicity: usage: atomicity [TIMES]"
    run_limited "$b/mmap_vs_write" 1 2
    expect 2 "" "mmap_vs_write: usage: mmap_vs_write [MIB]"
    local bad
    for bad in 0 -1 x 1x '' 5000000000; do
        run_limited "$b/atomicity" "$bad"
        expect 2 "" "atomicity: $bad: not a number from 1 to 1000000000"
        run_limited "$b/mmap_vs_write" "$bad"
        expect 2 "" "mmap_vs_write: $bad: not a number from 1 to 1024"
    done
    for program in '0 <&-' '1 >&-' '2 2>&-'; do
        in_shell "\"\$1\" new ${program#* }" "$b/producer"
        [ "$status" -eq 1 ]
        [ -z "$output" ]
        [ "${program% *}" = 2 ] || expect 1 "" "producer: standard descriptor ${program%% *}: Bad file descriptor"
        [ ! -e new ]
    done
}

# addresses OUTPUT: the two addresses of the car, the writer's and the reader's.
addresses() { sed -n 's/^writer: Volvo 240 at \(0x[0-9a-f]*\)$/\1/p; s/^reader: Volvo 240 at \(0x[0-9a-f]*\).*/\1/p' <<<"$1"; }

@test "absolute, relative: a second program has the same bytes at another address" {
    local program round with
    for program in absolute relative; do
        for with in '' 'setarch -R'; do
            for ((round = 0; round < 5; ++round)); do
                # shellcheck disable=SC2086 # two words or none
                run_limited $with "$b/$program"
                expect 0 "$output" ""
                [ "$(addresses "$output" | wc -l)" -eq 2 ]
                [ "$(addresses "$output" | sort -u | wc -l)" -eq 2 ]
            done
        done
    done
}

@test "absolute: the reader has the writer's pointers, and no wheels there" {
    run_limited "$b/absolute"
    local pointers
    pointers=$(sed -n 's/^writer: wheel at \(0x[0-9a-f]*\): Nokian [TH]R$/\1/p' <<<"$output")
    [ "$(sort -u <<<"$pointers" | wc -l)" -eq 4 ]
    [ "$pointers" = "$(sed -nE 's/^reader: no wheel at (0x[0-9a-f]*): this process has (nothing|something else) there$/\1/p' <<<"$output")" ]
    [ "$(wc -l <<<"$output")" -eq 10 ]
}

@test "absolute: the reader says truly whether it has something at the wheels' addresses" {
    ! grep -q __asan_init "$b/absolute" || skip "the sanitizer has its own heap"
    # The heaps of the two processes begin at the same address only without randomisation.
    run_limited setarch -R "$b/absolute"
    [ "$(grep -c 'this process has something else there' <<<"$output")" -eq 4 ]
    [ "$(cat /proc/sys/kernel/randomize_va_space)" -eq 2 ] || skip "addresses are not randomised here"
    local round nothing=0
    for ((round = 0; round < 10; ++round)); do
        run_limited "$b/absolute"
        [[ $output != *"this process has nothing there"* ]] || nothing=$((nothing + 1))
    done
    [ "$nothing" -gt 5 ]
}

@test "relative: the reader has the wheels where the writer has them, from the car on" {
    run_limited "$b/relative"
    local of_writer of_reader
    of_writer=$(sed -n 's/^writer: //p' <<<"$output" | sed 1d)
    of_reader=$(sed -n 's/^reader: //p' <<<"$output" | sed 1d)
    [ "$of_writer" = "$of_reader" ]
    [ "$of_writer" = "wheel at the car's address + 100: Nokian TR
wheel at the car's address + 153: Nokian TR
wheel at the car's address + 206: Nokian HR
wheel at the car's address + 259: Nokian HR" ]
}

@test "absolute, relative: the reader is a new execution, by a path, by PATH and by a link" {
    local program
    for program in absolute relative; do
        ln -s "$b/$program" "$program"
        run_limited "./$program"
        [ "$status" -eq 0 ]
        PATH=$b:$PATH run_limited "$program"
        [ "$status" -eq 0 ]
        [ "$(addresses "$output" | wc -l)" -eq 2 ]
        # What its reader is given by somebody else is looked at first.
        in_shell '"$1" reader 0 0x0 </dev/null' "$b/$program"
        expect 1 "" "$program: reader: descriptor 0: not a car"
        run_limited "$b/$program" reader 77 0x0
        expect 1 "" "$program: reader: fstat descriptor 77: Bad file descriptor"
        run_limited "$b/$program" reader x 0x0
        expect 1 "" "$program: reader: fstat descriptor x: Bad file descriptor"
    done
}

@test "atomicity: with two processors the plain counter loses, the atomic one never" {
    local i
    for i in 1 2 3; do
        run_limited "$b/atomicity"
        expect 0 "$output" ""
        [[ $output =~ ^'plain counter: '([0-9]+)' of 20000000, '([0-9]+)' lost'$'\n''atomic counter: 20000000 of 20000000, 0 lost'$ ]]
        ((BASH_REMATCH[1] + BASH_REMATCH[2] == 20000000))
        (($(nproc) < 2 || BASH_REMATCH[2] > 0))
    done
    run_limited taskset -c 0 "$b/atomicity" 1000
    [[ $output == *$'\natomic counter: 2000 of 2000, 0 lost' ]]
}

@test "atomicity: a child that is killed is reported" {
    start it "$b/atomicity" 20000000
    child_of() { child=$(cut -d ' ' -f 1 "/proc/$1/task/$1/children") && [ -n "$child" ]; }
    within child_of "$pid"
    kill -KILL "$child"
    ends "$pid" 1
    [ "$(cat it.err)" = "atomicity: a child failed: wait status 0x9" ]
    [ ! -s it.out ]
}

@test "mmap_vs_write: a row for each way, with times, page faults and who wins" {
    run_limited "$b/mmap_vs_write" 4
    expect 0 "$output" ""
    [ "$(sed 1q <<<"$output")" = "4 MiB in $TMPDIR, milliseconds, medians of 5 rounds" ]
    local rows row
    rows=$(sed 1,3d <<<"$output")
    [ "$(cut -c 1-26 <<<"$rows" | sed 's/ *$//')" = "write, new file
write again, new mapping
write again, same mapping
read, new mapping
read again, same mapping" ]
    while read -r row; do
        echo "$row"
        [[ $row =~ ([0-9.]+)\ +([0-9.]+)\ +([0-9]+)\ +(write\(\)|read\(\)|mapping),\ ([0-9.]+)\ times$ ]]
        # The winner and the ratio follow from the two times (printed with one digit).
        awk -v a="${BASH_REMATCH[1]}" -v b="${BASH_REMATCH[2]}" -v who="${BASH_REMATCH[4]}" \
            -v x="${BASH_REMATCH[5]}" 'BEGIN {
            r = who == "mapping" ? a / (b > 0 ? b : .01) : b / (a > 0 ? a : .01)
            exit !(x >= 1 && r > .8 * x - .2 - .5 * (a < 1 || b < 1) * x && r < 1.3 * x + 2)
        }'
        [[ $row != *same* || ${BASH_REMATCH[3]} -lt 100 ]]
    done <<<"$rows"
}

@test "producer: an output that nobody reads is an error of the write, and no file is left" {
    run_limited perl -e 'pipe R, W; close R; open STDOUT, ">&W"; exec @ARGV' "$b/producer"
    expect 1 "" "producer: write standard output: Broken pipe"
    none 'shared.dat*'
}

@test "mmap, producer: a limit on the size of files is an error of the write" {
    local program
    for program in mmap producer; do
        in_shell 'ulimit -f 0; "$1" new 2>&1' "$b/$program"
        [ "$status" -eq 1 ]
        [[ $output == "$program: write new."??????": File too large" ]]
        none 'new*'
    done
    head -c 1024 /dev/zero >log
    in_shell 'ulimit -f 1; "$1" new 2>&1 >>log' "$b/producer"
    expect 1 "producer: write standard output: File too large" ""
    none 'new*'
}

@test "mmap_vs_write: a full disk is an error, of write and of a store to the mapping" {
    ((EUID == 0)) || skip "only root can mount"
    mkdir small
    mount -t tmpfs -o size=3M none small 2>/dev/null || skip "may not mount"
    TMPDIR=$PWD/small run_limited "$b/mmap_vs_write" 4
    umount small
    [ "$status" -eq 1 ]
    [[ $stderr == "mmap_vs_write: write the temporary file: "* ]]
    in_shell 'ulimit -f 1; "$1" 4' "$b/mmap_vs_write"
    [ "$status" -eq 1 ]
    [[ $stderr == "mmap_vs_write: write the temporary file: "* ]]
}

@test "mmap: a full disk leaves the old file as it was" {
    ((EUID == 0)) || skip "only root can mount"
    mkdir small
    mount -t tmpfs -o size=16k none small 2>/dev/null || skip "may not mount"
    "$b/mmap" small/shared.dat
    cat /dev/zero >small/full 2>/dev/null || true
    local program
    for program in mmap producer; do
        run_limited "$b/$program" small/shared.dat
        echo "$stderr"
        [ "$status" -eq 1 ]
        [[ $stderr == "$program: "*"No space left on device" ]]
    done
    local left
    left=$(ls small)
    run_limited "$b/mmap2" small/shared.dat
    umount small
    expect 0 "Hello World" ""
    [ "$left" = $'full\nshared.dat' ]
}
