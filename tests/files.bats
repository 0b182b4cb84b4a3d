#!/usr/bin/env bats
load helpers
load programs
export BATS_TEST_TIMEOUT=180 # on a busy machine

b=$bin/files

queue_is_empty() {
    run_limited "$b/queue_get" queue
    expect 1 "" ""
}

# order CALL...: ./trace has lines with these, one after the other
order() {
    local call next line=0
    for call; do
        next=$(tail -n "+$((line + 1))" trace | grep -nm 1 "$call") || {
            echo "not after line $line: $call"
            return 1
        }
        ((line += ${next%%:*}))
    done
}

# killed COMMAND...: runs it, and kills it somewhat later than the time before;
# when it gets through, the next kill comes at once again
ms=1 kills=0 through=0
killed() {
    local status=0
    ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout --foreground -s KILL \
        "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))" "$@" || status=$?
    case $status in
    0 | 124) ((ms = 1, ++through)) ;; # 124: it ended just before the kill
    137) ((ms += 1 + ms / 8, ++kills)) ;;
    *) echo "exit status $status" >&2 ;;
    esac
    return "$status"
}
enough() { ((kills >= 75 && through >= 5)); }

four_at_once() { # four_at_once COMMAND: with 1 to 4 as its argument; none may say a word on standard error
    local each pids=()
    for each in 1 2 3 4; do
        "$1" "$each" 2>>errors 3>&- &
        pids+=($!)
    done
    for each in "${pids[@]}"; do wait "$each" || true; done
    cat errors
    [ ! -s errors ]
}

@test "state: counts, beginning with 1" {
    gives 1 state counter
    gives 2 state "$PWD/counter"
    [ "$(<counter)" = 2 ]
    none 'counter.*'
    fails "open the directory of missing/file: No such file or directory" state missing/file
}

@test "state: a file that holds no number is not changed" {
    local text
    for text in '' words '3 blind mice' 12abc 9999999999999999999; do
        printf %s "$text" >file
        fails "file: not a number; not changed" state file
        [ "$(<file)" = "$text" ]
    done
}

@test "state: the new number is on the disk before it takes the name" {
    traced -e trace=flock,write,fsync,rename "$b/state" counter
    order 'flock(.*LOCK_EX)' 'write(.*"1\\n"' 'fsync(' 'rename("counter.new", "counter")' \
        'fsync(' 'write(1, "1\\n"' # the second is the directory's
}

@test "state: killed 300 times, four at a time: no printed number is lost" {
    local last
    count() {
        until enough; do
            killed "$b/state" counter || true
        done >"printed.$1"
    }
    four_at_once count
    last=$(sort -n printed.* | tail -n 1)
    [ -z "$(sort printed.* | uniq -d)" ]
    ((last >= $(cat printed.* | wc -l)))
    run_limited "$b/state" counter
    succeeded
    ((output > last))
}

