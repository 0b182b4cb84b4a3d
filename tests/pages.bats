#!/usr/bin/env bats
load helpers
export BATS_TEST_TIMEOUT=180 # on a busy machine

programs=({pipes,fifo,signals,mmap,mmap_locks,files,doors,domain_sock,tcp}/*.cpp)
pages=(README.md {pipes,fifo,signals,mmap,mmap_locks,files,doors,domain_sock,tcp}/README.md)

setup() {
    own_directory
    broken=$PWD/broken
    cd "$root" || return
    programs=({pipes,fifo,signals,mmap,mmap_locks,files,doors,domain_sock,tcp}/*.cpp)
}

blocks() { # blocks PAGE: every console block prints what it shows
    REPLAY_WAIT=30 LIMIT=170 run_limited tests/replay check "$1/README.md"
    expect 0 "" ""
}
@test "README.md: every block prints what it shows" { blocks .; }
@test "pipes/README.md: every block prints what it shows" { blocks pipes; }
@test "fifo/README.md: every block prints what it shows" { blocks fifo; }
@test "signals/README.md: every block prints what it shows" { blocks signals; }
@test "mmap/README.md: every block prints what it shows" { blocks mmap; }
@test "mmap_locks/README.md: every block prints what it shows" { blocks mmap_locks; }
@test "files/README.md: every block prints what it shows" { blocks files; }
@test "doors/README.md: every block prints what it shows" { blocks doors; }
@test "domain_sock/README.md: every block prints what it shows" { blocks domain_sock; }
@test "tcp/README.md: every block prints what it shows" { blocks tcp; }

# in_blocks PAGE: the lines of its console blocks
in_blocks() { sed -n '/^```console$/,/^```$/p' "$1"; }
slugs() { # slugs PAGE: what its headings can be linked by
    sed '/^```/,/^```$/d' "$1" | sed -n 's/^##* //p' | tr '[:upper:]' '[:lower:]' |
        sed 's/[^a-z0-9_ -]//g; s/ /-/g'
}

@test "pages: a program is in the map, in a block of its page, and linked to its source" {
    local source page
    for source in "${programs[@]}"; do
        [[ $source != mmap_locks/message.cpp ]] || continue
        page=${source%/*}/README.md
        echo "$source"
        grep -qF "](${source##*/})" "$page"
        in_blocks "$page" | grep -q "^\$ .*build/${source%.cpp}\>"
        [[ $source == */ping_pong.cpp ]] || grep -q "^| .*\`${source%.cpp}\`" README.md
    done
}

@test "pages: every link leads somewhere" {
    local page link file
    for page in "${pages[@]}" tests/README.md; do
        while read -r link; do
            echo "$page: $link"
            file=${link%%#*}
            if [[ $file ]]; then file=${page%"${page##*/}"}$file; else file=$page; fi
            [ -e "$file" ]
            [[ $link != *'#'* ]] || slugs "$file" | grep -qxF -- "${link#*'#'}"
        done < <(grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//' | grep -v '^https:')
    done
}

@test "pages: three experiments for each directory, thirty in all" {
    local page all=0 count
    for page in "${pages[@]:1}"; do
        count=$(grep -c '^### Try: ' "$page")
        echo "$page: $count"
        ((count >= 3))
        all=$((all + count))
    done
    ((all >= 30))
}

# What a header comment promises is on the page, too, where it is replayed: each command of Run that has
# no placeholder such as PATH, and each line of See that is output. Prose has no colon.
@test "headers: what Run and See promise is on the page" {
    local source page promise
    for source in "${programs[@]}"; do
        page=${source%/*}/README.md
        head -n 1 "$source" | grep -q "^// $(basename "$source" .cpp) - " || echo "$source: name"
        sed '/^#include/q' "$source" | grep -q '^// Text:  ' || echo "$source: Text"
        while read -r promise; do
            in_blocks "$page" | numbers | grep -qF -- "$promise" || echo "$source: Run: $promise"
        done < <(header Run "$source" | grep -o 'build/[a-z_]*/[a-z_]*[^;:,|&]*' |
            sed 's/ and .*//; s/ or .*//; s/ *$//' | grep -v ' [A-Z][A-Z]' | numbers)
        while read -r promise; do
            in_blocks "$page" | numbers | grep -qxF -e "$promise" -e "${promise%%[,;] *}" ||
                echo "$source: See: $promise"
        done < <(header See "$source" | sed 's/^terminal .: *//' | grep ': ' | numbers)
    done >"$broken"
    cat "$broken"
    [ ! -s "$broken" ]
}

# numbers: made equal, whichever they are
numbers() { sed 's/[0-9][0-9.]*/N/g; s/\$PORT/N/g'; }

header() { # header WORD FILE: the lines under that word of its header comment
    sed '/^#include/q; /^$/q' "$2" | awk -v word="// $1:" '
        /^\/\/ [A-Z][a-z]*:/ { on = index($0, word) == 1 }
        /^\/\/$/ { on = 0 }
        on { sub(/^\/\/ ([A-Z][a-z]*:)? */, ""); print }'
}
