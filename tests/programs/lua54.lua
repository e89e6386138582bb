-- What only Lua 5.4 has: 64-bit integers and their operators, string.pack, utf8, goto, to-be-closed
-- variables, integer division, warnings, generational collection.
local function sha256(msg)
    local function rr(x, n) return ((x >> n) | (x << (32 - n))) & 0xffffffff end
    local k, h, n, p = {}, {}, 0, 2
    while n < 64 do
        for d = 2, p - 1 do if d * d > p then break end if p % d == 0 then goto next end end
        n = n + 1
        k[n] = math.floor((p ^ (1 / 3) % 1) * 2 ^ 32)
        if n <= 8 then h[n] = math.floor((p ^ 0.5 % 1) * 2 ^ 32) end
        ::next::
        p = p + 1
    end
    msg = msg .. "\x80" .. ("\0"):rep((55 - #msg) % 64) .. string.pack(">I8", #msg * 8)
    for at = 1, #msg, 64 do
        local w = { string.unpack((">I4"):rep(16), msg, at) }
        for i = 17, 64 do
            local x, y = w[i - 15], w[i - 2]
            w[i] = w[i - 16] + (rr(x, 7) ~ rr(x, 18) ~ (x >> 3)) + w[i - 7] + (rr(y, 17) ~ rr(y, 19) ~ (y >> 10)) & 0xffffffff
        end
        local a, b, c, d, e, f, g, z = table.unpack(h)
        for i = 1, 64 do
            local t = z + (rr(e, 6) ~ rr(e, 11) ~ rr(e, 25)) + ((e & f) ~ (~e & g)) + k[i] + w[i]
            local u = (rr(a, 2) ~ rr(a, 13) ~ rr(a, 22)) + ((a & b) ~ (a & c) ~ (b & c))
            z, g, f, e, d, c, b, a = g, f, e, d + t & 0xffffffff, c, b, a, t + u & 0xffffffff
        end
        for i, v in ipairs { a, b, c, d, e, f, g, z } do h[i] = h[i] + v & 0xffffffff end
    end
    return (("%08x"):rep(8)):format(table.unpack(h))
end
print(sha256("abc"), sha256(("lua"):rep(3000)))
local x, s = 88172645463325252, 0
for i = 1, 100000 do x = x ~ x << 13; x = x ~ x >> 7; x = x ~ x << 17; s = s + x // (i * 2 - 77777) + x % (i + 1) end
print(x, s, math.ult(x, s), s // 7, s % -7, -s // 3, math.maxinteger + 1 == math.mininteger, math.mininteger // -1, 5 // 0.0, -5 % math.huge, 3 | 2.0, "10" + 5, "0x10" * 1, 1 << 63, 1 << 64, -1 >> 60)
print(pcall(function() return 1 // 0 end), pcall(function() return 2 ^ 53 | 0.5 end), math.type(1), math.type(1.0), math.type("1"), 1 == 1.0, math.tointeger(2 ^ 53), 7 // 2.0, 1e308 * 10, -(0 / 0) ~= 0 / 0)
local packed = string.pack("<i1I2i4I8fds1z>i3!4i4", -1, 65535, -70000, 1 << 60, 1.5, -2.25, "pas", "zero", -5, 77)
print((packed:gsub(".", function(c) return ("%02x"):format(c:byte()) end)), string.unpack("<i1I2i4I8fds1z>i3!4i4", packed))
for _, c in utf8.codes("aé中😀") do io.write(c, " ") end
print(utf8.len("aé中😀"), utf8.char(228, 8364, 0x10ffff), utf8.offset("aé中", 3), utf8.codepoint("中", 1), utf8.len("\xff"))
do
    local log = {}
    do
        local a <close> = setmetatable({}, { __close = function(_, e) log[#log + 1] = "a" .. tostring(e) end })
        local b <const> = 5
        pcall(function() local c <close> = setmetatable({}, { __close = function(_, e) log[#log + 1] = "c" .. e.code end }); error { code = b } end)
    end
    print(table.concat(log, ","))
end
collectgarbage("generational")
local live = {}
for i = 1, 60000 do live[i % 1000 + 1] = setmetatable({ i, live[(i + 1) % 1000 + 1] and i }, { __gc = i % 100 == 0 and function() s = s + 1 end or nil }) end
collectgarbage("incremental"); collectgarbage()
print(#live, table.concat(table.move({ 1, 2, 3, 4 }, 2, 4, 1), ","), select("#", table.unpack({}, 1, 250)), table.pack(1, nil, 3).n, next({}), rawlen({ 1, 2 }))
local f <const> = load("local n = ... ; local t = {} ; for i = 1, n do t[i] = function() return i * n end end ; local s = 0 ; for i = 1, n do s = s + t[i]() end ; return s")
print(f(200), #string.dump(f) > 100, load(string.dump(f))(100), pcall(load, "x ="))
local o = assert(io.open("out.lua.txt", "w"))
for i = 1, 2000 do o:write(i, "\t", i / 8, "\t", ("%x"):format(i * 65537), "\n") end
o:close()
local sum, hex = 0, 0
for l in io.lines("out.lua.txt") do local a, b, c = l:match("^(%d+)\t(%S+)\t(%x+)$"); sum = sum + tonumber(b) * tonumber(a); hex = hex ~ tonumber(c, 16) end
print(sum, hex, io.open("out.lua.txt"):seek("end"), (io.popen("echo sub | tr a-z A-Z"):read("a")), os.execute("exit 3"), os.date("!%F %T", 1700000000), os.time({ year = 2000, month = 1, day = 1, hour = 0 }))
print(os.rename("out.lua.txt", "renamed.txt"), os.remove("absent"), os.getenv("LC_ALL"), pcall(string.rep, "x", -1), ("x"):rep(3, "-"), ("%a"):format(0.1), ("%5.1s|%i"):format("abc", 3), tostring(3.0), 2^31 | 0, string.format("%q", 1 / 3))
