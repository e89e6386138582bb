-- Numerical kernels that a tracing compiler keeps in loops: a fast Fourier transform, relaxation on a grid, integration by
-- random points, a sparse matrix, LU with pivots. Prints 17 digits, so each rounding counts. Argument: a scale.
local scale = tonumber(arg and arg[1]) or 1
local seed = 101010
local function random() -- a linear congruence that doubles hold exactly
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
end
local function vector(n) local v = {} for i = 1, n do v[i] = random() end return v end
local function matrix(n, m) local r = {} for i = 1, n do r[i] = vector(m) end return r end
local function show(name, x) print(("%-8s %.17g"):format(name, x)) end

local function fft(v, n, sign)
    local j = 0
    for i = 0, n - 2 do
        if i < j then
            v[2 * i], v[2 * j], v[2 * i + 1], v[2 * j + 1] = v[2 * j], v[2 * i], v[2 * j + 1], v[2 * i + 1]
        end
        local k = n / 2
        while k <= j do j = j - k; k = k / 2 end
        j = j + k
    end
    local span = 1
    while span < n do
        local theta = sign * math.pi / span
        local wr, wi, s, t = 1, 0, math.sin(theta), 2 * math.sin(theta / 2) ^ 2
        for a = 0, span - 1 do
            for b = 0, n - 1, 2 * span do
                local p, q = 2 * (b + a), 2 * (b + a + span)
                local zr, zi = wr * v[q] - wi * v[q + 1], wr * v[q + 1] + wi * v[q]
                v[q], v[q + 1], v[p], v[p + 1] = v[p] - zr, v[p + 1] - zi, v[p] + zr, v[p + 1] + zi
            end
            wr, wi = wr - s * wi - t * wr, wi + s * wr - t * wi
        end
        span = span * 2
    end
end

do
    local n, v = 1024, {}
    for i = 0, 2 * n - 1 do v[i] = random() end
    for _ = 1, 40 * scale do
        fft(v, n, -1); fft(v, n, 1)
        for i = 0, 2 * n - 1 do v[i] = v[i] / n end
    end
    show("fft", v[0] + v[7] + v[2 * n - 1])
end
do
    local n, g, omega = 100, matrix(100, 100), 1.25
    for _ = 1, 150 * scale do
        for i = 2, n - 1 do
            local up, row, down = g[i - 1], g[i], g[i + 1]
            for j = 2, n - 1 do
                row[j] = omega / 4 * (up[j] + down[j] + row[j - 1] + row[j + 1]) + (1 - omega) * row[j]
            end
        end
    end
    show("sor", g[50][50] + g[3][97])
end
do
    local under, n = 0, 1500000 * scale
    for _ = 1, n do
        local x, y = random(), random()
        if x * x + y * y <= 1 then under = under + 1 end
    end
    show("points", 4 * under / n)
end
do
    local n, per = 1000, 5
    local x, val, col, y = vector(n), {}, {}, {}
    for i = 1, n do for k = 1, per do val[#val + 1], col[#col + 1] = random(), (i * k * 7) % n + 1 end end
    for _ = 1, 500 * scale do
        for i = 1, n do
            local s = 0
            for k = (i - 1) * per + 1, i * per do s = s + x[col[k]] * val[k] end
            y[i] = s
        end
    end
    show("sparse", y[1] + y[500] + y[n])
end
do
    local total = 0
    for _ = 1, 6 * scale do
        local n = 100
        local a = matrix(n, n)
        for j = 1, n do
            local p = j
            for i = j + 1, n do if math.abs(a[i][j]) > math.abs(a[p][j]) then p = i end end
            a[j], a[p] = a[p], a[j]
            local row, r = a[j], 1 / a[j][j]
            for i = j + 1, n do
                local other = a[i]
                local f = other[j] * r
                other[j] = f
                for k = j + 1, n do other[k] = other[k] - f * row[k] end
            end
        end
        total = total + a[n][n] + a[50][51]
    end
    show("lu", total)
end
