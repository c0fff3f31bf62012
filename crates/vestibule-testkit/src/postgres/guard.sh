# Runs a server for as long as somebody holds the other end of standard input: a test that ends in whatever
# way, also by SIGKILL, leaves neither a process nor a folder behind. The server is this shell's own child,
# so its number belongs to nobody else before this shell has waited for it.
#
# $1 is the folder; the rest is the server's command line.
folder=$1
shift
# The kernel's hang-up for a group that has lost its last parent while one of it was stopped.
trap '' HUP
"$@" </dev/null >>"$folder/log.txt" 2>&1 &
server=$!

# A line: the server is over, and the folder is needed again.
if read -r _; then
    wait "$server"
    exit 0
fi

# Children of the server that were stopped could neither hear that it ends nor notice that it has.
kill -CONT "$server" 2>/dev/null
for stat in /proc/[0-9]*/stat; do
    read -r child _ _ parent _ 2>/dev/null <"$stat" || continue
    if [ "$parent" = "$server" ]; then kill -CONT "$child" 2>/dev/null; fi
done
# A fast shutdown; the end of it is waited for, but not for ever. Once it has ended it is a zombie, or gone
# where the shell has taken note of it already.
kill -INT "$server" 2>/dev/null
looks=0
while read -r _ _ state _ 2>/dev/null <"/proc/$server/stat" && [ "$state" != Z ]; do
    if [ "$looks" -eq 80 ]; then
        kill -KILL "$server"
        break
    fi
    sleep 0.1
    looks=$((looks + 1))
done
wait "$server"
rm -rf "$folder"
