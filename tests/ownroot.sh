#!/bin/sh
# Runs COMMAND as root of namespaces of its own, which is nobody outside: for programs that want to mount,
# bind and make devices, and that must not reach the machine.
#
#   tests/ownroot.sh [--user] COMMAND...
#
# Started by root, COMMAND's user is one that owns nothing and no other process has (outside); started
# by anyone else, that user. It has user, process, mount, IPC, network, host name and control group
# namespaces of its own; /proc is of its processes, /mnt memory; /dev has the harmless devices, a
# /dev/pts, /dev/shm and /dev/mqueue of its own. It can't gain rights by set-id programs. Limits: 6 GiB
# of address space and 1 GiB of file for a process, 700 processes. Everything in there ends with this
# script. --user: COMMAND is there an ordinary user with id 1000.
set -eu
[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 1; }
[ "$1" = --user ] || set -- "" "$@"
as="setpriv --no-new-privs --"
if [ "$(id -u)" = 0 ]; then
    id=$((1900000000 + $$))
    as="setpriv --reuid=$id --regid=$id --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all --"
fi
exec $as unshare --user --map-root-user --pid --fork --kill-child --mount --mount-proc --ipc --net --uts \
    --cgroup -- sh -c '
    dev=$(mktemp -d)
    mount -t tmpfs -o mode=755,size=1m none "$dev"
    for f in full null random tty urandom zero; do
        : >"$dev/$f"
        mount --bind "/dev/$f" "$dev/$f"
    done
    mkdir "$dev/pts" "$dev/shm" "$dev/mqueue"
    mount -t tmpfs -o mode=1777,size=512m none "$dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 none "$dev/pts"
    mount -t mqueue none "$dev/mqueue" || :
    ln -s pts/ptmx "$dev/ptmx"
    ln -s /proc/self/fd "$dev/fd"
    ln -s /proc/self/fd/0 "$dev/stdin"
    ln -s /proc/self/fd/1 "$dev/stdout"
    ln -s /proc/self/fd/2 "$dev/stderr"
    mount -n --move "$dev" /dev
    rmdir "$dev"
    mount -t tmpfs -o mode=1777,size=512m none /mnt
    ip link set lo up 2>/dev/null || :
    echo 0 0 2>/dev/null >/proc/sys/net/ipv4/ping_group_range || :
    ulimit -c 0; ulimit -v 6291456; ulimit -f 2097152; ulimit -u 700 2>/dev/null || ulimit -p 700
    user=$1
    shift
    ${user:+unshare --user --map-user=1000 --map-group=1000 --} "$@"' sh "$@"
