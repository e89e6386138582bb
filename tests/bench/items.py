"""The fixed list of what `make bench` measures. Sizes were fixed before any tuning: about 0.2 s native.

A row of ITEMS: name, class, and one of
  program=PATH, args=[...]   an unmodified Debian program: arm64 from the fetched root, and its amd64 twin
  source=FILE, flags, args   one of src/*.c, static, the same flags for both
  lua=True, args             Lua 5.4 from Debian's source package, static, the same flags for both
Options: density (two argument lists for --density), repeat (times a measured run starts the program), native (path of the twin if it differs),
env, compare=False (only the two qemus' and myna's outputs must agree: the twin's depends on the target).
An argument {runner} stands for the words of the command that run a foreign program (for the qemus, which
don't do that by themselves). Arguments may name files of inputs(); a run's working folder is a fresh copy-free folder of links.
"""
import os
import random
import subprocess

CLASSES = ["compressors", "hashing and crypto", "interpreters", "compiler, database, git", "guest JIT",
           "floating point", "vector and string", "start-up", "processes", "integer kernels", "gate: Lua static"]
C, H, I, D, J, F, V, S, P, K, G = CLASSES
APART = [S, P]  # "all but start-up and processes" is the rest

CC1 = "/usr/lib/gcc/aarch64-linux-gnu/12/cc1"
CROSS_CC1 = "/usr/lib/gcc-cross/aarch64-linux-gnu/12/cc1"

LUA = """local t, s = {}, 0
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
for i = 1, 60000 do t[i] = (i * 7919) % 100003 end
table.sort(t)
for i = 1, 2000000 do s = (s * 31 + t[i % 60000 + 1]) % 1000003 end
local p = {}
for i = 1, 60000 do p[#p + 1] = ("%d-%s"):format(i, ("ab"):rep(i % 5)) end
local n = 0
for w in table.concat(p, " "):gmatch("%d+%-a") do n = n + #w end
print(fib(27), t[1], s, n)
"""
PYTHON = """import re
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
class P:
    def __init__(s, x): s.x = x
    def step(s, k): s.x = (s.x * 31 + k) % 1000003
p = P(1)
for i in range(400000): p.step(i)
d = {}
for i in range(300000): d[i * 7919 % 10007] = d.get(i % 10007, 0) + i
s = ",".join(str(i * i) for i in range(60000))
print(fib(22), p.x, sum(d.values()) % 1000003, len(re.findall(r"9\\d*1", s)), sorted(s.split(","))[777], 3 ** 2000 % 1000007)
"""
PERL = """my ($s, %h, @a) = (0); sub fib { my $n = shift; $n < 2 ? $n : fib($n - 1) + fib($n - 2) }
for my $i (1 .. 800000) { $s = ($s * 31 + $i) % 1000003; $h{$s % 5003}++ }
@a = sort { $a <=> $b } map { $_ * 7919 % 100003 } 1 .. 90000;
my $t = join ",", @a[0 .. 8000]; my $n = 0; $n++ while $t =~ /(\\d)\\1/g; (my $u = $t) =~ s/9+/x/g;
print fib(20), " $s ", scalar(keys %h), " $a[999] $n ", length($u), "\\n";
"""
RUBY = """def fib(n) n < 2 ? n : fib(n - 1) + fib(n - 2) end
s = 0; h = Hash.new(0)
1000000.times { |i| s = (s * 31 + i) % 1000003; h[s % 5003] += 1 }
a = (1..90000).map { |i| i * 7919 % 100003 }.sort
t = a.first(8000).join(",")
puts [fib(24), s, h.size, a[999], t.scan(/(\\d)\\1/).size, t.gsub(/9+/, "x").size].inspect
"""
TCL = """proc fib n { if {$n < 2} { return $n }; expr {[fib [expr {$n - 1}]] + [fib [expr {$n - 2}]]} }
proc work {} { set s 0; array set h {}
for {set i 0} {$i < 700000} {incr i} { set s [expr {($s * 31 + $i) % 1000003}]; incr h([expr {$s % 503}]) }
set l {}; for {set i 0} {$i < 60000} {incr i} { lappend l [expr {$i * 7919 % 100003}] }
set l [lsort -integer $l]; set t [join [lrange $l 0 5000] ,]
return "$s [array size h] [lindex $l 999] [regexp -all {9\\d*1} $t] [string length [string map {1 one} $t]]" }
puts "[fib 21] [work]"
"""
GAWK = """function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }
{ for (i = 1; i <= NF; i++) n[$i]++; l += length($0); gsub(/o+/, "0"); c += /qu0?[a-z]+/ }
END { for (w in n) t += n[w] * length(w); print NR, l, t, c, fib(25) }
"""
BASH = """f() { (( $1 < 2 )) && { r=$1; return; }; f $(($1 - 1)); local a=$r; f $(($1 - 2)); r=$((r + a)); }
f 15; echo $r; s=0; for ((i = 0; i < 40000; i++)); do s=$(( (s * 31 + i) % 1000003 )); done; echo $s
x=; for i in {1..3000}; do x+="$i,"; done; y=${x//1/one}; echo ${#x} ${#y}; declare -A h
for i in {1..8000}; do h[$((i % 97))]=$(( ${h[$((i % 97))]:-0} + i )); done; echo ${h[13]} ${#h[@]}
"""
BC = "scale = 700\n4 * a(1)\ne(1)\nsqrt(2)\nscale = 0\ndefine f(n) { if (n < 2) return n; return f(n-1) + f(n-2); }\nf(17)\n2^6000 % 10^50\n"
LUAJIT = """local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local t, s = {}, 0
for r = 1, 90 do
    for i = 1, 200000 do t[i] = (i * 7919 + r) % 100003 end
    for i = 1, 200000 do s = (s * 31 + t[i]) % 1000003 end
end
local p = {}
for i = 1, 60000 do p[#p + 1] = "k" .. i % 997 end
local n = 0
for i = 1, #p do if p[i]:byte(2) == 57 then n = n + #p[i] end end
print(fib(33), s, n)
"""
SQL = """create table t(id integer primary key, k integer, s text);
with recursive c(x) as (select 1 union all select x + 1 from c where x < 60000)
insert into t select x, (x * 7919) % 10007, 'row ' || (x % 997) || char(65 + x % 26) from c;
create index i on t(k);
select count(*), sum(k), min(s), max(s) from t;
select s, count(*), sum(k) from t group by s order by 3 desc, 1 limit 5;
select count(*) from t a join t b on a.k = b.k and a.id < b.id where a.id < 9000;
update t set k = k + 1 where id % 3 = 0; delete from t where id % 7 = 0;
select count(*), sum(k), sum(length(s)) from t where s like '%1_%A';
"""

