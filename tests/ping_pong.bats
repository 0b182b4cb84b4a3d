#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 # for those that spin, on a busy machine
export LIMIT=50

programs=("$bin"/*/ping_pong)
streams='pipes fifo domain_sock tcp' # what may split messages where it likes

# Of each: a program whose reads and writes are cut short, and one that sends a
# wrong byte after a while.
setup_file() {
    local directory variant
    for directory in $streams; do
        for variant in short_calls wrong_byte; do
            printf '%s\0' -include "$root/tests/$variant.hpp" \
                -o "$BATS_FILE_TMPDIR/$directory.$variant" "$root/$directory/ping_pong.cpp"
        done
    done | xargs -0 -P "$(nproc)" -n 5 "${CXX:-c++}" -std=c++20 -pthread
}

# prints KIND COUNT SIZE PROGRAM [OPTION...]: one line, as it should be
prints() {
    run_limited "${@:4}" "$2" "$3"
    local time='[0-9]+\.[0-9]{2} us each' rate=''
    [[ $1 == 'round trips' ]] || rate=', [0-9]+ MB/s'
    [[ $output =~ ^[A-Za-z\ ,]+": $2 $1 of $3 bytes, "$time$rate", "[0-9]+\.[0-9]" context switches each"$ ]]
    succeeded
}

@test "ping_pong: one line, whatever the size of the messages" {
    local program size
    for size in 1 65536; do
        for program in "${programs[@]}"; do
            prints 'round trips' 2 "$size" "$program"
        done
        for program in $streams; do
            prints 'messages one way' 200 "$size" "$bin/$program/ping_pong" -t
        done
    done
    prints 'messages one way' 2000 19 "$bin/mmap_locks/ping_pong" -t
    prints 'round trips' 20 4097 "$bin/domain_sock/ping_pong" -d
    [[ $output == *datagrams* ]]
    none '/tmp/ping_pong.*'
}

@test "ping_pong: on one processor, about two context switches a round trip" {
    local program
    for program in "${programs[@]}"; do
        run_limited taskset -c 0 "$program" 300
        [[ $output =~ ', '([0-9.]+)' context switches each'$ ]]
        [[ $program == */files/* || ${BASH_REMATCH[1]} == [123].* ]]
        succeeded
    done
}

@test "ping_pong: a processor for each process, unless it may not choose" {
    traced -e trace=sched_setaffinity "$bin/pipes/ping_pong" 20
    [ "$(grep -o '\[[0-9]*\]' trace | sort -u | wc -l)" -eq $((1 + ($(nproc) > 1))) ]
    local call
    for call in sched_setaffinity sched_getaffinity; do
        traced -e "inject=$call:error=EPERM" "$bin/pipes/ping_pong" 20
        [[ $output == "pipe: 20 round trips of 64 bytes, "* ]]
        succeeded
        grep -q "$call(.*INJECTED" trace
    done
}

@test "ping_pong: messages may come in pieces, and a wrong byte is noticed" {
    local directory option
    for directory in $streams; do
        for option in '' -t; do
            run_limited "$BATS_FILE_TMPDIR/$directory.short_calls" ${option:+"$option"} 100 1000
            [[ $output == *": 100 "*" of 1000 bytes, "* ]]
            succeeded
            run_limited "$BATS_FILE_TMPDIR/$directory.wrong_byte" ${option:+"$option"} 1000 64
            # 141 where the partner's end comes first
            [[ $status != 0 && $stderr == *": message "*" is not the one that was sent"* ]]
        done
    done
}

@test "ping_pong: a killed partner is noticed, by either side" {
    local program victim partner
    busy() { # it has a partner, which is at work
        partner=$(<"/proc/$pid/task/$pid/children") && partner=${partner% } && [ "$partner" ] &&
            awk '{ exit $14 + $15 == 0 }' "/proc/$partner/stat"
    }
    for program in "${programs[@]}"; do
        for victim in partner pid; do
            start it "$program" 100000000
            within busy
            kill -KILL "${!victim}"
            within gone "$pid"
            within eval "! grep -qs ping_pong /proc/$partner/cmdline"
            [ ! -s it.out ]
        done
    done
}

@test "ping_pong: wrong arguments, a full disk" {
    local program bad
    for program in "${programs[@]}"; do
        for bad in 0 x '1 0' '1 65537' '1 1 1'; do
            # shellcheck disable=SC2086 # words
            run_limited "$program" $bad
            [[ $status == 2 && $stderr =~ ^"ping_pong: usage: ping_pong [-"[td]*"] [MESSAGES [BYTES]]"$ ]]
        done
        in_shell '"$1" 1 >/dev/full' "$program"
        expect 1 "" "ping_pong: write standard output: No space left on device"
    done
}

@test "bench: tables, the same for other programs, and a picture" {
    command -v taskset >/dev/null || skip "no taskset(1)"
    export BUILD=$bin ROUNDS=1 MESSAGES=2
    bench() {
        run_limited "$root/tests/bench"
        [[ $status == 0 && $stderr == "bench: round 1 of 1" ]]
    }
    bench
    [ "${lines[0]}" = "== both processes on one processor, medians of 1" ]
    local time='[0-9.]+ us +[0-9.]+x +[0-9.]+  #+' places=$((1 + ($(nproc) > 1)))
    local rate='[0-9]+ MB/s +[0-9.]+x +[0-9.]+  #+' few='too few messages to measure'
    [ "$(grep -cE "^[A-Za-z ,]+, [0-9]+ bytes +$time\$" <<<"$output")" -eq $((9 * places)) ]
    [ "$(grep -cE "^[A-Za-z ,]+, [0-9]+ bytes +($rate|$few)\$" <<<"$output")" -eq $((9 * places)) ]
    BENCH=csv bench
    [ "${lines[0]}" = "place,kind,mechanism,bytes,median,unit,context switches" ]
    grep -qE '^one,round trip,"pipe",64,[0-9.]+,us,[0-9.]+$' <<<"$output"
    grep -qE '^one,stream,"queue",19,[0-9]+,MB/s,[0-9.]+$' <<<"$output"
    BENCH=svg bench
    [[ $output == '<svg xmlns="http://www.w3.org/2000/svg" '*'>pipe</text>'*'</svg>' ]]
    [ "$(grep -c 'fill="#2b4a73"/>' <<<"$output")" -eq 10 ] # the legend, and a bar for each
}
