#!/usr/bin/env bats
load helpers
load servers

b=$bin/domain_sock

serve() { # serve [PATH [COMMAND...]]: see servers.bash
    at=${1-socket} to=("${1-socket}")
    shift $(($# > 0))
    start server "${@:-$b/server}" "$at"
    server=$pid
    within shows server.out "listening on $at"
}
stop_server() { # after Ctrl-C its socket is gone
    kill -INT "$server"
    ends "$server" 0
    none "$at"
}

@test "server, client: the conversation; the socket is its user's only, and gone after Ctrl-C" {
    serve
    [ "$(stat -c '%F %a' socket)" = "socket 600" ]
    asks
    asks 'another message'
    asks -x
    stop_server
    [ ! -s server.err ]
}

@test "server: 1000 clients in a row, 200 at once, and no zombie" { many_clients; }
@test "server: a request may come in pieces, has at most 255 bytes, and upsets no terminal" { requests; }
@test "server: a silent client is dropped after 5 s, and holds up nobody" { silent_client; }
@test "server: clients that flood or vanish hold up nobody" { rude_clients; }
@test "server: its child neither removes its socket nor listens when it is dead" { child_apart; }

@test "server: without a descriptor it waits, without a process it lets the client go" {
    traced true
    local shortage=(-e inject=accept:error=EMFILE:when=1 -e inject=clone:error=EAGAIN:when=1)
    local begin=${EPOCHREALTIME/./}
    serve socket strace -D -f -qq -o trace "${shortage[@]}" "$b/server"
    run_limited "$b/client" socket
    [[ $status == 1 && $stderr == "client: "* ]]
    asks next
    took 1000000 20000000 # it sleeps for a second, lest it spin
    stop_server
    [ "$(<server.err)" = "server: accept: Too many open files
server: fork: Resource temporarily unavailable" ]
}

@test "server, dgram_server: replace a dead server's socket, never a living one's or a file" {
    local program client path
    echo precious >file
    mkfifo fifo
    for program in server dgram_server; do
        client=${program/server/client}
        serve socket "$b/$program"
        kill -KILL "$server"
        ends "$server" 137
        fails "connect socket: Connection refused" "$client" socket hello
        serve socket "$b/$program"
        for path in socket file fifo; do
            fails "bind $path: Address already in use" "$program" "$path"
        done
        gives "$hello" "$client" socket still
        [ "$(grep -c message server.out)" -eq 1 ] # the probe is no client
        stop_server
    done
    [[ $(<file) == precious && -p fifo ]]
}

@test "all four programs: a path is data, and an error if it is too long" {
    local long path
    printf -v long '%0107d' 0
    for path in "$long" '%s%n'; do
        serve "$path"
        asks
        stop_server
    done
    fails "bind 0$long: the path is too long" server "0$long"
    fails "bind 0$long: the path is too long" dgram_server "0$long"
    fails "connect 0$long: the path is too long" client "0$long"
    run_limited "$b/dgram_client" "$long" hello # whose own name is longer
    [[ $status == 1 && $stderr == "dgram_client: $long."*": the path is too long" ]]
}

@test "client, dgram_client: without a server there is an error" {
    local program
    echo words >file
    for program in client dgram_client; do
        fails "connect missing: No such file or directory" "$program" missing hello
        fails "connect file: Connection refused" "$program" file hello
        none '*.[0-9]*' # the name of dgram_client
    done
}

@test "client: a server that does not answer, or only in a strange way" {
    at=socket to=(socket)
    strange_servers
}

@test "client: a server that has gone before the request is sent is an error" {
    traced true
    at=socket
    start_peer slam
    run_limited strace -qq -o trace -e inject=sendto:delay_enter=500000 "$b/client" socket
    expect 1 "" "client: send the request: Broken pipe"
    ends "$pid" 0
}

@test "client, dgram_client: an alarm ends them after 10 s" {
    serve datagrams "$b/dgram_server"
    kill -STOP "$server"
    start dgram_client "$b/dgram_client" datagrams hello
    local datagrams=$pid
    at=socket to=(socket)
    deaf_server
    ends "$datagrams" 142
    kill -KILL "$server"
    ends "$server" 137
}

@test "all programs: wrong arguments, a full disk" {
    wrong_arguments <<'END'
server|PATH||a b|--help
dgram_server|PATH||a b|--help
client|PATH [MESSAGE]||a b c|-h
dgram_client|PATH MESSAGE...||a|-h a
END
    local program
    for program in server dgram_server; do
        run_limited "$b/$program" '' # which would be an abstract name
        expect 2 "" "$program: usage: $program PATH"
        cannot_print "$program" socket
    done
    serve
    cannot_print client socket
    stop_server
    for program in duplex pass_descriptor; do # two processes, whose messages may mix
        in_shell '"$1" >/dev/full' "$b/$program"
        [[ $status == 1 && $stderr == "$program: "*"write standard output"*": No space left on device"* ]]
    done
}

datagrams() { # datagrams MESSAGE...: are answered as they should be
    gives "$(yes "$hello" | head -n $#)" dgram_client socket "$@"
}

@test "dgram_server, dgram_client: each datagram arrives by itself; the socket as the server's" {
    serve socket "$b/dgram_server"
    [ "$(stat -c '%F %a' socket)" = "socket 600" ]
    datagrams one '' three $'\e[31mred'
    [ "$(<server.out)" = "listening on socket
message from client: one
message from client: 
message from client: three
message from client: ?[31mred" ]
    none 'socket.*'
    stop_server
}

@test "dgram_server: 255 bytes arrive, more are recognized as too long" {
    local long size
    serve socket "$b/dgram_server"
    printf -v long '%0255d' 0
    datagrams "$long"
    for size in 256 300; do
        gives "message from server: refused: more than 255 bytes
$hello" dgram_client socket "$(printf '%0*d' "$size" 0)" next
    done
    [ "$(grep 'client: 0' server.out)" = "message from client: $long" ]
    stop_server
}

@test "dgram_server: a client that is gone, or that never reads, holds up nobody" {
    serve socket "$b/dgram_server"
    kill -STOP "$server"
    start client "$b/dgram_client" socket hello
    within sleeps "$pid"
    kill -KILL "$pid"
    ends "$pid" 137
    kill -CONT "$server"
    within shows server.err "dgram_server: answer socket.$pid: Connection refused"
    datagrams next
    peer unread
    expect 0 connected ""
    within shows server.err "dgram_server: answer socket.peer: Resource temporarily unavailable"
    datagrams another
    rm "socket.$pid" socket.peer
    stop_server
}

@test "duplex: both ends send 10 MiB at once" {
    run_limited "$b/duplex"
    [ "$(sort <<<"$output")" = "child: 10 MiB sent, 10 MiB received
parent: 10 MiB sent, 10 MiB received" ]
    succeeded
}

@test "duplex: a wrong byte is noticed" {
    "${CXX:-c++}" -std=c++20 -include "$root/tests/wrong_byte.hpp" "$root/domain_sock/duplex.cpp" -o duplex
    run_limited ./duplex
    [[ $status == 1 && $stderr == *": byte "*" is wrong"* ]]
}

@test "duplex: the death of one end ends the other" {
    traced true
    start duplex strace -qq -o trace -e inject=sendto:signal=KILL:when=20 "$b/duplex" # the parent, without -f
    ends "$pid" 137
    within grep -qs '^duplex: child: ' duplex.err
    [ ! -s duplex.out ]
}

@test "pass_descriptor: the receiver reads a file that it could not open" {
    gives "receiver: read through the descriptor: Hello World" pass_descriptor
}
