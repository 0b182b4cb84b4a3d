#!/usr/bin/env bats
load helpers

can_trace() {
    ln -s "$bin" build
    strace -o /dev/null true 2>/dev/null || skip "strace is not installed, or may not trace"
    ! grep -q __asan_init "$bin/pipes/pipes" || skip "the sanitizer makes calls of its own"
}

# steady: of a timeline, what is the same in every run, one process after the other: without times and
# counts, without who was first, without what depends on whether one process was faster than the other.
steady() {
    awk '
        /^ +ms / { table = 1 }
        !table { next }
        {
            text = substr($0, 11)
            match(text, /^ */)
            print int(RLENGTH / 22), substr(text, RLENGTH + 1)
        }' | grep -vE ' (write\(stderr|sleeps in|sched_yield|futex|receives SIGCHLD|wait\(|accept)' |
        sed -E 's/wakes up: //; s/queue\.dat\.[A-Za-z0-9]{6}/queue.dat.XXXXXX/; s/ = [0-9].*//; s/"[^"]*".*//' |
        sort -s -n -k 1,1
}

@test "trace: the pages' timelines, in what is the same in every run" {
    can_trace
    local line number=0 shown
    while IFS= read -r line; do
        case $line in
        '```text') in_block=1 && : >shown && : >new ;;
        '```')
            [[ ${in_block:-} ]] || continue
            in_block=
            number=$((number + 1))
            diff -u <(steady <shown) <(steady <new)
            ;;
        '$ '*) [[ ! ${in_block:-} ]] || (
            # shellcheck disable=SC2317 # called by the page's line
            make() { # make trace, here
                shift
                env "$@" timeout -k 2 50 "$root/tests/trace"
            } && eval "${line#'$ '}"
        ) >>new 2>&1 ;;
        *) [[ ! ${in_block:-} ]] || printf '%s\n' "$line" >>shown ;;
        esac
    done < <(cat "$root"/*/README.md)
    [ "$number" -eq 3 ]
}

@test "trace: who sleeps, and who wakes up" {
    can_trace
    mkfifo pipe_file
    RUN="build/fifo/reader pipe_file" WITH="build/fifo/writer pipe_file <<< hello" "$root/tests/trace" >out 2>&1
    # Each row after what it depends on; the reader may wake up before or after the writer has written,
    # and the writer may have to wait for its processor in the midst of its write.
    at() { grep -n "^ *[0-9.]* *$1" out | head -n 1 | cut -d : -f 1; }
    [ "$(at 'sleeps in open(pipe_file, O_RDONLY)')" -lt "$(at 'open(pipe_file, O_WRONLY)')" ]
    [ "$(at 'open(pipe_file, O_WRONLY)')" -lt "$(at 'wakes up: open(pipe_file, O_RDONLY)')" ]
    [ "$(at '\(sleeps in \)*write(pipe_file, "hello\\n")')" -lt "$(at '\(wakes up: \)*read(pipe_file) = 6 "hello\\n"')" ]
}

@test "trace: a program that waits for nobody; how it ended; signals; descriptors by their names" {
    can_trace
    : >in.txt
    RUN="sh -c 'cat; kill -USR1 \$\$' <in.txt >out.txt" run "$root/tests/trace"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"trace: sh -c 'cat; kill -USR1 \$\$' <in.txt >out.txt: status 138"* ]]
    [[ $output == *"fork cat"*"exec cat"*"read(in.txt) = 0"*"wait(cat)"*"kill(sh, SIGUSR1)"*"receives SIGUSR1"*"killed by SIGUSR1"* ]]
    [[ $output != *libc* && $output != *locale* ]]
    RUN="build/pipes/pipeline true '|' true" ROWS=3 run "$root/tests/trace"
    [ "${#lines[@]}" -eq 5 ]
    [[ ${lines[4]} =~ ^' '+'and so on, '[0-9]+' calls more; ROWS=0 shows all'$ ]]
}

@test "trace: a server is ended, also one that ignores SIGTERM; WITH that fails" {
    can_trace
    RUN="build/domain_sock/server s" WITH="build/domain_sock/client other" run timeout -k 2 50 "$root/tests/trace"
    [ "$status" -eq 0 ]
    [[ $output == *"client: connect other: No such file or directory"*"trace: build/domain_sock/client other: status 1"* ]]
    [[ $output == *"connect(socket, other) = ENOENT"*"receives SIGTERM"*"unlink(s)"*"exit 0"* ]]
    RUN="sh -c 'trap \"\" TERM; sleep 1000'" WITH=true run timeout -k 2 50 "$root/tests/trace"
    [[ $output == *"killed by SIGKILL"* ]]
}

@test "trace: no command, no such command, no strace, no room for the table" {
    run "$root/tests/trace"
    [ "$status" -eq 2 ]
    [[ $output == *"make trace RUN=COMMAND [WITH=COMMAND]"* ]]
    mkdir tools
    ln -s "$(command -v bash)" "$(command -v dirname)" tools
    RUN=true run_limited env PATH="$PWD/tools" bash "$root/tests/trace"
    expect 1 "" "trace: no strace(1): on Debian, apt-get install strace"
    can_trace
    RUN=./nothing run "$root/tests/trace"
    [ "$status" -eq 1 ]
    [[ $output == *"trace: ./nothing: status 127" ]]
    RUN=true run bash -c '"$1" >/dev/full' bash "$root/tests/trace"
    [ "$status" -ne 0 ]
}
