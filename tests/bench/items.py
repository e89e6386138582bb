"""The fixed list of what `make bench` measures. Sizes were fixed before any tuning: about 0.2 s native.

A row of ITEMS: name, class, and one of
  program=PATH, args=[...]   an unmodified Debian program: arm64 from the fetched root, and its amd64 twin
  source=FILE, flags, args   one of src/*.c, static, the same flags for both
  lua=True, args             Lua 5.4 from Debian's source package, static, the same flags for both
limited=: environment, or arguments put first, that keep the native program from using more than SSE4.2 (AES and SHA
instructions apart): 128-bit vectors, as the guest has them. Only where a program can be told so.
Options: density (two argument lists for --density), repeat (times a measured run starts the program), native (path of the twin if it differs),
env, warm=True (myna's persistent cache, filled by a run before; else it is off), compare=False (only the two qemus' and myna's outputs must agree: the twin's depends on the target).
An argument {runner} stands for the words of the command that run a foreign program (for the qemus, which
don't do that by themselves). Arguments may name files of inputs(); a run's working folder is a fresh copy-free folder of links.
"""
import array
import math
import os
import random
import struct
import subprocess

CLASSES = ["integer tools", "interpreters", "compiler, database, git", "guest JIT", "scalar floating point",
           "NEON code and codecs", "AES and GHASH", "SHA and ChaCha", "start-up", "start-up warm", "processes", "integer kernels",
           "gate: Lua static"]
