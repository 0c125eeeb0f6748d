/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: mm/uvm.c mm/uvm_region.c mm/uvm_map.c mm/uvm_brk.c mm/uvm_remap.c mm/uvm_lock.c
// sources: mm/uvm_advise.c mm/uvm_populate.c mm/uvm_show.c mm/uvm_large.c mm/uvm_commit.c mm/uvm_zap.c mm/fault.c
// sources: mm/usercopy.c mm/pcache.c mm/pcache_anon.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * What programs say and ask about their pages: locks and their limit, advice, presence, moves that
 * leave something behind, promises that memory cannot keep.
 */
#include "../../mm/uvm_impl.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include "softmmu.h"
#include <base/percpu.h>
#include <lib/errno.h>
#include <mm/kvm.h>
#include <mm/page.h>
#include <mm/pager.h>
#include <mm/pcache.h>
#include <mm/usercopy.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct pt kernel_pt;

#define BASE  0x400000ul
#define PAGES 32u

static struct uvm *space;
static u64 free_before;

static vaddr_t at(u32 page)
{
    return BASE + page * PAGE_SIZE;
}

static int map(u32 first, u32 n, unsigned prot, unsigned flags, struct pager *pager)
{
    vaddr_t va = at(first);

    return uvm_map(space, &va, n * PAGE_SIZE, prot, flags | UVM_FIXED, pager, 0);
}

static struct uvm_stats stats(void)
{
    struct uvm_stats s;

    uvm_stats(space, &s);
    return s;
}

static u32 regions(void)
{
    u32 n = 0;

    for (struct region *r = region_from(space, 0); r; r = region_next(r))
        n++;
    return n;
}

static void set_memlock(u64 bytes)
{
    const struct uvm_limits limits = {.as = ~0ul, .data = ~0ul, .stack = 8 * MiB, .memlock = bytes};

    uvm_set_limits(space, &limits);
}

static char byte_at(struct uvm *uvm, u32 page)
{
    char c = '?';

    assert_int_equal(uvm_copyin(uvm, &c, at(page), 1), 0);
    return c;
}

/* --- locks --- */

static void test_lock(void **state)
{
    (void)state;
    assert_int_equal(map(0, PAGES, UVM_R | UVM_W, 0, NULL), 0);
    assert_int_equal(uvm_lock(space, at(0), PAGES * PAGE_SIZE, UVM_LOCKED), 0);
    assert_int_equal(stats().locked, PAGES);
    assert_true(uvm_is_locked(space, at(3)));
    assert_int_equal(uvm_populate(space, at(0), at(PAGES), 0, NULL), 0);
    assert_int_equal(stats().resident, PAGES);
    /* the middle is unlocked, and locked again: three regions, then one */
    assert_int_equal(uvm_lock(space, at(10), 5 * PAGE_SIZE, 0), 0);
    assert_int_equal(stats().locked, PAGES - 5);
    assert_int_equal(regions(), 3);
    assert_int_equal(uvm_lock(space, at(10), 5 * PAGE_SIZE, UVM_LOCKED), 0);
    assert_int_equal(regions(), 1);
    /* what is locked is kept */
    assert_int_equal(uvm_discard(space, at(4), PAGE_SIZE, 0), -EINVAL);
    assert_int_equal(stats().resident, PAGES);
    assert_int_equal(uvm_discard(space, at(4), PAGE_SIZE, UVM_DISCARD_LOCKED), 0);
    assert_int_equal(stats().resident, PAGES - 1);
    assert_int_equal(uvm_unmap(space, at(0), 7 * PAGE_SIZE), 0);
    assert_int_equal(stats().locked, PAGES - 7);
    /* a hole: what lies before it is unlocked */
    assert_int_equal(uvm_unmap(space, at(20), PAGE_SIZE), 0);
    assert_int_equal(uvm_lock(space, at(7), 20 * PAGE_SIZE, 0), -ENOMEM);
    assert_int_equal(stats().locked, PAGES - 21);
    assert_int_equal(uvm_lock(space, at(0), PAGE_SIZE, UVM_LOCKED), -ENOMEM);
    assert_int_equal(uvm_lock(space, at(0) + 1, PAGE_SIZE, UVM_LOCKED), -EINVAL);
}

