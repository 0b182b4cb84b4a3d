#!/usr/bin/env bats
load helpers

# ready NAME: the program started as NAME has printed its first line
ready() { within test -s "$1.out"; }

@test "sighandler: SIGUSR1 and SIGINT are received, each under its name; SIGTERM ends it" {
    start it "$bin/signals/sighandler"
    ready it
    [ "$(<it.out)" = "pid $pid: waiting for kill -USR1 $pid or Ctrl-C; kill $pid ends it" ]
    kill -s USR1 "$pid"
    within shows it.out "received SIGUSR1"
    kill -s INT "$pid"
    within shows it.out "received SIGINT"
    kill "$pid"
    ends "$pid" 143
    [ "$(wc -l <it.out)" -eq 3 ]
    [ ! -s it.err ]
}

@test "sighandler: lives through a flood of signals" {
    start it "$bin/signals/sighandler"
    ready it
    for _ in {1..2000}; do
        kill -s USR1 "$pid"
        kill -s INT "$pid"
    done
    within shows it.out "received SIGINT"
    kill "$pid"
    ends "$pid" 143
    run ! grep -vx -e 'received SIGUSR1' -e 'received SIGINT' <(tail -n +2 it.out)
}

@test "sighandler: a full disk, at the start and in the handler" {
    in_shell '"$1" >/dev/full' "$bin/signals/sighandler"
    expect 1 "" "sighandler: write standard output: No space left on device"
    start it bash -c 'ulimit -f 1; trap "" XFSZ; exec "$1" >>file' bash "$bin/signals/sighandler"
    within test -s file
    while ! gone "$pid"; do kill -s USR1 "$pid" 2>/dev/null || break; done # until 1024 bytes are full
    ends "$pid" 1
    [ "$(<it.err)" = "sighandler: write standard output: File too large" ]
}

@test "signal_table: all 14 signals of the text, on Linux" {
    run_limited "$bin/signals/signal_table"
    number() { kill -l "$1"; }
    row() { printf '%-8s  %6s  %-10s  %s\n' "$@"; }
    expect 0 "$(
        row signal number default 'can be caught or ignored'
        for name in ABRT ALRM BUS; do row SIG$name "$(number $name)" terminates yes; done
        row SIGCHLD "$(number CHLD)" ignored yes
        row SIGCONT "$(number CONT)" continues yes
        echo 'SIGEMT         -  does not exist on this system'
        for name in FPE HUP ILL INT; do row SIG$name "$(number $name)" terminates yes; done
        row SIGKILL "$(number KILL)" terminates no
        for name in PIPE SEGV; do row SIG$name "$(number $name)" terminates yes; done
        row SIGSTOP "$(number STOP)" stops no
    )" ""
}

@test "signal_table: says the same every time" {
    "$bin/signals/signal_table" >first
    for _ in {1..20}; do "$bin/signals/signal_table" | cmp - first; done
}

@test "signal_table: finds the defaults whatever is ignored and blocked where it starts" {
    run_limited env --ignore-signal=PIPE,INT,HUP --block-signal=ALRM,CONT,CHLD "$bin/signals/signal_table"
    [ "$status" -eq 0 ]
    [ "$(grep -c 'terminates  yes' <<<"$output")" -eq 9 ]
    [ "$(grep -c 'continues   yes' <<<"$output")" -eq 1 ]
}

@test "signal_table: killed, it leaves no stopped child" {
    strace -o /dev/null true 2>/dev/null || skip "strace is not installed, or may not trace"
    start it strace -o trace -e trace=wait4 -e inject=wait4:delay_exit=9000000:when=7 "$bin/signals/signal_table"
    local strace=$pid program child
    child_of() { tr -d ' ' <"/proc/$1/task/$1/children"; }
    held_up() { # the program, in wait4, while its child is stopped
        program=$(child_of "$strace") && child=$(child_of "$program") &&
            grep -q '^State:.T (stopped' "/proc/$child/status"
    } 2>/dev/null
    within held_up
    kill -KILL "$program"
    ends "$strace" 137
    within gone "$child"
}

