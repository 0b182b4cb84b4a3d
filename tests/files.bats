#!/usr/bin/env bats
load helpers
[[ -z ${STRESS:-} ]] || export BATS_TEST_TIMEOUT=1200

b=$bin/files

# times LIGHT HEAVY: how often; HEAVY in `make stress`
times() { echo "${STRESS:+$2}" | grep . || echo "$1"; }

# small_disk SIZE: an own file system at ./small, of that size; own_directory's teardown has none.
small_disk() {
    ((EUID == 0)) || skip "only root can mount"
    mkdir small
    mount -t tmpfs -o "size=$1" none small 2>/dev/null || skip "may not mount"
}

# --- state

@test "state: counts, from 1; the file keeps its mode" {
    local n
    for n in 1 2 3; do
        run_limited "$b/state" counter
        expect 0 "$n" ""
    done
    [ "$(cat counter)" = 3 ]
    [ "$(stat -c %a counter)" = 600 ]
    chmod 640 counter
    run_limited "$b/state" ./counter
    expect 0 4 ""
    [ "$(stat -c %a counter)" = 640 ]
    echo 18446744073709551614 >counter
    run_limited "$b/state" counter
    expect 0 18446744073709551615 ""
    none '.*-new'
    run_limited "$b/state" "$PWD/with % and space"
    expect 0 1 ""
}

@test "state: what is no number is named and left alone" {
    local bad
    for bad in 'x\n' '12' '12 \n' '' '-1\n' '+1\n' '1\n\n' '1\n2\n' '18446744073709551616\n' '0x10\n' '1\0\n'; do
        # shellcheck disable=SC2059 # they are formats
        printf -- "$bad" >counter
        cp counter before
        run_limited "$b/state" counter
        expect 1 "" "state: counter: not a number and a newline: left alone"
        cmp counter before
    done
    printf '0000000000000000000000000000005\nprecious notes\n' >counter
    run_limited "$b/state" counter
    expect 1 "" "state: counter: not a number and a newline: left alone"
    head -c 100000 /dev/zero | tr '\0' 1 >counter
    run_limited "$b/state" counter
    expect 1 "" "state: counter: not a number and a newline: left alone"
    echo 18446744073709551615 >counter
    run_limited "$b/state" counter
    expect 1 "" "state: counter: holds the largest number: left alone"
    none '.*-new'
}

@test "state: what is no file of its own is named and left alone" {
    mkdir directory
    run_limited "$b/state" directory
    expect 1 "" "state: open directory: Is a directory"
    mkfifo fifo
    run_limited "$b/state" fifo
    expect 1 "" "state: fifo: not a regular file: left alone"
    echo 7 >real
    ln -s real link
    run_limited "$b/state" link
    expect 1 "" "state: open link: Too many levels of symbolic links"
    [ "$(cat real)" = 7 ]
    run_limited "$b/state" none/counter
    expect 1 "" "state: open none: No such file or directory"
    run_limited "$b/state" real/counter
    expect 1 "" "state: open real: Not a directory"
    run_limited "$b/state"
    expect 2 "" "state: usage: state FILE"
    run_limited "$b/state" a b
    expect 2 "" "state: usage: state FILE"
}

@test "state: a temporary file that a killed run has left is replaced, not written to" {
    local left
    for left in '' '4' '42\n' 'anything'; do
        # shellcheck disable=SC2059 # they are formats
        printf "$left" >.counter.state-new
        ln .counter.state-new other # it may have another name
        echo 41 >counter
        run_limited "$b/state" counter
        expect 0 42 ""
        none '.*-new'
        # shellcheck disable=SC2059
        cmp other <(printf "$left")
        rm other
    done
    for left in new tmp; do # no other counter is its temporary file
        "$b/state" "counter.$left" >/dev/null
    done
    run_limited "$b/state" counter
    expect 0 43 ""
    [ "$(cat counter.new counter.tmp | xargs)" = "1 1" ]
}

@test "state: the file keeps its owner; root's run does not lock him out" {
    ((EUID == 0)) || skip "only root can give files away"
    echo 41 >counter
    chown 65534:65534 counter
    run_limited "$b/state" counter
    expect 0 42 ""
    [ "$(stat -c %u:%g counter)" = 65534:65534 ]
}

@test "state: a full disk, a limit on the size, an output that fails: the number stays, or is not printed" {
    echo 41 >counter
    in_shell 'ulimit -f 0; "$1" counter 2>&1 | cat' "$b/state" # a limit on counter.err, too
    expect 0 "state: write ./.counter.state-new: File too large" ""
    [ "$(cat counter)" = 41 ]
    none '.*-new'
    in_shell '"$1" counter >/dev/full' "$b/state"
    expect 1 "" "state: counter holds 42, but: write standard output: No space left on device"
    in_shell '"$1" counter >&-' "$b/state"
    expect 1 "" "state: standard descriptor 1: Bad file descriptor"
    [ "$(cat counter)" = 42 ] # by the one, not by the other
    small_disk 16k
    echo 41 >small/counter
    cat /dev/zero >small/full 2>/dev/null || true
    run_limited "$b/state" small/counter
    local kept left
    kept=$(cat small/counter) left=$(ls -A small)
    umount small
    expect 1 "" "state: write small/.counter.state-new: No space left on device"
    [ "$kept" = 41 ]
    [ "$left" = "$(printf 'counter\nfull')" ]
}

@test "state: says what it waits for, and Ctrl-C ends the wait" {
    start holder flock --no-fork . sleep 60
    local holder=$pid
    within eval 'grep -q FLOCK.*ADVISORY.*WRITE.*:$(stat -c %i .) /proc/locks'
    start state "$b/state" counter
    within shows state.err "state: another process has the directory locked; Ctrl-C ends the wait"
    kill -INT "$pid"
    ends "$pid" 130
    start state "$b/state" counter
    within sleeps "$pid"
    kill "$holder"
    ends "$holder" 143
    ends "$pid" 0
    [ "$(cat state.out)" = 1 ]
    none '.*-new'
}

# counting N FILE OUTPUT: runs state N times, most of them killed at some moment
counting() {
    local i
    for ((i = 0; i < $1; ++i)); do
        if ((RANDOM % 4)); then
            timeout -s KILL "0.00$((RANDOM % 6))$((RANDOM % 10))" "$b/state" "$2" 2>>errors >>"$3" || true
        else
            "$b/state" "$2" 2>>errors >>"$3"
        fi
    done
}

