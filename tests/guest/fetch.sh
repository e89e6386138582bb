#!/bin/sh
# Foreign Debian programs for tests, demo and bench, cached under DIR (build/guests by default):
#
#   tests/guest/fetch.sh DIR arm64          DIR/arm64: packages.list for arm64, a root for -L
#   tests/guest/fetch.sh DIR qemu10         DIR/qemu10: qemu-user of trixie (static binaries)
#   tests/guest/fetch.sh DIR qemu10-system  DIR/qemu10-system/qemu-system-aarch64: starts trixie's qemu-system with trixie's libraries
#   tests/guest/fetch.sh DIR src PACKAGE    DIR/src/PACKAGE: an unpacked Debian source package
#   tests/guest/fetch.sh DIR code           DIR/code: arm64 files whose code tests/suites/code.py decodes
#   tests/guest/fetch.sh DIR runtimes       DIR/runtimes, DIR/runtimes-amd64: node, OpenJDK 17, Go, luajit, ruby of both;
#                                           DIR/java-source, DIR/src/ruby3.1, DIR/npm: what they are tested with
#   tests/guest/fetch.sh DIR stress         DIR/stress-arm64, DIR/stress-amd64: stress-ng of both
#   tests/guest/fetch.sh DIR python-tests   DIR/python-arm64, DIR/python-amd64: python3 with its own tests
#   tests/guest/fetch.sh DIR kernel         DIR/kernel: Debian's arm64 kernel with its modules; DIR/initrd: a busybox for it
#   tests/guest/fetch.sh DIR boot           the same, and DIR/kernel-trixie, DIR/kernel-16k: Linux 6.12 with pages of 4 and 16 KiB
#   tests/guest/fetch.sh DIR firmware       DIR/firmware: EDK2, U-Boot and GRUB for arm64
#   tests/guest/fetch.sh DIR selftests      DIR/selftests: the kernel's own tests of arm64 and of memory, built (needs the source's headers: minutes)
#   tests/guest/fetch.sh DIR debian         DIR/debian.tar: debootstrap's first stage for arm64
#   tests/guest/fetch.sh DIR pgbench        DIR/pgbench: the host's pgbench, without the server it comes with
#   tests/guest/fetch.sh DIR torture        DIR/torture: gcc.c-torture/execute of gcc-12-source
#   tests/guest/fetch.sh DIR glibc-tests    DIR/glibc-tests: glibc's own tests, built (glibc.sh); needs arm64
#
# Each is a no-op once it is there. The packages' native twins are installed by scripts/setup.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
debs=$here/../../scripts/debs.sh
dir=$1 what=$2
case $what in
arm64) "$debs" root arm64 "$dir/arm64" $(sed 's/#.*//' "$here/packages.list") ;;
qemu10)
    [ -x "$dir/qemu10/usr/bin/qemu-aarch64" ] && exit 0
    "$debs" bare -s trixie amd64 "$dir/qemu10" qemu-user
    # 70 static emulators: only these are of use here.
    find "$dir/qemu10/usr" -type f ! -name qemu-aarch64 ! -name qemu-riscv64 ! -name qemu-x86_64 -delete
    rm -rf "$dir/qemu10.apt/archives" ;;
qemu10-system)
    to=$dir/qemu10-system
    [ -x "$to/qemu-system-aarch64" ] && exit 0
    "$debs" root -s trixie amd64 "$to" qemu-system-arm
    find "$to/usr/bin" -type f -name 'qemu-system-*' ! -name qemu-system-aarch64 -delete
    rm -rf "$to.apt/archives"
    cat >"$to/qemu-system-aarch64" <<'END'
#!/bin/sh
# Started in place: exec keeps the process, so that its CPU time is the emulator's.
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
exec "$here/usr/lib64/ld-linux-x86-64.so.2" --library-path "$here/usr/lib/x86_64-linux-gnu" \
    "$here/usr/bin/qemu-system-aarch64" -L "$here/usr/share/qemu" "$@"
END
    chmod +x "$to/qemu-system-aarch64" ;;
