#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 # on a busy machine

b=$bin/tcp
full='write standard output: No space left on device'
hello='message from server: hello from server'

setup_file() {
    "${CXX:-c++}" -std=c++20 -o "$BATS_FILE_TMPDIR/peer" \
        "$BATS_TEST_DIRNAME/peer.cpp"
}
peer() { run_limited "$BATS_FILE_TMPDIR/peer" "$@"; }

serve() { # serve [PORT [ADDRESS]]: $server is its process, $port its port
    start server "$b/server" "${@:-0}"
    server=$pid
    within grep -qsE '^listening on [^ ]+ port [1-9]' server.out
    port=$(sed -n '1s/.* port //p' server.out)
}
asks() { # asks HOST [MESSAGE [SHOWN]]: a client is served as it should be
    run_limited "$b/client" "$1" "$port" ${2+"$2"}
    expect 0 "$hello" ""
    within shows server.out "message from client: ${3-${2-hello from a client}}"
}
stop_server() {
    kill -s "${1:-TERM}" "$server"
    ends "$server" "$((128 + $(kill -l "${1:-TERM}")))"
}
children() { tr ' ' '\n' <"/proc/$server/task/$server/children" | grep -c .; }

@test "server, client: the conversation, by name and by number" {
    serve
    [ "$(<server.out)" = "listening on 127.0.0.1 port $port" ]
    asks localhost
    asks 127.0.0.1 'another message'
    stop_server INT
    [ ! -s server.err ]
}

@test "server: its own port again, while old connections linger" {
    serve
    asks localhost
    stop_server
    serve "$port"
    asks localhost again
    run_limited "$b/server" "$port"
    expect 1 "" "server: bind 127.0.0.1 port $port: Address already in use"
    stop_server
}

@test "server: only this machine reaches it, unless an address says otherwise" {
    serve
    grep -q " 0100007F:$(printf '%04X' "$port") " /proc/net/tcp
    stop_server
    serve 0 0.0.0.0
    grep -q " 00000000:$(printf '%04X' "$port") " /proc/net/tcp
    asks 127.0.0.1
    stop_server
}

@test "server, client: IPv6, and with :: both" {
    [ -s /proc/net/if_inet6 ] || skip "no IPv6 here"
    serve 0 ::1
    asks ::1
    stop_server
    serve 0 ::
    asks ::1
    asks 127.0.0.1
    stop_server
}

@test "client: tries every address of a name" {
    unshare -rm true 2>/dev/null || skip "may not have a name of its own"
    printf '127.0.0.%s two\n' 1 2 >one_two
    printf '127.0.0.%s two\n' 2 1 >two_one
    serve
    local hosts
    for hosts in one_two two_one; do
        run_limited unshare -rm sh -c \
            'mount --bind "$1" /etc/hosts && exec "$2" two "$3"' \
            sh "$PWD/$hosts" "$b/client" "$port"
        expect 0 "$hello" ""
    done
    stop_server
}

@test "server: 1000 clients in a row, 200 at once, and no zombie" {
    local i pids=()
    local count=1000
    ! grep -q __asan_init "$b/server" || count=100 # whose processes take their time
    serve
    start row "$BATS_FILE_TMPDIR/peer" "$port" row "$count"
    until gone "$pid"; do ps -o stat= --ppid "$server" >>states || true; done
    ends "$pid" 0
    run ! grep Z states
    [ "$(sort row.out | uniq -c | tr -s ' ')" = " $count hello from server" ]
    for i in {1..200}; do
        timeout 30 "$b/client" 127.0.0.1 "$port" "$i" >"answer.$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(sort answer.* | uniq -c | tr -s ' ')" = " 200 $hello" ]
    stop_server
}

@test "server: a request may come in pieces; 255 bytes, not 256" {
    local long
    serve
    peer "$port" pieces 'in ' 'three ' 'pieces'
    expect 0 $'connected\nhello from server' ""
    shows server.out "message from client: in three pieces"
    printf -v long '%0255d' 0
    asks 127.0.0.1 "$long"
    run_limited "$b/client" 127.0.0.1 "$port" "0$long"
    [ "$status" -eq 1 ]
    [[ $stderr == "client: receive the answer: "* ]]
    within shows server.err "server: request refused: more than 255 bytes"
    asks 127.0.0.1 $'\e[31mred' '?[31mred'
    stop_server
}

@test "server: a silent client is dropped after 5 s, and holds up nobody" {
    serve
    mkfifo keys
    start silent "$BATS_FILE_TMPDIR/peer" "$port" silent <>keys
    within shows silent.out connected
    local begin=$EPOCHREALTIME
    asks 127.0.0.1 next
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
    start flood "$BATS_FILE_TMPDIR/peer" "$port" flood
    within shows flood.out connected
    peer "$port" vanish hello
    asks 127.0.0.1 next
    ends "$pid" 1
    stop_server
}

@test "client: a refused connection, an unknown host, no answer" {
    serve
    stop_server
    run_limited "$b/client" 127.0.0.1 "$port"
    expect 1 "" "client: connect 127.0.0.1 port $port: Connection refused"
    run_limited "$b/client" host.invalid "$port"
    [ "$status" -eq 1 ]
    [[ $stderr == "client: host.invalid port $port: "* ]]
    start strange "$BATS_FILE_TMPDIR/peer" "$port" serve
    within shows strange.out ready
    run_limited "$b/client" 127.0.0.1 "$port"
    expect 1 "" "client: receive the answer: end of file"
    ends "$pid" 0
}

@test "client: an alarm ends it after 10 s, whoever is silent" {
    serve
    stop_server
    start deaf "$BATS_FILE_TMPDIR/peer" "$port" deaf
    within shows deaf.out ready
    local begin=$EPOCHREALTIME took
    run_limited "$b/client" 127.0.0.1 "$port"
    [ "$status" -eq 142 ]
    took=$((${EPOCHREALTIME/./} - ${begin/./}))
    ((took > 9900000 && took < 14000000))
    kill "$pid"
    within gone "$pid"
}

@test "tcp programs: wrong arguments, a full disk" {
    run_limited "$b/server"
    expect 2 "" "server: usage: server PORT [ADDRESS]"
    run_limited "$b/client" localhost
    expect 2 "" "client: usage: client HOST PORT [MESSAGE]"
    run_limited "$b/server" http
    expect 1 "" "server: 127.0.0.1 port http: Name or service not known"
    for number in 65536 -1; do
        run_limited "$b/server" "$number"
        expect 2 "" "server: $number: not a port number (0 to 65535)"
        run_limited "$b/client" localhost "$number"
        expect 2 "" "client: $number: not a port number (0 to 65535)"
    done
    run_limited "$b/server" 0 nonsense
    expect 1 "" "server: nonsense port 0: Name or service not known"
    in_shell '"$1" 0 >/dev/full' "$b/server"
    expect 1 "" "server: $full"
    serve
    in_shell '"$1" localhost "$2" >/dev/full' "$b/client" "$port"
    expect 1 "" "client: $full"
    stop_server
}

@test "domain_sock and tcp: the servers differ only by the address" {
    local program
    for program in server client; do
        diff <(grep -v '^//' "$root/domain_sock/$program.cpp") \
            <(grep -v '^//' "$root/tcp/$program.cpp") |
            grep -E '^[<>] .*(recv|send|fork|accept|alarm|"message)' \
                >differences || true
        cat differences
        [ ! -s differences ]
    done
}