@test "state: killed at any moment, four at a time: no number that was printed is lost or printed twice" {
    local kills k
    kills=$(times 40 300)
    "$b/state" counter >printed.0
    export -f counting
    export b
    for k in 1 2 3 4; do
        start "run$k" bash -c 'counting "$1" counter "printed.$2"' bash "$kills" "$k"
        pids[k]=$pid
    done
    for k in 1 2 3 4; do LIMIT=600 within gone "${pids[k]}"; done
    [[ $(cat counter) =~ ^[1-9][0-9]*$ ]]
    cat printed.* | grep . | sort -n >printed
    echo "printed: $(wc -l <printed), the file: $(cat counter), of $((4 * kills)) runs"
    [ "$(wc -l <printed)" -ge 5 ]              # some were not killed
    [ "$(wc -l <printed)" -lt $((4 * kills)) ] # and some were
    [ -z "$(uniq -d printed)" ]
    [ "$(tail -n 1 printed)" -le "$(cat counter)" ] # which may count one that could not be printed
    [ "$(cat counter)" -le $((4 * kills + 1)) ]
    run_limited "$b/state" counter
    [ "$status" -eq 0 ]
    none '.*-new'
}

# --- proc

@test "proc: says what the system's own tools say" {
    command -v ps >/dev/null || skip "no ps(1)"
    start sleeper sleep 60
    local line
    within eval '[[ $(ps -o comm= -p "$pid") == sleep ]]' # env has become it
    run_limited "$b/proc" "$pid"
    expect 0 "$output" ""
    [ "${#lines[@]}" -eq 4 ]
    [[ ${lines[0]} =~ ^'/proc/loadavg: load '[0-9.]+' '[0-9.]+' '[0-9.]+' over 1, 5 and 15 minutes; '[0-9]+' of '[0-9]+' tasks can run'$ ]]
    [[ ${lines[1]} =~ ^'/proc/vmstat: '([0-9]+)' free pages of '([0-9]+)' bytes: '([0-9]+)' MiB'$ ]]
    [ "${BASH_REMATCH[2]}" -eq "$(getconf PAGESIZE)" ]
    [ "${BASH_REMATCH[3]}" -eq $((BASH_REMATCH[1] * BASH_REMATCH[2] / 1048576)) ]
    [ "${lines[2]#/proc/cpuinfo: }" = "$(getconf _NPROCESSORS_ONLN) processors, $(sed -n 's/^model name\t: //p' /proc/cpuinfo | sed 1q)" ]
    line=$(ps -o comm=,stat=,ppid=,rss=,nlwp= -p "$pid")
    # shellcheck disable=SC2086 # its fields
    set -- $line
    [ "${lines[3]}" = "/proc/$pid/status: $1, ${2:0:1} (sleeping), parent $3, $4 kB resident, $5 thread" ]
    kill "$pid"
    ends "$pid" 143
}

@test "proc: without an argument, itself; the numbers of load and memory are the kernel's" {
    run_limited "$b/proc"
    [ "$status" -eq 0 ]
    [[ ${lines[3]} =~ ^'/proc/'([0-9]+)'/status: proc, R (running), parent '[0-9]+', '[0-9]+' kB resident, 1 thread'$ ]]
    # Again, if they have changed in between.
    same_load() {
        local load
        load=$(cut -d ' ' -f -3 /proc/loadavg)
        [[ $("$b/proc") == "/proc/loadavg: load $load over"* ]]
    }
    within same_load
    same_pages() {
        local pages
        pages=$(sed -n 's/^nr_free_pages //p' /proc/vmstat)
        [[ $("$b/proc") == *"/proc/vmstat: $pages free pages of "* ]]
    }
    within same_pages
}

@test "proc: odd names, several threads, a zombie, the kernel's own" {
    "${CXX:-c++}" -std=c++20 -pthread -x c++ -o odd - <<'END'
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>
int main(int, char *argv[]) {
    prctl(PR_SET_NAME, argv[1]);
    std::thread([] { pause(); }).detach();
    puts("ready"), fflush(stdout);
    if (fork() == 0) return 0;
    pause();
}
END
    local name child
    for name in ') R 1 (' '  a b' $'x\ny' $'\e[31mred' 'a\b'; do
        start odd ./odd "$name"
        within shows odd.out ready
        run_limited "$b/proc" "$pid"
        case $name in
        $'x\ny') name='x\ny' ;; # as the kernel writes it
        $'\e'*) name='\x1b[31mred' ;;
        'a\b') name='a\\b' ;;
        esac
        [ "$status" -eq 0 ]
        [[ ${lines[3]} == "/proc/$pid/status: $name, S (sleeping), parent $BASHPID, "*" kB resident, 2 threads" ]]
        within eval "grep -q '^State:.Z' /proc/\$(cat /proc/$pid/task/$pid/children | tr -d ' ')/status"
        child=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
        run_limited "$b/proc" "$child"
        [[ ${lines[3]} == *", Z (zombie), parent $pid, nothing resident, 1 thread" ]]
        child=$(printf '%s\n' /proc/"$pid"/task/* | sed 's:.*/::' | grep -vx "$pid")
        run_limited "$b/proc" "$child"
        [ "$status" -eq 1 ]
        [ "$stderr" = "proc: $child is a thread of process $pid" ]
        kill "$pid"
        ends "$pid" 143
    done
}

@test "proc: a process that is not there, bad arguments, an output that fails" {
    start short true
    ends "$pid" 0
    run_limited "$b/proc" "$pid"
    expect 1 "" "proc: open /proc/$pid/status: No such process"
    local bad
    for bad in 0 -1 x 1x '' 2147483648; do
        run_limited "$b/proc" "$bad"
        expect 2 "" "proc: $bad: not a number from 1 to 2147483647"
    done
    run_limited "$b/proc" 1 1
    expect 2 "" "proc: usage: proc [PID]"
    in_shell '"$1" >/dev/full' "$b/proc"
    expect 1 "" "proc: write standard output: No space left on device"
}

# --- cron

# job NAME LINE...: an executable script
job() {
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$1"
    chmod +x "$1"
}

@test "cron: the same as run-parts, names, order, outputs and what is skipped" {
    command -v run-parts >/dev/null || skip "no run-parts(8)"
    local name
    mkdir d
    for name in b a B Z 10 9 _x -y a-b a_b A1; do job "d/$name" 'echo "$0"; echo "error of $0" >&2'; done
    for name in .a a.b a~ a+b 'a b' é a.sh '#a' a,v; do job "d/$name" 'echo "not to be run: $0"'; done
    echo 'echo not executable' >d/plain
    mkdir d/directory
    ln -s ../d/a d/link
    umask 077
    job d/mask umask
    run-parts d >expected 2>expected.errors
    run_limited "$b/cron" d
    expect 0 "$(cat expected)" "$(cat expected.errors)"
    [ "${#lines[@]}" -eq 13 ]
}