ITEMS = []


def item(name, klass, **options):
    ITEMS.append(dict(name=name, klass=klass, **options))


def debian(name, klass, program, *args, **options):
    item(name, klass, program=program, args=list(args), **options)


debian("gzip", C, "/usr/bin/gzip", "-6c", "text")
debian("gunzip", C, "/usr/bin/gzip", "-dc", "big.gz")
debian("bzip2", C, "/usr/bin/bzip2", "-9c", "text-1m")
debian("xz", C, "/usr/bin/xz", "-T1", "-2c", "text-1m")
debian("unxz", C, "/usr/bin/xz", "-T1", "-dc", "big.xz")
debian("zstd", C, "/usr/bin/zstd", "-q", "--single-thread", "--no-asyncio", "-9c", "text")
debian("sha256sum", H, "/usr/bin/sha256sum", "random-24m")
debian("aes-128-cbc", H, "/usr/bin/openssl", "enc", "-aes-128-cbc", "-K", "00112233445566778899aabbccddeeff", "-iv",
       "000102030405060708090a0b0c0d0e0f", "-in", "random-24m", "-out", "/dev/null", repeat=4)
debian("chacha20", H, "/usr/bin/openssl", "enc", "-chacha20", "-K", "00112233445566778899aabbccddeeff" * 2, "-iv",
       "000102030405060708090a0b0c0d0e0f", "-in", "random-24m", "-out", "/dev/null", repeat=4)
