/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: mm/uvm.c mm/uvm_region.c mm/uvm_map.c mm/uvm_brk.c mm/uvm_remap.c mm/uvm_lock.c
// sources: mm/uvm_advise.c mm/uvm_populate.c mm/uvm_show.c mm/uvm_large.c mm/uvm_commit.c mm/fault.c
// sources: mm/usercopy.c mm/pcache.c mm/pcache_anon.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * Address spaces against a model that knows each page of a window by itself: what it may, where
 * its contents come from, and one word of them. Random mmap, munmap, mprotect, brk, mremap,
 * madvise, fork, file writes and accesses, by user copies and through the software MMU with
 * faults. After each step the regions are compared with the model's runs: too many are as wrong
 * as too few.
 */
#include "../../mm/uvm_impl.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include "no_sleep.h"
#include "softmmu.h"
#include "uvm_holder.h"
#include <base/percpu.h>
#include <lib/errno.h>
#include <mm/failalloc.h>
#include <mm/kvm.h>
#include <mm/page.h>
#include <mm/pager.h>
#include <mm/pcache.h>
#include <mm/usercopy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* uvm.c refers to the kernel's table when it activates; there is none here. */
struct pt kernel_pt;

#define OPERATIONS   100000
#define WINDOW_PAGES 640u
#define WINDOW_BASE  (GiB - 300 * PAGE_SIZE) /* straddles tables at two levels */
#define HEAP_BASE    (WINDOW_BASE + 16 * PAGE_SIZE + 123)
#define SPACES       4
#define FILES        3
#define FILE_PAGES   96u

/*
 * --- the model ---------------------------------------------------------------------------------
 */

struct file {
    struct pcache cache;
    u32 pages; /* length */
    u64 words[FILE_PAGES];
    int mappings; /* regions that hold it */
};

struct mpage {
    bool mapped;
    unsigned prot, flags;
    struct file *file; /* NULL: anonymous */
    u32 index;         /* page of the file */
    bool own;          /* private contents of its own: `word` */
    u64 word;
};

struct space {
    struct uvm *uvm; /* NULL: none */
    vaddr_t brk;
    struct mpage page[WINDOW_PAGES];
};

static struct file files[FILES];
static struct space spaces[SPACES];
static u64 rng;

static u32 below(u32 n)
{
    return (u32)(host_random(&rng) % n);
}

static vaddr_t va_of(u32 i)
{
    return WINDOW_BASE + i * PAGE_SIZE;
}

static struct file *file_of(struct pcache *pc)
{
    return container_of(pc, struct file, cache);
}

static void file_hold(struct pcache *pc)
{
    file_of(pc)->mappings++;
}

static void file_release(struct pcache *pc)
{
    file_of(pc)->mappings--;
}

static const char *file_name(struct pcache *pc, char *buf, size_t len)
{
    snprintf(buf, len, "/file%d", (int)(file_of(pc) - files));
    return buf;
}

static const struct pcache_ops file_ops = {
    .hold = file_hold, .release = file_release, .name = file_name};

static void make_files(void)
{
    for (u32 f = 0; f < FILES; f++) {
        memset(&files[f], 0, sizeof(files[f]));
        pcache_init(&files[f].cache, &file_ops);
        files[f].pages = FILE_PAGES / 2 + f;
        assert_int_equal(pcache_truncate(&files[f].cache, files[f].pages * PAGE_SIZE), 0);
    }
}

static void drop_files(void)
{
    for (u32 f = 0; f < FILES; f++) {
        assert_int_equal(files[f].mappings, 0);
        pcache_destroy(&files[f].cache);
    }
}

/* What an access must give: 0, -EFAULT, -EACCES, -EIO. */
static int model_access(const struct mpage *m, unsigned access)
{
    unsigned prot = m->prot & UVM_W ? m->prot | UVM_R : m->prot;

    if (!m->mapped)
        return -EFAULT;
    if (!(prot & access))
        return -EACCES;
    return m->file && !m->own && m->index >= m->file->pages ? -EIO : 0;
}

static u64 model_read(const struct mpage *m)
{
    return m->file && !m->own ? m->file->words[m->index] : m->word;
}

static void model_write(struct mpage *m, u64 word)
{
    if (m->file && (m->flags & UVM_SHARED)) {
        m->file->words[m->index] = word;
        return;
    }
    m->own = true;
    m->word = word;
}

