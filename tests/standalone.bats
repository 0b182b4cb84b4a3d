#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=240 # on a busy machine

@test "every program compiles alone, without a warning" {
    local sources=() source header
    for source in "$root"/*/*.cpp; do
        [[ $source != "$root"/tests/* ]] || continue
        # A part (X.cpp with X.hpp) is no program, and a program that includes one is not alone.
        for header in "${source%/*}"/*.hpp; do
            [[ -e ${header%.hpp}.cpp ]] || continue
            ! grep -q "^#include \"${header##*/}\"" "$source" || continue 2
        done
        sources+=("$source")
    done
    [ "${#sources[@]}" -gt 0 ]
    run timeout -k 5 220 xargs -0 -P "$(nproc)" -n 1 \
        "${CXX:-c++}" -std=c++20 -Wall -Wextra -Wpedantic -pthread -fsyntax-only \
        < <(printf '%s\0' "${sources[@]}")
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}
