#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 LIMIT=40 # on a busy machine, where a hundred sched_yield() take long

b=$bin/mmap_locks
full='write standard output: No space left on device'
written='message queue written; press Enter to exit'
enqueued=$(printf 'enqueued %d\n' {0..99})
dequeued=$(for i in {0..99}; do echo "$((i + 1)): $i"; done)

# produce NAME: starts a producer, which fills the queue
produce() {
    start "$1" "$b/producer" </dev/null
    within shows "$1.out" "enqueued 4"
}

@test "producer, consumer: a hundred messages, first in, first out" {
    mkfifo keys
    start producer "$b/producer" <>keys
    within shows producer.out "enqueued 4" # a stack would now give 4 first
    run_limited "$b/consumer"
    expect 0 "$dequeued" ""
    within shows producer.out "$written"
    run ! gone "$pid"
    echo >keys
    ends "$pid" 0
    [ "$(<producer.out)" = "$enqueued"$'\n'"$written" ]
}

@test "producer: the queue holds five messages, then it waits" {
    produce producer
    within sleeps "$pid"
    [ "$(tail -n 1 producer.out)" = "enqueued 4" ]
    run_limited "$b/consumer"
    expect 0 "$dequeued" ""
    ends "$pid" 0
}

@test "four producers and four consumers at once: nothing is lost or doubled" {
    local i producers=() consumers=()
    for i in 1 2 3 4; do
        start "producer$i" "$b/producer" </dev/null
        producers+=("$pid")
    done
    within eval '(($(cat producer?.out | wc -l) >= 5))' # the queue is full
    for i in 1 2 3 4; do
        start "consumer$i" "$b/consumer"
        consumers+=("$pid")
    done
    for i in "${producers[@]}" "${consumers[@]}"; do ends "$i" 0; done
    for i in 1 2 3 4; do
        [ "$(<"producer$i.out")" = "$enqueued"$'\n'"$written" ]
        # Each consumer numbers what it gets.
        [ "$(cut -d : -f 1 "consumer$i.out")" = "$(seq "$(wc -l <"consumer$i.out")")" ]
    done
    [ "$(cat consumer?.out | cut -d ' ' -f 2 | sort -n)" = \
        "$(for i in {0..99}; do printf '%d\n' "$i" "$i" "$i" "$i"; done)" ]
}

@test "two producers, one consumer: each producer's order is kept" {
    produce one
    local one=$pid
    start two "$b/producer" </dev/null
    within sleeps "$pid" # it has joined, and finds the queue full
    run_limited "$b/consumer"
    succeeded
    ends "$one" 0
    ends "$pid" 0
    # Two rising sequences of numbers, mixed
    cut -d ' ' -f 2 <<<"$output" | awk 'BEGIN { a = b = -1 }
        { if ($1 == a + 1) a = $1; else if ($1 == b + 1) b = $1; else exit 1 }
        END { exit NR != 200 || a != 99 || b != 99 }'
}

@test "a killed producer: the consumer gets what is there, and ends" {
    produce producer
    kill -KILL "$pid"
    ends "$pid" 137
    run_limited "$b/consumer"
    expect 0 "$(head -n 5 <<<"$dequeued")" ""
    produce next
    run_limited "$b/consumer"
    expect 0 "$dequeued" ""
    ends "$pid" 0
}

@test "a consumer of a killed producer ends, also if another one has started" {
    produce killed
    local killed=$pid
    kill -STOP "$killed"
    start consumer "$b/consumer"
    local consumer=$pid
    within shows consumer.out "5: 4"
    kill -KILL "$killed"
    within gone "$killed"
    produce next # with a queue of its own
    ends "$consumer" 0
    [ "$(<consumer.out)" = "$(head -n 5 <<<"$dequeued")" ]
    run_limited "$b/consumer"
    expect 0 "$dequeued" ""
    within gone "$pid"
}

@test "after Ctrl-C of either one, and with leftovers, the next run works" {
    echo 'a leftover that is longer than a queue' >queue.dat.new
    produce producer
    local producer=$pid
    kill -STOP "$producer"
    start consumer "$b/consumer"
    within shows consumer.out "5: 4"
    kill -INT "$pid"
    ends "$pid" 130
    kill -INT "$producer"
    kill -CONT "$producer"
    ends "$producer" 130
    produce next
    run_limited "$b/consumer"
    expect 0 "$dequeued" ""
    ends "$pid" 0
    [ ! -e queue.dat.new ]
}

@test "consumer: it does not end while a producer lives" {
    produce producer
    local producer=$pid begin
    kill -STOP "$producer"
    start consumer "$b/consumer"
    within shows consumer.out "5: 4"
    begin=$EPOCHREALTIME
    within eval '((${EPOCHREALTIME/./} - ${begin/./} > 2500000))'
    run ! gone "$pid"
    kill -CONT "$producer"
    ends "$pid" 0
    [ "$(<consumer.out)" = "$dequeued" ]
    ends "$producer" 0
}