static void model_unmap(struct space *s, u32 first, u32 n)
{
    memset(&s->page[first], 0, n * sizeof(s->page[0]));
}

/* Whether page b continues the region of page a right before it. */
static bool continues(const struct mpage *a, const struct mpage *b)
{
    return a->mapped && b->mapped && a->prot == b->prot && a->flags == b->flags &&
           a->file == b->file && (!a->file || a->index + 1 == b->index);
}

/*
 * --- comparing ---------------------------------------------------------------------------------
 */

static int count_leaf(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte);

struct leaves {
    struct pt_visitor visitor;
    struct space *space;
    u64 count;
};

static int count_leaf(struct pt_visitor *v, vaddr_t va, unsigned level, pte_t pte)
{
    struct leaves *l = container_of(v, struct leaves, visitor);
    const struct mpage *m = &l->space->page[(va - WINDOW_BASE) / PAGE_SIZE];

    (void)level;
    l->count++;
    assert_true(m->mapped);
    assert_int_equal(mmu_prot(pte) & ~(m->prot | PROT_U | (m->prot & UVM_W ? PROT_R : 0)), 0);
    return 0;
}

static void compare_regions(struct space *s)
{
    struct region *r = region_from(s->uvm, 0);
    struct leaves l = {.visitor = {.leaf = count_leaf}, .space = s};
    struct uvm_stats stats;
    u64 total = 0, data = 0;

    for (u32 i = 0; i < WINDOW_PAGES;) {
        const struct mpage *m = &s->page[i];
        if (!m->mapped) {
            i++;
            continue;
        }
        u32 end = i + 1;
        while (end < WINDOW_PAGES && continues(&s->page[end - 1], &s->page[end]))
            end++;
        assert_non_null(r);
        assert_int_equal(r->start, va_of(i));
        assert_int_equal(r->end, va_of(end));
        assert_int_equal(r->prot, m->prot);
        assert_int_equal(r->flags, m->flags);
        assert_ptr_equal(r->pager, m->file ? &m->file->cache.pager : NULL);
        assert_int_equal(r->offset, m->file ? m->index * PAGE_SIZE : 0);
        total += end - i;
        data += region_is_data(m->prot, m->flags) ? end - i : 0;
        r = region_next(r);
        i = end;
    }
    assert_null(r);
    pt_visit(&s->uvm->pt, 0, MMU_ENTRIES - 1, &l.visitor);
    uvm_stats(s->uvm, &stats);
    assert_int_equal(stats.total, total);
    assert_int_equal(stats.data, data);
    assert_int_equal(stats.resident, l.count);
    softmmu_check(&s->uvm->pt.space);
}

/* One access as a program makes it: through the caches, with faults until it is settled. */
static int user_access(struct space *s, vaddr_t va, unsigned access, paddr_t *pa)
{
    for (int tries = 0; tries < 6; tries++) {
        if (softmmu_access(&s->uvm->pt.space, va, PROT_U | access, pa) == SOFTMMU_OK)
            return 0;
        int err = uvm_fault(s->uvm, va, access);
        if (err)
            return err;
    }
    fail_msg("access at %#lx does not settle", va);
    return 0;
}

static void compare_contents(struct space *s, u32 i)
{
    const struct mpage *m = &s->page[i];
    int want = model_access(m, UVM_R);
    u64 word = 0;

    assert_int_equal(uvm_copyin(s->uvm, &word, va_of(i) + 8, sizeof(word)), want ? -EFAULT : 0);
    if (!want)
        assert_int_equal(word, model_read(m));
}

static void compare_all(void)
{
    for (int k = 0; k < SPACES; k++) {
        if (!spaces[k].uvm)
            continue;
        compare_regions(&spaces[k]);
        for (u32 i = 0; i < WINDOW_PAGES; i++)
            compare_contents(&spaces[k], i);
        compare_regions(&spaces[k]);
    }
}

/*
 * --- operations --------------------------------------------------------------------------------
 */

static unsigned random_prot(void)
{
    static const unsigned choices[] = {UVM_R,         UVM_R | UVM_W, UVM_R | UVM_W,
                                       UVM_R | UVM_X, UVM_W,         0};

    return choices[below(ARRAY_SIZE(choices))];
}

static bool any_mapped(const struct space *s, u32 first, u32 n)
{
    for (u32 i = first; i < first + n; i++)
        if (s->page[i].mapped)
            return true;
    return false;
}

