#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=120 # on a busy machine

b=$bin/tcp

# serve [ARG...]: a server at any port; its pid is in $server, the port in $port
serve() {
    start server "$b/server" "$@" 0
    adopt
    within grep -q '^listening on .* port [1-9]' server.out
    port=$(sed -n 's/^listening on .* port //p' server.out)
}

adopt() { server=$pid; } # what was started last is the server

stop() {
    kill "$server"
    ends "$server" 0
}

# peer LINE: a line of perl with a socket $s that is connected to the server
connected='use Socket; sub to { my $s; socket($s, PF_INET, SOCK_STREAM, 0) or die; connect($s, sockaddr_in(shift, INADDR_LOOPBACK)) or die "connect: $!\n"; select((select($s), $| = 1)[0]); $s } $| = 1; $p = shift;'
peer() { run_limited perl -e "$connected \$s = to(\$p); $1" "$port"; }

children_are() { [ "$(wc -w <"/proc/$server/task/$server/children")" -eq "$1" ]; }

@test "server, client: the conversation, by name and by number" {
    serve
    local host
    for host in localhost 127.0.0.1; do
        run_limited "$b/client" "$host" "$port"
        expect 0 "message from server: hello from server" ""
    done
    run_limited "$b/client" 127.0.0.1 "$port" "and one more"
    expect 0 "message from server: hello from server" ""
    stop
    [ "$(cat server.out)" = "listening on 127.0.0.1 port $port
message from client: hello from a client
message from client: hello from a client
message from client: and one more" ]
    [ ! -s server.err ]
}

@test "server -a: IPv6, and both at once" {
    perl -MSocket=:all -e 'socket($s, PF_INET6, SOCK_STREAM, 0) && bind($s, pack_sockaddr_in6(0, IN6ADDR_LOOPBACK)) || exit 1' ||
        skip "no IPv6 here"
    serve -a ::1
    run_limited "$b/client" ::1 "$port"
    expect 0 "message from server: hello from server" ""
    run_limited "$b/client" 127.0.0.1 "$port"
    expect 1 "" "client: connect 127.0.0.1 port $port: Connection refused"
    stop
    [ "$(sed 1q server.out)" = "listening on ::1 port $port" ]
    serve -a ::
    for host in ::1 127.0.0.1 localhost; do
        run_limited "$b/client" "$host" "$port"
        expect 0 "message from server: hello from server" ""
    done
    stop
}

@test "server: only this machine reaches it, unless -a says otherwise" {
    serve
    grep -q " 0100007F:$(printf %04X "$port") 00000000:0000 0A " /proc/net/tcp
    stop
    serve -a 0.0.0.0
    grep -q " 00000000:$(printf %04X "$port") 00000000:0000 0A " /proc/net/tcp
    stop
}

@test "server: its own port again, while old connections linger" {
    serve
    start slow perl -e "$connected "'$s = to($p); <$s>' "$port" </dev/null
    within children_are 1
    # The side that closes first is left in TIME_WAIT, 06.
    kill -KILL "$(tr -d ' ' <"/proc/$server/task/$server/children")"
    ends "$pid" 0
    stop
    grep -q " 0100007F:$(printf %04X "$port") [0-9A-F:]* 06 " /proc/net/tcp
    start again "$b/server" "$port"
    within shows again.out "listening on 127.0.0.1 port $port"
    run_limited "$b/server" "$port"
    expect 1 "" "server: bind 127.0.0.1 port $port: Address already in use"
    kill "$pid"
    ends "$pid" 0
}

@test "server: a request in pieces, empty, of any bytes, of 255 and of 256" {
    serve
    peer 'for (split //, "in pieces") { syswrite $s, $_; do { $n = pack "i", 0; ioctl($s, 0x5411, $n) } while unpack "i", $n } shutdown $s, 1; print <$s>'
    expect 0 "hello from server" ""
    run_limited "$b/client" localhost "$port" ''
    expect 0 "message from server: hello from server" ""
    run_limited "$b/client" localhost "$port" $'tab\there\e[31m \xff%s%n'
    expect 0 "message from server: hello from server" ""
    peer 'send $s, "urgent", MSG_OOB; print $s " and more"; shutdown $s, 1; print <$s>'
    expect 0 "hello from server" ""
    local most
    most=$(head -c 255 /dev/zero | tr '\0' x)
    run_limited "$b/client" localhost "$port" "$most"
    expect 0 "message from server: hello from server" ""
    run_limited "$b/client" localhost "$port" "${most}x"
    expect 1 "message from server: refused: longer than 255 bytes" "client: the server has refused the message"
    run_limited "$b/client" localhost "$port" "$(head -c 100000 /dev/zero | tr '\0' x)"
    expect 1 "message from server: refused: longer than 255 bytes" "client: the server has refused the message"
    peer 'for (1, 2) { syswrite $s, "x" x 200; do { $n = pack "i", 0; ioctl($s, 0x5411, $n) } while unpack "i", $n } shutdown $s, 1; print <$s>'
    expect 0 "refused: longer than 255 bytes" ""
    stop
    [ "$(sed 1d server.out)" = "message from client: in pieces
message from client: 
message from client: tab\\x09here\\x1b[31m \\xff%s%n
message from client: urgen and more
message from client: $most" ] # the last byte of what is sent urgently travels apart
    [ ! -s server.err ]
}

@test "server: clients that go away, in each phase, hurt nobody" {
    serve
    peer ''
    # A reset in the midst of a request: half of it is not taken for a whole one.
    peer 'print $s "half"; setsockopt $s, SOL_SOCKET, SO_LINGER, pack "ii", 1, 0; close $s'
    within shows server.err "server: receive a request: Connection reset by peer"
    run_limited "$b/client" localhost "$port"
    expect 0 "message from server: hello from server" ""
    stop
    refused grep half server.out
}

@test "server: silent, trickling and flooding clients are dropped after 5 seconds, others served meanwhile" {
    serve
    start silent perl -e "$connected "'$s = to($p); print "end\n" if !sysread $s, $_, 1' "$port" </dev/null
    local silent=$pid
    start trickle perl -e "$connected "'$SIG{PIPE} = "IGNORE"; $s = to($p); 1 while syswrite($s, "x") && !select undef, undef, undef, .2; print "end\n"' "$port" </dev/null
    local trickle=$pid
    start flood perl -e "$connected "'$SIG{PIPE} = "IGNORE"; $s = to($p); 1 while syswrite $s, "x" x 65536; print "end\n"' "$port" </dev/null
    local flood=$pid
    for _ in 1 2 3; do
        run_limited "$b/client" localhost "$port"
        expect 0 "message from server: hello from server" ""
    done
    refused gone "$silent" # it has not been waited for
    ends "$silent" 0
    ends "$trickle" 0
    ends "$flood" 0
    [ "$(cat silent.out trickle.out flood.out)" = $'end\nend\nend' ]
    [ "$(grep -cx 'server: a client is dropped: not done within 5 s' server.err)" -eq 3 ]
    stop
}

@test "server: 300 clients in a row, 200 at once; no zombie is left" {
    serve
    export LIMIT=50
    in_shell 'for ((i = 0; i < 300; ++i)); do "$1" localhost "$2" || exit; done | sort | uniq -c | tr -s " "' "$b/client" "$port"
    expect 0 " 300 message from server: hello from server" ""
    in_shell 'seq 200 | xargs -P 200 -I {} "$1" localhost "$2" "number {}" | sort | uniq -c | tr -s " "' "$b/client" "$port"
    expect 0 " 200 message from server: hello from server" ""
    [ "$(sed -n 's/message from client: number //p' server.out | sort -n)" = "$(seq 200)" ]
    within children_are 0
    stop
}

@test "server: at most 64 children, the rest wait their turn" {
    mkfifo hold
    serve
    start idle perl -e "$connected "'push @all, to($p) for 1 .. 70; print "connected\n"; <STDIN>' "$port" <>hold
    local idle=$pid
    within shows idle.out connected
    within children_are 64
    start client "$b/client" localhost "$port"
    ends "$pid" 0 # when the first 64 have been dropped
    [ "$(cat client.out)" = "message from server: hello from server" ]
    within eval '[ "$(grep -c dropped server.err)" -ge 64 ]'
    kill "$idle"
    within gone "$idle"
    within children_are 0
    stop
}

@test "server, client: the signals they count on are let in, even if blocked at the start" {
    start server env --block-signal=TERM,CHLD,ALRM "$b/server" 0
    adopt
    within grep -q '^listening on .* port [1-9]' server.out
    run_limited env --block-signal=ALRM "$b/client" 127.0.0.1 "$(sed 's/.* port //' server.out)"
    expect 0 "message from server: hello from server" ""
    within children_are 0
    [[ $(grep '^SigBlk' "/proc/$server/status") == *$'\t'0000000000000000 ]]
    stop
}

@test "server: ends by each signal; a child that is being served is not ended with it" {
    mkfifo hold
    local signal child
    for signal in HUP INT QUIT TERM; do
        serve
        kill "-$signal" "$server"
        ends "$server" 0
    done
    serve
    start slow perl -e "$connected "'$s = to($p); print $s "late"; <STDIN>; shutdown $s, 1; print <$s>' "$port" <>hold
    within children_are 1
    child=$(tr -d " " <"/proc/$server/task/$server/children")
    kill -INT "$server" "$child" # as Ctrl-C would
    ends "$server" 0
    echo >hold
    ends "$pid" 0
    within gone "$child"
    [ "$(cat slow.out)" = "hello from server" ]
    grep -qx 'message from client: late' server.out
}

@test "client: a refused connection, an unknown host, a reset, no answer, one too long" {
    serve
    stop
    run_limited "$b/client" 127.0.0.1 "$port"
    expect 1 "" "client: connect 127.0.0.1 port $port: Connection refused"
    run_limited "$b/client" host.invalid 80
    [ "$status" -eq 1 ]
    [[ $stderr == "client: host host.invalid: "* ]]
    run_limited "$b/client" '' 80
    [ "$status" -eq 1 ]
    [[ $stderr == "client: "* ]]
    # fake LINE: a server that accepts one connection as $c and does LINE
    fake() {
        start fake perl -e 'use Socket; socket($l, PF_INET, SOCK_STREAM, 0); bind($l, sockaddr_in(0, INADDR_LOOPBACK)) or die; listen $l, 5; $| = 1; print +(sockaddr_in(getsockname $l))[0], "\n"; accept $c, $l; select((select($c), $| = 1)[0]); undef $/;'"$1"
        within test -s fake.out
        run_limited "$b/client" 127.0.0.1 "$(cat fake.out)"
        ends "$pid" 0
    }
    local at
    fake '<$c>; setsockopt $c, SOL_SOCKET, SO_LINGER, pack "ii", 1, 0; close $c'
    at="127.0.0.1 port $(cat fake.out)"
    expect 1 "" "client: receive from $at: Connection reset by peer"
    fake '<$c>; print $c "hel"; setsockopt $c, SOL_SOCKET, SO_LINGER, pack "ii", 1, 0; close $c'
    at="127.0.0.1 port $(cat fake.out)"
    expect 1 "" "client: receive from $at: Connection reset by peer"
    fake '<$c>'
    at="127.0.0.1 port $(cat fake.out)"
    expect 1 "" "client: receive from $at: end of file before an answer"
    fake '<$c>; print $c "x" x 256'
    at="127.0.0.1 port $(cat fake.out)"
    expect 1 "" "client: receive from $at: longer than 255 bytes"
    fake '<$c>; for (split //, "in pieces") { syswrite $c, $_; do { $n = pack "i", 0; ioctl($c, 0x5411, $n) } while unpack "i", $n }'
    expect 0 "message from server: in pieces" ""
    fake '<$c>; print $c "\e[31m\0"'
    expect 0 'message from server: \x1b[31m\x00' ""
}

@test "client, server: between two hosts, joined by a cable; and one that drops all packets" {
    local a=a$$ z=z$$
    { ip netns add "$a" && ip netns add "$z"; } 2>/dev/null || skip "no ip(8), or no right to make network namespaces"
    done_with() {
        ip netns delete "$a"
        ip netns delete "$z"
    }
    {
        ip -n "$a" link add cable type veth peer name cable netns "$z" &&
            ip -n "$a" address add 10.77.0.1/24 dev cable && ip -n "$a" link set cable up &&
            ip -n "$z" address add 10.77.0.2/24 dev cable && ip -n "$z" link set cable up
    } || {
        done_with
        skip "network namespaces do not work here"
    }
    start server ip netns exec "$a" "$b/server" -a 10.77.0.1 5050
    adopt
    within shows server.out "listening on 10.77.0.1 port 5050" || {
        done_with
        false
    }
    run_limited ip netns exec "$z" "$b/client" 10.77.0.1 5050 "from far away"
    local answer=$output errors=$stderr
    kill "$server"
    within gone "$server"
    # Without the cable's other end, nothing comes back, not even a refusal.
    ip -n "$a" link set cable down
    ip -n "$z" neighbour replace 10.77.0.1 lladdr 02:00:00:00:00:01 dev cable
    SECONDS=0
    run --separate-stderr timeout 20 ip netns exec "$z" "$b/client" 10.77.0.1 5050
    done_with
    [ "$answer" = "message from server: hello from server" ]
    [ -z "$errors" ]
    [ "$(cat server.out)" = $'listening on 10.77.0.1 port 5050\nmessage from client: from far away' ]
    [ "$status" -eq 1 ]
    [[ $stderr == "client: 10.77.0.1 port 5050: no answer within 10 s" || $stderr == "client: connect 10.77.0.1 port 5050: "* ]]
    ((SECONDS <= 15))
}

@test "tcp programs: a full disk, closed descriptors, wrong arguments" {
    local bad closed
    run_limited "$b/server"
    expect 2 "" "server: usage: server [-a ADDRESS] PORT"
    run_limited "$b/server" -a 5050
    expect 2 "" "server: usage: server [-a ADDRESS] PORT"
    run_limited "$b/client" localhost
    expect 2 "" "client: usage: client HOST PORT [MESSAGE]"
    for bad in -1 x 1x '' 65536 70000; do
        run_limited "$b/server" "$bad"
        expect 2 "" "server: $bad: not a number from 0 to 65535"
        run_limited "$b/client" localhost "$bad"
        expect 2 "" "client: $bad: not a number from 1 to 65535"
    done
    run_limited "$b/client" localhost 0
    expect 2 "" "client: 0: not a number from 1 to 65535"
    run_limited "$b/server" -a no.name 0
    [ "$status" -eq 1 ]
    [[ $stderr == "server: address no.name: "* ]]
    run_limited "$b/server" -a 192.0.2.1 0
    expect 1 "" "server: bind 192.0.2.1 port 0: Cannot assign requested address"
    in_shell '"$1" 0 >/dev/full' "$b/server"
    expect 1 "" "server: write standard output: No space left on device"
    for closed in '0 <&-' '1 >&-'; do
        in_shell "\"\$1\" 0 ${closed#* }" "$b/server"
        expect 1 "" "server: standard descriptor ${closed%% *}: Bad file descriptor"
    done
    serve
    in_shell '"$1" localhost "$2" >/dev/full' "$b/client" "$port"
    expect 1 "" "client: write standard output: No space left on device"
    in_shell '"$1" localhost "$2" >&-' "$b/client" "$port"
    expect 1 "" "client: write standard output: Bad file descriptor"
    stop
}
