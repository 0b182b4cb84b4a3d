#!/usr/bin/env bats
load helpers

pipes=$bin/pipes/pipes
fork_pipe=$bin/pipes/fork_pipe
pipeline=$bin/pipes/pipeline

three='child sent value = 5000
child sent value = 5001
child sent value = 5002'

@test "pipes: the parent prints the number that its child wrote" {
    run_limited "$pipes"
    expect 0 "child sent value = 5000" ""
}

@test "fork_pipe: the parent reads all numbers, to end of file" {
    run_limited "$fork_pipe"
    expect 0 "$three" ""
}

@test "fork_pipe -k: the parent waits for its own write end, until the alarm" {
    local start=$EPOCHREALTIME
    run_limited "$fork_pipe" -k
    expect 142 "$three" "fork_pipe: the parent keeps its write end: no end of\
 file will come; an alarm ends this in 2 s"
    ((${EPOCHREALTIME/./} - ${start/./} > 1900000))
}

@test "fork_pipe: another option is refused" {
    run_limited "$fork_pipe" -x
    expect 2 "" "fork_pipe: usage: fork_pipe [-k]"
}

@test "pipes, fork_pipe: started without standard input, they work" {
    in_shell '"$1" <&-' "$pipes"
    expect 0 "child sent value = 5000" ""
    in_shell '"$1" <&-' "$fork_pipe"
    expect 0 "$three" ""
}

@test "pipes, fork_pipe: started without standard output, they say so" {
    local program closed
    for program in pipes fork_pipe; do
        for closed in '>&-' '<&- >&-'; do
            in_shell "\"\$1\" $closed" "$bin/pipes/$program"
            expect 1 "" "$program: write standard output: Bad file descriptor"
        done
    done
}

@test "pipes, fork_pipe: a full disk is an error" {
    in_shell '"$1" >/dev/full' "$pipes"
    expect 1 "" "pipes: write standard output: No space left on device"
    in_shell '"$1" >/dev/full' "$fork_pipe"
    expect 1 "" "fork_pipe: write standard output: No space left on device"
}

@test "pipes, fork_pipe, pipeline: no descriptor left for the pipe" {
    local few='exec 3>&- 4>&-; ulimit -n 4; exec'
    in_shell "$few \"\$1\"" "$pipes"
    expect 1 "" "pipes: pipe: Too many open files"
    in_shell "$few \"\$1\"" "$fork_pipe"
    expect 1 "" "fork_pipe: pipe: Too many open files"
    in_shell "$few \"\$1\" true '|' true" "$pipeline"
    expect 1 "" "pipeline: pipe: Too many open files"
}

@test "pipes, fork_pipe: a child that dies is an error, not a number" {
    # Without standard input, only the child calls dup2.
    local dies='strace -f -qq -o trace -e inject=dup2:signal=KILL "$1" <&-'
    traced true
    in_shell "$dies" "$pipes"
    expect 1 "" "pipes: read the pipe: no number"
    in_shell "$dies" "$fork_pipe"
    expect 1 "" "fork_pipe: the child failed"
}

@test "fork_pipe: what is not a number is an error, not an end of file" {
    sed 's/printf("%d\\n", value)/printf("many\\n")/' "$root/pipes/fork_pipe.cpp" >many.cpp
    "${CXX:-c++}" -std=c++20 -o many many.cpp
    run_limited ./many
    expect 1 "" "many: read the pipe: not a number"
}

