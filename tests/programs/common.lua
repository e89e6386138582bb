-- Jobs that both Lua 5.4 and LuaJIT run: loops, closures, strings, tables, coroutines, metatables,
-- numbers. LuaJIT compiles most of it.
local function show(name, ...) print(name, ...) end
local unpack = table.unpack or unpack

local function fannkuch(n)
    local p, q, s, sign, maxflips, sum = {}, {}, {}, 1, 0, 0
    for i = 1, n do p[i] = i; q[i] = i; s[i] = i end
    repeat
        local q0 = p[1]
        if q0 ~= 1 then
            for i = 2, n do q[i] = p[i] end
            local flips = 1
            while true do
                local qq = q[q0]
                if qq == 1 then
                    sum = sum + sign * flips
                    if flips > maxflips then maxflips = flips end
                    break
                end
                q[q0] = q0
                if q0 >= 4 then
                    local i, j = 2, q0 - 1
                    repeat q[i], q[j] = q[j], q[i]; i = i + 1; j = j - 1 until i >= j
                end
                q0 = qq; flips = flips + 1
            end
        end
        if sign == 1 then
            p[1], p[2] = p[2], p[1]; sign = -1
        else
            p[2], p[3] = p[3], p[2]; sign = 1
            for i = 3, n do
                local sx = s[i]
                if sx ~= 1 then s[i] = sx - 1; break end
                if i == n then return sum, maxflips end
                s[i] = i
                local t = p[1]; for j = 1, i do p[j] = p[j + 1] end; p[i + 1] = t
            end
        end
    until false
end
show("fannkuch", fannkuch(8))

local function nbody(steps)
    local b = { { 0, 0, 0, 0, 0, 0, 39.47841760435743 }, { 4.84, -1.16, -.10, .6, 2.8, -.02, .03769 }, { 8.34, 4.12, -4e-1, -1.01, 1.8, .008, .0112 },
        { 12.89, -15.11, -.22, 1.08, .868, -.01, .0017 }, { 15.37, -25.9, .179, .979, .594, -.034, .002 } }
    for _ = 1, steps do
        for i = 1, #b do
            local p = b[i]
            for j = i + 1, #b do
                local q = b[j]
                local x, y, z = p[1] - q[1], p[2] - q[2], p[3] - q[3]
                local d = x * x + y * y + z * z
                local m = 0.01 / (math.sqrt(d) * d)
                p[4] = p[4] - x * q[7] * m; p[5] = p[5] - y * q[7] * m; p[6] = p[6] - z * q[7] * m
                q[4] = q[4] + x * p[7] * m; q[5] = q[5] + y * p[7] * m; q[6] = q[6] + z * p[7] * m
            end
        end
        for i = 1, #b do local p = b[i]; p[1] = p[1] + 0.01 * p[4]; p[2] = p[2] + 0.01 * p[5]; p[3] = p[3] + 0.01 * p[6] end
    end
    return ("%.12f %.12f %.12f"):format(b[2][1], b[3][2], b[5][6])
end
show("nbody", nbody(4000))

local function spectral(n)
    local function A(i, j) local ij = i + j - 1; return 1.0 / (ij * (ij - 1) * 0.5 + i) end
    local function av(x, y, t) for i = 1, n do local a = 0; for j = 1, n do a = a + x[j] * (t and A(j, i) or A(i, j)) end y[i] = a end end
    local u, v, t = {}, {}, {}
    for i = 1, n do u[i] = 1 end
    for _ = 1, 4 do av(u, t); av(t, v, true); av(v, t); av(t, u, true) end
    local vBv, vv = 0, 0
    for i = 1, n do vBv = vBv + u[i] * v[i]; vv = vv + v[i] * v[i] end
    return ("%.9f"):format(math.sqrt(vBv / vv))
end
show("spectral", spectral(60))

local function mandel(n)
    local hash = 0
    for y = 0, n - 1 do
        for x = 0, n - 1 do
            local cr, ci, zr, zi, k = 2 * x / n - 1.5, 2 * y / n - 1, 0, 0, 0
            while k < 50 and zr * zr + zi * zi < 4 do zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci; k = k + 1 end
            hash = (hash * 31 + k) % 1000003
        end
    end
    return hash
end
show("mandel", mandel(60))

local function sieve(n) local s, c = {}, 0; for i = 2, n do s[i] = true end; for i = 2, n do if s[i] then c = c + 1; for j = i * i, n, i do s[j] = false end end end; return c end
show("sieve", sieve(60000))
local function queens(n)
    local count, cols, d1, d2 = 0, {}, {}, {}
    local function place(r)
        if r > n then count = count + 1; return end
        for c = 1, n do
            if not (cols[c] or d1[r + c] or d2[r - c + n]) then
                cols[c], d1[r + c], d2[r - c + n] = true, true, true
                place(r + 1)
                cols[c], d1[r + c], d2[r - c + n] = nil, nil, nil
            end
        end
    end
    place(1)
    return count
end
show("queens", queens(7))

