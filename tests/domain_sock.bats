#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 # on a busy machine

b=$bin/domain_sock
full='write standard output: No space left on device'
hello='message from server: hello from server'

setup_file() {
    "${CXX:-c++}" -std=c++20 -o "$BATS_FILE_TMPDIR/peer" \
        "$BATS_TEST_DIRNAME/peer.cpp"
}
peer() { run_limited "$BATS_FILE_TMPDIR/peer" "$@"; }

serve() { # serve [COMMAND...]: starts a server; $server is its process
    start server "${@:-$b/server}" socket
    server=$pid
    within shows server.out "listening on socket"
}
asks() { # asks [MESSAGE [SHOWN]]: a client is served as it should be
    run_limited "$b/client" socket ${1+"$1"}
    expect 0 "$hello" ""
    within shows server.out "message from client: ${2-${1-hello from a client}}"
}
stop_server() {
    kill -s "${1:-TERM}" "$server"
    ends "$server" 0
    none socket
}
children() { tr ' ' '\n' <"/proc/$server/task/$server/children" | grep -c .; }

# ------------------------------------------------------------ server, client

@test "server, client: the conversation" {
    serve
    asks
    asks 'another message'
    asks -x
    [ "$(stat -c '%F %a' socket)" = "socket 600" ]
    stop_server
    [ ! -s server.err ]
}

@test "server: Ctrl-C ends it, and its socket is gone" {
    serve
    stop_server INT
    serve
    asks again
    stop_server
}

@test "server: the next one replaces the socket that a killed one has left" {
    serve
    kill -KILL "$server"
    ends "$server" 137
    [ -S socket ]
    run_limited "$b/client" socket
    expect 1 "" "client: connect socket: Connection refused"
    serve
    asks again
    stop_server
}

@test "server: a live server's socket stays, and any file that is no socket" {
    serve
    run_limited "$b/server" socket
    expect 1 "" "server: bind socket: Address already in use"
    asks still
    # The probe is no client.
    [ "$(grep -c message server.out)" -eq 1 ]
    stop_server
    echo precious >file
    run_limited "$b/server" file
    expect 1 "" "server: bind file: Address already in use"
    [ "$(<file)" = precious ]
    mkfifo fifo
    run_limited "$b/server" fifo
    expect 1 "" "server: bind fifo: Address already in use"
    [ -p fifo ]
}

@test "server: 1000 clients in a row, and no zombie" {
    local count=1000
    ! grep -q __asan_init "$b/server" || count=100 # whose processes take their time
    serve
    start row "$BATS_FILE_TMPDIR/peer" socket row "$count"
    until gone "$pid"; do ps -o stat= --ppid "$server" >>states || true; done
    ends "$pid" 0
    run ! grep Z states
    [ "$(sort row.out | uniq -c | tr -s ' ')" = " $count hello from server" ]
    [ "$(grep -c message server.out)" -eq "$count" ]
    within eval '[ "$(children)" -eq 0 ]'
    stop_server
}

@test "server: 200 clients at once" {
    local i pids=()
    serve
    for i in {1..200}; do
        timeout 30 "$b/client" socket "$i" >"answer.$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(cat answer.* | sort | uniq -c | tr -s ' ')" = " 200 $hello" ]
    [ "$(grep message server.out | sort -u | wc -l)" -eq 200 ]
    stop_server
}

@test "server: a request may come in pieces" {
    serve
    peer socket pieces 'in ' 'three ' 'pieces'
    expect 0 $'connected\nhello from server' ""
    shows server.out "message from client: in three pieces"
    stop_server
}

@test "server: 255 bytes are a request, 256 are refused" {
    local long
    printf -v long '%0255d' 0
    serve
    asks "$long"
    run_limited "$b/client" socket "0$long"
    [ "$status" -eq 1 ]
    [[ $stderr == "client: receive the answer: "* ]]
    within shows server.err "server: request refused: more than 255 bytes"
    run ! grep -q "0$long" server.out
    asks next
    stop_server
}

