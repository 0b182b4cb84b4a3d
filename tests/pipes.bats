#!/usr/bin/env bats
load helpers

three=$'child sent value = 5000\nchild sent value = 5001\nchild sent value = 5002'

@test "pipes: the parent prints what the child wrote" {
    run_limited "$bin/pipes/pipes"
    expect 0 "child sent value = 5000" ""
}

@test "pipes, fork_pipe: with standard input closed at the start" {
    in_shell '"$1" <&-' "$bin/pipes/pipes"
    expect 0 "child sent value = 5000" ""
    in_shell '"$1" <&-' "$bin/pipes/fork_pipe"
    expect 0 "$three" ""
}

@test "pipes, fork_pipe: with standard output closed, the result is not written, and that is said" {
    local program closed
    for program in pipes fork_pipe; do
        for closed in '>&-' '<&- >&-'; do
            in_shell "\"\$1\" $closed" "$bin/pipes/$program"
            expect 1 "" "$program: write standard output: Bad file descriptor"
        done
    done
}

@test "pipes, fork_pipe: with input and errors closed, the pipe in their place" {
    in_shell '"$1" <&- 2>&-' "$bin/pipes/pipes"
    expect 0 "child sent value = 5000" ""
    in_shell '"$1" <&- 2>&-' "$bin/pipes/fork_pipe"
    expect 0 "$three" ""
}

@test "pipes, fork_pipe: a full disk" {
    in_shell '"$1" >/dev/full' "$bin/pipes/pipes"
    expect 1 "" "pipes: write standard output: No space left on device"
    in_shell '"$1" >/dev/full' "$bin/pipes/fork_pipe"
    expect 1 "" "fork_pipe: write standard output: No space left on device"
}

@test "pipes, fork_pipe, pipeline: no descriptor left for the pipe" {
    in_shell 'exec 3>&- 4>&-; ulimit -n 4; exec "$1"' "$bin/pipes/pipes"
    expect 1 "" "pipes: pipe: Too many open files"
    in_shell 'exec 3>&- 4>&-; ulimit -n 4; exec "$1"' "$bin/pipes/fork_pipe"
    expect 1 "" "fork_pipe: pipe: Too many open files"
    in_shell 'exec 3>&- 4>&-; ulimit -n 4; exec "$1" true "|" true' "$bin/pipes/pipeline"
    expect 1 "" "pipeline: pipe after true: Too many open files"
}

@test "pipes, fork_pipe: arguments they do not take" {
    run_limited "$bin/pipes/pipes" 1
    expect 2 "" "pipes: usage: pipes"
    run_limited "$bin/pipes/fork_pipe" -x
    expect 2 "" "fork_pipe: usage: fork_pipe [-k]"
    run_limited "$bin/pipes/fork_pipe" -k -k
    expect 2 "" "fork_pipe: usage: fork_pipe [-k]"
}

@test "fork_pipe: the parent reads all values, to end of file" {
    run_limited "$bin/pipes/fork_pipe"
    expect 0 "$three" ""
}

@test "fork_pipe -k: no end of file while the parent holds a write end" {
    run_limited "$bin/pipes/fork_pipe" -k
    expect 0 "$three
no end of file after 2 s: the parent still holds a write end
write end closed: end of file" ""
}

@test "fork_pipe -k, pipeline: the signals they count on, blocked or ignored at the start" {
    run_limited env --block-signal=ALRM "$bin/pipes/fork_pipe" -k
    [ "$status" -eq 0 ]
    [ "${lines[4]}" = "write end closed: end of file" ]
    run_limited env --ignore-signal=CHLD "$bin/pipes/pipeline" echo a '|' sh -c 'cat; exit 7'
    expect 7 a ""
}

@test "fork_pipe -k: standard output closed" {
    in_shell '"$1" -k <&- >&-' "$bin/pipes/fork_pipe"
    expect 1 "" "fork_pipe: standard output: Bad file descriptor"
}

@test "fork_pipe -k: waits for an end of file, does not only say so" {
    start k "$bin/pipes/fork_pipe" -k
    within shows k.out "child sent value = 5002"
    run ! gone "$pid"
    ends "$pid" 0
}

