#!/usr/bin/env bats
load helpers

waiting() { echo "$1: open $2: waiting for a $3; Ctrl-C ends it"; }

@test "reader, writer: standard input arrives at standard output, byte for byte" {
    head -c 1000000 /dev/urandom >data
    mkfifo pipe_file
    start reader "$bin/fifo/reader" pipe_file
    in_shell '"$1" pipe_file <data' "$bin/fifo/writer"
    expect 0 "" "$(waiting writer pipe_file reader)"
    ends "$pid" 0
    cmp data reader.out
    [ "$(<reader.err)" = "$(waiting reader pipe_file writer)" ]
    [ -p pipe_file ]
}

@test "reader, writer: an empty input is an empty output" {
    mkfifo pipe_file
    start reader "$bin/fifo/reader" pipe_file
    in_shell '"$1" pipe_file </dev/null' "$bin/fifo/writer"
    expect 0 "" "$(waiting writer pipe_file reader)"
    ends "$pid" 0
    [ ! -s reader.out ]
}

@test "writer and reader at either end of the text's gzip recipe" {
    seq 100000 >file
    mkfifo pipe_file
    start gzip sh -c 'gzip -c9 <pipe_file >file.gz'
    in_shell '"$1" pipe_file <file' "$bin/fifo/writer"
    expect 0 "" "$(waiting writer pipe_file reader)"
    ends "$pid" 0
    gzip -dc file.gz | cmp - file

    start reader "$bin/fifo/reader" pipe_file
    timeout 10 cat file >pipe_file
    ends "$pid" 0
    cmp file reader.out
}

@test "reader: takes several writers in turn as one stream while one of them is there" {
    mkfifo pipe_file
    start reader "$bin/fifo/reader" pipe_file
    exec 8>pipe_file
    echo one >pipe_file
    echo two >pipe_file
    exec 8>&-
    ends "$pid" 0
    [ "$(<reader.out)" = $'one\ntwo' ]
}

@test "reader, writer: bad paths" {
    local program
    for program in reader writer; do
        run_limited "$bin/fifo/$program"
        expect 2 "" "$program: usage: $program FIFO"
        run_limited "$bin/fifo/$program" a b
        expect 2 "" "$program: usage: $program FIFO"
        run_limited "$bin/fifo/$program" missing
        expect 1 "" "$program: stat missing: No such file or directory"
        local long
        printf -v long '%0300d' 0
        run_limited "$bin/fifo/$program" "$long"
        expect 1 "" "$program: stat $long: File name too long"
    done
    run_limited "$bin/fifo/reader" .
    expect 1 "" "reader: open .: not a FIFO"
    run_limited "$bin/fifo/writer" .
    expect 1 "" "writer: open .: not a FIFO"
}

@test "writer: an ordinary file is refused and keeps its content" {
    echo mine >file
    in_shell 'echo yours | "$1" file' "$bin/fifo/writer"
    expect 1 "" "writer: open file: not a FIFO"
    [ "$(<file)" = mine ]
}

@test "writer: a reader that goes away" {
    mkfifo pipe_file
    start head head -c 1 pipe_file
    in_shell 'yes | "$1" pipe_file' "$bin/fifo/writer"
    expect 1 "" "$(waiting writer pipe_file reader)
writer: write pipe_file: Broken pipe"
    ends "$pid" 0
}

@test "reader, writer: short reads and writes lose nothing" {
    for name in reader writer; do
        "${CXX:-c++}" -std=c++20 -pthread -include "$root/tests/short_calls.hpp" -o "short_$name" \
            "$root/fifo/$name.cpp"
    done
    seq 2000 >data
    mkfifo pipe_file
    start reader ./short_reader pipe_file
    in_shell './short_writer pipe_file <data'
    expect 0 "" "$(waiting short_writer pipe_file reader)"
    ends "$pid" 0
    cmp data reader.out
}