static void test_lock_limit(void **state)
{
    vaddr_t va = 0;
    struct uvm_remap grow = {.old = at(0), .old_len = 4 * PAGE_SIZE, .new_len = 9 * PAGE_SIZE};

    (void)state;
    set_memlock(8 * PAGE_SIZE);
    assert_int_equal(map(0, PAGES, UVM_R | UVM_W, 0, NULL), 0);
    assert_int_equal(uvm_lock(space, at(0), 9 * PAGE_SIZE, UVM_LOCKED), -ENOMEM);
    assert_int_equal(stats().locked, 0);
    assert_int_equal(uvm_lock(space, at(0), 8 * PAGE_SIZE, UVM_LOCKED), 0);
    assert_int_equal(uvm_lock(space, at(8), PAGE_SIZE, UVM_LOCKED), -ENOMEM);
    /* what is locked already does not count twice */
    assert_int_equal(uvm_lock(space, at(2), 6 * PAGE_SIZE, UVM_LOCKED), 0);
    assert_int_equal(uvm_map(space, &va, PAGE_SIZE, UVM_R, UVM_LOCKED, NULL, 0), -EAGAIN);
    assert_int_equal(uvm_unmap(space, at(4), (PAGES - 4) * PAGE_SIZE), 0);
    assert_int_equal(uvm_mremap(space, &grow), -EAGAIN);
    grow = (struct uvm_remap){.old = at(0), .old_len = 4 * PAGE_SIZE, .new_len = 8 * PAGE_SIZE};
    assert_int_equal(uvm_mremap(space, &grow), 0);
    assert_int_equal(stats().locked, 8);
    /* none at all */
    set_memlock(0);
    assert_int_equal(uvm_lock(space, at(0), PAGE_SIZE, UVM_LOCKED), -EPERM);
    assert_int_equal(uvm_map(space, &va, PAGE_SIZE, UVM_R, UVM_LOCKED, NULL, 0), -EPERM);
    assert_int_equal(uvm_lock(space, at(0), 8 * PAGE_SIZE, 0), 0);
}

static void test_lock_all(void **state)
{
    const unsigned locked = UVM_LOCKED, none = 0;
    vaddr_t va = 0;

    (void)state;
    set_memlock(20 * PAGE_SIZE);
    assert_int_equal(map(0, 4, UVM_R | UVM_W, 0, NULL), 0);
    assert_int_equal(map(8, 4, UVM_R, 0, NULL), 0);
    assert_int_equal(uvm_lock_all(space, NULL, UVM_LOCKED | UVM_ONFAULT), 0);
    assert_int_equal(stats().locked, 0);
    assert_int_equal(uvm_map(space, &va, PAGE_SIZE, UVM_R | UVM_W, 0, NULL, 0), 0);
    assert_int_equal(stats().locked, 1);
    assert_false(uvm_is_locked(space, va)); /* not at once */
    uvm_set_brk(space, 0x100000);
    assert_int_equal(uvm_brk(space, 0x102000), 0x102000);
    assert_int_equal(stats().locked, 3);
    assert_int_equal(uvm_brk(space, 0x100000 + 30 * PAGE_SIZE), 0x102000);
    assert_int_equal(uvm_lock_all(space, &locked, 0), 0);
    assert_int_equal(stats().locked, 11);
    assert_true(uvm_is_locked(space, va));
    assert_int_equal(uvm_lock_all(space, &none, 0), 0);
    assert_int_equal(stats().locked, 0);
    set_memlock(2 * PAGE_SIZE);
    assert_int_equal(uvm_lock_all(space, &locked, 0), -ENOMEM);
}

/* --- fork --- */

