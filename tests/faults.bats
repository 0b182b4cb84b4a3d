#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=300

# Every system call that a program makes fails once: strace makes it fail. The
# program must give the reason on standard error, and end with another status
# than 0. `make stress` runs this file, `make test` does not.

setup() {
    own_directory
    strace -o /dev/null true 2>/dev/null || skip "strace is missing or may not trace"
    ! grep -q __asan_init "$bin/pipes/pipes" || skip "the sanitizer makes calls of its own"
}

# What each call fails with
faults='pipe2:EMFILE dup2:EBUSY clone:EAGAIN wait4:ECHILD close:EIO fcntl:EINVAL
    openat:EACCES read:EIO write:ENOSPC pread64:EIO pwrite64:ENOSPC
    mmap:ENOMEM munmap:EINVAL ftruncate:ENOSPC fsync:EIO msync:EIO flock:ENOLCK
    rename:EACCES unlink:EACCES mkdir:EACCES mknodat:ENOSPC getdents64:EIO
    tgkill:EPERM kill:EPERM rt_sigaction:EINVAL poll:ENOMEM
    rt_sigprocmask:EINVAL rt_sigqueueinfo:EAGAIN setrlimit:EPERM
    prlimit64:EPERM prctl:EPERM
    socket:EMFILE socketpair:EMFILE bind:EADDRINUSE listen:EADDRINUSE
    getsockname:ENOBUFS accept:EMFILE connect:EACCES setsockopt:EINVAL
    sendto:ENOBUFS recvfrom:EIO sendmsg:ENOBUFS recvmsg:ECONNRESET
    shutdown:EINVAL'
declare -gA reasons=(
    [EIO]='Input/output error' [EBUSY]='Device or resource busy'
    [EMFILE]='Too many open files' [ECHILD]='No child processes'
    [EAGAIN]='Resource temporarily unavailable' [EINVAL]='Invalid argument'
    [ENOSPC]='No space left on device' [EACCES]='Permission denied'
    [ENOMEM]='Cannot allocate memory' [ECONNRESET]='Connection reset by peer'
    [ENOBUFS]='No buffer space available' [EPERM]='Operation not permitted'
    [EADDRINUSE]='Address already in use' [ENOLCK]='No locks available'
)

