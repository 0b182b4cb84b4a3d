#!/usr/bin/env bats
load helpers
load servers

b=$bin/tcp

serve() { # serve [PORT [ADDRESS]]: see servers.bash
    start server "$b/server" "${@:-0}"
    server=$pid
    within grep -qsE '^listening on [^ ]+ port [1-9]' server.out
    at=$(sed -n '1s/.* port //p' server.out)
    to=(127.0.0.1 "$at")
}
stop_server() { # by Ctrl-C
    kill -INT "$server"
    ends "$server" 130
}
asks_at() { # asks_at HOST: as asks, by another name of the server
    local to=("$1" "$at")
    asks
}
listens_on() { # listens_on HEX-ADDRESS
    grep -q " $1:$(printf '%04X' "$at") " /proc/net/tcp
}

@test "server, client: the conversation, by name and by number" {
    serve
    [ "$(<server.out)" = "listening on 127.0.0.1 port $at" ]
    asks 'another message'
    asks_at localhost
    stop_server
    [ ! -s server.err ]
}

@test "server: only this machine reaches it, unless an address says otherwise" {
    serve
    listens_on 0100007F
    stop_server
    serve 0 0.0.0.0
    listens_on 00000000
    asks
    stop_server
}

@test "server, client: IPv6, and with :: both" {
    [ -s /proc/net/if_inet6 ] || skip "no IPv6 here"
    serve 0 ::1
    asks_at ::1
    stop_server
    serve 0 ::
    asks_at ::1
    asks_at 127.0.0.1
    stop_server
}

@test "server: its own port again, while an old connection lingers" {
    serve
    start_peer silent
    kill_child # whose end of the connection lingers, since it has closed it first
    kill "$pid"
    stop_server
    serve "$at"
    asks again
    fails "bind 127.0.0.1 port $at: Address already in use" server "$at"
    stop_server
}

@test "server: 1000 clients in a row, 200 at once, and no zombie" { many_clients; }
@test "server: a request may come in pieces, has at most 255 bytes, and upsets no terminal" { requests; }
@test "server: a silent client is dropped after 5 s, and holds up nobody" { silent_client; }
@test "server: clients that flood or vanish hold up nobody" { rude_clients; }
@test "server: its child does not listen when it is dead" { child_apart; }

@test "client: tries every address of a name" {
    unshare -rm true 2>/dev/null || skip "may not have a name of its own"
    local first second
    serve
    for first in 1 2; do
        second=$((3 - first))
        printf '127.0.0.%s two\n' "$first" "$second" >hosts
        run_limited unshare -rm sh -c 'mount --bind hosts /etc/hosts && exec "$1" two "$2"' \
            sh "$b/client" "$at"
        expect 0 "$hello" ""
    done
    stop_server
}

@test "client: a refused connection, an unknown host" {
    serve
    stop_server
    fails "connect 127.0.0.1 port $at: Connection refused" client "${to[@]}"
    run_limited "$b/client" host.invalid "$at"
    [[ $status == 1 && $stderr == "client: host.invalid port $at: "* ]]
}

@test "client: a server that does not answer, or only in a strange way" {
    serve
    stop_server
    strange_servers
}

@test "client: an alarm ends it after 10 s, whoever is silent" {
    serve
    stop_server
    deaf_server
}

@test "server, client: wrong arguments, a full disk" {
    local number
    wrong_arguments <<'END'
server|PORT [ADDRESS]||0 127.0.0.1 more
client|HOST PORT [MESSAGE]||localhost|localhost 0 a b
END
    for number in 65536 -1; do
        run_limited "$b/server" "$number"
        expect 2 "" "server: $number: not a port number (0 to 65535)"
        run_limited "$b/client" localhost "$number"
        expect 2 "" "client: $number: not a port number (0 to 65535)"
    done
    fails "127.0.0.1 port http: Name or service not known" server http
    fails "nonsense port 0: Name or service not known" server 0 nonsense
    cannot_print server 0
    serve
    cannot_print client "${to[@]}"
    stop_server
}

@test "server, client: those of domain_sock and of tcp differ only by the address" {
    local program
    code_of() { grep -v '^//' "$root/$1/$program.cpp"; }
    for program in server client; do
        diff <(code_of domain_sock) <(code_of tcp) >differences ||
            run ! grep -E '^[<>] .*(recv|send|fork|accept|alarm|"message)' differences
    done
}
