/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: mm/kvm_map.c mm/kstack.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c
// sources: mm/kmalloc.c mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c
// sources: lib/string_extra.c lib/string_page.c
/*
 * The kernel's table on the software MMU, with an image that is only addresses: what kvm_init()
 * builds, what kvm_check() finds when it is broken on purpose, devices, the image's leftovers,
 * and kernel stacks by the thousand.
 */
#include <base/sections.h>

/* The image of this machine. sections.h has been read: from here on its symbols are numbers. */
#define TEXT_END      0x40000ul
#define DATA          0x100000ul
#define IMAGE_END     0x1f0000ul
#define __image_start ((char *)IMAGE_BASE)
#define __text_start  ((char *)IMAGE_BASE)
#define __text_end    ((char *)(IMAGE_BASE + TEXT_END))
#define __data_start  ((char *)(IMAGE_BASE + DATA))
#define __image_end   ((char *)(IMAGE_BASE + IMAGE_END))

#include "../../mm/kvm.c"
#include "../../mm/kvm_check.c"
#include "hostmachine.h"
#include "mm_machine.h"
#include "softmmu.h"
#include <lib/errno.h>
#include <mm/failalloc.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define IMAGE_PA 0x80000000ul /* mm_machine reserves 2 MiB there */
#define CPUS     3
#define LEVELS   4 /* the host's direct map does not fit into three */

static struct page *entry[CPUS];
static u64 rng;

static u32 below(u32 n)
{
    return (u32)(host_random(&rng) % n);
}

paddr_t arch_entry_frame(u32 cpu)
{
    return page_to_phys(entry[cpu]);
}

paddr_t arch_trampoline_frame(void)
{
    return IMAGE_PA + TEXT_END - PAGE_SIZE;
}

static enum softmmu_result touch(vaddr_t va, prot_t want)
{
    paddr_t pa;

    return softmmu_access(&kernel_pt.space, va, want, &pa);
}

static void assert_check(const char *wanted)
{
    char report[256];
    const char *error = kvm_check(report, sizeof(report));

    if (wanted) {
        assert_non_null(error);
        assert_string_equal(error, wanted);
        assert_string_equal(report, "");
    } else {
        assert_null(error);
        assert_non_null(strstr(report, "no page writable and executable"));
    }
    softmmu_check(&kernel_pt.space);
}

static void test_layout(void **state)
{
    unsigned level;

    (void)state;
    assert_check(NULL);
    assert_int_equal(touch(IMAGE_BASE, PROT_R | PROT_X), SOFTMMU_OK);
    assert_int_equal(touch(IMAGE_BASE, PROT_W), SOFTMMU_FAULT);
    assert_int_equal(touch(IMAGE_BASE + TEXT_END, PROT_R), SOFTMMU_OK);
    assert_int_equal(touch(IMAGE_BASE + TEXT_END, PROT_X), SOFTMMU_FAULT);
    assert_int_equal(touch(IMAGE_BASE + TEXT_END, PROT_W), SOFTMMU_FAULT);
    assert_int_equal(touch(IMAGE_BASE + DATA, PROT_W), SOFTMMU_OK);
    assert_int_equal(touch(IMAGE_BASE + IMAGE_END, PROT_R), SOFTMMU_FAULT);
    assert_int_equal(touch(DIRECT_BASE + IMAGE_PA, PROT_W), SOFTMMU_FAULT);
    assert_int_equal(touch(DIRECT_BASE + IMAGE_PA + DATA, PROT_W), SOFTMMU_OK);
    assert_int_equal(touch(DIRECT_BASE + IMAGE_PA - 1, PROT_R), SOFTMMU_FAULT);
    pt_lookup(&kernel_pt, DIRECT_BASE + IMAGE_PA + 4 * MiB, &level);
    assert_int_equal(level, 1); /* large leaves where nothing is special */
    assert_int_equal(touch(TRAMPOLINE_VA, PROT_X), SOFTMMU_OK);
    assert_int_equal(touch(ENTRY_BASE + 2 * PAGE_SIZE, PROT_W), SOFTMMU_OK);
    assert_int_equal(touch(ENTRY_BASE + 3 * PAGE_SIZE, PROT_R), SOFTMMU_FAULT);
}

/*
 * --- what the check must find
 * -------------------------------------------------------------------
 */

