#!/usr/bin/env bats
load helpers

# What only the kernel can do, done by strace: calls that fail, processes that are killed at a chosen
# call, signals that come between two calls.

setup() {
    own_directory
    strace -o /dev/null true 2>/dev/null || skip "strace is not installed, or may not trace"
    # LeakSanitizer, in a build with AddressSanitizer, cannot run in a process that is traced.
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
}

# fstat_is: the call that fstat() makes, with this C library
fstat_is() { strace -e trace=fstat,newfstatat true 2>&1 | sed -n 's/^\(fstat\|newfstatat\)([0-9].*/\1/p' | head -n 1; }

# inject FAULT COMMAND...: runs it with that fault; what the traced processes did is in ./trace.
inject() { run_limited strace -f -qq -o trace -e "inject=$1" "${@:2}"; }

# fails FAULT MESSAGE COMMAND...: it must fail, and say so in these words
fails() {
    inject "$1" "${@:3}"
    [[ $status != 0 && $'\n'$stderr$'\n' == *$'\n'"$2"$'\n'* ]] || {
        echo "status $status: $stderr"
        return 1
    }
}

# nth CALL MARK COMMAND...: how many times the program has made CALL before its first MARK, so that
# when=$((n + 1)) is the first call of its own and not one of the loader's. The result is in $n.
nth() {
    strace -qq -o trace -e "trace=$1,$2" "${@:3}" >/dev/null 2>&1 || true
    n=$(sed "/^$2(/,\$d" trace | grep -c "^$1(") || true
}

@test "a call that fails is named, and its reason: the servers" {
    local name s=$bin/domain_sock/server d=$bin/domain_sock/dgram_server t=$bin/tcp/server
    for name in "$s" "$d"; do
        fails socket:error=EMFILE "${name##*/}: socket: Too many open files" "$name" s
        fails bind:error=EACCES "${name##*/}: bind s: Permission denied" "$name" s
        fails flock:error=ENOLCK "${name##*/}: lock the directory of s: No locks available" "$name" s
        none s
    done
    fails listen:error=EADDRINUSE "server: listen s: Address already in use" "$s" s
    fails accept:error=EINVAL "server: accept: Invalid argument" "$s" s
    none s
    fails recvmsg:error=EIO "dgram_server: receive from s: Input/output error" "$d" s
    none s
    fails socket:error=EMFILE "server: socket: Too many open files" "$t" 0
    fails setsockopt:error=EINVAL "server: setsockopt SO_REUSEADDR: Invalid argument" "$t" 0
    fails bind:error=EACCES "server: bind 127.0.0.1 port 0: Permission denied" "$t" 0
    fails listen:error=EADDRINUSE "server: listen 127.0.0.1 port 0: Address already in use" "$t" 0
    fails getsockname:error=ENOBUFS "server: getsockname: No buffer space available" "$t" 0
    fails accept:error=EINVAL "server: accept: Invalid argument" "$t" 0
}

# survives FAULT COMMAND...: a server under strace with that fault, which must answer a client all the same.
survives() {
    start server strace -f -qq -o trace -e "inject=$1" "${@:2}"
    local tracer=$pid client=(domain_sock/client s)
    within grep -q '^listening on' server.out
    [[ $2 != */tcp/* ]] || client=(tcp/client 127.0.0.1 "$(sed -n '1s/.* port //p' server.out)")
    "$bin/${client[0]}" "${client[@]:1}" &>client.out || true # which may be the one that is hit
    run_limited "$bin/${client[0]}" "${client[@]:1}"
    kill "$(cat "/proc/$tracer/task/$tracer/children")"
    ends "$tracer" 0
    expect 0 "message from server: hello from server" ""
}

@test "server: what happens to one client does not end it" {
    local server error
    for server in "$bin/domain_sock/server s" "$bin/tcp/server 0"; do
        read -ra server <<<"$server"
        for error in EINTR ECONNABORTED EMFILE; do
            survives "accept:error=$error:when=1" "${server[@]}"
            [[ $error == EINTR || $(cat server.err) == "server: accept: "* ]]
        done
        survives clone:error=EAGAIN:when=1 "${server[@]}"
        [ "$(cat server.err)" = "server: fork: Resource temporarily unavailable" ]
    done
}

@test "server: the probe of a live server's socket does not disturb it" {
    start server strace -f -qq -o trace "$bin/domain_sock/server" s
    within shows server.out "listening on s"
    run_limited "$bin/domain_sock/server" s
    expect 1 "" "server: bind s: Address already in use"
    kill "$(cat "/proc/$pid/task/$pid/children")"
    ends "$pid" 0
    [ "$(grep -c 'accept(' trace)" -eq 1 ] # which nobody has ended
}

@test "server: the child closes the listener, the parent the connection" {
    local server
    for server in "$bin/domain_sock/server s" "$bin/tcp/server 0"; do
        # shellcheck disable=SC2086 # two words
        survives close:delay_enter=1 $server
        local parent child listener connection
        parent=$(sed -n 's/^\([0-9]*\) .*listen(\([0-9]*\).*/\1 \2/p' trace)
        listener=${parent#* } parent=${parent% *}
        connection=$(sed -n "s/^$parent .*accept($listener, .* = \([0-9]*\)\$/\1/p" trace | head -n 1)
        child=$(sed -n "s/^$parent .*clone(.* = \([0-9]*\)\$/\1/p" trace | head -n 1)
        grep -q "^$child .*close($listener" trace
        grep -q "^$parent .*close($connection" trace
    done
}

@test "ping_pong: an interrupted wait for a signal does no harm" {
    inject rt_sigtimedwait:error=EINTR:when=3+5 "$bin/signals/ping_pong" 50
    expect 0 "$output" ""
    [[ $output == "signal: 50 round trips of 4 bytes, "* ]]
}

# on_pipe FAULT PROGRAM ARG...: as inject, but only for the calls on $pipe, which strace must be given
# as the program is
on_pipe() {
    run_limited strace -qq -o trace -P "$pipe" -e "inject=$1" "${@:2}"
    stderr=$(grep -v '^strace: \|: waiting for a ' <<<"$stderr") || true
}

@test "a hang-up just before the handlers are there is not lost" {
    local program tracee
    for program in domain_sock/server domain_sock/dgram_server; do
        start traced strace -qq -o trace -e inject=bind,mknodat:delay_exit=500000 "$bin/$program" s
        within test -e s
        tracee=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
        kill -HUP "$tracee"
        ends "$pid" 0
        [ ! -e s ]
    done
}

@test "lock_file: a dead holder's file that another one has replaced meanwhile is not removed" {
    local dead holder
    true 3>&- 4>&- &
    dead=$!
    wait "$dead"
    echo "$dead lock_file" >lock
    # Its second flock() is that on the dead holder's file, which it has opened by then.
    start late strace -f -qq -o trace -e inject=flock:delay_enter=1500000:when=2 "$bin/files/lock_file" lock true
    within grep -qs 'openat(.*"lock"' trace
    start holder "$bin/files/lock_file" lock sleep 60
    holder=$pid
    within grep -qsx "$holder lock_file" lock
    within shows late.err "lock_file: lock: held by process $holder"
    [ "$(cat lock)" = "$holder lock_file" ]
    kill "$holder"
    ends "$holder" 143
    [ ! -e lock ]
}