@test "writer: an input that cannot be read" {
    mkfifo pipe_file
    exec 8<>pipe_file
    in_shell '"$1" pipe_file <&-' "$bin/fifo/writer"
    expect 1 "" "writer: standard descriptor 0: Bad file descriptor"
    in_shell '"$1" pipe_file 2>&- </' "$bin/fifo/writer" # its message must not go into the FIFO
    expect 1 "" ""
    [ -z "$(timeout 0.2 cat <&8)" ]
    in_shell '"$1" pipe_file <.' "$bin/fifo/writer"
    expect 1 "" "$(waiting writer pipe_file reader)
writer: read standard input: Is a directory"
    exec 8>&-
}

@test "reader: a full disk" {
    mkfifo pipe_file
    start writer sh -c 'exec echo hello >pipe_file'
    in_shell '"$1" pipe_file >/dev/full' "$bin/fifo/reader"
    expect 1 "" "$(waiting reader pipe_file writer)
reader: write standard output: No space left on device"
    ends "$pid" 0
}

# ------------------------------------------------------------------------------------- as_file

@test "as_file: gzip writes, wc reads a file" {
    seq 1000 | gzip >file.gz
    run_limited "$bin/fifo/as_file" gzip -dc file.gz -- wc -l '{}'
    [[ $output =~ ^"1000 $TMPDIR/as_file."[0-9]+$ ]]
    expect 0 "$output" $'as_file: wc: exit status 0\nas_file: gzip: exit status 0'
}

@test "as_file: more than a FIFO holds, {} inside a word" {
    run_limited "$bin/fifo/as_file" seq 100000 -- sh -c 'tail -n 1 <{}'
    expect 0 100000 $'as_file: sh: exit status 0\nas_file: seq: exit status 0'
}

@test "as_file: a consumer that seeks gets ESPIPE" {
    run_limited "$bin/fifo/as_file" true -- \
        perl -e 'open F, "<", shift; <F>; seek F, -9, 2 or die "$!\n"' '{}'
    [[ $stderr == *"Illegal seek"* ]]
    [ "$status" -eq 29 ]
}

@test "as_file: exit statuses: the consumer's, or else the producer's" {
    run_limited "$bin/fifo/as_file" sh -c 'exit 3' -- cat '{}'
    expect 3 "" $'as_file: cat: exit status 0\nas_file: sh: exit status 3'
    run_limited "$bin/fifo/as_file" sh -c 'exit 3' -- sh -c 'cat {}; exit 4'
    expect 4 "" $'as_file: sh: exit status 4\nas_file: sh: exit status 3'
    run_limited "$bin/fifo/as_file" sh -c 'kill -KILL $$' -- cat '{}'
    expect 137 "" $'as_file: cat: exit status 0\nas_file: sh: killed by signal 9'
    run_limited "$bin/fifo/as_file" echo hello -- sh -c 'cat {}; kill -KILL $$'
    expect 137 hello $'as_file: sh: killed by signal 9\nas_file: echo: exit status 0'
}

@test "as_file: a command that is not there, or is no program" {
    run_limited -127 "$bin/fifo/as_file" ./nothing -- cat '{}'
    expect 127 "" "as_file: run ./nothing: No such file or directory
as_file: cat: exit status 0
as_file: ./nothing: exit status 127"
    run_limited -127 "$bin/fifo/as_file" echo -- ./nothing '{}'
    expect 127 "" "as_file: run ./nothing: No such file or directory
as_file: echo: not run, the consumer has ended
as_file: ./nothing: exit status 127"
    run_limited "$bin/fifo/as_file" "$PWD" -- cat '{}'
    expect 126 "" "as_file: run $PWD: Permission denied
as_file: cat: exit status 0
as_file: $PWD: exit status 126"
}

@test "as_file: a consumer that never opens the FIFO, 100 times without a hang" {
    for _ in {1..100}; do
        run_limited "$bin/fifo/as_file" yes -- true '{}'
        expect 0 "" $'as_file: yes: not run, the consumer has ended\nas_file: true: exit status 0'
    done
}

