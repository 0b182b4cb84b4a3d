#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 # for those that spin, on a busy machine
export LIMIT=50

streams='pipes fifo domain_sock tcp' # what may split messages where it likes

# Of each: a program whose reads and writes are cut short, and one that sends a
# wrong byte after a while.
setup_file() {
    local directory variant
    for directory in $streams; do
        for variant in short_calls wrong_byte; do
            printf '%s\0' -include "$BATS_TEST_DIRNAME/$variant.hpp" \
                -o "$BATS_FILE_TMPDIR/$directory.$variant" \
                "$BATS_TEST_DIRNAME/../$directory/ping_pong.cpp"
        done
    done | xargs -0 -P "$(nproc)" -n 5 "${CXX:-c++}" -std=c++20 -pthread
}

# like KIND COUNT SIZE: the last run printed one line, as it should be
like() {
    local time='[0-9]+\.[0-9]{2} us each' rate=''
    [[ $1 == 'round trips' ]] || rate=', [0-9]+ MB/s'
    [[ $output =~ ^[A-Za-z\ ,]+": $2 $1 of $3 bytes, "$time$rate", "[0-9]+\.[0-9]" context switches each"$ ]]
    succeeded
}

@test "ping_pong: one line, whatever the size of the messages" {
    local program size
    for program in "$bin"/*/ping_pong; do
        for size in 1 65536; do
            run_limited "$program" 2 "$size"
            like 'round trips' 2 "$size"
        done
    done
    none '/tmp/ping_pong.*'
}

@test "ping_pong: on one processor, about two context switches a round trip" {
    local program
    for program in "$bin"/*/ping_pong; do
        run_limited taskset -c 0 "$program" 300
        [[ $output =~ ', '([0-9.]+)' context switches each'$ ]]
        [[ $program == */files/* || ${BASH_REMATCH[1]} == [123].* ]]
        succeeded
    done
}

@test "ping_pong -t, -d: streams, datagrams, the queue" {
    local directory size
    for directory in $streams; do
        for size in 1 65536; do
            run_limited "$bin/$directory/ping_pong" -t 200 "$size"
            like 'messages one way' 200 "$size"
        done
    done
    run_limited "$bin/mmap_locks/ping_pong" -t 2000
    like 'messages one way' 2000 19
    run_limited "$bin/domain_sock/ping_pong" -d 20 4097
    like 'round trips' 20 4097
    [[ $output == *datagrams* ]]
}

@test "ping_pong: works where it may not choose its processor" {
    local call
    for call in sched_setaffinity sched_getaffinity; do
        traced -e "inject=$call:error=EPERM" "$bin/pipes/ping_pong" 20
        like 'round trips' 20 64
        grep -q "$call(.*INJECTED" trace
    done
}

@test "ping_pong: messages may come in pieces, and a wrong byte is noticed" {
    local directory option
    for directory in $streams; do
        for option in '' -t; do
            # shellcheck disable=SC2086 # none or one
            run_limited "$BATS_FILE_TMPDIR/$directory.short_calls" $option 100 1000
            succeeded
            # shellcheck disable=SC2086
            run_limited "$BATS_FILE_TMPDIR/$directory.wrong_byte" $option 1000 64
            [ "$status" -ne 0 ] # 141 where the partner's end comes first
            [[ $stderr == *": message "*" is not the one that was sent"* ]]
        done
    done
}

partner_of() { partner=$(cat "/proc/$1/task/$1/children") && [ -n "$partner" ]; }

@test "ping_pong: a killed partner is noticed, by either side" {
    local program
    for program in "$bin"/*/ping_pong; do
        start it "$program" 100000000
        within partner_of "$pid"
        kill -KILL "$partner"
        within gone "$pid"
        run ! grep . it.out
        start it "$program" 100000000
        within partner_of "$pid"
        kill -KILL "$pid"
        ends "$pid" 137
        within eval "! grep -qs ping_pong /proc/$partner/cmdline"
    done
    rm -f /tmp/ping_pong.* # where it died before both ends were open
}

@test "ping_pong: wrong arguments, a full disk" {
    local program bad
    for program in "$bin"/*/ping_pong; do
        for bad in 0 x '1 0' '1 65537' '1 1 1'; do
            # shellcheck disable=SC2086 # words
            run_limited "$program" $bad
            [[ $stderr =~ ^"ping_pong: usage: ping_pong [-"[td]*"] [MESSAGES [BYTES]]"$ ]]
            [ "$status" -eq 2 ]
        done
        in_shell '"$1" 1 >/dev/full' "$program"
        expect 1 "" "ping_pong: write standard output: No space left on device"
    done
}

@test "bench: tables, the same for other programs, and a picture" {
    command -v taskset >/dev/null || skip "no taskset(1)"
    export BUILD=$bin ROUNDS=1 MESSAGES=2
    run_limited "$root/tests/bench"
    [ "$status" -eq 0 ]
    [ "$stderr" = "bench: round 1 of 1" ]
    [ "${lines[0]}" = "== both processes on one processor, medians of 1" ]
    local time='[0-9.]+ us +[0-9.]+x +[0-9.]+  #+' places=$((1 + ($(nproc) > 1)))
    local rate='[0-9]+ MB/s +[0-9.]+x +[0-9.]+  #+' few='too few messages to measure'
    [ "$(grep -cE "^[A-Za-z ,]+, [0-9]+ bytes +$time\$" <<<"$output")" -eq $((9 * places)) ]
    [ "$(grep -cE "^[A-Za-z ,]+, [0-9]+ bytes +($rate|$few)\$" <<<"$output")" -eq $((9 * places)) ]
    BENCH=csv run_limited "$root/tests/bench"
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "place,kind,mechanism,bytes,median,unit,context switches" ]
    grep -qE '^one,round trip,"pipe",64,[0-9.]+,us,[0-9.]+$' <<<"$output"
    grep -qE '^one,stream,"queue",19,[0-9]+,MB/s,[0-9.]+$' <<<"$output"
    BENCH=svg run_limited "$root/tests/bench"
    [ "$status" -eq 0 ]
    [[ $output == '<svg xmlns="http://www.w3.org/2000/svg" '*'>pipe</text>'*'</svg>' ]]
    [ "$(grep -c 'fill="#2b4a73"/>' <<<"$output")" -eq 10 ] # the legend, and a bar for each
}
