#!/usr/bin/env bats
load helpers

b=$bin/fifo
full='write standard output: No space left on device'

waits() { echo "$1: open pipe_file: waiting for a $2; Ctrl-C ends this"; }

@test "fifo programs: wrong arguments get the usage line" {
    refuses() { # refuses USAGE ARGUMENTS...
        local program=${1%% *} arguments
        for arguments in "${@:2}"; do
            # shellcheck disable=SC2086 # words
            run_limited "$b/$program" $arguments
            expect 2 "" "$program: usage: $1"
        done
    }
    refuses "reader FIFO" '' 'a b' -h
    refuses "writer FIFO" '' 'a b' -h
    refuses "server FIFO" '' 'a b' -h
    refuses "client FIFO [MESSAGE]" '' 'a b c' --help
    refuses "as_file PRODUCER [ARG...] -- CONSUMER [ARG...]" '' '-- wc' 'cat file' 'cat --'
}

@test "fifo programs: no FIFO, or no server behind it, is an error at once" {
    local program path reason
    echo mine >file
    mkfifo unread
    while read -r program path reason; do
        in_shell 'echo yours | "$1" "$2"' "$b/$program" "$path"
        expect 1 "" "$program: $reason"
    done <<'END'
reader file            open file: not a FIFO
reader .               open .: not a FIFO
reader missing         stat missing: No such file or directory
writer file            open file: not a FIFO
writer .               open .: not a FIFO
writer missing         stat missing: No such file or directory
server file            open file: not a FIFO
server missing/unread  mkfifo missing/unread: No such file or directory
client file            open file: not a FIFO
client missing         open missing: No such file or directory
client unread          open unread: no server reads it
END
    [ "$(<file)" = mine ]
    none 'unread.*'
}

@test "fifo programs: a full disk is an error" {
    local bytes command
    mkfifo pipe_file
    for bytes in 1 4096; do # stdio keeps one for fflush, and writes 4096 at once
        start writer sh -c 'exec head -c "$0" /dev/zero >pipe_file' $bytes
        in_shell '"$1" pipe_file >/dev/full' "$b/reader"
        expect 1 "" "$(waits reader writer)"$'\n'"reader: $full"
        ends "$pid" 0
    done
    serve
    for command in 'server another' 'client requests' atomicity; do
        in_shell '"$1"/$2 >/dev/full' "$b" "$command"
        expect 1 "" "${command% *}: $full"
    done
    stop_server
}

@test "reader, writer: each can take its end of the text's gzip recipe" {
    head -c 300000 /dev/urandom >file
    mkfifo pipe_file
    start gzip sh -c 'gzip -c9 <pipe_file >file.gz'
    in_shell '"$1" pipe_file <file' "$b/writer"
    expect 0 "" "$(waits writer reader)"
    ends "$pid" 0
    gzip -dc file.gz | cmp - file

    start reader "$b/reader" pipe_file
    timeout 10 cat file >pipe_file
    ends "$pid" 0
    cmp file reader.out
    [ "$(<reader.err)" = "$(waits reader writer)" ]
    [ -p pipe_file ] # the name outlives both
}

@test "writer: a reader that goes away ends it, as it ends cat" {
    mkfifo pipe_file
    start head head -c 1 pipe_file
    in_shell 'yes | "$1" pipe_file' "$b/writer"
    expect 141 "" "$(waits writer reader)"
    ends "$pid" 0
}

no_name_left() { none "/tmp/as_file.$1"; }

@test "as_file: wc reads a file that gzip writes, under the FIFO's name" {
    seq 100000 | gzip >file.gz # more than a FIFO holds
    run_limited "$b/as_file" gzip -dc file.gz -- wc -l
    [[ $output =~ ^"100000 /tmp/as_file."([0-9]+)$ ]]
    no_name_left "${BASH_REMATCH[1]}"
    succeeded
}

@test "as_file: the exit status is the consumer's or else the producer's" {
    gives() { # gives STATUS ERRORS WORD...
        local flag=()
        [[ $1 != 127 ]] || flag=(-127)
        run_limited "${flag[@]}" "$b/as_file" "${@:3}"
        expect "$1" "" "$2"
    }
    gives 3 "" sh -c 'exit 3' -- cat
    gives 4 "" sh -c 'exit 3' -- sh -c 'cat "$0"; exit 4'
    gives 137 "" sh -c 'kill -KILL $$' -- cat
    gives 137 "" true -- sh -c 'cat "$0"; kill -KILL $$'
    gives 127 "as_file: run ./nothing: No such file or directory" ./nothing -- cat
    gives 127 "as_file: run ./nothing: No such file or directory" echo -- ./nothing
    gives 126 "as_file: run $PWD: Permission denied" "$PWD" -- cat
}

@test "as_file: a consumer that has read enough, or opens nothing, ends the producer" {
    run_limited "$b/as_file" yes -- head -n 1
    expect 0 y ""
    local i
    for i in {1..30}; do
        run_limited "$b/as_file" yes -- true
        expect 0 "" ""
    done
}

@test "as_file: a producer that dies before the FIFO is open ends the consumer" {
    mkfifo go
    exec 8<>go
    start it "$b/as_file" yes -- sh -c 'echo ready; read -r line <go; cat "$0"'
    within shows it.out ready
    kill -KILL "$(cut -d ' ' -f 1 "/proc/$pid/task/$pid/children")"
    ends "$pid" 141
    no_name_left "$pid"
    exec 8<&-
}

