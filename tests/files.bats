#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 # on a busy machine

b=$bin/files
full='write standard output: No space left on device'

# order CALL...: in ./trace, the first of each call comes after the one before
order() {
    local call line last=0
    for call; do
        line=$(grep -n "$call" trace | sed -n '1s/:.*//p')
        echo "$call: line ${line:-none}"
        ((line > last)) || return 1
        last=$line
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

# --------------------------------------------------------------------- state

@test "state: counts, beginning with 1" {
    run_limited "$b/state" counter
    expect 0 1 ""
    run_limited "$b/state" "$PWD/counter"
    expect 0 2 ""
    [ "$(<counter)" = 2 ]
    none 'counter.*'
}

@test "state: a file that holds no number is not changed" {
    echo words >file
    run_limited "$b/state" file
    expect 1 "" "state: file: not a number; not changed"
    [ "$(<file)" = words ]
    for text in '3 blind mice' 12abc 9999999999999999999; do
        echo "$text" >file
        run_limited "$b/state" file
        expect 1 "" "state: file: not a number; not changed"
        [ "$(<file)" = "$text" ]
    done
    : >empty
    run_limited "$b/state" empty
    expect 1 "" "state: empty: not a number; not changed"
    run_limited "$b/state" missing/file
    expect 1 "" "state: open the directory of missing/file: No such file or\
 directory"
}

@test "state: the new number is on the disk before it takes the name" {
    traced -e trace=flock,write,fsync,rename "$b/state" counter
    order 'flock(.*LOCK_EX)' 'write(.*"1\\n"' 'fsync(' 'rename("counter.new", "counter")' \
        'write(1, "1\\n"'
    [ "$(grep -c 'fsync(' trace)" -eq 2 ]
    [ "$(sed '1,/rename/d' trace | grep -c 'fsync(')" -eq 1 ] # the directory
}

@test "state: a full disk changes nothing" {
    ((EUID == 0)) || skip "only root can mount"
    mkdir small
    mount -t tmpfs -o size=8k none small 2>/dev/null || skip "may not mount"
    "$b/state" small/counter
    head -c 4096 /dev/zero >small/fill
    run_limited "$b/state" small/counter
    local number
    number=$(<small/counter)
    umount small
    expect 1 "" "state: write small/counter.new: No space left on device"
    [ "$number" = 1 ]
}

@test "state: killed 300 times, four at a time: no printed number is lost" {
    local each pids=()
    for each in 1 2 3 4; do
        until enough; do
            killed "$b/state" counter || true
        done >"printed.$each" 2>>errors 3>&- &
        pids+=($!)
    done
    for each in "${pids[@]}"; do wait "$each"; done
    cat errors
    [ ! -s errors ]
    local last
    last=$(sort -n printed.* | tail -n 1)
    [ -z "$(sort printed.* | uniq -d)" ]
    ((last >= $(cat printed.* | wc -l)))
    run_limited "$b/state" counter
    succeeded
    ((output > last))
}

# ---------------------------------------------------------------------- proc

@test "proc: what the kernel's files say of a process" {
    start sleeper sleep 60
    run_limited "$b/proc" "$pid"
    [ "${#lines[@]}" -eq 4 ]
    [ "${lines[3]}" = "/proc/$pid/status: sleep, S (sleeping), parent $$" ] ||
        [ "${lines[3]}" = "/proc/$pid/status: sleep, S (sleeping), parent $BASHPID" ]
    [[ ${lines[2]} == "/proc/cpuinfo: $(grep -c ^processor /proc/cpuinfo) processors, "* ]]
    succeeded
    kill "$pid"
    within gone "$pid"
}

@test "proc: the numbers are the ones of loadavg and vmstat" {
    local load tasks pages before after
    before=$(awk '/^nr_free_pages / { print $2 }' /proc/vmstat)
    run_limited "$b/proc"
    after=$(awk '/^nr_free_pages / { print $2 }' /proc/vmstat)
    read -r load _ _ tasks _ </proc/loadavg
    [[ ${lines[0]} =~ ^"/proc/loadavg: load "([0-9.]+)" over 1 minute; "([0-9]+)" of "([0-9]+)" tasks can run"$ ]]
    awk -v a="${BASH_REMATCH[1]}" -v b="$load" 'BEGIN { exit a - b > 1 || b - a > 1 }'
    ((BASH_REMATCH[2] <= BASH_REMATCH[3]))
    local total=${BASH_REMATCH[3]}
    ((total - ${tasks#*/} < 100 && ${tasks#*/} - total < 100))
    [[ ${lines[1]} =~ ^"/proc/vmstat: "([0-9]+)" free pages"$ ]]
    pages=${BASH_REMATCH[1]}
    ((pages > before * 8 / 10 - 10000 && pages < after * 12 / 10 + 10000))
    [[ ${lines[3]} == *": proc, R (running), parent "* ]]
}

@test "proc: itself, also where /proc counts other processes" {
    unshare -pf true 2>/dev/null || skip "needs the right to make a namespace"
    run_limited unshare -pf "$b/proc"
    [[ ${lines[3]} == "/proc/self/status: proc, R (running), parent "* ]]
    succeeded
}

@test "proc: an odd name, no such process, a full disk" {
    cp "$(command -v sleep)" $'\e[31mred'
    start odd $'./\e[31mred' 60
    run_limited "$b/proc" "$pid"
    [[ ${lines[3]} == "/proc/$pid/status: "*"[31mred, S (sleeping), parent "* ]]
    [[ $output != *$'\e'* ]]
    kill "$pid"
    within gone "$pid"
    run_limited "$b/proc" 99999999
    [ "$stderr" = "proc: open /proc/99999999/status: No such file or directory" ]
    [ "$status" -eq 1 ]
    in_shell '"$1" >/dev/full' "$b/proc"
    expect 1 "" "proc: $full"
}

# ---------------------------------------------------------------------- cron

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
    run_limited "$b/cron" daily
    expect 0 $'10\n9\nA-2\na_1\nb' ""
    ! command -v run-parts >/dev/null || [ "$output" = "$(run-parts daily)" ]
}

@test "cron: a job that fails is named, and the others run" {
    job a 'exit 3'
    job b 'kill -KILL $$'
    job c 'echo still run'
    run_limited "$b/cron" daily
    expect 1 "still run" "cron: daily/a: exit status 3
cron: daily/b: killed by signal 9"
    echo 'not a program' >daily/d
    chmod +x daily/d
    sed -i 1d daily/d
    rm daily/[abc]
    run_limited "$b/cron" daily
    expect 1 "" "cron: run daily/d: Exec format error
cron: daily/d: exit status 126"
    run_limited "$b/cron" missing
    expect 1 "" "cron: read missing: No such file or directory"
}

# ----------------------------------------------------------------- lock_file

@test "lock_file: holds the lock while the command runs, and tells who does" {
    mkfifo go
    exec 8<>go
    start holder "$b/lock_file" lock sh -c 'echo runs; read -r _ <go'
    within shows holder.out runs
    [ "$(<lock)" = "$pid" ]
    run_limited "$b/lock_file" lock echo mine
    expect 1 "" "lock_file: lock: held by process $pid"
    echo >&8
    ends "$pid" 0
    [ ! -e lock ]
    exec 8<&-
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
    [ ! -e lock ]
    run_limited "$b/lock_file" lock echo a 'b  c'
    expect 0 'a b  c' ""
    run_limited "$b/lock_file" missing/lock true
    expect 1 "" "lock_file: create missing/lock: No such file or directory"
}

@test "lock_file: after Ctrl-C the lock is gone" {
    set -m # a process group, as the terminal signals it
    start holder "$b/lock_file" lock sh -c 'echo runs; exec sleep 60'
    set +m
    within shows holder.out runs
    kill -INT "-$pid"
    ends "$pid" 130
    [ ! -e lock ]
}

@test "lock_file: a dead holder's lock is refused, with what to do" {
    start holder "$b/lock_file" lock sh -c 'echo $$ >number; echo runs; exec sleep 60'
    within shows holder.out runs
    kill -KILL "$pid"
    ends "$pid" 137
    kill "$(<number)"
    run_limited "$b/lock_file" lock true
    expect 1 "" "lock_file: lock: process $pid held it and is dead; remove the\
 file if nobody uses what it protects"
    [ -e lock ]
    rm lock
    run_limited "$b/lock_file" lock true
    expect 0 "" ""
    echo precious >file
    run_limited "$b/lock_file" file true
    expect 1 "" "lock_file: file: exists, and does not say who holds it"
    [ "$(<file)" = precious ]
}

@test "lock_file: of 50 that want it exactly one gets it, ten times" {
    local round i pids
    mkfifo go
    exec 8<>go
    for round in {1..10}; do
        pids=()
        for i in {1..50}; do
            "$b/lock_file" lock sh -c 'echo got it; read -r _ <go' \
                >>"round.$round" 2>>errors 3>&- 8>&- &
            pids+=($!)
        done
        within eval '(($(grep -o "lock: " errors | wc -l) >= round * 49))'
        echo >&8
        for i in "${pids[@]}"; do wait "$i" || true; done
        [ "$(<"round.$round")" = "got it" ]
        [ ! -e lock ]
    done
    exec 8<&-
}

# --------------------------------------------------------- queue_put, queue_get

@test "queue_put, queue_get: first in, first out; an empty queue is status 1" {
    local message
    run_limited "$b/queue_put" queue one
    expect 0 "" ""
    "$b/queue_put" queue ''
    "$b/queue_put" queue 'three  3 %s \n'
    for message in one '' 'three  3 %s \n'; do
        run_limited "$b/queue_get" queue
        expect 0 "$message" ""
    done
    run_limited "$b/queue_get" queue
    expect 1 "" ""
    [ "$(stat -c %s queue)" -eq 42 ] # it does not grow for ever
    "$b/queue_put" queue again
    run_limited "$b/queue_get" queue
    expect 0 again ""
}

@test "queue_put, queue_get: what is not a queue is not changed" {
    for text in precious $'3 4\nprecious'; do
        echo "$text" >file
        run_limited "$b/queue_put" file message
        expect 1 "" "queue_put: file: not a queue; not changed"
        run_limited "$b/queue_get" file
        expect 1 "" "queue_get: file: not a queue; not changed"
        [ "$(<file)" = "$text" ]
    done
    run_limited "$b/queue_get" missing
    expect 1 "" "queue_get: open missing: No such file or directory"
    run_limited "$b/queue_put" queue $'two\nlines'
    expect 2 "" "queue_put: a message is one line"
}

@test "queue_put: a full disk is an error, also for a message that stdio writes at once" {
    "$b/queue_put" queue one
    local size
    for size in 10 4096 9000; do
        traced -e inject=write:error=ENOSPC:when=1 "$b/queue_put" queue "$(printf '%*s' "$size" x)"
        expect 1 "" "queue_put: write queue: No space left on device"
    done
    run_limited "$b/queue_get" queue
    expect 0 one ""
    run_limited "$b/queue_get" queue
    expect 1 "" ""
}

@test "queue_put: a message counts when it is on the disk, not before" {
    "$b/queue_put" queue one
    traced -e trace=write,fsync,flock "$b/queue_put" queue two
    order 'flock(.*LOCK_EX' 'two' 'fsync(' 'write(.*"0000'
    [ "$(grep -c 'fsync(' trace)" -eq 2 ]
    # What a killed put has written behind the end is no message.
    printf 'three, but not all of' >>queue
    "$b/queue_put" queue four
    local message
    for message in one two four; do
        run_limited "$b/queue_get" queue
        expect 0 "$message" ""
    done
    run_limited "$b/queue_get" queue
    expect 1 "" ""
}

@test "queue_put, queue_get: a queue that cannot be read is not an empty one" {
    traced true
    "$b/queue_put" queue one
    local program put=(two)
    for program in queue_put queue_get; do
        run_limited strace -qq -o trace -P "$PWD/queue" \
            -e inject=read:error=EIO:when=1 "$b/$program" "$PWD/queue" "${put[@]}"
        expect 1 "" "$program: read $PWD/queue: Input/output error"
        put=()
    done
    run_limited "$b/queue_get" queue
    expect 0 one ""
}

@test "queue_get: a message that could not be printed stays" {
    "$b/queue_put" queue one
    in_shell '"$1" queue >/dev/full' "$b/queue_get"
    expect 1 "" "queue_get: $full"
    run_limited "$b/queue_get" queue
    expect 0 one ""
}

@test "queue: 300 kills, 4 writers and 4 readers: nothing acknowledged is lost" {
    local i n pids=()
    for i in 1 2 3 4; do
        n=0
        until enough; do
            killed "$b/queue_put" queue "$i-$((++n))" && echo "$i-$n"
        done >"put.$i" 2>>errors 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || true; done
    pids=()
    for i in 1 2 3 4; do
        (while "$b/queue_get" queue >>"got.$i" 2>>errors; do :; done) 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || true; done
    cat errors
    [ ! -s errors ]
    cat got.* | sort >got
    [ -z "$(uniq -d got)" ]
    [ -z "$(cat put.* | sort | comm -23 - got)" ]
    [ -s got ]
}

@test "queue_get: its cost does not depend on how many messages wait" {
    reads() { # the bytes that a get reads
        strace -qq -o trace -P "$PWD/queue" -e trace=read \
            "$b/queue_get" queue >/dev/null
        awk -F '= ' '{ sum += $NF } END { print sum }' trace
    }
    traced true
    seq -f 'message %g' 20000 >messages
    { printf '%020d %020d\n' 42 $((42 + $(stat -c %s messages))) && cat messages; } >queue
    [ "$(reads)" -lt 20000 ]
    run_limited "$b/queue_get" queue
    expect 0 "message 2" ""
}

# --------------------------------------------------- spool_submit, spool_daemon

submit() { printf '%s\n' "$1" | "$b/spool_submit" spool; }

@test "spool: jobs run in their order; done and failed ones are kept apart" {
    local one two three
    one=$(submit one) two=$(submit bad) three=$(submit three)
    run_limited "$b/spool_daemon" -1 spool sh -c 'read -r job; echo "$job"; [ "$job" != bad ]'
    expect 0 $'watching spool\none\nbad\nthree' \
        "spool_daemon: spool/new/$two: exit status 1"
    [ "$(ls spool/done)" = "$one"$'\n'"$three" ]
    [ "$(ls spool/failed)" = "$two" ]
    [ "$(<"spool/done/$one")" = one ]
    none 'spool/new/*' && none 'spool/tmp/*'
    [[ $one =~ ^[1-9][0-9]{9}\.[0-9]{9}\.[0-9]+$ ]] # the time, and a process
    submit killed
    run_limited "$b/spool_daemon" -1 spool sh -c 'kill -KILL $$'
    [[ $stderr == *": killed by signal 9" ]]
}

@test "spool_submit: a job is on the disk before it is in the queue" {
    traced -e trace=write,fsync,rename "$b/spool_submit" spool </etc/passwd
    order 'write(' 'fsync(' 'rename("spool/tmp/.*"spool/new/' 'write(1, '
    [ "$(sed '1,/rename/d' trace | grep -c 'fsync(')" -eq 1 ] # the directory
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
    none 'spool/new/*'
    exec 8<&-
    in_shell '"$1" spool <.' "$b/spool_submit"
    expect 1 "" "spool_submit: read standard input: Is a directory"
    none 'spool/new/*'
    run_limited "$b/spool_submit" missing/spool </dev/null
    expect 1 "" "spool_submit: mkdir missing/spool: No such file or directory"
}

@test "spool_daemon: notices a job, one daemon at a time, without spinning" {
    processor_time() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
    start daemon "$b/spool_daemon" spool cat
    within shows daemon.out "watching spool"
    run_limited "$b/spool_daemon" spool cat
    expect 1 "" "spool_daemon: spool: another daemon works here"
    submit hello
    within shows daemon.out hello
    within compgen -G 'spool/done/*'
    local before begin=$EPOCHREALTIME
    before=$(processor_time)
    within eval '((${EPOCHREALTIME/./} - ${begin/./} > 2000000))'
    (($(processor_time) - before <= 2))
    kill "$pid"
    ends "$pid" 143
    start next "$b/spool_daemon" -1 spool cat
    ends "$pid" 0
}

@test "spool_daemon: killed again and again, it runs every job at least once" {
    local i names=()
    for i in {1..30}; do names+=("$(submit "$i")"); done
    for i in {1..25}; do
        timeout -s KILL "0.0$((RANDOM % 9 + 1))" "$b/spool_daemon" -1 spool \
            tee -a ran >/dev/null 2>>errors || true
        # each job is in one place, whole
        [ "$(find spool -type f | wc -l)" -eq 30 ]
    done
    within eval '! pgrep -f "^tee -a ran" >/dev/null'
    LIMIT=30 run_limited "$b/spool_daemon" -1 spool tee -a ran
    [ "$status" -eq 0 ]
    [ "$(sort -un ran)" = "$(seq 30)" ]
    [ "$(find spool/done -type f | wc -l)" -eq 30 ]
}

@test "spool_daemon: a command that is not there" {
    submit hello
    run_limited "$b/spool_daemon" -1 spool ./nothing
    [[ $stderr == "spool_daemon: run ./nothing: No such file or directory"* ]]
    [ "$(find spool/failed -type f | wc -l)" -eq 1 ]
}

# --------------------------------------------------- print_submit, print_daemon

@test "print: jobs are printed in the order of their numbers, behind the paper's end" {
    printf one >one && printf two >two && printf zero >paper
    run_limited "$b/print_submit" print one
    expect 0 "job 00001" ""
    run_limited "$b/print_submit" print two
    expect 0 "job 00002" ""
    [ "$(ls print)" = $'c00001\nc00002\nd00001-001\nd00002-001\ndone' ]
    run_limited "$b/print_daemon" -1 print paper
    expect 0 $'job 1\njob 2' ""
    [ "$(<paper)" = zeroonetwo ]
    [ "$(find print -type f | sort)" = $'print/done/c00001\nprint/done/c00002' ]
    run_limited "$b/print_submit" print one # numbers are not given twice
    expect 0 "job 00003" ""
}

@test "print_submit: the control file makes the job, when the data is on the disk" {
    traced -e trace=openat,fsync,rename "$b/print_submit" print /etc/passwd
    order 'd00001-001", .*O_EXCL' 'fsync(' 't00001' 'rename("print/t00001", "print/c00001")'
    [ "$(sed '/rename/,$d' trace | grep -c 'fsync(')" -eq 2 ]
    printf 'no job' >print/d00002-001
    run_limited "$b/print_daemon" -1 print paper
    expect 0 "job 1" ""
    cmp /etc/passwd paper
    [ -e print/d00002-001 ]
}

@test "print_submit: numbers are unique among 20 at once" {
    local i pids=()
    for i in {1..20}; do
        echo "$i" >"file.$i"
        "$b/print_submit" print "file.$i" >>numbers 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ "$(sort numbers)" = "$(printf 'job %05d\n' {1..20})" ]
    run_limited "$b/print_daemon" -1 print paper
    succeeded
    [ "$(sort -n paper)" = "$(seq 20)" ]
}

@test "print_daemon: killed, the next one prints the interrupted job again" {
    local i
    for i in {1..20}; do
        echo "$i" >file
        "$b/print_submit" print file >/dev/null
    done
    for i in {1..15}; do
        timeout -s KILL "0.00$((RANDOM % 9 + 1))" "$b/print_daemon" -1 print paper \
            >/dev/null 2>&1 || true
    done
    run_limited "$b/print_daemon" -1 print paper
    [ "$status" -eq 0 ]
    [ "$(awk '!printed[$0]++' paper)" = "$(seq 20)" ]
    none 'print/c*'
}

@test "print: one daemon at a time; errors; a full disk" {
    run_limited "$b/print_submit" print missing
    expect 1 "" "print_submit: open missing: No such file or directory"
    run_limited "$b/print_daemon" missing paper
    expect 1 "" "print_daemon: open missing: No such file or directory"
    printf one >one
    "$b/print_submit" print one
    run_limited "$b/print_daemon" -1 print /dev/full
    expect 1 "" "print_daemon: write the output: No space left on device"
    [ -e print/c00001 ] # the job stays
    start daemon "$b/print_daemon" print paper
    within shows daemon.out "job 1"
    run_limited "$b/print_daemon" print paper
    expect 1 "" "print_daemon: print: another daemon works here"
    kill "$pid"
    ends "$pid" 143
}

@test "files programs: wrong arguments" {
    local line
    while IFS=: read -r program arguments usage; do
        while IFS= read -r line; do
            # shellcheck disable=SC2086 # words
            run_limited "$b/$program" $line
            expect 2 "" "$program: usage: $program $usage"
        done < <(tr , '\n' <<<"$arguments")
    done <<'END'
state:,a b,-h:FILE
proc:-1,1 2:[PID]
cron:,a b,-h:DIR
lock_file:,lock,-h true:FILE COMMAND [ARG...]
queue_put:,queue,queue a b,-h a:FILE MESSAGE
queue_get:,a b,-h:FILE
spool_submit:,a b,-h:DIR
spool_daemon:,spool,-1 spool,-h true:[-1] DIR COMMAND [ARG...]
print_submit:,print,print a b,-h a:DIR FILE
print_daemon:,print,-1 print,print a b,-h a:[-1] DIR OUTPUT
END
    none '-*'
}

@test "files programs: a full disk for what they print" {
    local command
    for command in 'state counter' 'spool_submit spool' 'print_submit print counter' \
        'spool_daemon spool true'; do
        in_shell "\"\$1\"/$command >/dev/full </dev/null" "$b"
        expect 1 "" "${command%% *}: $full"
    done
}
