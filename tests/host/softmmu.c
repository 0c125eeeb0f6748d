/* SPDX-License-Identifier: BSD-2-Clause */
/* The software MMU: see softmmu.h. Implements the verbs of <arch/mmu.h> that are no inlines. */
#include "softmmu.h"
#include <arch/cpu.h>
#include <mm/page.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One cached entry: of level 0 or above, leaf, empty or pointer. */
struct cached {
    struct mmu_space *space; /* NULL: free */
    vaddr_t va;              /* aligned to what the entry maps */
    unsigned level;
    pte_t pte;
};

#define CACHE_SIZE 8192

static struct cached cache[CACHE_SIZE];
static unsigned cache_used; /* cache[0, cache_used) may be in use */

unsigned softmmu_levels = 3;
bool softmmu_several;
u64 softmmu_flushes, softmmu_spurious_fixes, softmmu_icache_syncs, softmmu_syncs;
static struct mmu_space *kernel_space;

static __attribute__((noreturn)) void fail(const char *what, const struct cached *c)
{
    fprintf(stderr, "softmmu: %s: va %#lx level %u entry %#lx\n", what, c->va, c->level,
            c->pte.bits);
    abort();
}

void softmmu_reset(unsigned levels)
{
    cache_used = 0;
    softmmu_levels = levels;
    softmmu_several = false;
    softmmu_flushes = softmmu_spurious_fixes = softmmu_icache_syncs = softmmu_syncs = 0;
    kernel_space = NULL;
}

static size_t size_at(unsigned level)
{
    return PAGE_SIZE << (level * MMU_INDEX_BITS);
}

static unsigned index_at(vaddr_t va, unsigned level)
{
    return (va >> (PAGE_SHIFT + level * MMU_INDEX_BITS)) % MMU_ENTRIES;
}

static struct cached *find(const struct mmu_space *space, vaddr_t va, unsigned level)
{
    va = ALIGN_DOWN(va, size_at(level));
    for (unsigned i = 0; i < cache_used; i++)
        if (cache[i].space == space && cache[i].va == va && cache[i].level == level)
            return &cache[i];
    return NULL;
}

static void drop(struct cached *c)
{
    *c = cache[--cache_used];
}

static void insert(struct mmu_space *space, vaddr_t va, unsigned level, pte_t pte)
{
    if (cache_used == CACHE_SIZE)
        drop(&cache[(unsigned)rand() % CACHE_SIZE]); /* hardware may forget what it likes */
    cache[cache_used++] =
        (struct cached){.space = space, .va = ALIGN_DOWN(va, size_at(level)), level, pte};
}

static bool in_use(const struct cached *c)
{
    const struct page *page;

    if (mmu_kind(c->pte) == MMU_EMPTY || !pfn_valid(mmu_pfn(c->pte)))
        return true; /* test machines map frames that are no RAM, too */
    page = pfn_to_page(mmu_pfn(c->pte));
    return page->kind != PAGE_FREE && page->kind != PAGE_CACHED;
}

/* An entry as hardware sees it: cached, or read and cached now. */
static pte_t read_entry(struct mmu_space *space, const pte_t *table, vaddr_t va, unsigned level)
{
    struct cached *c = find(space, va, level);

    if (!c) {
        insert(space, va, level, mmu_load(&table[index_at(va, level)]));
        c = &cache[cache_used - 1];
    }
    if (!in_use(c))
        fail("a cached entry points to a freed frame", c);
    return c->pte;
}

/* What the tables say, past all caches. */
static pte_t truth(const struct mmu_space *space, vaddr_t va, unsigned *level)
{
    const pte_t *table = space->root;

    for (*level = softmmu_levels - 1;; --*level) {
        pte_t pte = mmu_load(&table[index_at(va, *level)]);
        if (mmu_kind(pte) != MMU_TABLE || *level == 0)
            return pte;
        table = phys_to_virt(mmu_pfn(pte) << PAGE_SHIFT);
    }
}

enum softmmu_result softmmu_access(struct mmu_space *space, vaddr_t va, prot_t want, paddr_t *pa)
{
    const pte_t *table = space->root;

    for (unsigned level = softmmu_levels - 1;; level--) {
        pte_t pte = read_entry(space, table, va, level);
        if (mmu_kind(pte) == MMU_TABLE && level > 0) {
            table = phys_to_virt(mmu_pfn(pte) << PAGE_SHIFT);
            continue;
        }
        if (mmu_permits(pte, want)) {
            *pa = (mmu_pfn(pte) << PAGE_SHIFT) + va % size_at(level);
            return SOFTMMU_OK;
        }
        pte = truth(space, va, &level);
        return mmu_permits(pte, want) ? SOFTMMU_SPURIOUS : SOFTMMU_FAULT;
    }
}

