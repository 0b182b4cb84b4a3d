# trace.awk - strace's record of several processes, as a table: a column each, in order of time
#
# Input:     the output of strace -f -ttt -T -yy, twice
#            first comes the shell that starts the commands, which is not shown
# Variables: here, a directory whose name is left out of paths; most, how many rows are shown (0: all);
#            in0, in1, in2: what the descriptors 0, 1 and 2 are for the shell, which are stdin to stderr

# Every call that is shown: what it is called here, its arguments by a letter each (d descriptor, s data,
# p path, a address of a socket, c child or other process, w as it is, - not shown), then r if the result
# says something (R: the data, too), and s or z if the call may sleep, s where that is after its effect.
BEGIN {
    known("read read d Rz;pread64 pread d Rz;readv readv d rz;recvfrom recv d Rz;recvmsg recvmsg d rz")
    known("write write ds rs;pwrite64 pwrite ds rs;writev writev d rs;sendto send ds rs;sendmsg sendmsg d rs")
    known("open open pw z;openat open -pw z;close close d;ftruncate ftruncate dw")
    known("fsync fsync d;fdatasync fdatasync d")
    known("rename rename pp;renameat rename -p-p;renameat2 rename -p-p;link link pp;linkat link -p-p")
    known("unlink unlink p;unlinkat unlink -p;mknod mkfifo p;mknodat mkfifo -p")
    known("flock flock dw z;fcntl fcntl dww z;dup dup d;dup2 dup2 dd;dup3 dup2 dd")
    known("pipe pipe;pipe2 pipe;socketpair socketpair;socket socket ww;bind bind da;listen listen d")
    known("accept accept d z;accept4 accept d z;connect connect da s")
    known("shutdown shutdown dw;poll poll - z;ppoll poll - z;select select - z;pselect6 select - z")
    known("mmap mmap ----d;futex futex ww z;execve exec;clone fork;clone3 fork;fork fork;vfork fork")
    known("wait4 wait c z;waitid wait -c z;kill kill cw;tgkill raise --w;rt_sigqueueinfo sigqueue cw")
    known("pause pause - z;rt_sigsuspend sigsuspend - z;rt_sigtimedwait sigwait - rz;alarm alarm w")
    known("nanosleep sleep - z;clock_nanosleep sleep - z;sched_yield sched_yield")
    # What programs open to load their libraries, locales and configuration.
    noise = "^(/usr)?/lib(32|64|x32)?/|^/(etc|proc|sys|usr/share)/|\\.so[.0-9]*$|^/dev/u?random$|/nscd/"
}
function known(table,   lines, words, i) {
    for (i = split(table, lines, ";"); i > 0; --i) {
        split(lines[i] " - -", words, " ")
        shown[words[1]] = words[2]
        letters[words[1]] = words[3]
        may[words[1]] = words[4]
    }
}