@test "as_file: a consumer that stops reading ends the producer by SIGPIPE" {
    run_limited "$bin/fifo/as_file" yes -- sh -c 'exec 9<{}; sed q <&9'
    expect 0 y $'as_file: sh: exit status 0\nas_file: yes: killed by signal 13'
}

@test "as_file: the name is gone while both still run" {
    start it "$bin/fifo/as_file" sh -c 'echo open; exec sleep 60' -- cat '{}'
    within shows it.out open
    [ -z "$(ls "$TMPDIR")" ]
    kill "$pid"
    ends "$pid" 143
    [ "$(<it.err)" = $'as_file: cat: killed by signal 15\nas_file: sh: killed by signal 15' ]
}

@test "as_file: SIGINT or SIGTERM before the FIFO is open ends the consumer and removes the name" {
    for signal in INT TERM HUP QUIT; do
        start it "$bin/fifo/as_file" yes -- sh -c 'echo here; exec sleep 60 # {}'
        within shows it.out here
        kill -s $signal "$pid"
        ends "$pid" $((128 + $(kill -l $signal)))
        [ -z "$(ls "$TMPDIR")" ]
        [ "$(tail -n 1 it.err)" = "as_file: sh: killed by signal $(kill -l $signal)" ]
    done
}

@test "as_file: a consumer killed before it opens the FIFO" {
    start it "$bin/fifo/as_file" yes -- sh -c 'echo $$; exec sleep 60 # {}'
    within test -s it.out
    kill -KILL "$(<it.out)"
    ends "$pid" 137
    [ -z "$(ls "$TMPDIR")" ]
}

@test "as_file: an inherited child does not count; nohup and an empty TMPDIR are honoured" {
    in_shell 'true & exec "$1" echo hello -- sh -c "until [ -e go ]; do touch go; done; cat {}"' \
        "$bin/fifo/as_file"
    expect 0 hello $'as_file: sh: exit status 0\nas_file: echo: exit status 0'
    TMPDIR='' run_limited "$bin/fifo/as_file" echo hello -- sh -c 'echo {}; cat {}'
    [[ ${lines[0]} =~ ^/tmp/as_file\.[0-9]+$ && ${lines[1]} == hello ]]
    start it env --ignore-signal=HUP "$bin/fifo/as_file" \
        sh -c 'echo open; until [ -e end ]; do :; done' -- cat '{}'
    within shows it.out open
    kill -s HUP "$pid"
    touch end
    ends "$pid" 0
}

@test "as_file: mistakes in the command" {
    local usage="as_file: usage: as_file PRODUCER [ARG...] -- CONSUMER [ARG...], with {} in an ARG"
    run_limited "$bin/fifo/as_file"
    expect 2 "" "$usage"
    run_limited "$bin/fifo/as_file" -- cat '{}'
    expect 2 "" "$usage"
    run_limited "$bin/fifo/as_file" echo --
    expect 2 "" "$usage"
    run_limited "$bin/fifo/as_file" echo '{}' -- cat
    expect 2 "" "$usage"
    run_limited env TMPDIR="$PWD/missing" "$bin/fifo/as_file" echo -- cat '{}'
    [[ $stderr =~ ^"as_file: mkfifo $PWD/missing/as_file."[0-9]+": No such file or directory"$ ]]
    [ "$status" -eq 1 ]
}

# ------------------------------------------------------------------------------- server, client

serve() { # starts a server; $server is its pid
    start server "$bin/fifo/server" requests
    server=$pid
    within shows server.out "listening on requests"
}
answered() { # one more client is served as it should be
    asked=$((${asked:-0} + 1))
    run_limited "$bin/fifo/client" requests "still there? $asked"
    expect 0 "message from server: hello from server" ""
    within shows server.out "message from client: still there? $asked"
}
stop_server() {
    kill -s "${1:-TERM}" "$server"
    ends "$server" 0
    run ! compgen -G 'requests*'
}

