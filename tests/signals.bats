#!/usr/bin/env bats
load helpers

b=$bin/signals
full='write standard output: No space left on device'

# took SECONDS COMMAND...: runs it; it must take that long, and not 2 s longer
took() {
    local begin=$EPOCHREALTIME milliseconds
    "${@:2}"
    milliseconds=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
    if ((milliseconds < $1 * 1000 - 300 || milliseconds > $1 * 1000 + 1800)); then
        echo "took $milliseconds ms, expected $1 s"
        return 1
    fi
}

# --------------------------------------------- dispositions, handlers, sending

@test "dispositions: a signal is ignored, caught, and ends a child" {
    run_limited "$b/dispositions"
    expect 0 "ignored: raise returned, and nothing happened
caught: the handler ran before raise returned
default: the child was ended by the signal: Terminated" ""
}

@test "sighandler: receives SIGUSR1 and SIGINT, each under its name" {
    start it "$b/sighandler"
    within test -s it.out
    [ "$(<it.out)" = "process $pid waits for SIGUSR1 or Ctrl-C; kill $pid ends it" ]
    kill -s USR1 "$pid"
    within shows it.out "received SIGUSR1"
    [ "$(wc -l <it.out)" -eq 2 ]
    kill -s INT "$pid"
    within shows it.out "received SIGINT"
    kill "$pid"
    ends "$pid" 143
    [ "$(wc -l <it.out)" -eq 3 ]
}

@test "sighandler: a flood of signals neither stops it nor mixes its lines" {
    local i
    start it "$b/sighandler"
    within test -s it.out
    for i in {1..2000}; do kill -s USR1 "$pid" && kill -s INT "$pid"; done
    within shows it.out "received SIGINT"
    kill "$pid"
    ends "$pid" 143
    run ! grep -vx -e 'received SIGUSR1' -e 'received SIGINT' <(sed 1d it.out)
}

@test "sighandler, interrupted: the handler leaves errno as it found it" {
    # handles PROGRAM CALLS: compiles it with a main that makes these calls, and
    # a write that changes errno even if it succeeds, as it may
    handles() {
        "${CXX:-c++}" -std=c++20 -o handles -x c++ - <<END
#include <errno.h>
#include <unistd.h>
static ssize_t disturbing_write(int fd, const void *bytes, size_t size) {
    const ssize_t put = write(fd, bytes, size);
    errno = 55;
    return put;
}
#define write disturbing_write
#define main program_main
#include "$root/signals/$1.cpp"
#undef main
int main() {
    $2;
    printf("errno %d\n", errno);
}
END
        run_limited ./handles
    }
    handles sighandler 'errno = 77; handler(SIGINT)'
    expect 0 $'received SIGINT\nerrno 77' ""
    handles interrupted 'if (pipe(pipefd) == -1) return 1; errno = 77; on_alarm(SIGALRM)'
    expect 0 "errno 77" ""
}

@test "signal_table: all 14 signals of the text" {
    number() { kill -l "$1"; }
    row() { printf '%-8s  %6s  %-10s  %s\n' "$@"; }
    table=$(
        row signal number default 'can be caught or ignored'
        for name in ABRT ALRM BUS; do row SIG$name "$(number $name)" terminates yes; done
        row SIGCHLD "$(number CHLD)" ignored yes
        row SIGCONT "$(number CONT)" continues yes
        echo 'SIGEMT    does not exist on this system'
        for name in FPE HUP ILL INT; do row SIG$name "$(number $name)" terminates yes; done
        row SIGKILL "$(number KILL)" terminates no
        for name in PIPE SEGV; do row SIG$name "$(number $name)" terminates yes; done
        row SIGSTOP "$(number STOP)" stops no
    )
    local i
    for i in {1..5}; do
        run_limited "$b/signal_table"
        expect 0 "$table" ""
    done
}

@test "signal_table, causes: no core file, no stopped child is left" {
    in_shell 'ulimit -c unlimited; exec "$1"' "$b/signal_table"
    [[ $output == signal* && -z $stderr ]]
    in_shell 'ulimit -c unlimited; exec "$1"' "$b/causes"
    [[ $output == abort* && -z $stderr ]]
    none '*core*'
    [ -z "$(left_running)" ]
}

@test "causes: each cause raises its signal" {
    [[ $(uname -m) == x86_64 ]] || skip "the causes are those of x86"
    run_limited "$b/causes"
    expect 0 "abort()                             SIGABRT
the end of a child                  SIGCHLD
a division by zero                  SIGFPE
an invalid instruction              SIGILL
a store into read-only memory       SIGSEGV
a store past a mapped file's end    SIGBUS
a write to a pipe without a reader  SIGPIPE" ""
}

