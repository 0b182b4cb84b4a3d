#!/usr/bin/env bats
load helpers

b=$bin/mmap_locks
enqueued=$(printf 'enqueued %d\n' {0..99})
written='message queue written; press Enter to remove it'
dequeued=$(for i in {0..99}; do echo "$((i + 1)): $i"; done)

@test "producer, consumer: a hundred messages, first in, first out" {
    mkfifo keys
    start producer "$b/producer" <>keys
    local producer=$pid
    within shows producer.out "enqueued 4" # full; a stack would now give 4 first
    run_limited "$b/consumer"
    expect 0 "$dequeued" ""
    within shows producer.out "$written"
    [ "$(stat -c %a queue.dat)" = 600 ]
    echo >keys
    ends "$producer" 0
    [ "$(cat producer.out)" = "$enqueued"$'\n'"$written" ]
    [ ! -e queue.dat ]
    none 'queue.dat*'
}

@test "producer: says that it waits for a consumer, once" {
    start producer "$b/producer" <<<''
    within shows producer.err "producer: queue.dat is full: waiting for a consumer; Ctrl-C ends it"
    [ "$(tail -n 1 producer.out)" = "enqueued 4" ]
    "$b/consumer" >/dev/null
    ends "$pid" 0
    [ "$(cat producer.err)" = "producer: queue.dat is full: waiting for a consumer; Ctrl-C ends it" ]
}

@test "consumer: its COUNT, and the rest for the next one" {
    start producer "$b/producer" queue <<<''
    within shows producer.out "enqueued 4"
    run_limited "$b/consumer" queue 30
    expect 0 "$(head -n 30 <<<"$dequeued")" ""
    run_limited "$b/consumer" queue
    expect 0 "$(for i in {30..99}; do echo "$((i - 29)): $i"; done)" ""
    ends "$pid" 0
}

@test "consumer: what is no queue is named" {
    run_limited "$b/consumer"
    expect 1 "" "consumer: open queue.dat: no such file: start a producer first"
    printf 'Hello World\0' >text
    run_limited "$b/consumer" text
    expect 1 "" "consumer: text: not a queue"
    : >empty
    run_limited "$b/consumer" empty
    expect 1 "" "consumer: empty: not a queue"
    run_limited "$b/consumer" tmp
    expect 1 "" "consumer: open tmp: Is a directory"
    mkfifo fifo
    run_limited "$b/consumer" fifo
    expect 1 "" "consumer: fifo: not a queue"
    # The right size, and another mark or another version.
    start producer "$b/producer" queue </dev/null
    within shows producer.out "enqueued 4"
    cp queue other
    "$b/consumer" queue >/dev/null
    ends "$pid" 0
    run_limited "$b/consumer" other 1
    expect 0 "1: 0" ""
    printf 'IPC queue, 2' | dd of=other conv=notrunc status=none
    run_limited "$b/consumer" other
    expect 1 "" "consumer: other: not a queue"
    head -c "$(stat -c %s other)" /dev/zero >zeros
    run_limited "$b/consumer" zeros
    expect 1 "" "consumer: zeros: not a queue"
}

@test "producer: a file that is not a queue is left as it is" {
    local file
    echo precious >text
    : >empty
    mkfifo fifo
    ln -s text link
    for file in text empty fifo; do
        run_limited "$b/producer" "$file" </dev/null
        expect 1 "" "producer: $file: is there and is not a queue: left alone"
    done
    run_limited "$b/producer" tmp </dev/null
    expect 1 "" "producer: open tmp: Is a directory"
    run_limited "$b/producer" link </dev/null
    expect 1 "" "producer: open link: Too many levels of symbolic links"
    run_limited "$b/producer" absent/queue </dev/null
    expect 1 "" "producer: create absent/queue.XXXXXX: No such file or directory"
    [ "$(cat text)" = precious ]
    [ -e empty ]
    [ -p fifo ]
    [ -L link ]
    none '*.??????'
}

