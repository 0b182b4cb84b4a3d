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

@test "a call that fails is named, and its reason: fifo" {
    local again='Resource temporarily unavailable' full='No space left on device'
    fails mknodat:error=ENOSPC "server: mkfifo requests: $full" "$bin/fifo/server" requests
    fails flock:error=ENOLCK "server: lock requests: No locks available" "$bin/fifo/server" requests
    [ ! -e requests ]
    nth read flock "$bin/fifo/server" . # which it refuses
    fails "read:error=EIO:when=$((n + 1))" "server: read requests: Input/output error" \
        "$bin/fifo/server" requests
    [ ! -e requests ]
    local as_file=("$bin/fifo/as_file" echo hello -- cat '{}')
    fails clone:error=EAGAIN "as_file: fork for cat: $again" "${as_file[@]}"
    fails clone:error=EAGAIN:when=2 "as_file: fork for echo: $again" "${as_file[@]}"
    fails clone:error=EAGAIN:when=2 "atomicity: fork writer 1: $again" "$bin/fifo/atomicity"
    fails wait4:error=ECHILD "atomicity: waitpid: No child processes" "$bin/fifo/atomicity"
}

@test "a call that fails is named, and its reason: signals" {
    fails clone:error=EAGAIN "signal_table: fork: Resource temporarily unavailable" \
        "$bin/signals/signal_table"
    fails wait4:error=ECHILD "signal_table: waitpid: No child processes" "$bin/signals/signal_table"
    fails kill:error=EPERM "sending: child: kill the parent: Operation not permitted" "$bin/signals/sending"
    fails tgkill:error=EPERM "sending: raise SIGUSR1: Operation not permitted" "$bin/signals/sending"
    fails pipe2:error=EMFILE "interrupted: pipe: Too many open files" "$bin/signals/interrupted"
}

@test "a call that fails is named, and its reason: mmap" {
    local name fstat io='Input/output error'
    fstat=$(fstat_is)
    "$bin/mmap/mmap"
    for name in mmap2 consumer; do
        strace -qq -o trace -e "trace=$fstat" "$bin/mmap/$name" a b 2>/dev/null || true
        n=$(wc -l <trace) # the loader's
        fails "$fstat:error=EIO:when=$((n + 1))" "$name: fstat shared.dat: $io" "$bin/mmap/$name"
    done
    name=mmap_vs_write
    fails pwrite64:error=ENOSPC "$name: write the temporary file: No space left on device" \
        "$bin/mmap/$name" 1
    fails pwrite64:retval=100:when=3 "$name: write the temporary file: no space for all of it" "$bin/mmap/$name" 1
    nth pread64 ftruncate "$bin/mmap/$name" 1
    fails "pread64:error=EIO:when=$((n + 5))" "$name: read the temporary file: $io" "$bin/mmap/$name" 1
    fails "pread64:retval=100:when=$((n + 5))" "$name: read the temporary file: too short" "$bin/mmap/$name" 1
    fails "pread64:retval=65536:when=$((n + 1))+" "$name: what was read is not what was written" \
        "$bin/mmap/$name" 1
}

@test "mmap, producer: a signal in the midst leaves no temporary file" {
    local call
    for call in lseek link; do
        inject "$call:signal=TERM" "$bin/mmap/mmap" new # which is held back until all is done
        expect 0 "" ""
        [ "$("$bin/mmap/mmap2" new)" = "Hello World" ]
        rm new
        inject "$call:signal=TERM" "$bin/mmap/producer" new
        [ "$status" -eq 143 ]
        none 'new*'
    done
}

@test "mmap, producer: a file that comes while they make theirs is not replaced" {
    local name
    for name in mmap producer; do
        rm -f new
        start it strace -f -qq -o trace -e inject=lseek:delay_enter=1000000 "$bin/mmap/$name" new </dev/null
        within compgen -G 'new.*'
        echo mine >new
        ends "$pid" 1
        [[ $(cat it.err) == "$name: link new."??????" to new: File exists" ]]
        [ "$(cat new)" = mine ]
        none 'new.*'
    done
}

