#!/usr/bin/env bats
load helpers

b=$bin/pipes
number='child sent value = 5000'
numbers=$number'
child sent value = 5001
child sent value = 5002'

@test "pipes, fork_pipe: the parent prints what its child wrote, with or without standard input" {
    local input
    for input in '' '<&-'; do
        in_shell "\"\$1\" $input" "$b/pipes"
        expect 0 "$number" ""
        in_shell "\"\$1\" $input" "$b/fork_pipe"
        expect 0 "$numbers" ""
    done
}

@test "fork_pipe -k: the parent waits for its own write end, until the alarm" {
    local start=$EPOCHREALTIME
    run_limited "$b/fork_pipe" -k
    expect 142 "$numbers" "fork_pipe: the parent keeps its write end: no end of\
 file will come; an alarm ends this in 2 s"
    ((${EPOCHREALTIME/./} - ${start/./} > 1900000))
}

@test "pipes, fork_pipe: without standard output or on a full disk, they say so" {
    local program closed
    for program in pipes fork_pipe; do
        for closed in '>&-' '<&- >&-'; do
            in_shell "\"\$1\" $closed" "$b/$program"
            expect 1 "" "$program: write standard output: Bad file descriptor"
        done
        in_shell '"$1" >/dev/full' "$b/$program"
        expect 1 "" "$program: write standard output: No space left on device"
    done
}

@test "pipes, fork_pipe, pipeline: no descriptor left for the pipe is an error" {
    local command
    for command in pipes fork_pipe "pipeline true '|' true"; do
        in_shell "exec 3>&- 4>&-; ulimit -n 4; exec \"\$1\"/$command" "$b"
        expect 1 "" "${command%% *}: pipe: Too many open files"
    done
}

@test "pipes, fork_pipe: a child that dies, or sends no number, is an error" {
    # Without standard input, only the child calls dup2.
    local dies='strace -f -qq -o trace -e inject=dup2:signal=KILL "$1" <&-'
    traced true
    in_shell "$dies" "$b/pipes"
    expect 1 "" "pipes: read the pipe: no number"
    in_shell "$dies" "$b/fork_pipe"
    expect 1 "" "fork_pipe: the child failed"
    sed 's/printf("%d\\n", value)/printf("many\\n")/' "$root/pipes/fork_pipe.cpp" >many.cpp
    "${CXX:-c++}" -std=c++20 -o many many.cpp
    run_limited ./many
    expect 1 "" "many: read the pipe: not a number"
}

@test "pipes, fork_pipe: each process closes its unused end, and the parent waits for the child" {
    local program pattern='\[([0-9]+), ([0-9]+)\].*
([0-9]+) .* = ([0-9]+)$'
    for program in pipes fork_pipe; do
        traced -e trace=pipe2,clone,close,wait4 "$b/$program"
        [[ $(grep -E 'pipe2|clone' trace) =~ $pattern ]]
        local read_end=${BASH_REMATCH[1]} write_end=${BASH_REMATCH[2]}
        local parent=${BASH_REMATCH[3]} child=${BASH_REMATCH[4]}
        grep "^$parent *close($write_end)" trace
        grep "^$child *close($read_end)" trace
        grep "^$parent *wait4(.* = $child\$" trace
    done
}

@test "pipes: prints the number when it comes, not when the child ends" {
    traced -e inject=exit_group:delay_enter=1000000 "$b/pipes"
    expect 0 "$number" ""
    sed '/+++ exited/q' trace | grep 'write(1, "child sent'
}

@test "pipeline: joins one command, two or fifty" {
    run_limited "$b/pipeline" echo one
    expect 0 one ""
    run_limited "$b/pipeline" printf '%s/' 'a  b' 'c | d' '||' '' '|' cat # a | inside a word is text
    expect 0 'a  b/c | d/||//' ""
    local commands=(echo through)
    for _ in {2..50}; do commands+=('|' sed 's/$/./'); done
    run_limited "$b/pipeline" "${commands[@]}"
    expect 0 "through$(printf '.%.0s' {2..50})" ""
}

@test "pipeline: the first command reads its standard input, the last writes its output" {
    seq 100000 >file # more than a pipe holds
    in_shell '"$1" cat "|" gzip -c9 <file >file.gz' "$b/pipeline"
    expect 0 "" ""
    gzip -dc file.gz | cmp - file
}

@test "pipeline: yes | head ends: SIGPIPE reaches the writer" {
    run_limited "$b/pipeline" yes '|' head -n 1
    expect 0 y ""
}

@test "pipeline: the exit status is the last command's, as a shell's" {
    run_limited "$b/pipeline" false '|' true
    expect 0 "" ""
    run_limited "$b/pipeline" true '|' sh -c 'exit 7'
    expect 7 "" ""
    run_limited "$b/pipeline" true '|' sh -c 'kill -KILL $$'
    expect 137 "" ""
    run_limited -127 "$b/pipeline" true '|' ./nothing
    expect 127 "" "pipeline: run ./nothing: No such file or directory"
    run_limited "$b/pipeline" true '|' "$PWD"
    expect 126 "" "pipeline: run $PWD: Permission denied"
    run_limited "$b/pipeline" ./nothing '|' cat
    expect 0 "" "pipeline: run ./nothing: No such file or directory"
}

@test "pipeline: waits for every command, not only for the last" {
    mkfifo go
    start it "$b/pipeline" sh -c 'exec >&-; read -r line <go; echo "$line" >seen' \
        '|' sh -c 'cat; echo last' # which is done at once
    within shows it.out last
    within grep -qs "^[0-9]* (pipeline) S" "/proc/$pid/stat"
    run ! gone "$pid"
    echo late >go
    ends "$pid" 0
    [ "$(<seen)" = late ]
}

@test "pipeline: no descriptor leaks into a command" {
    local show='ls /proc/self/fd >fds' i
    run_limited sh -c "$show.0"
    run_limited "$b/pipeline" sh -c "$show.1" '|' sh -c "$show.2" '|' sh -c "$show.3"
    expect 0 "" ""
    for i in 1 2 3; do diff fds.0 "fds.$i"; done
}

@test "fork_pipe, pipeline: a wrong option, an empty command: the usage line" {
    run_limited "$b/fork_pipe" -x
    expect 2 "" "fork_pipe: usage: fork_pipe [-k]"
    local words
    for words in '' '| cat' 'cat |' 'cat | | cat'; do
        # shellcheck disable=SC2086 # words
        run_limited "$b/pipeline" $words
        expect 2 "" "pipeline: usage: pipeline COMMAND [ARG...] ['|' COMMAND...]..."
    done
}
