#!/usr/bin/env bats
load helpers

# A program is one file: what make does can be done by hand, with one command. The warnings of all of
# them are errors in make check.
@test "every program is compiled from its own source alone, but for its directory's part" {
    local programs
    unset MAKEFLAGS MAKELEVEL MFLAGS
    run_limited make -C "$root" -n -B V=1 BUILD=new CXX=c++
    programs=$(grep ' -o ' <<<"$output" | awk '
        $1 != "c++" { print "not the compiler: " $0 }
        / -c / { next } # a part
        {
            sources = objects = program = ""
            for (i = 1; i <= NF; ++i) {
                if ($i == "-o") program = $(i + 1)
                if ($i ~ /\.cpp$/) sources = sources " " $i
                if ($i ~ /\.o$/) objects = objects " " $i
            }
            sub(/^new\//, "", program)
            print (sources == " " program ".cpp" ? "" : "sources" sources " of ") program objects
        }')
    echo "$programs"
    local source part=mmap_locks/message expected
    expected=$(cd "$root" && for source in {pipes,fifo,signals,mmap,mmap_locks,files,doors,domain_sock,tcp}/*.cpp; do
        [[ $source != "$part.cpp" ]] || continue
        [[ $source != mmap_locks/* ]] || source+=" new/$part.o"
        echo "${source/.cpp/}"
    done)
    diff <(sort <<<"$expected") <(sort <<<"$programs")
}