static void op_map(struct space *s, u32 first, u32 n)
{
    struct file *file = below(2) ? &files[below(FILES)] : NULL;
    unsigned flags = file && below(2) ? UVM_SHARED : 0;
    unsigned prot = random_prot();
    unsigned extra = below(4) ? 0 : UVM_NOREPLACE;
    u32 index = below(FILE_PAGES / 2);
    vaddr_t va = va_of(first);
    int want = 0;

    n = MIN(n, FILE_PAGES / 2u);
    if (flags && !below(4))
        flags |= UVM_NOWRITE;
    if (extra && any_mapped(s, first, n))
        want = -EEXIST;
    if ((flags & UVM_NOWRITE) && (prot & UVM_W))
        want = -EACCES;
    assert_int_equal(uvm_map(s->uvm, &va, n * PAGE_SIZE - below(PAGE_SIZE), prot,
                             flags | extra | UVM_FIXED, file ? &file->cache.pager : NULL,
                             index * PAGE_SIZE),
                     want);
    if (want)
        return;
    for (u32 i = 0; i < n; i++)
        s->page[first + i] = (struct mpage){.mapped = true,
                                            .prot = prot,
                                            .flags = flags,
                                            .file = file,
                                            .index = file ? index + i : 0};
}

static void op_unmap(struct space *s, u32 first, u32 n)
{
    assert_int_equal(uvm_unmap(s->uvm, va_of(first), n * PAGE_SIZE), 0);
    model_unmap(s, first, n);
}

static void op_protect(struct space *s, u32 first, u32 n)
{
    unsigned prot = random_prot();
    int want = 0;
    u32 i;

    for (i = first; i < first + n && !want; i++) {
        struct mpage *m = &s->page[i];
        if (!m->mapped)
            want = -ENOMEM;
        else if ((prot & UVM_W) && (m->flags & UVM_NOWRITE))
            want = -EACCES;
        else
            m->prot = prot;
    }
    assert_int_equal(uvm_protect(s->uvm, va_of(first), n * PAGE_SIZE, prot), want);
}

static void op_discard(struct space *s, u32 first, u32 n)
{
    int want = 0;

    for (u32 i = first; i < first + n; i++) {
        struct mpage *m = &s->page[i];
        if (!m->mapped)
            want = -ENOMEM;
        m->own = false;
        m->word = 0;
    }
    assert_int_equal(uvm_discard(s->uvm, va_of(first), n * PAGE_SIZE, 0), want);
}

static void op_brk(struct space *s)
{
    vaddr_t want = HEAP_BASE + below(40 * PAGE_SIZE);
    u32 old_end = (u32)((ALIGN_UP(s->brk, PAGE_SIZE) - WINDOW_BASE) / PAGE_SIZE);
    u32 new_end = (u32)((ALIGN_UP(want, PAGE_SIZE) - WINDOW_BASE) / PAGE_SIZE);
    bool grows = new_end > old_end;
    bool possible = !grows || !any_mapped(s, old_end, new_end - old_end);

    assert_int_equal(uvm_brk(s->uvm, want), possible ? want : s->brk);
    if (!possible)
        return;
    s->brk = want;
    for (u32 i = old_end; i < new_end; i++)
        s->page[i] = (struct mpage){.mapped = true, .prot = UVM_R | UVM_W, .flags = UVM_HEAP};
    if (new_end < old_end)
        model_unmap(s, new_end, old_end - new_end);
}

/* A move to where the test says, or growth in place, or neither. */
static void op_mremap(struct space *s, u32 first, u32 n)
{
    u32 new_n = 1 + below(2 * n);
    u32 to = below(WINDOW_PAGES - 2 * n);
    bool move = below(2);
    struct mpage *moved;
    int want = 0;

    if (first + new_n >= WINDOW_PAGES || first + n >= WINDOW_PAGES)
        return;
    for (u32 i = first; i < first + n; i++)
        if (!s->page[i].mapped || (i > first && !continues(&s->page[i - 1], &s->page[i])))
            want = -EFAULT;
    if (move && to < first + n && first < to + new_n)
        want = -EINVAL;
    bool at_end =
        first + n < WINDOW_PAGES && !continues(&s->page[first + n - 1], &s->page[first + n]);
    if (!want && !move && new_n > n && (!at_end || any_mapped(s, first + n, new_n - n)))
        want = -ENOMEM;
    struct uvm_remap m = {.old = va_of(first),
                          .old_len = n * PAGE_SIZE,
                          .new_len = new_n * PAGE_SIZE,
                          .may_move = move,
                          .fixed = move,
                          .to = move ? va_of(to) : 0};
    assert_int_equal(uvm_mremap(s->uvm, &m), want);
    if (want)
        return;
    assert_int_equal(m.to, va_of(move ? to : first));
    moved = calloc(new_n, sizeof(*moved));
    for (u32 i = 0; i < new_n; i++) {
        moved[i] = i < n ? s->page[first + i] : s->page[first];
        if (i >= n) {
            moved[i].own = false;
            moved[i].word = 0;
            moved[i].index = s->page[first].file ? s->page[first].index + i : 0;
        }
        if (move)
            moved[i].flags &= ~(UVM_HEAP | UVM_STACK);
    }
    model_unmap(s, first, n);
    memcpy(&s->page[move ? to : first], moved, new_n * sizeof(*moved));
    free(moved);
}