/* The entry that the tables have where the cached one came from; empty if they end above. */
static pte_t now(const struct cached *c)
{
    const pte_t *table = c->space->root;

    for (unsigned level = softmmu_levels - 1; level > c->level; level--) {
        pte_t pte = mmu_load(&table[index_at(c->va, level)]);
        if (mmu_kind(pte) != MMU_TABLE)
            return MMU_NOTHING;
        table = phys_to_virt(mmu_pfn(pte) << PAGE_SHIFT);
    }
    return mmu_load(&table[index_at(c->va, c->level)]);
}

/* A cached leaf is harmless when it maps the same frame and grants no more than the tables do. */
static bool is_harmless(const struct cached *c)
{
    pte_t pte = now(c);

    if (mmu_kind(c->pte) == MMU_EMPTY || c->pte.bits == pte.bits)
        return true;
    if (mmu_kind(c->pte) != MMU_LEAF)
        return false;
    return mmu_kind(pte) == MMU_LEAF && mmu_pfn(pte) == mmu_pfn(c->pte) &&
           mmu_permits(pte, mmu_prot(c->pte));
}

void softmmu_check(struct mmu_space *space)
{
    for (unsigned i = 0; i < cache_used; i++) {
        if (cache[i].space != space)
            continue;
        if (!in_use(&cache[i]))
            fail("a frame was freed before the flush", &cache[i]);
        if (!is_harmless(&cache[i]))
            fail("a change was not flushed", &cache[i]);
    }
}

/* Until the flush one cpu may read the old frame while another writes the new one. */
static void check_one_frame(const struct cached *c)
{
    pte_t pte = now(c);

    if (mmu_kind(c->pte) == MMU_LEAF && mmu_kind(pte) == MMU_LEAF && mmu_permits(c->pte, PROT_R) &&
        mmu_permits(pte, PROT_R) && mmu_pfn(c->pte) != mmu_pfn(pte))
        fail("two frames at one address at once", c);
}

/* --- the verbs -------------------------------------------------------------------------------- */

static bool is_covered(const struct cached *c, const struct mmu_flush *fl)
{
    if (c->space != fl->space)
        return false;
    if (fl->tables)
        return true;
    if (fl->added && mmu_kind(c->pte) == MMU_EMPTY)
        return true;
    if (mmu_kind(c->pte) == MMU_TABLE) /* a fence by address leaves pointers alone */
        return false;
    return fl->from <= fl->last && c->va <= fl->last && c->va + size_at(c->level) - 1 >= fl->from;
}

void mmu_flush_end(struct mmu_flush *fl)
{
    softmmu_flushes++;
    for (unsigned i = cache_used; i-- > 0;) {
        if (cache[i].space == fl->space && !in_use(&cache[i]))
            fail("a frame was freed before the flush", &cache[i]);
        if (cache[i].space == fl->space && softmmu_several)
            check_one_frame(&cache[i]);
        if (is_covered(&cache[i], fl))
            drop(&cache[i]);
    }
    mmu_flush_begin(fl, fl->space);
}

void mmu_space_init(struct mmu_space *space, pte_t *root, bool kernel)
{
    *space = (struct mmu_space){.root = root, .kernel = kernel};
    if (!kernel && kernel_space)
        root[MMU_ENTRY_SLOT] = kernel_space->root[MMU_ENTRY_SLOT];
}

void mmu_set_kernel_space(struct mmu_space *space)
{
    kernel_space = space;
}

void mmu_activate(struct mmu_space *space)
{
    (void)space;
}

void mmu_space_retire(struct mmu_space *space)
{
    struct mmu_flush all = {.space = space, .from = ~0ul, .tables = true};

    mmu_flush_end(&all);
    space->retired = true;
}

/* Any address serves any space: the test knows which one it means. */
void mmu_fix_spurious(vaddr_t va)
{
    softmmu_spurious_fixes++;
    for (unsigned i = cache_used; i-- > 0;)
        if (mmu_kind(cache[i].pte) != MMU_TABLE &&
            cache[i].va == ALIGN_DOWN(va, size_at(cache[i].level)))
            drop(&cache[i]);
}

void mmu_sync_kernel(void)
{
    softmmu_syncs++;
    cache_used = 0;
}

bool mmu_isolated(void)
{
    return true;
}

void mmu_code_changed(void)
{
    softmmu_icache_syncs++;
}

void mmu_sync_code(struct mmu_space *space)
{
    (void)space;
}