@test "pipeline: one stage, two and fifty" {
    run_limited "$bin/pipes/pipeline" echo one
    expect 0 one ""
    mkdir directory
    touch directory/{etc,usr}
    run_limited "$bin/pipes/pipeline" ls directory '|' grep etc
    expect 0 etc ""
    local stages=(echo through)
    for _ in {2..50}; do stages+=('|' sed 's/$/./'); done
    run_limited "$bin/pipes/pipeline" "${stages[@]}"
    expect 0 "through$(printf '.%.0s' {2..50})" ""
}

@test "pipeline: the text's cat file | gzip -c9" {
    seq 10000 >file
    in_shell '"$1" cat file "|" gzip -c9 >file.gz' "$bin/pipes/pipeline"
    expect 0 "" ""
    gzip -dc file.gz | cmp - file
}

@test "pipeline: reads its own standard input, and more than a pipe holds" {
    seq 100000 >file
    in_shell '"$1" cat "|" sort -n "|" tail -n 1 <file' "$bin/pipes/pipeline"
    expect 0 100000 ""
}

@test "pipeline: spaces and a | inside a word stay in the word" {
    run_limited "$bin/pipes/pipeline" printf '%s/' 'a  b' 'c | d' '||' '' '|' cat
    expect 0 'a  b/c | d/||//' ""
}

@test "pipeline: a first stage without end is ended by SIGPIPE" {
    run_limited "$bin/pipes/pipeline" yes '|' head -n 1
    expect 0 y ""
}

@test "pipeline: exit status of the last stage, as a shell has it" {
    run_limited "$bin/pipes/pipeline" false '|' true
    expect 0 "" ""
    run_limited "$bin/pipes/pipeline" true '|' sh -c 'exit 7'
    expect 7 "" ""
    run_limited "$bin/pipes/pipeline" true '|' sh -c 'kill -KILL $$'
    expect 137 "" ""
    run_limited -127 "$bin/pipes/pipeline" true '|' ./nothing
    expect 127 "" "pipeline: run ./nothing: No such file or directory"
    run_limited "$bin/pipes/pipeline" true '|' "$BATS_TEST_TMPDIR"
    expect 126 "" "pipeline: run $BATS_TEST_TMPDIR: Permission denied"
    run_limited "$bin/pipes/pipeline" ./nothing '|' cat
    expect 0 "" "pipeline: run ./nothing: No such file or directory"
}

@test "pipeline: children that it has inherited do not count" {
    in_shell 'false & exec "$1" sh -c "until [ -e go ]; do :; done" "|" sh -c "touch go; exit 5"' \
        "$bin/pipes/pipeline"
    expect 5 "" ""
}

@test "pipeline: waits for every stage, not only for the last" {
    run_limited "$bin/pipes/pipeline" sh -c 'exec >&-; until [ -e done ]; do :; done; touch seen' \
        '|' touch "done"
    expect 0 "" ""
    [ -e seen ]
}

@test "pipeline: nothing but 0, 1 and 2 reaches a stage" {
    local alone='for fd in /proc/$$/fd/*; do ((${fd##*/} < 3)) || eval "exec ${fd##*/}>&-"; done;' \
        show='ls /proc/self/fd >fds' stage
    for stage in 2 3 4; do
        local words=("$bin/pipes/pipeline" : : :)
        words[stage - 1]=$show
        in_shell "$alone"' "$1" sh -c "$2" "|" sh -c "$3" "|" sh -c "$4"' "${words[@]}"
        expect 0 "" ""
        [ "$(tr '\n' ' ' <fds)" = "0 1 2 3 " ] # 3 is the directory that ls reads
        rm fds
    done
}

@test "pipeline: an empty stage is a mistake in the command" {
    local usage="pipeline: usage: pipeline COMMAND [ARG...] ['|' COMMAND...]..."
    run_limited "$bin/pipes/pipeline"
    expect 2 "" "$usage"
    run_limited "$bin/pipes/pipeline" '|' cat
    expect 2 "" "$usage"
    run_limited "$bin/pipes/pipeline" cat '|'
    expect 2 "" "$usage"
    run_limited "$bin/pipes/pipeline" cat '|' '|' cat
    expect 2 "" "$usage"
}

@test "pipeline: a standard descriptor closed at the start is refused" {
    in_shell '"$1" true <&-' "$bin/pipes/pipeline"
    expect 1 "" "pipeline: standard descriptor 0: Bad file descriptor"
    in_shell '"$1" true >&-' "$bin/pipes/pipeline"
    expect 1 "" "pipeline: standard descriptor 1: Bad file descriptor"
}
