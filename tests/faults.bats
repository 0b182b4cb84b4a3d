#!/usr/bin/env bats
load helpers

# Errors that only the kernel can make, made by strace: system calls that fail, processes that are
# killed at a chosen call. %: an error must be named, the status must not be 0, nothing may hang.

setup_file() {
    strace -o /dev/null true 2>/dev/null || skip "strace is not installed, or may not trace"
    export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # LeakSanitizer cannot run under ptrace
}

# inject EXPRESSION COMMAND...: runs it with that fault, in every process from its main() on
inject() { run_limited strace -f -qq -o trace -e "inject=$1" "${@:2}"; }
