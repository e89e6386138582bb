#!/bin/sh
# The test-wrapper of glibc's makefiles: they write `WRAPPER env NAME=VALUE... PROGRAM ARGUMENT...` for a
# program of the target. Here `env` is the host's, and PROGRAM goes to $EMULATE (words).
i=0 at=-1
for a; do
    case $a in
    env | -i | *=*) ;;
    *) [ $at -ge 0 ] || at=$i ;;
    esac
    i=$((i + 1))
done
i=0
for a; do
    shift
    # shellcheck disable=SC2086
    [ $i -ne $at ] || set -- "$@" $EMULATE
    set -- "$@" "$a"
    i=$((i + 1))
done
exec "$@"