@test "server, client: the conversation" {
    serve
    run_limited "$bin/fifo/client" requests
    expect 0 "message from server: hello from server" ""
    [ "$(<server.out)" = $'listening on requests\nmessage from client: hello from a client' ]
    [ "$(stat -c %a requests)" = 600 ]
    stop_server
    [ ! -s server.err ]
}

@test "server: SIGINT, SIGTERM, SIGQUIT and SIGHUP end it, and its FIFO is gone" {
    for signal in INT TERM QUIT HUP; do
        serve
        stop_server $signal
    done
}

@test "server, client, as_file: the signals they count on are let in, even if blocked at the start" {
    start server env --block-signal=TERM "$bin/fifo/server" requests
    within shows server.out "listening on requests"
    kill "$pid"
    ends "$pid" 0
    mkfifo requests
    exec 8<>requests
    start client env --block-signal=ALRM "$bin/fifo/client" requests
    ends "$pid" 1
    exec 8>&-
    run_limited env --block-signal=CHLD "$bin/fifo/as_file" yes -- true '{}'
    expect 0 "" $'as_file: yes: not run, the consumer has ended\nas_file: true: exit status 0'
}

@test "server: SIGTERM ends it also in a flood of requests" {
    serve
    mkfifo requests.77777
    exec 8<>requests.77777
    start flood bash -c 'yes "77777 flood" >requests'
    flood=$pid
    within shows server.out "message from client: flood"
    rm requests.77777
    exec 8>&-
    stop_server
    ends "$flood" 141
}

@test "server, client: 50 clients at once, each with its own message and answer" {
    serve
    for i in {1..50}; do
        env --default-signal timeout 20 "$bin/fifo/client" requests "message $i" >"client.$i" 2>&1 3>&- &
        clients[i]=$!
    done
    for i in {1..50}; do
        wait "${clients[i]}"
        [ "$(<"client.$i")" = "message from server: hello from server" ]
        shows server.out "message from client: message $i"
    done
    [ "$(wc -l <server.out)" -eq 51 ]
    stop_server
    [ ! -s server.err ]
}

@test "server: a client that is gone, or has no FIFO, is reported; the next is served" {
    serve
    printf '\n99999999 gone\n' >requests
    within shows server.err "server: answer: open requests.99999999: No such file or directory"
    shows server.out "message from client: gone"
    answered
    stop_server
}

@test "server: a client that never opens its FIFO does not hold it up" {
    serve
    mkfifo requests.77777
    printf '\n77777 silent\n' >requests
    within shows server.err "server: answer: open requests.77777: No such device or address"
    answered
    rm requests.77777
    stop_server
}

@test "server: a client that never reads does not hold it up" {
    serve
    mkfifo requests.77777
    exec 8<>requests.77777
    dd if=/dev/zero of=requests.77777 bs=4096 count=1000 oflag=nonblock 2>/dev/null || true # full
    printf '\n77777 deaf\n' >requests
    within shows server.err "server: answer: write requests.77777: Resource temporarily unavailable"
    exec 8>&-
    answered
    rm requests.77777
    stop_server
}

@test "server: answers into a FIFO only, never into a file or through a link" {
    serve
    echo mine >requests.77777
    printf '\n77777 file\n' >requests
    within shows server.err "server: answer: requests.77777: not a FIFO"
    [ "$(<requests.77777)" = mine ]
    mkfifo elsewhere
    ln -sf elsewhere requests.77777
    printf '\n77777 link\n' >requests
    within shows server.err "server: answer: open requests.77777: Too many levels of symbolic links"
    answered
    rm requests.77777
    stop_server
}