@test "server: what could upset a terminal is replaced" {
    serve
    asks $'red \e[31m bell \a' 'red ?[31m bell ?'
    asks 'grün'
    stop_server
}

@test "server: a silent client is dropped after 5 s, and holds up nobody" {
    serve
    mkfifo keys
    start silent "$BATS_FILE_TMPDIR/peer" socket silent <>keys
    within shows silent.out connected
    local begin=$EPOCHREALTIME
    asks next
    [ "$(children)" -eq 1 ]
    within eval '[ "$(children)" -eq 0 ]'
    local took=$((${EPOCHREALTIME/./} - ${begin/./}))
    ((took > 4000000 && took < 8000000))
    kill "$pid"
    within gone "$pid"
    stop_server
}

@test "server: clients that flood or vanish hold up nobody" {
    serve
    start flood "$BATS_FILE_TMPDIR/peer" socket flood
    within shows flood.out connected
    peer socket vanish hello
    asks next
    ends "$pid" 1 # the server has closed the connection
    asks another
    stop_server
}

@test "server: no descriptor left, or no process: the client is let go" {
    traced true
    serve strace -f -qq -o trace -e inject=clone:error=EAGAIN:when=1 "$b/server"
    run_limited "$b/client" socket
    [ "$status" -eq 1 ]
    [[ $stderr == "client: "* ]]
    [ "$(<server.err)" = "server: fork: Resource temporarily unavailable" ]
    asks next
    kill "$(tr -d ' ' <"/proc/$server/task/$server/children")"
    ends "$server" 0

    local begin=${EPOCHREALTIME/./} # it waits for a second, lest it spin
    serve strace -f -qq -o trace -e inject=accept:error=EMFILE:when=1 "$b/server"
    asks next
    ((${EPOCHREALTIME/./} - begin >= 1000000))
    [ "$(<server.err)" = "server: accept: Too many open files" ]
    kill "$(tr -d ' ' <"/proc/$server/task/$server/children")"
    ends "$server" 0
}

@test "server: a child that is killed leaves the socket to the server" {
    serve
    mkfifo keyboard
    start silent "$BATS_FILE_TMPDIR/peer" socket silent <>keyboard
    local client=$pid child
    within shows silent.out connected
    child_of_server() { child=$(<"/proc/$server/task/$server/children") && [ "$child" ]; }
    within child_of_server
    kill "${child% }"
    within gone "${child% }"
    asks
    kill "$client"
    ends "$client" 143
    stop_server
}