/* Overwrites the entry of one page, runs the check, and puts it back. */
static void assert_found(vaddr_t va, paddr_t pa, prot_t prot, const char *wanted)
{
    struct mmu_flush fl;

    mmu_flush_begin(&fl, &kernel_pt.space);
    assert_int_equal(pt_split(&kernel_pt, &fl, va), 0);
    assert_int_equal(pt_split(&kernel_pt, &fl, va + PAGE_SIZE), 0);
    pte_t *slot = pt_slot_alloc(&kernel_pt, &fl, va);
    pte_t old = mmu_load(slot);
    mmu_store(&fl, slot, prot ? mmu_leaf(pa >> PAGE_SHIFT, prot, 0) : MMU_NOTHING, va, 0);
    mmu_flush_end(&fl);
    assert_check(wanted);
    mmu_store(&fl, slot, old, va, 0);
    mmu_flush_end(&fl);
    assert_check(NULL);
}

static void test_check_finds(void **state)
{
    const prot_t rw = PROT_R | PROT_W;
    paddr_t ram = IMAGE_PA + 8 * MiB;

    (void)state;
    assert_found(IMAGE_BASE, IMAGE_PA, rw | PROT_X, "a page is writable and executable");
    assert_found(IMAGE_BASE, IMAGE_PA, PROT_R | PROT_X | PROT_U,
                 "a kernel page is open to user mode");
    assert_found(IMAGE_BASE, IMAGE_PA, PROT_R | PROT_X | PROT_G,
                 "a page is global that must not be, or the other way round");
    assert_found(IMAGE_BASE, IMAGE_PA, rw, "a part of the image has another part's rights");
    assert_found(IMAGE_BASE + DATA, IMAGE_PA, rw, "the image maps a frame that is not its own");
    assert_found(IMAGE_BASE + IMAGE_END, IMAGE_PA, rw,
                 "the image's area holds what is no part of the image");
    assert_found(DIRECT_BASE + IMAGE_PA, IMAGE_PA, rw,
                 "the direct map makes kernel text or constants writable");
    assert_found(DIRECT_BASE + ram, ram + PAGE_SIZE, rw, "the direct map is not direct");
    assert_found(DIRECT_BASE + ram, ram, PROT_R | PROT_X, "the direct map is executable");
    assert_found(DIRECT_BASE + ram, 0, 0, "the direct map does not hold all RAM");
    assert_found(DIRECT_BASE + 0x1000, 0x1000, rw, "the direct map holds what is no RAM of ours");
    assert_found(DEVICE_BASE, ram, rw, "RAM is mapped as device registers");
    assert_found(DEVICE_BASE, 0x1000, PROT_R | PROT_X, "device registers are executable");
    assert_found(KSTACK_BASE, ram, rw, "a stack's guard is mapped");
    assert_found(KSTACK_BASE + KSTACK_BYTES, ram, PROT_R,
                 "a stack has rights other than read and write");
    assert_found(ENTRY_BASE, 0, 0, "a cpu's entry page is missing");
    assert_found(ENTRY_BASE, page_to_phys(entry[1]), rw | PROT_G,
                 "the entry area holds a page that is no cpu's");
    assert_found(ENTRY_BASE, page_to_phys(entry[0]), PROT_R | PROT_G,
                 "an entry page has wrong rights");
    assert_found(TRAMPOLINE_VA, IMAGE_PA, PROT_R | PROT_X | PROT_G,
                 "the trampoline is not what it should be");
    assert_found(TRAMPOLINE_VA, 0, 0, "the trampoline is missing");
    assert_found(0x10000, ram, PROT_R, "a page is mapped outside of every area");
}

static void test_second_parent(void **state)
{
    unsigned top = LEVELS - 1;
    pte_t *slot = &kernel_pt.root[pt_index(DIRECT_BASE, top)];
    pte_t *other = &kernel_pt.root[pt_index(DIRECT_BASE, top) + 1];

    (void)state;
    *other = *slot;
    const char *error = kvm_check(NULL, 0);
    *other = MMU_NOTHING;
    assert_string_equal(error, "a table has a second parent");
    assert_check(NULL);
}

/*
 * --- devices
 * ------------------------------------------------------------------------------------
 */

