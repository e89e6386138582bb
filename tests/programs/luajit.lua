-- What only LuaJIT has: bit operations, ffi (structs, C calls, callbacks, 64-bit integers), traces that
-- are flushed and made again, code areas that overflow. Each writes instructions and runs them.
local bit, ffi = require("bit"), require("ffi")
local band, bor, bxor, rol, ror, shl, shr, tohex = bit.band, bit.bor, bit.bxor, bit.rol, bit.ror, bit.lshift, bit.rshift, bit.tohex
print((jit.status()))

-- SHA-256 and CRC-32 by bit operations
local K, H0 = {}, {}
local function frac(x) return bit.tobit(math.floor((x - math.floor(x)) * 4294967296)) end
local n, p = 0, 2
while n < 64 do
    local prime = true
    for d = 2, math.sqrt(p) do if p % d == 0 then prime = false; break end end
    if prime then n = n + 1; K[n] = frac(p ^ (1 / 3)); if n <= 8 then H0[n] = frac(math.sqrt(p)) end end
    p = p + 1
end
local function sha256(s)
    local len = #s
    s = s .. "\128" .. ("\0"):rep((55 - len) % 64) .. "\0\0\0\0" .. string.char(band(shr(len, 21), 255), band(shr(len, 13), 255), band(shr(len, 5), 255), band(shl(len, 3), 255))
    local h, w = { unpack(H0) }, {}
    for at = 1, #s, 64 do
        for i = 1, 16 do local a, b, c, d = s:byte(at + i * 4 - 4, at + i * 4 - 1); w[i] = bor(shl(a, 24), shl(b, 16), shl(c, 8), d) end
        for i = 17, 64 do
            local x, y = w[i - 15], w[i - 2]
            w[i] = bit.tobit(w[i - 16] + bxor(ror(x, 7), ror(x, 18), shr(x, 3)) + w[i - 7] + bxor(ror(y, 17), ror(y, 19), shr(y, 10)))
        end
        local a, b, c, d, e, f, g, hh = unpack(h)
        for i = 1, 64 do
            local t1 = hh + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) + bxor(band(e, f), band(bit.bnot(e), g)) + K[i] + w[i]
            local t2 = bxor(ror(a, 2), ror(a, 13), ror(a, 22)) + bxor(band(a, b), band(a, c), band(b, c))
            hh, g, f, e, d, c, b, a = g, f, e, bit.tobit(d + t1), c, b, a, bit.tobit(t1 + t2)
        end
        for i, v in ipairs({ a, b, c, d, e, f, g, hh }) do h[i] = bit.tobit(h[i] + v) end
    end
    for i = 1, 8 do h[i] = tohex(h[i]) end
    return table.concat(h)
end
print("sha256", sha256("abc"), sha256(("x"):rep(20000)))
local crct = {}
for i = 0, 255 do local c = i; for _ = 1, 8 do c = band(c, 1) == 1 and bxor(shr(c, 1), 0xedb88320) or shr(c, 1) end crct[i] = c end
local c = -1
for i = 1, 300000 do c = bxor(crct[band(bxor(c, i * 7), 255)], shr(c, 8)) end
print("crc32", tohex(bit.bnot(c)))

