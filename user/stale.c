/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stale [ROUNDS]: does a cpu still read what another one has unmapped? Readers, one on each other cpu, load from
 * one page without ever entering the kernel, so that no trap makes them forget a translation; then the page is
 * unmapped, protected, exchanged for another, or emptied. What counts is one load that begins after that call has
 * returned: it must fault or find what is there now. Every other time the page is the first of 2 MiB, so that
 * what the readers have cached may be a large leaf, which the call must split.
 */
#include <abi/linux/mman.h>

#include "lib/sys.h"
#include "lib/text.h"
#include "lib/thread.h"
#include "lib/try.h"

#define PAGE       4096ul
#define LARGE      (2 * MiB)
#define AT         (3ul << 30)
#define STACK_SIZE (16 * KiB)
#define READERS    31u
#define OLD        0x5a5a5a5a5a5a5a5aul
#define NEW        0xc3c3c3c3c3c3c3c3ul
#define PATIENCE   (20 * 1000000000ul)

enum way { UNMAP, PROTECT, EXCHANGE, EMPTY, WAYS };

static u64 *const word = (u64 *)AT;
static u32 readers, round_begun, round_over; /* the latter two: numbers of rounds, from 1 */
static u32 reading, noticed;                 /* readers, of this round */
static u32 stale, stop;

static struct reader {
    struct thread thread;
    u32 cpu;
} reader_table[READERS];

#define get(p)    __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define set(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define count(p)  ((void)__atomic_fetch_add((p), 1, __ATOMIC_ACQ_REL))

static void must(bool good, const char *what)
{
    if (good)
        return;
    warn("stale: %s failed\n", what);
    sys_exit(2);
}

/* Loads until the old word is not there any more. Nothing in here is a system call. */
static void read_round(u32 round)
{
    u64 value = OLD;

    must(!try_load(word, &value) && value == OLD, "the first load");
    count(&reading);
    for (;;) {
        bool over = get(&round_over) == round;
        bool old = !try_load(word, &value) && value == OLD;

        if (over && old)
            count(&stale);
        if (over || !old)
            break;
    }
    count(&noticed);
}

static void read_rounds(void *arg)
{
    struct reader *r = arg;
    u64 mask = 1ul << r->cpu;

    must(!SYS(sched_setaffinity, 0, sizeof(mask), &mask), "sched_setaffinity");
    for (u32 round = 1;; round++) {
        while (get(&round_begun) < round)
            if (get(&stop))
                return;
        read_round(round);
    }
}

static void wait_for_all(const u32 *counter, const char *what)
{
    for (u64 until = sys_now() + PATIENCE; get(counter) < readers;)
        must(sys_now() < until, what);
}

static void map(u64 size, u64 value)
{
    must(!SYS(munmap, AT, LARGE), "munmap");
    long at =
        SYS(mmap, AT, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    must(at == (long)AT, "mmap");
    *word = value;
}

/* Another page with other contents comes to the place in one call. */
static void exchange(void)
{
    long other = SYS(mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must(other > 0, "mmap");
    *(u64 *)other = NEW;
    must(SYS(mremap, other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT) == (long)AT, "mremap");
}

static void take_away(enum way way)
{
    if (way == UNMAP)
        must(!SYS(munmap, AT, PAGE), "munmap");
    else if (way == PROTECT)
        must(!SYS(mprotect, AT, PAGE, 0), "mprotect");
    else if (way == EMPTY)
        must(!SYS(madvise, AT, PAGE, MADV_DONTNEED), "madvise");
    else
        exchange();
}

static void run_round(u32 round)
{
    map(round / WAYS % 2 ? LARGE : PAGE, OLD);
    set(&reading, 0);
    set(&noticed, 0);
    set(&round_begun, round);
    wait_for_all(&reading, "waiting for the readers");
    take_away(round % WAYS);
    set(&round_over, round);
    wait_for_all(&noticed, "waiting for the readers to notice");
}

/* One on each cpu that we may use but the one that we stay on. */
static void start_readers(void)
{
    u64 cpus = 0, mine;

    must(SYS(sched_getaffinity, 0, sizeof(cpus), &cpus) > 0, "sched_getaffinity");
    mine = cpus & -cpus;
    must(!SYS(sched_setaffinity, 0, sizeof(mine), &mine), "sched_setaffinity");
    for (u32 cpu = 0; cpu < 64 && readers < READERS; cpu++) {
        struct reader *r = &reader_table[readers];
        if (!((cpus & ~mine) >> cpu & 1))
            continue;
        long stack =
            SYS(mmap, 0, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(stack > 0, "mmap");
        r->cpu = cpu;
        must(!thread_start(&r->thread, (void *)stack, STACK_SIZE, read_rounds, r, 0), "clone");
        readers++;
    }
}

int main(int argc, char **argv)
{
    u32 rounds = argc > 1 ? (u32)text_number(argv[1]) : 200;

    try_init();
    start_readers();
    for (u32 round = 1; round <= rounds; round++)
        run_round(round);
    set(&stop, 1);
    for (u32 i = 0; i < readers; i++)
        thread_join(&reader_table[i].thread);
    print("stale: %u rounds, %u readers, %u stale loads\n", rounds, readers, stale);
    return stale != 0;
}