@test "cron: failures, and what cannot be run, have run-parts' statuses; the others run" {
    mkdir d
    job d/a1 'echo first'
    job d/b1 'exit 3'
    job d/c1 'kill -TERM $$'
    echo 'echo no interpreter' >d/d1
    chmod +x d/d1
    ln -s nowhere d/e1
    mkfifo d/f1
    chmod +x d/f1
    job d/z1 'echo last'
    run_limited "$b/cron" d
    expect 1 "$(printf 'first\nlast')" "cron: d/b1: exit status 3
cron: d/c1: killed by signal 15
cron: run d/d1: Exec format error
cron: d/e1: skipped: No such file or directory
cron: d/f1: not a regular file"
    ! command -v run-parts >/dev/null || refused run-parts d
    rm d/b1 d/c1 d/d1 d/f1
    ! command -v run-parts >/dev/null || run-parts d
    run_limited "$b/cron" d
    [ "$status" -eq 0 ]
    rm d/*
    run_limited "$b/cron" d
    expect 0 "" ""
    job d/only 'exit 255'
    run_limited "$b/cron" d
    expect 1 "" "cron: d/only: exit status 255"
    env --ignore-signal=CHLD "$b/cron" d 2>&1 | grep -qx "cron: d/only: exit status 255"
}

@test "cron: a directory that is none, bad arguments" {
    run_limited "$b/cron" none
    expect 1 "" "cron: read none: No such file or directory"
    run_limited "$b/cron" "$b/cron"
    expect 1 "" "cron: read $b/cron: Not a directory"
    run_limited "$b/cron"
    expect 2 "" "cron: usage: cron DIR"
}

# --- lock_file

@test "lock_file: holds the lock while the command runs; others are told the holder" {
    mkfifo hold
    start holder "$b/lock_file" lock sh -c 'echo running; read _ <hold; echo done; exit 7'
    within shows holder.out running
    [ "$(cat lock)" = "$pid lock_file" ]
    [ "$(stat -c %a lock)" = 644 ]
    run_limited "$b/lock_file" lock echo not to be run
    expect 1 "" "lock_file: lock: held by process $pid"
    echo >hold
    ends "$pid" 7
    [ "$(cat holder.out)" = "$(printf 'running\ndone')" ]
    none 'lock*'
    run_limited "$b/lock_file" lock echo mine
    expect 0 mine ""
    none 'lock*'
}

@test "lock_file: the command's status, arguments, descriptors and signals are its own" {
    local status_
    for status_ in 0 1 2 126 127 255; do
        in_shell '"$1" lock sh -c "exit $2"; echo "$?"' "$b/lock_file" "$status_"
        expect 0 "$status_" ""
    done
    run_limited "$b/lock_file" lock sh -c 'kill -KILL $$'
    expect 137 "" ""
    run_limited -127 "$b/lock_file" lock ./none
    expect 127 "" "lock_file: run ./none: No such file or directory"
    run_limited "$b/lock_file" lock .
    expect 126 "" "lock_file: run .: Permission denied"
    run_limited "$b/lock_file" lock printf '%s|' 'a b' '' c
    expect 0 'a b||c|' ""
    in_shell 'echo in | "$1" lock cat' "$b/lock_file"
    expect 0 in ""
    in_shell 'trap "" INT; "$1" lock sh -c "kill -INT \$\$; echo went on"' "$b/lock_file"
    expect 0 "went on" ""
    in_shell 'exec env --ignore-signal=CHLD "$1" lock sh -c "exit 7"' "$b/lock_file"
    expect 7 "" ""
    in_shell 'ulimit -f 0; "$1" lock true 2>&1 | cat; exit "${PIPESTATUS[0]}"' "$b/lock_file"
    [ "$status" -eq 1 ]
    [[ $output == "lock_file: write lock."*": File too large" ]]
    in_shell '"$1" lock true >&-' "$b/lock_file"
    expect 1 "" "lock_file: standard descriptor 1: Bad file descriptor"
    run_limited "$b/lock_file" lock
    expect 2 "" "lock_file: usage: lock_file FILE COMMAND [ARG...]"
    none 'lock*'
}

@test "lock_file: a signal reaches the command, and then the lock is gone" {
    local signal
    for signal in HUP INT QUIT TERM; do
        start holder "$b/lock_file" lock sh -c 'echo running; exec sleep 60'
        within shows holder.out running
        kill "-$signal" "$pid"
        ends "$pid" $((128 + $(kill -l $signal)))
        none 'lock*'
    done
    # A command that goes on keeps the lock.
    mkfifo hold
    start holder "$b/lock_file" lock bash -c 'trap "echo caught" TERM; echo running; until read _ <hold; do :; done; exit 3'
    within shows holder.out running
    kill "$pid"
    within shows holder.out caught
    [ -e lock ]
    echo >hold
    ends "$pid" 3
    none 'lock*'
}

@test "lock_file: in a terminal, Ctrl-C reaches the command once, a hangup reaches it, too" {
    command -v python3 >/dev/null || skip "no python3(1)"
    python3 -c 'import pty; pty.openpty()' 2>/dev/null || skip "no terminal can be made"
    cat >terminal.py <<'END'
import os, pty, sys, time
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b""
while b"running" not in seen:
    seen += os.read(terminal, 1000)
if sys.argv[1] == "interrupt":
    os.write(terminal, b"\x03")
    try:
        while data := os.read(terminal, 1000):
            seen += data
    except OSError:
        pass
else:
    os.close(terminal)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(seen.count(b"caught"), status)
END
    # shellcheck disable=SC2016 # the inner shell's
    mkfifo never
    run_limited python3 terminal.py interrupt "$b/lock_file" lock bash -c 'trap "echo caught; n=1" INT; echo running; until ((n)); do read -rt 0.01 <>never; done; exit 5'
    expect 0 "1 5" ""
    run_limited python3 terminal.py hangup "$b/lock_file" lock sh -c 'echo running; exec sleep 60'
    expect 0 "0 129" ""
    none 'lock*'
}

@test "lock_file: a dead holder's lock is taken over, unless its command still runs" {
    start holder "$b/lock_file" lock sh -c 'echo running; exec sleep 60'
    within shows holder.out running
    local command
    command=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
    kill -KILL "$pid"
    ends "$pid" 137
    [ "$(cat lock)" = "$pid lock_file" ]
    run_limited "$b/lock_file" lock echo not to be run
    expect 1 "" "lock_file: lock: its holder is dead, but another process still has its lock"
    kill "$command"
    within gone "$command"
    run_limited "$b/lock_file" lock cat lock
    expect 0 "$output" ""
    [[ $output =~ ^[0-9]+' lock_file'$ && $output != "$pid lock_file" ]]
    none 'lock*'
}

@test "lock_file: what is no lock file is left alone" {
    local bad
    for bad in '' 'precious\n' '5050\n' ' lock_file\n' '0 lock_file\n' '-5 lock_file\n' '99999999999 lock_file\n' \
        '4194999 lock_file' '4194999 lock_file\n\n' '4194999 lock_file\n\0data' '04194999 lock_file\n'; do
        # shellcheck disable=SC2059 # they are formats
        printf -- "$bad" >lock
        cp lock before
        run_limited "$b/lock_file" lock echo not to be run
        expect 1 "" "lock_file: lock: is there and is no lock file: left alone"
        cmp lock before
    done
    rm lock
    mkdir lock
    run_limited "$b/lock_file" lock true
    expect 1 "" "lock_file: lock: is there and is no lock file: left alone"
    rmdir lock
    mkfifo lock
    run_limited "$b/lock_file" lock true
    expect 1 "" "lock_file: lock: is there and is no lock file: left alone"
    rm lock
    echo '4194999 lock_file' >real
    ln -s real lock
    run_limited "$b/lock_file" lock true
    expect 1 "" "lock_file: lock: is there and is no lock file: left alone"
    [ -e real ]
    rm lock
    run_limited "$b/lock_file" none/lock true
    [ "$status" -eq 1 ]
    [[ $stderr == "lock_file: create none/lock."*": No such file or directory" ]]
    none 'lock.*'
}

@test "lock_file: of 50 that want it exactly one gets it, free or left by a killed holder" {
    local rounds round i winner pids
    rounds=$(times 4 200)
    mkfifo release
    # shellcheck disable=SC2016 # the inner shell's
    local command='mkdir held || echo overlap; echo won; read _ <release; rmdir held'
    for ((round = 0; round < rounds; ++round)); do
        rm -f ./*.won ./*.lost
        [ ! -e lock ]
        ((round % 2)) || echo '4194999 lock_file' >lock
        pids=()
        for i in {1..50}; do
            timeout -k 2 60 "$b/lock_file" lock sh -c "$command" >"$i.won" 2>"$i.lost" 3>&- 4>&- &
            pids+=($!)
        done
        all_decided() { [[ $(find . -name '*.won' -size +0 | wc -l) -ge 1 && $(find . -name '*.lost' -size +0 | wc -l) -ge 49 ]]; }
        LIMIT=60 within all_decided
        winner=$(cut -d ' ' -f 1 lock)
        echo >release
        for i in "${pids[@]}"; do wait "$i" || true; done
        [ "$(cat ./*.won)" = won ]
        [ "$(sort -u ./*.lost | grep -c .)" -le 2 ]
        # At a stale one a loser may have met one that was about to remove it.
        grep -qx "lock_file: lock: held by process $winner" ./*.lost
        [ ! -e held ]
        none 'lock*'
    done
}

# --- queue_put, queue_get

@test "queue_put, queue_get: first in, first out, any bytes but a newline" {
    local message
    local messages=(one '' '  two  ' $'\e[31m\xff\x01' '-n' '%s\n' '100%')
    for message in "${messages[@]}"; do
        run_limited "$b/queue_put" queue "$message"
        expect 0 "" ""
    done
    [ "$(stat -c %a queue)" = 600 ]
    for message in "${messages[@]}"; do
        run_limited "$b/queue_get" queue
        [ "$status" -eq 0 ]
        [ "$output" = "$message" ]
        [ -z "$stderr" ]
    done
    run_limited "$b/queue_get" queue
    expect 1 "" ""
    [ "$(stat -c %s queue)" -eq 48 ] # cut off when it was empty
    message=$(head -c 120000 /dev/urandom | base64 -w 0 | head -c 120000)
    "$b/queue_put" queue "$message"
    "$b/queue_put" queue next
    [ "$("$b/queue_get" queue)" = "$message" ]
    run_limited "$b/queue_get" queue
    expect 0 next ""
    run_limited "$b/queue_put" queue $'a\nb'
    expect 2 "" "queue_put: the message has a newline, which would end it"
}

@test "queue_put, queue_get: an empty file is an empty queue, another file none" {
    : >queue
    run_limited "$b/queue_get" queue
    expect 1 "" ""
    run_limited "$b/queue_put" queue one
    expect 0 "" ""
    cp queue good
    local bad program
    for bad in 'precious\n' 'queue 1 2\n' 'queue 00000000000000000048 00000000000000000053\none\n' \
        'queue 00000000000000000049 00000000000000000052\none\n' 'queue 00000000000000000048 00000000000000000051\none\n' \
        'queue 00000000000000000052 00000000000000000048\none\n' 'queue 00000000000000000000 00000000000000000052\none\n' \
        'queue 99999999999999999999 99999999999999999999\none\n' 'Queue 00000000000000000048 00000000000000000052\none\n'; do
        # shellcheck disable=SC2059 # they are formats
        printf "$bad" >queue
        cp queue before
        for program in "$b/queue_get" "$b/queue_put"; do
            run_limited "$program" queue two
            [[ $program == *put ]] || run_limited "$program" queue
            expect 1 "" "${program##*/}: queue: not a queue, or damaged: left alone"
            cmp queue before
        done
    done
    mkfifo fifo
    run_limited "$b/queue_get" fifo
    [ "$status" -eq 1 ]
    [[ $stderr == "queue_get: "*fifo* ]]
    run_limited "$b/queue_get" .
    expect 1 "" "queue_get: open .: Is a directory"
    run_limited "$b/queue_get" none
    expect 1 "" "queue_get: open none: No such file or directory"
    run_limited "$b/queue_put" none/queue x
    expect 1 "" "queue_put: open none/queue: No such file or directory"
    run_limited "$b/queue_get"
    expect 2 "" "queue_get: usage: queue_get FILE"
    run_limited "$b/queue_put" queue
    expect 2 "" "queue_put: usage: queue_put FILE MESSAGE"
    in_shell '"$1" queue x <&-' "$b/queue_put"
    expect 1 "" "queue_put: standard descriptor 0: Bad file descriptor"
}

