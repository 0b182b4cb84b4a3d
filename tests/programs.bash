# programs.bash - short forms of what the tests say again and again, for the programs of the directory $b

gives() { # gives OUTPUT PROGRAM [ARG...]: it succeeds, and prints this
    run_limited "$b/$2" "${@:3}"
    expect 0 "$1" ""
}

fails() { # fails ERROR PROGRAM [ARG...]: it fails, and says only this
    run_limited "$b/$2" "${@:3}"
    expect 1 "" "$2: $1"
}

cannot_print() { # cannot_print PROGRAM [ARG...]: it fails where standard output is a full disk
    in_shell '"$@" >/dev/full' "$b/$1" "${@:2}"
    expect 1 "" "$1: write standard output: No space left on device"
}

wrong_arguments() { # each line of standard input: PROGRAM|USAGE|ARGUMENTS..., each of which are wrong
    local program usage all arguments
    while IFS='|' read -r program usage all; do
        while IFS= read -rd '|' arguments; do
            # shellcheck disable=SC2086 # words
            run_limited "$b/$program" $arguments
            expect 2 "" "$program: usage: $program $usage"
        done <<<"$all|"
    done
}
