/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest=bench: what the operations of memory management cost that no system call shows alone.
 *
 * Prints `bench NAME: N`, N nanoseconds for one operation with one decimal. In an emulator that
 * counts one instruction as one nanosecond, these are instructions (tests/bench/run.py). Interrupts
 * stay on: a timer tick in between is spread over many rounds.
 */
#include <base/init.h>
#include <base/log.h>
#include <kernel/selftest.h>
#include <kernel/time.h>
#include <mm/page.h>
#include <mm/pt.h>

#define BLOCK_ROUNDS 20000u
#define MAP_ROUNDS   500u
#define MAP_ORDER    6u
#define MAP_PAGES    (1u << MAP_ORDER)
#define MAP_AT       0x40000000ul

static void report(const char *name, u64 ticks, u64 operations)
{
    u64 tenths = time_ticks_to_ns(ticks) * 10 / operations;

    /* Asked for by name: `quiet` does not hide it. */
    fmt_print(log_raw_sink(), "bench %s: %lu.%lu\n", name, tenths / 10, tenths % 10);
}

/*
 * A block taken and given back at once: the way through the allocator alone. Inline, so that a
 * constant order takes the way that callers with a constant order take.
 */
static __always_inline const char *bench_blocks(const char *name, unsigned order)
{
    u64 start = time_now_ticks();

    for (unsigned i = 0; i < BLOCK_ROUNDS; i++) {
        struct page *p = page_alloc(order, 0, PAGE_KERNEL);
        if (!p)
            return selftest_fail("no block of order %u", order);
        page_free(p, order);
    }
    report(name, time_now_ticks() - start, BLOCK_ROUNDS);
    return NULL;
}

static int map_and_unmap(struct pt *pt, pfn_t pfn)
{
    struct mmu_flush fl;
    struct pt_gather gather;
    size_t size = MAP_PAGES * PAGE_SIZE;

    mmu_flush_begin(&fl, &pt->space);
    int rc = pt_map(pt, &fl, MAP_AT, pfn, size, PROT_R | PROT_W | PROT_U);
    mmu_flush_end(&fl);
    if (rc)
        return rc;
    pt_gather_begin(&gather, pt);
    pt_unmap(&gather, MAP_AT, MAP_AT + size, PT_KEEP_FRAMES);
    pt_gather_end(&gather);
    return 0;
}

static const char *bench_map_in(struct pt *pt, struct page *frames)
{
    u64 start = time_now_ticks();

    for (unsigned i = 0; i < MAP_ROUNDS; i++) {
        int rc = map_and_unmap(pt, page_to_pfn(frames));
        if (rc)
            return selftest_fail("mapping failed: %d", rc);
    }
    report("map_page", time_now_ticks() - start, (u64)MAP_ROUNDS * MAP_PAGES);
    return NULL;
}

/* Pages mapped and unmapped in one sweep in a table of a process: 4 KiB leaves, tables included. */
static const char *bench_map(void)
{
    struct page *frames = page_alloc(MAP_ORDER, 0, PAGE_KERNEL);
    struct pt pt;
    const char *why = "no memory";

    if (frames && !pt_init(&pt)) {
        why = bench_map_in(&pt, frames);
        pt_retire(&pt);
        pt_destroy(&pt);
    }
    if (frames)
        page_free(frames, MAP_ORDER);
    return why;
}

static const char *selftest_bench(void)
{
    const char *why = bench_blocks("buddy_0", 0);

    if (!why)
        why = bench_blocks("buddy_9", 9);
    return why ? why : bench_map();
}

SELFTEST("bench", selftest_bench);