runtimes)
    for arch in arm64 amd64; do
        suffix=; [ $arch = arm64 ] || suffix=-$arch
        "$debs" root $arch "$dir/runtimes$suffix" nodejs openjdk-17-jdk-headless golang-go luajit ruby dash bash coreutils
        echo "127.0.0.1 localhost" >"$dir/runtimes$suffix/etc/hosts"
    done
    "$debs" bare amd64 "$dir/java-source" openjdk-17-source
    "$debs" source "$dir/src" ruby3.1
    # The package tree of tests/programs/runtimes/npm for both processors: npm itself, and what it installs
    # without a network from a cache.
    [ -d "$dir/npm" ] && cmp -s "$here/../programs/runtimes/npm/package.json" "$dir/npm/package.json" && exit 0
    command -v npm >/dev/null || { echo "fetch.sh: the package tree needs npm (apt-get install npm)" >&2; exit 1; }
    echo "fetch.sh: npm's packages" >&2
    rm -rf "$dir/npm.new"; mkdir "$dir/npm.new"; cd "$dir/npm.new"
    cp "$here/../programs/runtimes/npm/package.json" .
    for cpu in x64 arm64; do
        npm install --cache "$PWD/cache" --ignore-scripts --no-audit --no-fund --os=linux --libc=glibc --cpu=$cpu \
            --omit-lockfile-registry-resolved=false >log 2>&1 || { tail -5 log >&2; exit 1; }
    done
    mv node_modules/npm npm; rm -rf node_modules
    cd ..; rm -rf npm; mv npm.new npm ;;
stress)
    for arch in arm64 amd64; do "$debs" root $arch "$dir/stress-$arch" stress-ng; done ;;
python-tests)
    for arch in amd64 arm64; do
        root=$dir/python-$arch
        "$debs" root $arch "$root" python3 python3.11-venv libpython3.11-testsuite python3-distutils \
            python3-lib2to3 bash dash coreutils libc-bin tzdata netbase openssl sed grep findutils gzip procps
        [ -e "$root/etc/passwd" ] && continue
        # What maintainer scripts would have made; python's modules are byte-compiled by the native one.
        printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
        printf 'root:x:0:\ntty:x:5:\ntester:x:1000:\n' >"$root/etc/group"
        printf 'root:*:19000:0:99999:7:::\n' >"$root/etc/shadow"; chmod 600 "$root/etc/shadow"
        [ -e "$root/etc/localtime" ] || ln -s /usr/share/zoneinfo/UTC "$root/etc/localtime"
        lib=$dir/python-amd64/usr/lib/x86_64-linux-gnu
        PYTHONHOME=$dir/python-amd64/usr LD_LIBRARY_PATH=$lib "$dir/python-amd64/usr/bin/python3.11" -m compileall -q \
            -s "$root" -p / "$root/usr/lib/python3.11" "$root/usr/lib/python3" >/dev/null || : # bad_*.py are meant to fail
        printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'nobody:x:65534:65534:nobody:/nonexistent:/bin/false' \
            'tester:x:1000:1000:tester:/home/tester:/bin/bash' >"$root/etc/passwd"
    done ;;
src) "$debs" source "$dir/src" "$3" ;;
pgbench)
    [ -n "$(find "$dir/pgbench" -name pgbench -type f 2>/dev/null)" ] && exit 0
    "$debs" bare "$(dpkg --print-architecture)" "$dir/pgbench" postgresql-15
    find "$dir/pgbench/usr" -type f ! -name pgbench -delete
    rm -rf "$dir/pgbench.apt/archives" ;;
kernel | boot)
    for kind in "" -trixie -16k; do
        [ -z "$kind" ] || [ $what = boot ] || continue
        at=$dir/kernel$kind
        case $kind in
        "") "$debs" root arm64 "$at" linux-image-arm64 ;;
        -trixie) "$debs" root -s trixie arm64 "$at" linux-image-arm64 ;;
        -16k) "$debs" root -s trixie arm64 "$at" linux-image-arm64-16k ;;
        esac
        # Of 400 MB the kernel and its modules are of use.
        find "$at" -mindepth 1 -maxdepth 1 ! -name boot ! -name usr ! -name lib ! -name .debs -exec rm -rf {} +
        find "$at/usr" -mindepth 1 -maxdepth 2 ! -path '*/usr/lib' ! -path '*/lib/modules' -exec rm -rf {} +
        rm -rf "$at.apt"
    done
    "$debs" bare arm64 "$dir/initrd" busybox-static ;;
firmware)
    "$debs" bare arm64 "$dir/firmware" qemu-efi-aarch64 u-boot-qemu grub-efi-arm64-bin
    # Of 700 MB: what is for this board, and no second copies of the flash images.
    find "$dir/firmware/usr" -type f ! -name QEMU_EFI.fd ! -name AAVMF_CODE.fd ! -name AAVMF_VARS.fd ! -name grubaa64.efi \
        ! -path '*/u-boot/qemu_arm64/*' -delete
    rm -rf "$dir/firmware.apt" ;;
