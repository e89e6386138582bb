#!/bin/sh
# The Debian packages that building, testing and measuring need, and nothing else: the one list.
#
#   scripts/setup.sh GROUP...     installs what is missing of the groups
#   scripts/setup.sh -n GROUP...  prints what is missing
#
# Nothing happens if all of it is there. Otherwise one line says what is installed, through apt-get, as
# root or through sudo. apt-get update runs only if the packages can't be had without.
set -eu

build="gcc libc6-dev make libcapstone-dev libffi-dev zlib1g-dev"
check="python3 strace gdb-multiarch gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user qemu-utils binutils uidmap busybox-static e2fsprogs"
# Native twins of tests/guest/packages.list, for comparisons; dpkg-dev unpacks sources (fetch.sh src).
native="bash bc busybox-static bzip2 coreutils dash diffutils dpkg-dev file findutils gawk git grep gzip
        lua5.4 luajit m4 make openssl perl python3 ruby sed sqlite3 tar tcl xz-utils zstd"
bench="aom-tools dav1d flac lame libjpeg-turbo-progs opus-tools vorbis-tools webp"
profile="valgrind"
distro="debootstrap redis-tools wrk postgresql-client"
system="dosfstools mtools fdisk acpica-tools libfdt-dev liburing-dev libedit-dev libjansson-dev libseccomp-dev libslirp-dev libzstd-dev"
# What glibc's tests are made with (tests/guest/glibc.sh).
glibc="bison gawk gettext locales g++-aarch64-linux-gnu"

dry=
[ "${1:-}" = -n ] && { dry=1; shift; }
want=
for group; do
    case $group in
    build) want="$want $build" ;;
    check) want="$want $check" ;;
    native) want="$want $native" ;;
    bench) want="$want $bench" ;;
    distro) want="$want $distro" ;;
    glibc) want="$want $glibc" ;;
    profile) want="$want $profile" ;;
    system) want="$want $system" ;;
    *) echo "setup.sh: no group $group (build, check, native, bench, distro, glibc, profile, system)" >&2; exit 1 ;;
    esac
done

if ! command -v dpkg-query >/dev/null; then
    echo "setup.sh: not a Debian system; these packages' contents are needed:$want" >&2
    exit 0
fi
missing=
for p in $want; do
    case $(dpkg-query -W -f '${Status} ' "$p" 2>/dev/null) in
    *"ok installed"*) ;;
    *) missing="$missing $p" ;;
    esac
done
[ -n "$missing" ] || exit 0
if [ -n "$dry" ]; then echo $missing; exit 0; fi

sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup.sh: missing:$missing; install them as root (no sudo here)" >&2; exit 1; }
    sudo="sudo"
fi
echo "setup.sh: installing with ${sudo:+sudo }apt-get:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=120 \
        install --no-install-recommends $missing >"$log" 2>&1 </dev/null
}
install && exit 0
$sudo apt-get -qq -o DPkg::Lock::Timeout=120 update >"$log" 2>&1 || {
    cat "$log" >&2; echo "setup.sh: apt-get update failed" >&2; exit 1; }
install || { tail -20 "$log" >&2; echo "setup.sh: apt-get install failed" >&2; exit 1; }