local seed = 42
local function rnd(n) seed = (seed * 16807) % 2147483647; return seed % n end
local words = {}
for i = 1, 3000 do local w = {}; for j = 1, 3 + rnd(6) do w[j] = string.char(97 + rnd(26)) end; words[i] = table.concat(w) end
table.sort(words)
show("sorted", words[1], words[1500], words[3000])
local count = {}
for _, w in ipairs(words) do for a in w:gmatch("[aeiou]+") do count[a] = (count[a] or 0) + 1 end end
local keys = {}
for k in pairs(count) do keys[#keys + 1] = k end
table.sort(keys, function(a, b) return count[a] > count[b] or count[a] == count[b] and a < b end)
show("vowels", keys[1], count[keys[1]], keys[5], count[keys[5]], #keys)
local text = table.concat(words, " ")
show("text", #text, (text:gsub("(%w+) (%w+)", "%2 %1")):sub(1, 40), text:find("z%w-a"), select(2, text:gsub("%f[%w]a", "")), text:rep(2):reverse():sub(-20))
show("format", ("%5d|%-8s|%08.3f|%x|%q|%e|%g"):format(42, "ab", -3.14159, 255, "a\nb", 12345.678, 1e21), tostring(1e15), tostring(0.1), 2 ^ 53, 10 / 4, -7 % 3, 7 % -3, math.floor(-2.5))

local function json(v)
    if type(v) == "table" then
        local o = {}
        if #v > 0 then for i, x in ipairs(v) do o[i] = json(x) end return "[" .. table.concat(o, ",") .. "]" end
        local ks = {}
        for k in pairs(v) do ks[#ks + 1] = k end
        table.sort(ks)
        for i, k in ipairs(ks) do o[i] = ("%q:%s"):format(k, json(v[k])) end
        return "{" .. table.concat(o, ",") .. "}"
    end
    return type(v) == "string" and ("%q"):format(v) or tostring(v)
end
local function parse(s)
    local i = 1
    local function value()
        local c = s:sub(i, i)
        if c == "[" then
            local t = {}; i = i + 1
            while s:sub(i, i) ~= "]" do t[#t + 1] = value(); if s:sub(i, i) == "," then i = i + 1 end end
            i = i + 1; return t
        elseif c == "{" then
            local t = {}; i = i + 1
            while s:sub(i, i) ~= "}" do local k = value(); i = i + 1; t[k] = value(); if s:sub(i, i) == "," then i = i + 1 end end
            i = i + 1; return t
        elseif c == '"' then local a, b = s:find('"[^"]*"', i); i = b + 1; return s:sub(a + 1, b - 1)
        end
        local a, b = s:find("^[-%w.+]+", i); i = b + 1
        local w = s:sub(a, b)
        return w == "true" or w ~= "false" and tonumber(w)
    end
    return value()
end
local doc = { list = {}, name = "x", nested = { a = { 1, 2, { 3 } }, b = true } }
for i = 1, 200 do doc.list[i] = { id = i, tag = words[i * 7], half = i / 2 } end
local out = json(doc)
show("json", #out, json(parse(out)) == out, out:sub(1, 60))

local V = {}
V.__index = V
V.__add = function(a, b) return setmetatable({ x = a.x + b.x }, V) end
V.__eq = function(a, b) return a.x == b.x end
V.__lt = function(a, b) return a.x < b.x end
V.__call = function(a, y) return a.x * y end
V.__tostring = function(a) return "V" .. a.x end
V.__concat = function(a, b) return tostring(a) .. tostring(b) end
local a, b = setmetatable({ x = 3 }, V), setmetatable({ x = 4 }, V)
show("meta", tostring(a + b), a == b, a < b, a(5), a .. b, rawequal(a, a), #setmetatable({}, { __index = function(t, k) return k * 2 end }), setmetatable({}, { __index = function(t, k) return k * 2 end })[21])

local function producer(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local function filter(p, f) return coroutine.wrap(function() for v in p do if f(v) then coroutine.yield(v) end end end) end
local sum = 0
for v in filter(filter(producer(20000), function(x) return x % 3 == 0 end), function(x) return x % 7 ~= 0 end) do sum = sum + v end
show("coroutines", sum)
local cos = {}
for i = 1, 200 do cos[i] = coroutine.create(function(x) for j = 1, 20 do x = coroutine.yield(x + i) end return "end" .. x end) end
local v = 0
for round = 1, 21 do for i = 1, 200 do local _, r = coroutine.resume(cos[i], v); v = type(r) == "number" and r % 1000 or v end end
show("scheduler", v, coroutine.status(cos[1]), coroutine.resume(cos[1]))
local function deep(n) if n == 0 then error({ code = 42 }) end return 1 + deep(n - 1) end
local ok, e = pcall(deep, 150)
show("errors", ok, e.code, pcall(function() local x = nil; return x.y end), select(2, xpcall(function() error("m", 0) end, function(m) return m .. "!" end)))
local weak = setmetatable({}, { __mode = "k" })
for i = 1, 1000 do weak[{}] = i end
collectgarbage()
show("weak", next(weak))
for i = 1, 100000 do local t = { i, tostring(i) }; if i % 50000 == 0 then show("garbage", t[1], t[2]) end end
local function ack(m, n) if m == 0 then return n + 1 elseif n == 0 then return ack(m - 1, 1) end return ack(m - 1, ack(m, n - 1)) end
show("ackermann", ack(2, 40))
local closures = {}
for i = 1, 100 do local k = i; closures[i] = function(d) k = k + d; return k end end
local s = 0
for r = 1, 100 do for i = 1, 100 do s = s + closures[i](r) end end
show("closures", s, (loadstring or load)("local a = ...; return a * 2")(21), unpack({ 1, 2, 3 }, 2))