selftests)
    [ -e "$dir/selftests/.built" ] && exit 0
    "$debs" bare amd64 "$dir/kernel-source" linux-source-6.1
    echo "fetch.sh: building the kernel's own tests" >&2
    top=$dir/kernel-source/linux; rm -rf "$top" "$dir/selftests"; mkdir -p "$top" "$dir/selftests"
    tar -xf "$(ls "$dir"/kernel-source/usr/src/linux-source-6.1.tar.*)" -C "$top" --strip-components=1
    cross="ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-"
    make -s -C "$top" $cross headers >"$dir/selftests.log" 2>&1
    # What wants libraries that have no cross twins (libcap, libnuma) is not built.
    make -s -k -C "$top/tools/testing/selftests" $cross TARGETS="arm64 vm" ARM64_SUBTARGETS="abi bti fp pauth signal tags" \
        "CC=aarch64-linux-gnu-gcc -static" >>"$dir/selftests.log" 2>&1 || :
    for part in arm64/abi arm64/bti arm64/fp arm64/pauth arm64/signal arm64/tags vm; do
        mkdir -p "$dir/selftests/${part#arm64/}"
        find "$top/tools/testing/selftests/$part" -maxdepth 1 -type f -perm -100 -exec sh -c 'file -b "$1" | grep -q ^ELF' sh {} \; \
            -exec cp {} "$dir/selftests/${part#arm64/}" \;
    done
    rm -rf "$dir/kernel-source" "$dir/kernel-source.apt"
    touch "$dir/selftests/.built" ;;
code) "$debs" bare arm64 "$dir/code" libc6 libssl3 libpython3.11 cpp-12 nodejs libnode108 libavcodec59 ;;
debian)
    # debootstrap's first stage for arm64, as an archive; as an ordinary user in a user namespace.
    [ -e "$dir/debian.tar" ] && exit 0
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk '$2 == "bookworm" && $3 == "main" { print $1; exit }')
    [ -n "$mirror" ] || { echo "fetch.sh: the system's apt has no source for bookworm" >&2; exit 1; }
    mkdir -p "$dir"; dir=$(cd "$dir" && pwd); rm -rf "$dir/debian.new"
    as=; [ "$(id -u)" = 0 ] || as="unshare --map-root-user --map-auto --mount"
    echo "fetch.sh: debootstrap's first stage" >&2
    container=lxc $as sh -c 'debootstrap --foreign --arch=arm64 --variant=minbase bookworm "$1.new" "$2" >"$1.log" 2>&1 &&
        tar -C "$1.new" --numeric-owner --exclude="./dev/*" -cf "$1.tar.new" . && rm -rf "$1.new"' \
        sh "$dir/debian" "$mirror" || { tail -5 "$dir/debian.log" >&2; exit 1; }
    mv "$dir/debian.tar.new" "$dir/debian.tar" ;;
torture)
    [ -d "$dir/torture/execute" ] && exit 0
    "$debs" bare amd64 "$dir/gcc-source" gcc-12-source
    rm -rf "$dir/torture.new"; mkdir -p "$dir/torture.new"
    tarball=$(find "$dir/gcc-source/usr/src" -name 'gcc-12.*.tar.*' | head -1)
    tar -xf "$tarball" -C "$dir/torture.new" --strip-components=4 --wildcards \
        '*/gcc/testsuite/gcc.c-torture/execute'
    rm -rf "$dir/torture" "$dir/gcc-source" "$dir/gcc-source.apt"
    mv "$dir/torture.new" "$dir/torture" ;;
glibc-tests)
    # Some minutes, most of them for compiling; what is there is not made again.
    [ -e "$dir/glibc-tests/.built" ] && exit 0
    "$debs" bare amd64 "$dir/glibc-source" glibc-source
    "$debs" bare arm64 "$dir/locales" locales-all
    "$here/glibc.sh" "$(ls "$dir"/glibc-source/usr/src/glibc/glibc-*.tar.xz)" "$dir/arm64" \
        "$dir/locales/usr/lib/locale" "$dir/glibc-tests"
    touch "$dir/glibc-tests/.built"
    rm -rf "$dir/glibc-source" "$dir/glibc-source.apt" "$dir/locales" "$dir/locales.apt" ;;
*) echo "fetch.sh: $what is not in the list at the head of this file" >&2; exit 1 ;;
esac