static void test_fork(void **state)
{
    struct uvm *child;
    struct uvm_stats s;
    const unsigned locked = UVM_LOCKED;

    (void)state;
    assert_int_equal(map(0, PAGES, UVM_R | UVM_W, 0, NULL), 0);
    for (u32 i = 0; i < PAGES; i++)
        assert_int_equal(uvm_copyout(space, at(i), "x", 1), 0);
    assert_int_equal(uvm_advise(space, at(4), 4 * PAGE_SIZE, 0, UVM_DONTFORK), 0);
    assert_int_equal(uvm_advise(space, at(12), 4 * PAGE_SIZE, 0, UVM_WIPEONFORK), 0);
    assert_int_equal(uvm_lock_all(space, &locked, UVM_LOCKED), 0);
    assert_int_equal(uvm_fork(space, &child), 0);
    assert_int_equal(byte_at(child, 3), 'x');
    assert_int_equal(uvm_copyin(child, &s, at(4), 1), -EFAULT);
    assert_int_equal(uvm_copyin(child, &s, at(7), 1), -EFAULT);
    assert_int_equal(byte_at(child, 8), 'x');
    assert_int_equal(byte_at(child, 12), 0);
    assert_int_equal(byte_at(child, 15), 0);
    assert_int_equal(byte_at(space, 13), 'x');
    assert_int_equal(byte_at(space, 5), 'x');
    uvm_stats(child, &s);
    assert_int_equal(s.total, PAGES - 4);
    assert_int_equal(s.locked, 0);
    assert_int_equal(child->future, 0);
    softmmu_check(&child->pt.space);
    /* a grandchild's zeroes are fresh again, and what was left out stays away */
    assert_int_equal(uvm_copyout(child, at(12), "y", 1), 0);
    struct uvm *grandchild;
    assert_int_equal(uvm_fork(child, &grandchild), 0);
    assert_int_equal(byte_at(grandchild, 12), 0);
    assert_int_equal(uvm_copyin(grandchild, &s, at(4), 1), -EFAULT);
    uvm_put(grandchild);
    uvm_put(child);
    assert_int_equal(uvm_advise(space, at(0), PAGES * PAGE_SIZE, UVM_DONTFORK, 0), 0);
    assert_int_equal(uvm_fork(space, &child), 0);
    assert_int_equal(byte_at(child, 5), 'x');
    uvm_put(child);
}

/* --- advice --- */

static void test_advice(void **state)
{
    struct pager *pager = pcache_create_anon(PAGES * PAGE_SIZE);

    (void)state;
    assert_non_null(pager);
    assert_int_equal(map(0, 8, UVM_R | UVM_W, 0, NULL), 0);
    assert_int_equal(map(12, 8, UVM_R | UVM_W, UVM_SHARED, pager), 0);
    pager_put(pager);
    assert_int_equal(uvm_copyout(space, at(2), "a", 1), 0);
    assert_int_equal(uvm_copyout(space, at(14), "s", 1), 0);
    /* a hole is told of, but what lies behind it is advised too */
    assert_int_equal(uvm_advise(space, at(6), 10 * PAGE_SIZE, 0, UVM_NOHUGE), -ENOMEM);
    assert_int_equal(region_from(space, at(6))->flags, UVM_NOHUGE);
    assert_int_equal(region_from(space, at(12))->flags, UVM_SHARED | UVM_NOHUGE);
    assert_int_equal(regions(), 4);
    assert_int_equal(uvm_advise(space, at(0), 20 * PAGE_SIZE, UVM_NOHUGE, 0), -ENOMEM);
    assert_int_equal(regions(), 2);
    /* shared memory cannot be wiped, and is not this program's to free */
    assert_int_equal(uvm_advise(space, at(12), PAGE_SIZE, 0, UVM_WIPEONFORK), -EINVAL);
    assert_int_equal(uvm_discard(space, at(12), PAGE_SIZE, UVM_DISCARD_ANON), -EINVAL);
    assert_int_equal(uvm_discard(space, at(2), PAGE_SIZE, UVM_DISCARD_NOTHING), 0);
    assert_int_equal(byte_at(space, 2), 'a');
    assert_int_equal(uvm_discard(space, at(2), PAGE_SIZE, UVM_DISCARD_ANON), 0);
    assert_int_equal(byte_at(space, 2), 0);
    assert_int_equal(uvm_discard(space, at(0), 20 * PAGE_SIZE, 0), -ENOMEM);
    assert_int_equal(stats().resident, 0);
    assert_int_equal(byte_at(space, 14), 's');
    assert_int_equal(uvm_advise(space, at(0), ~0ul & ~(PAGE_SIZE - 1), 0, 0), -ENOMEM);
}