@test "signal_table: where core files are already ruled out" {
    in_shell 'ulimit -c 0; exec "$1"' "$bin/signals/signal_table"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
}

@test "signal_table: leaves no core file" {
    in_shell 'ulimit -c unlimited; exec "$1"' "$bin/signals/signal_table"
    [ "$status" -eq 0 ]
    run find . -name '*core*' -o -size +1M
    [ -z "$output" ]
}

@test "sending: raise, kill, alarm and pause, each received" {
    run_limited "$bin/signals/sending"
    expect 0 "raise(SIGUSR1): received before raise returned
kill(parent, SIGUSR2): received from the child
alarm(1), pause(): received SIGALRM" ""
}

@test "interrupted: EINTR and the retry without SA_RESTART, no sign of the signal with it" {
    run_limited "$bin/signals/interrupted"
    expect 0 "without SA_RESTART: read failed: Interrupted system call; retried: 1 byte
with SA_RESTART: 1 byte
poll, with SA_RESTART: Interrupted system call" ""
}

causes='abort()                            SIGABRT
the end of a child                 SIGCHLD
a division by zero                 SIGFPE
an instruction that is none        SIGILL
a store into a page to read only   SIGSEGV
a store past a mapped file'"'"'s end   SIGBUS
a write to a pipe without a reader SIGPIPE'

@test "causes: each signal of its cause, whatever is ignored and blocked where it starts; no core file" {
    [[ $(uname -m) == x86_64 ]] || skip "the causes are those of x86"
    run_limited "$bin/signals/causes"
    expect 0 "$causes" ""
    run_limited env --ignore-signal=PIPE,CHLD,ABRT --block-signal=PIPE,CHLD,SEGV "$bin/signals/causes"
    expect 0 "$causes" ""
    mkdir here
    in_shell 'cd here; ulimit -c unlimited; exec "$1"' "$bin/signals/causes"
    expect 0 "$causes" ""
    none 'here/*'
}

@test "jump: longjmp leaves the handler's signal blocked, siglongjmp does not" {
    run_limited env --block-signal=USR1,USR2 "$bin/signals/jump"
    expect 0 "after longjmp: SIGUSR1 is blocked
after siglongjmp: SIGUSR2 is not blocked" ""
}

@test "reentrancy: strtok is spoilt by its use in the handler, strtok_r is not" {
    run_limited "$bin/signals/reentrancy"
    expect 0 "strtok: one blue green
strtok_r: one two three" ""
}

took() { # took SECONDS COMMAND...: runs it, and it must take that long, and not 4 s longer
    local before after
    before=$(date +%s%N)
    "${@:2}"
    after=$(date +%s%N)
    local milliseconds=$(((after - before) / 1000000))
    ((milliseconds >= $1 * 1000 - 10 && milliseconds < $1 * 1000 + 4000)) || {
        echo "took $milliseconds ms, expected $1 s"
        return 1
    }
}

@test "a signal that is blocked at the start is let in" {
    local command each started=()
    for command in interrupted sending 'bettersleep 1' 'sleep_alarm 1'; do
        # shellcheck disable=SC2086 # a program and its arguments
        start "${command% 1}" env --block-signal=ALRM,USR1,USR2 "$bin/signals/"$command
        started+=("$pid")
    done
    for each in "${started[@]}"; do ends "$each" 0; done
    [ "$(tail -n 1 interrupted.out)" = "poll, with SA_RESTART: Interrupted system call" ]
    [ "$(tail -n 1 sending.out)" = "alarm(1), pause(): received SIGALRM" ]
    [ "$(sort bettersleep.out sleep_alarm.out | uniq -c | tr -s ' ')" = " 3 sleepFor returned: 0" ]
    run_limited env --block-signal=USR1 "$bin/signals/reentrancy"
    expect 0 "strtok: one blue green
strtok_r: one two three" ""
}