@test "sending: raise, kill, alarm and pause, each received" {
    run_limited "$b/sending"
    expect 0 "raise(SIGUSR1): received before raise returned
kill(parent, SIGUSR2): received from the child
alarm(1), pause(): received SIGALRM" ""
}

@test "interrupted: EINTR without SA_RESTART, a restart with it, never for poll" {
    run_limited "$b/interrupted"
    expect 0 "without SA_RESTART: Interrupted system call; then 1 byte
with SA_RESTART: 1 byte
poll, with SA_RESTART: Interrupted system call" ""
}

@test "reentrancy: strtok is spoilt by its use in the handler, strtok_r is not" {
    run_limited "$b/reentrancy"
    expect 0 "strtok: one blue green
strtok_r: one two three" ""
}

@test "jump: longjmp leaves the signal blocked, siglongjmp does not" {
    run_limited "$b/jump"
    expect 0 "after longjmp: SIGUSR1 is blocked
after siglongjmp: SIGUSR2 is not blocked" ""
}

# -------------------------------------------------------------------- the sleeps

@test "sleep_alarm: sleeps; 0 seconds return at once" {
    took 2 run_limited "$b/sleep_alarm" 2
    expect 0 "sleepFor returned: 0" ""
    took 0 run_limited "$b/sleep_alarm" 0
    expect 0 "sleepFor returned: 0" ""
}

@test "sleep_alarm -r: the alarm is lost between alarm and pause" {
    took 3 run_limited "$b/sleep_alarm" -r 1
    expect 0 "sleepFor returned: 0" "sleep_alarm: the alarm came before\
 pause(); another one, 2 s later, ends it"
}

@test "bettersleep: sleeps twice; 0 seconds return at once" {
    took 2 run_limited "$b/bettersleep" 1
    expect 0 $'sleepFor returned: 0\nsleepFor returned: 0' ""
    took 0 run_limited "$b/bettersleep" 0
    expect 0 $'sleepFor returned: 0\nsleepFor returned: 0' ""
}

@test "bettersleep -r: an alarm that comes before pause does no harm" {
    local skipped='bettersleep: the alarm comes before pause(); its jump skips pause()'
    took 2 run_limited "$b/bettersleep" -r 1
    expect 0 $'sleepFor returned: 0\nsleepFor returned: 0' \
        "$skipped"$'\n'"$skipped"
}

@test "reliable_sleep: sleeps; Ctrl-C ends it early, with what is left" {
    took 1 run_limited "$b/reliable_sleep" 1
    expect 0 "sleepFor returned: 0" ""
    took 0 run_limited "$b/reliable_sleep" 0
    expect 0 "sleepFor returned: 0" ""
    start it "$b/reliable_sleep" 1000
    within sleeps "$pid"
    kill -s INT "$pid"
    ends "$pid" 0
    [[ $(<it.out) =~ ^'sleepFor returned: '(1000|99[0-9])$ ]]
}

@test "reliable_sleep -r: an alarm that comes before the wait is not lost" {
    took 2 run_limited "$b/reliable_sleep" -r 1
    expect 0 "sleepFor returned: 0" "reliable_sleep: the alarm came before\
 sigsuspend(), and is pending"
}

@test "sleepFor: as another program would call it" {
    local program pids=() expected=3
    for program in sleep_alarm bettersleep reliable_sleep; do
        local flags=(-DPROGRAM="\"../signals/$program.cpp\"")
        [[ $program != reliable* ]] || flags+=(-DPUTS_BACK)
        "${CXX:-c++}" -std=c++20 -pthread -Wno-return-type "${flags[@]}" \
            "$root/tests/sleep_for.cpp" -o "for_$program"
        start $program "./for_$program"
        pids+=("$pid")
    done
    for program in "${pids[@]}"; do ends "$program" 0; done
    for program in sleep_alarm bettersleep reliable_sleep; do
        [[ $program != reliable* ]] || expected=6
        cat "$program.out"
        [ "$(grep -c '^ok ' "$program.out")" -eq "$expected" ]
        run ! grep FAILED "$program.out"
    done
}