@test "server: the child closes the listener, the parent the connection" {
    traced true
    serve strace -f -qq -o all -e trace=listen,accept,clone,close "$b/server"
    asks
    kill "$(tr -d ' ' <"/proc/$server/task/$server/children")"
    ends "$server" 0
    whole_calls all
    local parent child listener connection
    [[ $(<trace) =~ ([0-9]+)\ +listen\(([0-9]+) ]]
    parent=${BASH_REMATCH[1]} listener=${BASH_REMATCH[2]}
    [[ $(<trace) =~ accept\([^$'\n']*=\ ([0-9]+) ]]
    connection=${BASH_REMATCH[1]}
    [[ $(<trace) =~ clone\([^$'\n']*=\ ([0-9]+) ]]
    child=${BASH_REMATCH[1]}
    grep -q "^$child *close($listener" trace
    grep -q "^$parent *close($connection" trace
}

@test "server, client: paths that are too long, or data that look like a format" {
    local long
    printf -v long '%0107d' 0
    start server "$b/server" "$long"
    server=$pid
    within shows server.out "listening on $long"
    run_limited "$b/client" "$long"
    expect 0 "$hello" ""
    kill "$server"
    ends "$server" 0
    run_limited "$b/server" "0$long"
    expect 1 "" "server: bind 0$long: the path is too long"
    run_limited "$b/client" "0$long"
    expect 1 "" "client: connect 0$long: the path is too long"
    start server "$b/server" '%s%n'
    within shows server.out "listening on %s%n"
    [ -S '%s%n' ]
    kill "$pid"
    ends "$pid" 0
}

@test "client: without a server there is an error" {
    run_limited "$b/client" missing
    expect 1 "" "client: connect missing: No such file or directory"
    echo words >file
    run_limited "$b/client" file
    expect 1 "" "client: connect file: Connection refused"
}

@test "client: a server that does not answer, or only in a strange way" {
    start strange "$BATS_FILE_TMPDIR/peer" socket serve
    within shows strange.out ready
    run_limited "$b/client" socket
    expect 1 "" "client: receive the answer: end of file"
    ends "$pid" 0
    rm socket
    start strange "$BATS_FILE_TMPDIR/peer" socket serve $'\e[31mred'
    within shows strange.out ready
    run_limited "$b/client" socket
    expect 0 "message from server: ?[31mred" ""
    ends "$pid" 0
    rm socket
    start strange "$BATS_FILE_TMPDIR/peer" socket serve hello ' in pieces'
    within shows strange.out ready
    run_limited "$b/client" socket
    expect 0 "message from server: hello in pieces" ""
    ends "$pid" 0
}

@test "client: a server that has gone before the request is sent is an error" {
    traced true
    start strange "$BATS_FILE_TMPDIR/peer" socket slam
    within shows strange.out ready
    run_limited strace -qq -o trace -e inject=sendto:delay_enter=500000 "$b/client" socket
    expect 1 "" "client: send the request: Broken pipe"
    ends "$pid" 0
}

@test "client, dgram_client: an alarm ends them after 10 s" {
    start stopped "$b/dgram_server" datagrams
    local stopped=$pid
    within shows stopped.out "listening on datagrams"
    kill -STOP "$stopped"
    start datagrams "$b/dgram_client" datagrams hello
    local datagrams=$pid
    start deaf "$BATS_FILE_TMPDIR/peer" socket deaf
    within shows deaf.out ready
    local begin=$EPOCHREALTIME
    run_limited "$b/client" socket
    [ "$status" -eq 142 ]
    local took=$((${EPOCHREALTIME/./} - ${begin/./}))
    ((took > 9900000 && took < 14000000))
    kill "$pid"
    within gone "$pid"
    ends "$datagrams" 142
    kill -KILL "$stopped"
    within gone "$stopped"
}

@test "domain_sock programs: wrong arguments, a full disk" {
    local arguments program
    for arguments in '' 'a b' --help; do
        for program in server dgram_server; do
            # shellcheck disable=SC2086 # words
            run_limited "$b/$program" $arguments
            expect 2 "" "$program: usage: $program PATH"
        done
    done
    run_limited "$b/server" ''
    expect 2 "" "server: usage: server PATH" # an empty name would be an abstract one
    run_limited "$b/dgram_server" ''
    expect 2 "" "dgram_server: usage: dgram_server PATH"
    run_limited "$b/client"
    expect 2 "" "client: usage: client PATH [MESSAGE]"
    run_limited "$b/dgram_client" a
    expect 2 "" "dgram_client: usage: dgram_client PATH MESSAGE..."
    for program in 'server s' 'dgram_server s' duplex pass_descriptor; do
        rm -f s
        in_shell "\"\$1\"/$program >/dev/full" "$b"
        [ "$status" -eq 1 ]
        [[ $stderr == "${program%% *}: "*"$full"* ]]
    done
    serve
    in_shell '"$1" socket >/dev/full' "$b/client"
    expect 1 "" "client: $full"
    stop_server
}

# ------------------------------------------------ dgram_server, dgram_client

serve_datagrams() {
    start server "$b/dgram_server" socket
    server=$pid
    within shows server.out "listening on socket"
}

@test "dgram_server, dgram_client: each datagram arrives by itself" {
    serve_datagrams
    run_limited "$b/dgram_client" socket one '' three
    expect 0 "$hello
$hello
$hello" ""
    [ "$(<server.out)" = "listening on socket
message from client: one
message from client: 
message from client: three" ]
    none 'socket.*'
    stop_server
}

@test "dgram_server: 255 bytes arrive, more are recognized as too long" {
    local long size
    serve_datagrams
    printf -v long '%0255d' 0
    run_limited "$b/dgram_client" socket "$long"
    expect 0 "$hello" ""
    shows server.out "message from client: $long"
    for size in 256 300; do
        printf -v long '%0*d' "$size" 0
        run_limited "$b/dgram_client" socket "$long" next
        expect 0 "message from server: refused: more than 255 bytes
$hello" ""
    done
    [ "$(grep -c 'client: 0' server.out)" -eq 1 ]
    run_limited "$b/dgram_client" socket $'\e[31mred'
    shows server.out "message from client: ?[31mred"
    stop_server
}

@test "dgram_server: a client that is gone stops nobody" {
    serve_datagrams
    kill -STOP "$server"
    start client "$b/dgram_client" socket hello
    within sleeps "$pid"
    kill -KILL "$pid"
    ends "$pid" 137
    kill -CONT "$server"
    within shows server.err "dgram_server: answer socket.$pid: Connection refused"
    rm "socket.$pid"
    run_limited "$b/dgram_client" socket next
    expect 0 "$hello" ""
    stop_server
}

@test "dgram_server: a client that never reads holds up nobody" {
    serve_datagrams
    peer socket unread
    expect 0 connected ""
    within grep -qsx "dgram_server: answer socket.peer: Resource temporarily unavailable" server.err
    rm socket.peer
    run_limited "$b/dgram_client" socket next
    expect 0 "$hello" ""
    stop_server
}

@test "dgram_server: a dead server's socket is replaced, nothing else" {
    serve_datagrams
    run_limited "$b/dgram_server" socket
    expect 1 "" "dgram_server: bind socket: Address already in use"
    kill -KILL "$server"
    ends "$server" 137
    run_limited "$b/dgram_client" socket hello
    expect 1 "" "dgram_client: connect socket: Connection refused"
    serve_datagrams
    stop_server INT
    echo precious >file
    run_limited "$b/dgram_server" file
    expect 1 "" "dgram_server: bind file: Address already in use"
    [ "$(<file)" = precious ]
}

@test "dgram_client: no server, and a path that is too long for its own name" {
    local long
    run_limited "$b/dgram_client" missing hello
    expect 1 "" "dgram_client: connect missing: No such file or directory"
    none 'missing*'
    printf -v long '%0107d' 0
    run_limited "$b/dgram_client" "$long" hello
    [ "$status" -eq 1 ]
    [[ $stderr == "dgram_client: $long."*": the path is too long" ]]
}

# ---------------------------------------------------- duplex, pass_descriptor

@test "duplex: both ends send 10 MiB at once" {
    run_limited "$b/duplex"
    [ "$(sort <<<"$output")" = "child: 10 MiB sent, 10 MiB received
parent: 10 MiB sent, 10 MiB received" ]
    succeeded
}

@test "duplex: a wrong byte is noticed" {
    "${CXX:-c++}" -std=c++20 -include "$root/tests/wrong_byte.hpp" "$root/domain_sock/duplex.cpp" -o wrong
    run_limited ./wrong
    [ "$status" -eq 1 ]
    [[ $stderr == *": byte "*" is wrong"* ]]
}

@test "duplex: the death of one end ends the other" {
    traced true
    run_limited strace -f -qq -o trace -e inject=sendto:signal=KILL:when=20 \
        "$b/duplex"
    [ "$status" -ne 0 ]
    [ "$(grep -c MiB <<<"$output")" -eq 0 ]
}

@test "pass_descriptor: the receiver reads a file that it could not open" {
    run_limited "$b/pass_descriptor"
    expect 0 "receiver: read through the descriptor: Hello World" ""
}
