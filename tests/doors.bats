#!/usr/bin/env bats
load helpers

b=$bin/doors
hello='message from server: hello from server'

setup_file() {
    "${CXX:-c++}" -std=c++20 -pthread -o "$BATS_FILE_TMPDIR/door_cases" \
        "$BATS_TEST_DIRNAME/door_cases.cpp"
}
cases=$BATS_FILE_TMPDIR/door_cases

serve() { # starts a server; $server is its process
    start server "$b/doorserver" door
    server=$pid
    within shows server.out "listening on door"
}
serve_cases() {
    start server "$cases" door serve
    server=$pid
    within shows server.out ready
}
stop_server() {
    kill "$server"
    ends "$server" 143
}
calls() {
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
}

@test "doorserver, doorclient: the text's call, and an answer" {
    serve
    calls
    [ "$(<server.out)" = $'listening on door\nid from client: 12' ]
    stop_server
    [ ! -s server.err ]
}

@test "doorserver: without a path, /tmp/door, as in the text" {
    exec 9>/tmp/door.lock
    flock 9
    start server "$b/doorserver"
    within shows server.out "listening on /tmp/door"
    run_limited "$b/doorclient"
    expect 0 "$hello" ""
    kill "$pid"
    ends "$pid" 143
    rm /tmp/door
    exec 9>&-
}

@test "doorserver: after Ctrl-C or a kill the next one serves" {
    local signal
    for signal in INT KILL; do
        serve
        kill -s $signal "$server"
        ends "$server" $((128 + $(kill -l $signal)))
        run_limited "$b/doorclient" door
        expect 1 "" "doorclient: door_call door: Bad file descriptor"
    done
    serve
    calls
    stop_server
}

@test "doorserver: a living server's door stays its own" {
    serve
    run_limited "$b/doorserver" door
    expect 1 "" "doorserver: fattach door: Device or resource busy"
    calls
    stop_server
}

@test "doorserver: a file that is there keeps its content" {
    echo precious >door
    serve
    calls
    stop_server
    [ "$(<door)" = precious ]
}

@test "doorserver: an argument of another size is refused" {
    serve
    run_limited "$cases" door "five!"
    expect 1 "" "door_cases: a wrong byte"
    "${CXX:-c++}" -std=c++20 -pthread -o long -x c++ - <<END
#include "$root/doors/door_emulation.hpp"
#include <fcntl.h>
int main() {
    char text[] = "five!", buffer[64];
    door_arg_t arg = {};
    arg.data_ptr = text, arg.data_size = 5, arg.rbuf = buffer, arg.rsize = 64;
    door_call(open("door", O_RDONLY), &arg);
    puts(arg.data_ptr);
}
END
    run_limited ./long
    expect 0 "refused: not an int" ""
    calls
    [ "$(grep -c id server.out)" -eq 1 ]
    stop_server
}

@test "doorserver: 60 clients at once" {
    local i pids=()
    serve
    for i in {1..60}; do
        timeout 30 "$b/doorclient" door >"answer.$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(cat answer.* | sort | uniq -c | tr -s ' ')" = " 60 $hello" ]
    [ "$(grep -c '^id from client: 12$' server.out)" -eq 60 ]
    stop_server
}

@test "doorclient: no door, no server, wrong arguments, a full disk" {
    run_limited "$b/doorclient" missing
    expect 1 "" "doorclient: open missing: No such file or directory"
    echo words >file
    run_limited "$b/doorclient" file
    expect 1 "" "doorclient: door_call file: Bad file descriptor"
    for arguments in 'a b' -h; do
        for program in doorclient doorserver; do
            # shellcheck disable=SC2086 # words
            run_limited "$b/$program" $arguments
            expect 2 "" "$program: usage: $program [PATH]"
        done
    done
    in_shell '"$1" door >/dev/full' "$b/doorserver"
    expect 1 "" "doorserver: write standard output: No space left on device"
    serve
    in_shell '"$1" door >/dev/full' "$b/doorclient"
    expect 1 "" "doorclient: write standard output: No space left on device"
    stop_server
}

@test "doorclient: an alarm ends it after 10 s" {
    serve
    kill -STOP "$server"
    local begin=$EPOCHREALTIME took
    run_limited "$b/doorclient" door
    [ "$status" -eq 142 ]
    took=$((${EPOCHREALTIME/./} - ${begin/./}))
    ((took > 9900000 && took < 14000000))
    kill -KILL "$server"
    ends "$server" 137
}

@test "door_call: results that fit into rbuf, and that do not" {
    local size
    serve_cases
    for size in 0 1 100; do
        run_limited "$cases" door $size
        expect 0 "$size bytes, in rbuf" ""
    done
    for size in 101 8388608; do
        run_limited "$cases" door $size
        expect 0 "$size bytes, not in rbuf" ""
    done
    stop_server
}

@test "door_call: EINTR without door_return, and if the server dies" {
    serve_cases
    run_limited "$cases" door none
    expect 1 "" "door_cases: door_call: Interrupted system call"
    run_limited "$cases" door 1
    expect 0 "1 bytes, in rbuf" ""
    run_limited "$cases" door die
    expect 1 "" "door_cases: door_call: Interrupted system call"
    ends "$server" 0
    run_limited "$cases" door 1
    expect 1 "" "door_cases: door_call: Bad file descriptor"
}

@test "doors: clients that are killed leave the server no descriptor" {
    local i before
    serve
    calls
    before=$(find "/proc/$server/fd" | wc -l)
    for i in {1..40}; do timeout -s KILL 0.00$((i % 9 + 1)) "$b/doorclient" door || true; done >/dev/null 2>&1
    calls
    within eval '(($(find "/proc/$server/fd" | wc -l) <= before))'
    stop_server
}

@test "doors: the declarations are the documented ones" {
    local flag
    for flag in -pthread "-I$root/tests/solaris"; do # the emulation, Solaris
        run_limited "${CXX:-c++}" -std=c++20 -fsyntax-only "$flag" \
            "$root/tests/door_signatures.cpp"
        expect 0 "" ""
    done
    for program in doorserver doorclient; do
        run_limited "${CXX:-c++}" -std=c++20 -fsyntax-only -Wall -Wextra \
            "-I$root/tests/solaris" "$root/doors/$program.cpp"
        expect 0 "" ""
    done
}
