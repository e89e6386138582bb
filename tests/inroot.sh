#!/bin/sh
# Runs COMMAND, of the host's processor, with ROOT as its root and FOLDER under its own name in there: the
# native twin of `myna run --rootfs ROOT --share-pid --bind FOLDER -w FOLDER COMMAND`.
#
#   tests/inroot.sh ROOT FOLDER COMMAND...
#
# In a mount namespace of its own: nothing of the machine changes. The environment is the caller's.
set -eu
[ $# -gt 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 1; }
map=; [ "$(id -u)" = 0 ] || map=--map-root-user
exec unshare $map --mount -- sh -c '
    mkdir -p "$1/proc" "$1/dev" "$1/tmp" "$1$2"
    mount --rbind /proc "$1/proc"
    mount --rbind /dev "$1/dev"
    mount --bind "$2" "$1$2"
    root=$1 folder=$2; shift 2
    exec chroot "$root" env --chdir="$folder" "$@"' sh "$@"