@test "proc: shows what it reads in the kernel's files" {
    local file load pages model
    cp "$(command -v sleep)" $'\e[31mred' # an odd name
    start odd $'./\e[31mred' 60
    within grep -qs red "/proc/$pid/comm"
    traced -e trace=read -s 200 "$b/proc" "$pid"
    file=$(<trace)
    [[ $file =~ '"'([0-9.]+)' '[0-9.]+' '[0-9.]+' '([0-9]+)/([0-9]+)' ' ]]
    load="load ${BASH_REMATCH[1]} over 1 minute; ${BASH_REMATCH[2]} of ${BASH_REMATCH[3]} tasks can run"
    [[ $file =~ 'nr_free_pages '([0-9]+) ]]
    pages=${BASH_REMATCH[1]}
    model=$(sed -n '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)
    expect 0 "/proc/loadavg: $load
/proc/vmstat: $pages free pages
/proc/cpuinfo: $(grep -c ^processor /proc/cpuinfo) processors, ${model:-unknown}
/proc/$pid/status: ?[31mred, S (sleeping), parent $BASHPID" ""
    kill "$pid"
}

@test "proc: itself, or no such process" {
    run_limited "$b/proc"
    [[ ${lines[3]} == "/proc/self/status: proc, R (running), parent "* ]]
    succeeded
    run_limited "$b/proc" 99999999
    [[ $status == 1 && $stderr == "proc: open /proc/99999999/status: No such file or directory" ]]
}

job() { # job NAME [LINE...]: a shell script in ./daily
    mkdir -p daily
    printf '%s\n' '#!/bin/sh' "${@:2}" >"daily/$1"
    chmod +x "daily/$1"
}

@test "cron: names, order and results of run-parts" {
    local name
    for name in b a_1 A-2 10 9 logs.old logs~ '#x' .hidden; do
        job "$name" "echo '$name'"
    done
    job not-executable 'echo never'
    chmod -x daily/not-executable
    mkdir daily/directory
    gives $'10\n9\nA-2\na_1\nb' cron daily
    ! command -v run-parts >/dev/null || [ "$output" = "$(run-parts daily)" ]
}

@test "cron: a job that fails is named, and the others run" {
    job a 'exit 3'
    job b 'kill -KILL $$'
    job c 'echo still run'
    job d
    echo 'not a program' >daily/d
    run_limited "$b/cron" daily
    expect 1 "still run" "cron: daily/a: exit status 3
cron: daily/b: killed by signal 9
cron: run daily/d: Exec format error
cron: daily/d: exit status 126"
    fails "read missing: No such file or directory" cron missing
}

hold() { # lock_file holds the lock for a minute, in a process group as a terminal makes it
    set -m
    start holder "$b/lock_file" lock sh -c 'echo runs; exec sleep 60'
    set +m
    within shows holder.out runs
}

@test "lock_file: tells who holds the lock; after Ctrl-C it is gone" {
    hold
    [ "$(<lock)" = "$pid" ]
    fails "lock: held by process $pid" lock_file lock echo mine
    kill -INT "-$pid"
    ends "$pid" 130
    [ ! -e lock ]
    traced -P lock -e inject=openat:signal=INT:when=1 "$b/lock_file" lock echo mine # as it takes the lock
    grep SIGINT trace
    [[ $status == 0 && $output == *mine* && ! -e lock ]]
}

@test "lock_file, spool_daemon: the command gets none of their descriptors" {
    echo a job | "$b/spool_submit" spool
    run_limited "$b/lock_file" lock "$b/spool_daemon" -1 spool ls -l /proc/self/fd
    succeeded
    [[ $output == *' 0 -> '*/spool/new/* ]]
    run ! grep -E '/(lock|spool)$' <<<"$output"
}

@test "lock_file: a dead holder's lock is refused, with what to do" {
    hold
    kill -KILL "$pid"
    ends "$pid" 137
    kill -TERM "-$pid" # the command
    fails "lock: process $pid held it and is dead; remove the file if nobody uses what it protects" \
        lock_file lock true
    rm lock
    gives "" lock_file lock true
    echo precious >file
    fails "file: exists, and does not say who holds it" lock_file file true
    [ "$(<file)" = precious ]
}

@test "lock_file: the exit status is the command's, and the lock is gone" {
    run_limited "$b/lock_file" lock sh -c 'exit 7'
    expect 7 "" ""
    run_limited "$b/lock_file" lock sh -c 'kill -KILL $$'
    expect 137 "" ""
    run_limited -127 "$b/lock_file" lock ./nothing
    expect 127 "" "lock_file: run ./nothing: No such file or directory"
    run_limited "$b/lock_file" lock "$PWD"
    expect 126 "" "lock_file: run $PWD: Permission denied"
    gives 'a b  c' lock_file lock echo a 'b  c'
    fails "create missing/lock: No such file or directory" lock_file missing/lock true
    [ ! -e lock ]
}

@test "lock_file: of 50 that want it exactly one gets it, ten times" {
    local round
    mkfifo go
    exec 8<>go
    for round in {1..10}; do
        start round sh -c 'seq 50 | xargs -P 50 -I {} "$@"' sh \
            "$b/lock_file" lock sh -c 'echo got it; read -r _ <go'
        within eval '[ "$(grep -o "lock: " round.err | wc -l)" -eq 49 ]'
        echo >&8
        ends "$pid" 123
        [ "$(<round.out)" = "got it" ]
        [ ! -e lock ]
    done
    exec 8<&-
}

@test "queue_put, queue_get: first in, first out; an empty queue is status 1" {
    local message
    gives "" queue_put queue one
    # What a killed put has written behind the end is no message.
    printf 'zero, but not all of' >>queue
    for message in '' 'three  3 %s \n'; do
        gives "" queue_put queue "$message"
    done
    for message in one '' 'three  3 %s \n'; do
        gives "$message" queue_get queue
    done
    queue_is_empty
    [ "$(stat -c %s queue)" -eq 42 ] # it does not grow for ever
    gives "" queue_put queue again
    gives again queue_get queue
}

@test "queue_put, queue_get: what is not a queue is not changed" {
    local text
    for text in precious $'3 4\nprecious'; do
        echo "$text" >file
        fails "file: not a queue; not changed" queue_put file message
        fails "file: not a queue; not changed" queue_get file
        [ "$(<file)" = "$text" ]
    done
    fails "open missing: No such file or directory" queue_get missing
    run_limited "$b/queue_put" queue $'two\nlines'
    expect 2 "" "queue_put: a message is one line"
}

@test "queue_put: a message counts when it is on the disk, not before" {
    gives "" queue_put queue one
    traced -e trace=write,fsync,flock "$b/queue_put" queue two
    order 'flock(.*LOCK_EX' 'write(.*two' 'fsync(' 'write(.*"0000' 'fsync('
}

@test "queue_put, queue_get: a queue that cannot be read, a message that cannot be printed stay" {
    gives "" queue_put queue one
    for command in 'queue_put queue two' 'queue_get queue'; do
        # shellcheck disable=SC2086 # words
        traced -P "$PWD/queue" -e inject=read:error=EIO:when=1 "$b"/$command
        expect 1 "" "${command%% *}: read queue: Input/output error"
    done
    cannot_print queue_get queue
    gives one queue_get queue
    queue_is_empty
}

@test "queue: 300 kills, 4 writers and 4 readers: nothing acknowledged is lost" {
    put() {
        local n=0
        until enough; do
            killed "$b/queue_put" queue "$1-$((++n))" && echo "$1-$n"
        done >"put.$1"
    }
    get() { while "$b/queue_get" queue; do :; done >"got.$1"; }
    four_at_once put
    four_at_once get
    cat got.* | sort >got
    [ -s got ]
    [ -z "$(uniq -d got)" ]
    [ -z "$(cat put.* | sort | comm -23 - got)" ]
}

@test "queue_get: its cost does not depend on how many messages wait" {
    seq -f 'message %g' 20000 >messages
    { printf '%020d %020d\n' 42 $((42 + $(stat -c %s messages))) && cat messages; } >queue
    traced -P "$PWD/queue" -e trace=read "$b/queue_get" queue
    expect 0 "message 1" ""
    awk -F ' = ' '/read\(/ { bytes += $NF } END { exit bytes < 42 || bytes >= 20000 }' trace
    gives "message 2" queue_get queue
}

submit() { printf '%s\n' "$1" | "$b/spool_submit" spool; }

@test "spool: jobs run in their order; done and failed ones are kept apart" {
    local one bad three
    one=$(submit one) bad=$(submit bad) three=$(submit three)
    run_limited "$b/spool_daemon" -1 spool sh -c 'read -r job; echo "$job"; [ "$job" != bad ]'
    expect 0 $'watching spool\none\nbad\nthree' "spool_daemon: spool/new/$bad: exit status 1"
    [ "$(ls spool/done)" = "$one"$'\n'"$three" ]
    [ "$(ls spool/failed)" = "$bad" ]
    [ "$(<"spool/done/$one")" = one ]
    none 'spool/new/*' && none 'spool/tmp/*'
    [[ $one =~ ^[1-9][0-9]{9}\.[0-9]{9}\.[0-9]+$ ]] # the time, and a process

    bad=$(submit killed)
    run_limited "$b/spool_daemon" -1 spool sh -c 'kill -KILL $$'
    expect 0 "watching spool" "spool_daemon: spool/new/$bad: killed by signal 9"
    bad=$(submit 'not run')
    run_limited "$b/spool_daemon" -1 spool ./nothing
    expect 0 "watching spool" "spool_daemon: run ./nothing: No such file or directory
spool_daemon: spool/new/$bad: exit status 127"
    [ -e "spool/failed/$bad" ]
}

@test "spool_submit: a job is on the disk before it is in the queue" {
    traced -e trace=write,fsync,rename "$b/spool_submit" spool </etc/passwd
    order 'write(' 'fsync(' 'rename("spool/tmp/.*"spool/new/' 'fsync(' 'write(1, ' # the directory, too
    cmp /etc/passwd spool/new/*
}

@test "spool_submit: a job is whole or not there" {
    mkfifo input
    exec 8<>input
    start submit "$b/spool_submit" spool <input
    echo 'half a job' >&8
    within compgen -G 'spool/tmp/*'
    kill -INT "$pid"
    ends "$pid" 130
    exec 8<&-
    in_shell '"$1" spool <.' "$b/spool_submit"
    expect 1 "" "spool_submit: read standard input: Is a directory"
    none 'spool/new/*'
    fails "mkdir missing/spool: No such file or directory" spool_submit missing/spool
}

@test "spool_daemon: notices a job, one daemon at a time, without spinning" {
    local before begin
    processor_time() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
    start daemon "$b/spool_daemon" spool cat
    within shows daemon.out "watching spool"
    fails "spool: another daemon works here" spool_daemon spool cat
    submit hello
    within shows daemon.out hello
    within compgen -G 'spool/done/*'
    begin=$EPOCHREALTIME before=$(processor_time)
    within eval '((${EPOCHREALTIME/./} - ${begin/./} > 2000000))'
    (($(processor_time) - before <= 2))
    kill "$pid"
    ends "$pid" 143
    gives "watching spool" spool_daemon -1 spool cat
}

@test "spool_daemon: one look into the folder serves all jobs that wait" {
    local i
    for i in {1..50}; do "$b/spool_submit" spool </dev/null; done >names
    traced -e trace=openat "$b/spool_daemon" -1 spool true
    [ "$(find spool/done -type f | wc -l)" -eq 50 ]
    [ "$(grep -c '"spool/new", ' trace)" -eq 2 ] # and one more, which finds none
}

@test "spool_daemon: killed again and again, it runs every job at least once" {
    local i
    for i in {1..30}; do submit "$i"; done
    for i in {1..25}; do
        timeout -s KILL "0.0$((RANDOM % 9 + 1))" "$b/spool_daemon" -1 spool tee -a ran >/dev/null 2>&1 || true
        [ "$(find spool -type f | wc -l)" -eq 30 ] # each job is in one place
    done
    within eval '! pgrep -f "^tee -a ran" >/dev/null'
    LIMIT=30 run_limited "$b/spool_daemon" -1 spool tee -a ran
    succeeded
    [ "$(awk '!ran[$0]++' ran)" = "$(seq 30)" ]
    [ "$(find spool/done -type f | wc -l)" -eq 30 ]
}

@test "print: jobs are printed in the order of their numbers, behind the paper's end" {
    printf one >one && printf two >two && printf zero >paper
    gives "job 00001" print_submit print one
    gives "job 00002" print_submit print two
    [ "$(ls print)" = $'c00001\nc00002\nd00001-001\nd00002-001' ]
    gives $'job 1\njob 2' print_daemon -1 print paper
    [ "$(<paper)" = zeroonetwo ]
    [ "$(find print -type f -size 0 | sort)" = $'print/d00001-001\nprint/d00002-001' ]
    none 'print/c*'
    gives "job 00003" print_submit print one # numbers are not given twice
}

@test "print_submit: the control file makes the job, when the data is on the disk" {
    traced -e trace=openat,fsync,rename "$b/print_submit" print /etc/passwd
    order 'd00001-001", .*O_EXCL' 'fsync(' 't00001' 'fsync(' 'rename("print/t00001", "print/c00001")'
    printf 'no job' >print/d00002-001
    gives "job 1" print_daemon -1 print paper
    cmp /etc/passwd paper
    [ -e print/d00002-001 ]
}

@test "print_submit: numbers are unique among 20 at once" {
    for each in {1..20}; do echo "$each" >"file.$each"; done
    in_shell 'seq 20 | xargs -P 20 -I {} "$1" print file.{}' "$b/print_submit"
    [ "$(sort <<<"$output")" = "$(printf 'job %05d\n' {1..20})" ]
    gives "$(printf 'job %d\n' {1..20})" print_daemon -1 print paper
    [ "$(sort -n paper)" = "$(seq 20)" ]
}

@test "print_daemon: killed, the next one prints the interrupted job again" {
    local i call
    for i in {1..20}; do
        echo "$i" >file
        "$b/print_submit" print file
    done
    for call in write unlink truncate; do
        traced -e "inject=$call:signal=KILL:when=3" "$b/print_daemon" -1 print paper
        [ "$status" -eq 137 ]
    done
    run_limited "$b/print_daemon" -1 print paper
    succeeded
    [ "$(awk '!printed[$0]++' paper)" = "$(seq 20)" ]
    none 'print/c*'
}

@test "print: one daemon at a time; what is not there" {
    fails "open missing: No such file or directory" print_submit print missing
    fails "open missing: No such file or directory" print_daemon missing paper
    echo one >one
    "$b/print_submit" print one
    start daemon "$b/print_daemon" print paper
    within shows daemon.out "job 1"
    fails "print: another daemon works here" print_daemon print paper
    kill "$pid"
    ends "$pid" 143
}

@test "all programs: wrong arguments" {
    wrong_arguments <<'END'
state|FILE||a b|-h
proc|[PID]|-1|1 2
cron|DIR||a b|-h
lock_file|FILE COMMAND [ARG...]||lock|-h true
queue_put|FILE MESSAGE||queue|queue a b|-h a
queue_get|FILE||a b|-h
spool_submit|DIR||a b|-h
spool_daemon|[-1] DIR COMMAND [ARG...]||spool|-1 spool|-h true
print_submit|DIR FILE||print|print a b|-h a
print_daemon|[-1] DIR OUTPUT||print|-1 print|print a b|-h a
END
    none '-*'
}

@test "all programs: a full disk for what they write: what was there before stays" {
    local command what
    gives 1 state counter
    gives "" queue_put queue one
    gives "job 00001" print_submit print counter
    while IFS='|' read -r command what; do
        # shellcheck disable=SC2086 # words
        traced -e inject=write:error=ENOSPC:when=1 "$b"/$command
        expect 1 "" "${command%% *}: write $what: No space left on device"
    done <<END
state counter|counter.new
queue_put queue two|queue
queue_put queue $(printf '%04096d' 0)|queue
queue_put queue $(printf '%09000d' 0)|queue
print_submit print counter|print/d00002-001
print_daemon -1 print /dev/full|the output
END
    gives 2 state counter
    gives one queue_get queue
    queue_is_empty
    gives "job 1" print_daemon -1 print paper
}

@test "all programs: a full disk for what they print" {
    cannot_print state counter
    cannot_print proc
    cannot_print spool_submit spool </dev/null
    cannot_print spool_daemon spool true
    cannot_print print_submit print counter
    cannot_print print_daemon -1 print paper
}
