-- The gate's Lua program: recursion, sort, loops, tables, strings, a little floating point.
local n = tonumber(arg and arg[1]) or 1

local function fib(k) if k < 2 then return k end return fib(k - 1) + fib(k - 2) end

local function sort()
    local t, seed = {}, 42
    for i = 1, 20000 do
        seed = (seed * 1103515245 + 12345) & 0x7fffffff
        t[i] = seed % 100003
    end
    table.sort(t)
    table.sort(t, function(a, b) return a > b end)
    return t[1] - t[#t]
end

local function loops()
    local s, x = 0, 0.5
    for i = 1, 300000 do
        s = (s + i * i) % 1000003
        x = x * 3.7 * (1 - x)
    end
    return s, string.format("%.6f", x)
end

local function strings()
    local parts, count = {}, {}
    for i = 1, 8000 do
        parts[#parts + 1] = string.format("%d:%s", i * 7919 % 1009, ("x"):rep(i % 7))
    end
    local all = table.concat(parts, ",")
    for w in all:gmatch("%d+") do count[w] = (count[w] or 0) + 1 end
    local keys = {}
    for k in pairs(count) do keys[#keys + 1] = k end
    table.sort(keys)
    return #all, #keys, keys[1] .. all:sub(100, 110):upper(), (all:gsub("x+", "y")):len()
end

local Account = {}
Account.__index = Account
function Account.new(b) return setmetatable({ balance = b }, Account) end
function Account:deposit(v) self.balance = self.balance + v; return self end
local function objects()
    local a = Account.new(0)
    local add = function(k) return function(v) return v + k end end
    local f = add(3)
    for i = 1, 150000 do a:deposit(f(i) % 17) end
    return a.balance
end

for _ = 1, n do
    print(fib(24), sort(), objects())
    print(loops())
    print(strings())
end