@test "queue_get: a message that could not be printed stays" {
    "$b/queue_put" queue one
    in_shell '"$1" queue >/dev/full' "$b/queue_get"
    expect 1 "" "queue_get: write standard output: No space left on device"
    in_shell '"$1" queue | true; echo "${PIPESTATUS[0]}"' "$b/queue_get"
    [[ $output == 141 || $output == 0 ]] # true may have ended first
    [[ $output == 0 ]] || {
        run_limited "$b/queue_get" queue
        expect 0 one ""
    }
}

@test "queue_put: what was added before it was killed or failed is no message" {
    "$b/queue_put" queue one
    printf 'half a mess' >>queue # where the end has not moved on
    run_limited "$b/queue_put" queue two
    expect 0 "" ""
    run_limited "$b/queue_get" queue
    expect 0 one ""
    run_limited "$b/queue_get" queue
    expect 0 two ""
    run_limited "$b/queue_get" queue
    expect 1 "" ""
    # shellcheck disable=SC2016 # the inner shell's
    in_shell 'prlimit --fsize=30 "$1" new one 2>&1 | cat' "$b/queue_put" # less than the first line
    expect 0 "queue_put: write new: File too large" ""
    [ ! -s new ]
    "$b/queue_put" queue one
    small_disk 64k
    local n=0 get=0
    while "$b/queue_put" small/queue "$(printf '%05000d' "$n")" 2>error; do n=$((n + 1)); done
    cat error
    : >small/other && [ "$(stat -f -c %f small)" -gt 0 ] || get=failed # it keeps nothing of the disk
    while "$b/queue_get" small/queue >out; do
        [ "$(cat out)" = "$(printf '%05000d' "$get")" ] || get=wrong
        get=$((get + 1))
    done
    umount small
    [ "$(cat error)" = "queue_put: write small/queue: No space left on device" ]
    [ "$n" -gt 5 ]
    [ "$get" = "$n" ]
}

