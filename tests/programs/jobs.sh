# bash: functions, recursion, arrays, regular expressions, here-documents, pipes, jobs, traps, coprocesses,
# arithmetic in bases, printf, getopts, brace and glob expansion, process substitution, subshells.
set -u; shopt -s extglob nullglob
declare -i seed=42; rnd() { seed='(seed * 1103515245 + 12345) & 0x7fffffff'; REPLY=$(( (seed >> 8) % $1 )); }
sieve() { local -a c; local i j n=$1 out=; for ((i = 2; i <= n; i++)); do if [[ -z ${c[i]:-} ]]; then out+="$i "; for ((j = i * i; j <= n; j += i)); do c[j]=1; done; fi; done; echo $out; }
sieve 400
sort_() { local a=("$@") i j t; for ((i = 1; i < ${#a[@]}; i++)); do t=${a[i]}; for ((j = i; j > 0 && a[j-1] > t; j--)); do a[j]=${a[j-1]}; done; a[j]=$t; done; echo "${a[@]}"; }
list=(); for i in {1..60}; do rnd 1000; list+=($REPLY); done; sort_ "${list[@]}"; [[ $(sort_ "${list[@]}") == "$(printf '%s\n' "${list[@]}" | sort -n | paste -sd' ')" ]] && echo same as sort
hanoi() { (( $1 )) || return 0; hanoi $(($1 - 1)) $2 $4 $3; moves+="$2$4 "; hanoi $(($1 - 1)) $3 $2 $4; }; moves=; hanoi 7 a b c; echo ${#moves} ${moves: -12}
declare -A count; while read -ra w; do for x in "${w[@]}"; do x=${x//[^a-z]/}; count[$x]=$(( ${count[$x]:-0} + 1 )); done; done < text; for k in "${!count[@]}"; do echo "${count[$k]} $k"; done | sort -rn -k1,1 -k2 | head -5
calc() { local expr=$1 tok re='^([0-9]+|[-+*/()])(.*)'; expr=${expr// /}; local -a out=() ops=(); local -A prec=([+]=1 [-]=1 [\*]=2 [/]=2)
    while [[ $expr =~ $re ]]; do tok=${BASH_REMATCH[1]} expr=${BASH_REMATCH[2]}
        case $tok in +([0-9])) out+=($tok);; \() ops+=("$tok");; \)) while [[ ${ops[-1]} != \( ]]; do out+=("${ops[-1]}"); unset 'ops[-1]'; done; unset 'ops[-1]';;
        *) while ((${#ops[@]})) && [[ ${ops[-1]} != \( ]] && ((${prec[${ops[-1]}]} >= ${prec[$tok]})); do out+=("${ops[-1]}"); unset 'ops[-1]'; done; ops+=("$tok");; esac; done
    while ((${#ops[@]})); do out+=("${ops[-1]}"); unset 'ops[-1]'; done; local -a st=(); for tok in "${out[@]}"; do case $tok in +([0-9])) st+=($tok);; *) local b=${st[-1]} a=${st[-2]}; unset 'st[-1]' 'st[-1]'; st+=($((a $tok b)));; esac; done; echo "$1 = ${st[0]}"; }
set -f; calc '2 * (3 + 4) - 5 * (6 - 2)'; calc '100 / (2 + 3) * 7 - 1'; set +f
echo $((16#ff + 8#17 + 2#1011 + 36#zz)) $((2 ** 40)) $((-7 / 2)) $((-7 % 3)) $((1 << 62)) $((7 > 3 ? 10 : 20)) $((x = 5, x++ + ++x))
printf '%05d|%-8s|%x|%o|%+d|%e|%.3f|%q|%b|%c\n' 42 ab 255 8 5 12345.678 2.71828 'a b$c' 'tab\there' xyz; printf '%(%F %T)T\n' 1700000000; printf -v v '%s,' a b c; echo "$v"
s='The quick brown fox'; echo "${s#* }" "${s##* }" "${s%% *}" "${s/quick/slow}" "${s//[aeiou]/_}" "${s^^}" "${s,,}" "${s:4:5}" "${s: -3}" "${#s}" "${s@Q}" "${none:-default}" "${s:+set}"
getopts_() { local OPTIND o; while getopts 'ab:c' o "$@"; do echo "opt $o ${OPTARG:-}"; done; shift $((OPTIND - 1)); echo "rest $*"; }; getopts_ -a -b val -c x y
coproc CO { while read -r l; do echo "co:${l^^}"; done; }; for w in one two three; do echo $w >&${CO[1]}; read -r r <&${CO[0]}; echo $r; done; exec {CO[1]}>&-; wait $CO_PID; echo co $?
trap 'echo exit trap' EXIT; trap 'echo usr1' USR1; kill -USR1 $$; (trap 'echo sub term; exit 9' TERM; kill -TERM $BASHPID; echo no); echo sub $?; trap 'echo err $?' ERR; false; trap - ERR
for i in 1 2 3; do (exit $i) & p[i]=$!; done; for i in 1 2 3; do wait ${p[i]}; echo job $i $?; done; { sleep 5 & k=$!; kill -9 $k; wait $k; } 2>/dev/null; echo killed $?
diff <(sort words | uniq) <(sort -u words) && echo equal; tee >(wc -l > lines.out) < text | md5sum; sleep 0.2; cat lines.out; cat <<A; cat <<'B'; cat <<-C
in $s $((1 + 1)) $(echo sub)
A
raw $s $((1 + 1))
B
	tab stripped
	C
mapfile -t m < <(seq 5 -1 1); echo "${m[@]}" "${#m[@]}" "${m[@]:1:2}" "${!m[@]}"; unset 'm[1]'; echo "${!m[@]}"; IFS=: read -r a b c <<< 'x:y:z w'; echo "$c $b $a"; echo {a..e}{1..3} {01..10..3}; echo tree/*; echo tree/!(empty)
f() { local -n ref=$1; ref+=(more); declare -g G=global; return 5; }; arr=(1); f arr; echo $? "${arr[@]}" $G; [[ abc < abd && -f text && ! -d text && $s == The* ]] && echo cond; select x in one two; do echo "chose $x"; break; done <<< 2 2>/dev/null
i=0; until ((i >= 3000)); do ((i++)); case $i in *00) ((i % 700)) || echo -n "$i ";; esac; done; echo; exec 5> five; echo five >&5; exec 5>&-; cat five; set -- a 'b c' d; echo $# "$2" "${@:2}"; eval 'echo $(( $# * 2 ))'; time_=$SECONDS; echo $((time_ < 100)); ( set -e; false; echo no ); echo e $?; ( set -o pipefail; false | true ); echo p $?; type -t f if cd ls; declare -p arr; fc -l >/dev/null 2>&1; enable -n echo 2>/dev/null; enable echo; bash -c 'echo child $0 $1' zero one; exit 4
