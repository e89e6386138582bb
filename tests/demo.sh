#!/bin/sh
# make demo: foreign programs run as if they were native. Prints each command before its output.
set -eu
B=${1:-build}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
mkdir -p "$B/demo"
sysroot=/usr/aarch64-linux-gnu
root=$B/guests/arm64
# A folder that one user made and another now uses is reported by the commands themselves.
say() { printf '\n$ %s\n' "$*"; }
show() { say "$@"; "$@"; }

echo "== 1. hello, cross-built: once static, once against a shared C library"
show aarch64-linux-gnu-gcc -O2 -static -o "$B/demo/hello-static" tests/guest/hello.c
show aarch64-linux-gnu-gcc -O2 -o "$B/demo/hello" tests/guest/hello.c
show file -b "$B/demo/hello" 2>/dev/null || true
expect() { # STATUS COMMAND...
    want=$1; shift
    say "$@"
    status=0; "$@" || status=$?
    [ $status = "$want" ] || { echo "demo: exit status $status instead of $want" >&2; exit 1; }
}
expect 42 "$B/myna" "$B/demo/hello-static"
expect 42 "$B/myna-aarch64" -L $sysroot "$B/demo/hello" one two

echo
echo "== 2. Debian's own arm64 programs, unmodified, from a folder made by tests/guest/fetch.sh"
tests/guest/fetch.sh "$B/guests" arm64
show "$B/myna" -L "$root" "$root/usr/bin/uname" -sm
# The shell starts further foreign programs by itself: no binfmt, no root.
expect 0 "$B/myna" -L "$root" "$root/usr/bin/bash" -c \
    'for i in 1 2 3; do echo "bash $i on $(uname -m)"; done; seq 5 | sort -rn | tr "\n" " "; echo'
expect 0 "$B/myna" -L "$root" "$root/usr/bin/sqlite3" :memory: \
    "create table t(x); with recursive c(n) as (select 1 union all select n + 1 from c where n < 1000)
     insert into t select n * n from c; select count(*), sum(x) from t;"

echo
echo "== 3. the same work under qemu-aarch64, for comparison"
cat >"$B/demo/work.c" <<'C'
#include <stdio.h>
static unsigned f(unsigned n) { return n < 2 ? n : f(n - 1) + f(n - 2); }
int main(void) { printf("%u\n", f(35)); return 0; }
C
aarch64-linux-gnu-gcc -O1 -static -o "$B/demo/work" "$B/demo/work.c"
seconds() {
    python3 - "$@" <<'PY'
import os, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
t = os.times()
print("%.2f s of CPU: %s" % (t.children_user + t.children_system, " ".join(sys.argv[1:])))
PY
}
seconds qemu-aarch64 "$B/demo/work"
seconds "$B/myna" "$B/demo/work"

if [ -x "$B/myna-system-aarch64" ]; then
    echo
    echo "== 4. a board: Debian's arm64 kernel on -M virt, to a shell's commands and power-off"
    tests/guest/fetch.sh "$B/guests" kernel
    kernel=$(ls "$B"/guests/kernel/boot/vmlinuz-* | tail -1)
    python3 tests/boot/archive.py "$B/guests/initrd/bin/busybox" "$B/demo/initrd" <<'SH'
echo "demo: $(uname -srm) on $(cat /sys/firmware/devicetree/base/model) with $(nproc) processors"
ls /sys/bus/amba/devices | tr '\n' ' '; echo
SH
    boot() {
        say "$@"
        "$@" </dev/null >"$B/demo/console" 2>&1 || { tail -20 "$B/demo/console"; exit 1; }
        tr -d '\r' <"$B/demo/console" | grep -A1 -E '^(\[.*\] )?demo: Linux' || {
            tail -20 "$B/demo/console"; echo "demo: the board has not come to its shell" >&2; exit 1; }
        grep -a "Power down" "$B/demo/console"
    }
    boot "$B/myna-system-aarch64" -M virt -cpu max -smp 2 -m 512 -nographic -no-reboot -kernel "$kernel" -initrd "$B/demo/initrd" \
        -append "console=ttyAMA0 panic=-1"
fi
echo
echo "demo: all of it ran"
