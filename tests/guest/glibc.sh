#!/bin/sh
# glibc's own tests for arm64: those of nptl (POSIX threads, with sysdeps/pthread), signal, io, posix, time,
# rt, misc and sysvipc, built from Debian's glibc-source with the cross compiler; not run.
# tests/suites/glibc.py runs them.
#
#   tests/guest/glibc.sh SOURCE ROOT LOCALES DIR    DIR/build has the programs, DIR/SUBDIR.make how to run each
#
# SOURCE is the tarball, ROOT an arm64 Debian root with libc6-dev of the same version. The library is not
# built again: the tests are linked with the root's own (libc6 and libc6-dev are this very source), which
# is what Debian's users run, put where glibc's makefiles look for what they would have built; a
# shared library, its static twin and the loader are one build, so tests of internals agree with them.
# The makefiles compile the tests and their support library with each test's own flags. LOCALES is
# /usr/lib/locale of Debian's locales-all; the host's localedef (of the same version) makes what that lacks.
set -eu
tarball=$1 lib=$(cd "$2/usr/lib/aarch64-linux-gnu" && pwd)
all=$(cd "$3" && pwd)
mkdir -p "$4"; dir=$(cd "$4" && pwd)
subdirs="nptl signal io posix time rt misc sysvipc"
for tool in bison gawk msgfmt localedef aarch64-linux-gnu-gcc aarch64-linux-gnu-g++; do
    command -v $tool >/dev/null || { echo "glibc.sh: no $tool (scripts/setup.sh glibc)" >&2; exit 1; }
done

if [ ! -d "$dir/src" ]; then
    rm -rf "$dir/src.new"; mkdir -p "$dir/src.new"
    tar -xf "$tarball" -C "$dir/src.new" --strip-components=1
    mv "$dir/src.new" "$dir/src"
fi
version=$(strings "$lib/libc.so.6" | sed -n 's/^GNU C Library (Debian GLIBC \([0-9.]*\).*/\1/p')
[ "$version" = "$(sed -n 's/^#define VERSION "\(.*\)"/\1/p' "$dir/src/version.h")" ] || {
    echo "glibc.sh: the root's libc is $version, the source another" >&2; exit 1; }
if [ ! -e "$dir/build/config.make" ]; then
    rm -rf "$dir/build"; mkdir -p "$dir/build"; cd "$dir/build"
    ../src/configure --build="$(gcc -dumpmachine)" --host=aarch64-linux-gnu --prefix=/usr --disable-werror \
        --disable-profile --disable-nscd --without-selinux --with-headers=/usr/aarch64-linux-gnu/include \
        CFLAGS=-O2 CXXFLAGS=-O2 >../configure.log 2>&1 || { tail -5 ../configure.log >&2; exit 1; }
fi
cd "$dir/build"

# put FOLDER FILE...: the library's files; NAME.so.N is NAME.so too. None is made anew (-o).
stay="-o $dir/build/libc_pic.a"
put() {
    folder=$1; shift
    mkdir -p "$folder"
    path=$dir/build/$folder/
    [ "$folder" != . ] || path=$dir/build/
    for f; do
        cp -Lu "$lib/$f" "$folder/$f"
        stay="$stay -o $path$f"
        case $f in *.so.*)
            ln -sf "$f" "$folder/${f%.so.*}.so"
            stay="$stay -o $path${f%.so.*}.so" ;;
        esac
    done
}
put csu crt1.o Scrt1.o rcrt1.o crti.o crtn.o
for o in crt1 Scrt1 rcrt1; do ln -sf $o.o "csu/$(echo $o | sed 's/crt1/start/').o"
    stay="$stay -o $dir/build/csu/$(echo $o | sed 's/crt1/start/').o"; done
