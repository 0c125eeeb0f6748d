/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User memory from the kernel: walk, hold, copy through the direct map, page by page.
 *
 * Two ways to hold a page. When the caller's reference to the space is the only one, nothing needs
 * to be held: kernel code is not preempted, nothing between the walk and the end of the copy sleeps,
 * and whoever gets a reference meanwhile only looks (mm/uvm.h). Otherwise the space's lock is held
 * shared during the copy, which keeps the rights as they are (fork and mprotect need it
 * exclusively), and so is a reference on the frame, which keeps it from being replaced and
 * freed by another thread's copy-on-write.
 */
#include "uvm_impl.h"
#include <base/percpu.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/pager.h>
#include <mm/usercopy.h>

/* A user page that is held: where its bytes are now. */
struct window {
    char *at;
    struct uvm *uvm;
    struct page *page; /* NULL: there is no other holder of the space, and no lock held */
};

/* The byte at va through the direct map, if the leaf allows the program itself such an access. */
static inline char *byte_of(pte_t leaf, vaddr_t va, unsigned level, prot_t access)
{
    if (unlikely(!mmu_permits(leaf, PROT_U | access)))
        return NULL;
    return (char *)phys_to_virt(mmu_pfn(leaf) << PAGE_SHIFT) + va % pt_entry_size(level);
}

/* The same by the address alone; NULL also where nothing is mapped. Large leaves are looked at too. */
static inline char *reach(const struct uvm *uvm, vaddr_t va, prot_t access)
{
    const pte_t *table = uvm->pt.root;

    if (unlikely(va >= USER_TOP))
        return NULL;
#pragma GCC unroll 4
    for (unsigned level = mmu_levels() - 1; level > 0; level--) {
        pte_t pte = mmu_load(&table[pt_index(va, level)]);

        if (unlikely(mmu_kind(pte) != MMU_TABLE))
            return byte_of(pte, va, level, access);
        table = pt_table_of(pte);
    }
    return byte_of(mmu_load(&table[pt_index(va, 0)]), va, 0, access);
}

/* Whoever looks at a space that others run in sees what is there and nothing else. */
static inline bool may_fault(const struct uvm *uvm)
{
    return uvm == this_cpu()->uvm || uvm_is_lone(uvm);
}

/* Holds the page at va, if it is there. The lock is taken when, and only when, it succeeds. */
static bool try_hold(struct uvm *uvm, vaddr_t va, prot_t access, struct window *w)
{
    rw_read_lock(&uvm->lock);
    irqflags_t irq = spin_lock(&uvm->pt_lock);
    w->at = reach(uvm, va, access);
    if (w->at) {
        w->page = virt_to_page(w->at);
        page_get(w->page);
    }
    spin_unlock(&uvm->pt_lock, irq);
    if (!w->at)
        rw_read_unlock(&uvm->lock);
    return w->at != NULL;
}

bool (*usercopy_make_room)(void);

/* As the program's own access would, which is tried again when others have made room. 0, or -EFAULT. */
static int fault_in(struct uvm *uvm, vaddr_t va, prot_t access)
{
    int err;

    do {
        err = uvm_fault(uvm, va, access);
    } while (err == -ENOMEM && usercopy_make_room && usercopy_make_room());
    return err ? -EFAULT : 0;
}

/* Holds the page at va, faulting it in. 0, or -EFAULT. */
static int hold(struct uvm *uvm, vaddr_t va, prot_t access, struct window *w)
{
    w->uvm = uvm;
    w->page = NULL;
    for (;;) {
        bool held;

        if (likely(uvm_is_lone(uvm))) {
            w->at = reach(uvm, va, access);
            held = w->at != NULL;
        } else {
            held = try_hold(uvm, va, access, w);
        }
        if (likely(held))
            return 0;
        if (!may_fault(uvm) || fault_in(uvm, va, access))
            return -EFAULT;
    }
}

static void let_go(struct window *w)
{
    if (likely(!w->page))
        return;
    rw_read_unlock(&w->uvm->lock);
    page_put(w->page);
}

/* Whether [va, va + n) lies in the user half; n may be anything. */
static inline bool in_user_half(vaddr_t va, size_t n)
{
    return n <= USER_TOP && va <= USER_TOP - n;
}

/* Bytes from va to the end of its page, at most n. */
static inline size_t in_page(vaddr_t va, size_t n)
{
    size_t room = PAGE_SIZE - va % PAGE_SIZE;

    return MIN(room, n);
}

/* What happens to one page's share of a transfer. */
typedef void (*transfer_fn)(char *user, char *kernel, size_t n);

