#!/usr/bin/env bats
load helpers

b=$bin/doors
emulated='no doors on this system: emulated with a domain socket and threads'
hello='message from server: hello from server'

# Below, door_cases: a server whose procedure does what its argument says, and clients that try it.
setup_file() {
    "${CXX:-c++}" -std=c++20 -O1 -pthread -o "$BATS_FILE_TMPDIR/door_cases" \
        "$BATS_TEST_DIRNAME/door_cases.cpp"
}

cases() { run_limited "$BATS_FILE_TMPDIR/door_cases" "$@"; }

# serve: a server in the background, with its door at ./door
serve() {
    : >>door
    start server "$BATS_FILE_TMPDIR/door_cases" serve door
    within shows server.out ready
}

@test "doorserver, doorclient: the text's call, and an answer" {
    start server "$b/doorserver" door
    within shows server.out "listening on door"
    [ "$(sed 1q server.err)" = "doorserver: $emulated" ]
    [ "$(stat -c '%a %s' door)" = "644 0" ]
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    run_limited "$b/doorclient" "$PWD/door"
    expect 0 "$hello" ""
    ln -s door link # the file is what counts
    run_limited "$b/doorclient" link
    expect 0 "$hello" ""
    kill "$pid"
    ends "$pid" 0
    [ "$(cat server.out)" = "$(printf '%s\n' "listening on door" "id from client: 12" "id from client: 12" "id from client: 12")" ]
    [ "$(wc -l <server.err)" -eq 1 ]
    [ ! -e door ]
}

@test "doorserver: ends by each signal, removes what it has made, and nothing else" {
    local signal
    for signal in INT TERM HUP QUIT; do
        start server "$b/doorserver" door
        within shows server.out "listening on door"
        kill "-$signal" "$pid"
        ends "$pid" 0
        [ ! -e door ]
    done
    : >door # somebody's, but empty: it may serve
    start server "$b/doorserver" door
    within shows server.out "listening on door"
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    kill "$pid"
    ends "$pid" 0
    [ -e door ]
    start server nohup "$b/doorserver" door
    within shows server.out "listening on door"
    kill -HUP "$pid"
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    kill "$pid"
    ends "$pid" 0
}

@test "doorserver: a limit on the size of files is an error of the write, and no door is left" {
    in_shell 'ulimit -f 1; head -c 1024 /dev/zero >>out; exec "$1" door >>out' "$b/doorserver"
    expect 1 "" "doorserver: $emulated
doorserver: write standard output: File too large"
    [ ! -e door ]
}

@test "doorserver, ping_pong: too few descriptors: what fails is named" {
    ! grep -q __asan_init "$b/ping_pong" || skip "the sanitizer needs descriptors of its own"
    local most
    for most in 6 7 8; do
        start server bash -c 'ulimit -n "$1"; exec "$2" "$3"' bash "$most" "$b/doorserver" "door$most"
        within shows server.out "listening on door$most"
        if ((most == 6)); then within shows server.err "doorserver: door: accept: Too many open files"; fi
        kill "$pid"
        ends "$pid" 0
        [ ! -e "door$most" ] || shows server.err "doorserver: open door$most: Too many open files"
    done
    # This one needs more: the partner has not got as far as to have a door, or cannot take the call.
    for most in 6 7; do
        # shellcheck disable=SC2016 # the inner shell's
        in_shell 'ulimit -n "$1"; exec "$2" 1 3>&- 4>&-' "$most" "$b/ping_pong"
        [ "$status" -eq 1 ]
        [[ $stderr == *": Too many open files"*"ping_pong: the partner has failed" ]]
    done
    none "$TMPDIR/*"
}

@test "ping_pong: no partner, no file" {
    strace -o /dev/null true 2>/dev/null || skip "strace is not installed, or may not trace"
    ! grep -q __asan_init "$b/ping_pong" || skip "the sanitizer makes calls of its own"
    run_limited strace -o trace -e inject=clone:error=EAGAIN "$b/ping_pong"
    [ "$status" -eq 1 ]
    [ "$stderr" = "ping_pong: fork: Resource temporarily unavailable" ]
    [ "$(grep -c 'INJECTED' trace)" -eq 1 ]
    none "$TMPDIR/*"
}