@test "queue_put: says what it waits for, and Ctrl-C ends the wait" {
    "$b/queue_put" queue one
    "${CXX:-c++}" -std=c++20 -x c++ -o holder - <<'END'
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main() { return lockf(open("queue", O_RDWR), F_LOCK, 0) + (puts("locked"), fflush(stdout), pause()); }
END
    start holder ./holder
    local holder=$pid
    within shows holder.out locked
    start get "$b/queue_get" queue
    local get=$pid
    start put "$b/queue_put" queue two
    within shows put.err "queue: locked by another process; Ctrl-C ends the wait"
    within shows get.err "queue: locked by another process; Ctrl-C ends the wait"
    kill -INT "$pid"
    ends "$pid" 130
    kill "$holder"
    ends "$holder" 143
    ends "$get" 0
    [ "$(cat get.out)" = one ]
    run_limited "$b/queue_get" queue
    expect 1 "" ""
}

# putting WRITER FROM TO: puts these numbers, some puts being killed; those it has had acknowledged go
# to a file
putting() {
    local i
    for ((i = $2; i < $3; ++i)); do
        if ((RANDOM % 10)); then
            "$b/queue_put" queue "$i" && echo "$i"
        else
            timeout -s KILL "0.00$((RANDOM % 4))" "$b/queue_put" queue "$i" 2>/dev/null && echo "$i"
        fi
    done >"acknowledged.$1"
}

# getting READER: gets until there is nothing more to come, some gets being killed; those that have
# finished go to one file, what killed ones have printed to another
getting() {
    local n=0 last=false message
    while :; do
        [[ ! -e all_put ]] || last=true
        if ((++n % 10)); then
            if message=$("$b/queue_get" queue); then echo "$message"; elif $last; then break; fi
        elif message=$(timeout -s KILL "0.00$((RANDOM % 4))" "$b/queue_get" queue 2>/dev/null); then
            echo "$message"
        elif [[ -n $message ]]; then
            echo "$message" >>"unfinished.$1"
        fi
    done >"got.$1"
}

@test "queue: 8 writers and 8 readers, some of them killed: nothing lost, nothing twice" {
    local each k
    each=$(times 40 12500)
    export -f putting getting
    export b
    "$b/queue_put" queue start
    for k in {1..8}; do
        start "w$k" bash -c 'putting "$@"' bash "$k" $((k * 100000)) $((k * 100000 + each))
        writers[k]=$pid
        start "r$k" bash -c 'getting "$@"' bash "$k"
        readers[k]=$pid
    done
    for k in {1..8}; do LIMIT=1000 within gone "${writers[k]}"; done
    : >all_put
    for k in {1..8}; do LIMIT=1000 within gone "${readers[k]}"; done
    cat acknowledged.* <(echo start) | sort >acknowledged
    cat got.* | sort >got
    echo "of $((8 * each)): $(wc -l <acknowledged) acknowledged, $(wc -l <got) got"
    [ "$(wc -l <acknowledged)" -gt $((4 * each)) ]
    [ "$(wc -l <acknowledged)" -lt $((8 * each + 1)) ]
    [ -z "$(uniq -d got)" ]
    # A get that was killed may have moved on already; then it has printed the message, too.
    [ -z "$(comm -23 acknowledged <(cat got unfinished.* 2>/dev/null | sort))" ]
}

# --- spool_submit, spool_daemon

count() { find "$1" -mindepth 1 | wc -l; }
has() { [[ $(count "$1") -eq $2 ]]; } # has DIRECTORY N: so many files

@test "spool: a job is what was submitted, and is run in its order" {
    local names name
    run_limited "$b/spool_submit" spool "$root/README.md" /dev/null
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    names=("${lines[@]}")
    [ "${#names[@]}" -eq 2 ]
    in_shell 'printf "a\0b" | "$1" spool' "$b/spool_submit"
    names+=("$output")
    cmp "$root/README.md" "spool/new/${names[0]}"
    [ "$(stat -c %a spool spool/new "spool/new/${names[0]}" | xargs)" = "700 700 600" ]
    has spool/tmp 0
    run_limited "$b/spool_daemon" -1 spool sh -c 'wc -c'
    expect 0 "$(wc -c <"$root/README.md")
0
3" ""
    has spool/new 0
    for name in "${names[@]}"; do [ -f "spool/done/$name" ]; done
    cmp "$root/README.md" "spool/done/${names[0]}"
    run_limited "$b/spool_daemon" -1 spool false
    expect 0 "" ""
}

@test "spool_daemon, cron: what they run has no descriptor of theirs" {
    echo job | "$b/spool_submit" spool >submitted
    in_shell 'ls /proc/self/fd >direct; exec "$1" -1 spool ls /proc/self/fd' "$b/spool_daemon"
    expect 0 "$(cat direct)" ""
    mkdir daily
    printf '#!/bin/sh\nexec ls /proc/self/fd\n' >daily/job
    chmod +x daily/job
    in_shell 'daily/job >direct; exec "$1" daily' "$b/cron"
    expect 0 "$(cat direct)" ""
}

@test "spool: a job that fails is kept, with its status; the others run" {
    local a c d
    a=$(echo 'exit 3' | "$b/spool_submit" spool)
    echo 'echo well' | "$b/spool_submit" spool >/dev/null
    c=$(echo 'kill -KILL $$' | "$b/spool_submit" spool)
    d=$(echo 'kill -PIPE $$' | "$b/spool_submit" spool)
    run_limited "$b/spool_daemon" -1 spool sh
    expect 0 well "spool_daemon: $a: exit status 3
spool_daemon: $c: killed by signal 9
spool_daemon: $d: killed by signal 13"
    [ "$(ls spool/failed)" = "$(printf '%s\n' "$a.exit3" "$c.signal9" "$d.signal13")" ]
    [ "$(cat "spool/failed/$a.exit3")" = 'exit 3' ]
    has spool/done 1
    has spool/new 0
}

@test "spool_daemon: notices a job within a second, does not spin, and ends at a signal" {
    local signal ticks
    for signal in TERM INT HUP QUIT; do
        rm -rf spool
        start daemon "$b/spool_daemon" spool cat
        within shows daemon.out "watching spool"
        echo hello | "$b/spool_submit" spool >/dev/null
        LIMIT=5 within shows daemon.out hello
        within has spool/done 1
        if [[ $signal == TERM ]]; then
            echo again | "$b/spool_submit" spool >/dev/null
            LIMIT=5 within shows daemon.out again
            ticks=$(cut -d ' ' -f 14,15 "/proc/$pid/stat")
        fi
        kill "-$signal" "$pid"
        ends "$pid" 0
        [ -z "$(cat daemon.err)" ]
    done
    [ "${ticks% *}" -lt 20 ] && [ "${ticks#* }" -lt 20 ] # of 10 ms each
}

