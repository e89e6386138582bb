#!/bin/sh
# Issue 5's four configurations: the same tests with tier 2 from the first execution, with a cold persistent
# cache, with a warm one, and with random invalidation and region shapes.
#
#   tests/configs.sh [I/N] [CONFIGURATION...]    part I of N (1/1); cold warm stress tier2 (all)
#
# A configuration's parts: `make check`'s cases in four shards, c-torture at -O2, random sequences, the litmus
# tests, twelve named programs. Each part is one unit of work with a log in BUILD/check/configs; a unit that has
# passed with this very binary is not done again, so a run may be stopped and repeated. The last line is
# "N units passed, N failed"; the exit status is 1 if any failed.
#
# B: build folder (build). SEED: of stress (1). SEQUENCES: random sequences (1000000). ROUNDS: of each litmus
# test (1000000). J: cases at a time (2). PARTS: only these, of check1 ... check4, torture, fuzz, litmus, programs.
set -u
cd "$(dirname "$0")/.."
B=${B:-build} SEED=${SEED:-1} SEQUENCES=${SEQUENCES:-1000000} ROUNDS=${ROUNDS:-1000000} J=${J:-2}
shard=1/1
case ${1:-} in [0-9]*/[0-9]*) shard=$1; shift ;; esac
i=${shard%/*} n=${shard#*/}
out=$B/check/configs
mkdir -p "$out"

# Twelve named programs, by their suites' cases: interpreters, a JIT, a compiler, a database, git, TLS, archives.
programs='programs/python3/* programs/perl/* programs/ruby/* programs/tclsh/* programs/lua5.4/* programs/luajit/*
programs/bash/* programs/sqlite3/* programs/git/* programs/openssl/digests-and-ciphers programs/gcc/*
programs/archives/*'
# What looks at the engine's own counts, at the cache itself or at another -accel says nothing here. Nor does
# what boots machines or handles their images: system mode has neither tier 2 nor the cache, and its tests choose their -accel.
but='--but pcache/* --but jit/* --but chaos/* --but guest/*-interp --but unit/* --but bench/* --but fuzz/*
--but system/* --but boot_cpu/* --but device/* --but ui/* --but disk/* --but qcow2/* --but img/* --but network/* --but qmp/*
--but firmware/* --but scsi/* --but balloon/* --but sharing/* --but migration/*'

# unit CONFIGURATION PART: prints the command's output
unit() {
    accel=jit cache= times=1
    case $1 in
    tier2) accel=jit,tier2=always times=4 ;;
    cold) cache=$(pwd)/$out/cold.cache; rm -rf "$cache" ;;
    warm) cache=$(pwd)/$out/warm.cache ;;
    stress) accel=jit,stress=$SEED times=8 ;;
    esac
    set -f
    run="python3 tests/run.py -B $B -j $J --accel $accel ${cache:+--cache $cache} $but --times $times"
    warmed="$out/warm-$2.filled" # warm: everything once before, whatever it says
    case $2 in
    check*) set -- $run --shard "${2#check}/4" ;;
    torture) set -- $run --long torture/O2 ;;
    programs) set -- $run --long $programs ;;
    litmus) set -- env LITMUS_ROUNDS="$ROUNDS" $run --long threads/litmus-many ;;
    fuzz) set -- env B="$B" MYNA_ACCEL=$accel MYNA_CACHE="${cache:-off}" tests/fuzz/run.sh seq "$SEQUENCES" "$SEED" ;;
    esac
    if [ -n "$cache" ] && [ "$cache" = "$(pwd)/$out/warm.cache" ] && [ ! "$warmed" -nt "$B/myna" ]; then
        "$@" >/dev/null 2>&1
        : >"$warmed"
    fi
    "$@"
}

[ $# -gt 0 ] || set -- cold warm stress tier2
passed=0 failed=0 k=0
for config; do
    if [ "$config" = tier2 ] && ! "$B/myna-aarch64" -accel jit,tier2=always -version >/dev/null 2>&1; then
        echo "tier2: not available: myna has no second tier of translation yet"
        continue
    fi
    for part in ${PARTS:-check1 check2 check3 check4 torture fuzz litmus programs}; do
        k=$((k + 1))
        [ $((k % n)) -eq $((i % n)) ] || continue
        done=$out/$config-$part.ok
        if [ "$done" -nt "$B/myna" ]; then
            passed=$((passed + 1))
            continue
        fi
        begun=$(date +%s)
        if unit "$config" "$part" >"$out/$config-$part.log" 2>&1; then
            : >"$done"
            passed=$((passed + 1)) word=passed
        else
            rm -f "$done"
            failed=$((failed + 1)) word="FAILED, $out/$config-$part.log:"
        fi
        echo "$config $part: $word $(($(date +%s) - begun)) s; $(tail -1 "$out/$config-$part.log")"
    done
done
echo "$passed units passed, $failed failed"
[ "$failed" -eq 0 ]
