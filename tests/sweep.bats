#!/usr/bin/env bats
load helpers

# Every system call that a program makes fails once (strace makes it fail): the program must name the
# reason on standard error and exit with a status that is not 0.

setup() {
    own_directory
    strace -o /dev/null true 2>/dev/null || skip "strace is not installed, or may not trace"
    ! grep -q __asan_init "$bin/pipes/pipes" || skip "the sanitizer makes calls of its own"
}

declare -gA reasons=( # -g: bats reads this file inside a function
    [EIO]='Input/output error' [EBUSY]='Device or resource busy' [EMFILE]='Too many open files'
    [EAGAIN]='Resource temporarily unavailable' [ECHILD]='No child processes'
    [ENOSPC]='No space left on device' [EACCES]='Permission denied' [EINVAL]='Invalid argument'
    [ENOMEM]='Cannot allocate memory' [ECONNRESET]='Connection reset by peer'
    [ENOBUFS]='No buffer space available' [EADDRINUSE]='Address already in use'
    [ENOLCK]='No locks available' [EPERM]='Operation not permitted'
)

# sweep "CALL:ERROR..." COMMAND...: COMMAND, which succeeds, is run again for each call of these that
# it makes, in any of its processes, with that call failing. What the loader does before main is
# known from a run with wrong arguments (WRONG, where these are not), which makes no other calls, and
# is left alone.
sweep() {
    local fault call error before most k stderr status failures=0 points=0
    local wrong=('|' a b c d e)
    [[ -z ${WRONG+set} ]] || read -ra wrong <<<"$WRONG"
    timeout -k 2 10 strace -f -qq -o wrong "$2" "${wrong[@]}" </dev/null &>/dev/null || true
    strace -f -qq -o right "${@:2}" </dev/null &>/dev/null
    for fault in $1; do
        call=${fault%:*} error=${fault#*:}
        before=$(grep -c "^[0-9]* *$call(" wrong) || true
        most=$(sed -n "s/^\([0-9]*\) *$call(.*/\1/p" right | sort | uniq -c | sort -n | awk 'END { print +$1 }')
        for ((k = before + 1; k <= most; ++k)); do
            points=$((points + 1)) status=0
            stderr=$(timeout -k 2 10 strace -f --seccomp-bpf -qq -o trace \
                -e "trace=$call,mmap,rt_sigprocmask" -e "inject=$call:error=$error:when=$k" \
                "${@:2}" 2>&1 >/dev/null </dev/null) || status=$?
            [[ $(<trace) == *INJECTED* ]] || continue # this time it made fewer calls
            [[ $status != 0 ]] || ! of_the_library || continue
            [[ $status == 0 || $status == 124 || $stderr != *"${reasons[$error]}"* ]] || continue
            printf '%s, call %d of %s: status %d: %s\n' "$2" "$k" "$call" "$status" "$stderr"
            failures=$((failures + 1))
        done
    done
    rm -rf "${TMPDIR:?}"/* # what could not be removed because unlink failed
    printf '%s: %d calls failed\n' "$2" "$points"
    [[ $failures == 0 && $points -gt 0 ]]
}

# of_the_library: the call that failed was one of the C library's own, which does without: memory for
# getrandom(), and all signals blocked, for that or for fork(), and let in again.
of_the_library() {
    local pid calls
    [[ $call == mmap || $call == rt_sigprocmask ]] || return
    pid=$(sed -n '/INJECTED/{s/ .*//p;q}' trace)
    calls=$(sed '/INJECTED/q' trace | grep "^$pid .*\(mmap\|rt_sigprocmask\)(" | tail -n 2)
    [[ ${calls##*$'\n'} == *MAP_ANONYMOUS* ]] ||
        [[ $calls == *'rt_sigprocmask(SIG_BLOCK, ~[],'* || $calls == *MAP_ANONYMOUS*rt_sigprocmask* ]]
}

common='close:EIO clone:EAGAIN wait4:ECHILD mknodat:ENOSPC unlink:EACCES flock:ENOLCK fcntl:EINVAL'
handlers='rt_sigaction:EINVAL'

# What every program that maps a file does. The first mmap or close of a run may be the C library's own.
mapping='mmap:ENOMEM munmap:EINVAL openat:EACCES'

@test "sweep: client, dgram_client of domain_sock" {
    start server "$bin/domain_sock/server" s
    local server=$pid dgram_server
    start dgram_server "$bin/domain_sock/dgram_server" d
    dgram_server=$pid
    within shows server.out "listening on s"
    within shows dgram_server.out "listening on d"
    sweep "socket:EMFILE connect:EACCES sendto:ENOBUFS recvfrom:EIO shutdown:EINVAL close:EIO write:ENOSPC
        rt_sigprocmask:EINVAL $handlers" "$bin/domain_sock/client" s
    sweep "socket:EMFILE connect:EACCES sendto:ENOBUFS recvfrom:EIO bind:EADDRINUSE close:EIO write:ENOSPC
        rt_sigprocmask:EINVAL unlink:EACCES $handlers fcntl:EINVAL" "$bin/domain_sock/dgram_client" d one two
    kill "$server" "$dgram_server"
    ends "$server" 0
    ends "$dgram_server" 0
    rm -f d.*
}

@test "sweep: duplex, pass_descriptor" {
    sweep "socketpair:EMFILE fcntl:EINVAL clone:EAGAIN wait4:ECHILD poll:ENOMEM sendto:ENOBUFS recvfrom:ECONNRESET
        write:ENOSPC" "$bin/domain_sock/duplex" 1
    sweep "socketpair:EMFILE fcntl:EINVAL clone:EAGAIN wait4:ECHILD sendmsg:ENOBUFS recvmsg:ECONNRESET pread64:EIO
        write:ENOSPC unlink:EACCES rt_sigprocmask:EINVAL" "$bin/domain_sock/pass_descriptor"
}

@test "sweep: client of tcp" {
    start server "$bin/tcp/server" 0
    within grep -q '^listening on .* port [1-9]' server.out
    sweep "socket:EMFILE connect:EACCES sendto:ENOBUFS recvfrom:EIO shutdown:EINVAL write:ENOSPC
        rt_sigprocmask:EINVAL $handlers" "$bin/tcp/client" 127.0.0.1 "$(sed -n '1s/.* port //p' server.out)"
    kill "$pid"
    ends "$pid" 0
}

# What each program of files that makes a file does.
files='openat:EACCES close:EIO write:ENOSPC fcntl:EINVAL rt_sigprocmask:EINVAL fsync:EIO read:EIO'

@test "sweep: state, proc, cron" {
    WRONG='' sweep "$files $handlers flock:ENOLCK fchmod:EPERM fchown:EPERM rename:EACCES unlink:EACCES" "$bin/files/state" counter
    [ "$("$bin/files/state" counter)" -ge 2 ]
    sweep "openat:EACCES read:EIO write:ENOSPC" "$bin/files/proc" 1
    mkdir d
    printf '#!/bin/sh\n' >d/job
    chmod +x d/job
    WRONG='' sweep "openat:EACCES getdents64:EIO clone3:EAGAIN wait4:ECHILD" "$bin/files/cron" d
}

@test "sweep: spool_submit, spool_daemon" {
    WRONG='' sweep "$files $handlers mkdir:EACCES rename:EACCES" "$bin/files/spool_submit" spool /etc/passwd
    WRONG='' sweep "openat:EACCES mkdir:EACCES flock:ENOLCK fcntl:EINVAL $handlers getdents64:EIO write:ENOSPC" \
        "$bin/files/spool_daemon" -1 empty true
}

@test "sweep: print_submit, print_daemon" {
    WRONG='' sweep "openat:EACCES write:ENOSPC fcntl:EINVAL fsync:EIO read:EIO $handlers mkdir:EACCES rename:EACCES getdents64:EIO" \
        "$bin/files/print_submit" print /etc/passwd
    WRONG='' sweep "openat:EACCES mkdir:EACCES flock:ENOLCK fcntl:EINVAL $handlers getdents64:EIO" \
        "$bin/files/print_daemon" -1 empty paper
}

@test "sweep: lock_file, queue_put, queue_get" {
    WRONG='' sweep "openat:EACCES fcntl:EINVAL fchmod:EPERM flock:ENOLCK link:EPERM write:ENOSPC clone3:EAGAIN waitid:ECHILD wait4:ECHILD" "$bin/files/lock_file" lock "$bin/files/proc"
    WRONG='' sweep "$files $handlers" "$bin/files/queue_put" queue one
    # Not read: the C library tries again where its read-ahead has failed.
    WRONG='' sweep "${files% *} $handlers ftruncate:EIO" "$bin/files/queue_get" queue
}

@test "sweep: doorclient, doorserver" {
    start server "$bin/doors/doorserver" door
    within shows server.out "listening on door"
    sweep "$handlers openat:EACCES socket:EMFILE connect:EACCES sendmsg:ENOBUFS poll:ENOMEM rt_sigprocmask:EINVAL write:ENOSPC" "$bin/doors/doorclient" door
    kill "$pid"
    ends "$pid" 0
}

@test "sweep: ping_pong" {
    sweep "$common $handlers pipe2:EMFILE getrusage:EPERM prctl:EPERM" "$bin/pipes/ping_pong" 10
    sweep "$common $handlers openat:EACCES getrusage:EPERM" "$bin/fifo/ping_pong" 10
    sweep "$common $handlers rt_sigqueueinfo:EAGAIN getrusage:EPERM" "$bin/signals/ping_pong" 1
    sweep "$handlers clone:EAGAIN wait4:ECHILD mmap:ENOMEM write:ENOSPC" "$bin/mmap/ping_pong" 1
    sweep "$handlers clone:EAGAIN wait4:ECHILD mmap:ENOMEM write:ENOSPC" "$bin/mmap_locks/ping_pong" 1
    sweep "$common $handlers socketpair:EMFILE sendto:ENOBUFS recvfrom:EIO" "$bin/domain_sock/ping_pong" 2
    sweep "$common $handlers socket:EMFILE bind:EADDRINUSE listen:EADDRINUSE getsockname:ENOBUFS connect:EACCES
        accept:EMFILE setsockopt:EINVAL sendto:ENOBUFS recvfrom:EIO" "$bin/tcp/ping_pong" 2
}
