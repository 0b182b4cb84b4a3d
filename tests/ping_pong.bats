#!/usr/bin/env bats
load helpers

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
            try "$program" 20 "$size"
            expect 0 "$output" ""
            # shellcheck disable=SC2059 # the line is a format
            [[ $output =~ ^$(printf "$line" 20 "$size")$ ]]
        done
    done
}

@test "ping_pong: on one processor, a round trip takes two context switches, or little more" {
    local program
    for program in $(programs); do
        try taskset -c 0 "$program" 1000
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
        expect 2 "" "ping_pong: usage: ping_pong [ROUND_TRIPS [BYTES]]"
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
        start it "$program" 100000000
        within partner_of "$pid"
        within none "$TMPDIR/*" # a door has a name while it is attached
        kill -KILL "$partner"
        ends "$pid" 1
        grep -qxE 'ping_pong: (the partner has failed|.*: the partner has closed it|.*: (Broken pipe|Connection reset by peer))' it.err

        start it "$program" 100000000
        within partner_of "$pid"
        within none "$TMPDIR/*" # a door has a name while it is attached
        kill -KILL "$pid"
        ends "$pid" 137
        within eval "! grep -qs ping_pong /proc/$partner/cmdline"
    done
}

@test "ping_pong: short reads and writes do no harm" {
    local directory
    for directory in pipes fifo domain_sock tcp; do
        "${CXX:-c++}" -std=c++20 -pthread -include "$root/tests/short_calls.hpp" -o short \
            "$root/$directory/ping_pong.cpp"
        run_limited ./short 100 1000
        expect 0 "$output" ""
        [[ $output == *": 100 round trips of 1000 bytes, "* ]]
    done
}

@test "ping_pong: a wrong byte is noticed" {
    local directory
    for directory in pipes fifo domain_sock tcp; do
        # Every write of its own message turns one byte, the last of the message, after 100 writes.
        "${CXX:-c++}" -std=c++20 -pthread -include "$root/tests/wrong_byte.hpp" -o wrong \
            "$root/$directory/ping_pong.cpp"
        run_limited ./wrong 1000 64
        [ "$status" -eq 1 ]
        [ -z "$output" ]
        [[ $stderr == *": round trip 50: the message received is not the one sent"* ]]
    done
}