-- ffi: arrays, structs, unions, 64-bit arithmetic
ffi.cdef [[
typedef struct { double x, y; int32_t n; uint8_t tag[3]; } point;
typedef union { double d; uint64_t u; float f[2]; } number;
int snprintf(char *s, size_t n, const char *f, ...);
void qsort(void *base, size_t n, size_t size, int (*cmp)(const int32_t *, const int32_t *));
double pow(double, double); size_t strlen(const char *); int abs(int); char *getenv(const char *);
void *memcpy(void *, const void *, size_t); long strtol(const char *, char **, int);
]]
local points = ffi.new("point[?]", 1000)
for r = 1, 50 do for i = 0, 999 do local q = points[i]; q.x = q.x + i * 0.5; q.y = q.y - q.x; q.n = q.n + i * 1003; q.tag[r % 3] = i + r end end
local sx, sn = 0, 0
for i = 0, 999 do sx = sx + points[i].y; sn = bxor(sn, points[i].n, points[i].tag[1]) end
print("structs", sx, sn, ffi.sizeof("point"), ffi.offsetof("point", "tag"))
local u = ffi.new("number", { d = 1.5 })
print("union", tostring(u.u), u.f[1], tonumber(u.u / 2ULL ^ 0ULL % 1000ULL))
local x, acc = 0x9e3779b97f4a7c15ULL, 0ULL
for i = 1, 100000 do x = bxor(x, bit.lshift(x, 13)); x = bxor(x, bit.rshift(x, 7)); x = bxor(x, bit.lshift(x, 17)); acc = acc + x * 3ULL + i end
print("xorshift", tostring(x), tostring(acc), tostring(acc / 12345ULL), tostring(ffi.cast("int64_t", acc) / -7LL), tostring(acc % 1000003ULL))
local buf = ffi.new("char[100]")
local len = ffi.C.snprintf(buf, 100, "%d %s %.6f %lld %c", ffi.new("int", 42), "str", 2.5, 1234567890123LL, ffi.new("int", 65))
print("varargs", len, ffi.string(buf), tonumber(ffi.C.strlen(buf)), ffi.C.abs(-5), tonumber(ffi.C.strtol("ff", nil, 16)), ffi.C.getenv("NO_SUCH_NAME") == nil)
local s = 0
for i = 1, 20000 do s = s + ffi.C.abs(i - 10000) + ffi.C.pow(2, i % 10) end
print("calls", s)
-- callbacks: C calls code that LuaJIT wrote
local a = ffi.new("int32_t[500]")
for i = 0, 499 do a[i] = (i * 7919) % 1009 - 500 end
local calls = 0
local cmp = ffi.cast("int (*)(const int32_t *, const int32_t *)", function(p, q) calls = calls + 1; return p[0] < q[0] and -1 or p[0] > q[0] and 1 or 0 end)
ffi.C.qsort(a, 500, 4, cmp); cmp:free()
for i = 1, 499 do assert(a[i - 1] <= a[i]) end
print("callbacks", a[0], a[250], a[499], calls > 500)
local cb = {}
for i = 1, 60 do cb[i] = ffi.cast("int (*)(int)", function(v) return v * i end) end
s = 0
for i = 1, 60 do s = s + cb[i](i) end
for i = 1, 60 do cb[i]:free() end
print("many callbacks", s)

-- code that is generated as text, compiled, thrown away: the code area is written again and again
local total = 0
for round = 1, 60 do
    local src = { "local t, n = ... local s = 0 for i = 1, n do " }
    for k = 1, 20 do src[#src + 1] = ("if t[i] %% %d == %d then s = s + i * %d else s = s - %d end "):format(k + 1, round % (k + 1), round + k, k) end
    src[#src + 1] = "end return s"
    local f = assert(loadstring(table.concat(src)))
    local t = {}
    for i = 1, 200 do t[i] = (i * round * 31) % 997 end
    for _ = 1, 5 do total = total + f(t, 200) end
    if round % 7 == 0 then jit.flush() end
    if round % 20 == 0 then collectgarbage() end
end
print("generated", total)
-- traces with side exits that are patched: branches change their direction while it runs
local function phases(n) local s, f = 0, 1.5; for i = 1, n do if i % 1000 < 500 then s = s + i elseif i % 3 == 0 then s = s - i * f else s = s + #tostring(i % 10) end; if i == n / 2 then f = -2 end end return s end
print("phases", phases(200000))
local function poly(v) return type(v) == "number" and v + 1 or type(v) == "string" and #v or v.x end
s = 0
for i = 1, 60000 do s = s + poly(i % 5 == 0 and "abc" or i % 7 == 0 and { x = i } or i) end
print("types", s)
local q = {}
for i = 1, 20000 do q[i] = (i * 7919) % 10007 end
table.sort(q, function(m, k) return m > k end)
print("sort", q[1], q[10000], q[20000])
local parts = {}
for i = 1, 20000 do parts[#parts + 1] = ("%d:%s;"):format(i, ("ab"):rep(i % 3)) end
local str = table.concat(parts)
local h = 0
for ch in str:gmatch(".") do h = (h * 33 + ch:byte()) % 4294967296 end
print("strings", #str, h)
