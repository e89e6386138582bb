#!/bin/sh
# Runs COMMAND with no power over the machine it runs on: for tests that make system calls with
# senseless arguments, run damaged programs or random code.
#
#   tests/confine.sh COMMAND...
#
# Started by root, COMMAND gets a user id that owns nothing and no other process has, no groups, and of
# all capabilities only the one to read files and search folders (so the build may be anywhere). It gets
# System V IPC and a network of its own where the kernel allows that. Started by anyone else, it keeps
# the user's id, but what belongs to others is out of its reach as before.
#
# It can still read files, use up memory and time, and write what everyone may write: its working folder
# should be made for it. tests/suites/robust.py (confined) holds this script against all that.
set -eu
[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 1; }
if [ "$(id -u)" = 0 ]; then
    id=$((1900000000 + $$))
    spaces="unshare --ipc --net --"
    rights="setpriv --reuid=$id --regid=$id --clear-groups --no-new-privs --pdeathsig keep
            --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search
            --bounding-set=-all,+dac_read_search --"
else
    spaces="unshare --user --ipc --net --"
    rights="setpriv --no-new-privs --"
fi
$spaces true 2>/dev/null || spaces=
exec $spaces $rights "$@"
