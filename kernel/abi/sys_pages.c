/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: what programs say and ask about the pages of their mappings - locks, advice, presence.
 *
 * Nothing is ever swapped out, and no file has a disk behind it. What only concerns those (COLD,
 * PAGEOUT, SEQUENTIAL, msync) checks its arguments as Linux does and is done.
 */
#include "sys_mem.h"
#include "syscall.h"

#include <abi/linux/mman.h>
#include <kernel/sched.h>
#include <kernel/signal.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

/* 0 when every page of [addr, addr + len) belongs to a region; -EINVAL, -ENOMEM. */
static int check_mapped(vaddr_t addr, size_t len)
{
    return uvm_advise(current_uvm(), addr, len, 0, 0);
}

/* --- locks --- */

/* A range that need not begin at a page. */
struct range {
    vaddr_t start;
    size_t len;
};

static int whole_pages(vaddr_t addr, size_t len, struct range *out)
{
    size_t skew = addr & (PAGE_SIZE - 1);
    size_t rounded = ALIGN_UP(len + skew, PAGE_SIZE);

    *out = (struct range){addr - skew, rounded};
    if (rounded < len || out->start + rounded < out->start)
        return -EINVAL;
    return 0;
}

/* As mlock(2) has it: the rights forbid it, or the file is too short: -ENOMEM; no memory: -EAGAIN. */
static int lock_error(int err)
{
    return err == -EFAULT ? -ENOMEM : err == -ENOMEM ? -EAGAIN : err;
}

static long lock_pages(vaddr_t addr, size_t len, unsigned flags)
{
    struct range r;
    int err = whole_pages(addr, len, &r);

    if (!err)
        err = uvm_lock(current_uvm(), r.start, r.len, flags);
    if (err || flags != UVM_LOCKED)
        return err;
    return lock_error(uvm_populate(current_uvm(), r.start, r.start + r.len, 0, sig_fatal_pending));
}

SYSCALL2(mlock, vaddr_t, addr, size_t, len)
{
    return lock_pages(addr, len, UVM_LOCKED);
}

SYSCALL3(mlock2, vaddr_t, addr, size_t, len, unsigned, flags)
{
    if (flags & ~(unsigned)MLOCK_ONFAULT)
        return -EINVAL;
    return lock_pages(addr, len, UVM_LOCKED | (flags & MLOCK_ONFAULT ? UVM_ONFAULT : 0));
}

SYSCALL2(munlock, vaddr_t, addr, size_t, len)
{
    return lock_pages(addr, len, 0);
}

/* What cannot be had is left out: regions without rights, behind the end of a file. */
static void populate_all(void)
{
    struct uvm_region_info r = {.end = 0};
    int err = 0;

    while (err != -ENOMEM && err != -EINTR && uvm_next_region(current_uvm(), r.end, &r))
        err = uvm_populate(current_uvm(), r.start, r.end, 0, sig_fatal_pending);
}

SYSCALL1(mlockall, unsigned, flags)
{
    unsigned how = UVM_LOCKED | (flags & MCL_ONFAULT ? UVM_ONFAULT : 0);

    if (!flags || flags & ~(unsigned)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ||
        flags == MCL_ONFAULT)
        return -EINVAL;
    int err = uvm_lock_all(current_uvm(), flags & MCL_CURRENT ? &how : NULL,
                           flags & MCL_FUTURE ? how : 0);
    if (!err && flags & MCL_CURRENT)
        populate_all();
    return err;
}

SYSCALL0(munlockall)
{
    static const unsigned none = 0;

    return uvm_lock_all(current_uvm(), &none, 0);
}

/* --- advice --- */

/* Advice that regions remember. */
static const struct {
    int advice;
    unsigned clear, set;
} remembered[] = {
    {MADV_DONTFORK, 0, UVM_DONTFORK},      {MADV_DOFORK, UVM_DONTFORK, 0},
    {MADV_WIPEONFORK, 0, UVM_WIPEONFORK},  {MADV_KEEPONFORK, UVM_WIPEONFORK, 0},
    {MADV_HUGEPAGE, UVM_NOHUGE, UVM_HUGE}, {MADV_NOHUGEPAGE, UVM_HUGE, UVM_NOHUGE},
};

