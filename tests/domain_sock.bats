#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=120 # on a busy machine

b=$bin/domain_sock

# serve [NAME]: a server at the socket d, whose pid is then in $server
serve() {
    start server "$b/${1:-server}" d
    adopt
    within shows server.out "listening on d"
}

adopt() { server=$pid; } # what was started last is the server

stop() {
    kill "$server"
    ends "$server" 0
    [ ! -e d ]
}

# peer: a line of perl with a connected socket $s; what it prints is the client's side.
peer() { run_limited perl -MSocket -e 'socket($s, PF_UNIX, SOCK_STREAM, 0) or die; connect($s, sockaddr_un("d")) or die "connect: $!\n"; $| = 1; select((select($s), $| = 1)[0]); '"$1"; }

@test "server, client: the conversation" {
    serve
    run_limited "$b/client" d
    expect 0 "message from server: hello from server" ""
    run_limited "$b/client" d "and one more"
    expect 0 "message from server: hello from server" ""
    [ "$(stat -c %A d)" = srw------- ]
    stop
    [ "$(cat server.out)" = "listening on d
message from client: hello from a client
message from client: and one more" ]
    [ ! -s server.err ]
}

@test "server: a request in pieces, empty, of any bytes, of 255 and of 256" {
    serve
    # Each piece is sent when the one before has been taken (SIOCOUTQ is 0).
    peer 'for (split //, "in pieces") { syswrite $s, $_; do { $n = pack "i", 0; ioctl($s, 0x5411, $n) } while unpack "i", $n } shutdown $s, 1; print <$s>'
    expect 0 "hello from server" ""
    run_limited "$b/client" d ''
    expect 0 "message from server: hello from server" ""
    run_limited "$b/client" d $'tab\there\e[31m \xff%s%n'
    expect 0 "message from server: hello from server" ""
    peer 'print $s "nul\0and\ntwo lines\n"; shutdown $s, 1; print <$s>'
    expect 0 "hello from server" ""
    local most
    most=$(head -c 255 /dev/zero | tr '\0' x)
    run_limited "$b/client" d "$most"
    expect 0 "message from server: hello from server" ""
    run_limited "$b/client" d "${most}x"
    expect 1 "message from server: refused: longer than 255 bytes" "client: the server has refused the message"
    run_limited "$b/client" d "$(head -c 100000 /dev/zero | tr '\0' x)"
    expect 1 "message from server: refused: longer than 255 bytes" "client: the server has refused the message"
    peer 'for (1, 2) { syswrite $s, "x" x 200; do { $n = pack "i", 0; ioctl($s, 0x5411, $n) } while unpack "i", $n } shutdown $s, 1; print <$s>'
    expect 0 "refused: longer than 255 bytes" ""
    stop
    [ "$(cat server.out)" = "listening on d
message from client: in pieces
message from client: 
message from client: tab\\x09here\\x1b[31m \\xff%s%n
message from client: nul\\x00and\\x0atwo lines\\x0a
message from client: $most" ]
    [ ! -s server.err ]
}

@test "server: clients that go away, in each phase, hurt nobody" {
    serve
    peer ''
    peer 'print $s "half"; close $s'
    # A client that does not want the answer: it closes its receiving side.
    peer 'print $s "no answer"; shutdown $s, 0; shutdown $s, 1'
    run_limited "$b/client" d
    expect 0 "message from server: hello from server" ""
    stop
}

@test "server: silent and trickling clients are dropped after 5 seconds, others are served meanwhile" {
    serve
    start silent perl -MSocket -e 'socket($s, PF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("d")); print "end\n" if !sysread $s, $_, 1' </dev/null
    local silent=$pid
    start trickle perl -MSocket -e '$SIG{PIPE} = "IGNORE"; socket($s, PF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("d")); 1 while syswrite($s, "x") && !select undef, undef, undef, .2; print "end\n"' </dev/null
    local trickle=$pid
    start flood perl -MSocket -e '$SIG{PIPE} = "IGNORE"; socket($s, PF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("d")); 1 while syswrite $s, "x" x 65536; print "end\n"' </dev/null
    local flood=$pid
    for _ in 1 2 3; do
        run_limited "$b/client" d
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
    in_shell 'for ((i = 0; i < 300; ++i)); do "$1" d || exit; done | sort | uniq -c | tr -s " "' "$b/client"
    expect 0 " 300 message from server: hello from server" ""
    in_shell 'seq 200 | xargs -P 200 -I {} "$1" d "number {}" | sort | uniq -c | tr -s " "' "$b/client"
    expect 0 " 200 message from server: hello from server" ""
    [ "$(sed -n 's/message from client: number //p' server.out | sort -n)" = "$(seq 200)" ]
    within children_are 0
    stop
}

children_are() { [ "$(wc -w <"/proc/$server/task/$server/children")" -eq "$1" ]; }

@test "server: at most 64 children, the rest wait their turn" {
    mkfifo hold
    serve
    start idle perl -MSocket -e 'for (1 .. 70) { socket($s, PF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("d")) or die; push @all, $s; undef $s } $| = 1; print "connected\n"; <STDIN>' <>hold
    local idle=$pid
    within shows idle.out connected
    within children_are 64
    start client "$b/client" d
    local client=$pid
    # The first 64 are dropped, and then it is the others' turn.
    ends "$client" 0
    [ "$(cat client.out)" = "message from server: hello from server" ]
    within eval '[ "$(grep -c dropped server.err)" -ge 64 ]'
    kill "$idle"
    within gone "$idle"
    within children_are 0
    stop
}

@test "server: a child that is being served is not ended with the server" {
    mkfifo hold
    serve
    start slow perl -MSocket -e 'socket($s, PF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("d")); syswrite $s, "late"; <STDIN>; shutdown $s, 1; print <$s>' <>hold
    local slow=$pid
    within children_are 1
    local child
    child=$(tr -d " " <"/proc/$server/task/$server/children")
    kill -INT "$server" "$child" # as Ctrl-C would
    ends "$server" 0
    [ ! -e d ]
    echo >hold
    ends "$slow" 0
    within gone "$child"
    grep -q 'hello from server' slow.out
    grep -qx 'message from client: late' server.out
}

@test "server, dgram_server, client: the signals they count on are let in, even if blocked at the start" {
    local name
    for name in server dgram_server; do
        start server env --block-signal=TERM,CHLD,ALRM "$b/$name" d
        within shows server.out "listening on d"
        adopt
        if [ "$name" = server ]; then
            run_limited env --block-signal=ALRM "$b/client" d
            expect 0 "message from server: hello from server" ""
            within children_are 0
        fi
        # So that a child's alarm comes, too. The other server sets none.
        [[ $name != server || $(grep '^SigBlk' "/proc/$server/status") == *$'\t'0000000000000000 ]]
        stop
    done
}

@test "server, dgram_server: end by each signal, and remove their socket" {
    local signal name
    for name in server dgram_server; do
        for signal in HUP INT QUIT TERM; do
            serve "$name"
            kill "-$signal" "$server"
            ends "$server" 0
            [ ! -e d ]
        done
    done
    start server sh -c 'trap "" HUP; exec "$1" d' sh "$b/server"
    within shows server.out "listening on d"
    kill -HUP "$pid"
    run_limited "$b/client" d
    expect 0 "message from server: hello from server" ""
    kill "$pid"
    ends "$pid" 0
}

@test "server, dgram_server: what is at the path and is not a stale socket stays" {
    local name
    echo precious >file
    mkfifo fifo
    ln -s file link
    for name in server dgram_server; do
        run_limited "$b/$name" file
        expect 1 "" "$name: bind file: is there and is no socket: left alone"
        run_limited "$b/$name" tmp
        expect 1 "" "$name: bind tmp: is there and is no socket: left alone"
        run_limited "$b/$name" fifo
        expect 1 "" "$name: bind fifo: is there and is no socket: left alone"
        run_limited "$b/$name" link
        expect 1 "" "$name: bind link: is there and is no socket: left alone"
        run_limited "$b/$name" absent/d
        expect 1 "" "$name: open the directory of absent/d: No such file or directory"
        serve "$name"
        run_limited "$b/server" d
        expect 1 "" "server: bind d: Address already in use"
        run_limited "$b/dgram_server" d
        expect 1 "" "dgram_server: bind d: Address already in use"
        kill -KILL "$server"
        ends "$server" 137
        [ -S d ]
        [ ! -s server.err ] # the others have not disturbed it
        serve "$name"
        stop
    done
    [ "$(cat file link)" = $'precious\nprecious' ]
    [ -p fifo ]
}

@test "server, dgram_server: of many that start at once on a stale socket, one lives" {
    local name i round pids
    for name in server dgram_server; do
        for round in 1 2 3; do
            serve "$name"
            kill -KILL "$server"
            ends "$server" 137
            pids=()
            for i in {1..10}; do
                start "server$i" "$b/$name" d
                pids+=("$pid")
            done
            for i in {1..10}; do within eval "gone ${pids[i - 1]} || shows server$i.out 'listening on d'"; done
            [ "$(cat server?.out server10.out)" = "listening on d" ]
            [ "$(cat server?.err server10.err | grep -cx "$name: bind d: Address already in use")" -eq 9 ]
            kill "${pids[@]}" 2>/dev/null || true
            for i in {1..10}; do within gone "${pids[i - 1]}"; done
            [ ! -e d ]
        done
    done
}

@test "servers, clients: a limit on the size of files is an error of the write, and nothing is left" {
    local name
    head -c 1024 /dev/zero >log
    for name in server dgram_server; do
        in_shell 'ulimit -f 1; "$1" d 2>&1 >>log' "$b/$name"
        expect 1 "$name: write standard output: File too large" ""
        [ ! -e d ]
    done
    serve dgram_server
    in_shell 'ulimit -f 1; "$1" d 2>&1 >>log' "$b/dgram_client"
    expect 1 "dgram_client: write standard output: File too large" ""
    none 'd.*'
    stop
}

@test "server: a signal ends it while nobody takes what it prints" {
    mkfifo full
    exec 5<>full
    head -c 65536 /dev/zero >&5
    local name stuck
    for name in server dgram_server; do
        env --default-signal "$b/$name" d >&5 2>/dev/null 3>&- 4>&- &
        stuck=$!
        within test -S d
        within sleeps "$stuck"
        kill "$stuck"
        ends "$stuck" 0
        [ ! -e d ]
    done
    exec 5>&-
}

@test "server, dgram_server: wait for the turn that another has, say so, and can be interrupted" {
    local name turn
    mkfifo hold
    for name in server dgram_server; do
        start turn flock . sh -c 'echo mine; read -r line' <>hold
        turn=$pid
        within shows turn.out mine
        start server "$b/$name" d
        within shows server.err "$name: waiting for a lock on the directory of d; Ctrl-C ends it"
        kill -INT "$pid"
        ends "$pid" 130
        start server "$b/$name" d
        within shows server.err "$name: waiting for a lock on the directory of d; Ctrl-C ends it"
        [ ! -e d ]
        echo >hold
        ends "$turn" 0
        within shows server.out "listening on d"
        adopt
        stop
    done
}

@test "servers, clients: an output that nobody reads is an error of the write, and nothing is left" {
    local broken='pipe R, W; close R; open STDOUT, ">&W"; exec @ARGV' name
    for name in server dgram_server; do
        run_limited perl -e "$broken" "$b/$name" d
        expect 1 "" "$name: write standard output: Broken pipe"
        [ ! -e d ]
    done
    serve dgram_server
    run_limited perl -e "$broken" "$b/dgram_client" d
    expect 1 "" "dgram_client: write standard output: Broken pipe"
    none 'd.*'
    stop
}

@test "server, dgram_server: under nohup a hang-up does not end them" {
    local name
    for name in server dgram_server; do
        start server sh -c 'trap "" HUP; exec "$1" d' sh "$b/$name"
        within shows server.out "listening on d"
        kill -HUP "$pid"
        run_limited "$b/${name/server/client}" d
        expect 0 "message from server: hello from server" ""
        kill "$pid"
        ends "$pid" 0
        [ ! -e d ]
    done
}

@test "server: removes no socket that is not its own any more" {
    local name
    for name in server dgram_server; do
        serve "$name"
        rm d
        echo mine >d
        kill "$server"
        ends "$server" 0
        [ "$(cat d)" = mine ]
        rm d
    done
}

@test "a path is data: formats, spaces, 107 bytes; 108 are refused" {
    local name program
    # shellcheck disable=SC2046
    name=$(printf 'x%.0s' {1..107})
    for program in server dgram_server; do
        start server "$b/$program" '%s %n d'
        within shows server.out "listening on %s %n d"
        kill "$pid"
        ends "$pid" 0
        start server "$b/$program" "$name"
        within shows server.out "listening on $name"
        [ -S "$name" ]
        [ "$program" != server ] || run_limited "$b/client" "$name"
        [ "$program" != server ] || expect 0 "message from server: hello from server" ""
        kill "$pid"
        ends "$pid" 0
    done
    for program in server dgram_server client; do
        run_limited "$b/$program" "${name}x"
        expect 1 "" "$program: ${name}x: a socket's path has 1 to 107 bytes"
        run_limited "$b/$program" ''
        expect 1 "" "$program: : a socket's path has 1 to 107 bytes"
    done
    run_limited "$b/dgram_client" "$name"
    expect 1 "" "dgram_client: $name: with a pid behind it, a socket's path has 3 to 107 bytes"
    none 'xx*'
}

@test "client: no server, a dead one, one that says nothing, too much or only a part" {
    mkfifo hold
    run_limited "$b/client" d
    expect 1 "" "client: connect d: No such file or directory"
    serve
    kill -KILL "$server"
    ends "$server" 137
    run_limited "$b/client" d
    expect 1 "" "client: connect d: Connection refused"
    rm d
    local answer fake='use Socket; socket($l, PF_UNIX, SOCK_STREAM, 0); bind($l, sockaddr_un("d")) or die; listen $l, 5; $| = 1; print "ready\n"; accept $c, $l; undef $/; <$c>; print $c eval shift'
    fake() {
        rm -f d
        start fake perl -e "$fake" "$1"
        within shows fake.out ready
        run_limited "$b/client" d
        ends "$pid" 0
    }
    # One that never answers. The alarm is the client's own, only earlier.
    start deaf perl -MSocket -e 'socket($l, PF_UNIX, SOCK_STREAM, 0); bind($l, sockaddr_un("d")) or die; listen $l, 5; $| = 1; print "ready\n"; accept $c, $l; <STDIN>' <>hold
    local deaf=$pid
    within shows deaf.out ready
    start client "$b/client" d
    within sleeps "$pid"
    ((0x$(sed -n 's/^SigCgt:\t//p' "/proc/$pid/status") & 1 << 13)) # it catches SIGALRM
    kill -ALRM "$pid"
    ends "$pid" 1
    [ "$(cat client.err)" = "client: d: no answer within 10 s" ]
    [ ! -s client.out ]
    kill "$deaf"
    within gone "$deaf"
    fake '""'
    expect 1 "" "client: receive from d: end of file before an answer"
    fake '"x" x 256'
    expect 1 "" "client: receive from d: longer than 255 bytes"
    fake 'eval { for (split //, "in pieces") { syswrite $c, $_; do { $n = pack "i", 0; ioctl($c, 0x5411, $n) } while unpack "i", $n } }; ""'
    expect 0 "message from server: in pieces" ""
    fake '"\e[31m\0"'
    expect 0 'message from server: \x1b[31m\x00' ""
}

@test "dgram: three datagrams, three messages, three answers" {
    serve dgram_server
    run_limited "$b/dgram_client" d one two three
    expect 0 "$(printf 'message from server: hello from server\n%.0s' 1 2 3)" ""
    run_limited "$b/dgram_client" d
    expect 0 "message from server: hello from server" ""
    run_limited "$b/dgram_client" d '' $'\e%s'
    expect 0 "$(printf 'message from server: hello from server\n%.0s' 1 2)" ""
    # shellcheck disable=SC2046
    run_limited "$b/dgram_client" d $(seq 100)
    expect 0 "$(printf 'message from server: hello from server\n%.0s' {1..100})" ""
    stop
    [ "$(cat server.out)" = "$(
        printf '%s\n' 'listening on d' 'message from client: one' \
            'message from client: two' 'message from client: three' 'message from client: hello from a client' \
            'message from client: ' 'message from client: \x1b%s'
        printf 'message from client: %d\n' {1..100}
    )" ]
    none 'd*'
}

@test "dgram: a datagram that is too long is recognised as cut" {
    serve dgram_server
    local most
    most=$(printf 'x%.0s' {1..255})
    run_limited "$b/dgram_client" d "$most" "${most}x" short
    expect 1 "message from server: hello from server
message from server: refused: longer than 255 bytes
message from server: hello from server" "dgram_client: the server has refused a message"
    stop
    [ "$(cat server.out)" = "listening on d
message from client: $most
message from client: short" ]
    [ "$(cat server.err)" = "dgram_server: a datagram is refused: longer than 255 bytes" ]
}

@test "dgram_server: a client without a name, or one that never reads, does not stop it" {
    mkfifo hold
    serve dgram_server
    run_limited perl -MSocket -e 'socket($s, PF_UNIX, SOCK_DGRAM, 0); send $s, "nameless", 0, sockaddr_un("d") or die'
    within grep -qx "dgram_server: no answer: the client's socket has no name" server.err
    start deaf perl -MSocket -e 'socket($s, PF_UNIX, SOCK_DGRAM, 0); bind $s, sockaddr_un("deaf"); for (1 .. 600) { send $s, "deaf", 0, sockaddr_un("d") or die } $| = 1; print "sent\n"; <STDIN>' <>hold
    within shows deaf.out sent
    run_limited "$b/dgram_client" d
    expect 0 "message from server: hello from server" ""
    kill "$pid"
    within gone "$pid"
    grep -qx "dgram_server: send an answer: Resource temporarily unavailable" server.err
    stop
}

@test "dgram_client: removes its name, and only its own, however it ends" {
    mkfifo hold
    local signal name
    run_limited "$b/dgram_client" d
    expect 1 "" "dgram_client: connect d: No such file or directory"
    none 'd*'
    # A socket that nobody reads from.
    start deaf perl -MSocket -e 'socket($s, PF_UNIX, SOCK_DGRAM, 0); bind $s, sockaddr_un("d") or die; $| = 1; print "ready\n"; <STDIN>' <>hold
    local deaf=$pid
    within shows deaf.out ready
    for signal in HUP INT QUIT TERM; do
        start client "$b/dgram_client" d
        name=d.$pid
        within test -S "$name"
        kill "-$signal" "$pid"
        ends "$pid" $((128 + $(kill -l $signal)))
        [ ! -e "$name" ]
    done
    start client "$b/dgram_client" d
    name=d.$pid
    within test -S "$name"
    within sleeps "$pid" # it has seen which file that is
    rm "$name"
    echo mine >"$name"
    kill "$pid"
    ends "$pid" 143
    [ "$(cat "$name")" = mine ]
    rm "$name"
    run_limited "$b/dgram_client" d
    expect 1 "" "dgram_client: not all answers within 5 s"
    kill "$deaf"
    within gone "$deaf"
    rm d
    none 'd.*'
    serve dgram_server
    in_shell '"$1" d one two three | true; echo "${PIPESTATUS[0]}"' "$b/dgram_client"
    none 'd.*'
    stop
}

@test "duplex: both ends send at once" {
    run_limited "$b/duplex"
    expect 0 "child: 10 MiB sent, 10 MiB received, all as it was sent
parent: 10 MiB sent, 10 MiB received, all as it was sent" ""
    run_limited "$b/duplex" 1
    expect 0 "child: 1 MiB sent, 1 MiB received, all as it was sent
parent: 1 MiB sent, 1 MiB received, all as it was sent" ""
    "${CXX:-c++}" -std=c++20 -DMOST=1001 -include "$root/tests/short_calls.hpp" -o short "$root/domain_sock/duplex.cpp"
    run_limited ./short 1
    expect 0 "$output" ""
    "${CXX:-c++}" -std=c++20 -include "$root/tests/wrong_byte.hpp" -o wrong "$root/domain_sock/duplex.cpp"
    run_limited ./wrong 1
    [ "$status" -eq 1 ]
    [[ $stderr == *": received other bytes than were sent, after "* ]]
}

@test "duplex: an end that is killed is noticed by the other" {
    start it "$b/duplex" 1024
    child_of() { child=$(tr -d " " <"/proc/$1/task/$1/children") && [ -n "$child" ]; }
    within child_of "$pid"
    kill -KILL "$child"
    ends "$pid" 1
    grep -qxE 'duplex: parent: (receive: end of file after [0-9]+ bytes|(send|receive): (Broken pipe|Connection reset by peer))' it.err
    start it "$b/duplex" 1024
    within child_of "$pid"
    kill -KILL "$pid"
    within eval "! grep -qs duplex /proc/$child/cmdline"
    ends "$pid" 137
}

@test "pass_descriptor: the receiver reads what it cannot open" {
    run_limited "$b/pass_descriptor"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} =~ ^"receiver: open $TMPDIR/pass_descriptor."......": No such file or directory"$ ]]
    [ "${lines[1]}" = "receiver: read through the descriptor: Hello World" ]
    [ "${#lines[@]}" -eq 2 ]
    [ -z "$stderr" ]
    TMPDIR=/nonexistent run_limited "$b/pass_descriptor"
    [ "$status" -eq 1 ]
    [[ $stderr == "pass_descriptor: create /nonexistent/pass_descriptor."* ]]
}

@test "pass_descriptor: control data that is missing, cut, or holds more than one descriptor" {
    local sent
    for sent in 0 2 7; do
        # The test's sendmsg sends so many descriptors; its exit tells how many are open.
        "${CXX:-c++}" -std=c++20 -DSENT="$sent" -include "$root/tests/send_descriptors.hpp" -o wrong \
            "$root/domain_sock/pass_descriptor.cpp"
        in_shell 'for fd in {3..20}; do eval "exec $fd>&-"; done; exec ./wrong'
        [ "$status" -eq 1 ]
        echo "$stderr"
        case $sent in
        0) [[ $stderr == *"receiver: 0 descriptors received, not one"* ]] ;;
        2) [[ $stderr == *"receiver: 2 descriptors received, not one"* || $stderr == *"receiver: the control data was cut"* ]] ;;
        7) [[ $stderr == *"receiver: the control data was cut: more descriptors than one"* ]] ;;
        esac
        [[ $stderr == *"open at the end: 0 1 2 4"$'\n'* ]] # 4 is the socket
    done
    "${CXX:-c++}" -std=c++20 -DSENT=1 -include "$root/tests/send_descriptors.hpp" -o right \
        "$root/domain_sock/pass_descriptor.cpp"
    run_limited ./right
    [ "$status" -eq 0 ]
    [[ $stderr == *"close-on-exec: 1"* ]]
}