static void op_write(struct space *s, u32 i)
{
    struct mpage *m = &s->page[i];
    int want = model_access(m, UVM_W);
    u64 word = host_random(&rng);

    assert_int_equal(uvm_copyout(s->uvm, va_of(i) + 8, &word, sizeof(word)), want ? -EFAULT : 0);
    if (!want)
        model_write(m, word);
}

static void op_touch(struct space *s, u32 i)
{
    static const unsigned kinds[] = {UVM_R, UVM_W, UVM_X};
    unsigned access = kinds[below(3)];
    struct mpage *m = &s->page[i];
    paddr_t pa = 0;

    assert_int_equal(user_access(s, va_of(i) + 8, access, &pa), model_access(m, access));
    if (model_access(m, access))
        return;
    u64 *word = phys_to_virt(pa);
    assert_int_equal(*word, model_read(m));
    if (access == UVM_W) {
        *word = host_random(&rng);
        model_write(m, *word);
    }
}

static void op_fork(struct space *s)
{
    struct space *child = &spaces[below(SPACES)];

    if (child == s)
        return;
    if (child->uvm)
        uvm_put(child->uvm);
    memset(child, 0, sizeof(*child));
    struct uvm *uvm;
    assert_int_equal(uvm_fork(s->uvm, &uvm), 0);
    memcpy(child->page, s->page, sizeof(s->page));
    child->brk = s->brk;
    child->uvm = uvm;
    compare_regions(child);
}

static void op_file_write(void)
{
    struct file *f = &files[below(FILES)];
    u32 index = below(f->pages);
    u64 word = host_random(&rng);

    assert_int_equal(pcache_write_kernel(&f->cache, index * PAGE_SIZE + 8, &word, 8), 8);
    f->words[index] = word;
}

static void operate_on(struct space *s)
{
    u32 n = 1 + below(below(6) ? 12 : 300);
    u32 first = below(WINDOW_PAGES - n);

    switch (below(32)) {
    case 0 ... 4:
        op_map(s, first, n);
        break;
    case 5 ... 6:
        op_unmap(s, first, n);
        break;
    case 7 ... 9:
        op_protect(s, first, n);
        break;
    case 10:
        op_discard(s, first, n);
        break;
    case 11:
        op_brk(s);
        break;
    case 12:
        op_mremap(s, first, MIN(n, 20u));
        break;
    case 13:
        op_fork(s);
        break;
    case 14:
        op_file_write();
        break;
    case 15 ... 20:
        op_write(s, first);
        break;
    default:
        op_touch(s, first);
        break;
    }
    compare_contents(s, first);
}

/* As the only holder of the space, which takes no locks, or as one thread of two. */
static void operate(void)
{
    struct space *s = &spaces[below(SPACES)];

    if (!s->uvm)
        return;
    uvm_holder_begin(below(2) ? s->uvm : NULL);
    operate_on(s);
    uvm_holder_end();
}

static void begin(void)
{
    softmmu_reset(3);
    make_files();
    memset(spaces, 0, sizeof(spaces));
    spaces[0].uvm = uvm_create();
    assert_non_null(spaces[0].uvm);
    spaces[0].brk = HEAP_BASE;
    uvm_set_brk(spaces[0].uvm, HEAP_BASE);
}

static void end(void)
{
    for (int k = 0; k < SPACES; k++)
        if (spaces[k].uvm)
            uvm_put(spaces[k].uvm);
    memset(spaces, 0, sizeof(spaces));
    drop_files();
}