@test "doorserver: what is at the path and no door is left alone" {
    echo precious >door
    run_limited "$b/doorserver" door
    expect 1 "" "doorserver: $emulated
doorserver: door: is there and is no door: left alone"
    [ "$(cat door)" = precious ]
    rm door
    mkdir door
    run_limited "$b/doorserver" door
    expect 1 "" "doorserver: $emulated
doorserver: door: is there and is no door: left alone"
    rmdir door
    : >target
    ln -s target door
    run_limited "$b/doorserver" door
    expect 1 "" "doorserver: $emulated
doorserver: door: is there and is no door: left alone"
    run_limited "$b/doorserver" none/door
    expect 1 "" "doorserver: $emulated
doorserver: create none/door: No such file or directory"
    run_limited "$b/doorserver" a b
    expect 2 "" "doorserver: usage: doorserver [PATH]"
    in_shell '"$1" new >/dev/full' "$b/doorserver"
    expect 1 "" "doorserver: $emulated
doorserver: write standard output: No space left on device"
    [ ! -e new ]
    in_shell '"$1" new <&-' "$b/doorserver"
    expect 1 "" "doorserver: standard descriptor 0: Bad file descriptor"
}

@test "doorserver: a second one takes the place of a living one; each removes no more than its own" {
    start one "$b/doorserver" door
    local one=$pid
    within shows one.out "listening on door"
    start two "$b/doorserver" door
    within shows two.out "listening on door"
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    shows two.out "id from client: 12"
    refused shows one.out "id from client: 12"
    kill "$one"
    ends "$one" 0
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    kill "$pid"
    ends "$pid" 0
    [ -e door ] # it is the first one's, which could not tell that nobody needs it any more
}

@test "doorserver: after a killed one the next one serves" {
    start server "$b/doorserver" door
    within shows server.out "listening on door"
    kill -KILL "$pid"
    ends "$pid" 137
    run_limited "$b/doorclient" door
    expect 1 "" "doorclient: door_call door: Bad file descriptor"
    start server "$b/doorserver" door
    within shows server.out "listening on door"
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    kill "$pid"
    ends "$pid" 0
}

@test "doorserver: an argument of another size is refused" {
    start server "$b/doorserver" door
    within shows server.out "listening on door"
    local size
    for size in 0 3 5 100000; do
        cases large door "$size"
        expect 0 "36 bytes: refused: the argument is not an int" ""
    done
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    kill "$pid"
    ends "$pid" 0
    [ "$(grep -c '^id' server.out)" -eq 1 ]
}

@test "doorclient: without a server, without a door, wrong arguments, a full disk" {
    run_limited "$b/doorclient" none
    expect 1 "" "doorclient: open none: No such file or directory"
    echo words >file
    run_limited "$b/doorclient" file
    expect 1 "" "doorclient: door_call file: Bad file descriptor"
    run_limited "$b/doorclient" .
    expect 1 "" "doorclient: door_call .: Bad file descriptor"
    run_limited "$b/doorclient" a b
    expect 2 "" "doorclient: usage: doorclient [PATH]"
    start server "$b/doorserver" door
    within shows server.out "listening on door"
    in_shell '"$1" door >/dev/full' "$b/doorclient"
    expect 1 "" "doorclient: write standard output: No space left on device"
    kill "$pid"
    ends "$pid" 0
}