@test "four producers and four consumers on one queue: nothing lost, doubled or out of its order" {
    local i pids=()
    mkfifo keys
    exec 5<>keys
    for i in 1 2 3 4; do
        start "producer$i" "$b/producer" queue <&5
        pids+=("$pid")
    done
    within test -e queue
    for i in 1 2 3 4; do
        start "consumer$i" "$b/consumer" queue
        pids+=("$pid")
    done
    for i in 4 5 6 7; do ends "${pids[i]}" 0; done
    for i in 1 2 3 4; do
        within shows "producer$i.out" "$written"
        # As each has numbered what it got. With four streams of 0 to 99 mixed, no number can come
        # more than four times, and the n-th 7, say, not before the n-th 6.
        [ "$(cut -d : -f 1 "consumer$i.out")" = "$(seq "$(wc -l <"consumer$i.out")")" ]
    done
    cat consumer?.out | cut -d ' ' -f 2 | sort -n | uniq -c | awk '{ n++; bad += $1 != 4 || $2 != n - 1 } END { exit bad || n != 100 }'
    printf '\n\n\n\n' >&5
    exec 5>&-
    # One Enter may be read by one producer together with the others': end of file ends the rest.
    for i in 0 1 2 3; do kill "${pids[i]}" 2>/dev/null || true; done
    for i in 0 1 2 3; do within gone "${pids[i]}"; done
    [ ! -e queue ]
}

@test "two producers, one consumer: the order of each producer is kept" {
    start one "$b/producer" queue </dev/null
    local one=$pid
    start two "$b/producer" queue </dev/null
    local two=$pid
    within shows one.err "producer: queue is full: waiting for a consumer; Ctrl-C ends it"
    run_limited "$b/consumer" queue
    [ "$status" -eq 0 ]
    ends "$one" 0
    ends "$two" 0
    # Two increasing sequences: the numbers of any one can be given greedily to two rows.
    cut -d ' ' -f 2 <<<"$output" | awk 'BEGIN { a = b = -1 }
        { if ($1 == a + 1) a = $1; else if ($1 == b + 1) b = $1; else exit 1; n++ }
        END { exit n != 200 || a != 99 || b != 99 }'
    [ ! -e queue ]
}

@test "a producer that is started again joins: no consumer is left waiting" {
    mkfifo keys
    start consumer "$b/consumer" absent
    ends "$pid" 1
    local i consumer
    start first "$b/producer" queue <>keys
    local first=$pid
    within shows first.out "enqueued 4"
    start consumer "$b/consumer" queue
    consumer=$pid
    within shows first.out "$written"
    ends "$consumer" 0
    # The queue has come to its end, its file is still there: another producer opens it again.
    start second "$b/producer" queue </dev/null
    within shows second.out "enqueued 4"
    run_limited "$b/consumer" queue
    expect 0 "$dequeued" ""
    ends "$pid" 0
    [ -e queue ] # the first one still has it
    echo >keys
    ends "$first" 0
    [ ! -e queue ]
}

@test "a producer that is killed: the consumers get what is there, and an error" {
    start producer "$b/producer" queue
    within shows producer.out "enqueued 4"
    kill -KILL "$pid"
    ends "$pid" 137
    run_limited "$b/consumer" queue
    expect 1 "$(head -n 5 <<<"$dequeued")" "consumer: queue: the producer has died before it was done"
    # The next producer goes on with its queue.
    start producer "$b/producer" queue </dev/null
    within shows producer.out "enqueued 4"
    run_limited "$b/consumer" queue
    expect 0 "$dequeued" ""
    ends "$pid" 0
    [ ! -e queue ]
}

@test "consumer: says that it waits for a producer, once" {
    start producer "$b/producer" queue <<<''
    local producer=$pid
    within shows producer.out "enqueued 4"
    kill -STOP "$producer"
    start consumer "$b/consumer" queue
    within shows consumer.err "consumer: queue is empty: waiting for a producer; Ctrl-C ends it"
    [ "$(tail -n 1 consumer.out)" = "5: 4" ]
    kill -CONT "$producer"
    ends "$pid" 0
    ends "$producer" 0
    [ "$(cat consumer.out)" = "$dequeued" ]
    [ "$(wc -l <consumer.err)" -eq 1 ]
}