/* --- presence --- */

static bool stop_at_once(void)
{
    return true;
}

static void test_populate(void **state)
{
    struct pager *pager = pcache_create_anon(6 * PAGE_SIZE);

    (void)state;
    assert_non_null(pager);
    assert_int_equal(map(0, 4, UVM_R, 0, NULL), 0);
    assert_int_equal(map(4, 4, UVM_R | UVM_W, 0, NULL), 0);
    assert_int_equal(map(8, 4, 0, 0, NULL), 0);
    assert_int_equal(map(16, 8, UVM_R | UVM_W, UVM_SHARED, pager), 0);
    pager_put(pager);
    assert_int_equal(uvm_populate(space, at(0), at(8), UVM_R, stop_at_once), -EINTR);
    assert_int_equal(stats().resident, 0);
    assert_int_equal(uvm_populate(space, at(0), at(8), UVM_W, NULL), -EINVAL);
    assert_int_equal(uvm_populate(space, at(0), at(8), UVM_R, NULL), 0);
    assert_int_equal(stats().resident, 8);
    assert_int_equal(stats().spurious, 0);
    assert_int_equal(uvm_populate(space, at(0), at(8), UVM_R, NULL), 0);
    assert_int_equal(stats().spurious, 0); /* what is there is left alone */
    assert_int_equal(uvm_populate(space, at(8), at(9), UVM_R, NULL), -EINVAL);
    assert_int_equal(uvm_populate(space, at(8), at(9), 0, NULL), -EFAULT);
    assert_int_equal(uvm_populate(space, at(12), at(18), UVM_R, NULL), -ENOMEM);
    assert_int_equal(uvm_populate(space, at(12), at(18), 0, NULL), 0);
    assert_int_equal(uvm_populate(space, at(16), at(24), UVM_W, NULL), -EFAULT); /* 6 pages long */
    assert_int_equal(stats().resident, 14);
}

static void test_mincore(void **state)
{
    struct pager *pager = pcache_create_anon(PAGES * PAGE_SIZE);
    u8 there[PAGES];
    static const u8 want[12] = {0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1};

    (void)state;
    assert_non_null(pager);
    assert_int_equal(map(0, 4, UVM_R | UVM_W, 0, NULL), 0);
    assert_int_equal(map(4, 8, UVM_R | UVM_W, UVM_SHARED, pager), 0);
    assert_int_equal(uvm_copyout(space, at(1), "a", 1), 0);
    /* in the cache, though not mapped */
    assert_int_equal(pcache_write_kernel(pcache_of_pager(pager), PAGE_SIZE, "b", 1), 1);
    assert_int_equal(pcache_write_kernel(pcache_of_pager(pager), 7 * PAGE_SIZE, "c", 1), 1);
    assert_int_equal(uvm_copyout(space, at(6), "d", 1), 0);
    pager_put(pager);
    assert_int_equal(uvm_mincore(space, at(0), 12, there), 0);
    assert_memory_equal(there, want, sizeof(want));
    assert_int_equal(uvm_mincore(space, at(0), 13, there), -ENOMEM);
    assert_int_equal(uvm_mincore(space, at(14), 1, there), -ENOMEM);
}

/* --- moves --- */