@test "doorclient: a server that does not answer; signals that are blocked or ignored at the start" {
    make_blocked
    start server ./blocked "$b/doorserver" door
    local server=$pid
    within shows server.out "listening on door"
    kill -STOP "$server"
    start client ./blocked "$b/doorclient" door
    LIMIT=15 within gone "$pid"
    ends "$pid" 1
    [ "$(cat client.err)" = "doorclient: door_call door: no answer within 10 s" ]
    kill -CONT "$server"
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    [ "$(grep -c '^id' server.out)" -eq 1 ] # the one that gave up is not answered later
    kill "$server"
    ends "$server" 0
    # A reader of the server's output that has gone does not end it.
    mkfifo output
    start reader head -n 1 output
    start server bash -c 'exec "$1" door >output' bash "$b/doorserver"
    server=$pid
    within shows reader.out "listening on door"
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    run_limited "$b/doorclient" door
    expect 0 "$hello" ""
    grep -qx "doorserver: write standard output: Broken pipe" server.err
    kill "$server"
    ends "$server" 0
}

@test "emulation: results that fit, that are one byte too large, of 8 MiB, of none" {
    serve
    cases call door 11 1
    expect 0 "11 bytes: answered 1" ""
    cases call door 10 1
    expect 0 "11 bytes, mapped: answered 1" ""
    cases call door 0 1
    expect 0 "11 bytes, mapped: answered 1" ""
    cases call door 0 size8388608
    expect 0 "8388608 bytes, mapped" ""
    cases call door 9000000 size8388608
    expect 0 "8388608 bytes" ""
    cases call door 64 size0
    expect 0 "0 bytes" ""
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: arguments of none, of 1 MiB, and of more" {
    serve
    cases large door 0
    expect 0 "0 bytes" ""
    cases large door 1048576
    expect 0 "17 bytes: answered 1048576" ""
    cases large door 1048577
    expect 1 "door_call: Argument list too long" ""
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: a procedure without door_return, and one whose door_return fails" {
    serve
    cases call door 64 nothing
    expect 1 "door_call: Interrupted system call" ""
    cases call door 64 pthread_exit
    expect 1 "door_call: Interrupted system call" ""
    cases call door 64 'fork and nothing'
    expect 1 "door_call: Interrupted system call" ""
    xargs kill -KILL < <(cat /proc/"$pid"/task/*/children)
    cases call door 64 descriptor
    expect 0 "11 bytes: answered 0" ""
    shows server.out "door_return: Operation not supported"
    cases call door 64 null
    expect 0 "11 bytes: answered 0" ""
    shows server.out "door_return: Bad address"
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: a server that dies in the call, or is not there" {
    serve
    cases call door 64 exit
    expect 1 "door_call: Interrupted system call" ""
    ends "$pid" 3
    cases call door 64 1
    expect 1 "door_call: Bad file descriptor" ""
    serve
    local server=$pid
    start client "$BATS_FILE_TMPDIR/door_cases" call door 64 'sleep 60000'
    within shows server.out "in the call"
    kill -KILL "$server"
    ends "$server" 137
    ends "$pid" 1
    [ "$(cat client.out)" = "door_call: Interrupted system call" ]
}

@test "emulation: a signal ends a call, SA_RESTART or not" {
    serve
    cases alarm door
    expect 1 "door_call: Interrupted system call" ""
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: 20 calls of 300 ms take little more than 300 ms together" {
    serve
    cases together door 20 300
    [ "$status" -eq 0 ]
    [ "$(grep -cx 'answered 300' <<<"$output")" -eq 20 ]
    [[ ${lines[-1]} =~ ^([0-9]+)' ms'$ ]]
    ((BASH_REMATCH[1] >= 300 && BASH_REMATCH[1] < 3000)) # one after the other: 6000
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: a second server is refused without fdetach, and takes over with it" {
    serve
    local first=$pid
    cases serve door
    [ "$status" -eq 1 ]
    [[ $stderr == *"door_cases: fattach: Device or resource busy" ]]
    start second "$BATS_FILE_TMPDIR/door_cases" take door
    within shows second.out ready
    shows second.out "fdetach: done"
    cases call door 64 1
    expect 0 "11 bytes: answered 1" ""
    kill "$first"
    ends "$first" 0
    cases call door 64 1
    expect 0 "11 bytes: answered 1" ""
    kill "$pid"
    ends "$pid" 0
    serve
    kill -STOP "$pid" # one that does not react
    cases take door
    [ "$status" -eq 1 ]
    [ "$output" = "fdetach: Connection timed out" ]
    kill -CONT "$pid"
    cases call door 64 1 # and it does not detach it later
    expect 0 "11 bytes: answered 1" ""
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: a server that is short of descriptors or memory goes on afterwards" {
    : >door
    start server bash -c 'ulimit -n 16; exec "$1" serve door' bash "$BATS_FILE_TMPDIR/door_cases"
    within shows server.out ready
    local k clients=()
    for k in {1..20}; do
        timeout -k 2 20 "$BATS_FILE_TMPDIR/door_cases" call door 64 'sleep 300' >"client.$k" 3>&- 4>&- &
        clients+=($!)
    done
    for k in "${clients[@]}"; do wait "$k" || true; done
    sort client.* | uniq -c
    [ "$(sort -u client.* | grep -v '^door_call: Resource temporarily unavailable$')" = "13 bytes: answered 300" ]
    few_threads() { [ "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" -le 6 ]; }
    within few_threads
    kill "$pid"
    ends "$pid" 0
    start server bash -c 'ulimit -v 200000; exec "$1" serve door' bash "$BATS_FILE_TMPDIR/door_cases"
    within eval '[ "$(grep -c ready server.out)" -eq 1 ]'
    for k in {1..8}; do cases large door 1048576; done
    cases call door 64 1
    expect 0 "11 bytes: answered 1" ""
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: a forked child of the server does not keep the door" {
    serve
    cases call door 64 fork
    expect 0 "11 bytes: answered 0" ""
    local child
    child=$(cat /proc/"$pid"/task/*/children | tr -d ' ')
    kill -KILL "$pid"
    ends "$pid" 137
    cases call door 64 1
    expect 1 "door_call: Bad file descriptor" ""
    kill -KILL "$child"
    within gone "$child"
}