@test "a live producer, a killed one: no false alarm while one is left" {
    start killed "$b/producer" queue
    local killed=$pid
    within shows killed.out "enqueued 4"
    start live "$b/producer" queue </dev/null
    local live=$pid
    within shows live.err "producer: queue is full: waiting for a consumer; Ctrl-C ends it"
    kill -KILL "$killed"
    ends "$killed" 137
    run_limited "$b/consumer" queue
    expect 0 "$output" ""
    [ "$(wc -l <<<"$output")" -eq 105 ]
    ends "$live" 0
}

@test "producer, consumer: end by each signal; the queue is in order, the last one removes it" {
    local signal
    mkfifo keys
    for signal in HUP INT QUIT TERM; do
        start producer "$b/producer" queue <>keys
        local producer=$pid
        within shows producer.err "producer: queue is full: waiting for a consumer; Ctrl-C ends it"
        kill "-$signal" "$producer"
        ends "$producer" $((128 + $(kill -l $signal)))
        [ ! -e queue ]

        start producer "$b/producer" queue <>keys
        producer=$pid
        within shows producer.out "enqueued 4"
        run_limited "$b/consumer" queue 100
        start consumer "$b/consumer" queue
        ends "$pid" 0
        within shows producer.out "$written"
        kill "-$signal" "$producer"
        ends "$producer" $((128 + $(kill -l $signal)))
        [ ! -e queue ]
    done
    start producer "$b/producer" queue <>keys
    producer=$pid
    within shows producer.out "enqueued 4"
    kill -STOP "$producer"
    start consumer env --block-signal=TERM "$b/consumer" queue
    within sleeps "$pid"
    kill "$pid"
    ends "$pid" 143
    for signal in HUP INT QUIT TERM; do
        start consumer "$b/consumer" queue
        within sleeps "$pid"
        kill "-$signal" "$pid"
        ends "$pid" $((128 + $(kill -l $signal)))
    done
    kill -CONT "$producer"
    run_limited "$b/consumer" queue
    [ "$status" -eq 0 ]
    kill "$producer"
    ends "$producer" 143
}

@test "consumers that are killed again and again do not stop the rest" {
    # LeakSanitizer, in a build with AddressSanitizer, takes its time and no signals.
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
    mkfifo keys
    start producer "$b/producer" queue <>keys
    local producer=$pid i
    within shows producer.out "enqueued 4"
    for i in {1..40}; do
        start consumer timeout -s INT 0.00$((i % 7 + 1)) "$b/consumer" queue 2
        within gone "$pid"
    done
    run_limited "$b/consumer" queue
    echo "$output" | tail -n 3
    expect 0 "$output" ""
    within shows producer.out "$written"
    kill "$producer"
    ends "$producer" 143
}

@test "a lock left held by a killed process is reported" {
    # A copy of the queue whose lock is taken: the first semaphore, after the mark of 16 bytes.
    start producer "$b/producer" queue </dev/null
    within shows producer.out "enqueued 4"
    cp queue stuck
    "$b/consumer" queue >/dev/null
    ends "$pid" 0
    printf '\0' | dd of=stuck bs=1 seek=16 conv=notrunc status=none
    start consumer "$b/consumer" stuck
    local consumer=$pid
    run_limited "$b/producer" stuck </dev/null
    expect 1 "" "producer: add a producer to stuck: its lock is held by a process that was killed or stopped"
    ends "$consumer" 1
    [ "$(cat consumer.err)" = "consumer: dequeue from stuck: its lock is held by a process that was killed or stopped" ]
    # Nobody can use it any more, and nobody does: it has made room for a new one.
    [ ! -e stuck ]
}

# processor_time PID: in ticks
processor_time() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

@test "a consumer that waits uses no processor time" {
    mkfifo keys
    start producer "$b/producer" queue <>keys
    local producer=$pid
    within shows producer.out "enqueued 4"
    kill -STOP "$producer"
    start consumer "$b/consumer" queue
    local consumer=$pid before
    within shows consumer.out "5: 4"
    before=$(processor_time "$consumer")
    # It says so when it has waited in vain for a second, and has looked for a producer.
    within shows consumer.err "consumer: queue is empty: waiting for a producer; Ctrl-C ends it"
    [ "$(($(processor_time "$consumer") - before))" -le 1 ]
    kill -KILL "$producer" "$consumer"
    within gone "$producer"
    within gone "$consumer"
}