static void do_copyin(char *user, char *kernel, size_t n)
{
    memcpy(kernel, user, n);
}

static void do_copyout(char *user, char *kernel, size_t n)
{
    memcpy(user, kernel, n);
}

static void do_zero(char *user, char *kernel, size_t n)
{
    (void)kernel;
    memset(user, 0, n);
}

/* Out of line, so that the short ways below need few registers. */
static __noinline int transfer(struct uvm *uvm, vaddr_t va, char *kernel, size_t n, prot_t access,
                               transfer_fn fn)
{
    if (!uvm || !in_user_half(va, n))
        return -EFAULT;
    for (size_t part; n; n -= part, va += part, kernel += part) {
        struct window w;
        int err = hold(uvm, va, access, &w);

        if (err)
            return err;
        part = in_page(va, n);
        fn(w.at, kernel, part);
        let_go(&w);
    }
    return 0;
}

/* All n bytes at va, if they lie in one page and nothing needs to be held; else NULL. */
static inline char *reach_lone(struct uvm *uvm, vaddr_t va, size_t n, prot_t access)
{
    if (unlikely(!uvm || !uvm_is_lone(uvm) || n > PAGE_SIZE - va % PAGE_SIZE))
        return NULL;
    return reach(uvm, va, access);
}

int copyin(void *dst, vaddr_t src, size_t n)
{
    struct uvm *uvm = this_cpu()->uvm;
    const char *user = reach_lone(uvm, src, n, PROT_R);

    if (unlikely(!user))
        return transfer(uvm, src, dst, n, PROT_R, do_copyin);
    memcpy(dst, user, n);
    return 0;
}

int copyout(vaddr_t dst, const void *src, size_t n)
{
    struct uvm *uvm = this_cpu()->uvm;
    char *user = reach_lone(uvm, dst, n, PROT_W);

    if (unlikely(!user))
        return transfer(uvm, dst, (char *)(vaddr_t)src, n, PROT_W, do_copyout);
    memcpy(user, src, n);
    return 0;
}

int copyout_zero(vaddr_t dst, size_t n)
{
    struct uvm *uvm = this_cpu()->uvm;
    char *user = reach_lone(uvm, dst, n, PROT_W);

    if (unlikely(!user))
        return transfer(uvm, dst, NULL, n, PROT_W, do_zero);
    memset(user, 0, n);
    return 0;
}

int uvm_copyin(struct uvm *uvm, void *dst, vaddr_t src, size_t n)
{
    return transfer(uvm, src, dst, n, PROT_R, do_copyin);
}

int uvm_copyout(struct uvm *uvm, vaddr_t dst, const void *src, size_t n)
{
    return transfer(uvm, dst, (char *)(vaddr_t)src, n, PROT_W, do_copyout);
}

int uvm_copyout_zero(struct uvm *uvm, vaddr_t dst, size_t n)
{
    return transfer(uvm, dst, NULL, n, PROT_W, do_zero);
}

ssize_t uvm_copyinstr(struct uvm *uvm, char *dst, vaddr_t src, size_t max)
{
    size_t done = 0;

    if (!uvm)
        return -EFAULT;
    while (done < max) {
        struct window w;
        int err = hold(uvm, src + done, PROT_R, &w);

        if (err)
            return err;
        size_t part = in_page(src + done, max - done);
        size_t len = strnlen(w.at, part);
        memcpy(dst + done, w.at, MIN(len + 1, part));
        let_go(&w);
        done += len;
        if (len < part)
            return (ssize_t)done;
    }
    return -ENAMETOOLONG;
}

ssize_t copyinstr(char *dst, vaddr_t src, size_t max)
{
    return uvm_copyinstr(this_cpu()->uvm, dst, src, max);
}

/* --- single words ----------------------------------------------------------------------------- */

static int hold_word(vaddr_t va, prot_t access, struct window *w)
{
    struct uvm *uvm = this_cpu()->uvm;

    if (!is_aligned(va, sizeof(u32)))
        return -EINVAL;
    if (!uvm || !in_user_half(va, sizeof(u32)))
        return -EFAULT;
    return hold(uvm, va, access, w);
}

/* The window starts at a multiple of 4: va is one and pages are. */
static u32 *word_at(const struct window *w)
{
    return (u32 *)(void *)w->at;
}

int user_load32(vaddr_t addr, u32 *value)
{
    struct window w;
    int err = hold_word(addr, PROT_R, &w);

    if (err)
        return err;
    *value = __atomic_load_n(word_at(&w), __ATOMIC_SEQ_CST);
    let_go(&w);
    return 0;
}

