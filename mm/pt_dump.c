/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: visiting and printing.
 *
 * The caller sees to it that no table is freed meanwhile; entries may change, and then either what
 * was or what is gets shown.
 */
#include "pt_impl.h"
#include <lib/fmt.h>

/* The address that `index` at `level` maps below `base`, with the upper half sign extended. */
static vaddr_t entry_va(vaddr_t base, unsigned index, unsigned level)
{
    unsigned unused = 64 - PAGE_SHIFT - mmu_levels() * MMU_INDEX_BITS;
    vaddr_t va = base + index * pt_entry_size(level);

    return (vaddr_t)((s64)(va << unused) >> unused);
}

static int visit_entry(struct pt_visitor *v, const pte_t *slot, vaddr_t va, unsigned level);

/* Most entries of most tables are empty: their addresses are never computed. */
static int visit_table(struct pt_visitor *v, const pte_t *table, unsigned first, unsigned last,
                       vaddr_t base, unsigned level)
{
    int rc = 0;

    for (unsigned i = first; i <= last && !rc; i++)
        if (mmu_kind(mmu_load(&table[i])) != MMU_EMPTY)
            rc = visit_entry(v, &table[i], entry_va(base, i, level), level);
    return rc;
}

/* Looks once more: what was there may be gone. */
static int visit_entry(struct pt_visitor *v, const pte_t *slot, vaddr_t va, unsigned level)
{
    pte_t pte = mmu_load(slot);
    int rc;

    switch (mmu_kind(pte)) {
    case MMU_EMPTY:
        return 0;
    case MMU_LEAF:
        return v->leaf ? v->leaf(v, va, level, pte) : 0;
    default:
        rc = v->table ? v->table(v, va, level, slot) : 0;
        return rc ? rc : visit_table(v, pt_table_of(pte), 0, MMU_ENTRIES - 1, va, level - 1);
    }
}

int pt_visit(const struct pt *pt, unsigned first, unsigned last, struct pt_visitor *v)
{
    return visit_table(v, pt->root, first, last, 0, mmu_levels() - 1);
}

/* A run of like entries that has not been printed yet. */
struct dump {
    struct pt_visitor visitor;
    struct fmt_sink *sink;
    vaddr_t start, end;  /* the run; end is exclusive */
    paddr_t pa, next_pa; /* the first frame, and the one that would follow */
    unsigned level;
    prot_t prot;
    bool scattered; /* the frames do not follow each other */
    bool open;
};

static const char *size_text(size_t bytes, char *buf, size_t len)
{
    if (bytes % GiB == 0)
        fmt_snprintf(buf, len, "%luG", bytes / GiB);
    else if (bytes % MiB == 0)
        fmt_snprintf(buf, len, "%luM", bytes / MiB);
    else
        fmt_snprintf(buf, len, "%luK", bytes / KiB);
    return buf;
}

static int indent_of(unsigned level)
{
    return 2 * (int)(mmu_levels() - 1 - level);
}

static void print_run(struct dump *d)
{
    char size[16], leaf[16];

    if (!d->open)
        return;
    d->open = false;
    fmt_print(d->sink, "%*s%016lx-%016lx %c%c%c%c%c %6s by %-4s", indent_of(d->level), "", d->start,
              d->end - 1, d->prot & PROT_R ? 'r' : '-', d->prot & PROT_W ? 'w' : '-',
              d->prot & PROT_X ? 'x' : '-', d->prot & PROT_U ? 'u' : '-',
              d->prot & PROT_G ? 'g' : '-', size_text(d->end - d->start, size, sizeof(size)),
              size_text(pt_entry_size(d->level), leaf, sizeof(leaf)));
    if (d->scattered)
        fmt_print(d->sink, " scattered\n");
    else
        fmt_print(d->sink, " at %lx\n", d->pa);
}

static bool continues(const struct dump *d, vaddr_t va, unsigned level, pte_t pte)
{
    return d->open && d->end == va && d->level == level && d->prot == mmu_prot(pte);
}

static int dump_leaf(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    struct dump *d = container_of(v, struct dump, visitor);
    paddr_t pa = mmu_pfn(pte) << PAGE_SHIFT;

    if (!continues(d, va, level, pte)) {
        print_run(d);
        *d = (struct dump){.visitor = d->visitor,
                           .sink = d->sink,
                           .start = va,
                           .pa = pa,
                           .next_pa = pa,
                           .level = level,
                           .prot = mmu_prot(pte),
                           .open = true};
    }
    d->scattered |= pa != d->next_pa;
    d->end = va + pt_entry_size(level);
    d->next_pa = pa + pt_entry_size(level);
    return 0;
}

static int dump_table(struct pt_visitor *v, vaddr_t va, unsigned level, const pte_t *slot)
{
    struct dump *d = container_of(v, struct dump, visitor);

    print_run(d);
    fmt_print(d->sink, "%*s%016lx-%016lx table of level %u at %lx\n", indent_of(level), "", va,
              va + pt_entry_size(level) - 1, level - 1, mmu_pfn(mmu_load(slot)) << PAGE_SHIFT);
    return 0;
}

void pt_dump(const struct pt *pt, unsigned first, unsigned last, struct fmt_sink *sink)
{
    struct dump d = {.visitor = {.table = dump_table, .leaf = dump_leaf}, .sink = sink};

    fmt_print(sink, "table of level %u at %lx\n", mmu_levels() - 1, virt_to_phys(pt->root));
    pt_visit(pt, first, last, &d.visitor);
    print_run(&d);
}
