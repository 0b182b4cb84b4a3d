#!/usr/bin/env bats
load helpers

b=$bin/fifo
full='write standard output: No space left on device'

waits() { echo "$1: open pipe_file: waiting for a $2; Ctrl-C ends this"; }

# ------------------------------------------------------------ reader, writer

@test "reader, writer: what goes in comes out, byte for byte" {
    head -c 300000 /dev/urandom >data
    mkfifo pipe_file
    start reader "$b/reader" pipe_file
    in_shell '"$1" pipe_file <data' "$b/writer"
    expect 0 "" "$(waits writer reader)"
    ends "$pid" 0
    cmp data reader.out
    [ "$(<reader.err)" = "$(waits reader writer)" ]
    [ -p pipe_file ] # the name outlives both
}

@test "reader, writer: each can take its end of the text's gzip recipe" {
    seq 100000 >file
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
}

@test "reader: end of file comes when the last writer has closed the FIFO" {
    mkfifo pipe_file
    start reader "$b/reader" pipe_file
    exec 8>pipe_file
    echo one >pipe_file
    within shows reader.out one
    echo two >pipe_file
    within shows reader.out two
    run ! gone "$pid"
    exec 8>&-
    ends "$pid" 0
}

@test "writer: a reader that goes away ends it, as it ends cat" {
    mkfifo pipe_file
    start head head -c 1 pipe_file
    in_shell 'yes | "$1" pipe_file' "$b/writer"
    expect 141 "" "$(waits writer reader)"
    ends "$pid" 0
}

@test "reader, writer: what is not a FIFO is refused, and stays as it was" {
    local program
    echo mine >file
    for program in reader writer; do
        in_shell 'echo yours | "$1" file' "$b/$program"
        expect 1 "" "$program: open file: not a FIFO"
        run_limited "$b/$program" .
        expect 1 "" "$program: open .: not a FIFO"
        run_limited "$b/$program" missing
        expect 1 "" "$program: stat missing: No such file or directory"
    done
    [ "$(<file)" = mine ]
}

@test "reader, writer: a full disk, an input that cannot be read" {
    mkfifo pipe_file
    # as many bytes as stdio writes at once, and does not keep for fflush
    start writer sh -c 'exec head -c 4096 /dev/zero >pipe_file'
    in_shell '"$1" pipe_file >/dev/full' "$b/reader"
    expect 1 "" "$(waits reader writer)
reader: $full"
    ends "$pid" 0
    start reader cat pipe_file
    in_shell '"$1" pipe_file <.' "$b/writer"
    expect 1 "" "$(waits writer reader)
writer: read standard input: Is a directory"
    ends "$pid" 0
}

@test "fifo programs: wrong arguments" {
    local arguments
    for arguments in '' 'a b' -h; do
        # shellcheck disable=SC2086 # words
        for program in reader writer server; do
            run_limited "$b/$program" $arguments
            expect 2 "" "$program: usage: $program FIFO"
        done
    done
    for arguments in '' 'a b c' --help; do
        # shellcheck disable=SC2086
        run_limited "$b/client" $arguments
        expect 2 "" "client: usage: client FIFO [MESSAGE]"
    done
    for arguments in '' '-- wc' 'cat file' 'cat --'; do
        # shellcheck disable=SC2086
        run_limited "$b/as_file" $arguments
        expect 2 "" "as_file: usage: as_file PRODUCER [ARG...] -- CONSUMER\
 [ARG...]"
    done
}

# ------------------------------------------------------------------- as_file

no_name_left() { none "/tmp/as_file.$1"; }

@test "as_file: wc reads a file, and gzip writes it" {
    seq 1000 | gzip >file.gz
    run_limited "$b/as_file" gzip -dc file.gz -- wc -l
    [[ $output =~ ^"1000 /tmp/as_file."([0-9]+)$ ]]
    no_name_left "${BASH_REMATCH[1]}"
    succeeded
}

@test "as_file: more than a FIFO holds passes through" {
    run_limited "$b/as_file" seq 100000 -- tail -n 1
    expect 0 100000 ""
}

@test "as_file: a consumer that opens its file again cannot be served" {
    run_limited "$b/as_file" echo once -- sh -c 'cat "$0"; cat "$0"'
    [[ $stderr =~ ^"cat: "/tmp/as_file\.[0-9]+": No such file or directory"$ ]]
    [ "$output" = once ]
    [ "$status" -eq 1 ]
}

@test "as_file: the exit status is the consumer's or else the producer's" {
    run_limited "$b/as_file" sh -c 'exit 3' -- cat
    expect 3 "" ""
    run_limited "$b/as_file" sh -c 'exit 3' -- sh -c 'cat "$0"; exit 4'
    expect 4 "" ""
    run_limited "$b/as_file" sh -c 'kill -KILL $$' -- cat
    expect 137 "" ""
    run_limited "$b/as_file" echo hello -- sh -c 'cat "$0"; kill -KILL $$'
    expect 137 hello ""
    run_limited -127 "$b/as_file" ./nothing -- cat
    expect 127 "" "as_file: run ./nothing: No such file or directory"
    run_limited -127 "$b/as_file" echo -- ./nothing
    expect 127 "" "as_file: run ./nothing: No such file or directory"
    run_limited "$b/as_file" "$PWD" -- cat
    expect 126 "" "as_file: run $PWD: Permission denied"
}

@test "as_file: a consumer that never opens its file does not stop it" {
    local i
    for i in {1..30}; do
        run_limited "$b/as_file" yes -- true
        expect 0 "" ""
    done
}