debian("sha512", H, "/usr/bin/openssl", "dgst", "-sha512", "-r", "random-24m", repeat=2)
debian("lua5.4", I, "/usr/bin/lua5.4", "script.lua")
debian("python3", I, "/usr/bin/python3", "-S", "script.py")
debian("perl", I, "/usr/bin/perl", "script.pl")
debian("ruby", I, "/usr/bin/ruby", "--disable-gems", "script.rb")
debian("tclsh", I, "/usr/bin/tclsh8.6", "script.tcl")
debian("gawk", I, "/usr/bin/gawk", "-f", "script.awk", "text")
debian("bash", I, "/usr/bin/bash", "script.sh")
debian("bc", I, "/usr/bin/bc", "-ql", "script.bc")
debian("cc1 -O1", D, CC1, "-quiet", "-O1", "-fno-ident", "generated.i", "-o", "-", native=CROSS_CC1)
debian("sqlite3", D, "/usr/bin/sqlite3", "-init", "script.sql", ":memory:", ".quit")
debian("git log -p", D, "/usr/bin/git", "--git-dir=repo.git", "--no-pager", "log", "-p", "--stat", repeat=2)
debian("git pack-objects", D, "/usr/bin/git", "--git-dir=repo.git", "pack-objects", "-q", "--all", "--threads=1",
       "--no-reuse-delta", "--no-reuse-object", "--window=30", "--stdout")
debian("luajit", J, "/usr/bin/luajit", "script.jit.lua")
debian("luajit -joff", J, "/usr/bin/luajit", "-joff", "gate51.lua", "4")
item("n-body", F, source="nbody.c", flags=["-O2"], args=["1500000"], density=(["10000"], ["30000"]))
item("mandelbrot", F, source="mandelbrot.c", flags=["-O2"], args=["1200"], density=(["100"], ["160"]))
item("vector integers", V, source="vecint.c", flags=["-O3"], args=["40000"], density=(["200"], ["600"]))
item("vector floats", V, source="vecfloat.c", flags=["-O3"], args=["30000"], density=(["200"], ["500"]),
     compare=False)  # contraction
item("string functions", V, source="strings.c", flags=["-O2"], args=["4000"], density=(["10"], ["25"]))
debian("/bin/true", S, "/usr/bin/true", repeat=20)
debian("python3 -S -c pass", S, "/usr/bin/python3", "-S", "-c", "pass", repeat=4)
item("fork", P, source="forks.c", flags=["-O2"], args=["fork", "1000"])
item("vfork and exec", P, source="forks.c", flags=["-O2"], args=["exec", "300", "{runner}", "{program}", "end"])
item("indirect calls", K, source="indirect.c", flags=["-O2"], args=["14000"], density=(["100"], ["400"]))
item("recursion", K, source="calls.c", flags=["-O1"], args=["38"], density=(["10"], ["16"]))
item("integer mix", K, source="intmix.c", flags=["-O2"], args=["300"], density=(["2"], ["6"]))
item("switch machine", K, source="vm.c", flags=["-O2"], args=["4000"], density=(["10"], ["30"]))
item("lua 5.4 static", G, lua=True, args=["gate.lua", "8"], density=(["gate.lua", "1"], ["gate.lua", "2"]))


def c_source(functions):
    """Preprocessed integer C, as a generator writes it: structs, switches, loops, tables, calls."""
    rng = random.Random(7)
    out = ["typedef unsigned long size_t;", "struct n { struct n *l, *r; int k, v; unsigned char t[8]; };",
           "extern int ext(int, const char *);"]
    for f in range(functions):
        out.append(f"static const int table{f}[16] = {{ {', '.join(str(rng.randrange(-999, 999)) for _ in range(16))} }};")
        cases = "\n".join(f"        case {c}: x = {rng.choice(['x + i', 'x * 3', 'x ^ y', 'x >> 2', 'y - x', 'x | i', 'x % 17', '-x'])};"
                          f"{rng.choice([' break;', ' y++; break;', ''])}" for c in range(rng.randrange(3, 11)))
        out.append(f"""int f{f}(struct n *p, int x, int y)
{{
    int i, s = {rng.randrange(100)};
    for (i = 0; i < y; i++) {{
        switch (x & 15) {{
{cases}
        default: s += table{f}[i & 15];
        }}
        while (p && p->k != x) {{
            p->t[i & 7] = (unsigned char)(s >> {rng.randrange(1, 9)});
            p = p->k < x ? p->l : p->r;
        }}
        if (s > {rng.randrange(1000, 9000)} && ext(s, "message {f}") > i)
            s -= {'f%d(p, s, i - 1)' % rng.randrange(f) if f else 's / 3'};
        else
            s ^= x * {rng.randrange(3, 99)} + y;
    }}
    return s + (p ? p->v : {rng.randrange(9)});
}}""")
    return "\n".join(out) + "\n"


