#!/usr/bin/env bats
load helpers
load servers

b=$bin/doors
cases=$BATS_FILE_TMPDIR/door_cases

setup_file() { "${CXX:-c++}" -std=c++20 -pthread -o "$cases" "$root/tests/door_cases.cpp"; }

serve() { # serve [COMMAND...]: starts a server at the file door; $server is its process
    start server "${@:-$b/doorserver}" door ${1+serve}
    server=$pid
    within shows server.out "listening on door"
}
stop_server() { # stop_server [SIGNAL]
    kill -s "${1:-TERM}" "$server"
    ends "$server" "$((128 + $(kill -l "${1:-TERM}")))"
}
calls() { gives "$hello" doorclient door; }
case_gives() { # case_gives CASE STATUS OUTPUT ERRORS: of door_cases
    run_limited "$cases" door "$1"
    expect "${@:2}"
}

@test "doorserver, doorclient: the text's call, and an answer; the file keeps its content" {
    echo precious >door
    serve
    calls
    [ "$(<server.out)" = $'listening on door\nid from client: 12' ]
    stop_server
    [[ ! -s server.err && $(<door) == precious ]]
}

@test "doorserver, doorclient: without a path, /tmp/door, as in the text" {
    exec 9>/tmp/door.lock
    flock 9
    start server "$b/doorserver"
    within shows server.out "listening on /tmp/door"
    gives "$hello" doorclient
    kill "$pid"
    ends "$pid" 143
    rm /tmp/door
    exec 9>&-
}

@test "doorserver: after Ctrl-C or a kill the next one serves, next to a living one none" {
    local signal
    for signal in INT KILL; do
        serve
        stop_server "$signal"
        fails "door_call door: Bad file descriptor" doorclient door
    done
    serve
    fails "fattach door: Device or resource busy" doorserver door
    calls
    stop_server
}

@test "doorserver: an argument of another size is refused" {
    serve
    case_gives "five!" 1 "" "door_cases: answer: refused: not an int"
    calls
    [ "$(grep -c id server.out)" -eq 1 ]
    stop_server
}

@test "doorserver: 60 clients at once; killed ones leave no descriptor" {
    local descriptors i
    count_descriptors() { find "/proc/$server/fd" | wc -l; }
    serve
    descriptors=$(count_descriptors)
    at_once 60 doorclient door
    [ "$(grep -cx 'id from client: 12' server.out)" -eq 60 ]
    for i in {1..40}; do
        timeout -s KILL "0.00$((i % 9 + 1))" "$b/doorclient" door || true
    done >/dev/null 2>&1
    calls
    within eval '(($(count_descriptors) <= descriptors))'
    stop_server
}

@test "doorclient: what could upset a terminal is replaced" {
    sed 's/hello from server/\\033[31mred/' "$root/doors/doorserver.cpp" >loud.cpp
    "${CXX:-c++}" -std=c++20 -pthread -I"$root/doors" loud.cpp -o loud
    start loud ./loud door
    within shows loud.out "listening on door"
    gives "message from server: ?[31mred" doorclient door
    kill "$pid"
    ends "$pid" 143
}

@test "doorclient: no door, no server, wrong arguments, a full disk" {
    fails "open missing: No such file or directory" doorclient missing
    echo words >file
    fails "door_call file: Bad file descriptor" doorclient file
    wrong_arguments <<'END'
doorclient|[PATH]|a b|-h
doorserver|[PATH]|a b|-h
END
    cannot_print doorserver door
    serve
    cannot_print doorclient door
    stop_server
}

@test "doorclient: an alarm ends it after 10 s" {
    serve
    kill -STOP "$server"
    local begin=${EPOCHREALTIME/./}
    run_limited "$b/doorclient" door
    took 9900000 14000000
    expect 142 "" ""
    stop_server KILL
}

@test "door_call: results that fit into rbuf, and that do not" {
    local size where
    serve "$cases"
    while read -r size where; do
        case_gives "$size" 0 "$size bytes, $where" ""
    done <<'END'
0 in rbuf
1 in rbuf
100 in rbuf
101 not in rbuf
8388608 not in rbuf
END
    stop_server
}

@test "door_call: EINTR without door_return, and if the server dies" {
    serve "$cases"
    case_gives none 1 "" "door_cases: door_call: Interrupted system call"
    case_gives 1 0 "1 bytes, in rbuf" ""
    case_gives die 1 "" "door_cases: door_call: Interrupted system call"
    ends "$server" 0
    case_gives 1 1 "" "door_cases: door_call: Bad file descriptor"
}

@test "doors: programs and emulation have the documented declarations" {
    local program solaris=-I$root/tests/solaris
    for program in tests/door_cases doors/doorserver doors/doorclient; do
        run_limited "${CXX:-c++}" -std=c++20 -fsyntax-only -Wall -Wextra "$solaris" "$root/$program.cpp"
        expect 0 "" ""
    done
}