static void test_random(void **state)
{
    u64 before = mm_machine_free_pages();

    (void)state;
    rng = host_seed();
    begin();
    for (u32 i = 0; i < OPERATIONS; i++) {
        operate();
        if (i % 16 == 0)
            for (int k = 0; k < SPACES; k++)
                if (spaces[k].uvm)
                    compare_regions(&spaces[k]);
        if (i % 2000 == 0)
            compare_all();
    }
    end();
    assert_int_equal(mm_machine_free_pages(), before);
}

/*
 * --- out of memory -----------------------------------------------------------------------------
 */

/* A short life of an address space. Stops at the first error. */
static int life(struct uvm **parent, struct uvm **child)
{
    vaddr_t va = WINDOW_BASE, shared = 0;
    struct uvm_remap m = {.old = va + 20 * PAGE_SIZE,
                          .old_len = 4 * PAGE_SIZE,
                          .new_len = 300 * PAGE_SIZE,
                          .may_move = true};
    int err;

    *parent = uvm_create();
    if (!*parent)
        return -ENOMEM;
    if ((err = uvm_map(*parent, &va, 40 * PAGE_SIZE, UVM_R | UVM_W, UVM_FIXED, NULL, 0)))
        return err;
    if ((err = uvm_map(*parent, &shared, 8 * PAGE_SIZE, UVM_R | UVM_W, UVM_SHARED,
                       &files[0].cache.pager, 0)))
        return err;
    for (u32 i = 0; i < 40; i += 3)
        if ((err = uvm_copyout(*parent, va + i * PAGE_SIZE, "x", 1)))
            return err;
    if ((err = uvm_copyout(*parent, shared, "y", 1)))
        return err;
    if ((err = uvm_protect(*parent, va + 5 * PAGE_SIZE, 7 * PAGE_SIZE, UVM_R)))
        return err;
    if ((err = uvm_fork(*parent, child)))
        return err;
    if ((err = uvm_copyout(*child, va, "z", 1)))
        return err;
    if ((err = uvm_mremap(*parent, &m)))
        return err;
    return uvm_unmap(*parent, va + 30 * PAGE_SIZE, 2 * PAGE_SIZE);
}

static void test_no_memory(void **state)
{
    u64 before = mm_machine_free_pages();
    int err = -ENOMEM;
    u32 k;

    (void)state;
    softmmu_reset(3);
    for (k = 1; err; k++) {
        struct uvm *parent = NULL, *child = NULL;

        make_files();
        failalloc_arm(k);
        err = life(&parent, &child);
        bool hit = failalloc_left() == 0;
        failalloc_arm(0);
        if (err)
            assert_true(hit && (err == -ENOMEM || err == -EFAULT));
        if (parent)
            softmmu_check(&parent->pt.space);
        if (child)
            uvm_put(child);
        if (parent)
            uvm_put(parent);
        drop_files();
        assert_int_equal(mm_machine_free_pages(), before);
    }
    assert_true(k > 30); /* it did fail now and then */
}

/*
 * --- places, limits, errors --------------------------------------------------------------------
 */

static void test_errors(void **state)
{
    struct uvm *u = uvm_create();
    vaddr_t va = 0x20000;

    (void)state;
    assert_int_equal(uvm_map(u, &va, 0, UVM_R, 0, NULL, 0), -EINVAL);
    assert_int_equal(uvm_map(u, &va, ~0ul, UVM_R, 0, NULL, 0), -ENOMEM);
    assert_int_equal(uvm_map(u, &va, USER_TOP, UVM_R, 0, NULL, 0), -ENOMEM);
    assert_int_equal(uvm_map(u, &va, 1, UVM_R, 0, NULL, 123), -EINVAL);
    va = 0x20001;
    assert_int_equal(uvm_map(u, &va, 1, UVM_R, UVM_FIXED, NULL, 0), -EINVAL);
    va = 0;
    assert_int_equal(uvm_map(u, &va, 1, UVM_R, UVM_FIXED, NULL, 0), -EPERM);
    va = USER_TOP - PAGE_SIZE;
    assert_int_equal(uvm_map(u, &va, 2 * PAGE_SIZE, UVM_R, UVM_FIXED, NULL, 0), -ENOMEM);
    va = 0xffffffc000000000;
    assert_int_equal(uvm_map(u, &va, PAGE_SIZE, UVM_R, UVM_FIXED, NULL, 0), -ENOMEM);
    assert_int_equal(uvm_unmap(u, 0x20001, PAGE_SIZE), -EINVAL);
    assert_int_equal(uvm_unmap(u, 0x20000, 0), -EINVAL);
    assert_int_equal(uvm_unmap(u, 0x20000, ~0ul), -EINVAL);
    assert_int_equal(uvm_unmap(u, USER_TOP, PAGE_SIZE), -EINVAL);
    assert_int_equal(uvm_unmap(u, 0, PAGE_SIZE), 0);
    assert_int_equal(uvm_unmap(u, 0x20000, USER_TOP - 0x20000), 0);
    assert_int_equal(uvm_protect(u, 0x20001, PAGE_SIZE, UVM_R), -EINVAL);
    assert_int_equal(uvm_protect(u, 0x20000, PAGE_SIZE, UVM_R), -ENOMEM);
    assert_int_equal(uvm_protect(u, 0x20000, 0, UVM_R), 0);
    assert_int_equal(uvm_protect(u, 0x20000, ~0ul - 5, UVM_R), -ENOMEM);
    assert_int_equal(uvm_fault(u, 0x20000, UVM_R), -EFAULT);
    assert_int_equal(uvm_fault(u, USER_TOP, UVM_R), -EFAULT);
    assert_int_equal(uvm_fault(u, ~0ul, UVM_R), -EFAULT);
    uvm_put(u);
}