static int remember(vaddr_t addr, size_t len, int advice)
{
    for (size_t i = 0; i < ARRAY_SIZE(remembered); i++)
        if (remembered[i].advice == advice)
            return uvm_advise(current_uvm(), addr, len, remembered[i].clear, remembered[i].set);
    return -EINVAL;
}

static int populate(vaddr_t addr, size_t len, unsigned access)
{
    size_t rounded = ALIGN_UP(len, PAGE_SIZE);
    vaddr_t end = addr + rounded;

    if (rounded < len || end < addr)
        return -EINVAL;
    return uvm_populate(current_uvm(), addr, end, access, sig_fatal_pending);
}

static int advise(vaddr_t addr, size_t len, int advice)
{
    switch (advice) {
    case MADV_DONTNEED:
        return uvm_discard(current_uvm(), addr, len, 0);
    case MADV_DONTNEED_LOCKED:
        return uvm_discard(current_uvm(), addr, len, UVM_DISCARD_LOCKED);
    case MADV_FREE:
        return uvm_discard(current_uvm(), addr, len, UVM_DISCARD_ANON);
    case MADV_COLD:
    case MADV_PAGEOUT:
        return uvm_discard(current_uvm(), addr, len, UVM_DISCARD_NOTHING);
    case MADV_POPULATE_READ:
        return populate(addr, len, UVM_R);
    case MADV_POPULATE_WRITE:
        return populate(addr, len, UVM_W);
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
        return check_mapped(addr, len);
    default:
        return remember(addr, len, advice);
    }
}

/* Whether there is such advice at all, which Linux asks before it looks at the range. */
static bool is_advice(int advice)
{
    switch (advice) {
    case MADV_NORMAL ... MADV_DONTNEED:
    case MADV_FREE:
    case MADV_DONTFORK ... MADV_KEEPONFORK:
    case MADV_COLD ... MADV_DONTNEED_LOCKED:
        return true;
    default:
        return false;
    }
}

SYSCALL3(madvise, vaddr_t, addr, size_t, len, int, advice)
{
    size_t rounded = ALIGN_UP(len, PAGE_SIZE);

    if (!is_advice(advice) || !is_aligned(addr, PAGE_SIZE) || rounded < len ||
        addr + rounded < addr)
        return -EINVAL;
    return len ? advise(addr, len, advice) : 0;
}

/* --- presence --- */

/* One byte per page: whether it is in memory, mapped here or in its file's cache. */
SYSCALL3(mincore, vaddr_t, addr, size_t, len, vaddr_t, to)
{
    u8 present[256];
    size_t pages = len / PAGE_SIZE + (len % PAGE_SIZE != 0);
    int err = 0;

    if (!is_aligned(addr, PAGE_SIZE))
        return -EINVAL;
    if (addr > USER_TOP || pages > (USER_TOP - addr) / PAGE_SIZE)
        return -ENOMEM;
    while (!err && pages) {
        size_t n = MIN(pages, sizeof(present));

        err = uvm_mincore(current_uvm(), addr, n, present);
        if (!err)
            err = copyout(to, present, n);
        addr += n * PAGE_SIZE;
        to += n;
        pages -= n;
        cond_yield();
    }
    return err;
}

/* Locked pages cannot be invalidated; everything else is in order already. */
SYSCALL3(msync, vaddr_t, addr, size_t, len, unsigned, flags)
{
    size_t rounded = ALIGN_UP(len, PAGE_SIZE);

    if (flags & ~(unsigned)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || !is_aligned(addr, PAGE_SIZE) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (rounded < len || addr + rounded < addr)
        return -ENOMEM;
    if (!(flags & MS_INVALIDATE))
        return check_mapped(addr, len);
    int err = uvm_discard(current_uvm(), addr, len, UVM_DISCARD_NOTHING);
    return err == -EINVAL ? -EBUSY : err;
}