@test "consumer: while it waits it uses no processor time" {
    processor_time() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
    produce producer
    local producer=$pid before begin
    kill -STOP "$producer"
    start consumer "$b/consumer"
    within shows consumer.out "5: 4"
    within sleeps "$pid"
    before=$(processor_time) begin=$EPOCHREALTIME
    within eval '((${EPOCHREALTIME/./} - ${begin/./} > 1500000))'
    (($(processor_time) - before <= 2))
    kill -KILL "$producer" "$pid"
    within gone "$producer"
    within gone "$pid"
}

@test "consumer: what is not a queue is named, and a producer replaces it" {
    run_limited "$b/consumer"
    expect 1 "" "consumer: open queue.dat: No such file or directory"
    : >queue.dat
    run_limited "$b/consumer"
    expect 1 "" "consumer: the file is not a queue"
    printf 'Hello World\0' >queue.dat
    run_limited "$b/consumer"
    expect 1 "" "consumer: the file is not a queue"
    produce producer
    run_limited "$b/consumer"
    expect 0 "$dequeued" ""
    ends "$pid" 0
}

@test "producer: publishes a finished queue, made in its place" {
    traced true
    start producer strace -f -qq -o trace "$b/producer" </dev/null
    within shows producer.out "enqueued 4"
    "$b/consumer" >consumed
    ends "$pid" 0
    local sized mapped renamed
    sized=$(grep -n 'write(.*, "\\0", 1)' trace | cut -d : -f 1)
    mapped=$(grep -n 'mmap(NULL, 20[0-9], .*MAP_SHARED' trace | cut -d : -f 1)
    renamed=$(grep -n 'rename("queue.dat.new", "queue.dat")' trace | cut -d : -f 1)
    ((sized < mapped && mapped < renamed))
    [ "$(stat -c %s queue.dat)" -eq "$(sed -n 's/.*mmap(NULL, \(20[0-9]\),.*MAP_SHARED.*/\1/p' trace)" ]
}

@test "consumer: a lock whose holder died is reported" {
    produce producer
    kill -KILL "$pid"
    within gone "$pid"
    # The lock is the queue's first semaphore, at the file's beginning.
    printf '\0' | dd of=queue.dat conv=notrunc status=none
    local begin=$EPOCHREALTIME
    run_limited "$b/consumer"
    expect 1 "" "consumer: the lock's holder is dead or stopped"
    ((${EPOCHREALTIME/./} - ${begin/./} < 9000000))
}

@test "EnqueueMessage: a message of 19 bytes, none of 20" {
    "${CXX:-c++}" -std=c++20 -pthread -o enqueue -x c++ - \
        "$root/mmap_locks/message.cpp" <<END
#include "$root/mmap_locks/message.hpp"
#include <stdio.h>
int main() {
    Message *const queue = Message::CopyToMemoryMappedFile(fileno(tmpfile()));
    char text[MaxMessageSize];
    queue->EnqueueMessage("nineteen bytes here");
    if (queue->DequeueMessage(text, 1)) puts(text);
    fflush(stdout);
    queue->EnqueueMessage("twenty bytes are too");
}
END
    run_limited ./enqueue
    expect 1 "nineteen bytes here" "enqueue: message of more than 19 bytes"
}

@test "the queue: threads under ThreadSanitizer, and signals during a wait" {
    "${CXX:-c++}" -std=c++20 -pthread -g -fsanitize=thread -o threads \
        "$root/tests/queue_threads.cpp" "$root/mmap_locks/message.cpp" \
        2>build.err || skip "no ThreadSanitizer: $(head -n 1 build.err)"
    run_limited setarch -R ./threads
    expect 0 "signals during a wait: no message
2000 messages, in the order of each producer" ""
}

@test "robust_mutex: the next holder learns of the death, and repairs" {
    run_limited "$b/robust_mutex"
    expect 0 "plain mutex: still locked after 1 s
robust mutex: Owner died: 70 + 50, repaired to 50 + 50
robust mutex: locked again, 20 moved: 30 + 70" ""
}

@test "mmap_locks programs: a full disk" {
    in_shell '"$1" >/dev/full' "$b/producer"
    expect 1 "" "producer: $full"
    in_shell '"$1" >/dev/full' "$b/robust_mutex"
    expect 1 "" "robust_mutex: $full"
    produce producer
    in_shell '"$1" >/dev/full' "$b/consumer"
    expect 1 "" "consumer: $full"
    kill "$pid"
    ends "$pid" 143
}