int user_store32(vaddr_t addr, u32 value)
{
    struct window w;
    int err = hold_word(addr, PROT_W, &w);

    if (err)
        return err;
    __atomic_store_n(word_at(&w), value, __ATOMIC_SEQ_CST);
    let_go(&w);
    return 0;
}

int user_cas32(vaddr_t addr, u32 old, u32 new, u32 *seen)
{
    struct window w;
    int err = hold_word(addr, PROT_W, &w);

    if (err)
        return err;
    *seen = old;
    __atomic_compare_exchange_n(word_at(&w), seen, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    let_go(&w);
    return 0;
}

static u32 *reach_word(const struct uvm *uvm, vaddr_t va, prot_t access)
{
    return va == USER_NO_WORD ? NULL : (u32 *)(void *)reach(uvm, va, access);
}

/* Whether all that is asked for is there. */
static bool reach_words(struct user_words *w, const struct uvm *uvm, vaddr_t read, vaddr_t write)
{
    w->read = reach_word(uvm, read, PROT_R);
    w->write = reach_word(uvm, write, PROT_W);
    return (w->read || read == USER_NO_WORD) && (w->write || write == USER_NO_WORD);
}

static bool try_hold_words(struct user_words *w, struct uvm *uvm, vaddr_t read, vaddr_t write)
{
    w->uvm = NULL;
    if (uvm_is_lone(uvm))
        return reach_words(w, uvm, read, write);
    rw_read_lock(&uvm->lock);
    irqflags_t irq = spin_lock(&uvm->pt_lock);
    bool held = reach_words(w, uvm, read, write);
    if (held) {
        w->uvm = uvm;
        w->pages[0] = w->read ? virt_to_page(w->read) : NULL;
        w->pages[1] = w->write ? virt_to_page(w->write) : NULL;
        for (unsigned i = 0; i < ARRAY_SIZE(w->pages); i++)
            if (w->pages[i])
                page_get(w->pages[i]);
    }
    spin_unlock(&uvm->pt_lock, irq);
    if (!held)
        rw_read_unlock(&uvm->lock);
    return held;
}

static int check_word(vaddr_t va)
{
    if (va == USER_NO_WORD)
        return 0;
    if (!is_aligned(va, sizeof(u32)))
        return -EINVAL;
    return in_user_half(va, sizeof(u32)) ? 0 : -EFAULT;
}

/* Faults the word in that was not there. */
static int fetch_word(struct uvm *uvm, const u32 *found, vaddr_t va, prot_t access)
{
    if (found || va == USER_NO_WORD)
        return 0;
    return fault_in(uvm, va, access);
}

int user_words_hold(struct user_words *w, vaddr_t read, vaddr_t write)
{
    struct uvm *uvm = this_cpu()->uvm;
    int err = check_word(read);

    if (!err)
        err = check_word(write);
    if (!err && !uvm)
        err = -EFAULT;
    while (!err && !try_hold_words(w, uvm, read, write)) {
        err = fetch_word(uvm, w->read, read, PROT_R);
        if (!err)
            err = fetch_word(uvm, w->write, write, PROT_W);
    }
    return err;
}

void user_words_release(struct user_words *w)
{
    if (!w->uvm)
        return;
    rw_read_unlock(&w->uvm->lock);
    for (unsigned i = 0; i < ARRAY_SIZE(w->pages); i++)
        if (w->pages[i])
            page_put(w->pages[i]);
}

/* A number that nothing else was ever called; the first one who asks gives it. Never an address of the kernel's. */
static const void *name_of(struct pager *pager)
{
    static u64 last;
    u64 name = atomic_load_relaxed(&pager->name);
    u64 fresh;

    if (!name) {
        fresh = atomic_fetch_add(&last, 1ul) + 1;
        name = atomic_cas(&pager->name, &name, fresh) ? fresh : name;
    }
    return (const void *)name;
}

int user_key(vaddr_t addr, struct user_key *key)
{
    struct uvm *uvm = this_cpu()->uvm;
    struct window w;
    int err = hold_word(addr, PROT_R, &w); /* the word must be there */

    if (err)
        return err;
    let_go(&w);
    rw_read_lock(&uvm->lock);
    struct region *r = region_find(uvm, addr);
    if (r && (r->flags & UVM_SHARED))
        *key = (struct user_key){name_of(r->pager), r->offset + (addr - r->start)};
    else
        *key = (struct user_key){uvm, addr};
    rw_read_unlock(&uvm->lock);
    return r ? 0 : -EFAULT;
}