@test "mmap_locks programs: a full disk, closed descriptors, wrong arguments" {
    run_limited "$b/producer" a b
    expect 2 "" "producer: usage: producer [FILE]"
    run_limited "$b/consumer" a 1 2
    expect 2 "" "consumer: usage: consumer [FILE [COUNT]]"
    run_limited "$b/robust_mutex" 1
    expect 2 "" "robust_mutex: usage: robust_mutex"
    local bad closed
    for bad in 0 -1 x 1x ''; do
        run_limited "$b/consumer" queue "$bad"
        expect 2 "" "consumer: $bad: not a number from 1 on"
    done
    in_shell '"$1" queue >/dev/full' "$b/producer"
    expect 1 "" "producer: write standard output: No space left on device"
    [ ! -e queue ]
    in_shell '"$1" >/dev/full' "$b/robust_mutex"
    expect 1 "" "robust_mutex: write standard output: No space left on device"
    in_shell '"$1" >&-' "$b/robust_mutex"
    expect 1 "" "robust_mutex: standard output: Bad file descriptor"
    start producer "$b/producer" queue </dev/null
    within shows producer.out "enqueued 4"
    in_shell '"$1" queue >/dev/full' "$b/consumer"
    expect 1 "" "consumer: write standard output: No space left on device"
    for closed in '0 <&-' '1 >&-'; do
        in_shell "\"\$1\" queue ${closed#* }" "$b/producer"
        expect 1 "" "producer: standard descriptor ${closed%% *}: Bad file descriptor"
        in_shell "\"\$1\" queue ${closed#* }" "$b/consumer"
        expect 1 "" "consumer: standard descriptor ${closed%% *}: Bad file descriptor"
    done
    in_shell '"$1" queue 2>&-' "$b/consumer"
    [ "$status" -eq 1 ]
    "$b/consumer" queue >/dev/null
    ends "$pid" 0
}

@test "producer: no room for the queue is an error, of a call and not a signal" {
    in_shell 'ulimit -f 0; "$1" queue 2>&1' "$b/producer" # to a pipe: it may not write to a file
    [ "$status" -eq 1 ]
    [[ $output == "producer: make a queue in queue."??????": File too large" ]]
    none 'queue*'
    ((EUID == 0)) || skip "only root can mount"
    mkdir small
    mount -t tmpfs -o size=4k none small 2>/dev/null || skip "may not mount"
    head -c 4096 /dev/zero >small/full
    run_limited "$b/producer" small/queue
    local left
    left=$(ls small)
    umount small
    [ "$status" -eq 1 ]
    [[ $stderr == "producer: make a queue in small/queue."??????": No space left on device" ]]
    [ "$left" = full ]
}

@test "producer: an output that nobody reads is an error of the write, and no file is left" {
    run_limited perl -e 'pipe R, W; close R; open STDOUT, ">&W"; exec @ARGV' "$b/producer" </dev/null
    expect 1 "" "producer: write standard output: Broken pipe"
    none 'queue.dat*'
}

@test "robust_mutex: the next locker learns of the death, and repairs" {
    run_limited "$b/robust_mutex"
    expect 0 "plain mutex: nobody unlocks it any more: Connection timed out after 1 s
robust mutex: Owner died: found 70 + 50, repaired to 50 + 50
robust mutex: locked again, 20 moved: 30 + 70" ""
}

@test "the queue's class: errors to its caller, and as threads under ThreadSanitizer" {
    "${CXX:-c++}" -std=c++20 -pthread -g -fsanitize=thread -o threads "$root/tests/queue_threads.cpp" \
        "$root/mmap_locks/message.cpp" 2>build.err || skip "no ThreadSanitizer: $(head -n 1 build.err)"
    run_limited setarch -R ./threads
    expect 0 "10000 messages, in order for each of 2 producers" ""
}
