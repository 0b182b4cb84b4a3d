#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 # on a busy machine

@test "README.md: every console block prints what it shows" {
    run timeout -k 5 160 "$root/tests/replay" check
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "README.md: every program is in a console block, and has a row in the map" {
    local program
    for program in "$bin"/*/*; do
        [[ -x $program && -f $program ]] || continue
        program=${program#"$bin/"}
        echo "$program"
        sed -n '/^```console$/,/^```$/s/^\$ //p' "$root/README.md" | grep -qw "build/$program"
        grep -q "^| .*\`$program\`" "$root/README.md"
    done
}

@test "README.md: what it points to is there" {
    local target headings
    headings=$(sed -n 's/^##* //p' "$root/README.md" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9_ -]//g; s/ /-/g')
    while read -r target; do
        echo "$target"
        grep -qxF -- "$target" <<<"$headings"
    done < <(grep -o '](#[^)]*)' "$root/README.md" | sed 's/](#\(.*\))/\1/')
    while read -r target; do
        echo "$target"
        [ -x "$bin/${target#build/}" ]
    done < <(grep -o 'build/[a-z_]*/[a-z_]*' "$root/README.md" | sort -u)
}

@test "every program's header comment says what it shows, how to run it and what one sees" {
    local source
    for source in "$root"/*/*.cpp; do
        echo "$source"
        local name=${source##*/}
        [[ $(head -n 1 "$source") == "// ${name%.cpp} - "* ]]
        for word in Text Run See; do
            [[ $source == */tests/* && $word == Text ]] || sed '/^$/q' "$source" | grep -q "^// $word: "
        done
    done
}