@test "server: a request cut short, garbage and an over-long one harm nobody" {
    serve
    local ignored='server: request ignored: not "PID MESSAGE" of less than 4096 bytes'
    for garbage in 'no pid' '123' '-5 negative' '0 nobody' '12345678901234567890 large' ' 5 x' '5x y'; do
        : >server.err
        printf '%s' "$garbage" >requests # no newline: the next client's request ends it
        answered
        shows server.err "$ignored"
    done
    head -c 300000 /dev/zero >requests
    answered
    head -c 300000 /dev/urandom >requests
    answered
    [ "$(sort -u server.err | grep -vc 'ignored: not\|answer: open')" -eq 0 ]
    stop_server
}

@test "server: what a client sends is shown with its control characters visible" {
    serve
    run_limited "$bin/fifo/client" requests $'red \e[31m bell \a tab \t \377'
    expect 0 "message from server: hello from server" ""
    shows server.out 'message from client: red \x1b[31m bell \x07 tab \x09 \xff'
    stop_server
}

@test "server: a client killed between request and answer" {
    serve
    kill -STOP "$server"
    start client "$bin/fifo/client" requests killed
    within sleeps "$pid"
    kill -KILL "$pid"
    ends "$pid" 137
    kill -CONT "$server"
    within shows server.err "server: answer: open requests.$pid: No such device or address"
    rm "requests.$pid" # SIGKILL leaves it no way to do so itself
    answered
    stop_server
}

@test "server: a second one on the same FIFO is told so, and the first goes on" {
    serve
    run_limited "$bin/fifo/server" requests
    expect 1 "" "server: lock requests: another server reads it"
    answered
    stop_server
}

@test "server: a FIFO that a killed server has left is used again, and left" {
    serve
    kill -KILL "$server"
    ends "$server" 137
    [ -p requests ]
    serve
    answered
    kill "$server"
    ends "$server" 0
    [ -p requests ]
}

@test "server: a name that somebody else has put in the FIFO's place is not removed" {
    serve
    rm requests
    echo mine >requests
    kill "$server"
    ends "$server" 0
    [ "$(<requests)" = mine ]
    rm requests
    serve
    mv requests moved
    ln -s moved requests
    kill "$server"
    ends "$server" 0
    [ -L requests ]
}

@test "server: of two that start at once on a new name one serves, and its FIFO stays" {
    for _ in {1..20}; do
        start one "$bin/fifo/server" requests
        local first=$pid
        start two "$bin/fifo/server" requests
        within eval '[[ -s one.err || -s two.err ]]'
        within eval '[[ -s one.out || -s two.out ]]'
        run_limited "$bin/fifo/client" requests
        expect 0 "message from server: hello from server" ""
        kill "$first" "$pid" 2>/dev/null || true
        within gone "$first"
        within gone "$pid"
        rm -f requests
    done
}

@test "server: ends also when nobody reads its output" {
    mkfifo output
    exec 8<>output
    start server bash -c 'exec "$1" requests >output' bash "$bin/fifo/server"
    server=$pid
    within test -p requests
    printf -v long '%04000d' 0
    for _ in {1..40}; do printf '\n99999999 %s\n' "$long"; done >requests 3>&- &
    full() { ! dd if=/dev/zero of=output bs=4096 count=1 oflag=nonblock conv=notrunc 2>/dev/null; }
    within full
    within sleeps "$server"
    stop_server
    exec 8>&-
    wait $! || true
}

@test "server, client: a standard descriptor closed at the start is refused" {
    in_shell '"$1" requests >&-' "$bin/fifo/server"
    expect 1 "" "server: standard descriptor 1: Bad file descriptor"
    in_shell '"$1" requests <&- >&-' "$bin/fifo/server"
    expect 1 "" "server: standard descriptor 0: Bad file descriptor"
    serve
    in_shell '"$1" requests >&-' "$bin/fifo/client"
    expect 1 "" "client: standard descriptor 1: Bad file descriptor"
    answered
    stop_server
    [ ! -s server.err ]
}