@test "pipes, fork_pipe: each process closes the end that it does not use" {
    local program input output parent child
    for program in pipes fork_pipe; do
        traced -e trace=pipe2,clone,close "$bin/pipes/$program"
        [[ $(<trace) =~ pipe2\(\[([0-9]+),\ ([0-9]+)\] ]]
        input=${BASH_REMATCH[1]} output=${BASH_REMATCH[2]}
        [[ $(<trace) =~ ([0-9]+)\ +clone\(.*\)\ =\ ([0-9]+) ]]
        parent=${BASH_REMATCH[1]} child=${BASH_REMATCH[2]}
        sed '1,/pipe2/d' trace >after
        grep -q "^$parent *close($output)" after
        grep -q "^$child *close($input)" after
    done
}

@test "pipes: prints the number when it comes, not when the child ends" {
    traced -e inject=exit_group:delay_enter=1000000 "$pipes"
    expect 0 "child sent value = 5000" ""
    local printed ended
    printed=$(grep -n 'write(1, "child sent' trace | cut -d : -f 1)
    ended=$(grep -n '+++ exited' trace | head -n 1 | cut -d : -f 1)
    ((printed < ended))
}

@test "pipes, fork_pipe: the parent waits for its child: no zombie" {
    local program
    for program in pipes fork_pipe; do
        traced -e trace=clone,wait4 "$bin/pipes/$program"
        [[ $(<trace) =~ clone\(.*\)\ =\ ([0-9]+) ]]
        grep "wait4(.* = ${BASH_REMATCH[1]}\$" trace
    done
}

@test "pipeline: one command, two and fifty" {
    run_limited "$pipeline" echo one
    expect 0 one ""
    mkdir directory
    touch directory/{etc,usr}
    run_limited "$pipeline" ls directory '|' grep etc
    expect 0 etc ""
    local commands=(echo through)
    for _ in {2..50}; do commands+=('|' sed 's/$/./'); done
    run_limited "$pipeline" "${commands[@]}"
    expect 0 "through$(printf '.%.0s' {2..50})" ""
}

@test "pipeline: the text's cat file | gzip -c9" {
    seq 10000 >file
    in_shell '"$1" cat file "|" gzip -c9 >file.gz' "$pipeline"
    expect 0 "" ""
    gzip -dc file.gz | cmp - file
}

@test "pipeline: reads its own standard input, more than a pipe holds" {
    seq 100000 >file
    in_shell '"$1" cat "|" sort -n "|" tail -n 1 <file' "$pipeline"
    expect 0 100000 ""
}

@test "pipeline: a | inside a word does not end the command" {
    run_limited "$pipeline" printf '%s/' 'a  b' 'c | d' '||' '' '|' cat
    expect 0 'a  b/c | d/||//' ""
}

@test "pipeline: yes | head ends: SIGPIPE reaches the writer" {
    run_limited "$pipeline" yes '|' head -n 1
    expect 0 y ""
}

@test "pipeline: the exit status is the last command's, as a shell's" {
    run_limited "$pipeline" false '|' true
    expect 0 "" ""
    run_limited "$pipeline" true '|' sh -c 'exit 7'
    expect 7 "" ""
    run_limited "$pipeline" true '|' sh -c 'kill -KILL $$'
    expect 137 "" ""
    run_limited -127 "$pipeline" true '|' ./nothing
    expect 127 "" "pipeline: run ./nothing: No such file or directory"
    run_limited "$pipeline" true '|' "$PWD"
    expect 126 "" "pipeline: run $PWD: Permission denied"
    run_limited "$pipeline" ./nothing '|' cat
    expect 0 "" "pipeline: run ./nothing: No such file or directory"
}

@test "pipeline: waits for every command, not only for the last" {
    mkfifo go
    start it "$pipeline" sh -c 'exec >&-; read -r line <go; echo "$line" >seen' \
        '|' sh -c 'cat; echo last' # which is done at once
    within shows it.out last
    within grep -qs "^[0-9]* (pipeline) S" "/proc/$pid/stat"
    run ! gone "$pid"
    echo late >go
    ends "$pid" 0
    [ "$(<seen)" = late ]
}

@test "pipeline: a command has no descriptors but 0, 1 and 2" {
    local own show='ls /proc/self/fd >fds' command
    # shellcheck disable=SC2016 # for the shell that runs it
    own='for fd in /proc/$$/fd/*; do
            ((${fd##*/} < 3)) || eval "exec ${fd##*/}>&-"
        done; "$1" sh -c "$2" "|" sh -c "$3" "|" sh -c "$4"'
    for command in 2 3 4; do
        local words=("$pipeline" : : :)
        words[command - 1]=$show
        in_shell "$own" "${words[@]}"
        expect 0 "" ""
        [ "$(tr "\n" " " <fds)" = "0 1 2 3 " ] # 3 is the directory that ls reads
    done
}

@test "pipeline: an empty command is a usage error" {
    local usage="pipeline: usage: pipeline COMMAND [ARG...] ['|' COMMAND...]..."
    run_limited "$pipeline"
    expect 2 "" "$usage"
    run_limited "$pipeline" '|' cat
    expect 2 "" "$usage"
    run_limited "$pipeline" cat '|'
    expect 2 "" "$usage"
    run_limited "$pipeline" cat '|' '|' cat
    expect 2 "" "$usage"
}