@test "sleep_alarm: sleeps" {
    took 2 run_limited "$bin/signals/sleep_alarm" 2
    expect 0 "sleepFor returned: 0" ""
    took 0 run_limited "$bin/signals/sleep_alarm" 0
    expect 0 "sleepFor returned: 0" ""
}

@test "sleep_alarm -r: the alarm is lost between alarm and pause" {
    took 3 run_limited "$bin/signals/sleep_alarm" -r 1
    expect 0 "the alarm came before pause(), which only another one, 2 s later, has ended
sleepFor returned: 0" ""
}

@test "bettersleep: sleeps twice" {
    took 2 run_limited "$bin/signals/bettersleep" 1
    expect 0 $'sleepFor returned: 0\nsleepFor returned: 0' ""
    took 0 run_limited "$bin/signals/bettersleep" 0
    expect 0 $'sleepFor returned: 0\nsleepFor returned: 0' ""
}

@test "bettersleep -r: an alarm before pause does no harm" {
    took 2 run_limited "$bin/signals/bettersleep" -r 1
    local skipped='the alarm came before pause(), which the jump has skipped'
    expect 0 "$skipped"$'\nsleepFor returned: 0\n'"$skipped"$'\nsleepFor returned: 0' ""
}

@test "reliable_sleep: sleeps; Ctrl-C ends it early, with the seconds it did not sleep" {
    took 1 run_limited "$bin/signals/reliable_sleep" 1
    expect 0 "sleepFor returned: 0" ""
    took 0 run_limited "$bin/signals/reliable_sleep" 0
    expect 0 "sleepFor returned: 0" ""
    start it "$bin/signals/reliable_sleep" 1000
    within sleeps "$pid"
    kill -s INT "$pid"
    ends "$pid" 0
    [[ $(<it.out) =~ ^'sleepFor returned: '(1000|99[0-9])$ ]]
}

@test "reliable_sleep -r: an alarm before the wait is not lost" {
    took 1 run_limited "$bin/signals/reliable_sleep" -r 1
    expect 0 $'the alarm came before sigsuspend(), which did not wait\nsleepFor returned: 0' ""
}

@test "reliable_sleep: sleeps also where SIGALRM is blocked or ignored at the start" {
    took 1 run_limited env --block-signal=ALRM "$bin/signals/reliable_sleep" 1
    expect 0 "sleepFor returned: 0" ""
    took 1 run_limited env --ignore-signal=ALRM "$bin/signals/reliable_sleep" 1
    expect 0 "sleepFor returned: 0" ""
}