@test "spool_daemon: a signal ends the command, too, and its job stays in the queue" {
    local name signal
    for signal in TERM INT HUP; do
        rm -rf spool
        name=$(echo job | "$b/spool_submit" spool)
        start daemon "$b/spool_daemon" spool sh -c 'echo running; sleep 60; echo never'
        within shows daemon.out running
        kill "-$signal" "$pid"
        ends "$pid" 0
        [ "$(cat daemon.err)" = "spool_daemon: $name: stopped: stays in the queue" ]
        [ "$(ls spool/new)" = "$name" ]
    done
    run_limited "$b/spool_daemon" -1 spool cat
    expect 0 job ""
}

@test "spool_daemon: a second one is refused; a killed one's place is free" {
    start daemon "$b/spool_daemon" spool cat
    within shows daemon.out "watching spool"
    run_limited "$b/spool_daemon" spool cat
    expect 1 "" "spool_daemon: spool: another daemon is at work here"
    run_limited "$b/spool_daemon" -1 spool cat
    expect 1 "" "spool_daemon: spool: another daemon is at work here"
    kill -KILL "$pid"
    ends "$pid" 137
    echo job | "$b/spool_submit" spool >/dev/null
    run_limited "$b/spool_daemon" -1 spool cat
    expect 0 job ""
}

@test "spool_daemon: what is no job is left alone; nothing is overwritten" {
    local long
    long=$(printf '%0201d' 0)
    echo job | "$b/spool_submit" spool >/dev/null
    mkdir spool/new/directory
    mkfifo spool/new/fifo
    ln -s /etc/passwd spool/new/link
    echo hidden >spool/new/.hidden
    echo long >"spool/new/$long"
    echo earlier >spool/done/name
    echo later >spool/new/name
    run_limited "$b/spool_daemon" -1 spool cat
    expect 0 "job
later" ""
    [ "$(cd spool/new && echo .[^.]* *)" = ".hidden $long directory fifo link" ]
    [ "$(cat spool/done/name spool/done/name+)" = "$(printf 'earlier\nlater')" ]
    has spool/failed 0
}

@test "spool_daemon: a job that may not be read is set aside, one that is taken back while it runs is named" {
    local name
    if ((EUID != 0)); then
        name=$(echo job | "$b/spool_submit" spool)
        chmod 0 "spool/new/$name"
        run_limited "$b/spool_daemon" -1 spool cat
        expect 0 "" "spool_daemon: $name: may not be read"
        [ -e "spool/failed/$name.unreadable" ]
    fi
    name=$(echo job | "$b/spool_submit" spool)
    echo next | "$b/spool_submit" spool >/dev/null
    run_limited "$b/spool_daemon" -1 spool sh -c "rm -f spool/new/$name; cat"
    expect 0 "job
next" "spool_daemon: rename spool/new/$name to spool/done/$name: No such file or directory"
}

@test "spool_daemon: a command that has been stopped, or reads the terminal, can be ended" {
    echo job | "$b/spool_submit" spool >/dev/null
    start daemon "$b/spool_daemon" spool sh -c 'echo running; kill -STOP $$; echo never'
    within shows daemon.out running
    within grep -q '^State:.T' "/proc/$(tr -d ' ' <"/proc/$pid/task/$pid/children")/status"
    within shows daemon.err "spool_daemon: sh has stopped: waiting until it goes on; Ctrl-C ends it"
    kill "$pid"
    ends "$pid" 0
    refused shows daemon.out never
    has spool/new 1
}

@test "spool: what cannot be done is named, and nothing is lost" {
    run_limited "$b/spool_submit" spool none
    expect 1 "" "spool_submit: open none: No such file or directory"
    run_limited "$b/spool_submit" spool .
    expect 1 "" "spool_submit: read .: Is a directory"
    in_shell 'ulimit -f 1; "$1" spool "$2" 2>&1 | cat; exit "${PIPESTATUS[0]}"' "$b/spool_submit" "$root/README.md"
    [ "$status" -eq 1 ]
    [[ $output == "spool_submit: write spool/tmp/"*": File too large" ]]
    has spool/tmp 0
    has spool/new 0
    : >file
    run_limited "$b/spool_submit" file file
    expect 1 "" "spool_submit: mkdir file/tmp: Not a directory"
    run_limited "$b/spool_daemon" -1 file cat
    expect 1 "" "spool_daemon: mkdir file/tmp: Not a directory"
    in_shell 'echo job | "$1" spool >/dev/full' "$b/spool_submit"
    [ "$status" -eq 1 ]
    [[ $stderr == "spool_submit: job "*" is in the queue, but: write standard output: No space left on device" ]]
    has spool/new 1
    run_limited "$b/spool_daemon" -1 spool ./none
    expect 1 "" "spool_daemon: run ./none: No such file or directory"
    has spool/new 1
    in_shell '"$1" spool cat >/dev/full' "$b/spool_daemon"
    expect 1 "" "spool_daemon: write standard output: No space left on device"
    in_shell '"$1" spool cat <&-' "$b/spool_daemon"
    expect 1 "" "spool_daemon: standard descriptor 0: Bad file descriptor"
    in_shell 'exec env --ignore-signal=CHLD "$1" -1 spool cat' "$b/spool_daemon"
    expect 0 job ""
    run_limited "$b/spool_submit"
    expect 2 "" "spool_submit: usage: spool_submit DIR [FILE...]"
    local arguments
    for arguments in "" "-1" "spool" "-1 spool"; do
        # shellcheck disable=SC2086 # they are several
        run_limited "$b/spool_daemon" $arguments
        expect 2 "" "spool_daemon: usage: spool_daemon [-1] DIR COMMAND [ARG...]"
    done
    small_disk 64k
    run_limited "$b/spool_submit" small/spool "$root/README.md" "$root/README.md" "$root/README.md"
    local jobs parts
    jobs=$(count small/spool/new) parts=$(count small/spool/tmp)
    umount small
    [ "$status" -eq 1 ]
    [[ $stderr == "spool_submit: write small/spool/tmp/"*": No space left on device" ]]
    [ "$jobs" -eq "${#lines[@]}" ]
    [ "$jobs" -ge 1 ]
    [ "$parts" -eq 0 ]
}

@test "spool_submit: Ctrl-C while it waits for its input leaves nothing behind" {
    local signal
    mkfifo input
    for signal in INT TERM QUIT HUP; do
        start submit "$b/spool_submit" spool <>input
        within has spool/tmp 1
        kill "-$signal" "$pid"
        ends "$pid" $((128 + $(kill -l "$signal")))
        has spool/tmp 0
        has spool/new 0
    done
}