@test "as_file: a consumer that has read enough ends the producer" {
    run_limited "$b/as_file" yes -- head -n 1
    expect 0 y ""
}

@test "as_file: a producer that dies before the FIFO is open ends the wait" {
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
}

# ------------------------------------------------------------ server, client

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
stop_server() {
    kill -s "${1:-TERM}" "$server"
    ends "$server" 0
    none 'requests*'
}

@test "server, client: the conversation" {
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

@test "server: Ctrl-C ends it, and its FIFO is gone; the next one starts" {
    serve
    stop_server INT
    serve
    asks again
    stop_server TERM
}

@test "server: the next one uses the FIFO of a killed one" {
    serve
    kill -KILL "$server"
    ends "$server" 137
    [ -p requests ]
    run_limited "$b/client" requests
    expect 1 "" "client: open requests: no server reads it"
    serve
    asks again
    stop_server
}

@test "server, client: 50 clients at once" {
    local i pids=()
    serve
    for i in {1..50}; do
        timeout 20 "$b/client" requests "message $i" >"client.$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in {1..50}; do
        wait "${pids[i - 1]}"
        [ "$(<"client.$i")" = "message from server: hello from server" ]
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
    within shows server.err "server: answer requests.$pid: No such device or\
 address"
    rm "requests.$pid"
    asks next
    stop_server
}

@test "server: a client that dies while it is answered stops nobody" {
    # Its FIFO has lost its reader between open and write: SIGPIPE.
    traced true
    start server strace -f -qq -o trace -e trace=write \
        -e inject=write:delay_enter=500000:when=3 "$b/server" requests
    local tracer=$pid
    within shows server.out "listening on requests"
    mkfifo requests.99999
    exec 8<>requests.99999
    local request=$'\x9f\x86\x01' # 99999, as its bytes
    { printf '%s\0hello' "$request" && head -c 247 /dev/zero; } >request
    [ "$(stat -c %s request)" -eq 256 ] || skip "bytes are not as expected"
    cat request >requests
    within shows server.out "message from client: hello"
    exec 8<&-
    asks next
    kill "$(cat "/proc/$tracer/task/$tracer/children")"
    ends "$tracer" 0
    rm requests.99999
}

@test "server: a client that never reads stops nobody" {
    serve
    local fifo
    kill -STOP "$server"
    start client "$b/client" requests deaf
    fifo=requests.$pid
    within test -p "$fifo"
    within sleeps "$pid"
    kill -STOP "$pid"
    exec 8<>"$fifo"
    dd if=/dev/zero of="$fifo" bs=4096 count=1000 oflag=nonblock 2>dd.err || true
    kill -CONT "$server"
    within shows server.err "server: answer $fifo: Resource temporarily\
 unavailable"
    asks next
    kill -KILL "$pid"
    exec 8<&-
    rm "$fifo"
    stop_server
}

@test "server: a few stray bytes are not a request" {
    serve
    echo stray >requests
    asks next
    [ "$(wc -l <server.out)" -eq 2 ]
    stop_server
}

@test "server: what could upset a terminal is replaced" {
    serve
    asks $'red \e[31m bell \a' 'red ?[31m bell ?'
    asks 'grün' # letters of other languages stay
    stop_server
}

@test "client: the longest message; a longer one is refused" {
    serve
    local long
    printf -v long '%0251d' 0
    asks "$long"
    run_limited "$b/client" requests "0$long"
    expect 2 "" "client: message longer than 251 bytes"
    asks next
    stop_server
}

@test "client: without a server there is an error at once" {
    run_limited "$b/client" missing
    expect 1 "" "client: open missing: No such file or directory"
    mkfifo requests
    run_limited "$b/client" requests
    expect 1 "" "client: open requests: no server reads it"
    none 'requests.*'
}

@test "server, client: a file in place of the FIFO is neither read nor written" {
    echo mine >file
    run_limited "$b/client" file
    expect 1 "" "client: open file: not a FIFO"
    run_limited "$b/server" file
    expect 1 "" "server: open file: not a FIFO"
    [ "$(<file)" = mine ]
    run_limited "$b/server" missing/requests
    expect 1 "" "server: mkfifo missing/requests: No such file or directory"
}

@test "client: no answer within 5 s, and its FIFO is gone" {
    mkfifo requests
    exec 8<>requests
    local begin=$EPOCHREALTIME
    run_limited "$b/client" requests
    expect 1 "" "client: requests: no answer within 5 s"
    ((${EPOCHREALTIME/./} - ${begin/./} >= 5000000))
    none 'requests.*'
    exec 8<&-
}

@test "client: a server that leaves without an answer is an error" {
    mkfifo requests
    exec 8<>requests
    start client "$b/client" requests
    within [ -p "requests.$pid" ]
    : >"requests.$pid"
    ends "$pid" 1
    [ "$(<client.err)" = "client: requests: the server has left" ]
    exec 8<&-
}

@test "server, client: a full disk" {
    in_shell '"$1" requests >/dev/full' "$b/server"
    expect 1 "" "server: $full"
    serve
    in_shell '"$1" requests >/dev/full' "$b/client"
    expect 1 "" "client: $full"
    none 'requests.*'
    stop_server
}

# ----------------------------------------------------------------- atomicity

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

@test "atomicity: a full disk" {
    in_shell '"$1" >/dev/full' "$b/atomicity"
    expect 1 "" "atomicity: $full"
}