static void test_devices(void **state)
{
    unsigned level;
    u64 generation = kvm_generation;

    (void)state;
    assert_int_equal(touch(DEVICE_BASE, PROT_R), SOFTMMU_FAULT); /* cached as empty */
    char *uart = kvm_map_device(0x10000123, 0x20);
    assert_ptr_equal(uart, DEVICE_BASE + 0x123);
    assert_true(kvm_generation > generation);
    assert_int_equal(touch((vaddr_t)uart, PROT_R | PROT_W), SOFTMMU_OK);
    assert_int_equal(touch((vaddr_t)uart, PROT_X), SOFTMMU_FAULT);
    char *again = kvm_map_device(0x10000123, 0x20);
    assert_ptr_not_equal(again, uart); /* a mapping of its own, and a free page in between */
    assert_ptr_equal(again, uart + 2 * PAGE_SIZE);
    char *big = kvm_map_device(0xc000000, 64 * MiB);
    pt_lookup(&kernel_pt, (vaddr_t)big, &level);
    assert_int_equal(level, 1);
    char *odd = kvm_map_device(0x4000f000, 4 * MiB + 8);
    assert_int_equal(((vaddr_t)odd - 0x4000f000) % (2 * MiB), 0);
    assert_check(NULL);
    assert_null(kvm_map_device(IMAGE_PA + 16 * MiB, 16)); /* RAM */
    assert_null(kvm_map_device(IMAGE_PA - 16, 32));       /* reaches into RAM */
    assert_null(kvm_map_device(0x1000, 0));
    assert_null(kvm_map_device(~0ul - 100, 200));    /* wraps */
    assert_null(kvm_map_device(1ul << 40, 2 * GiB)); /* no room */
    kvm_unmap_device(uart, 0x20);
    assert_int_equal(touch((vaddr_t)uart, PROT_R), SOFTMMU_FAULT);
    assert_ptr_equal(kvm_map_device(0x10001000, 16), (char *)DEVICE_BASE); /* the place is free */
    kvm_unmap_device((char *)DEVICE_BASE, 16);
    kvm_unmap_device(again, 0x20);
    kvm_unmap_device(big, 64 * MiB);
    kvm_unmap_device(odd, 4 * MiB + 8);
    assert_check(NULL);
}

/*
 * --- the image's leftovers
 * ------------------------------------------------------------------------
 */

static void test_release_image(void **state)
{
    vaddr_t start = IMAGE_BASE + TEXT_END + 0x10000, end = IMAGE_BASE + DATA;

    (void)state;
    for (vaddr_t va = start; va < end; va += PAGE_SIZE)
        touch(va, PROT_R);
    assert_int_equal(kvm_release_image(start, end), 0);
    assert_check(NULL);
    assert_int_equal(touch(start, PROT_R), SOFTMMU_FAULT);
    assert_int_equal(touch(start - 1, PROT_R), SOFTMMU_OK);
    assert_int_equal(touch(end, PROT_W), SOFTMMU_OK);
    assert_int_equal(touch(DIRECT_BASE + kvm_image_pa(start), PROT_W), SOFTMMU_OK);
    assert_int_equal(touch(DIRECT_BASE + kvm_image_pa(start) - 1, PROT_W), SOFTMMU_FAULT);
}

/*
 * --- stacks
 * ---------------------------------------------------------------------------------------
 */

#define STACKS 200

static void assert_stack_works(const struct kstack *s, const char *owner)
{
    vaddr_t base = s->top - KSTACK_BYTES;

    assert_int_equal(s->top % KSTACK_STRIDE, 0);
    assert_int_equal(touch(s->top - 8, PROT_R | PROT_W), SOFTMMU_OK);
    assert_int_equal(touch(base, PROT_R | PROT_W), SOFTMMU_OK);
    assert_int_equal(touch(base, PROT_X), SOFTMMU_FAULT);
    for (vaddr_t guard = base - KSTACK_BYTES; guard < base; guard += PAGE_SIZE)
        assert_int_equal(touch(guard, PROT_R), SOFTMMU_FAULT);
    assert_string_equal(kstack_owner(s->top - 8), owner);
    assert_string_equal(kstack_owner(base - 1), owner); /* the guard is named after its stack */
}

/* The bit that trap entry tests: set all over a stack, clear all over its guard. */
static void test_guard_bit(void **state)
{
    struct kstack s;

    (void)state;
    assert_int_equal(kstack_alloc(&s, "a"), 0);
    for (vaddr_t sp = s.top - KSTACK_BYTES; sp < s.top; sp += 16)
        assert_true(sp & KSTACK_BYTES);
    for (vaddr_t sp = s.top - KSTACK_STRIDE; sp < s.top - KSTACK_BYTES; sp += 16)
        assert_false(sp & KSTACK_BYTES);
    kstack_free(&s);
}