static void test_places(void **state)
{
    struct uvm *u = uvm_create();
    vaddr_t a = 0, b = 0, c = 0x123456, d;

    (void)state;
    assert_int_equal(uvm_map(u, &a, 3 * PAGE_SIZE, UVM_R, 0, NULL, 0), 0);
    assert_int_equal(uvm_map(u, &b, PAGE_SIZE, UVM_R | UVM_W, 0, NULL, 0), 0);
    assert_int_equal(b, a - PAGE_SIZE); /* downwards */
    assert_true(a < USER_TOP - 128 * MiB);
    assert_int_equal(uvm_map(u, &c, PAGE_SIZE, UVM_R, 0, NULL, 0), 0);
    assert_int_equal(c, 0x124000); /* the hint, rounded */
    d = a;
    assert_int_equal(uvm_map(u, &d, PAGE_SIZE, UVM_R, 0, NULL, 0), 0);
    assert_int_equal(d, b - PAGE_SIZE); /* the hint was taken */
    assert_int_equal(uvm_unmap(u, a + PAGE_SIZE, PAGE_SIZE), 0);
    d = 0;
    assert_int_equal(uvm_map(u, &d, PAGE_SIZE, UVM_R, 0, NULL, 0), 0);
    assert_int_equal(d, a + PAGE_SIZE); /* the highest hole that is large enough */
    d = 0;
    assert_int_equal(uvm_map(u, &d, USER_TOP - 2 * GiB, UVM_R, 0, NULL, 0), 0);
    d = 0;
    assert_int_equal(uvm_map(u, &d, 4 * GiB, UVM_R, 0, NULL, 0), -ENOMEM);
    d = 0;
    assert_int_equal(uvm_map(u, &d, 100 * MiB, UVM_R, 0, NULL, 0), 0); /* above the usual limit */
    uvm_put(u);
}

static void test_many_regions(void **state)
{
    u64 before = mm_machine_free_pages();
    struct uvm *u = uvm_create();
    static vaddr_t at[2000];

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(at); i++) {
        at[i] = 0;
        assert_int_equal(uvm_map(u, &at[i], PAGE_SIZE, i % 2 ? UVM_R : UVM_R | UVM_W, 0, NULL, 0),
                         0);
        if (i)
            assert_int_equal(at[i], at[i - 1] - PAGE_SIZE);
    }
    /* holes of one page, then one of two that must be found among them */
    for (u32 i = 3; i < ARRAY_SIZE(at); i += 4)
        assert_int_equal(uvm_unmap(u, at[i], PAGE_SIZE), 0);
    assert_int_equal(uvm_unmap(u, at[1000], PAGE_SIZE), 0);
    vaddr_t two = 0;
    assert_int_equal(uvm_map(u, &two, 2 * PAGE_SIZE, UVM_R, 0, NULL, 0), 0);
    assert_int_equal(two, at[1000]);
    uvm_put(u);
    assert_int_equal(mm_machine_free_pages(), before);
}

