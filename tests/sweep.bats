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
            grep -q INJECTED trace || continue # this time it made fewer calls
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

@test "sweep: pipes" {
    sweep "$common pipe2:EMFILE dup2:EBUSY write:ENOSPC read:EIO" "$bin/pipes/pipes"
}

@test "sweep: fork_pipe" {
    sweep "$common pipe2:EMFILE dup2:EBUSY write:ENOSPC read:EIO" "$bin/pipes/fork_pipe"
}

@test "sweep: pipeline" {
    # Not dup2 and close: the stages make these too, and the last one's success is what counts.
    sweep "pipe2:EMFILE clone:EAGAIN wait4:ECHILD fcntl:EINVAL" "$bin/pipes/pipeline" true '|' true
}

@test "sweep: as_file" {
    sweep "clone:EAGAIN waitid:ECHILD mknodat:ENOSPC" "$bin/fifo/as_file" true -- cat '{}'
}

@test "sweep: client" {
    start server "$bin/fifo/server" requests
    local server=$pid
    within shows server.out "listening on requests"
    sweep "mknodat:ENOSPC fcntl:EINVAL openat:EACCES read:EIO write:ENOSPC $handlers" \
        "$bin/fifo/client" requests
    kill "$server"
    ends "$server" 0
}

@test "sweep: atomicity" {
    sweep "$common openat:EACCES write:ENOSPC read:EIO" "$bin/fifo/atomicity" 2 3
}

@test "sweep: signal_table" {
    sweep "clone:EAGAIN write:ENOSPC prlimit64:EPERM" "$bin/signals/signal_table"
}

@test "sweep: sending" {
    sweep "$common tgkill:EPERM write:ENOSPC $handlers kill:EPERM" "$bin/signals/sending"
}

@test "sweep: interrupted" {
    sweep "pipe2:EMFILE write:ENOSPC $handlers" "$bin/signals/interrupted"
}

@test "sweep: reentrancy" {
    sweep "tgkill:EPERM write:ENOSPC $handlers" "$bin/signals/reentrancy"
}

@test "sweep: sleep_alarm" {
    sweep "write:ENOSPC $handlers" "$bin/signals/sleep_alarm" 1
}

@test "sweep: bettersleep" {
    sweep "write:ENOSPC $handlers" "$bin/signals/bettersleep" 1
}

@test "sweep: sleepforproblem" {
    sweep "write:ENOSPC $handlers" "$bin/signals/sleepforproblem" 1
}

@test "sweep: reliable_sleep" {
    sweep "write:ENOSPC $handlers rt_sigprocmask:EINVAL" "$bin/signals/reliable_sleep" 1
}

@test "sweep: ping_pong" {
    sweep "$common $handlers pipe2:EMFILE getrusage:EPERM prctl:EPERM" "$bin/pipes/ping_pong" 10
    sweep "$common $handlers openat:EACCES getrusage:EPERM" "$bin/fifo/ping_pong" 10
    sweep "$common $handlers rt_sigqueueinfo:EAGAIN getrusage:EPERM" "$bin/signals/ping_pong" 1
}
