/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's table under its own eyes: every leaf and every table is compared with what the
 * area that it lies in may hold. Run at boot and by selftest=wx; takes no lock (tables of the
 * kernel are never freed), so nobody should map meanwhile.
 */
#include "kvm_impl.h"
#include "table.h"
#include <arch/boot.h>
#include <base/init.h>
#include <base/log.h>
#include <base/percpu.h>
#include <base/sections.h>
#include <lib/fmt.h>
#include <mm/kstack.h>
#include <mm/kvm.h>
#include <mm/region.h>

struct check {
    struct pt_visitor visitor;
    const char *error;
    vaddr_t where;
    size_t leaves, tables, stack_pages;
    u64 direct_bytes, device_bytes;
};

struct leaf {
    vaddr_t va;
    paddr_t pa;
    size_t size;
    prot_t prot;
};

static bool in(vaddr_t va, vaddr_t base, size_t size)
{
    return va - base < size;
}

/* Whether all of the leaf is RAM that the direct map is meant to hold. */
static bool is_mapped_ram(const struct leaf *l)
{
    paddr_t start, end;

    return region_next_mapped(l->pa, &start, &end) && start <= l->pa && end >= l->pa + l->size;
}

/* Whether the image still maps the page at va (the initramfs is given back after unpacking). */
static bool image_maps(vaddr_t va)
{
    return mmu_kind(pt_lookup(&kernel_pt, va, NULL)) == MMU_LEAF;
}

/* Whether a frame in the leaf belongs to text or constants, and so must not be written here. */
static bool holds_constant_image(const struct leaf *l)
{
    for (unsigned i = 0; i < IMAGE_PARTS; i++) {
        struct image_part part = kvm_image_part(i);
        if (part.prot & PROT_W)
            continue;
        paddr_t base = kvm_image_pa(part.start);
        paddr_t from = MAX(l->pa, base);
        paddr_t to = MIN(l->pa + l->size, base + (part.end - part.start));
        for (paddr_t pa = from; pa < to; pa += PAGE_SIZE)
            if (image_maps(part.start + (pa - base)))
                return true;
    }
    return false;
}

static const char *check_direct(struct check *c, const struct leaf *l)
{
    c->direct_bytes += l->size;
    if (l->pa != l->va - DIRECT_BASE)
        return "the direct map is not direct";
    if (l->prot & PROT_X)
        return "the direct map is executable";
    if (!is_mapped_ram(l))
        return "the direct map holds what is no RAM of ours";
    if (l->prot & PROT_W && holds_constant_image(l))
        return "the direct map makes kernel text or constants writable";
    return NULL;
}

static const char *check_device(struct check *c, const struct leaf *l)
{
    struct region r;

    c->device_bytes += l->size;
    if (l->prot & PROT_X)
        return "device registers are executable";
    for (size_t i = 0; region_at(i, &r); i++)
        if (l->pa < r.end && l->pa + l->size > r.start)
            return "RAM is mapped as device registers";
    return NULL;
}

static const char *check_stack(struct check *c, const struct leaf *l)
{
    c->stack_pages++;
    if (l->size != PAGE_SIZE || !(l->va & KSTACK_BYTES))
        return "a stack's guard is mapped";
    if ((l->prot & ~PROT_G) != (PROT_R | PROT_W))
        return "a stack has rights other than read and write";
    return NULL;
}

static const char *check_image(struct check *c, const struct leaf *l)
{
    (void)c;
    for (unsigned i = 0; i < IMAGE_PARTS; i++) {
        struct image_part part = kvm_image_part(i);
        if (l->va < part.start || l->va >= part.end)
            continue;
        if ((l->prot & ~PROT_G) != part.prot || l->va + l->size > part.end)
            return "a part of the image has another part's rights";
        return l->pa == kvm_image_pa(l->va) ? NULL : "the image maps a frame that is not its own";
    }
    return "the image's area holds what is no part of the image";
}

static const char *check_entry(struct check *c, const struct leaf *l)
{
    size_t cpu = (l->va - ENTRY_BASE) / PAGE_SIZE;

    (void)c;
    if (l->va == TRAMPOLINE_VA)
        return l->prot == (PROT_R | PROT_X | PROT_G) && l->pa == arch_trampoline_frame()
                   ? NULL
                   : "the trampoline is not what it should be";
    if (cpu >= cpu_count() || l->pa != arch_entry_frame((u32)cpu))
        return "the entry area holds a page that is no cpu's";
    return l->prot == (PROT_R | PROT_W | PROT_G) ? NULL : "an entry page has wrong rights";
}