@test "as_file: the name goes as soon as both ends are open" {
    start it "$b/as_file" sh -c 'echo open; exec sleep 60' -- cat
    within shows it.out open
    no_name_left "$pid"
    pkill -P "$pid"
    ends "$pid" 143
}

@test "as_file: after Ctrl-C no name is left" {
    # Ctrl-C is a SIGINT for the whole process group.
    set -m
    start it "$b/as_file" yes -- sh -c 'echo ready; exec sleep 60'
    set +m
    within shows it.out ready
    kill -INT "-$pid"
    ends "$pid" 130
    no_name_left "$pid"

    traced true
    # shellcheck disable=SC2016 # the inner shell expands them
    in_shell 'echo $$; exec strace -D -f -o calls -e inject=?mknod,mknodat:signal=INT "$1" echo hello -- cat' \
        "$b/as_file" # Ctrl-C comes with the name
    [ "${lines[1]}" = hello ]
    no_name_left "${lines[0]}"
}

serve() { # starts a server; $server is its process
    start server "$b/server" requests
    server=$pid
    within shows server.out "listening on requests"
}
asks() { # asks MESSAGE [SHOWN]: one more client is served as it should be
    run_limited "$b/client" requests "$1"
    expect 0 "message from server: hello from server" ""
    within shows server.out "message from client: ${2-$1}"
}
stop_server() { # stop_server [SIGNAL]
    kill -s "${1:-TERM}" "$server"
    ends "$server" 0
    none 'requests*'
}

@test "server, client: the server shows the message, the client the answer" {
    serve
    run_limited "$b/client" requests
    expect 0 "message from server: hello from server" ""
    [ "$(<server.out)" = "listening on requests
message from client: hello from a client" ]
    asks ""
    [ "$(stat -c %a requests)" = 600 ]
    stop_server
    [ ! -s server.err ]
}

@test "server: after Ctrl-C its FIFO is gone, after kill -9 it is used again" {
    serve
    stop_server INT
    serve
    kill -KILL "$server"
    ends "$server" 137
    [ -p requests ]
    serve
    asks again
    stop_server
}

@test "server, client: 50 clients at once are all answered" {
    local i pids=()
    serve
    for i in {1..50}; do
        start "client$i" "$b/client" requests "message $i"
        pids+=("$pid")
    done
    for i in {1..50}; do
        ends "${pids[i - 1]}" 0
        [ "$(cat "client$i".*)" = "message from server: hello from server" ]
        shows server.out "message from client: message $i"
    done
    [ "$(wc -l <server.out)" -eq 51 ]
    [ "$(find "/proc/$server/fd" -type l | wc -l)" -lt 20 ] # it has closed what it opened
    stop_server
    [ ! -s server.err ]
}

@test "server: a client killed before its answer stops nobody" {
    serve
    kill -STOP "$server"
    start client "$b/client" requests killed
    within sleeps "$pid"
    kill -KILL "$pid"
    ends "$pid" 137
    kill -CONT "$server"
    within shows server.err "server: answer requests.$pid: No such device or address"
    rm "requests.$pid"
    asks next
    stop_server
}

@test "server: a client killed while it is answered stops nobody" {
    traced true
    start server strace -f -qq -o trace -e trace=write \
        -e inject=write:delay_enter=1000000:when=3 "$b/server" requests
    local tracer=$pid
    within shows server.out "listening on requests"
    server=$(pgrep -P "$tracer")
    start client "$b/client" requests killed
    opened() { find "/proc/$server/fd" -lname "*/requests.$pid" | grep .; }
    within opened # and not yet written: SIGPIPE
    kill -KILL "$pid"
    within shows server.err "server: answer requests.$pid: Broken pipe"
    rm "requests.$pid"
    asks next
    kill "$server"
    ends "$tracer" 0
}

@test "server: prints whole requests only, without what could upset a terminal" {
    serve
    echo stray >requests
    asks $'red \e[31m bell \a' 'red ?[31m bell ?'
    asks 'grün' # letters of other languages stay
    local longest
    printf -v longest '%0251d' 0
    asks "$longest"
    [ "$(wc -l <server.out)" -eq 4 ]
    run_limited "$b/client" requests "0$longest"
    expect 2 "" "client: message longer than 251 bytes"
    stop_server
}

@test "client: a server that leaves, or does not answer within 5 s, is an error" {
    mkfifo requests
    exec 8<>requests
    start client "$b/client" requests
    within [ -p "requests.$pid" ]
    : >"requests.$pid"
    ends "$pid" 1
    [ "$(<client.err)" = "client: requests: the server has left" ]

    local begin=$EPOCHREALTIME
    run_limited "$b/client" requests
    expect 1 "" "client: requests: no answer within 5 s"
    ((${EPOCHREALTIME/./} - ${begin/./} >= 5000000))
    none 'requests.*'
    exec 8<&-
}

@test "atomicity: messages of PIPE_BUF are never torn, longer ones are" {
    local place
    for place in '' 'taskset -c 0'; do
        # shellcheck disable=SC2086 # words
        run_limited $place "$b/atomicity"
        [[ ${lines[1]} =~ ' of 4100 bytes: '[1-9][0-9]*' torn'$ ]]
        expect 0 "4 x 1000 messages of 4096 bytes: 0 torn
4 x 1000 messages of 4100 bytes: ${lines[1]##*: }" ""
    done
}