static void test_dontunmap(void **state)
{
    struct uvm_remap m = {.old = at(2),
                          .old_len = 3 * PAGE_SIZE,
                          .new_len = 3 * PAGE_SIZE,
                          .may_move = true,
                          .fixed = true,
                          .keep = true,
                          .to = at(20)};

    (void)state;
    assert_int_equal(map(0, 8, UVM_R | UVM_W, 0, NULL), 0);
    for (u32 i = 0; i < 8; i++)
        assert_int_equal(uvm_copyout(space, at(i), "x", 1), 0);
    assert_int_equal(uvm_mremap(space, &m), 0);
    assert_int_equal(m.to, at(20));
    assert_int_equal(stats().total, 11);
    assert_int_equal(stats().resident, 8);
    assert_int_equal(byte_at(space, 1), 'x');
    assert_int_equal(byte_at(space, 2), 0);
    assert_int_equal(byte_at(space, 4), 0);
    assert_int_equal(byte_at(space, 5), 'x');
    assert_int_equal(byte_at(space, 22), 'x');
    assert_int_equal(regions(), 2);
    /* a lock moves with the pages */
    assert_int_equal(uvm_lock(space, at(0), PAGE_SIZE, UVM_LOCKED), 0);
    m = (struct uvm_remap){.old = at(0),
                           .old_len = PAGE_SIZE,
                           .new_len = PAGE_SIZE,
                           .may_move = true,
                           .keep = true,
                           .to = at(28)};
    assert_int_equal(uvm_mremap(space, &m), 0);
    assert_int_equal(m.to, at(28)); /* a hint that was free */
    assert_int_equal(stats().locked, 1);
    assert_true(uvm_is_locked(space, at(28)));
    m.new_len = 2 * PAGE_SIZE;
    assert_int_equal(uvm_mremap(space, &m), -EINVAL);
}

static void test_duplicate(void **state)
{
    struct pager *pager = pcache_create_anon(8 * PAGE_SIZE);
    struct uvm_remap m = {.old = at(3), .new_len = 4 * PAGE_SIZE, .may_move = true};
    char c = 0;

    (void)state;
    assert_non_null(pager);
    assert_int_equal(map(0, 8, UVM_R | UVM_W, UVM_SHARED, pager), 0);
    pager_put(pager);
    assert_int_equal(uvm_copyout(space, at(4), "s", 1), 0);
    assert_int_equal(uvm_mremap(space, &m), 0);
    assert_int_equal(uvm_copyin(space, &c, m.to + PAGE_SIZE, 1), 0);
    assert_int_equal(c, 's');
    assert_int_equal(stats().total, 12);
    /* private memory has nothing that could be there twice */
    assert_int_equal(map(16, 4, UVM_R | UVM_W, 0, NULL), 0);
    m = (struct uvm_remap){.old = at(16), .new_len = PAGE_SIZE, .may_move = true};
    assert_int_equal(uvm_mremap(space, &m), -EINVAL);
}

/* --- promises --- */

static void test_promises(void **state)
{
    size_t all = (page_total_count() + 1) * PAGE_SIZE;
    vaddr_t va = 0, big = 0;
    struct uvm_remap m = {.may_move = true, .old_len = PAGE_SIZE, .new_len = all + PAGE_SIZE};

    (void)state;
    assert_int_equal(uvm_map(space, &va, all, UVM_R | UVM_W, 0, NULL, 0), -ENOMEM);
    assert_int_equal(uvm_map(space, &va, all - PAGE_SIZE, UVM_R | UVM_W, 0, NULL, 0), 0);
    assert_int_equal(uvm_map(space, &big, all, UVM_R | UVM_W, UVM_NORESERVE, NULL, 0), 0);
    assert_int_equal(uvm_unmap(space, big, all), 0);
    big = 0;
    assert_int_equal(uvm_map(space, &big, all, UVM_R, 0, NULL, 0), 0);
    assert_int_equal(uvm_protect(space, big, all, UVM_R | UVM_W), -ENOMEM);
    assert_int_equal(uvm_protect(space, big, MiB, UVM_R | UVM_W), 0);
    m.old = big;
    assert_int_equal(uvm_mremap(space, &m), -ENOMEM);
    uvm_set_brk(space, 0x100000);
    assert_int_equal(uvm_brk(space, 0x100000 + all), 0x100000);
    uvm_overcommit = UVM_OVERCOMMIT_ALWAYS;
    assert_int_equal(uvm_protect(space, big, all, UVM_R | UVM_W), 0);
    uvm_overcommit = UVM_OVERCOMMIT_USUAL;
    assert_int_equal(uvm_committed(), stats().data);
}

/* --- files that become shorter --- */

static u32 settled;

static void settle(void)
{
    settled++;
}