# sweep [-CALL...] PROGRAM [ARG...]: the program, which succeeds, is run again for
# each call that it makes, but for the CALLs, with that call failing. The loader's
# calls, up to its only munmap, are left alone.
sweep() {
    local left_alone=' ' fault call error before most k failures=0 points=0
    while [[ $1 == -* ]]; do
        left_alone+="${1#-} "
        shift
    done
    timeout 30 strace -f -qq -o right "$bin/$1" "${@:2}" <<<hello &>/dev/null || {
        echo "$*: fails without a fault"
        return 1
    }
    for fault in $faults; do
        call=${fault%:*} error=${fault#*:}
        [[ $left_alone != *" $call "* ]] || continue
        before=$(sed '/munmap(/q' right | grep -c "^[0-9]* *$call(") || true
        most=$(sed -n "s/^\([0-9]*\) *$call(.*/\1/p" right | sort | uniq -c |
            sort -n | awk 'END { print $1 + 0 }')
        ((most <= before + 4)) || most=$((before + 4)) # of a loop, the first ones
        for ((k = before + 1; k <= most; ++k)); do
            points=$((points + 1))
            fails "$call" "$error" "$k" "$@" || failures=$((failures + 1))
        done
    done
    rm -rf "${TMPDIR:?}"/*
    printf '%s: %d calls failed, %d of them unnoticed\n' "$1" "$points" "$failures"
    ((failures == 0 && points > 0))
}

fails() { # fails CALL ERROR WHEN PROGRAM [ARG...]
    local status=0 stderr
    stderr=$(timeout -k 2 30 strace -f --seccomp-bpf -qq -o trace \
        -e "trace=$1,mmap,rt_sigprocmask" -e "inject=$1:error=$2:when=$3" \
        "$bin/$4" "${@:5}" 2>&1 >/dev/null <<<hello) || status=$?
    [[ $(<trace) == *INJECTED* ]] || return 0         # this time it made fewer calls
    ! grep -q 'write(2, .*INJECTED' trace || return 0 # a message
    [[ $status == 0 || $status == 124 || $stderr != *"${reasons[$2]}"* ]] || return 0
    ! of_the_library "$1" || return 0
    printf '%s, call %d of %s: status %d: %s\n' "$4" "$3" "$1" "$status" "$stderr"
    return 1
}

# of_the_library CALL: the call that failed was one of the C library's own, which
# does without: memory, or the mask around fork() and raise().
of_the_library() {
    local pid calls
    [[ $1 == mmap || $1 == rt_sigprocmask ]] || return
    pid=$(sed -n '/INJECTED/{s/ .*//p;q}' trace)
    calls=$(sed '/INJECTED/q' trace | grep "^$pid .*\(mmap\|rt_sigprocmask\)(" | tail -n 2)
    [[ ${calls##*$'\n'} == *MAP_ANONYMOUS* ]] ||
        [[ $calls == *'rt_sigprocmask(SIG_BLOCK, ~[]'* || $calls == *MAP_ANONYMOUS*rt_sigprocmask* ]]
}

# sweep_all: sweeps each line of standard input
sweep_all() {
    local words failed=()
    while read -ra words; do
        sweep "${words[@]}" || failed+=("${words[*]}")
    done
    printf 'failed: %s\n' "${failed[@]}"
    ((${#failed[@]} == 0))
}

# What is left alone, and why:
#   read            of a number that does not come, of the Enter key, or of
#                   fseek(), which goes without
#   wait4           where a program waits until there is no child
#   close, munmap   of what was only read
#   openat          that tmpfile() does without
#   rt_sigaction    of signal(), where every signal is tried, or none can be refused
#   and what a command does that the program executes; what leaves a stopped
#   child behind; the emulation of doors, whose errors are one for its caller

@test "a call that fails is named: pipes" {
    sweep_all <<'END'
-read pipes/pipes
pipes/fork_pipe
-wait4 pipes/pipeline true | true
-wait4 pipes/ping_pong 2
END
}

@test "a call that fails is named: fifo" {
    mkfifo pipe_file
    exec 8<>pipe_file
    start server "$bin/fifo/server" requests
    within shows server.out "listening on requests"
    sweep_all <<'END'
fifo/writer pipe_file
fifo/client requests
-wait4 -openat -unlink fifo/ping_pong 2
END
    kill "$pid"
    ends "$pid" 0
    exec 8<&-
    rm -f /tmp/ping_pong.*
}

@test "a call that fails is named: signals" {
    sweep_all <<'END'
signals/dispositions
-wait4 -tgkill -kill -prlimit64 -rt_sigaction signals/signal_table
-kill -tgkill -rt_sigaction -rt_sigprocmask signals/causes
-tgkill -rt_sigprocmask signals/jump
signals/reentrancy
-kill signals/sending
-write -poll signals/interrupted
signals/sleep_alarm
-rt_sigprocmask signals/bettersleep
signals/reliable_sleep
-wait4 -rt_sigprocmask signals/ping_pong 2
END
}

@test "a call that fails is named: mmap, mmap_locks" {
    "$bin/mmap/mmap"
    sweep_all <<'END'
mmap/mmap
mmap/mmap2
mmap/consumer
-read mmap/producer
-close -openat -mmap -munmap -prlimit64 mmap/absolute
-close -openat -mmap -munmap -prlimit64 mmap/relative
mmap/atomicity
-openat mmap/mmap_vs_write
-kill mmap_locks/robust_mutex
-wait4 mmap/ping_pong 2
-wait4 mmap_locks/ping_pong 2
END
}

@test "a call that fails is named: files" {
    mkdir daily
    printf '#!/bin/sh\n' >daily/job
    chmod +x daily/job
    sweep_all <<'END'
-close files/state counter
-close -munmap files/proc 1
-close -fcntl -rt_sigaction files/cron daily
-close files/spool_submit spool
-close -flock files/spool_daemon -1 empty true
-close -rt_sigaction files/lock_file lock true
-close -read files/queue_put queue one
-close -read files/queue_get queue
-close files/print_submit print counter
-close -flock files/print_daemon -1 print paper
-wait4 -openat files/ping_pong 2
END
}

@test "a call that fails is named: doors, domain_sock, tcp" {
    local server servers=() port
    for server in 'doors/doorserver door' 'domain_sock/server s' \
        'domain_sock/dgram_server d' 'tcp/server 0'; do
        # shellcheck disable=SC2086 # words
        start "${server%%/*}${#servers[@]}" "$bin"/$server
        servers+=("$pid")
    done
    within grep -qs port tcp3.out
    within grep -qs listening domain_sock2.out
    port=$(sed 's/.* port //' tcp3.out)
    sweep_all <<END
-sendto -recvfrom -shutdown -close -connect doors/doorclient door
domain_sock/client s
domain_sock/dgram_client d one two
domain_sock/duplex
-openat domain_sock/pass_descriptor
tcp/client 127.0.0.1 $port
-wait4 domain_sock/ping_pong 2
-wait4 -connect -accept tcp/ping_pong 2
END
    kill "${servers[@]}"
    for pid in "${servers[@]}"; do within gone "$pid"; done
}
