"""Unmodified Debian arm64 programs under -L, against qemu-aarch64 and against the amd64 programs.

A row: name, program, arguments, options. The work folder holds the input files of inputs(); what a
program writes there counts as output. Options: stdin=FILE, native=False where the output depends on
the target, script=True to write args[0] to the file `script` and run the program on it."""
import hashlib
import os

from .base import Case, ENVIRONMENT, Fail, Outcome, compare, run

C_SOURCE = r"""
typedef unsigned long size_t;
struct node { struct node *left, *right; int key, value; };
static int table[64] = { 3, 1, 4, 1, 5, 9, 2, 6 };
int hash(const char *s) { int h = 5381; while (*s) h = h * 33 ^ *s++; return h; }
struct node *find(struct node *n, int key)
{
    while (n && n->key != key)
        n = key < n->key ? n->left : n->right;
    return n;
}
static int fold(int x, int op)
{
    switch (op) {
    case 0: return x + 1; case 1: return x * 3; case 2: return x / 7; case 3: return x << 4;
    case 4: return x ^ 0x55; case 5: return x % 10; case 6: return -x; case 7: return ~x;
    default: return table[x & 63];
    }
}
long run(const int *code, int n, long acc)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 8; k++)
            acc += fold((int)acc, code[i] + k) & 0xff;
        if (acc > 1000000000)
            acc >>= 3;
    }
    return acc;
}
void sort(int *a, int n)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && a[j - 1] > a[j]; j--) {
            int t = a[j];
            a[j] = a[j - 1];
            a[j - 1] = t;
        }
}
"""

LUA = r"""
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(20), _VERSION)
local t = {}
for i = 1, 2000 do t[i] = (i * 7919) % 1009 end
table.sort(t)
print(t[1], t[1000], t[2000], #t)
local s = {}
for w in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do s[#s + 1] = w:upper() end
print(table.concat(s, "-"), ("%5d|%-5s|%x"):format(42, "ab", 255))
print(string.rep("ab", 3), ("hello"):sub(2, -2), ("x=1,y=2"):gsub("(%w)=(%w)", "%2=%1"))
print(pcall(error, "oops"), select("#", 1, 2, 3), 7 // 2, 7 % -3, 1 << 40, 0xff ~ 0x0f)
local co = coroutine.wrap(function(a) for i = 1, 3 do a = a + coroutine.yield(a) end return "done" end)
print(co(1), co(2), co(3), co(4))
local mt = setmetatable({}, { __index = function(_, k) return k .. "!" end, __call = function(_, x) return x * 2 end })
print(mt.hello, mt(21), math.maxinteger, math.tointeger(3.0), 10 / 4)
"""

SQL = """
create table t(id integer primary key, k integer, s text);
with recursive c(x) as (select 1 union all select x + 1 from c where x < 2000)
insert into t select x, (x * 7919) % 1009, 'row ' || (x % 37) from c;
create index i on t(k);
select count(*), sum(k), min(s), max(s) from t;
select s, count(*), sum(k) from t group by s order by 2 desc, 1 limit 5;
select a.id, b.id from t a join t b on a.k = b.k and a.id < b.id order by 1, 2 limit 5;
update t set k = k + 1 where id % 3 = 0; delete from t where id % 5 = 0;
select count(*), sum(k), group_concat(substr(s, 5), '') from t where id < 50;
pragma integrity_check;
"""

SHELL = r"""
set -u
f() { local n=$1; if ((n < 2)); then echo $n; else echo $(( $(f $((n-1))) + $(f $((n-2))) )); fi; }
echo fib $(f 9)
declare -A m; for w in one two three two one two; do m[$w]=$(( ${m[$w]:-0} + 1 )); done
for k in one two three; do echo $k ${m[$k]}; done
x="hello world"; echo ${x^^} ${x/o/0} ${x:3:5} ${#x} ${x%%o*} ${x##*o}
printf '%s-%03d-%x\n' abc 7 255
case $x in h*d) echo glob;; esac
[[ $x =~ ^h(.*)d$ ]] && echo "re ${BASH_REMATCH[1]}"
seq 1 20 | while read n; do (( n % 3 )) || printf '%d ' $n; done; echo
cat <<END | tr a-z A-Z | sort -r
beta
alpha
END
echo $(wc -l < text) lines; trap 'echo trapped' USR1; kill -USR1 $$
(exit 7); echo status $?; false || echo or; true && echo and
sleep 0 & wait $!; echo waited $?
a=(5 3 9 1); IFS=$'\n' b=($(sort -n <<<"${a[*]}")); echo "${b[*]}"
diff <(echo a) <(echo b); echo diff $?
for i in 1 2 3; do echo $i; done | paste -sd+ | { read e; echo $((e)); }
echo $BASH_VERSION | cut -d. -f1; ulimit -n >/dev/null && echo limits; echo ~ | wc -c >/dev/null; times >/dev/null
"""