static void test_stacks(void **state)
{
    static struct kstack stack[STACKS];
    static bool used[STACKS];
    static const char *const names[] = {"init", "sh", "idle"};
    u32 in_use, dead, count = 0;

    (void)state;
    rng = host_seed();
    kstack_drain();
    for (u32 i = 0; i < 20000; i++) {
        u32 k = below(STACKS);
        if (used[k]) {
            kstack_free(&stack[k]);
            count--;
        } else {
            assert_int_equal(kstack_alloc(&stack[k], names[k % 3]), 0);
            assert_stack_works(&stack[k], names[k % 3]);
            count++;
        }
        used[k] = !used[k];
        if (i % 500 == 0) {
            assert_check(NULL);
            kstack_count(&in_use, &dead);
            assert_int_equal(in_use, count);
            assert_true(dead <= 32);
        }
    }
    for (u32 k = 0; k < STACKS; k++) {
        if (used[k]) {
            assert_stack_works(&stack[k], names[k % 3]);
            kstack_free(&stack[k]);
        }
        used[k] = false;
    }
    kstack_drain();
    assert_check(NULL);
    assert_null(kstack_owner(stack[0].top - 8));
    assert_null(kstack_owner(IMAGE_BASE));
    assert_null(kstack_owner(0));
}

/* Tables of the kernel stay, and so do pages of owners; everything else comes back. */
static void test_stacks_conserve(void **state)
{
    static struct kstack stack[STACKS];
    u64 after[2];

    (void)state;
    for (u32 round = 0; round < 2; round++) {
        for (u32 k = 0; k < STACKS; k++)
            assert_int_equal(kstack_alloc(&stack[k], "x"), 0);
        for (u32 k = 0; k < STACKS; k++)
            kstack_free(&stack[k]);
        kstack_drain();
        after[round] = mm_machine_free_pages();
    }
    assert_int_equal(after[0], after[1]);
}

static void test_stacks_no_memory(void **state)
{
    struct kstack s;
    int err = -ENOMEM;

    (void)state;
    kstack_drain();
    u64 before = mm_machine_free_pages();
    for (u32 k = 1; err; k++) {
        failalloc_arm(k);
        err = kstack_alloc(&s, "x");
        failalloc_arm(0);
        if (err)
            assert_int_equal(mm_machine_free_pages(), before);
        assert_check(NULL);
        assert_true(k < 10);
    }
    kstack_free(&s);
}

/* A cpu that cached "nothing here" before another one mapped a stack. */
static void test_generations(void **state)
{
    struct kstack s;

    (void)state;
    kstack_drain();
    host_set_cpu(1);
    kvm_sync_cpu();
    u64 syncs = softmmu_syncs;
    kvm_sync_cpu();
    assert_int_equal(softmmu_syncs, syncs); /* up to date: no fence */
    host_set_cpu(0);
    assert_int_equal(kstack_alloc(&s, "x"), 0);
    host_set_cpu(1);
    kvm_sync_cpu();
    assert_int_equal(softmmu_syncs, syncs + 1);
    host_set_cpu(0);
    assert_true(kvm_fix_spurious(s.top - 8, PROT_W));
    assert_false(kvm_fix_spurious(s.top - KSTACK_BYTES - 8, PROT_R)); /* the guard */
    assert_false(kvm_fix_spurious(IMAGE_BASE, PROT_W));
    kstack_free(&s);
}

static int setup(void **state)
{
    struct boot_info info = {.image_pa = IMAGE_PA, .image_size = IMAGE_END};

    (void)state;
    mm_machine_boot(64 * MiB);
    softmmu_reset(LEVELS);
    cpu_set_count(CPUS);
    for (u32 i = 0; i < CPUS; i++)
        entry[i] = page_alloc(0, PA_ZERO, PAGE_KERNEL);
    kvm_init(&info);
    kvm_adopt();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),           cmocka_unit_test(test_check_finds),
        cmocka_unit_test(test_second_parent),    cmocka_unit_test(test_devices),
        cmocka_unit_test(test_guard_bit),        cmocka_unit_test(test_stacks),
        cmocka_unit_test(test_stacks_no_memory), cmocka_unit_test(test_generations),
        cmocka_unit_test(test_stacks_conserve),  cmocka_unit_test(test_release_image),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