def text(size, seed):
    """Something like prose: words by a skewed choice, sentences, repeated phrases."""
    rng = random.Random(seed)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    words = ["".join(letters[min(int(rng.expovariate(0.16)), 25)] for _ in range(rng.randrange(1, 10))) for _ in range(3000)]
    out, n = [], 0
    while n < size:
        if len(out) > 400 and rng.random() < 0.04:
            at = rng.randrange(len(out) - 30)
            piece = " ".join(out[at:at + rng.randrange(3, 25)])
        else:
            piece = words[min(int(rng.expovariate(0.004)), 2999)]
        if rng.random() < 0.1:
            piece += rng.choice([",", ".\n", ";", "\n"])
        out.append(piece)
        n += len(piece) + 1
    return " ".join(out)[:size]


def inputs(folder):
    """Writes the input files, the same bytes on every machine; nothing if they are all there."""
    stamp = os.path.join(folder, ".complete")
    version = "3"
    if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == version:
        return
    os.makedirs(folder, exist_ok=True)

    def put(name, data):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)

    put("text", text(3 << 20, 1))
    put("text-1m", text(1 << 20, 2))
    put("random-24m", random.Random(3).randbytes(24 << 20))
    for name, body in (("script.lua", LUA), ("script.py", PYTHON), ("script.pl", PERL), ("script.rb", RUBY),
                       ("script.tcl", TCL), ("script.awk", GAWK), ("script.sh", BASH), ("script.bc", BC),
                       ("script.sql", SQL), ("script.jit.lua", LUAJIT)):
        put(name, body)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gate.lua"), encoding="utf-8") as f:
        gate = f.read()
    put("gate.lua", gate)
    put("gate51.lua", gate.replace("seed * 1103515245 + 12345) & 0x7fffffff", "seed * 7919 + 12345) % 2147483648"))
    put("generated.i", c_source(50))
    big = text(8 << 20, 4)
    put("big", big)
    for name, command in (("big.gz", ["gzip", "-6", "-n", "-c"]), ("big.xz", ["xz", "-1", "-T1", "-c"])):
        put(name, subprocess.run(["/usr/bin/" + command[0], *command[1:], os.path.join(folder, "big")],
                                 stdout=subprocess.PIPE, check=True).stdout)
    # A repository of 120 commits over 40 files, by git fast-import: no clock, no user.
    rng = random.Random(5)
    files = {f"dir{i % 5}/file{i}.txt": text(6000, 100 + i).split("\n") for i in range(40)}
    stream = []
    for c in range(120):
        stream.append(f"commit refs/heads/main\ncommitter A <a@b> {1700000000 + c * 60} +0000\ndata 9\ncommit {c % 10}\n")
        changed = list(files) if c == 0 else rng.sample(sorted(files), 6)
        for name in changed:
            lines = files[name]
            for _ in range(3):
                lines[rng.randrange(len(lines))] = text(60, rng.randrange(10**6)).replace("\n", " ")
            body = "\n".join(lines) + "\n"
            stream.append(f"M 100644 inline {name}\ndata {len(body.encode())}\n{body}\n")
    repo = os.path.join(folder, "repo.git")
    env = {"PATH": "/usr/bin:/bin", "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["rm", "-rf", repo], check=True)
    subprocess.run(["/usr/bin/git", "init", "-q", "--bare", "-b", "main", repo], check=True, env=env)
    subprocess.run(["/usr/bin/git", "--git-dir", repo, "fast-import", "--quiet"], input="".join(stream).encode(),
                   check=True, env=env)
    with open(stamp, "w", encoding="utf-8") as f:
        f.write(version)