GIT = r"""
set -e
git init -q -b main repo; cd repo; git config pack.threads 1; git config index.threads 1
for i in 1 2 3 4 5; do echo "line $i" >> file; cp ../text "text$i"; sed -i "${i}s/e/E/g" "text$i"; git add .; git commit -q -m "commit $i"; done
git log --oneline | cut -c9-; git log -1 --format=%H; git diff HEAD~2 --stat; git status --short
git checkout -q -b side HEAD~3; echo side >> file2; git add .; git commit -q -m side; git merge -q -m merge main
git log --graph --format=%s; git rev-parse HEAD; git blame -s file | cut -c1-8,9-; git -c grep.threads=1 grep -c line
git tag v1; git describe; git gc -q; git fsck; git count-objects -v | grep in-pack
cd ..; git clone -q repo copy; git -C copy log --format=%h | head -3; git -C copy show --stat HEAD~1 | tail -3
"""

PY = r"""
import hashlib, json, re, collections, struct, zlib, itertools, functools
print(sum(i * i for i in range(20000)), 3 ** 200 % 10 ** 30, divmod(-7, 3))
print(hashlib.sha256(b"x" * 1000).hexdigest(), zlib.crc32(b"hello"))
d = collections.Counter("the quick brown fox jumps over the lazy dog"); print(sorted(d.items())[:6])
print(json.dumps({"a": [1, 2, {"b": None}], "c": "\u00e9"}), re.sub(r"(\w+) (\w+)", r"\2 \1", "hello world"))
class A:
    def __init__(s, x): s.x = x
    def __lt__(s, o): return s.x < o.x
print([a.x for a in sorted(A(i * 7 % 11) for i in range(11))], struct.pack("<IHb", 1, 2, -3))
@functools.lru_cache(None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(90), list(itertools.islice(itertools.permutations("abc"), 4)), "%05.2f|%-6s|%x" % (3.14159, "ab", 255))
try: {}["missing"]
except KeyError as e: print("caught", e)
print([x for x in range(50) if all(x % d for d in range(2, x)) and x > 1], bytes(range(5)).hex())
"""

PY_THREADS = r"""
import concurrent.futures, hashlib, multiprocessing, queue, subprocess, sys, threading
count, lock, local = 0, threading.Lock(), threading.local()
def work(n):
    global count
    local.n = n
    for i in range(2000):
        with lock: count += 1
    assert local.n == n
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for t in threads: t.start()
for t in threads: t.join()
print(count)
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(lambda x: x * x, range(300))))
    print(hashlib.sha256(b"".join(pool.map(lambda x: hashlib.sha256(bytes([x]) * 50000).digest(), range(40)))).hexdigest())
    print(",".join(pool.map(lambda i: subprocess.run(["echo", str(i)], capture_output=True, text=True).stdout.strip(), range(8))))
q, sums = queue.Queue(3), []
def produce():
    for i in range(500): q.put(i)
    q.put(None)
t = threading.Thread(target=produce); t.start(); s = 0
while (x := q.get()) is not None: s += x
t.join(); print(s)
e, b = threading.Event(), threading.Barrier(3)
def meet(): b.wait(); e.wait(); sums.append(1)
ts = [threading.Thread(target=meet) for _ in range(2)]; [t.start() for t in ts]; b.wait(); e.set(); [t.join() for t in ts]; print(len(sums))
def cube(x): return x ** 3
if __name__ == "__main__":
    with multiprocessing.Pool(2) as p: print(sum(p.map(cube, range(200))))
    with concurrent.futures.ProcessPoolExecutor(2) as p: print(sum(p.map(cube, range(50))))
"""