static void test_limits(void **state)
{
    struct uvm *u = uvm_create();
    struct uvm_limits limits = {.as = 100 * PAGE_SIZE, .data = 20 * PAGE_SIZE, .stack = 8 * MiB};
    vaddr_t a = 0, b = 0, c = 0;

    (void)state;
    uvm_set_limits(u, &limits);
    assert_int_equal(uvm_map(u, &a, 21 * PAGE_SIZE, UVM_R | UVM_W, 0, NULL, 0), -ENOMEM);
    assert_int_equal(uvm_map(u, &a, 20 * PAGE_SIZE, UVM_R | UVM_W, 0, NULL, 0), 0);
    assert_int_equal(uvm_map(u, &b, PAGE_SIZE, UVM_R | UVM_W, 0, NULL, 0), -ENOMEM);
    assert_int_equal(uvm_map(u, &b, 80 * PAGE_SIZE, UVM_R, 0, NULL, 0), 0);
    assert_int_equal(uvm_map(u, &c, PAGE_SIZE, UVM_R, 0, NULL, 0), -ENOMEM);
    /* what is replaced does not count */
    assert_int_equal(uvm_map(u, &a, 20 * PAGE_SIZE, UVM_R | UVM_W, UVM_FIXED, NULL, 0), 0);
    uvm_set_brk(u, 0x100000);
    assert_int_equal(uvm_brk(u, 0x101000), 0x100000);
    assert_int_equal(uvm_unmap(u, a, 2 * PAGE_SIZE), 0);
    assert_int_equal(uvm_brk(u, 0x102000), 0x102000);
    assert_int_equal(uvm_brk(u, 0x103000), 0x102000);
    uvm_put(u);
}

static void test_stack(void **state)
{
    struct uvm *u = uvm_create();
    struct uvm_limits limits = {.as = ~0ul, .data = ~0ul, .stack = MiB};
    vaddr_t top = USER_TOP - PAGE_SIZE, base = top - 4 * PAGE_SIZE, low;
    char text[80];

    (void)state;
    uvm_set_limits(u, &limits);
    assert_int_equal(
        uvm_map(u, &base, 4 * PAGE_SIZE, UVM_R | UVM_W, UVM_FIXED | UVM_STACK, NULL, 0), 0);
    assert_int_equal(uvm_fault(u, base - 10 * PAGE_SIZE, UVM_W), 0);
    assert_int_equal(region_from(u, 0)->start, base - 10 * PAGE_SIZE);
    assert_int_equal(uvm_copyout(u, top - MiB, "x", 1), 0);
    assert_int_equal(uvm_fault(u, top - MiB - 1, UVM_W), -EFAULT);
    assert_string_equal(uvm_describe(u, top - MiB - 1, text, sizeof(text)),
                        "nothing mapped, the stack has reached its limit");
    /* another mapping keeps its distance, and is kept at a distance */
    limits.stack = 64 * MiB;
    uvm_set_limits(u, &limits);
    low = top - 4 * MiB;
    assert_int_equal(uvm_map(u, &low, PAGE_SIZE, UVM_R, UVM_FIXED, NULL, 0), 0);
    assert_int_equal(uvm_fault(u, low + PAGE_SIZE + UVM_STACK_GUARD, UVM_W), 0);
    assert_int_equal(uvm_fault(u, low + UVM_STACK_GUARD, UVM_W), -EFAULT);
    assert_string_equal(uvm_describe(u, low + UVM_STACK_GUARD, text, sizeof(text)),
                        "guard below the stack");
    uvm_put(u);
}

/* The mprotected relocations of a fork's child: written before, read-only after, still private. */
static void test_cow(void **state)
{
    u64 before = mm_machine_free_pages();
    struct uvm *u = uvm_create(), *child;
    struct uvm_stats stats;
    vaddr_t va = 0x10000;
    char c;

    (void)state;
    softmmu_reset(3);
    assert_int_equal(uvm_map(u, &va, PAGE_SIZE, UVM_R | UVM_W, UVM_FIXED, NULL, 0), 0);
    assert_int_equal(uvm_copyout(u, va, "a", 1), 0);
    assert_int_equal(uvm_fork(u, &child), 0);
    assert_int_equal(uvm_protect(u, va, PAGE_SIZE, UVM_R), 0);
    assert_int_equal(uvm_protect(u, va, PAGE_SIZE, UVM_R | UVM_W), 0);
    assert_int_equal(uvm_copyout(u, va, "b", 1), 0);
    assert_int_equal(uvm_copyin(child, &c, va, 1), 0);
    assert_int_equal(c, 'a');
    uvm_stats(u, &stats);
    assert_int_equal(stats.cow_copied, 1);
    assert_int_equal(uvm_copyout(child, va, "c", 1), 0); /* the last owner does not copy */
    uvm_stats(child, &stats);
    assert_int_equal(stats.cow_copied, 0);
    assert_int_equal(stats.cow_reused, 1);
    assert_int_equal(uvm_copyin(u, &c, va, 1), 0);
    assert_int_equal(c, 'b');
    uvm_put(child);
    uvm_put(u);
    assert_int_equal(mm_machine_free_pages(), before);
}

