# servers.bash - what the tests of servers share
#
# The servers of domain_sock and tcp differ only by the address. Their files define `serve`, which starts a
# server and sets $server to its process, $at to its path or port, and "${to[@]}" to what a client needs to
# reach it; and `stop_server`. The functions from many_clients on are bodies of tests that both files have.

load programs
export BATS_TEST_TIMEOUT=180 # on a busy machine
hello='message from server: hello from server'

setup_file() { "${CXX:-c++}" -std=c++20 -o "$BATS_FILE_TMPDIR/peer" "$root/tests/peer.cpp"; }

peer() { run_limited "$BATS_FILE_TMPDIR/peer" "$at" "$@"; } # peer MODE [TEXT...]

start_peer() { # start_peer MODE [TEXT...]: in the background; a silent one waits for the FIFO keys
    [[ -p keys ]] || mkfifo keys
    start "$1" "$BATS_FILE_TMPDIR/peer" "$at" "$@" <>keys
    within grep -qxE 'ready|connected' "$1.out"
}

asks() { # asks [MESSAGE [SHOWN]]: a client is served as it should be
    gives "$hello" client "${to[@]}" ${1+"$1"}
    within shows server.out "message from client: ${2-${1-hello from a client}}"
}

children() { # children COUNT: the server has so many, zombies included
    [ "$(wc -w <"/proc/$server/task/$server/children")" -eq "$1" ]
}

kill_child() { # the server's only one
    within children 1
    xargs kill <"/proc/$server/task/$server/children"
    within children 0
}

took() { # took LEAST MOST: so many microseconds, since $begin
    local took=$((${EPOCHREALTIME/./} - begin))
    echo "took $took us"
    ((took > $1 && took < $2))
}

at_once() { # at_once COUNT PROGRAM [ARG...]: clients, each of which gets its answer; {} is its number
    LIMIT=30 in_shell 'seq "$1" | xargs -P "$1" -I {} "${@:2}"' "$1" "$b/$2" "${@:3}"
    expect 0 "$(yes "$hello" | head -n "$1")" ""
}

many_clients() {
    local count=1000
    ! grep -q __asan_init "$b/server" || count=100 # whose processes take their time
    serve
    LIMIT=60 peer row "$count"
    expect 0 "$(yes 'hello from server' | head -n "$count")" ""
    within children 0 # a zombie would count
    at_once 200 client "${to[@]}" 'number {}'
    [ "$(grep '^message' server.out | sort -u | wc -l)" -eq 201 ]
    stop_server
}

requests() {
    local long
    printf -v long '%0255d' 0
    serve
    peer pieces 'in ' 'three ' 'pieces'
    expect 0 $'connected\nhello from server' ""
    shows server.out "message from client: in three pieces"
    asks $'red \e[31m bell \a' 'red ?[31m bell ?'
    asks 'grün'
    asks "$long"
    run_limited "$b/client" "${to[@]}" "0$long"
    [[ $status == 1 && $stderr == "client: receive the answer: "* ]]
    within shows server.err "server: request refused: more than 255 bytes"
    run ! grep "0$long" server.out
    asks next
    stop_server
}

silent_client() {
    serve
    local begin=${EPOCHREALTIME/./}
    start_peer silent
    asks next
    within children 1
    within children 0
    took 4000000 8000000
    kill "$pid"
    stop_server
}

rude_clients() {
    serve
    start_peer flood
    peer vanish hello
    asks next
    ends "$pid" 1 # the server has closed the connection
    asks another
    stop_server
}

child_apart() {
    serve
    start_peer silent
    kill_child
    kill "$pid"
    asks
    start_peer silent
    within children 1
    kill -KILL "$server"
    ends "$server" 137
    run_limited "$b/client" "${to[@]}"
    [[ $status == 1 && $stderr == "client: connect "*": Connection refused" ]]
    kill "$pid"
}

strange_servers() { # nobody may be at $at yet
    start_peer serve
    fails "receive the answer: end of file" client "${to[@]}"
    ends "$pid" 0
    rm -f "$at"
    start_peer serve $'\e[31mred' ' in pieces'
    gives "message from server: ?[31mred in pieces" client "${to[@]}"
    ends "$pid" 0
}

deaf_server() {
    start_peer deaf
    local begin=${EPOCHREALTIME/./}
    run_limited "$b/client" "${to[@]}"
    took 9900000 14000000
    expect 142 "" ""
    kill "$pid"
}