@test "emulation: what no door_call would send is refused, and silent clients stop nobody" {
    serve
    cases hostile door
    expect 0 "no ticket: Bad file descriptor
another file's: Bad file descriptor
an O_PATH one: Bad file descriptor
half a request: Bad file descriptor
too large: Bad file descriptor
fdetach without ticket: Bad file descriptor
a good one: Success
11 bytes: answered 1" ""
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: another user needs permission to the file, and cannot pose as its server" {
    ((EUID == 0)) || skip "only root can become another user"
    command -v setpriv >/dev/null || skip "no setpriv(1)"
    local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    serve
    chmod 755 . "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" .. ../..
    chmod 644 door
    run_limited "${nobody[@]}" "$BATS_FILE_TMPDIR/door_cases" call door 64 1
    expect 0 "11 bytes: answered 1" ""
    chmod 600 door
    run_limited "${nobody[@]}" "$BATS_FILE_TMPDIR/door_cases" call door 64 1
    expect 1 "" "door_cases: open door: Permission denied"
    run_limited "${nobody[@]}" "$BATS_FILE_TMPDIR/door_cases" serve door
    [ "$status" -eq 1 ]
    [[ $stderr == *"door_cases: fattach: Operation not permitted" ]]
    chmod 666 door
    run_limited "${nobody[@]}" "$BATS_FILE_TMPDIR/door_cases" take door
    [ "$status" -eq 1 ]
    [ "$output" = "fdetach: Operation not permitted" ]
    [[ $stderr == *"door_cases: fattach: Operation not permitted" ]]
    kill "$pid"
    ends "$pid" 0
    # The abstract name itself is free for all: a server that is not the owner's is none.
    start squatter "${nobody[@]}" perl -MSocket -e 'socket S, PF_UNIX, SOCK_STREAM, 0; my ($d, $i) = (stat "door")[0, 1];
        my $name = sprintf "\0door %x %x", $d, $i; bind S, pack "Sa108", AF_UNIX, $name or die $!; listen S, 5;
        $| = 1; print "ready\n"; sleep 60'
    within shows squatter.out ready
    cases call door 64 1
    expect 1 "door_call: Bad file descriptor" ""
    kill "$pid"
    ends "$pid" 143
}

