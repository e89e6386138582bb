#!/bin/sh
# Runs COMMAND as an ordinary user, with or without subordinate ids: for tests of what needs no root.
#
#   tests/user.sh [--no-ids] COMMAND...
#
# Started by root, COMMAND gets a user and group id that own nothing, and no capabilities; in a mount
# namespace of its own, /etc/passwd, /etc/subuid and /etc/subgid name that user, so nothing of the
# machine changes. Started by anyone else, COMMAND simply runs, with the ids that user has.
set -eu
ids="tester:1900100000:65536"
[ "${1:-}" = --no-ids ] && { ids=; shift; }
[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 1; }
[ "$(id -u)" = 0 ] || exec "$@"
IDS=$ids exec unshare --mount -- sh -c '
    tmp=$(mktemp -d)
    mount -t tmpfs -o mode=755 none "$tmp"
    { cat /etc/passwd; echo "tester:x:1900000001:1900000001::/nonexistent:/bin/sh"; } >"$tmp/passwd"
    echo "$IDS" >"$tmp/ids"
    touch -a "$tmp"
    mount --bind "$tmp/passwd" /etc/passwd
    for f in /etc/subuid /etc/subgid; do if [ -e $f ]; then mount --bind "$tmp/ids" $f; fi; done
    umount -l "$tmp"
    rmdir "$tmp"
    unset IDS
    exec setpriv --reuid=1900000001 --regid=1900000001 --clear-groups --inh-caps=-all --ambient-caps=-all \
        --bounding-set=+all -- "$@"' sh "$@"