PERL = r"""
use strict; my %h; $h{$_}++ for split //, "the quick brown fox"; print join(",", map {"$_$h{$_}"} sort keys %h), "\n";
my @a = sort { $a <=> $b } map { $_ * 7919 % 1009 } 1..500; print "@a[0..5] $#a\n";
my $s = "x=1, y=22, z=333"; print "$1:$2;" while $s =~ /(\w)=(\d+)/g; (my $t = $s) =~ tr/xyz/abc/; print "\n$t\n";
sub f { my $n = shift; $n < 2 ? $n : f($n-1) + f($n-2) } print f(15), " ", sprintf("%05d|%-5s|%x|%s", 42, "ab", 255, 10/4), "\n";
print join(" ", reverse 1..5), " ", pack("A3n", "abcd", 258) eq "abc\1\2" ? "ok" : "no", " ", 2**40, " ", 7 % -3, "\n";
open my $fh, "<", "text" or die; my $n = 0; while (<$fh>) { $n += length } print "$n\n"; print eval { die "oops\n" } // $@;
"""

RUBY = r"""
puts (1..20).map { |x| x * x }.select(&:even?).inspect, "hello".sub(/l+/) { |m| m.upcase }, 2**100
h = Hash.new(0); "the quick brown fox".each_char { |c| h[c] += 1 }; p h.sort.first(5)
def fib(n) n < 2 ? n : fib(n - 1) + fib(n - 2) end
puts fib(18), [3, 1, 2].sort.join("-"), "%05d|%x" % [42, 255], (begin; raise "oops"; rescue => e; e.message; end)
"""

TCL = r"""
proc fib n { if {$n < 2} { return $n }; expr {[fib [expr {$n-1}]] + [fib [expr {$n-2}]]} }
puts [fib 15]; set l {}; for {set i 0} {$i < 50} {incr i} { lappend l [expr {$i * 7919 % 101}] }
puts [lsort -integer $l]; puts [string toupper "hello"] ; puts [regsub -all {(\w)=(\w)} "a=1 b=2" {\2=\1}]
array set a {x 1 y 2}; puts [lsort [array names a]]; puts [format "%05d|%x" 42 255]; puts [expr {2**70}]
"""

R = []


def row(name, program, *args, **options):
    R.append((name, program, args, options))


for n, (prog, args) in enumerate([
        ("ls", ["-la", "--time-style=+%Y", "tree"]), ("ls", ["-R", "tree"]), ("cat", ["-n", "text"]),
        ("sort", ["text"]), ("sort", ["-k2", "-u", "text"]), ("sort", ["-n", "numbers"]),
        ("wc", ["text", "numbers", "data"]), ("head", ["-c", "1000", "data"]), ("tail", ["-3", "text"]),
        ("cut", ["-d ", "-f1,3", "text"]), ("uniq", ["-c", "words"]), ("comm", ["words", "text"]),
        ("join", ["-j", "1", "words", "words"]), ("paste", ["words", "numbers"]), ("fold", ["-w", "17", "text"]),
        ("fmt", ["text"]), ("pr", ["-2", "-l", "30", "-h", "title", "-D", "date", "numbers"]), ("nl", ["text"]),
        ("od", ["-A", "x", "-t", "x1z", "data"]), ("base64", ["data"]), ("base32", ["data"]), ("cksum", ["data"]),
        ("md5sum", ["data", "text"]), ("sha1sum", ["data"]), ("sha256sum", ["data", "text"]),
        ("sha512sum", ["data"]), ("b2sum", ["data"]), ("sum", ["data"]), ("tac", ["text"]),
        ("shuf", ["--random-source=data", "numbers"]), ("factor", ["1234567890123", "18446744073709551557"]),
        ("seq", ["1", "7", "200"]), ("expr", ["12345", "*", "6789"]), ("stat", ["-c", "%n %s %a", "text", "tree"]),
        ("cp", ["-a", "tree", "copy"]), ("mv", ["text", "moved"]), ("rm", ["-rv", "tree"]),
        ("mkdir", ["-pv", "a/b/c"]), ("ln", ["-sv", "text", "link"]), ("touch", ["-d", "2020-01-01", "new"]),
        ("chmod", ["-v", "600", "text"]), ("dd", ["if=data", "of=out", "bs=1000", "skip=3", "status=none"]),
        ("split", ["-l", "100", "text", "part-"]), ("csplit", ["-s", "text", "10", "20"]),
        ("tr", ["a-z", "A-Z"]), ("tee", ["copy"]), ("env", ["-i", "A=b"]), ("printf", ["%d %s\\n", "42", "x"]),
        ("date", ["-d", "@1700000000", "+%F %T %j"]), ("basename", ["/a/b/c.txt", ".txt"]), ("test", ["1", "-lt", "2"]),
        ("ls", ["missing"]), ("numfmt", ["--to=iec", "123456789"]), ("tsort", ["pairs"]), ("readlink", ["-f", "tree/up"]),
        ("realpath", ["tree/../text"]), ("pwd", []), ("true", []), ("false", []), ("sleep", ["0.01"]),
        ("timeout", ["1", "/usr/bin/true"]), ("du", ["-b", "--apparent-size", "text"]), ("nproc", ["--all"]),
        ("echo", ["a", "b"]), ("install", ["-m", "640", "text", "installed"]), ("truncate", ["-s", "100", "text"])]):
    row(f"coreutils/{n:02}-{prog}", "/usr/bin/" + prog, *args, stdin="text")
