#!/bin/sh
# Debian packages as files: unpacks packages of any architecture or release into a folder, or fetches a
# source package, without touching the system's apt.
#
#   scripts/debs.sh root [-s SUITE] ARCH DIR PACKAGE...   packages and what they depend on into DIR
#   scripts/debs.sh bare [-s SUITE] ARCH DIR PACKAGE...   only the packages themselves
#   scripts/debs.sh source DIR PACKAGE...                 unpacked sources as DIR/PACKAGE
#
# The mirror, the proxies and the keys are those of the system's own apt configuration; apt runs on a
# private root beside DIR (DIR.apt) with an empty package database. No root is needed. A finished DIR
# carries a stamp (DIR/.debs) with the request, so that asking again costs nothing; DIR.apt/archives
# keep the downloaded files. Maintainer scripts are not run: there is no ldconfig, no alternatives.
set -eu

die() { echo "debs.sh: $*" >&2; exit 1; }

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || die "needs apt-get and dpkg-deb"
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$codename" ] || die "no VERSION_CODENAME in /etc/os-release"

# The system's sources of its own release, as lines "URI RELEASE COMPONENT".
system_sources() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v c="$codename" '$3 == "main" && ($2 == c || $2 == c "-updates" || $2 == c "-security")' |
        sort -u
}

# make_apt DIR ARCH SUITE TYPE: writes DIR/apt.conf and runs apt-get update with it.
make_apt() {
    apt=$1
    mkdir -p "$apt/etc" "$apt/state/lists/partial" "$apt/archives/partial"
    : >"$apt/status"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [ -r $keyring ]; then signed="[signed-by=$keyring] "; else signed=; fi
    system_sources | if [ "$3" = "$codename" ]; then cat; else
        awk -v c="$codename" -v s="$3" '$2 == c { $2 = s; print }'
    fi | sed "s|^|$4 $signed|" >"$apt/etc/sources.list"
    [ -s "$apt/etc/sources.list" ] || die "the system's apt has no source for $codename"
    {
        echo "APT::Architecture \"$2\";"
        echo "APT::Architectures { \"$2\"; };"
        echo 'APT::Install-Recommends "false"; APT::Sandbox::User "root"; Debug::NoLocking "true";'
        echo 'Acquire::Languages "none"; Acquire::Retries "3";'
        echo "Dir::Etc \"$apt/etc\"; Dir::Etc::sourceparts \"-\"; Dir::Etc::parts \"-\";"
        echo 'Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";'
        echo "Dir::State \"$apt/state\"; Dir::State::status \"$apt/status\";"
        echo "Dir::Cache \"$apt\"; Dir::Cache::archives \"$apt/archives\";"
        apt-config dump | grep -E '^Acquire::(http|https|Check-Valid-Until|Check-Date)' || :
    } >"$apt/apt.conf"
    APT_CONFIG=$apt/apt.conf apt-get -qq update >"$apt/log" 2>&1 || { tail -5 "$apt/log" >&2
        die "apt-get update failed ($apt/log)"; }
}

# merged_usr DIR: the links of a merged-/usr tree.
merged_usr() {
    mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" "$1/tmp"
    for d in bin sbin lib; do [ -e "$1/$d" ] || ln -s usr/$d "$1/$d"; done
    if [ "$2" = amd64 ] && [ ! -e "$1/lib64" ]; then
        mkdir -p "$1/usr/lib64"; ln -s usr/lib64 "$1/lib64"
    fi
}

[ $# -ge 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 1; }
what=$1; shift
case $what in
root|bare)
    suite=$codename
    if [ "$1" = -s ]; then suite=$2; shift 2; fi
    [ $# -ge 3 ] || die "$what wants ARCH DIR PACKAGE..."
    arch=$1 dir=$2; shift 2
    request="$what $suite $arch $*"
    [ "$(cat "$dir/.debs" 2>/dev/null)" = "$request" ] && exit 0
    echo "debs.sh: fetching $# $arch packages of $suite into $dir" >&2
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd); apt=$dir.apt
    make_apt "$apt" "$arch" "$suite" deb
    if [ "$what" = root ]; then
        APT_CONFIG=$apt/apt.conf apt-get -qq -y --download-only install "$@" >>"$apt/log" 2>&1 ||
            { tail -5 "$apt/log" >&2; die "download failed ($apt/log)"; }
        merged_usr "$dir" "$arch"
    else
        (cd "$apt/archives" && APT_CONFIG=$apt/apt.conf apt-get -qq download "$@") >>"$apt/log" 2>&1 ||
            { tail -5 "$apt/log" >&2; die "download failed ($apt/log)"; }
    fi
    # A finished DIR that asks for more gets only the packages that it has not.
    had=$apt/had; : >"$had"
    if [ -e "$dir/.debs" ]; then cp "$dir/.versions" "$had"; fi
    for deb in "$apt"/archives/*.deb; do
        basename "$deb" | sed 's/%3a/:/g' | grep -qxFf "$had" && continue
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir" --keep-directory-symlink \
            --no-same-owner --delay-directory-restore --exclude='./usr/share/doc' \
            --exclude='./usr/share/man' --exclude='./usr/share/locale' || die "unpacking $deb failed"
    done
    # ".deb" names carry the versions: the list that comparisons are made with.
    (cd "$apt/archives" && ls ./*.deb | sed 's|^\./||; s/%3a/:/g') >"$dir/.versions"
    echo "$request" >"$dir/.debs"
    ;;
source)
    dir=$1; shift
    mkdir -p "$dir"; dir=$(cd "$dir" && pwd)
    for p; do [ -d "$dir/$p" ] || missing=1; done
    [ -n "${missing:-}" ] || exit 0
    apt=$dir/.apt
    make_apt "$apt" "$(dpkg --print-architecture)" "$codename" deb-src
    for p; do
        [ -d "$dir/$p" ] && continue
        echo "debs.sh: fetching the source of $p" >&2
        rm -rf "$apt/src"; mkdir -p "$apt/src"
        # A mirror may lack the security archive's copy of what the release has as well.
        (cd "$apt/src" && APT_CONFIG=$apt/apt.conf && export APT_CONFIG &&
            { apt-get -qq source "$p" || apt-get -qq source "$p/$codename"; }) >>"$apt/log" 2>&1 ||
            { tail -5 "$apt/log" >&2; die "apt-get source $p failed ($apt/log)"; }
        mv "$(find "$apt/src" -mindepth 1 -maxdepth 1 -type d)" "$dir/$p"
    done
    ;;
*)
    die "$what is not root, bare or source" ;;
esac