@test "sleepforproblem: the alarm abandons the handler of Ctrl-C; without one it just sleeps" {
    start quiet "$b/sleepforproblem"
    local quiet=$pid
    start it "$b/sleepforproblem"
    within test -s it.out
    kill -s INT "$pid"
    took 3 ends "$pid" 0
    [ "$(<it.out)" = "press Ctrl-C within 3 seconds
sig_int enter
sleepFor returned: 0" ]
    ends "$quiet" 0
    [ "$(<quiet.out)" = $'press Ctrl-C within 3 seconds\nsleepFor returned: 0' ]
}

@test "the sleeps, alarm_timeout: wrong arguments" {
    local program bad
    for program in sleep_alarm bettersleep reliable_sleep; do
        for bad in '' '-r 1 2' '-x 1'; do
            # shellcheck disable=SC2086 # words
            run_limited "$b/$program" $bad
            expect 2 "" "$program: usage: $program [-r] SECONDS"
        done
        for bad in -1 x 1s '' 2147483648 99999999999999999999; do
            run_limited "$b/$program" "$bad"
            expect 2 "" "$program: $bad: not a number of seconds"
        done
    done
    run_limited "$b/alarm_timeout" fifo
    expect 2 "" "alarm_timeout: usage: alarm_timeout FIFO SECONDS"
    for bad in 0 -1 x 1s '' 2147483648; do
        run_limited "$b/alarm_timeout" fifo "$bad"
        expect 2 "" "alarm_timeout: $bad: not a number of seconds"
    done
}

# ----------------------------------------------------------------- alarm_timeout

@test "alarm_timeout: no writer within the limit" {
    mkfifo pipe_file
    took 2 run_limited "$b/alarm_timeout" pipe_file 2
    expect 124 "" "alarm_timeout: open pipe_file: no writer within 2 s"
}

@test "alarm_timeout: a writer that does not end; what it wrote is there" {
    mkfifo pipe_file
    exec 8<>pipe_file
    echo hello >&8
    took 1 run_limited "$b/alarm_timeout" pipe_file 1
    expect 124 hello "alarm_timeout: read pipe_file: no end of file within 1 s"
    exec 8>&-
}

@test "alarm_timeout: one limit for open and read together" {
    mkfifo pipe_file
    start it "$b/alarm_timeout" pipe_file 3
    within sleeps "$pid"
    pause 1.5 # half of it goes by in open
    exec 8>pipe_file
    took 1 ends "$pid" 124
    [ "$(<it.err)" = "alarm_timeout: read pipe_file: no end of file within 3 s" ]
    exec 8>&-
}

@test "alarm_timeout: the limit holds while data keep coming" {
    mkfifo pipe_file
    exec 8<>pipe_file
    yes >pipe_file 3>&- 8>&- &
    local yes=$!
    took 1 in_shell '"$1" pipe_file 1 >/dev/null' "$b/alarm_timeout"
    expect 124 "" "alarm_timeout: read pipe_file: no end of file within 1 s"
    exec 8>&-
    within gone "$yes"
}

@test "alarm_timeout: a writer in time" {
    mkfifo pipe_file
    start writer bash -c 'seq 100000 >pipe_file'
    in_shell '"$1" pipe_file 15 >copy' "$b/alarm_timeout"
    expect 0 "" ""
    ends "$pid" 0
    seq 100000 | cmp - copy
}

@test "alarm_timeout, sending: an alarm that comes before the call it must end" {
    traced true
    mkfifo pipe_file
    local early=(strace -f -qq -o /dev/null -e inject=alarm:delay_exit=1500000:when=1)
    start timeout "${early[@]}" "$b/alarm_timeout" pipe_file 1
    local timeout=$pid
    start sending "${early[@]}" "$b/sending"
    local sending=$pid
    # reliable_sleep needs no second alarm, sleep_alarm waits for ever
    start reliable "${early[@]}" "$b/reliable_sleep" 1
    local reliable=$pid
    run_limited timeout 4 "${early[@]}" "$b/sleep_alarm" 1
    expect 124 "" ""
    ends "$timeout" 124
    ends "$sending" 0
    ends "$reliable" 0
    shows sending.out "alarm(1), pause(): received SIGALRM"
    shows reliable.out "sleepFor returned: 0"
}

@test "alarm_timeout: no such file" {
    run_limited "$b/alarm_timeout" missing 1
    expect 1 "" "alarm_timeout: open missing: No such file or directory"
}

@test "signals programs: a full disk" {
    local command pids=() commands=(dispositions sighandler signal_table causes sending
        interrupted reentrancy jump 'sleep_alarm 0' 'bettersleep 0'
        'reliable_sleep 0')
    for command in "${commands[@]}"; do # some take seconds, so all at once
        # shellcheck disable=SC2016 # the inner shell expands it
        start "${command% *}" bash -c '"$1"/$2 >/dev/full; echo "status $?"' bash "$b" "$command"
        pids+=("$pid")
    done
    for pid in "${pids[@]}"; do ends "$pid" 0; done
    for command in "${commands[@]% *}"; do
        [ "$(cat "$command.err" "$command.out")" = "$command: $full"$'\nstatus 1' ]
    done
    mkfifo pipe_file
    # as many bytes as stdio writes at once, and does not keep for fflush
    start writer sh -c 'exec head -c 4096 /dev/zero >pipe_file'
    in_shell '"$1" pipe_file 9 >/dev/full' "$b/alarm_timeout"
    expect 1 "" "alarm_timeout: $full"
    ends "$pid" 0
}