row("bash/script", "/usr/bin/bash", SHELL, script=True)
row("bash/interactive", "/usr/bin/bash", "--norc", "-i", stdin="pairs", native=False, err=False)
row("dash/script", "/usr/bin/dash", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; echo $i; for f in tree/*; "
    "do echo ${f##*/}; done; ls | wc -l; x=$(cat words | sort -u | head -2); echo $x", script=True)
row("grep/basic", "/usr/bin/grep", "-n", "fox", "text")
row("grep/extended", "/usr/bin/grep", "-Eo", "(the|a) [a-z]+( over| dog)?", "text")
row("grep/back-reference", "/usr/bin/grep", "-c", r"\(.\)\1", "text")
row("grep/ignore-case", "/usr/bin/grep", "-ivw", "DOG", "text")
row("grep/perl", "/usr/bin/grep", "-oP", r"\b\w+(?=,)", "text")
row("grep/recursive", "/usr/bin/grep", "-rl", "leaf", "tree")
row("grep/fixed", "/usr/bin/grep", "-Fxf", "words", "text")
row("grep/none", "/usr/bin/grep", "absent", "text")
row("sed/script", "/usr/bin/sed", "-n", r"s/\([a-z]*\) \([a-z]*\)/\2 \1/gp;5q", "text")
row("sed/in-place", "/usr/bin/sed", "-i.bak", "-E", "s/o+/0/g;/fox/d;3,5y/abc/xyz/", "text")
row("sed/hold", "/usr/bin/sed", "1!G;h;$!d", "words")
row("gawk/fields", "/usr/bin/gawk", '{ n[$1] += NF; l += length } END { asorti(n, k); for (i = 1; i <= length(k); i++) '
    'print k[i], n[k[i]]; print l, NR }', "text")
row("gawk/program", "/usr/bin/gawk", 'function f(n) { return n < 2 ? n : f(n-1) + f(n-2) } BEGIN { print f(18); '
    'for (i = 0; i < 5; i++) printf "%d %s %5.2f|", i, substr("hello", i, 2), i / 3; print toupper("x") and(12, 10); '
    's = "a1b22"; gsub(/[0-9]+/, "<&>", s); print s, match("foobar", /o+/), RSTART, strftime("%F", 0, 1); '
    'print split("a:b:c", p, ":"), p[3]; srand(1); "echo sub" | getline x; print x; print sprintf("%c%x", 65, 255) }')
row("tar/create", "/usr/bin/tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "-cf",
    "out.tar", "tree", "text")
row("tar/list", "/usr/bin/bash", "tar --mtime=@0 --sort=name -cf a.tar tree && tar -tf a.tar | sort && tar -xf a.tar --transform 's,^tree,new,' "
    "&& find new | sort && tar --mtime=@0 --sort=name -czf b.tgz tree && tar -xOzf b.tgz tree/leaf1", script=True)
for z, ext in (("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz")):
    row(f"{z}/compress", "/usr/bin/" + z, "-k", "-9", "text")
    row(f"{z}/data", "/usr/bin/" + z, "-c", "data")
    row(f"{z}/round", "/usr/bin/bash", f"{z} -c text > t.{ext}; {z} -t t.{ext}; {z} -dc t.{ext} | cmp - text; "
        f"head -c 300 t.{ext} | {z} -dc >/dev/null 2>&1; echo broken $?", script=True)
row("zstd/compress", "/usr/bin/zstd", "-q", "-k", "-12", "--single-thread", "--no-asyncio", "text")
row("zstd/data", "/usr/bin/zstd", "-q", "-c", "--single-thread", "--no-asyncio", "data")
row("zstd/round", "/usr/bin/bash", "zstd -q --single-thread --no-asyncio text -o t.zst; zstd -q --no-asyncio -t t.zst; zstd -q --no-asyncio -dc t.zst | cmp - text; "
    "head -c 300 t.zst | zstd -q --no-asyncio -dc >/dev/null 2>&1; echo broken $?", script=True)