C, I, D, J, F, N, A, H, S, W, P, K, G = CLASSES
APART = [S, P, W]  # "all but start-up and processes" is the rest

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
# Two more jobs for a JIT: floats in tables, and strings, hashes and closures.
LUAJIT_FLOAT = """local sqrt, n, h = math.sqrt, 24, 0.001
local x, y, z, u, v, w, m = {}, {}, {}, {}, {}, {}, {}
for i = 1, n do x[i], y[i], z[i], u[i], v[i], w[i], m[i] = i % 7 - 3, i % 5 - 2, i % 11 / 3, 0, 0, 0, 1 + i % 3 end
for step = 1, 60000 do
    for i = 1, n - 1 do
        for j = i + 1, n do
            local a, b, c = x[i] - x[j], y[i] - y[j], z[i] - z[j]
            local d = a * a + b * b + c * c + 0.01
            local f = h / (d * sqrt(d))
            u[i], v[i], w[i] = u[i] - a * m[j] * f, v[i] - b * m[j] * f, w[i] - c * m[j] * f
            u[j], v[j], w[j] = u[j] + a * m[i] * f, v[j] + b * m[i] * f, w[j] + c * m[i] * f
        end
    end
    for i = 1, n do x[i], y[i], z[i] = x[i] + h * u[i], y[i] + h * v[i], z[i] + h * w[i] end
end
print(("%.5f %.5f %.5f"):format(x[1], y[2], z[3]))
"""
LUAJIT_TEXT = """local words, count = {}, {}
for i = 1, 60000 do words[i] = ("w%d"):format(i * 7919 % 5003) end
local text = table.concat(words, " ")
for r = 1, 12 do for w in text:gmatch("%a%d+") do count[w] = (count[w] or 0) + 1 end end
local keys = {}
for k in pairs(count) do keys[#keys + 1] = k end
table.sort(keys, function(a, b) if count[a] ~= count[b] then return count[a] > count[b] end return a < b end)
local function adder(k) return function(x) return (x + k) % 1000003 end end
local f, s = {}, 0
for i = 1, 100 do f[i] = adder(i) end
for r = 1, 2000000 do s = f[r % 100 + 1](s) end
print(keys[1], keys[777], count[keys[5]], s, #text:gsub("9", "nine"), text:reverse():sub(1, 20))
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

# A message for cms: encrypted with AES-GCM, its key wrapped by this one.
CMS = ["-secretkey", "00112233445566778899aabbccddeeff", "-secretkeyid", "01", "-binary"]

# AVX, FMA, XOP; BMI, AVX2, ADX, AVX-512, VAES, VPCLMULQDQ off (OPENSSL_ia32cap(3)).
LIMIT_OPENSSL = {"OPENSSL_ia32cap": "~0x1000180000000000:~0x602d02b0128"}
LIMIT_GLIBC = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ,-AVX512CD,-BMI1,-BMI2,"
                                 "-LZCNT,-MOVBE,-AVX_Fast_Unaligned_Load,-Prefer_No_VZEROUPPER"}

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
debian("sort", C, "/usr/bin/sort", "--parallel=1", "-k1.2", "words")
debian("grep", C, "/usr/bin/grep", "-cE", r"([a-z])\1[a-z]*\1", "text")
debian("aes-128-cbc", A, "/usr/bin/openssl", "enc", "-aes-128-cbc", "-K", "00112233445566778899aabbccddeeff", "-iv",
       "000102030405060708090a0b0c0d0e0f", "-in", "random-24m", "-out", "/dev/null", limited=LIMIT_OPENSSL, repeat=4)
debian("aes-256-ctr", A, "/usr/bin/openssl", "enc", "-aes-256-ctr", "-K", "00112233445566778899aabbccddeeff" * 2, "-iv",
       "000102030405060708090a0b0c0d0e0f", "-in", "random-24m", "-out", "/dev/null", limited=LIMIT_OPENSSL, repeat=4)
debian("aes-128-gcm", A, "/usr/bin/openssl", "cms", "-decrypt", *CMS, "-inform", "DER", "-in", "random-24m.cms", "-out",
       "/dev/null", limited=LIMIT_OPENSSL, repeat=2)
debian("ghash (gmac)", A, "/usr/bin/openssl", "mac", "-cipher", "AES-128-GCM", "-macopt",
       "hexkey:00112233445566778899aabbccddeeff", "-macopt", "hexiv:000102030405060708090a0b", "-in", "random-24m", "GMAC",
       limited=LIMIT_OPENSSL, repeat=4)
debian("sha256sum", H, "/usr/bin/sha256sum", "random-24m")
debian("sha1", H, "/usr/bin/openssl", "dgst", "-sha1", "-r", "random-24m", limited=LIMIT_OPENSSL, repeat=4)
debian("sha256", H, "/usr/bin/openssl", "dgst", "-sha256", "-r", "random-24m", limited=LIMIT_OPENSSL, repeat=4)
debian("poly1305", H, "/usr/bin/openssl", "mac", "-macopt", "hexkey:" + "00112233445566778899aabbccddeeff" * 2, "-in",
       "random-24m", "Poly1305", limited=LIMIT_OPENSSL, repeat=4)
debian("chacha20", H, "/usr/bin/openssl", "enc", "-chacha20", "-K", "00112233445566778899aabbccddeeff" * 2, "-iv",
       "000102030405060708090a0b0c0d0e0f", "-in", "random-24m", "-out", "/dev/null", limited=LIMIT_OPENSSL, repeat=4)
debian("sha512", H, "/usr/bin/openssl", "dgst", "-sha512", "-r", "random-24m", limited=LIMIT_OPENSSL, repeat=2)
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
debian("luajit floats", J, "/usr/bin/luajit", "script.float.lua", compare=False)  # contraction
debian("luajit text", J, "/usr/bin/luajit", "script.text.lua")
debian("luajit -joff", J, "/usr/bin/luajit", "-joff", "gate51.lua", "4")
item("n-body", F, source="nbody.c", flags=["-O2"], args=["1500000"], density=(["10000"], ["30000"]))
item("mandelbrot", F, source="mandelbrot.c", flags=["-O2"], args=["1200"], density=(["100"], ["160"]))
debian("lame", F, "/usr/bin/lame", "--quiet", "-b", "128", "sound.wav", "-", compare=False)
debian("oggenc", F, "/usr/bin/oggenc", "-Q", "-s", "1", "-o", "-", "sound.wav", compare=False)
item("vector integers", N, source="vecint.c", flags=["-O3"], args=["40000"], density=(["200"], ["600"]))
item("vector floats", N, source="vecfloat.c", flags=["-O3"], args=["30000"], density=(["200"], ["500"]),
     compare=False)  # contraction
item("NEON codec kernels", N, source="neon.c", flags=["-O3"], args=["15000"], density=(["20"], ["60"]))
item("string functions", N, source="strings.c", flags=["-O2"], limited=LIMIT_GLIBC, args=["4000"], density=(["10"], ["25"]))
debian("cjpeg", N, "/usr/bin/cjpeg", "-quality", "85", "-sample", "2x2", "picture.ppm", limited={"JSIMD_FORCESSE2": "1"}, repeat=4)
debian("djpeg", N, "/usr/bin/djpeg", "-ppm", "picture.jpg", limited={"JSIMD_FORCESSE2": "1"}, repeat=4)
debian("cwebp", N, "/usr/bin/cwebp", "-quiet", "-q", "75", "part.ppm", "-o", "-", repeat=4, compare=False)
debian("dwebp", N, "/usr/bin/dwebp", "-quiet", "-ppm", "picture.webp", "-o", "-", repeat=2)
debian("opusenc", N, "/usr/bin/opusenc", "--quiet", "--serial", "1", "--bitrate", "96", "sound.wav", "-", compare=False)
debian("flac", N, "/usr/bin/flac", "-s", "-8", "-c", "sound.wav", repeat=2, compare=False)
debian("dav1d", N, "/usr/bin/dav1d", "-q", "--threads", "1", "--muxer", "md5", "-i", "film.ivf", "-o", "/dev/stdout",
       limited=["--cpumask", "sse41"])
debian("/bin/true", S, "/usr/bin/true", repeat=20)
debian("python3 -S -c pass", S, "/usr/bin/python3", "-S", "-c", "pass", repeat=4)
debian("/bin/true warm", W, "/usr/bin/true", repeat=20, warm=True)
debian("python3 -S -c pass warm", W, "/usr/bin/python3", "-S", "-c", "pass", repeat=4, warm=True)
debian("openssl version warm", W, "/usr/bin/openssl", "version", repeat=8, warm=True, compare=False)
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


def wave(seconds, seed):
    """Stereo sound, 44.1 kHz: tones that come and go, some noise; integers only."""
    rng = random.Random(seed)
    rate, quarter = 44100, [round(32767 * math.sin(i * math.pi / 512)) for i in range(1024)]
    samples = array.array("h")
    voices = []
    for n in range(seconds * rate):
        if n % 5512 == 0:
            voices = [(rng.randrange(300, 30000), rng.randrange(400, 2500), rng.randrange(400, 2500)) for _ in range(6)]
        left = right = (n * n * 7919 >> 7) % 601 - 300
        for step, a, b in voices:
            t = quarter[n * step >> 10 & 1023]
            left += t * a >> 14
            right += t * b >> 14
        samples.append(max(-32768, min(32767, left)))
        samples.append(max(-32768, min(32767, right)))
    data = samples.tobytes()
    return b"RIFF" + struct.pack("<I4s4sIHHIIHH4sI", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 2, rate, rate * 4, 4, 16,
                                 b"data", len(data)) + data


def tile(width, height, seed):
    """Rows of RGB: soft shades, edges, some grain."""
    rng = random.Random(seed)
    spots = [(rng.randrange(width), rng.randrange(height), rng.randrange(400, 9000)) for _ in range(9)]
    rows = []
    for y in range(height):
        row = bytearray()
        near = [((y - b) ** 2, a, c) for a, b, c in spots if (y - b) ** 2 < c]
        for x in range(width):
            v = (x * 90 // width) + (y * 70 // height) + (x * y * 7919 >> 9 & 7)
            for d, a, c in near:
                if d + (x - a) ** 2 < c:
                    v += 40 + (c & 31)
            row += bytes((v & 255, v * 3 // 4 + (y >> 3 & 15) & 255, 255 - v & 255))
        rows.append(bytes(row))
    return rows


def ppm(rows):
    return b"P6\n%d %d\n255\n" % (len(rows[0]) // 3, len(rows)) + b"".join(rows)


def film(rows, frames, width, height):
    """y4m: a window that wanders over a picture's green, no colour."""
    out = [b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420jpeg\n" % (width, height)]
    green = [r[1::3] for r in rows]
    for f in range(frames):
        x, y = f * 5 % (len(green[0]) - width), f * 3 % (len(green) - height)
        out += [b"FRAME\n", *(g[x:x + width] for g in green[y:y + height]), b"\x80" * (width * height // 2)]
    return b"".join(out)


def inputs(folder):
    """Writes the input files, the same bytes on every machine with the same packages (an encrypted message
    has a random key); nothing if they are all there."""
    stamp = os.path.join(folder, ".complete")
    version = "4"
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
                       ("script.sql", SQL), ("script.jit.lua", LUAJIT), ("script.float.lua", LUAJIT_FLOAT),
                       ("script.text.lua", LUAJIT_TEXT)):
        put(name, body)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gate.lua"), encoding="utf-8") as f:
        gate = f.read()
    put("gate.lua", gate)
    put("gate51.lua", gate.replace("seed * 1103515245 + 12345) & 0x7fffffff", "seed * 7919 + 12345) % 2147483648"))
    put("generated.i", c_source(50))
    put("big", text(8 << 20, 4))
    put("words", text(3 << 20, 6).replace(" ", "\n"))
    small = tile(800, 600, 8)
    shade = [bytes(min(255, b * k // 8 + k) for b in range(256)) for k in range(5, 14)]
    large = [b"".join(row.translate(shade[3 * band + k]) for k in range(3)) for band in range(3) for row in small]
    put("part.ppm", ppm(small))
    put("picture.ppm", ppm(large))
    put("sound.wav", wave(12, 9))
    put("film.y4m", film(large, 50, 640, 360))
    for name, *command in (("big.gz", "gzip", "-6nc", "big"), ("big.xz", "xz", "-1", "-T1", "-c", "big"),
                           ("picture.jpg", "cjpeg", "-quality", "85", "picture.ppm"),
                           ("picture.webp", "cwebp", "-quiet", "-q", "75", "picture.ppm", "-o", "-"),
                           ("film.ivf", "aomenc", "-q", "--ivf", "--rt", "--cpu-used=9", "--threads=1", "-o", "-", "film.y4m"),
                           ("random-24m.cms", "openssl", "cms", "-encrypt", "-aes-128-gcm", *CMS, "-in", "random-24m",
                            "-outform", "DER")):
        put(name, subprocess.run(["/usr/bin/" + command[0], *command[1:]], cwd=folder, stdout=subprocess.PIPE,
                                 check=True).stdout)
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