static const struct area {
    vaddr_t base;
    size_t size;
    const char *(*check)(struct check *c, const struct leaf *l);
} areas[] = {
    {DIRECT_BASE, DIRECT_SIZE, check_direct},  {DEVICE_BASE, DEVICE_SIZE, check_device},
    {KSTACK_BASE, KSTACK_SIZE, check_stack},   {IMAGE_BASE, ENTRY_BASE - IMAGE_BASE, check_image},
    {ENTRY_BASE, 0 - ENTRY_BASE, check_entry},
};

static const char *check_any(const struct leaf *l)
{
    bool shared = in(l->va, ENTRY_BASE, 0 - ENTRY_BASE) || !mmu_isolated();

    if ((l->prot & PROT_W) && (l->prot & PROT_X))
        return "a page is writable and executable";
    if (l->prot & PROT_U)
        return "a kernel page is open to user mode";
    if (!(l->prot & PROT_G) == shared)
        return "a page is global that must not be, or the other way round";
    return NULL;
}

static int check_leaf(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    struct check *c = container_of(v, struct check, visitor);
    struct leaf l = {va, mmu_pfn(pte) << PAGE_SHIFT, pt_entry_size(level), mmu_prot(pte)};

    c->leaves++;
    c->where = va;
    c->error = check_any(&l);
    if (!c->error && !mmu_permits(pte, l.prot))
        c->error = "an entry waits for hardware to set A or D";
    for (size_t i = 0; !c->error && i < ARRAY_SIZE(areas); i++)
        if (in(va, areas[i].base, areas[i].size)) {
            c->error = areas[i].check(c, &l);
            return c->error != NULL;
        }
    if (!c->error)
        c->error = "a page is mapped outside of every area";
    return 1;
}

/* A table with two parents is found from one of them: it can name only one itself. */
static int check_table(struct pt_visitor *v, vaddr_t va, unsigned level, const pte_t *slot)
{
    struct check *c = container_of(v, struct check, visitor);

    (void)level;
    c->tables++;
    c->where = va;
    if (!table_knows_parent(slot))
        c->error = "a table has a second parent";
    return c->error != NULL;
}

static const char *find_missing(void)
{
    for (u32 cpu = 0; cpu < cpu_count(); cpu++)
        if (!image_maps(ENTRY_BASE + cpu * PAGE_SIZE))
            return "a cpu's entry page is missing";
    if (!image_maps(TRAMPOLINE_VA))
        return "the trampoline is missing";
    if (!image_maps((vaddr_t)__text_start) || !image_maps((vaddr_t)__data_start))
        return "a part of the image is missing";
    return NULL;
}

static u64 mapped_ram(void)
{
    paddr_t start, end;
    u64 bytes = 0;

    for (paddr_t pa = 0; region_next_mapped(pa, &start, &end); pa = end)
        bytes += end - start;
    return bytes;
}

const char *kvm_check(char *report, size_t len)
{
    struct check c = {.visitor = {.table = check_table, .leaf = check_leaf}};

    if (!pt_visit(&kernel_pt, 0, MMU_ENTRIES - 1, &c.visitor))
        c.error = find_missing();
    if (!c.error && c.direct_bytes != mapped_ram())
        c.error = "the direct map does not hold all RAM";
    if (c.error)
        log_err("kernel page table at %#lx: %s", c.where, c.error);
    if (len)
        report[0] = '\0';
    if (!c.error)
        fmt_snprintf(
            report, len,
            "checked %zu leaves in %zu tables: no page writable and executable, direct map "
            "%lu MiB and only RAM, %zu stack pages with guards, entry area of %u cpus",
            c.leaves, c.tables + 1, c.direct_bytes / MiB, c.stack_pages, cpu_count());
    return c.error;
}

static const char *selftest_wx(void)
{
    char report[192];
    const char *error = kvm_check(report, sizeof(report));

    if (!error)
        log_info("%s", report);
    return error;
}

SELFTEST("wx", selftest_wx);
