#!/usr/bin/env bats
load helpers

b=$bin/signals
full='write standard output: No space left on device'
returned='sleepFor returned: 0'

# lasted LEAST MOST: so many seconds have gone by since $begin.
lasted() {
    local now=$EPOCHREALTIME ms
    ms=$(((${now//[!0-9]/} - ${begin//[!0-9]/}) / 1000))
    if ((ms < $1 * 1000 - 200 || ms >= $2 * 1000)); then
        echo "took $ms ms, expected $1 to $2 s"
        return 1
    fi
}

# gave NAME OUTPUT ERRORS: the same as expect, of a program that start started.
gave() {
    local status=0 output stderr
    output=$(<"$1.out") stderr=$(<"$1.err")
    expect 0 "$2" "$3"
}

# compiled NAME: compiles standard input, which may include a program.
compiled() { "${CXX:-c++}" -std=c++20 -I"$root/signals" -x c++ -o "$1" -; }

# ------------------------------------ dispositions, handlers, causes, sending

@test "dispositions: a signal is ignored, caught, and ends a child" {
    run_limited "$b/dispositions"
    expect 0 "ignored: raise returned, and nothing happened
caught: the handler ran before raise returned
default: the child was ended by the signal: Terminated" ""
}

@test "dispositions: the kernel saw what the lines say" {
    traced "$b/dispositions"
    succeeded
    # The empty step is a handler, whose address may be any.
    sed -nE 's/.* rt_sigaction\(SIGTERM, \{sa_handler=(SIG_...|).*/\1/p
        s/.* tgkill\(.*SIGTERM.*/raise/p; s/.* rt_(sigreturn)\(.*/\1/p
        s/.*\+\+\+ (killed.*) \+\+\+/\1/p' trace >steps
    [ "$(paste -sd , steps)" = "SIG_IGN,raise,,raise,sigreturn,\
SIG_DFL,raise,killed by SIGTERM" ]
}

@test "sighandler: names the signal that came, and says how to stop it" {
    start it "$b/sighandler"
    within test -s it.out
    kill -s USR1 "$pid"
    within shows it.out "received SIGUSR1"
    kill -s INT "$pid"
    within shows it.out "received SIGINT"
    kill "$pid"
    ends "$pid" 143
    gave it "process $pid waits for SIGUSR1 or Ctrl-C; kill $pid ends it
received SIGUSR1
received SIGINT" ""
}

@test "sighandler: the handler calls write, and nothing else" {
    traced true
    start it strace -o all "$b/sighandler"
    within test -s it.out
    local program
    read -r _ program _ <it.out
    kill -s INT "$program"
    within shows it.out "received SIGINT"
    kill "$program"
    ends "$pid" 143
    sed -n '/^--- SIGINT/,/sigreturn/p' all >handled
    cat handled
    [ "$(sed -n 2p handled)" = 'write(1, "received SIGINT\n", 16)       = 16' ]
    [[ $(sed -n 3p handled) == rt_sigreturn* ]]
}

@test "sighandler: a flood of signals neither stops it nor mixes its lines" {
    local i
    start it "$b/sighandler"
    within test -s it.out
    for i in {1..2000}; do kill -s USR1 "$pid" && kill -s INT "$pid"; done
    within shows it.out "received SIGINT"
    kill "$pid"
    ends "$pid" 143
    run ! grep -vx -e 'received SIGUSR1' -e 'received SIGINT' <(sed 1d it.out)
}

@test "sighandler, interrupted: the handler leaves errno as it found it" {
    local program
    echo 'on_alarm pipe(pipefd)' >interrupted
    echo 'handler 0' >sighandler
    for program in sighandler interrupted; do
        local handler prepare
        read -r handler prepare <$program
        # A write may change errno even if it succeeds; this one always does.
        compiled handles <<-END
	#include <errno.h>
	#include <unistd.h>
	static ssize_t disturbing_write(int fd, const void *bytes, size_t size) {
	    const ssize_t put = write(fd, bytes, size);
	    errno = 55;
	    return put;
	}
	#define write disturbing_write
	#define main program_main
	#include "$program.cpp"
	#undef main
	int main() {
	    if ($prepare != 0) return 1;
	    errno = 77;
	    $handler(SIGINT);
	    dprintf(STDOUT_FILENO, "errno %d\n", errno);
	}
	END
        run_limited ./handles
        [ "${lines[-1]}" = "errno 77" ]
    done
}

@test "signal_table: all 14 signals of the text" {
    local name action catch table
    table=$(
        line() { printf '%-8s  %6s  %-10s  %s\n' "$@"; }
        line signal number default 'can be caught or ignored'
        for name in ABRT ALRM BUS CHLD CONT EMT FPE HUP ILL INT KILL PIPE \
            SEGV STOP; do
            action=terminates catch=yes
            case $name in
            CHLD) action=ignored ;;
            CONT) action=continues ;;
            KILL) catch=no ;;
            STOP) action=stops catch=no ;;
            esac
            if [[ $name == EMT ]]; then
                echo 'SIGEMT    does not exist on this system'
            else
                line "SIG$name" "$(kill -l "$name")" "$action" "$catch"
            fi
        done
    )
    for _ in {1..5}; do # a child that stops and continues may be seen late
        run_limited "$b/signal_table"
        expect 0 "$table" ""
    done
}

@test "signal_table, causes: no core file, no stopped child is left" {
    in_shell 'ulimit -c unlimited; exec "$1"' "$b/signal_table"
    [[ $output == signal* && -z $stderr ]]
    in_shell 'ulimit -c unlimited; exec "$1"' "$b/causes"
    [[ $output == abort* && -z $stderr ]]
    none '*core*'
    [ -z "$(left_running)" ]
}

@test "causes: each cause raises its signal" {
    [[ $(uname -m) == x86_64 ]] || skip "the causes are those of x86"
    run_limited "$b/causes"
    expect 0 "abort()                             SIGABRT
the end of a child                  SIGCHLD
a division by zero                  SIGFPE
an invalid instruction              SIGILL
a store into read-only memory       SIGSEGV
a store past a mapped file's end    SIGBUS
a write to a pipe without a reader  SIGPIPE" ""
}

@test "causes: does not claim a signal that did not come" {
    [[ $(uname -m) == x86_64 ]] || skip "the causes are those of x86"
    traced -e inject=tgkill:retval=0 "$b/causes"
    [ "${lines[0]}" = "abort()                             another, or none" ]
    [ "${lines[1]}" = "the end of a child                  SIGCHLD" ]
}

@test "causes: a cause that cannot be tried is an error" {
    in_shell 'exec 3>&- 4>&-; ulimit -n 4; exec "$1"' "$b/causes"
    [ "$status" -eq 1 ]
    [ "$stderr" = "causes: pipe: Too many open files
causes: a write to a pipe without a reader: failed" ]
}

@test "sending: raise, kill, alarm and pause, each received" {
    run_limited "$b/sending"
    expect 0 "raise(SIGUSR1): received before raise returned
kill(parent, SIGUSR2): received from the child
alarm(1), pause(): received SIGALRM" ""
}

@test "sending: the signals come from itself, its child and the kernel" {
    traced -e inject=kill:delay_enter=300000 "$b/sending" # the parent waits
    succeeded
    [[ $(<trace) =~ ([0-9]+)\ +kill\(([0-9]+),\ SIGUSR2\) ]]
    local child=${BASH_REMATCH[1]} parent=${BASH_REMATCH[2]}
    ((child != parent))
    grep "^$parent --- SIGUSR1 {.* si_pid=$parent," trace
    grep "^$parent --- SIGUSR2 {.* si_pid=$child," trace
    grep "^$parent --- SIGALRM {.*SI_KERNEL" trace
}

@test "interrupted: EINTR without SA_RESTART, a restart with it, not for poll" {
    run_limited "$b/interrupted"
    expect 0 "without SA_RESTART: Interrupted system call; then 1 byte
with SA_RESTART: 1 byte
poll, with SA_RESTART: Interrupted system call" ""
}

@test "reentrancy: the handler's strtok spoils main's, strtok_r does not" {
    run_limited "$b/reentrancy"
    expect 0 "strtok: one blue green
strtok_r: one two three" ""
}

@test "jump: longjmp leaves the signal blocked, siglongjmp does not" {
    run_limited "$b/jump"
    expect 0 "after longjmp: SIGUSR1 is blocked
after siglongjmp: SIGUSR2 is not blocked" ""
}

# ------------------------------------------------------------------ the sleeps

@test "the sleeps: 0 seconds return at once, from the first call" {
    local begin=$EPOCHREALTIME
    LIMIT=5 run_limited "$b/sleep_alarm" 0
    expect 0 "$returned" ""
    LIMIT=5 run_limited "$b/bettersleep" 0
    expect 0 "$returned"$'\n'"$returned" ""
    LIMIT=5 run_limited "$b/reliable_sleep" 0
    expect 0 "$returned" ""
    lasted 0 3
}

@test "the sleeps: sleep_alarm, reliable_sleep once, bettersleep twice" {
    local begin=$EPOCHREALTIME sleeper better reliable
    start sleeper "$b/sleep_alarm" 2
    sleeper=$pid
    start better "$b/bettersleep" 1
    better=$pid
    start reliable "$b/reliable_sleep" 2
    reliable=$pid
    ends "$sleeper" 0
    lasted 2 4
    ends "$better" 0
    ends "$reliable" 0
    lasted 2 4
    gave sleeper "$returned" ""
    gave better "$returned"$'\n'"$returned" ""
    gave reliable "$returned" ""
}

@test "sleep_alarm -r: the alarm is lost between alarm and pause" {
    local begin=$EPOCHREALTIME
    run_limited "$b/sleep_alarm" -r 1
    lasted 3 5
    expect 0 "$returned" "sleep_alarm: the alarm came before\
 pause(); another one, 2 s later, ends it"
}

@test "bettersleep -r, reliable_sleep -r: the early alarm is not lost" {
    local begin=$EPOCHREALTIME better early
    early='bettersleep: the alarm comes before pause(); its jump skips pause()'
    start better "$b/bettersleep" -r 1
    better=$pid
    start reliable "$b/reliable_sleep" -r 1
    ends "$better" 0
    lasted 2 4
    ends "$pid" 0
    lasted 2 4
    gave better "$returned"$'\n'"$returned" "$early"$'\n'"$early"
    gave reliable "$returned" "reliable_sleep: the alarm came before\
 sigsuspend(), and is pending"
}

@test "reliable_sleep: Ctrl-C ends it early, with the seconds that are left" {
    start it "$b/reliable_sleep" 1000
    within sleeps "$pid"
    kill -s INT "$pid"
    ends "$pid" 0
    [[ $(<it.out) =~ ^'sleepFor returned: '(1000|99[0-9])$ ]]
}

@test "the sleeps: sleepFor, as another program would call it" {
    local program pids=() expected compile
    compile="${CXX:-c++} -std=c++20 -Wno-return-type -o \"\$0\" \"\$@\"
    compile+=" && exec \"./\$0\""
    for program in sleep_alarm bettersleep reliable_sleep; do
        local flags=(-DPROGRAM="\"../signals/$program.cpp\"")
        [[ $program != reliable* ]] || flags+=(-DPUTS_BACK)
        start $program bash -c "$compile" "for_$program" "${flags[@]}" \
            "$root/tests/sleep_for.cpp"
        pids+=("$pid")
    done
    for program in "${pids[@]}"; do LIMIT=30 ends "$program" 0; done
    expected="0 s: 0 left
1 s: 0 left
again: 0 left
cut short: more than 10 s left"
    gave sleep_alarm "$expected" ""
    gave bettersleep "$expected" ""
    gave reliable_sleep "$expected
earlier alarm: back
an alarm during the sleep: 1 s later
handler: back" ""
}

@test "sleepforproblem: the alarm abandons the handler of Ctrl-C" {
    local begin=$EPOCHREALTIME alone
    start alone "$b/sleepforproblem"
    alone=$pid
    start it "$b/sleepforproblem"
    within shows it.out "press Ctrl-C within 3 seconds"
    kill -s INT "$pid"
    within shows it.out "sig_int enter"
    run ! gone "$pid" # so the line was not kept in a buffer to the end
    ends "$pid" 0
    lasted 3 5
    gave it "press Ctrl-C within 3 seconds
sig_int enter
$returned" ""
    ends "$alone" 0
    gave alone $'press Ctrl-C within 3 seconds\n'"$returned" ""
}

@test "the sleeps, alarm_timeout: wrong arguments" {
    local program bad
    for program in sleep_alarm bettersleep reliable_sleep; do
        for bad in '' '-r 1 2' '-x 1'; do
            # shellcheck disable=SC2086 # words
            run_limited "$b/$program" $bad
            expect 2 "" "$program: usage: $program [-r] SECONDS"
        done
        for bad in -1 x 1s '' -r 2147483648 99999999999999999999; do
            run_limited "$b/$program" "$bad"
            expect 2 "" "$program: $bad: not a number of seconds"
        done
    done
    for bad in '' fifo 'fifo 1 2' '-x 1'; do
        # shellcheck disable=SC2086 # words
        run_limited "$b/alarm_timeout" $bad
        expect 2 "" "alarm_timeout: usage: alarm_timeout FIFO SECONDS"
    done
    for bad in 0 -1 x 1s '' 2147483648; do
        run_limited "$b/alarm_timeout" fifo "$bad"
        expect 2 "" "alarm_timeout: $bad: not a number of seconds"
    done
}

# --------------------------------------------------------------- alarm_timeout

@test "alarm_timeout: no writer within the seconds given" {
    local begin=$EPOCHREALTIME one
    mkfifo pipe_file
    start one "$b/alarm_timeout" pipe_file 1
    one=$pid
    start three "$b/alarm_timeout" pipe_file 3
    ends "$one" 124
    lasted 1 3
    ends "$pid" 124
    lasted 3 5
    [ "$(<one.err)" = "alarm_timeout: open pipe_file: no writer within 1 s" ]
    [ "$(<three.err)" = "alarm_timeout: open pipe_file: no writer within 3 s" ]
}

@test "alarm_timeout: one limit for open and read together" {
    local begin=$EPOCHREALTIME
    mkfifo pipe_file
    start it "$b/alarm_timeout" pipe_file 3
    pause 1.5 # half of it goes by in open
    exec 8>pipe_file
    ends "$pid" 124
    exec 8>&-
    lasted 3 4 # and not 4.5
    [ "$(<it.err)" = "alarm_timeout: read pipe_file:\
 no end of file within 3 s" ]
}

@test "alarm_timeout: a writer that does not end; what it wrote is there" {
    local begin=$EPOCHREALTIME
    mkfifo pipe_file
    exec 8<>pipe_file
    echo hello >&8
    run_limited "$b/alarm_timeout" pipe_file 1
    exec 8>&-
    lasted 1 3
    expect 124 hello "alarm_timeout: read pipe_file: no end of file within 1 s"
}

@test "alarm_timeout: what arrives is passed on at once" {
    mkfifo pipe_file
    start it "$b/alarm_timeout" pipe_file 15
    exec 8>pipe_file
    echo first >&8
    within shows it.out first
    run ! gone "$pid"
    echo second >&8
    exec 8>&-
    ends "$pid" 0
    gave it $'first\nsecond' ""
}

@test "alarm_timeout: the limit holds while data keep coming" {
    local begin=$EPOCHREALTIME
    mkfifo pipe_file
    exec 8<>pipe_file
    start writer sh -c 'exec yes 2>&1 >pipe_file 8>&-'
    in_shell '"$1" pipe_file 1 >/dev/null 8>&-' "$b/alarm_timeout"
    exec 8>&-
    lasted 1 4
    expect 124 "" "alarm_timeout: read pipe_file: no end of file within 1 s"
    within gone "$pid"
}

@test "alarm_timeout: the limit holds while nobody reads the output" {
    mkfifo pipe_file output
    exec 7<>output 8<>pipe_file
    start writer sh -c 'exec yes 2>&1 >pipe_file 7>&- 8>&-'
    in_shell '"$1" pipe_file 1 >output 7>&- 8>&-' "$b/alarm_timeout"
    exec 7>&- 8>&-
    expect 124 "" "alarm_timeout: read pipe_file: no end of file within 1 s"
    within gone "$pid"
}

@test "alarm_timeout: a writer in time" {
    mkfifo pipe_file
    start writer sh -c 'exec seq 100000 >pipe_file'
    in_shell '"$1" pipe_file 15 >copy' "$b/alarm_timeout"
    expect 0 "" ""
    ends "$pid" 0
    seq 100000 | cmp - copy
}

@test "alarm_timeout: no such file, a directory" {
    run_limited "$b/alarm_timeout" missing 1
    expect 1 "" "alarm_timeout: open missing: No such file or directory"
    run_limited "$b/alarm_timeout" . 1
    expect 1 "" "alarm_timeout: read .: Is a directory"
}

# ----------------------------------------------------------- several programs

@test "alarm_timeout, sending, the sleeps: the alarm comes before the wait" {
    traced true
    mkfifo pipe_file
    local numbers=() name
    early() { # early NAME ARG...: its alarm(1) returns half a second late
        start "$1" timeout -k 1 5 strace -f -qq -o "$1.trace" -e \
            inject=alarm:delay_exit=1500000:when=1 "$b/$1" "${@:2}"
        numbers+=("$pid")
    }
    early alarm_timeout pipe_file 1
    early sending
    early bettersleep 1
    early reliable_sleep 1
    early sleep_alarm 1
    ends "${numbers[0]}" 124
    [ "$(<alarm_timeout.err)" = \
        "alarm_timeout: open pipe_file: no writer within 1 s" ]
    for name in 1 2 3; do ends "${numbers[name]}" 0; done
    shows sending.out "alarm(1), pause(): received SIGALRM"
    gave bettersleep "$returned"$'\n'"$returned" ""
    gave reliable_sleep "$returned" ""
    ends "${numbers[4]}" 124 # it would wait for ever: the race
    gave sleep_alarm "" ""
    for name in *.trace; do grep 'alarm(1) *= 0' "$name"; done
}

@test "signals programs: a full disk" {
    local program arguments numbers=() names=()
    mkfifo pipe_file
    start writer sh -c 'exec echo hello >pipe_file'
    while read -r program arguments; do
        # shellcheck disable=SC2086,SC2016 # words; for the shell that runs it
        start "$program" sh -c 'exec "$@" >/dev/full' sh \
            "$b/$program" $arguments
        names+=("$program") numbers+=("$pid")
    done <<<"alarm_timeout pipe_file 9
$(printf '%s\n' dispositions sighandler signal_table causes sending \
        interrupted reentrancy jump 'sleep_alarm 0' 'bettersleep 0' \
        'reliable_sleep 0')"
    for program in "${!names[@]}"; do
        ends "${numbers[program]}" 1
        [ "$(<"${names[program]}.err")" = "${names[program]}: $full" ]
    done
}
