#!/usr/bin/env bats
load helpers

# Every system call that a program makes fails once (strace makes it fail): the program must name the
# reason on standard error and exit with a status that is not 0.

setup() {
    own_directory
    strace -o /dev/null true 2>/dev/null || skip "strace is not installed, or may not trace"
    ! grep -q __asan_init "$bin/pipes/pipes" || skip "the sanitizer makes calls of its own"
}

declare -A reasons=(
    [EIO]='Input/output error' [EBUSY]='Device or resource busy' [EMFILE]='Too many open files'
    [EAGAIN]='Resource temporarily unavailable' [ECHILD]='No child processes'
    [ENOSPC]='No space left on device' [EACCES]='Permission denied' [EINVAL]='Invalid argument'
    [ENOLCK]='No locks available' [EPERM]='Operation not permitted'
)

# sweep "CALL:ERROR..." COMMAND...: COMMAND, which succeeds, is run again for each call of these that
# it makes, in any of its processes, with that call failing. What the loader does before main is
# known from a run with wrong arguments, which makes no other calls, and is left alone.
sweep() {
    local fault call error before most k stderr status failures=0 points=0
    strace -f -qq -o wrong "$2" '|' a b c d e </dev/null &>/dev/null || true
    strace -f -qq -o right "${@:2}" </dev/null &>/dev/null
    for fault in $1; do
        call=${fault%:*} error=${fault#*:}
        before=$(grep -c "^[0-9]* *$call(" wrong) || true
        most=$(sed -n "s/^\([0-9]*\) *$call(.*/\1/p" right | sort | uniq -c | sort -n | awk 'END { print +$1 }')
        for ((k = before + 1; k <= most; ++k)); do
            points=$((points + 1)) status=0
            stderr=$(timeout -k 2 10 strace -f -qq -o trace -e "inject=$call:error=$error:when=$k" \
                "${@:2}" 2>&1 >/dev/null </dev/null) || status=$?
            [[ $status == 0 || $status == 124 || $stderr != *"${reasons[$error]}"* ]] || continue
            printf '%s, call %d of %s: status %d: %s\n' "$2" "$k" "$call" "$status" "$stderr"
            failures=$((failures + 1))
        done
    done
    rm -rf "${TMPDIR:?}"/* # what could not be removed because unlink failed
    printf '%s: %d calls failed\n' "$2" "$points"
    [[ $failures == 0 && $points -gt 0 ]]
}

common='close:EIO clone:EAGAIN wait4:ECHILD mknodat:ENOSPC unlink:EACCES flock:ENOLCK fcntl:EINVAL'
handlers='rt_sigaction:EINVAL'

@test "every call that fails is named: pipes" {
    local program
    for program in pipes fork_pipe; do
        sweep "$common pipe2:EMFILE dup2:EBUSY write:ENOSPC read:EIO" "$bin/pipes/$program"
    done
    sweep "pipe2:EMFILE clone:EAGAIN wait4:ECHILD fcntl:EINVAL" "$bin/pipes/pipeline" true '|' true '|' true
    sweep "$common $handlers pipe2:EMFILE getrusage:EPERM prctl:EPERM" "$bin/pipes/ping_pong" 10
}

@test "every call that fails is named: fifo" {
    sweep "$common $handlers openat:EACCES write:ENOSPC read:EIO" "$bin/fifo/atomicity" 2 3
    sweep "$common $handlers openat:EACCES getrusage:EPERM" "$bin/fifo/ping_pong" 10
    sweep "clone:EAGAIN wait4:ECHILD mknodat:ENOSPC $handlers" \
        "$bin/fifo/as_file" true -- cat '{}'
    mkfifo pipe_file
    exec 8<>pipe_file
    start server "$bin/fifo/server" requests
    local server=$pid
    within shows server.out "listening on requests"
    sweep "mknodat:ENOSPC fcntl:EINVAL openat:EACCES read:EIO write:ENOSPC $handlers" \
        "$bin/fifo/client" requests
    kill "$server"
    ends "$server" 0
    exec 8>&-
}

@test "every call that fails is named: signals" {
    sweep "clone:EAGAIN write:ENOSPC prlimit64:EPERM" \
        "$bin/signals/signal_table"
    sweep "$common tgkill:EPERM write:ENOSPC $handlers kill:EPERM" "$bin/signals/sending"
    sweep "tgkill:EPERM write:ENOSPC $handlers" "$bin/signals/reentrancy"
    sweep "pipe2:EMFILE write:ENOSPC $handlers" "$bin/signals/interrupted"
    sweep "$common $handlers rt_sigqueueinfo:EAGAIN getrusage:EPERM" "$bin/signals/ping_pong" 1
    local program
    for program in sleep_alarm bettersleep sleepforproblem reliable_sleep; do
        sweep "write:ENOSPC $handlers" "$bin/signals/$program" 1
    done
}