@test "emulation: wrong uses of every call, each with its error" {
    serve
    : >other
    cases errors door
    [ "$status" -eq 0 ]
    diff <(printf '%s\n' "$output") - <<'END'
door_create, DOOR_UNREF: Operation not supported
door_create, DOOR_PRIVATE: Operation not supported
door_create, unknown: Invalid argument
door_return, no procedure: Invalid argument
door_revoke, a file: Bad file descriptor
fattach, a file: Invalid argument
fdetach, no file: No such file or directory
fdetach, no door: Invalid argument
door_call, null: done
door_call, closed: Bad file descriptor
door_call, no door: Bad file descriptor
door_call, a descriptor: Operation not supported
door_call, too large: Argument list too long
door_info, no door: Bad file descriptor
door_info: done
another's
close-on-exec: 1
fattach, closed: Bad file descriptor
fattach, a directory: Invalid argument
fattach, a device: Invalid argument
fattach, no file: No such file or directory
fattach, attached: Device or resource busy
fdetach: done
fdetach, again: Invalid argument
fattach: done
fattach, twice: Device or resource busy
door_info: done
own, local: 1
11 bytes: answered 1
door_call on the door: Bad file descriptor
door_revoke: done
door_revoke, again: Bad file descriptor
door_call: Bad file descriptor
END
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: clients that are killed by the hundred leave no descriptor behind" {
    serve
    local before clients
    before=$(ls "/proc/$pid/fd") # after a call, one thread might still have its connection
    clients=300
    [[ -z ${STRESS:-} ]] || clients=3000
    run_limited "$BATS_FILE_TMPDIR/door_cases" storm door "$clients"
    expect 0 "of $clients: all answered or killed" ""
    within eval '[ "$(ls "/proc/$pid/fd")" = "$before" ]'
    cases call door 64 1
    expect 0 "11 bytes: answered 1" ""
    kill "$pid"
    ends "$pid" 0
}

@test "emulation: doors that come and go under calls" {
    : >door
    cases come_and_go door
    [ "$status" -eq 0 ]
    [ "$output" = "0 wrong" ]
}

@test "emulation: no data race: the concurrent cases under ThreadSanitizer" {
    "${CXX:-c++}" -std=c++20 -O1 -g -pthread -fsanitize=thread -o races "$root/tests/door_cases.cpp" ||
        skip "no ThreadSanitizer"
    : >door
    export TSAN_OPTIONS=exitcode=66
    start server ./races serve door
    within shows server.out ready
    run_limited ./races together door 20 100
    [ "$status" -eq 0 ]
    run_limited ./races call door 0 size100000
    expect 0 "100000 bytes, mapped" ""
    run_limited ./races storm door 50
    [ "$status" -eq 0 ]
    kill "$pid"
    ends "$pid" 0
    refused grep ThreadSanitizer server.err
    run_limited ./races come_and_go door
    [ "$status" -eq 0 ]
    [ "$output" = "0 wrong" ]
}

@test "doors: the declarations are the documented ones; the programs are pure Solaris sources" {
    local name
    for name in doorserver doorclient ping_pong; do
        run_limited "${CXX:-c++}" -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I "$root/tests/solaris" "$root/doors/$name.cpp"
        expect 0 "" ""
    done
    run_limited "${CXX:-c++}" -std=c++20 -fsyntax-only -I "$root/tests/solaris" "$root/tests/door_signatures.cpp"
    expect 0 "" ""
    run_limited "${CXX:-c++}" -std=c++20 -fsyntax-only "$root/tests/door_signatures.cpp"
    expect 0 "" ""
    [ "$(grep -c emulation "$root/doors/doorserver.cpp" "$root/doors/doorclient.cpp" | sed 's/.*://' | xargs)" = "1 1" ]
}
