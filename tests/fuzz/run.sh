#!/bin/sh
# Differential random tests of the aarch64 guest against an installed qemu-aarch64.
#
#   tests/fuzz/run.sh rows [N] [SEED]    N cases (200) for every decode row
#   tests/fuzz/run.sh seq [N] [SEED]     N sequences (20000)
#   tests/fuzz/run.sh case WHAT INDEX SEED
#   tests/fuzz/run.sh quick              both, about a minute: part of `make check`
#   tests/fuzz/run.sh long               2,000 cases a row, 1,000,000 sequences
#
# MYNA: what is tested (build/myna-aarch64); QEMU: the reference (qemu-aarch64); B: build folder;
# FUZZ: further options of the driver (tests/fuzz/main.c lists them).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cd "$top"
B=${B:-build}
MYNA=${MYNA:-$B/myna-aarch64}
QEMU=${QEMU:-qemu-aarch64}
CROSS=${CROSS:-aarch64-linux-gnu-gcc}
export MYNA_CACHE="${MYNA_CACHE:-off}" # off: each run translates by itself
out=$B/fuzz
mkdir -p "$out"

newer() { # TARGET SOURCES...
    target=$1
    shift
    [ -e "$target" ] || return 0
    for s in "$@"; do
        [ "$s" -nt "$target" ] && return 0
    done
    return 1
}
if newer "$out/guest" "$here"/guest.c "$here"/guest.S "$here"/layout.h; then
    "$CROSS" -std=gnu11 -O2 -Wall -Wextra -ffreestanding -nostdlib -static -mgeneral-regs-only \
        -fno-stack-protector -fno-pie -no-pie -Wl,-z,noexecstack -Wl,--build-id=none \
        -o "$out/guest" "$here"/guest.c "$here"/guest.S
fi
if newer "$out/fuzz" "$here"/*.c "$here"/*.h; then
    ${CC:-gcc} -std=gnu11 -O2 -g -Wall -Wextra -D_GNU_SOURCE -o "$out/fuzz" "$here"/main.c \
        "$here"/rows.c "$here"/a64.c "$here"/gen.c "$here"/seq.c "$here"/peer.c "$here"/compare.c \
        "$here"/minimise.c
fi

decode=
for f in frontend/aarch64/*.decode; do
    decode="$decode --decode $f"
done
fuzz() {
    # shellcheck disable=SC2086
    "$out/fuzz" --ref "tests/confine.sh $QEMU" --test "tests/confine.sh $MYNA" --guest "$out/guest" $decode \
        --report "$out/rows.txt" ${FUZZ:-} "$@"
}

mode=${1:-quick}
case $mode in
rows) fuzz rows "${2:-200}" "${3:-1}" ;;
seq) fuzz seq "${2:-20000}" "${3:-1}" ;;
case) fuzz case "$2" "$3" "$4" ;;
list) fuzz list ;;
quick)
    status=0
    fuzz --seconds 25 rows 200 "${2:-1}" || status=1
    fuzz --seconds 25 seq 1000000 "${2:-1}" || status=1
    exit $status ;;
long)
    status=0
    fuzz rows 2000 "${2:-1}" || status=1
    fuzz seq 1000000 "${2:-1}" || status=1
    exit $status ;;
*)
    sed -n '2,/^set/p' "$0" | sed '$d;s/^# \{0,1\}//'
    exit 2 ;;
esac