@test "producer of the queue: another one is faster, and it joins" {
    start late strace -f -qq -o trace -e inject=link:delay_enter=1000000 "$bin/mmap_locks/producer" queue </dev/null
    local late=$pid
    within compgen -G 'queue.*'
    start first "$bin/mmap_locks/producer" queue </dev/null
    local first=$pid
    within shows first.out "enqueued 4"
    within grep -q 'link.*EEXIST' trace
    run_limited "$bin/mmap_locks/consumer" queue
    [ "$status" -eq 0 ]
    [ "$(wc -l <<<"$output")" -eq 200 ]
    ends "$late" 0
    ends "$first" 0
    none 'queue*'
}

@test "producer of the queue: a signal at any of its calls leaves no file" {
    local call
    for call in link unlink fcntl write; do
        inject "$call:signal=TERM:when=1" "$bin/mmap_locks/producer" queue </dev/null
        echo "$call: $status: $stderr"
        [ "$status" -eq 143 ]
        none 'queue*'
    done
}

@test "a call that fails is named, and its reason: the queue" {
    local name fstat full='No space left on device'
    fails pwrite64:error=ENOSPC "producer: make a queue in queue.XXXXXX: $full" \
        bash -c '"$1" queue 2> >(sed "s/queue\.......:/queue.XXXXXX:/" >&2)' bash "$bin/mmap_locks/producer"
    start producer "$bin/mmap_locks/producer" queue </dev/null
    within shows producer.out "enqueued 4"
    fstat=$(fstat_is)
    strace -qq -o trace -e "trace=$fstat" "$bin/mmap_locks/consumer" a b c d 2>/dev/null || true
    n=$(wc -l <trace) # the loader's
    fails "$fstat:error=EIO:when=$((n + 1))" "consumer: map queue: Input/output error" \
        "$bin/mmap_locks/consumer" queue 1
    "$bin/mmap_locks/consumer" queue >/dev/null
    ends "$pid" 0
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

@test "a handler that cannot be installed" {
    ! grep -q __asan_init "$bin/signals/sighandler" || skip "the sanitizer installs handlers itself"
    local invalid='Invalid argument' name
    fails rt_sigaction:error=EINVAL "sighandler: signal SIGUSR1: $invalid" "$bin/signals/sighandler"
    fails rt_sigaction:error=EINVAL:when=2 "sighandler: signal SIGINT: $invalid" "$bin/signals/sighandler"
    for name in sleep_alarm bettersleep reliable_sleep; do
        fails rt_sigaction:error=EINVAL "$name: sigaction SIGALRM: $invalid" "$bin/signals/$name" 1
    done
}

@test "alarm_timeout, sending: an alarm that comes before the call that is to wait" {
    mkfifo pipe_file
    inject alarm:delay_exit=1500000:when=1 "$bin/signals/alarm_timeout" pipe_file 1
    expect 124 "" "alarm_timeout: open pipe_file: no writer within 1 s"
    exec 8<>pipe_file
    run_limited strace -qq -o trace -P "$PWD/pipe_file" -e inject=openat:delay_exit=1500000 \
        "$bin/signals/alarm_timeout" "$PWD/pipe_file" 1
    exec 8>&-
    expect 124 "" "alarm_timeout: read $PWD/pipe_file: no end of file within 1 s"
    [ "$(grep -c openat trace)" -eq 1 ]
    inject alarm:delay_exit=1500000:when=1 "$bin/signals/sending"
    [ "${lines[2]}" = "alarm(1), pause(): received SIGALRM" ]
}

@test "reliable_sleep, bettersleep: an alarm that comes before the wait is not lost" {
    inject alarm:delay_exit=1500000:when=2 "$bin/signals/reliable_sleep" 1
    expect 0 "sleepFor returned: 0" ""
    inject alarm:delay_exit=1500000:when=2 "$bin/signals/bettersleep" 1
    expect 0 $'sleepFor returned: 0\nsleepFor returned: 0' ""
}

@test "sleep_alarm: with the same delay it does wait for ever, which -r shows" {
    run_limited timeout 3 strace -f -qq -o trace -e inject=alarm:delay_exit=1500000:when=2 \
        "$bin/signals/sleep_alarm" 1
    expect 124 "" ""
    grep -q 'SIGALRM' trace
}

@test "atomicity: a writer that is killed" {
    inject write:signal=KILL:when=5 "$bin/fifo/atomicity" 2 100
    expect 1 "" "atomicity: a writer failed: wait status 0x9"
}

@test "ping_pong: an interrupted wait for a signal does no harm" {
    inject rt_sigtimedwait:error=EINTR:when=3+5 "$bin/signals/ping_pong" 50
    expect 0 "$output" ""
    [[ $output == "signal: 50 round trips of 4 bytes, "* ]]
}

@test "server: a FIFO that is removed while it starts" {
    mkfifo requests
    start server strace -qq -o trace -e inject=flock:delay_enter=1000000 "$bin/fifo/server" requests
    within grep -qs 'openat.*requests' trace
    rm requests
    ends "$pid" 1
    [ "$(<server.err)" = "server: open requests for writing: No such file or directory" ]
}

@test "server: a file that takes the FIFO's place while it starts is neither written nor removed" {
    local call
    for call in mknodat:delay_exit flock:delay_enter; do
        start server strace -qq -o trace -e "inject=$call=1000000" "$bin/fifo/server" requests
        within test -p requests
        [[ $call == mknodat* ]] || within grep -qs 'openat.*requests' trace
        rm requests
        echo mine >requests
        ends "$pid" 1
        grep -qx 'server: open requests: \(not a FIFO\|replaced by another file\)' server.err
        [ "$(<requests)" = mine ]
        rm requests
    done
}

@test "as_file: a signal between fork and exec reaches the program" {
    start it strace -f -qq -o trace -e inject=execve:delay_enter=1000000:when=1 \
        "$bin/fifo/as_file" echo hello -- sh -c 'sleep 9; cat "$1"' sh '{}'
    within grep -qs 'execve(.*\["sh"' trace
    kill "$(cat "/proc/$pid/task/$pid/children")"
    ends "$pid" 143
    [ "$(<it.err)" = $'as_file: echo: not run, the consumer has ended\nas_file: sh: killed by signal 15' ]
}

@test "sleep_alarm -r: ends also where the second alarm comes before pause" {
    inject alarm:delay_exit=2500000:when=2 "$bin/signals/sleep_alarm" -r 1
    [ "$status" -eq 0 ]
    [ "${lines[1]}" = "sleepFor returned: 0" ]
}

@test "atomicity, ping_pong: a signal between making the FIFO's name and removing it" {
    for program in atomicity ping_pong; do
        start it strace -f -qq -o trace -e inject=mknodat:delay_exit=1000000 "$bin/fifo/$program"
        local tracer=$pid
        within compgen -G "$TMPDIR/$program.*"
        kill -s INT "$(cat "/proc/$tracer/task/$tracer/children")"
        within gone "$tracer"
        run ! compgen -G "$TMPDIR/$program.*"
    done
}

# on_pipe FAULT PROGRAM ARG...: as inject, but only for the calls on $pipe, which strace must be given
# as the program is
on_pipe() {
    run_limited strace -qq -o trace -P "$pipe" -e "inject=$1" "${@:2}"
    stderr=$(grep -v '^strace: \|: waiting for a ' <<<"$stderr") || true
}

@test "a call on the FIFO that fails is named: reader, writer, alarm_timeout" {
    local name fstat second failed='Input/output error'
    fstat=$(fstat_is)
    second=1 # where stat() makes the same call, fstat() makes the second one
    [[ $fstat == fstat ]] || second=2
    pipe=$PWD/pipe_file
    mkfifo pipe_file
    exec 8<>pipe_file # so that no open waits
    for name in fifo/reader fifo/writer signals/alarm_timeout; do
        local command=("$bin/$name" "$pipe")
        [[ $name != *timeout ]] || command+=(10)
        name=${name#*/}
        echo hello >&8
        on_pipe openat:error=EACCES "${command[@]}"
        expect 1 "" "$name: open $pipe: Permission denied"
        if [[ $name != alarm_timeout ]]; then
            on_pipe newfstatat:error=EIO:when=1 "${command[@]}"
            expect 1 "" "$name: stat $pipe: $failed"
            on_pipe "$fstat:error=EIO:when=$second" "${command[@]}"
            expect 1 "" "$name: fstat $pipe: $failed"
        else
            on_pipe "$fstat:error=EIO" "${command[@]}"
            expect 1 "" "$name: fstat $pipe: $failed"
        fi
    done
    on_pipe read:error=EIO "$bin/fifo/reader" "$pipe"
    expect 1 "" "reader: read $pipe: $failed"
    on_pipe read:error=EIO "$bin/signals/alarm_timeout" "$pipe" 10
    expect 1 "" "alarm_timeout: read $pipe: $failed"
    on_pipe write:error=EIO "$bin/fifo/writer" "$pipe" <"$root/README.md"
    expect 1 "" "writer: write $pipe: $failed"
    on_pipe close:error=EIO "$bin/fifo/writer" "$pipe" </dev/null
    expect 1 "" "writer: close $pipe: $failed"
    exec 8>&-
    start writer bash -c 'echo hello >pipe_file'
    on_pipe close:error=EIO "$bin/fifo/reader" "$pipe"
    expect 1 hello "reader: close $pipe: $failed"
    ends "$pid" 0
    start writer bash -c 'echo hello >pipe_file'
    on_pipe close:error=EIO "$bin/signals/alarm_timeout" "$pipe" 10
    expect 1 hello "alarm_timeout: close $pipe: $failed"
    ends "$pid" 0
}

@test "reader, writer: an interrupted call and a short one lose nothing" {
    pipe=$PWD/pipe_file
    seq 2000 >data
    mkfifo pipe_file
    start reader strace -qq -o trace -P "$pipe" -e inject=read:error=EINTR:when=1+3 \
        "$bin/fifo/reader" "$pipe"
    run_limited strace -qq -o trace2 -P "$pipe" -e inject=write:error=EINTR:when=1+2 \
        "$bin/fifo/writer" "$pipe" <data
    [ "$status" -eq 0 ]
    ends "$pid" 0
    cmp data reader.out
    start reader "$bin/fifo/reader" "$pipe"
    run_limited strace -qq -o trace2 -P "$PWD/data" -e inject=read:error=EINTR:when=1+2 \
        "$bin/fifo/writer" "$pipe" <data
    [ "$status" -eq 0 ]
    ends "$pid" 0
    cmp data reader.out
}

@test "writer, reader: a file that takes the FIFO's place is neither written nor read" {
    pipe=$PWD/pipe_file
    for name in writer reader; do
        mkfifo pipe_file
        echo mine >file
        start it strace -qq -o trace -P "$pipe" -e inject=openat:delay_enter=1000000 \
            "$bin/fifo/$name" "$pipe"
        within grep -qs ': waiting' it.err
        mv file pipe_file
        ends "$pid" 1
        grep -qx "$name: open $pipe: no longer a FIFO" it.err
        [ "$(<pipe_file)" = mine ]
        rm pipe_file
    done
}

@test "a hang-up just before the handlers are there is not lost" {
    local program tracee
    for program in domain_sock/server domain_sock/dgram_server fifo/server; do
        start traced strace -qq -o trace -e inject=bind,mknodat:delay_exit=500000 "$bin/$program" s
        within test -e s
        tracee=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
        kill -HUP "$tracee"
        ends "$pid" 0
        [ ! -e s ]
    done
}

@test "client: a file that takes its FIFO's place at once is neither read nor removed" {
    mkfifo requests
    exec 8<>requests
    start traced strace -qq -o trace -e inject=mknod,mknodat:delay_exit=500000 "$bin/fifo/client" requests
    within compgen -G 'requests.*' >/dev/null
    local name
    name=$(compgen -G 'requests.*')
    rm "$name"
    echo precious >"$name"
    ends "$pid" 1
    [ "$(cat traced.err)" = "client: open $name: is not the FIFO any more" ]
    [ "$(cat "$name")" = precious ]
    exec 8>&-
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
