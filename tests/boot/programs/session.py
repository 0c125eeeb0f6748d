# SPDX-License-Identifier: BSD-2-Clause
# MicroPython's collector marks and sweeps a heap that it takes with one mmap, and looks for pointers on the stack and in
# the registers. With several threads it stops all others with a signal, each on whatever hart it runs.
import gc
import _thread
import time


def tree(depth):
    return [tree(depth - 1), tree(depth - 1)] if depth else None


def nodes(t):
    return 1 + nodes(t[0]) + nodes(t[1]) if t else 1


keep = tree(11)
for _ in range(40):
    assert nodes(tree(8)) == 511
print("nodes", nodes(keep))
gc.collect()
used = gc.mem_alloc()
rubbish = [bytearray(1000) for _ in range(300)]
del rubbish
gc.collect()
print("given back", gc.mem_alloc() < used + 10000)

done = []
lock = _thread.allocate_lock()


def work(number):
    good = 0
    for i in range(10):
        good += nodes(tree(6)) == 127
        data = [bytes([number]) * 50 for _ in range(20)]
        good += all(d == data[0] for d in data)
    with lock:
        done.append((number, good))


for n in range(6):
    _thread.start_new_thread(work, (n,))
while True:
    gc.collect()
    time.sleep_ms(20)  # with more harts than processors each of these stops is long
    with lock:
        if len(done) == 6:
            break
print("threads", sorted(done))