# Each job is a number; the command adds it to a file, in one write.
@test "spool_daemon: killed again and again, it runs every job at least once, and keeps each in one place" {
    local jobs kills=0 k
    jobs=$(times 30 1000)
    for ((k = 0; k < jobs; ++k)); do echo "$k" >"job.$k"; done
    start submit bash -c 'for ((k = 0; k < $2; ++k)); do "$1" spool "job.$k"; done' bash "$b/spool_submit" "$jobs"
    local submit=$pid
    while ! gone "$submit" || [[ -n $(ls spool/new) ]]; do
        start daemon timeout -s KILL "$(printf 0.%03d $((RANDOM % 8 + 2 + kills / 10)))" "$b/spool_daemon" spool dd of=results oflag=append conv=notrunc status=none
        LIMIT=30 within gone "$pid"
        kills=$((kills + 1))
    done
    ends "$submit" 0
    [ "$(wc -l <submit.out)" -eq "$jobs" ]
    echo "$kills daemons, $jobs jobs, run $(wc -l <results) times"
    [ "$kills" -ge 5 ]
    [ "$(sort -nu results)" = "$(seq 0 $((jobs - 1)))" ]
    [ "$(ls spool/done)" = "$(sort submit.out)" ]
    has spool/new 0
    has spool/tmp 0
    has spool/failed 0
}

# --- print_submit, print_daemon