static void test_zap(void **state)
{
    struct pager *pager = pcache_create_anon(16 * PAGE_SIZE);
    struct pcache *file = pcache_of_pager(pager);
    struct uvm *child;
    char c;

    (void)state;
    settled = 0;
    uvm_zap(pager, 0, ~0ul, true, settle);
    assert_int_equal(settled, 0); /* nobody maps it */
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(pcache_write_kernel(file, i * PAGE_SIZE, "f", 1), 1);
    assert_int_equal(map(0, 16, UVM_R | UVM_W, UVM_SHARED, pager), 0);
    assert_int_equal(map(16, 16, UVM_R | UVM_W, 0, pager), 0);
    assert_int_equal(pager->mappings, 2);
    for (u32 i = 0; i < 32; i++)
        assert_int_equal(byte_at(space, i), 'f');
    assert_int_equal(uvm_copyout(space, at(21), "c", 1), 0); /* copies of pages 5 and 12 */
    assert_int_equal(uvm_copyout(space, at(28), "c", 1), 0);
    assert_int_equal(uvm_fork(space, &child), 0);
    /* a hole at 4 to 6: everybody sees zeroes, but the copies stay */
    pcache_punch(file, 4 * PAGE_SIZE, 2 * PAGE_SIZE);
    uvm_zap(pager, 4, 6, false, settle);
    assert_int_equal(settled, 2);
    assert_int_equal(stats().resident, 32 - 3);
    assert_int_equal(byte_at(space, 4), 0);
    assert_int_equal(byte_at(space, 20), 0);
    assert_int_equal(byte_at(space, 21), 'c');
    assert_int_equal(byte_at(child, 5), 0);
    assert_int_equal(byte_at(child, 21), 'c');
    assert_int_equal(byte_at(child, 6), 'f');
    /* shorter by the half: the copies go, too, and there is nothing any more */
    assert_int_equal(pcache_truncate(file, 8 * PAGE_SIZE), 0);
    uvm_zap(pager, 8, ~0ul, true, settle);
    assert_int_equal(uvm_fault(space, at(8), UVM_R), -EIO);
    assert_int_equal(uvm_fault(space, at(28), UVM_R), -EIO);
    assert_int_equal(uvm_fault(child, at(28), UVM_W), -EIO);
    assert_int_equal(byte_at(space, 7), 'f');
    assert_int_equal(uvm_copyin(child, &c, at(23), 1), 0);
    uvm_put(child);
    assert_int_equal(pager->mappings, 2);
    pager_put(pager);
}

/* Who asks for an exact place may have it near null, but nothing is handed out there. */
static void test_low_places(void **state)
{
    vaddr_t va = 0, low = PAGE_SIZE;

    (void)state;
    assert_int_equal(uvm_map(space, &va, PAGE_SIZE, UVM_R, UVM_FIXED, NULL, 0), -EPERM);
    assert_int_equal(uvm_map(space, &low, PAGE_SIZE, UVM_R, UVM_FIXED, NULL, 0), 0);
    va = UVM_MIN + 4 * PAGE_SIZE;
    assert_int_equal(uvm_map(space, &va, PAGE_SIZE, UVM_R, UVM_FIXED, NULL, 0), 0);
    assert_int_equal(region_find_gap(space, 4 * PAGE_SIZE, va), UVM_MIN);
    assert_int_equal(region_find_gap(space, 5 * PAGE_SIZE, va), 0);
}

static int begin(void **state)
{
    (void)state;
    free_before = mm_machine_free_pages();
    softmmu_reset(3);
    space = uvm_create();
    assert_non_null(space);
    return 0;
}

static int end(void **state)
{
    (void)state;
    softmmu_check(&space->pt.space);
    uvm_put(space);
    assert_int_equal(mm_machine_free_pages(), free_before);
    return 0;
}

static int boot(void **state)
{
    (void)state;
    mm_machine_boot(64 * MiB);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lock),      TEST(test_lock_limit), TEST(test_lock_all),   TEST(test_fork),
        TEST(test_advice),    TEST(test_populate),   TEST(test_mincore),    TEST(test_dontunmap),
        TEST(test_duplicate), TEST(test_promises),   TEST(test_low_places), TEST(test_zap),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