# Splits a list at the commas that are not inside of brackets or strings; returns how many parts there are.
function parts(text, list,   i, c, depth, quoted, n) {
    split("", list)
    n = 1
    for (i = 1; i <= length(text); ++i) {
        c = substr(text, i, 1)
        if (quoted && c == "\\") c = c substr(text, ++i, 1)
        else if (c == "\"") quoted = !quoted
        else if (!quoted && index("([{<", c)) ++depth
        else if (!quoted && (index(")]}", c) || c == ">" && substr(text, i - 1, 1) != "-")) --depth
        else if (!quoted && depth == 0 && c == ",") {
            ++n
            if (substr(text, i + 1, 1) == " ") ++i
            continue
        }
        list[n] = list[n] c
    }
    return n
}
function path(text) {
    gsub(/"/, "", text)
    sub(/>\(deleted\)$/, "", text)
    if (text "/" == here) return "."
    return index(text, here) == 1 ? substr(text, length(here) + 1) : text
}
function renamed(file) { return file in alias ? alias[file] : file }
function hex(text,   i, value) {
    for (i = 3; i <= length(text); ++i)
        value = 16 * value + index("0123456789abcdef", substr(text, i, 1)) - 1
    return value
}
function copy(from, to) {  # what is known of a descriptor that strace does not say
    if (from in end_of) end_of[to] = end_of[from]
    if (from in peer) peer[to] = peer[from]
}

# The name of a descriptor such as 3<pipe:[1234]>; nothing for one that belongs to the noise.
function descriptor(pid, text,   fd, what, i) {
    fd = text + 0
    what = text
    if (!sub(/^[0-9]+</, "", what)) return fd <= 2 ? standard[fd] : fd
    sub(/>$/, "", what)
    sub(/<char [0-9:]+>$/, "", what)
    if (fd <= 2 && what == was[fd]) return standard[fd]
    for (i = 0; i <= 2; ++i)
        if (what == was[i] && what != "/dev/null") return standard[i]
    if (what ~ /^pipe:/) {
        if (!(what in pipe)) pipe[what] = ++pipes
        if (!((pid, fd) in end_of)) end_of[pid, fd] = fd == 0 ? "r" : "w"
        return "pipe" (pipe[what] > 1 ? pipe[what] : "") ":" end_of[pid, fd]
    }
    if (what ~ /^(UNIX|TCP|UDP)/) {
        i = what ~ /->/ || (pid, fd) in peer ? "connection" : "socket"
        if (match(what, /"[^"]*"/)) return i " " path(substr(what, RSTART, RLENGTH))
        if (((pid, fd) in peer) && peer[pid, fd] ~ noise) return ""
        if (what ~ /^UNIX/) return i ((pid, fd) in peer ? " " peer[pid, fd] : "")
        if (what ~ /^[A-Z0-9-]+:\[[0-9]+\]$/) return i
        gsub(/^[A-Z0-9-]+:\[|\]$|127\.0\.0\.1:|\[::1\]:/, "", what)
        return i " " what
    }
    return what ~ noise ? "" : renamed(path(what))
}
function inherit(list, parent, child,   key, k, found, n) {
    for (key in list) {
        split(key, k, SUBSEP)
        if (k[1] == parent) found[++n] = k[2]
    }
    for (; n > 0; --n) list[child, found[n]] = list[parent, found[n]]
}
# A process is there: from the start it has what the parent had.
function arrive(pid) {
    if (pid in program) return
    program[pid] = program[parent[pid]]
    inherit(end_of, parent[pid], pid)
    inherit(peer, parent[pid], pid)
    inherit(handled, parent[pid], pid)
}
function address(text) {
    if (match(text, /sun_path=@?"[^"]*"/)) return path(substr(text, RSTART + 9, RLENGTH - 9))
    if (!match(text, /htons\([0-9]+/)) return "?"
    return "port " substr(text, RSTART + 6, RLENGTH - 6)
}
function process(pid) { return pid + 0 > 0 ? "\001" (pid + 0) "\002" : "any child" }  # named at the end

# A semaphore or lock by its place in a mapping of the same process, or of one that it was forked from.
function place(pid, at,   i, found) {
    for (i = 1; i <= maps; ++i)
        if (at >= map_start[i] && at < map_end[i] && (!found || map_pid[i] == pid)) found = i
    return found ? renamed(map_name[found]) "+" (at - map_start[found]) : ""
}

function take_column(pid) {
    if (pid in column) return
    column[pid] = ++columns
    pid_of[columns] = pid
}
function event(start, end, pid, text, result, sleeps) {
    if (pid == shell || parent[pid] == shell && !(pid in column)) return  # not before its exec
    take_column(pid)
    ++events
    began[events] = start; ended[events] = end; who[events] = pid
    said[events] = text; outcome[events] = result; can_sleep[events] = sleeps
}

# One call, whole: name(arguments) = result.
function call(start, end, pid, text,   name, result, failed, list, n, i, letter, word, out, child, key, k) {
    if (!match(text, /\) += (-?[0-9]+|\?|0x[0-9a-f]+)(<.*>)?( [^"]*)?$/)) return
    name = substr(text, 1, index(text, "(") - 1)
    if (!(name in shown)) return
    result = substr(text, RSTART)
    sub(/^\) += /, "", result)
    text = substr(text, length(name) + 2, RSTART - length(name) - 2)
    n = parts(text, list)
    failed = ""
    if (result ~ /^(-1|\?) /) {
        failed = result
        sub(/^(-1|\?) /, "", failed)
        sub(/ .*/, "", failed)
        failed = " = " failed
    }

    if (name == "execve") {
        if (failed != "") return  # not in this directory of PATH
        gsub(/^\["|"\]$/, "", list[2])
        gsub(/", "/, " ", list[2])
        gsub(/"|^.*\//, "", list[1])
        program[pid] = list[1]
        delete handled[pid, "SIGCHLD"]
        sub(/^[^ ]*\//, "", list[2])
        if (parent[pid] != shell || pid in column) event(start, end, pid, "exec " list[2], "", 0)
        else if (list[1] != "env") take_column(pid)
        return
    }
    if (shown[name] == "fork") {
        if (failed != "") { event(start, end, pid, "fork", failed, 0); return }
        child = result + 0
        arrive(child)
        event(start, end, pid, (text ~ /CLONE_THREAD/ ? "thread " : "fork ") process(child), "", 0)
        if (pid != shell) take_column(child)
        return
    }
    if (shown[name] == "pipe" || name == "socketpair") {
        if (failed != "") { event(start, end, pid, name, failed, 0); return }
        text = list[name == "socketpair" ? 4 : 1]
        parts(substr(text, 2, length(text) - 2), list)
        if (name != "socketpair") { end_of[pid, list[1] + 0] = "r"; end_of[pid, list[2] + 0] = "w" }
        event(start, end, pid, shown[name], " = " descriptor(pid, list[1]) ", " descriptor(pid, list[2]), 0)
        return
    }
    if (name == "futex") {
        if (text ~ /PRIVATE/ || !(list[1] = place(pid, hex(list[1])))) return
        list[2] = text ~ /WAKE/ ? "wake" : "wait"
    }
    if (name == "mmap" && (failed != "" || text !~ /MAP_SHARED/)) return
    if (name == "fcntl") {
        if (list[2] ~ /DUPFD/) copy(pid SUBSEP (list[1] + 0), pid SUBSEP (result + 0))
        if (list[2] !~ /LK/) return
        match(list[3], /F_(RD|WR|UN)LCK/)
        list[3] = substr(list[3], RSTART, RLENGTH)
    }
    if (shown[name] ~ /^dup/ && failed == "") {
        key = descriptor(pid, list[1])
        copy(pid SUBSEP (list[1] + 0), pid SUBSEP (result + 0))
        if (key == "") return
        list[2] = list[2] + 0  # not what it was until now
    }
    if (shown[name] == "wait" && text ~ /WNOHANG/ && result == 0) return
    if (name == "wait4" && result + 0 > 0) list[1] = result

    if (name == "close") {  # its name was needed for the last time
        key = descriptor(pid, list[1])
        delete end_of[pid, list[1] + 0]
        delete peer[pid, list[1] + 0]
        if (key != "" && key !~ /^std/) event(start, end, pid, "close(" key ")", failed, 0)
        return  # those that every program closes at its end say nothing
    }

    out = ""
    for (i = 1; i <= length(letters[name]); ++i) {
        letter = substr(letters[name], i, 1)
        word = list[i]
        if (letter == "-") continue
        if (letter == "d") {
            if (name == "mmap" && word ~ /^-1/) word = "shared memory"
            else if ((word = descriptor(pid, word)) == "") return
        } else if (letter == "p") {
            if ((word = path(word)) ~ noise) return
        } else if (letter == "a") {
            word = address(word)
            if (name == "connect") {
                peer[pid, list[1] + 0] = word
                if (word ~ noise) {
                    hidden[made[pid, list[1] + 0]] = 1
                    return
                }
            }
        } else if (letter == "c") word = process(word)
        else gsub(/\|?(O|SOCK)_(CLOEXEC|LARGEFILE|NOCTTY|NOFOLLOW)/, "", word)
        out = out (out == "" ? "" : ", ") word
    }
    if (shown[name] ~ /^(link|rename)$/ && failed == "") {
        split(out, list, ", ")
        alias[list[1]] = list[2]
    }
    if (name == "mmap") {
        ++maps
        map_pid[maps] = pid; map_name[maps] = out; map_start[maps] = hex(result)
        map_end[maps] = map_start[maps] + list[2]
    }
    if (out ~ /^stderr, /) {  # err(3) writes its line in pieces
        event(start, end, pid, shown[name] "(stderr)", failed, 0)
        return
    }
    if (text ~ /SCM_RIGHTS/) out = out ", and a descriptor"
    if (name == "sendto" && list[5] != "NULL") sub(/$/, ", to " address(list[5]), out)
    if (failed == "" && may[name] ~ /[rR]/) failed = " = " (result + 0)
    if (may[name] ~ /R/ && result > 0) failed = failed " " list[2]
    event(start, end, pid, shown[name] "(" out ")", failed, may[name])
    if (name == "socket") made[pid, result + 0] = events
}

BEGIN {
    split("stdin stdout stderr", standard, " ")
    for (i = 0; i < 3; ++i) standard[i] = standard[i + 1]
    was[0] = in0; was[1] = in1; was[2] = in2
}
# The input comes twice: first for who is whose child, which the parent may say late.
NR == 1 { shell = $1; start = $2 }
NR == FNR {
    if (/ ((clone3?|v?fork)\(|<\.\.\. (clone3?|v?fork) resumed>).* = [0-9]+ +<[0-9.]+>$/) parent[$(NF - 1)] = $1
    next
}
{
    pid = $1
    arrive(pid)
    time = ($2 - start) * 1000
    text = $0
    sub(/^[0-9]+ +[0-9.]+ /, "", text)
    took = 0
    if (match(text, /<[0-9]+\.[0-9]+>$/)) {
        took = substr(text, RSTART + 1, RLENGTH - 2) * 1000
        text = substr(text, 1, RSTART - 1)
        sub(/ +$/, "", text)
    }
}
text ~ /^\+\+\+ / {
    if (pid in pending) call(since[pid], time, pid, pending[pid] ") = ?")
    delete pending[pid]
    gsub(/^\+\+\+ |exited with | \+\+\+$/, "", text)
    event(time, time, pid, text ~ /^[0-9]/ ? "exit " text : text, "", 0)
    next
}
text ~ /^--- / {
    split(text, words, " ")
    if (words[2] ~ /^SIG/ && (words[2] != "SIGCHLD" || (pid, words[2]) in handled))
        event(time, time, pid, "receives " words[2], "", 0)
    next
}
text ~ /^rt_sigaction\(SIG[A-Z0-9]+, \{sa_handler=0x/ {
    split(text, words, /[(,]/)
    handled[pid, words[2]] = 1
    next
}
sub(/ *<unfinished \.\.\.>$/, "", text) {
    pending[pid] = text
    since[pid] = time
    next
}
sub(/^<\.\.\. [a-z0-9_]+ resumed>/, "", text) {
    if (pid in pending) call(since[pid], time, pid, pending[pid] text)
    delete pending[pid]
    next
}
{ call(time, time + took, pid, text) }

function row(time, pid, text,   i) {  # keeps the rows in order of time
    for (i = rows++; i > 0 && row_time[i] > time; --i) {
        row_time[i + 1] = row_time[i]; row_pid[i + 1] = row_pid[i]; row_text[i + 1] = row_text[i]
    }
    row_time[i + 1] = time; row_pid[i + 1] = pid; row_text[i + 1] = text
}
function named(text,   pid) {
    while (match(text, /\001[0-9]+\002/)) {
        pid = substr(text, RSTART + 1, RLENGTH - 2)
        text = substr(text, 1, RSTART - 1) (pid in title ? title[pid] : pid) substr(text, RSTART + RLENGTH)
    }
    return text
}
END {
    for (i = 1; i <= events; ++i) {
        asleep = 0
        took = can_sleep[i] ~ /[sz]/ ? ended[i] - began[i] : 0
        asleep = took >= 50
        for (j = 1; took >= 0.5 && j <= events && !asleep; ++j)
            asleep = who[j] != who[i] && began[j] > began[i] && began[j] < ended[i]
        if (asleep) row(began[i], who[i], "sleeps in " said[i])
        if (i in hidden) continue
        if (outcome[i] ~ /ERESTART/) continue  # a signal came: the call is made again, or never ends
        time = asleep || can_sleep[i] ~ /z/ ? ended[i] : began[i]
        row(time, who[i], (asleep ? "wakes up: " : "") said[i] outcome[i])
    }
    line = sprintf("%8s", "ms")
    for (i = 1; i <= columns; ++i) {
        pid = pid_of[i]
        title[pid] = program[pid] (++same[program[pid]] > 1 ? " " same[program[pid]] : "")
        line = line sprintf("  %-20s", title[pid])
    }
    sub(/ +$/, "", line)
    print line
    for (i = 1; i <= rows && (most == 0 || printed++ < most); i += n) {
        for (n = 1; i + n <= rows && row_pid[i + n] == row_pid[i] && row_text[i + n] == row_text[i]; ) ++n
        printf "%8.1f  %" 22 * (column[row_pid[i]] - 1) "s%s\n", row_time[i] - row_time[1], "",
            named(row_text[i]) (n > 1 ? ", " n " times" : "")
    }
    if (i <= rows) printf "%8s  and so on, %d calls more; ROWS=0 shows all\n", "", rows - i + 1
}
