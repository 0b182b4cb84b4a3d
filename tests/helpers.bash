# helpers.bash - what every test file loads: a directory, limits and clean-up for each test
#
# Environment: BUILD, where the programs are (build)

bats_require_minimum_version 1.7.0
export BATS_TEST_TIMEOUT=120

root=${BATS_TEST_DIRNAME%/*}
bin=${BUILD:-build}
[[ $bin == /* ]] || bin=$root/$bin

setup() { own_directory; }

own_directory() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir tmp
    export TMPDIR=$PWD/tmp # for what a program or a tool keeps there for a while
}

pause() { # pause SECONDS, without a process
    [[ -p $TMPDIR/../pause ]] || mkfifo "$TMPDIR/../pause"
    read -rt "$1" <>"$TMPDIR/../pause" || true
}

# Nothing may be left behind: no process with this test's environment, no temporary file. A process that
# is just ending (under a sanitizer that takes its time) gets a second to do so.
teardown() {
    local left pid end=$((SECONDS + 2))
    while left=$(left_running) && [[ -n $left ]] && ((SECONDS < end)); do
        pause 0.05
    done
    if [[ -n $left ]]; then
        for pid in $left; do
            printf 'left running: %s: %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline")"
            kill -KILL "$pid"
        done
        return 1
    fi
    rmdir "$TMPDIR" || {
        ls -lA "$TMPDIR"
        return 1
    }
}

left_running() {
    local found mark="^TMPDIR=$TMPDIR\$"
    found=$(TMPDIR='' grep -lsz "$mark" /proc/[0-9]*/environ) || true
    [[ -z $found ]] || printf '%s\n' "${found//[!0-9$'\n']/}"
}

# run_limited [-127] COMMAND...: run, with the outputs apart, and with a limit on its time, 20 s or
# LIMIT. bats warns of a 127 that it has not been told to expect.
run_limited() {
    local flags=(--separate-stderr)
    if [[ $1 == -127 ]]; then
        flags+=(-127)
        shift
    fi
    run "${flags[@]}" timeout -k 2 "${LIMIT:-20}" "$@"
    # What bats shows when the test fails.
    # shellcheck disable=SC2154 # run sets stderr
    printf '$ %s\n%s\n%s\n(exit status %s)\n' "${*/#"$bin/"/}" "$output" "$stderr" "$status"
}

# in_shell SCRIPT [ARG...]: the same for a line of shell, whose $1... are the ARGs.
in_shell() { run_limited bash -c "$1" bash "${@:2}"; }

# expect STATUS OUTPUT ERRORS: what the last run must have given, to the letter.
expect() {
    if [[ $status != "$1" || $output != "$2" || $stderr != "$3" ]]; then
        printf 'status %s, expected %s\n' "$status" "$1"
        diff -u <(printf '%s\n' "$2") <(printf '%s\n' "$output") | sed '1,2d; s/^/output: /'
        diff -u <(printf '%s\n' "$3") <(printf '%s\n' "$stderr") | sed '1,2d; s/^/errors: /'
        return 1
    fi
}

# succeeded: the last run ended with 0, and without a word on standard error
succeeded() { [[ $status == 0 && -z $stderr ]]; }

# within CONDITION...: waits until the command succeeds, at most 10 s, or LIMIT.
within() {
    local looks=0 end=$((SECONDS + ${LIMIT:-10}))
    until "$@"; do
        if ((SECONDS > end)); then
            echo "not within ${LIMIT:-10} s: $*"
            tail -n 5 ./*.out ./*.err 2>/dev/null
            return 1
        fi
        pause "0.0$((++looks < 30 ? 1 : 4))"
    done
}

# start NAME COMMAND...: runs it in the background, its outputs in NAME.out and NAME.err, its number
# in $pid. bash starts such a command with SIGINT ignored; env gives every signal its default again.
start() {
    : >"$1.out"
    : >"$1.err"
    env --default-signal "${@:2}" <&0 >>"$1.out" 2>>"$1.err" 3>&- 4>&- &
    pid=$!
}

shows() { grep -qsxF -- "$2" "$1"; } # shows FILE LINE
none() { ! compgen -G "$1"; }        # none PATTERN: no file has such a name
refused() { ! "$@" 2>/dev/null; }
gone() { # it has ended, whether or not the shell has waited for it yet
    local state
    { read -r _ _ state _ <"/proc/$1/stat"; } 2>/dev/null || return 0
    [[ $state == Z ]]
}
sleeps() { [[ $(cut -d ' ' -f 3 "/proc/$1/stat") == S ]]; } # it waits, for whatever it is

# ends PID STATUS: it ends by itself, with that exit status.
ends() {
    within gone "$1" || return
    local status=0
    wait "$1" || status=$?
    if [[ $status != "$2" ]]; then
        echo "exit status $status, expected $2"
        tail -n 5 ./*.out ./*.err
        return 1
    fi
}

# traced STRACE-ARG... COMMAND...: runs it; what it and its children called is
# then in ./trace, a line a call.
traced() {
    strace -o /dev/null true 2>/dev/null || skip "strace is missing or may not trace"
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
    run_limited strace -f -q -o all "$@"
    whole_calls all
}

# whole_calls FILE: what strace -f wrote there, in ./trace: a call that another process interrupted
# stands in FILE in two pieces.
whole_calls() {
    awk '/<unfinished/ { sub(/ *<unfinished.*/, ""); begun[$1] = $0; next }
        / resumed>/ { id = $1; sub(/.* resumed>/, ""); $0 = begun[id] $0 }
        { print }' "$1" >trace
    cat trace
}

# make_blocked: makes ./blocked, which runs a command with every signal blocked.
make_blocked() {
    "${CXX:-c++}" -std=c++20 -x c++ -o blocked - <<'END'
#include <signal.h>
#include <unistd.h>
int main(int, char *argv[]) {
    sigset_t all;
    sigfillset(&all);
    return sigprocmask(SIG_SETMASK, &all, nullptr) == 0 && execv(argv[1], argv + 1);
}
END
}