@test "server: bad paths" {
    run_limited "$bin/fifo/server"
    expect 2 "" "server: usage: server FIFO"
    run_limited "$bin/fifo/server" a b
    expect 2 "" "server: usage: server FIFO"
    echo mine >file
    run_limited "$bin/fifo/server" file
    expect 1 "" "server: open file: not a FIFO"
    [ "$(<file)" = mine ]
    run_limited "$bin/fifo/server" .
    expect 1 "" "server: open .: not a FIFO"
    run_limited "$bin/fifo/server" missing/requests
    expect 1 "" "server: mkfifo missing/requests: No such file or directory"
    local long
    printf -v long '%0300d' 0
    run_limited "$bin/fifo/server" "$long"
    expect 1 "" "server: mkfifo $long: File name too long"
}

@test "server: a full disk ends it, and its FIFO is gone" {
    in_shell '"$1" requests >/dev/full' "$bin/fifo/server"
    expect 1 "" "server: write standard output: No space left on device"
    [ ! -e requests ]
}

@test "client: no server, a file, a directory, a path too long" {
    run_limited "$bin/fifo/client"
    expect 2 "" "client: usage: client FIFO [MESSAGE]"
    run_limited "$bin/fifo/client" a b c
    expect 2 "" "client: usage: client FIFO [MESSAGE]"
    run_limited "$bin/fifo/client" missing
    expect 1 "" "client: open missing: No such file or directory"
    mkfifo requests
    run_limited "$bin/fifo/client" requests
    expect 1 "" "client: open requests: no server reads it"
    echo mine >file
    run_limited "$bin/fifo/client" file
    expect 1 "" "client: open file: not a FIFO"
    [ "$(<file)" = mine ]
    run_limited "$bin/fifo/client" .
    expect 1 "" "client: open .: Is a directory"
}

@test "client: a message that would not be one line in one write" {
    serve
    run_limited "$bin/fifo/client" requests $'two\nlines'
    expect 2 "" "client: message: holds a newline"
    printf -v long '%04100d' 0
    run_limited "$bin/fifo/client" requests "$long"
    [[ $stderr == "client: message: makes a request of 41"*" bytes, and at most 4096 are written as one" ]]
    [ "$status" -eq 2 ]
    answered
    stop_server
}

@test "client: an empty message, and the longest" {
    serve
    run_limited "$bin/fifo/client" requests ""
    expect 0 "message from server: hello from server" ""
    shows server.out "message from client: "
    start client "$bin/fifo/client" requests x # the length of a pid, for the longest message
    ends "$pid" 0
    printf -v long '%0*d' $((4096 - 3 - 7)) 0
    run_limited "$bin/fifo/client" requests "$long"
    expect 0 "message from server: hello from server" ""
    shows server.out "message from client: $long"
    stop_server
}

@test "client: a server that does not answer: 5 s, and nothing left behind" {
    mkfifo requests
    exec 8<>requests
    start client "$bin/fifo/client" requests
    ends "$pid" 1
    exec 8>&-
    [ "$(<client.err)" = "client: no answer within 5 s" ]
    [ "$(echo requests*)" = requests ]
}

@test "client: SIGINT, SIGTERM, SIGQUIT or SIGHUP while it waits: nothing left behind" {
    mkfifo requests
    exec 8<>requests
    ulimit -c 0
    for signal in INT TERM QUIT HUP; do
        start client "$bin/fifo/client" requests
        within test -p "requests.$pid"
        kill -s $signal "$pid"
        ends "$pid" $((128 + $(kill -l $signal)))
        [ "$(echo requests*)" = requests ]
    done
    exec 8>&-
}

