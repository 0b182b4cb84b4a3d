#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 LIMIT=40 # on a busy machine, where a hundred sched_yield() take long

b=$bin/mmap_locks
written='message queue written; press Enter to exit'
enqueued=$(printf 'enqueued %d\n' {0..99})
dequeued=$(for i in {0..99}; do echo "$((i + 1)): $i"; done)
first_five=$(head -n 5 <<<"$dequeued")

# produce NAME: starts a producer, which fills the queue
produce() {
    start "$1" "$b/producer" </dev/null
    within shows "$1.out" "enqueued 4"
}

consumes() { # consumes MESSAGES: what a consumer prints, to its end
    run_limited "$b/consumer"
    expect 0 "$1" ""
}

# consumer_waits: starts a $producer, stops it, and starts a $consumer, which has
# taken all that is there
consumer_waits() {
    produce producer
    producer=$pid
    kill -STOP "$producer"
    start consumer "$b/consumer"
    consumer=$pid
    within shows consumer.out "5: 4"
}

@test "producer, consumer: a hundred messages, first in, first out, five at most in the queue" {
    mkfifo keys
    start producer "$b/producer" <>keys
    within shows producer.out "enqueued 4" # a stack would now give 4 first
    within sleeps "$pid"
    [ "$(tail -n 1 producer.out)" = "enqueued 4" ]
    consumes "$dequeued"
    within shows producer.out "$written"
    run ! gone "$pid"
    echo >keys
    ends "$pid" 0
    [ "$(<producer.out)" = "$enqueued"$'\n'"$written" ]
}

@test "four producers and four consumers at once: nothing is lost or doubled" {
    local i pids=()
    for i in 1 2 3 4; do
        start "producer$i" "$b/producer" </dev/null
        pids+=("$pid")
    done
    within eval '(($(cat producer?.out | wc -l) >= 5))' # the queue is full
    for i in 1 2 3 4; do
        start "consumer$i" "$b/consumer"
        pids+=("$pid")
    done
    for i in "${pids[@]}"; do ends "$i" 0; done
    for i in 1 2 3 4; do
        [ "$(<"producer$i.out")" = "$enqueued"$'\n'"$written" ]
        # Each consumer numbers what it gets.
        [ "$(cut -d : -f 1 "consumer$i.out")" = "$(seq "$(wc -l <"consumer$i.out")")" ]
    done
    [ "$(cat consumer?.out | cut -d ' ' -f 2 | sort -n)" = \
        "$(for i in {0..99}; do printf '%d\n' "$i" "$i" "$i" "$i"; done)" ]
}

@test "a consumer whose producer is killed ends, even if the next producer has started" {
    consumer_waits
    kill -KILL "$producer"
    within gone "$producer"
    produce next # with a queue of its own
    ends "$consumer" 0
    [ "$(<consumer.out)" = "$first_five" ]
    consumes "$dequeued"
    ends "$pid" 0
}

@test "after Ctrl-C of either one, and with leftovers, the next run works" {
    seq 1000 >queue.dat.new # longer than a queue
    consumer_waits
    kill -INT "$consumer"
    ends "$consumer" 130
    kill -INT "$producer"
    kill -CONT "$producer"
    ends "$producer" 130
    produce next
    consumes "$dequeued"
    ends "$pid" 0
    none queue.dat.new
}

@test "consumer: while a producer lives it does not end, and uses no processor time" {
    processor_time() { awk '{ print $14 + $15 }' "/proc/$consumer/stat"; }
    local before begin
    consumer_waits
    within sleeps "$consumer"
    before=$(processor_time) begin=$EPOCHREALTIME
    within eval '((${EPOCHREALTIME/./} - ${begin/./} > 2500000))'
    run ! gone "$consumer"
    (($(processor_time) - before <= 2))
    kill -CONT "$producer"
    ends "$consumer" 0
    [ "$(<consumer.out)" = "$dequeued" ]
    ends "$producer" 0
}

@test "consumer: what is not a queue is named, and a producer replaces it" {
    run_limited "$b/consumer"
    expect 1 "" "consumer: open queue.dat: No such file or directory"
    local content
    for content in '' 'Hello World\0'; do
        printf '%b' "$content" >queue.dat
        run_limited "$b/consumer"
        expect 1 "" "consumer: the file is not a queue"
    done
    produce producer
    consumes "$dequeued"
    ends "$pid" 0
}

@test "producer: publishes a finished queue, made in its place" {
    traced true
    start producer strace -f -qq -o trace "$b/producer" </dev/null
    within shows producer.out "enqueued 4"
    consumes "$dequeued"
    ends "$pid" 0
    local size
    size=$(stat -c %s queue.dat)
    [[ $(<trace) == *'"\0", 1)'*"mmap(NULL, $size, "*'MAP_SHARED'*'rename("queue.dat.new", "queue.dat")'* ]]
}

@test "consumer: a lock whose holder died is reported" {
    produce producer
    kill -KILL "$pid"
    ends "$pid" 137
    # The lock is the queue's first semaphore, at the file's beginning.
    printf '\0' | dd of=queue.dat conv=notrunc status=none
    local begin=$EPOCHREALTIME
    run_limited "$b/consumer"
    expect 1 "" "consumer: the lock's holder is dead or stopped"
    ((${EPOCHREALTIME/./} - ${begin/./} < 9000000))
}

@test "the queue: a message of 19 bytes goes through, one of 20 is refused" {
    sed "s/std::to_string(i)/std::string(19 + i, 'x')/" "$root/mmap_locks/producer.cpp" >long.cpp
    "${CXX:-c++}" -std=c++20 -pthread -I"$root/mmap_locks" -o long long.cpp "$root/mmap_locks/message.cpp"
    run_limited ./long
    expect 1 "enqueued 0" "long: message of more than 19 bytes"
    consumes "1: xxxxxxxxxxxxxxxxxxx"
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
    expect 0 "plain mutex: still locked
robust mutex: Owner died: 70 + 50, repaired to 50 + 50
robust mutex: locked again" ""
}

@test "mmap_locks programs: a full disk is an error" {
    local program
    for program in producer consumer robust_mutex; do # the first leaves a message for the second
        in_shell '"$1" >/dev/full' "$b/$program"
        expect 1 "" "$program: write standard output: No space left on device"
    done
}