@test "print: data files and control files, printed in the order of their numbers" {
    local k
    for k in {1..12}; do
        echo "file $k" >"file.$k"
        run_limited "$b/print_submit" print "file.$k"
        expect 0 "job $k" ""
    done
    printf 'a\0b' >binary
    run_limited "$b/print_submit" -t $'two \e[31mfiles' print binary file.1
    expect 0 "job 13" ""
    cmp binary print/d00013-001
    cmp file.1 print/d00013-002
    [ "$(cat print/c00012)" = "$(printf 'files 1\ntitle file.12')" ]
    [ "$(stat -c %a print print/c00012 print/d00012-001 | xargs)" = "700 600 600" ]
    mv print/c00012 print/c100000
    printf 'files 1\ntitle wide\n' >print/c100000
    mv print/d00012-001 print/d100000-001
    run_limited "$b/print_daemon" -1 print paper
    expect 0 "$(for k in {1..11}; do echo "job $k: file.$k: 1 file, $((k < 10 ? 7 : 8)) bytes"; done)
job 13: two \\x1b[31mfiles: 2 files, 10 bytes
job 100000: wide: 1 file, 8 bytes" ""
    cmp paper <(cat file.{1..11} binary file.1 file.12)
    [ "$(stat -c %a paper)" = 600 ]
    [ "$(count print)" -eq 15 ] # done and failed, and the jobs in done
    run_limited "$b/print_submit" print file.1
    expect 0 "job 100001" ""
}

@test "print_daemon: prints what comes, at the end of what is there; a data file alone is no job" {
    echo first >paper
    mkdir print
    echo stray >print/d00007-001
    start daemon "$b/print_daemon" print paper
    within shows daemon.out "watching print"
    echo hello >file
    run_limited "$b/print_submit" print file
    expect 0 "job 8" ""
    within shows daemon.out "job 8: file: 1 file, 6 bytes"
    within none 'print/d00008*'
    [ "$(cat paper)" = "$(printf 'first\nhello')" ]
    [ "$(cat print/d00007-001)" = stray ]
    run_limited "$b/print_daemon" print paper
    expect 1 "" "print_daemon: print: another daemon is at work here"
    kill "$pid"
    ends "$pid" 143
    [ -z "$(cat daemon.err)" ]
}

@test "print_daemon: a damaged control file is set aside and named, and the others are printed" {
    local k bad=(0 'files 1\ntitle x' 'files 2\ntitle x\n' 'files 1\n' '' 'files 0\ntitle x\n' 'files 1x\ntitle x\n'
        'files -1\ntitle x\n' 'files 1\ntitle x\nmore\n' 'title x\nfiles 1\n' 'files 1\ntitle x\0\n' 'files 99999999999\ntitle x\n')
    echo hello >file
    for k in {1..12}; do "$b/print_submit" print file >/dev/null; done
    for k in {1..11}; do
        # shellcheck disable=SC2059 # they are formats
        printf "${bad[k]}" >"print/c0000$k" 2>/dev/null
        [[ $k -lt 10 ]] || mv "print/c0000$k" "print/c000$k"
    done
    head -c 100000 /dev/zero >print/c00001
    mkdir print/c00020
    mkfifo print/c00021
    run_limited "$b/print_daemon" -1 print paper
    [ "$status" -eq 0 ]
    [ "$output" = "job 12: file: 1 file, 6 bytes" ]
    for k in 1 2 3 4 5 6 7 8 9 10 11 20 21; do
        [[ $stderr == *"print_daemon: print/c000$(printf %02d "$k") is damaged, or a data file of it is missing or unreadable"* ]]
        [ -e "print/failed/c000$(printf %02d "$k")" ]
    done
    [ "$(cat paper)" = hello ]
    [ -e print/d00011-001 ] # evidence
}

@test "print: other names are left alone, and numbers are not given twice" {
    echo hello >file
    "$b/print_submit" print file
    "$b/print_daemon" -1 print paper
    echo precious >print/d1report.txt
    echo precious >print/d00001-1
    echo precious >print/d2147483647
    echo precious >print/d99999999999-001
    mkdir print/d1dir
    run_limited "$b/print_daemon" -1 print paper
    expect 0 "" ""
    [ "$(cd print && echo *)" = "d00001-1 d1dir d1report.txt d2147483647 d99999999999-001 done failed" ]
    run_limited "$b/print_submit" print file
    expect 0 "job 2" ""
    rm print/d00002-001
    run_limited "$b/print_daemon" -1 print paper
    expect 0 "" "print_daemon: print/c00002 is damaged, or a data file of it is missing or unreadable"
    run_limited "$b/print_submit" print file
    expect 0 "job 3" ""
    touch print/d999999999-001
    run_limited "$b/print_submit" print file
    expect 1 "" "print_submit: print: no number is left for a job"
}

@test "print_submit: a name that is taken by a file of another one is named, and that file stays" {
    mkdir print
    echo precious >print/t00001
    echo data >data
    run_limited "$b/print_submit" print data
    expect 1 "" "print_submit: create print/t00001: File exists"
    [ "$(ls print)" = $'done\nfailed\nt00001' ]
    [ "$(cat print/t00001)" = precious ]
}

@test "print_submit: numbers are unique among 20 that submit at once" {
    local k
    echo hello >file
    for k in {1..20}; do
        start "s$k" bash -c 'for i in 1 2 3 4 5; do "$1" print file file; done' bash "$b/print_submit"
        submitters[k]=$pid
    done
    start daemon "$b/print_daemon" print paper
    for k in {1..20}; do ends "${submitters[k]}" 0; done
    [ -z "$(cat s*.err)" ]
    [ "$(cat s*.out | sort -u | wc -l)" -eq 100 ]
    printed() { [[ $(grep -c '^job ' daemon.out) -eq 100 ]]; }
    LIMIT=30 within printed
    kill "$pid"
    ends "$pid" 143
    [ "$(wc -l <paper)" -eq 200 ]
    [ "$(count print/done)" -eq 100 ]
    has print/failed 0
}

@test "print: what cannot be done is named, and nothing is lost" {
    echo hello >file
    run_limited "$b/print_submit" print file none
    expect 1 "" "print_submit: open none: No such file or directory"
    run_limited "$b/print_submit" print .
    expect 1 "" "print_submit: read .: Is a directory"
    [ "$(find print -type f)" = "" ]
    run_limited "$b/print_submit" -t $'two\nlines' print file
    expect 2 "" "print_submit: the title has a newline, or more than 1000 bytes: give another with -t"
    run_limited "$b/print_submit" -t "$(printf '%01001d' 0)" print file
    expect 2 "" "print_submit: the title has a newline, or more than 1000 bytes: give another with -t"
    run_limited "$b/print_submit" -t "$(printf '%01000d' 0)" print file
    expect 0 "job 1" ""
    # shellcheck disable=SC2046 # they are several
    run_limited "$b/print_submit" print $(yes file | head -n 1000)
    expect 2 "" "print_submit: 1000 files: more than the 999 of a job"
    run_limited "$b/print_submit" print
    expect 2 "" "print_submit: usage: print_submit [-t TITLE] DIR FILE..."
    run_limited "$b/print_submit" -t print
    expect 2 "" "print_submit: usage: print_submit [-t TITLE] DIR FILE..."
    run_limited "$b/print_daemon" print
    expect 2 "" "print_daemon: usage: print_daemon [-1] DIR OUTPUT"
    in_shell '"$1" print file >/dev/full' "$b/print_submit"
    expect 1 "" "print_submit: job 2 is in the queue, but: write standard output: No space left on device"
    run_limited "$b/print_daemon" -1 print /dev/full
    expect 1 "" "print_daemon: write /dev/full: No space left on device"
    run_limited "$b/print_daemon" -1 print none/paper
    expect 1 "" "print_daemon: open none/paper: No such file or directory"
    in_shell '"$1" -1 print paper >/dev/full' "$b/print_daemon"
    expect 1 "" "print_daemon: write standard output: No space left on device"
    run_limited "$b/print_daemon" -1 print paper # job 1 has been printed
    expect 0 "job 2: file: 1 file, 6 bytes" ""
    [ "$(cat paper)" = "$(printf 'hello\nhello')" ]
    in_shell '"$1" print file <&-' "$b/print_submit"
    expect 1 "" "print_submit: standard descriptor 0: Bad file descriptor"
    in_shell 'ulimit -f 1; "$1" print "$2" 2>&1 | cat' "$b/print_submit" "$root/README.md"
    expect 0 "print_submit: write print/d00003-001: File too large" ""
    none 'print/d[0-9]*'
}

@test "print: a printer that is a FIFO; one that goes away loses no job" {
    mkfifo printer
    echo hello >file
    "$b/print_submit" print file
    start daemon "$b/print_daemon" print printer
    within shows daemon.err "print_daemon: open printer: waiting for a reader; Ctrl-C ends it"
    start reader head -n 1 printer
    ends "$pid" 0
    [ "$(cat reader.out)" = hello ]
    "$b/print_submit" print file
    within grep -qx "print_daemon: write printer: Broken pipe" daemon.err
    [ -e print/c00002 ]
}

@test "print_submit: Ctrl-C while it waits for a file leaves nothing behind" {
    local signal
    mkfifo input
    echo hello >file
    for signal in INT TERM QUIT HUP; do
        start submit "$b/print_submit" print file input
        within sleeps "$pid"
        within test -e print/d00001-001
        kill "-$signal" "$pid"
        ends "$pid" $((128 + $(kill -l "$signal")))
        [ -z "$(find print -type f)" ]
    done
}

# --- all of them

@test "files: a closed standard descriptor is named, whichever it is" {
    local fd command commands=("state counter" "spool_submit spool job" "spool_daemon -1 spool true" "print_submit print job"
        "print_daemon -1 print paper" "lock_file lock true" "queue_put queue message" "queue_get queue")
    echo job >job
    for command in "${commands[@]}"; do
        read -ra words <<<"$command"
        # shellcheck disable=SC2016 # the inner shell's
        for fd in 0 1; do
            in_shell 'eval "exec $1>&-"; shift; exec "$@"' $fd "$b/${words[0]}" "${words[@]:1}"
            expect 1 "" "${words[0]}: standard descriptor $fd: Bad file descriptor"
        done
        # shellcheck disable=SC2016
        in_shell 'exec "$@" 2>&-' "$b/${words[0]}" "${words[@]:1}"
        expect 1 "" ""
    done
    for command in counter spool print paper lock queue; do [ ! -e "$command" ]; done
}

@test "files: signals that are ignored at the start stay so for the command, and the others reach it" {
    start holder env --ignore-signal=HUP "$b/lock_file" lock sh -c 'echo running; exec sleep 60'
    within shows holder.out running
    kill -HUP "$pid"
    kill -QUIT "$pid"
    ends "$pid" 131
    start holder env --ignore-signal=TERM "$b/lock_file" lock sh -c 'kill $$; echo went on'
    ends "$pid" 0
    shows holder.out "went on"
}

@test "print_daemon, spool_daemon: what is moved replaces nothing" {
    echo hello >file
    "$b/print_submit" print file
    echo earlier >print/failed/c00001
    echo damaged >print/c00001
    run_limited "$b/print_daemon" -1 print paper
    [ "$(cat print/failed/c00001 print/failed/c00001+)" = "$(printf 'earlier\ndamaged')" ]
    local name
    name=$(echo job | "$b/spool_submit" spool)
    echo earlier >"spool/failed/$name.exit1"
    run_limited "$b/spool_daemon" -1 spool false
    expect 0 "" "spool_daemon: $name: exit status 1"
    [ "$(cat "spool/failed/$name.exit1" "spool/failed/$name.exit1+")" = "$(printf 'earlier\njob')" ]
}

@test "spool_daemon: its own broken standard error loses no job's end" {
    echo job | "$b/spool_submit" spool >/dev/null
    mkfifo broken
    # shellcheck disable=SC2016 # the inner shell's
    in_shell 'exec 3<>broken 4>broken 3<&-; "$1" -1 spool false 2>&4' "$b/spool_daemon"
    has spool/new 0
    has spool/failed 1
}

@test "the same line-buffered: a line that could not be written is an error" {
    command -v stdbuf >/dev/null || skip "no stdbuf(1)"
    ! grep -q __asan_init "$b/state" || skip "the sanitizer must be loaded first"
    echo job >job
    "$b/queue_put" queue message
    local command
    for command in "state counter" "proc" "spool_submit spool job" "spool_daemon spool true" "print_submit print job" \
        "print_daemon print paper" "queue_get queue"; do
        read -ra words <<<"$command"
        # shellcheck disable=SC2016 # the inner shell's
        in_shell 'stdbuf -oL "$@" >/dev/full' "$b/${words[0]}" "${words[@]:1}"
        echo "$command: $status: $stderr"
        [ "$status" -eq 1 ]
        [[ $stderr == *"write standard output: No space left on device" ]]
    done
}
