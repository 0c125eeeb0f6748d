-- SPDX-License-Identifier: BSD-2-Clause
-- What makes Lua's collector and its C library work: garbage of all sizes, weak tables, finalizers, coroutines, pipes, files.
local function check(name, good)
    print(name .. ": " .. (good and "good" or "wrong"))
end

local function fib(n)
    return n < 2 and n or fib(n - 1) + fib(n - 2)
end
check("calls", fib(20) == 6765)

local before = collectgarbage("count")
local keep = {}
for i = 1, 60000 do
    local t = { i, tostring(i), { i } }
    if i % 1000 == 0 then
        keep[#keep + 1] = t
    end
end
check("garbage", #keep == 60 and keep[60][2] == "60000" and keep[7][3][1] == 7000)
keep = nil
collectgarbage()
check("memory is given back", collectgarbage("count") < before + 200)

local weak, ended = setmetatable({}, { __mode = "k" }), 0
for i = 1, 100 do
    weak[setmetatable({}, { __gc = function() ended = ended + 1 end })] = i
end
collectgarbage()
collectgarbage()
check("finalizers", ended == 100 and next(weak) == nil)

for _, mode in ipairs({ "generational", "incremental" }) do
    collectgarbage(mode)
    local list
    for i = 1, 20000 do
        list = { next = i % 500 ~= 0 and list or nil, i }
    end
    check(mode, list[1] == 20000)
end

local producer = coroutine.wrap(function()
    for i = 1, 10000 do
        coroutine.yield(i)
    end
    return -1
end)
local sum, value = 0, producer()
while value > 0 do
    sum, value = sum + value, producer()
end
check("coroutines", sum == 50005000)

local big = string.rep("0123456789", 400000)
check("big strings", #big == 4000000 and select(2, big:gsub("9", "")) == 400000)

local path = os.tmpname()
local file = assert(io.open(path, "w"))
for i = 1, 20000 do
    file:write(i, "\n")
end
file:close()
sum = 0
for line in io.lines(path) do
    sum = sum + tonumber(line)
end
check("files", sum == 200010000 and os.remove(path) and not io.open(path))

local words = {}
for word in io.popen("echo a few words; exit 3"):read("a"):gmatch("%a+") do
    words[#words + 1] = word
end
check("popen", table.concat(words, ",") == "a,few,words")
check("system", select(3, os.execute("exit 9")) == 9)

check("errors", not pcall(string.rep, "x", 1 << 40))
local deep = 0
local function recurse()
    deep = deep + 1
    return 1 + recurse()
end
check("stack overflow", not pcall(recurse) and deep > 10000)