@test "domain_sock programs: a full disk, closed descriptors, wrong arguments" {
    local program closed
    for program in duplex pass_descriptor; do
        in_shell '"$1" >/dev/full' "$b/$program"
        [ "$status" -eq 1 ]
        [[ $stderr == "$program: "*": write standard output: No space left on device"* ]]
        in_shell '"$1" >&-' "$b/$program"
        expect 1 "" "$program: standard descriptor 1: Bad file descriptor"
    done
    run_limited "$b/pass_descriptor" 1
    expect 2 "" "pass_descriptor: usage: pass_descriptor"
    run_limited "$b/duplex" 1 2
    expect 2 "" "duplex: usage: duplex [MIB]"
    for closed in 0 -1 x 1x '' 1025; do
        run_limited "$b/duplex" "$closed"
        expect 2 "" "duplex: $closed: not a number from 1 to 1024"
    done
    for program in server dgram_server; do
        run_limited "$b/$program"
        expect 2 "" "$program: usage: $program PATH"
        in_shell '"$1" d >/dev/full' "$b/$program"
        expect 1 "" "$program: write standard output: No space left on device"
        for closed in '0 <&-' '1 >&-'; do
            in_shell "\"\$1\" d ${closed#* }" "$b/$program"
            expect 1 "" "$program: standard descriptor ${closed%% *}: Bad file descriptor"
        done
        [ ! -e d ]
    done
    run_limited "$b/client"
    expect 2 "" "client: usage: client PATH [MESSAGE]"
    run_limited "$b/dgram_client"
    expect 2 "" "dgram_client: usage: dgram_client PATH [MESSAGE...]"
    serve
    in_shell '"$1" d >/dev/full' "$b/client"
    expect 1 "" "client: write standard output: No space left on device"
    in_shell '"$1" d >&-' "$b/client"
    expect 1 "" "client: write standard output: Bad file descriptor"
    stop
    serve dgram_server
    in_shell '"$1" d >/dev/full' "$b/dgram_client"
    expect 1 "" "dgram_client: write standard output: No space left on device"
    in_shell '"$1" d >&-' "$b/dgram_client"
    expect 1 "" "dgram_client: standard descriptor 1: Bad file descriptor"
    stop
}
