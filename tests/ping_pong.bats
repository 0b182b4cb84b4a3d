#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 # on a busy machine, where those that spin wait for a processor

streams='pipes fifo domain_sock tcp' # what splits messages where it likes

# Of each: a program whose reads and writes are cut short, and one that sends wrong bytes after a while.
setup_file() {
    local directory variant
    for directory in $streams; do
        for variant in short_calls wrong_byte; do
            printf '%s\0' -include "$BATS_TEST_DIRNAME/$variant.hpp" \
                -o "$BATS_FILE_TMPDIR/$directory.$variant" "$BATS_TEST_DIRNAME/../$directory/ping_pong.cpp"
        done
    done | xargs -0 -P "$(nproc)" -n 5 "${CXX:-c++}" -std=c++20 -pthread
}

programs() { printf '%s\n' "$bin"/*/ping_pong; }
line='[A-Za-z ()]+: %s round trips? of %s bytes, [0-9]+\.[0-9]{2} us each, [0-9]+\.[0-9] context switches each'

# try COMMAND...: run_limited, without what the emulation of doors says on standard error
try() {
    run_limited "$@"
    stderr=$(grep -vx 'ping_pong: no doors on this system: emulated with a domain socket and threads' <<<"$stderr") || true
}

@test "ping_pong: one line, whatever the number and size of the messages" {
    local program size
    for program in $(programs); do
        for size in 1 3 64 4097 65536; do
            echo "$program $size"
            LIMIT=50 try "$program" 20 "$size"
            expect 0 "$output" ""
            # shellcheck disable=SC2059 # the line is a format
            [[ $output =~ ^$(printf "$line" 20 "$size")$ ]]
        done
    done
}

@test "ping_pong: on one processor, a round trip takes two context switches, or little more" {
    local program
    for program in $(programs); do
        LIMIT=50 try taskset -c 0 "$program" 300
        expect 0 "$output" ""
        [[ $output =~ ', '([0-9.]+)' context switches each'$ ]]
        [[ ${BASH_REMATCH[1]} == [123].* ]] # a domain socket: up to 2.7
    done
}

@test "ping_pong: bad arguments" {
    local program bad
    for program in $(programs); do
        for bad in 0 -1 x 5x '' 100000001; do
            run_limited "$program" "$bad"
            expect 2 "" "ping_pong: $bad: not a number from 1 to 100000000"
        done
        run_limited "$program" 1 65537
        expect 2 "" "ping_pong: 65537: not a number from 1 to 65536"
        run_limited "$program" 1 1 1
        [ "$status" -eq 2 ]
        [[ $stderr =~ ^'ping_pong: usage: ping_pong '('[-t] ')?('[-d] ')?'[ROUND_TRIPS [BYTES]]'$ ]]
        # shellcheck disable=SC2016 # the inner shell's
        try bash -c '"$1" 1 >/dev/full' bash "$program"
        expect 1 "" "ping_pong: write standard output: No space left on device"
        in_shell '"$1" 1 >&-' "$program"
        expect 1 "" "ping_pong: standard output: Bad file descriptor"
    done
}

partner_of() { partner=$(cat "/proc/$1/task/$1/children") && [ -n "$partner" ]; }

@test "ping_pong: a killed partner is noticed, by either side" {
    local program
    for program in $(programs); do
        start it env --block-signal=CHLD "$program" 100000000
        within partner_of "$pid"
        within none "$TMPDIR/*" # a door has a name while it is attached
        kill -KILL "$partner"
        ends "$pid" 1
        echo "$program: $(cat it.err)"
        # The error of the call, or SIGCHLD's handler, whichever is first; a door's error is EINTR or EBADF.
        grep -qxE 'ping_pong: (the partner has failed|.*: the partner has closed it|.*: (Broken pipe|Connection reset by peer)|.*door_call.*: (Interrupted system call|Bad file descriptor))' it.err

        start it "$program" 100000000
        within partner_of "$pid"
        within none "$TMPDIR/*" # a door has a name while it is attached
        kill -KILL "$pid"
        ends "$pid" 137
        within eval "! grep -qs ping_pong /proc/$partner/cmdline"
    done
}

@test "ping_pong: a limit on the size of files is named" {
    local directory
    for directory in mmap mmap_locks files; do
        # shellcheck disable=SC2016 # the inner shell's
        in_shell 'ulimit -f 10; "$1" 1 65536 2>&1 | cat' "$bin/$directory/ping_pong"
        expect 0 "ping_pong: write the temporary file: File too large" ""
    done
}

@test "ping_pong: short reads and writes do no harm" {
    local directory
    for directory in $streams; do
        run_limited "$BATS_FILE_TMPDIR/$directory.short_calls" 100 1000
        expect 0 "$output" ""
        [[ $output == *": 100 round trips of 1000 bytes, "* ]]
    done
}

@test "ping_pong: a wrong byte is noticed" {
    local directory
    for directory in $streams; do
        # Every write of its own message turns one byte, the last of the message, after 100 writes.
        run_limited "$BATS_FILE_TMPDIR/$directory.wrong_byte" 1000 64
        [ "$status" -eq 1 ]
        [ -z "$output" ]
        [[ $stderr == *": round trip 50: the message received is not the one sent"* ]]
    done
}

stream='[A-Za-z ,()]+: %s messages of %s bytes one way, [0-9]+ MB/s, [0-9]+ messages/s, [0-9]+\.[0-9] context switches each'

@test "ping_pong -t: a stream one way, of messages of any size" {
    local directory size
    for directory in pipes fifo domain_sock tcp; do
        for size in 1 4097 65536; do
            run_limited "$bin/$directory/ping_pong" -t 200 "$size"
            expect 0 "$output" ""
            # shellcheck disable=SC2059 # the line is a format
            [[ $output =~ ^$(printf "$stream" 200 "$size")$ ]]
        done
    done
    run_limited "$bin/mmap_locks/ping_pong" -t 2000
    expect 0 "$output" ""
    # shellcheck disable=SC2059
    [[ $output =~ ^$(printf "$stream" 2000 20)$ ]]
    run_limited "$bin/mmap_locks/ping_pong" -t 1 21
    expect 2 "" "ping_pong: 21: not a number from 1 to 20"
    run_limited "$bin/files/ping_pong" -t 1
    expect 2 "" "ping_pong: -t: not a number from 1 to 100000000"
}

@test "ping_pong -d: datagrams" {
    local size
    for size in 1 4097 65536; do
        run_limited "$bin/domain_sock/ping_pong" -d 20 "$size"
        [[ $output == "domain socket, datagrams: 20 round trips of $size bytes, "* ]]
        expect 0 "$output" ""
        run_limited "$bin/domain_sock/ping_pong" -t -d 20 "$size"
        [[ $output == "domain socket, datagrams: 20 messages of $size bytes one way, "* ]]
        expect 0 "$output" ""
    done
    run_limited "$bin/domain_sock/ping_pong" -t 1 1 1
    expect 2 "" "ping_pong: usage: ping_pong [-t] [-d] [ROUND_TRIPS [BYTES]]"
}

@test "ping_pong -t: short calls do no harm, a wrong byte and a killed partner are noticed" {
    local directory
    for directory in $streams; do
        run_limited "$BATS_FILE_TMPDIR/$directory.short_calls" -t 100 1000
        expect 0 "$output" ""
        run_limited "$BATS_FILE_TMPDIR/$directory.wrong_byte" -t 1000 64
        [ "$status" -eq 1 ]
        [ -z "$output" ]
        [[ $stderr == *": the message received is not the one sent"* ]]
    done
    for directory in pipes fifo domain_sock tcp mmap_locks; do
        start it "$bin/$directory/ping_pong" -t 100000000
        within partner_of "$pid"
        kill -KILL "$partner"
        ends "$pid" 1
    done
}

@test "bench: tables, and the same for other programs" {
    command -v taskset >/dev/null || skip "no taskset(1)"
    export BUILD=$bin ROUNDS=1 MESSAGES=2
    run --separate-stderr timeout -k 2 50 "$root/tests/bench"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$stderr" = "bench: round 1 of 1" ]
    [ "${lines[0]}" = "== both processes on one processor, medians of 1" ]
    local time='[0-9.]+ us +[0-9.]+x +[0-9.]+  #+' rate='[0-9]+ MB/s +[0-9.]+x +[0-9.]+  #+' few='too few messages to measure'
    [ "$(grep -cE "^[A-Za-z ,()]+, [0-9]+ bytes +$time\$" <<<"$output")" -eq $((10 * (1 + ($(nproc) > 1)))) ]
    [ "$(grep -cE "^[A-Za-z ,()]+, [0-9]+ bytes +($rate|$few)\$" <<<"$output")" -eq $((9 * (1 + ($(nproc) > 1)))) ]
    [ "$(awk '{ print length }' <<<"$output" | sort -n | tail -n 1)" -le 80 ]
    BENCH=csv run --separate-stderr timeout -k 2 50 "$root/tests/bench"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "place,kind,mechanism,bytes,median,unit,context switches" ]
    grep -qE '^one,round trip,"pipe",64,[0-9.]+,us,[0-9.]+$' <<<"$output"
    grep -qE '^one,stream,"queue",20,[0-9]+,MB/s,[0-9.]+$' <<<"$output"
    mkdir -p bad/pipes
    printf '#!/bin/sh\necho "ping_pong: broken" >&2\nexit 1\n' >bad/pipes/ping_pong
    chmod +x bad/pipes/ping_pong
    BUILD=$PWD/bad run timeout -k 2 20 "$root/tests/bench"
    [ "$status" -eq 1 ]
    [[ $output == *$'\nping_pong: broken' ]]
}
