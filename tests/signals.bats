#!/usr/bin/env bats
load helpers

b=$bin/signals
full='write standard output: No space left on device'

@test "signals programs: wrong arguments and a missing file are named" {
    refuses() { # refuses MESSAGE PROGRAM ARGUMENT...
        run_limited "$b/$2" "${@:3}"
        expect 2 "" "$2: $1"
    }
    local program bad
    for program in sleep_alarm bettersleep reliable_sleep; do
        refuses "usage: $program [-r]" "$program" -r 1
        refuses "usage: $program [-r]" "$program" -x
    done
    refuses "usage: alarm_timeout FIFO SECONDS" alarm_timeout fifo
    refuses "usage: alarm_timeout FIFO SECONDS" alarm_timeout -h 1
    for bad in 0 -1 x 1s '' 2147483648; do
        refuses "$bad: not a number of seconds" alarm_timeout fifo "$bad"
    done
    run_limited "$b/alarm_timeout" missing 1
    expect 1 "" "alarm_timeout: open missing: No such file or directory"
}

@test "signals programs: a full disk is an error" {
    local program bytes each started=()
    for program in dispositions sighandler signal_table causes sending interrupted reentrancy jump \
        sleep_alarm bettersleep reliable_sleep; do
        start "$program" sh -c 'exec "$0" >/dev/full' "$b/$program"
        started+=("$pid")
    done
    for each in "${started[@]}"; do ends "$each" 1; done
    for program in ./*.err; do [ "$(<"$program")" = "$(basename "$program" .err): $full" ]; done
    mkfifo pipe_file
    for bytes in 1 4096; do # stdio keeps one for fflush, and writes 4096 at once
        start writer sh -c 'exec head -c "$0" /dev/zero >pipe_file' $bytes
        in_shell '"$1" pipe_file 9 >/dev/full' "$b/alarm_timeout"
        expect 1 "" "alarm_timeout: $full"
        ends "$pid" 0
    done
}

@test "dispositions: a signal is ignored, caught, and ends a child" {
    run_limited "$b/dispositions"
    expect 0 "ignored: raise returned, and nothing happened
caught: the handler ran before raise returned
default: the child was ended by the signal: Terminated" ""
}

@test "sighandler: receives SIGUSR1 and SIGINT, each under its name" {
    start it "$b/sighandler"
    within test -s it.out
    kill -s USR1 "$pid"
    within shows it.out "received SIGUSR1"
    kill -s INT "$pid"
    within shows it.out "received SIGINT"
    kill "$pid"
    ends "$pid" 143
    [ "$(<it.out)" = "process $pid waits for SIGUSR1 or Ctrl-C; kill $pid ends it
received SIGUSR1
received SIGINT" ]
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

@test "sighandler: the handler leaves errno as it found it" {
    # Its main calls the handler, whose write() succeeds and changes errno all the same, as it may.
    sed 's/while (true) pause();/errno = 77, handler(SIGINT), printf("errno %d\\n", errno);/
        s/write(STDOUT_FILENO, text, .*))/& + (errno = 0)/' "$root/signals/sighandler.cpp" >called.cpp
    "${CXX:-c++}" -std=c++20 -o called called.cpp
    run_limited ./called
    [ "${lines[*]:1}" = "received SIGINT errno 77" ]
}

@test "signal_table: finds what the text's 14 signals do, and leaves no core file" {
    local name i
    local -A effects=([CHLD]='ignored     yes' [CONT]='continues   yes' [KILL]='terminates  no'
        [STOP]='stops       no')
    {
        echo 'signal    number  default     can be caught or ignored'
        for name in ABRT ALRM BUS CHLD CONT EMT FPE HUP ILL INT KILL PIPE SEGV STOP; do
            printf 'SIG%-5s  %6s  %s\n' $name "$(kill -l $name 2>&1)" "${effects[$name]-terminates  yes}"
        done
    } | sed '/^SIGEMT/s/ .*/    does not exist on this system/' >table
    for i in {1..5}; do
        in_shell 'ulimit -c unlimited; exec "$1"' "$b/signal_table"
        expect 0 "$(<table)" ""
    done
    none '*core*'
}

@test "causes: each cause raises its signal" {
    [[ $(uname -m) == x86_64 ]] || skip "the causes are those of x86"
    run_limited "$b/causes"
    expect 0 "SIGABRT: abort()                             Aborted
SIGCHLD: the end of a child                  Child exited
SIGFPE: a division by zero                   Floating point exception
SIGILL: an invalid instruction               Illegal instruction
SIGSEGV: a store into read-only memory       Segmentation fault
SIGBUS: a store past a mapped file's end     Bus error
SIGPIPE: a write to a pipe without a reader  Broken pipe" ""
}

@test "sending: raise, kill and alarm each send a signal that arrives" {
    run_limited "$b/sending"
    expect 0 "raise(SIGUSR1): received before raise returned
kill(parent, SIGUSR2): received from the child
alarm(1), pause(): received SIGALRM" ""
}