@test "client: a name that somebody else has put in its FIFO's place is not removed; nohup is honoured" {
    mkfifo requests
    exec 8<>requests
    start client nohup "$bin/fifo/client" requests
    within test -p "requests.$pid"
    kill -HUP "$pid"
    kill -TERM "$pid"
    ends "$pid" 143
    start client "$bin/fifo/client" requests
    within test -p "requests.$pid"
    within sleeps "$pid" # it has seen which file that is
    rm "requests.$pid"
    echo precious >"requests.$pid"
    kill "$pid"
    ends "$pid" 143
    exec 8>&-
    [ "$(cat requests.*)" = precious ]
}

@test "client: an answer's control characters are shown, not sent" {
    mkfifo requests
    exec 8<>requests
    start client "$bin/fifo/client" requests
    read -r _ <&8
    read -r request <&8
    [ "$request" = "$pid hello from a client" ]
    printf '\e[31mred\a\n' >"requests.$pid"
    ends "$pid" 0
    shows client.out 'message from server: \x1b[31mred\x07'
    exec 8>&-
}

@test "server, client: a limit on the size of files is an error of the write, and no FIFO is left" {
    in_shell 'ulimit -f 1; head -c 1024 /dev/zero >>out; exec "$1" requests >>out' "$bin/fifo/server"
    expect 1 "" "server: write standard output: File too large"
    serve
    in_shell 'ulimit -f 1; exec "$1" requests >>out' "$bin/fifo/client"
    expect 1 "" "client: write standard output: File too large"
    stop_server
    none 'requests*'
}

@test "client: an answer that has come is not lost to the time limit" {
    serve
    mkfifo output
    exec 8<>output
    dd if=/dev/zero of=output bs=4096 count=1000 oflag=nonblock conv=notrunc 2>/dev/null || true
    start client bash -c 'exec "$1" requests >output' bash "$bin/fifo/client"
    within shows server.out "message from client: hello from a client"
    within eval '! [ -e "requests.$pid" ]' # it has the answer and is writing
    cat <&8 >copy 3>&- &
    local cat=$!
    ends "$pid" 0
    within grep -qs 'message from server: hello from server' copy
    kill "$cat"
    wait "$cat" || true
    exec 8>&-
    stop_server
}

@test "client: a full disk" {
    serve
    in_shell '"$1" requests >/dev/full' "$bin/fifo/client"
    expect 1 "" "client: write standard output: No space left on device"
    stop_server
}

# ---------------------------------------------------------------------------------- atomicity

@test "atomicity: messages of PIPE_BUF are never torn, longer ones are" {
    run_limited "$bin/fifo/atomicity"
    [[ ${lines[0]} =~ ^'4 x 1000 messages of 4100 bytes: '[1-9][0-9]*' torn'$ ]]
    expect 0 "${lines[0]}
4 x 1000 messages of 4096 bytes: 0 torn" ""
}

@test "atomicity: many writers; one writer tears nothing" {
    run_limited "$bin/fifo/atomicity" 40 200
    [[ ${lines[0]} =~ ^'40 x 200 messages of 4100 bytes: '[1-9][0-9]*' torn'$ ]]
    expect 0 "${lines[0]}
40 x 200 messages of 4096 bytes: 0 torn" ""
    run_limited "$bin/fifo/atomicity" 1 2000
    expect 0 "1 x 2000 messages of 4100 bytes: 0 torn
1 x 2000 messages of 4096 bytes: 0 torn" ""
}

@test "atomicity: bad numbers" {
    for bad in 0 -1 x 4x '' 101 99999999999999999999; do
        run_limited "$bin/fifo/atomicity" "$bad"
        expect 2 "" "atomicity: $bad: not a number from 1 to 100"
    done
    run_limited "$bin/fifo/atomicity" 1 1000001
    expect 2 "" "atomicity: 1000001: not a number from 1 to 1000000"
    run_limited "$bin/fifo/atomicity" 1 1 1
    expect 2 "" "atomicity: usage: atomicity [WRITERS [MESSAGES]]"
    in_shell '"$1" >/dev/full' "$bin/fifo/atomicity"
    expect 1 "" "atomicity: write standard output: No space left on device"
}