put . libc.so.6 libc.a libc_nonshared.a libgcc_s.so.1 libstdc++.so.6
put elf ld-linux-aarch64.so.1
ln -sf ld-linux-aarch64.so.1 elf/ld.so
stay="$stay -o $dir/build/elf/ld.so -o $dir/build/locale/localedef"
put math libm.so.6 libm.a
put rt librt.so.1 librt.a
put dlfcn libdl.so.2 libdl.a
put nptl libpthread.so.0 libpthread.a
put nptl_db libthread_db.so.1
put resolv libresolv.so.2 libresolv.a libanl.so.1
put login libutil.so.1 libutil.a
put malloc libc_malloc_debug.so.0 libmcheck.a
put nss libnss_dns.so.2 libnss_files.so.2
mkdir -p iconvdata locale localedata debug crypt
cp -ru "$lib"/gconv/* iconvdata/
[ -e locale/localedef ] || { cp "$(command -v localedef)" locale/localedef; touch -d 2020-01-01 locale/localedef; }

submake() { # SUBDIR ARGUMENT...
    sub=$1; shift
    make -r -C ../src/"$sub" objdir="$dir/build" $stay "$@"
}
# The generated makefiles, before there are two jobs.
submake support -n objs >/dev/null 2>../generated.log || { tail -3 ../generated.log >&2; exit 1; }

for part in elf/static-stubs.o csu/abi-note.o misc/bits/syscall.h; do
    submake ${part%%/*} "$dir/build/$part" >../part.log 2>&1 || { tail -5 ../part.log >&2; exit 1; }
done
submake support -j2 "$dir/build/support/libsupport_nonshared.a" others >../support.log 2>&1 || { tail -5 ../support.log >&2; exit 1; }
# "Run" by false: so what a test wants besides its program (modules it loads) is made too.
for sub in $subdirs; do
    submake $sub -k -j2 tests run-built-tests=no >../$sub.log 2>&1 || grep -a '\*\*\*' ../$sub.log | head -5 >&2
    submake $sub -k -j2 tests run-built-tests=yes test-wrapper=false >../$sub.modules.log 2>&1 || :
    find $sub -name '*.out' -delete -o -name '*.test-result' -delete
done

locales=$(for d in posix time; do
    sed -n '/^LOCALES *:=/,/[^\\]$/p' ../src/$d/Makefile | sed 's/^LOCALES *:=//; s/\\$//; /^#/d'
done | tr -s ' \t\n' '\n\n\n' | grep '[.]' | sort -u)
for l in $locales; do
    [ -e "localedata/$l/LC_CTYPE" ] && continue
    base=${l%%.*} charmap=${l#*.} mod=
    case $l in *@*) mod=@${l#*@} charmap=${charmap%@*} ;; esac
    from=$all/$base.$(echo "$charmap" | tr -d - | tr A-Z a-z)$mod
    ! grep -qx "$base$mod $charmap" /usr/share/i18n/SUPPORTED || [ -e "$from" ] || from=$all/$base$mod
    if [ -e "$from" ]; then cp -rL "$from" "localedata/$l"; else
        more=; [ "$charmap" != SJIS ] || { charmap=SHIFT_JIS; more=--no-warnings=ascii; }
        (cd ../src/localedata && I18NPATH=. localedef --quiet $more -f "$charmap" -i "$base$mod" \
            "$dir/build/localedata/$l") || :
    fi
    touch "localedata/$l/LC_CTYPE"
done
for sub in $subdirs; do
    submake $sub -k -n tests run-built-tests=yes test-wrapper='$$EMULATOR' >../$sub.make 2>../$sub.make.log || :
done
# The root that tests in a container of their own get, as `make install` would make it.
root=testroot.pristine there=testroot.pristine/lib/aarch64-linux-gnu
mkdir -p $root/bin $root/dev $root/etc $root/proc $root/tmp $root/usr/bin $root/usr/lib/locale $there testroot.root
for program in sh echo true; do
    case $program in sh) from=shell ;; *) from=$program ;; esac
    cp support/$from-container $root/bin/$program
done
cp elf/ld-linux-aarch64.so.1 $root/lib/
cp ./*.so.[0-9]* */lib*.so.[0-9]* $there/
# The tests run as an ordinary user.
for sub in $subdirs; do chmod a+w $sub ../src/$sub; done
chmod -R a+rwX . 2>/dev/null || :