@test "interrupted: EINTR without SA_RESTART, a restart with it, never for poll" {
    run_limited "$b/interrupted"
    expect 0 "read without SA_RESTART: Interrupted system call
read again: returned 1
read with SA_RESTART: returned 1
poll with SA_RESTART: Interrupted system call" ""
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

lasted() { # lasted SECONDS: since $begin it is that long, and not 2 s longer
    local milliseconds=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
    if ((milliseconds < $1 * 1000 - 300 || milliseconds > $1 * 1000 + 1800)); then
        echo "took $milliseconds ms, expected $1 s"
        return 1
    fi
}
took() { # took SECONDS COMMAND...: it lasts so long
    local begin=$EPOCHREALTIME
    "${@:2}"
    lasted "$1"
}

@test "sleep_alarm, bettersleep, reliable_sleep: how long they sleep; the race that -r shows" {
    local begin=$EPOCHREALTIME program
    local -A pids
    for program in sleep_alarm bettersleep reliable_sleep; do
        start "$program" "$b/$program"
        pids[$program]=$pid
        start "$program -r" "$b/$program" -r
        pids["$program -r"]=$pid
    done
    slept() { # slept SECONDS TIMES RUN ERRORS
        ends "${pids[$3]}" 0
        lasted "$1"
        [ "$(<"$3.out")" = "$(yes "sleepFor returned: 0" | head -n "$2")" ]
        [ "$(<"$3.err")" = "$4" ]
    }
    slept 2 1 sleep_alarm ""
    slept 2 2 bettersleep ""
    slept 2 2 "bettersleep -r" \
        "$(yes 'bettersleep: the alarm comes before pause(); its jump skips pause()' | head -n 2)"
    slept 3 1 reliable_sleep ""
    slept 4 1 "sleep_alarm -r" "sleep_alarm: the alarm came before pause(); another one, 2 s later, ends it"
    slept 4 1 "reliable_sleep -r" "reliable_sleep: the alarm came before sigsuspend(), and is pending"
}

@test "reliable_sleep: Ctrl-C ends it early, with what is left" {
    start it "$b/reliable_sleep"
    within sleeps "$pid"
    kill -s INT "$pid"
    ends "$pid" 0
    [[ $(<it.out) =~ ^'sleepFor returned: '[23]$ ]]
}

@test "sleepFor: as another program would call it, also for 0 seconds" {
    calls() { # calls PROGRAM CHECKS [FLAG]
        "${CXX:-c++}" -std=c++20 -pthread -w "${@:3}" -DPROGRAM="\"../signals/$1.cpp\"" \
            "$root/tests/sleep_for.cpp" -o "for_$1"
        run_limited "./for_$1"
        [ "$(grep -c '^ok ' <<<"$output")" -eq "$2" ]
        [ "${#lines[@]}" -eq "$2" ]
    }
    calls sleep_alarm 3
    calls bettersleep 3
    calls reliable_sleep 6 -DPUTS_BACK
}

@test "sleepforproblem: the alarm abandons the handler of Ctrl-C" {
    start it "$b/sleepforproblem"
    within test -s it.out
    kill -s INT "$pid"
    took 3 ends "$pid" 0
    [ "$(<it.out)" = "press Ctrl-C within 3 seconds
sig_int enter
sleepFor returned: 0" ]
}

@test "alarm_timeout: gives up when no writer comes within the limit" {
    mkfifo pipe_file
    took 2 run_limited "$b/alarm_timeout" pipe_file 2
    expect 124 "" "alarm_timeout: open pipe_file: no writer within 2 s"
}

@test "alarm_timeout: one limit for open and read, which keeps what came until then" {
    mkfifo pipe_file
    start it "$b/alarm_timeout" pipe_file 3
    within sleeps "$pid"
    pause 1.5 # half of it goes by in open
    exec 8>pipe_file
    echo hello >&8
    took 1 ends "$pid" 124
    [ "$(<it.out)" = hello ]
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

@test "alarm_timeout: copies everything from a writer that ends in time" {
    mkfifo pipe_file
    start writer bash -c 'seq 100000 >pipe_file'
    in_shell '"$1" pipe_file 15 >copy' "$b/alarm_timeout"
    expect 0 "" ""
    ends "$pid" 0
    seq 100000 | cmp - copy
}

@test "alarm_timeout, sending: an alarm that comes before the call still ends it" {
    traced true
    mkfifo pipe_file
    local early=(strace -f -qq -o /dev/null -e inject=alarm:delay_exit=1500000:when=1)
    run_limited "${early[@]}" "$b/alarm_timeout" pipe_file 1
    expect 124 "" "alarm_timeout: open pipe_file: no writer within 1 s"
    run_limited "${early[@]}" "$b/sending"
    [ "${lines[2]}" = "alarm(1), pause(): received SIGALRM" ]
    succeeded
}