/* A thread writes what another has cached for reading: the copy comes when nobody reads the old one. */
static void test_cow_of_threads(void **state)
{
    u64 before = mm_machine_free_pages();
    struct uvm *u = uvm_create(), *child;
    vaddr_t va = 0x10000;
    struct space s = {.uvm = u};
    paddr_t old, new;

    (void)state;
    softmmu_reset(3);
    assert_int_equal(uvm_map(u, &va, PAGE_SIZE, UVM_R | UVM_W, UVM_FIXED, NULL, 0), 0);
    assert_int_equal(user_access(&s, va, UVM_W, &old), 0);
    assert_int_equal(uvm_fork(u, &child), 0);
    assert_int_equal(user_access(&s, va, UVM_R, &old), 0);
    uvm_get(u);
    softmmu_several = true;
    assert_int_equal(user_access(&s, va, UVM_W, &new), 0);
    softmmu_several = false;
    assert_int_not_equal(old, new);
    uvm_put(u);
    uvm_put(child);
    uvm_put(u);
    assert_int_equal(mm_machine_free_pages(), before);
}

/*
 * Neighbours that are in the page cache come with the first fault; holes in it do not get filled.
 */
static void test_fault_around(void **state)
{
    struct uvm *u = uvm_create();
    struct uvm_stats stats;
    vaddr_t va = 0x40000;

    (void)state;
    softmmu_reset(3);
    make_files();
    for (u32 i = 0; i < 20; i++)
        if (i != 5)
            pcache_write_kernel(&files[0].cache, i * PAGE_SIZE, "x", 1);
    assert_int_equal(
        uvm_map(u, &va, 20 * PAGE_SIZE, UVM_R | UVM_X, UVM_FIXED, &files[0].cache.pager, 0), 0);
    assert_int_equal(uvm_fault(u, va + 7 * PAGE_SIZE, UVM_X), 0);
    uvm_stats(u, &stats);
    assert_int_equal(stats.resident, 15);
    assert_int_equal(pcache_frames(&files[0].cache), 19);
    assert_int_equal(mmu_kind(pt_lookup(&u->pt, va + 5 * PAGE_SIZE, NULL)), MMU_EMPTY);
    assert_int_equal(mmu_kind(pt_lookup(&u->pt, va + 16 * PAGE_SIZE, NULL)), MMU_EMPTY);
    assert_true(softmmu_icache_syncs > 0);
    uvm_put(u);
    drop_files();
}

/* Loops over pages let others run every 64 pages, and not under a spinlock. */
static void test_yields(void **state)
{
    struct uvm *u = uvm_create(), *child;
    vaddr_t va = 0x200000;

    (void)state;
    assert_int_equal(
        uvm_map(u, &va, 1024 * PAGE_SIZE, UVM_R | UVM_W, UVM_FIXED | UVM_NOHUGE, NULL, 0), 0);
    assert_int_equal(uvm_copyout_zero(u, va, 1024 * PAGE_SIZE), 0);
    this_cpu()->work = CPU_WORK_RESCHED;
    no_sleep_yields = 0;
    assert_int_equal(uvm_fork(u, &child), 0);
    assert_true(no_sleep_yields >= 2);
    no_sleep_yields = 0;
    uvm_put(child);
    assert_true(no_sleep_yields >= 16);
    no_sleep_yields = 0;
    assert_int_equal(uvm_unmap(u, va, 1024 * PAGE_SIZE), 0);
    assert_true(no_sleep_yields >= 16);
    this_cpu()->work = 0;
    uvm_put(u);
}

static int setup(void **state)
{
    (void)state;
    mm_machine_boot(64 * MiB);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),         cmocka_unit_test(test_places),
        cmocka_unit_test(test_many_regions),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_stack),          cmocka_unit_test(test_cow),
        cmocka_unit_test(test_cow_of_threads), cmocka_unit_test(test_fault_around),
        cmocka_unit_test(test_no_memory),      cmocka_unit_test(test_yields),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