row("lua5.4/script", "/usr/bin/lua5.4", LUA, script=True)
row("lua5.4/error", "/usr/bin/lua5.4", "local x = nil; print(x.y)", script=True)
row("sqlite3/queries", "/usr/bin/sqlite3", "base.db", SQL, files=False)
row("sqlite3/memory", "/usr/bin/sqlite3", ":memory:", "select 1 + 1, upper('abc'), length(hex(zeroblob(100))), 7 % 3, "
    "1 << 20, printf('%05d', 42), json_extract('{\"a\":[1,2]}', '$.a[1]'), strftime('%Y', 0, 'unixepoch');")
row("git/work", "/usr/bin/bash", GIT, script=True, files=False)
row("git/version", "/usr/bin/git", "--version")
row("git/hash", "/usr/bin/git", "hash-object", "text", "data")
row("cc1/O1", "/usr/lib/gcc/aarch64-linux-gnu/12/cc1", "-quiet", "-O1", "in.i", "-o", "-", native=False)
row("cc1/O2", "/usr/lib/gcc/aarch64-linux-gnu/12/cc1", "-quiet", "-O2", "in.i", "-o", "-", native=False)
row("cc1/error", "/usr/lib/gcc/aarch64-linux-gnu/12/cc1", "-quiet", "text", "-o", "-", native=False)
row("python3/script", "/usr/bin/python3", "-S", PY, script=True, more=True)
row("python3/threads", "/usr/bin/python3", "-S", PY_THREADS, script=True, more=True)
row("xz/threads", "/usr/bin/bash", "cat data data data data data data > d; xz -T2 --block-size=64KiB -k d; xz -T2 -dc d.xz | cmp - d; echo $?",
    script=True, more=True)
row("zstd/threads", "/usr/bin/bash", "for i in 1 2 3 4; do cat data text; done > d; zstd -q -T2 -B65536 d; zstd -q -dc d.zst | cmp - d; echo $?",
    script=True, more=True)
row("git/threads", "/usr/bin/bash", GIT.replace("threads 1", "threads 2").replace("threads=1", "threads=2"), script=True,
    files=False, more=True)
row("perl/script", "/usr/bin/perl", PERL, script=True, more=True)
row("ruby/script", "/usr/bin/ruby", "--disable-gems", RUBY, script=True, more=True)
row("tcl/script", "/usr/bin/tclsh8.6", TCL, script=True, more=True)
row("bc/powers", "/usr/bin/bc", "-q", stdin="bc-input", more=True)
row("m4/macros", "/usr/bin/m4", "define(`f', `ifelse($1, 0, 1, `eval($1 * f(decr($1)))')')f(10) len(hello) translit(abc, a-c, x-z)\n",
    script=True, more=True)
row("make/run", "/usr/bin/make", "-f", "makefile", more=True)
row("find/tree", "/usr/bin/find", "tree", "-type", "f", "-name", "leaf*", "-size", "-2", more=True)
row("xargs/run", "/usr/bin/xargs", "-n", "2", "echo", stdin="words", more=True)
row("diff/unified", "/usr/bin/diff", "--label", "a", "--label", "b", "-u", "words", "text", more=True)
row("file/types", "/usr/bin/file", "text", "data", "in.i", more=True)
row("openssl/digest", "/usr/bin/openssl", "dgst", "-sha256", "-r", "data", more=True)
row("openssl/aes", "/usr/bin/openssl", "enc", "-aes-128-cbc", "-K", "00112233445566778899aabbccddeeff", "-iv",
    "000102030405060708090a0b0c0d0e0f", "-in", "data", more=True)
row("busybox/applets", "/usr/bin/busybox", "sh", "-c", "echo hello | busybox sed s/l/L/g; busybox seq 3 | busybox sort -r; "
    "busybox md5sum text; busybox expr 6 '*' 7; busybox wc -l < text", more=True)
row("luajit/script", "/usr/bin/luajit", "local s = 0; for i = 1, 300000 do s = (s * 31 + i) % 65521 end; print(s); "
    "local t = {}; for i = 1, 1000 do t[#t + 1] = i % 7 end; table.sort(t); print(t[1], t[1000], ('abc'):rep(3))",
    script=True, more=True)