@test "the three sleepFor: the earlier alarm and handler come back, another signal cuts it short" {
    for program in sleep_alarm bettersleep reliable_sleep; do
        # main may do without a return, but not under another name
        ${CXX:-c++} -std=c++20 -pthread -Wno-return-type -DPROGRAM="\"../signals/$program.cpp\"" -D"CALL(n)=sleepFor(n, false)" \
            "$root/tests/sleep_for.cpp" -o "sleep_for_$program"
        start $program "./sleep_for_$program"
        pids+=("$pid")
    done
    for child in "${pids[@]}"; do ends "$child" 0; done
    tail -n 20 ./*.out
    for program in sleep_alarm bettersleep reliable_sleep; do
        [ "$(grep -c '^ok ' $program.out)" -eq 7 ]
        [ "$(wc -l <$program.out)" -eq 7 ]
    done
}

@test "sleepforproblem: Ctrl-C during the sleep: the handler is entered and abandoned" {
    start it "$bin/signals/sleepforproblem" 1
    ready it
    kill -s INT "$pid"
    ends "$pid" 0
    [ "$(<it.out)" = "press Ctrl-C before the sleep ends; a second one ends the program
sig_int enter
sleepFor returned: 0
sig_int was abandoned: the alarm's handler jumped out of it" ]
    [ ! -s it.err ]
}

@test "sleepforproblem: a second Ctrl-C ends the program" {
    start it "$bin/signals/sleepforproblem" 30
    ready it
    kill -s INT "$pid"
    within shows it.out "sig_int enter"
    kill -s INT "$pid"
    kill -s ALRM "$pid" # the second waits for the end of the handler, which the alarm brings
    ends "$pid" 130
}

@test "sleepforproblem: a handler that the alarm does not interrupt runs to its end" {
    start it env --block-signal=ALRM "$bin/signals/sleepforproblem" 1
    ready it
    within sleeps "$pid" # in pause: a Ctrl-C that came before it would leave it waiting
    kill -s INT "$pid"
    within shows it.out "sig_int enter"
    took 1 ends "$pid" 0
    [ "$(tail -n +2 it.out)" = "sig_int enter
sig_int done
sleepFor returned: 0
sig_int was done before the alarm came" ]
}

@test "sleepforproblem: a full disk, met in the handler" {
    head -c $((1024 - 66)) /dev/zero >file # the prompt just fits
    start it bash -c 'ulimit -f 1; trap "" XFSZ; exec "$1" 1 >>file' bash "$bin/signals/sleepforproblem"
    within eval '(($(stat -c %s file) == 1024))'
    kill -s INT "$pid"
    ends "$pid" 1
    [ "$(<it.err)" = "sleepforproblem: write standard output: File too large" ]
}

@test "sleepforproblem: without a Ctrl-C" {
    took 1 run_limited "$bin/signals/sleepforproblem" 1
    expect 0 "press Ctrl-C before the sleep ends; a second one ends the program
sleepFor returned: 0
no Ctrl-C came" ""
}

@test "the sleeps: bad numbers of seconds" {
    for program in sleep_alarm bettersleep reliable_sleep; do
        local usage="$program [-r] SECONDS"
        run_limited "$bin/signals/$program"
        expect 2 "" "$program: usage: $usage"
        run_limited "$bin/signals/$program" -r 1 2
        expect 2 "" "$program: usage: $usage"
        for bad in -1 x 1s '' 2147483648 99999999999999999999; do
            run_limited "$bin/signals/$program" "$bad"
            expect 2 "" "$program: $bad: not a number of seconds from 0 to 2147483647"
        done
    done
    run_limited "$bin/signals/sleepforproblem" 1 2
    expect 2 "" "sleepforproblem: usage: sleepforproblem [SECONDS]"
    for bad in 0 -1 x 61; do
        run_limited "$bin/signals/sleepforproblem" "$bad"
        expect 2 "" "sleepforproblem: $bad: not a number of seconds from 1 to 60"
    done
}

@test "programs without arguments say so" {
    for program in sighandler signal_table causes sending interrupted reentrancy jump; do
        run_limited "$bin/signals/$program" x
        expect 2 "" "$program: usage: $program"
    done
}

@test "results that cannot be written are an error" {
    local command
    for command in signal_table causes sending interrupted reentrancy jump 'sleep_alarm 0' 'bettersleep 0' \
        'reliable_sleep 0' 'sleepforproblem 1'; do
        in_shell "\"\$1\"/$command >/dev/full" "$bin/signals"
        expect 1 "" "${command% *}: write standard output: No space left on device"
    done
}

# -------------------------------------------------------------------------------- alarm_timeout

@test "alarm_timeout: no writer" {
    mkfifo pipe_file
    took 1 run_limited "$bin/signals/alarm_timeout" pipe_file 1
    expect 124 "" "alarm_timeout: open pipe_file: no writer within 1 s"
}

@test "alarm_timeout: a writer that never writes" {
    mkfifo pipe_file
    exec 8<>pipe_file
    took 1 run_limited "$bin/signals/alarm_timeout" pipe_file 1
    expect 124 "" "alarm_timeout: read pipe_file: no end of file within 1 s"
    exec 8>&-
}

@test "alarm_timeout: a writer that writes and does not end: what came is there" {
    mkfifo pipe_file
    exec 8<>pipe_file
    echo hello >&8
    run_limited "$bin/signals/alarm_timeout" pipe_file 1
    expect 124 hello "alarm_timeout: read pipe_file: no end of file within 1 s"
    exec 8>&-
}

@test "alarm_timeout: a writer in time" {
    mkfifo pipe_file
    start writer bash -c 'seq 100000 >pipe_file'
    in_shell '"$1" pipe_file 15 >copy' "$bin/signals/alarm_timeout"
    expect 0 "" ""
    ends "$pid" 0
    seq 100000 | cmp - copy
}

@test "alarm_timeout: a signal that is not the alarm, in open and in read" {
    mkfifo pipe_file
    start it "$bin/signals/alarm_timeout" pipe_file 15
    within sleeps "$pid"
    kill -s USR1 "$pid"
    within shows it.err "alarm_timeout: open pipe_file: interrupted, but not by the alarm; again"
    exec 8>pipe_file
    echo hello >&8
    within shows it.out hello
    within sleeps "$pid"
    kill -s USR1 "$pid"
    within shows it.err "alarm_timeout: read pipe_file: interrupted, but not by the alarm; again"
    exec 8>&-
    ends "$pid" 0
    [ "$(<it.out)" = hello ]
}

@test "alarm_timeout: the limit holds while data keep coming" {
    mkfifo pipe_file
    exec 8<>pipe_file
    yes >pipe_file 3>&- 8>&- &
    local yes=$!
    took 1 in_shell '"$1" pipe_file 1 >/dev/null' "$bin/signals/alarm_timeout"
    expect 124 "" "alarm_timeout: read pipe_file: no end of file within 1 s"
    exec 8>&-
    within gone "$yes"
}

@test "alarm_timeout: the limit holds for a reader of its output, too, and another signal loses nothing" {
    mkfifo pipe_file output
    exec 8<>output 9<>pipe_file
    yes >pipe_file 8>&- 9>&- 3>&- &
    local yes=$!
    start it bash -c 'exec "$1" pipe_file 2 >output' bash "$bin/signals/alarm_timeout"
    within sleeps "$pid"
    kill -s USR1 "$pid"
    ends "$pid" 124
    grep -qx "alarm_timeout: write standard output: no reader within 2 s" it.err
    exec 9>&-
    within gone "$yes"
    exec 8>&-
}

@test "alarm_timeout: the alarm is let in, even if blocked at the start" {
    mkfifo pipe_file
    took 1 run_limited env --block-signal=ALRM,USR1 "$bin/signals/alarm_timeout" pipe_file 1
    expect 124 "" "alarm_timeout: open pipe_file: no writer within 1 s"
}

@test "alarm_timeout: bad arguments" {
    run_limited "$bin/signals/alarm_timeout"
    expect 2 "" "alarm_timeout: usage: alarm_timeout FIFO SECONDS"
    run_limited "$bin/signals/alarm_timeout" a 1 2
    expect 2 "" "alarm_timeout: usage: alarm_timeout FIFO SECONDS"
    mkfifo pipe_file
    for bad in 0 -1 x 2s 2147483648; do
        run_limited "$bin/signals/alarm_timeout" pipe_file "$bad"
        expect 2 "" "alarm_timeout: $bad: not a number of seconds from 1 to 2147483647"
    done
    run_limited "$bin/signals/alarm_timeout" missing 1
    expect 1 "" "alarm_timeout: open missing: No such file or directory"
    run_limited "$bin/signals/alarm_timeout" . 1
    expect 1 "" "alarm_timeout: open .: not a FIFO"
    echo mine >file
    run_limited "$bin/signals/alarm_timeout" file 1
    expect 1 "" "alarm_timeout: open file: not a FIFO"
    start writer bash -c 'echo hello >pipe_file'
    in_shell '"$1" pipe_file 15 >/dev/full' "$bin/signals/alarm_timeout"
    expect 1 "" "alarm_timeout: write standard output: No space left on device"
    ends "$pid" 0
}