def inputs(folder):
    """The same files every time."""
    seed = 12345
    words = "the quick brown fox, jumps over a lazy dog; pack my box with five dozen liquor jugs zoo book".split()
    text, numbers = [], []
    for i in range(400):
        line = []
        for _ in range(3 + i % 9):
            seed = (seed * 1103515245 + 12345) & 0x7fffffff
            line.append(words[(seed >> 12) % len(words)])
        text.append(" ".join(line))
        numbers.append(str((seed >> 5) % 100003 - 5000))
    data = bytearray()
    for i in range(20000):
        seed = (seed * 1103515245 + 12345) & 0x7fffffff
        data.append((seed >> 16 if i % 1000 < 600 else i) & 255)
    files = {
        "text": "\n".join(text) + "\n", "numbers": "\n".join(numbers) + "\n",
        "words": "".join(sorted(w + "\n" for t in text[:60] for w in t.split())),
        "pairs": "echo b\nb c\na b\nc d\n", "in.i": C_SOURCE,
        "bc-input": "2^500\nscale=20\n4*a(1)\nobase=16\n123456789\ndefine f(n) { if (n < 2) return n; "
                    "return f(n-1)+f(n-2); }\nobase=10\nf(15)\nsqrt(2)\n",
        "makefile": "all: a b\n\t@echo all $^\na: text\n\t@wc -l < text\nb:\n\t@echo $(shell echo sub) $(words one two)\n",
        "tree/leaf1": "leaf one\n", "tree/leaf2": "leaf two\n", "tree/deep/leaf3": "three\n", "tree/empty": "",
    }
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
        os.utime(path, (1600000000, 1600000000))
    with open(os.path.join(folder, "data"), "wb") as f:
        f.write(data)
    os.utime(os.path.join(folder, "data"), (1600000000, 1600000000))
    os.symlink("../text", os.path.join(folder, "tree", "up"))
    for d in ("tree/deep", "tree"):
        os.utime(os.path.join(folder, d), (1600000000, 1600000000))


def files_after(folder):
    """A digest of what the program left, as text: name and hash a line."""
    found = []
    for path, _, names in os.walk(folder):
        for name in sorted(names):
            full = os.path.join(path, name)
            if name == "script":
                continue
            if os.path.islink(full):
                what = "-> " + os.readlink(full)
            else:
                what = hashlib.sha256(open(full, "rb").read()).hexdigest()[:16] if os.path.isfile(full) else "special"
            found.append(f"{os.path.relpath(full, folder)} {what}")
    return "\n".join(sorted(found)).encode()


def execute(context, prefix, entry, root):
    """Runs one row as `prefix root+program args` in a fresh folder; out gets the files' digest too."""
    _, program, args, options = entry
    with context.temp() as parent:
        folder = os.path.join(parent, "w")  # the same name everywhere
        os.makedirs(folder)
        inputs(folder)
        argv = list(args)
        if options.get("script"):
            with open(os.path.join(folder, "script"), "w", encoding="utf-8") as f:
                f.write(argv.pop())
            argv.append("script")
        stdin = b""
        if options.get("stdin"):
            stdin = open(os.path.join(folder, options["stdin"]), "rb").read()
        elif options.get("input"):
            stdin = options["input"].encode()
        env = {"PATH": options["path"] + ":" + ENVIRONMENT["PATH"]} if options.get("path") else None
        done = run([*prefix, root + program, *argv], cwd=folder, stdin=stdin, env=env, timeout=150)
        files = files_after(folder) if options.get("files", True) else b""
        # Paths of this run are not output.
        clean = [x.replace(root.encode(), b"").replace(parent.encode(), b"TMP") if root else
                 x.replace(parent.encode(), b"TMP") for x in (done.out, done.err)]
        return Outcome(done.command, done.status, clean[0] + b"\nfiles:\n" + files, clean[1])


def program(entry):
    def test(context):
        context.need_root()
        context.need_myna()
        got = execute(context, [context.myna, "-L", context.root], entry, context.root)
        streams = ("status", "out") if entry[3].get("err") is False else ("status", "out", "err")
        want = execute(context, [context.qemu, "-L", context.root], entry, context.root)
        compare(got, want, "qemu-aarch64", streams)
        if entry[3].get("native", True):
            if not os.path.exists(entry[1]):
                raise Fail(f"no native {entry[1]}: scripts/setup.sh native")
            compare(got, execute(context, [], entry, ""), "native", ("status", "out"))
    return test


def cases(context):
    return [Case("debian/" + entry[0], program(entry), 2 if entry[3].get("slow") else 1) for entry in R]
