/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: brk, mappings, rights. Where a mapping is locked or to be populated, its pages are
 * delivered after it has been made, and what cannot be had comes with a fault like any other.
 */
#include "sys_mem.h"
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/mman.h>
#include <abi/linux/resource.h>
#include <fs/fdtable.h>
#include <fs/mount.h>
#include <kernel/signal.h>
#include <mm/pager.h>
#include <mm/pcache.h>
#include <mm/uvm.h>

static_assert(PROT_READ == UVM_R && PROT_WRITE == UVM_W && PROT_EXEC == UVM_X,
              "rights are passed through");
#define PROT_RIGHTS (PROT_READ | PROT_WRITE | PROT_EXEC)

/* Delivers the pages of what has been mapped: all if `want`, else if they are locked. */
static void deliver(vaddr_t start, vaddr_t end, bool want)
{
    if (want || uvm_is_locked(current_uvm(), start))
        uvm_populate(current_uvm(), start, end, 0, sig_fatal_pending);
}

static void deliver_heap(vaddr_t end)
{
    if (uvm_is_locked(current_uvm(), end - 1))
        deliver(ALIGN_DOWN(uvm_layout(current_uvm())->brk_start, PAGE_SIZE), end, true);
}

SYSCALL1(brk, vaddr_t, end)
{
    vaddr_t now = uvm_brk(current_uvm(), end);

    if (now)
        deliver_heap(now);
    return (long)now;
}

/* --- mmap --- */

/* Flags that ask for nothing we do differently. */
#define MAP_HARMLESS (MAP_DENYWRITE | MAP_EXECUTABLE)

/* Those that mean something, and what it is in mm's words. */
static const struct {
    unsigned linux, uvm;
} map_flags[] = {
    {MAP_FIXED, UVM_FIXED},         {MAP_FIXED_NOREPLACE, UVM_FIXED | UVM_NOREPLACE},
    {MAP_GROWSDOWN, UVM_STACK},     {MAP_LOCKED, UVM_LOCKED},
    {MAP_NORESERVE, UVM_NORESERVE}, {MAP_STACK, UVM_NOHUGE},
};
#define MAP_KNOWN                                                                              \
    (MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | \
     MAP_STACK | MAP_ANONYMOUS | MAP_POPULATE | MAP_NONBLOCK | MAP_HARMLESS)

/* The flags in mm's words; -EINVAL, -EOPNOTSUPP, -ENOMEM (there is no pool of huge pages). */
static long mapping_flags(unsigned flags)
{
    unsigned type = flags & MAP_TYPE;
    unsigned uvm_flags = 0;

    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (flags & MAP_GROWSDOWN && (type != MAP_PRIVATE || !(flags & MAP_ANONYMOUS)))
        return -EINVAL; /* contents have a beginning, a stack has not */
    if (flags & MAP_HUGETLB)
        return -ENOMEM;
    if (type == MAP_SHARED_VALIDATE && flags & ~(unsigned)MAP_KNOWN)
        return -EOPNOTSUPP;
    if (type != MAP_PRIVATE)
        uvm_flags |= UVM_SHARED;
    for (size_t i = 0; i < ARRAY_SIZE(map_flags); i++)
        if (flags & map_flags[i].linux)
            uvm_flags |= map_flags[i].uvm;
    return (long)uvm_flags;
}

static long map_pager(vaddr_t addr, size_t len, unsigned prot, unsigned flags, struct pager *pager,
                      u64 offset)
{
    int err = uvm_map(current_uvm(), &addr, len, prot, flags, pager, offset);

    return err ? err : (long)addr;
}

/* Shared memory without a file: a cache of its own stands in for one. */
static long map_shared_anonymous(vaddr_t addr, size_t len, unsigned prot, unsigned flags)
{
    struct pager *pager;
    long rc;

    if (!(flags & UVM_NORESERVE) && !uvm_may_promise(ALIGN_UP(len, PAGE_SIZE) / PAGE_SIZE))
        return -ENOMEM;
    pager = pcache_create_anon(ALIGN_UP(len, PAGE_SIZE));
    if (!pager)
        return -ENOMEM;
    rc = map_pager(addr, len, prot, flags, pager, 0);
    pager_put(pager); /* the mapping holds its own reference */
    return rc;
}

static long map_file(vaddr_t addr, size_t len, unsigned prot, unsigned flags, struct file *file,
                     u64 offset)
{
    struct pager *pager;
    bool shared = flags & UVM_SHARED;
    bool writable;
    const struct file_mapping how = {offset, shared, prot & PROT_WRITE, prot & PROT_EXEC};
    long rc = file_mmap(file, &how, &writable, &pager);

    if (rc)
        return rc;
    if (mount_has(file->inode, MOUNT_NOEXEC))
        flags |= UVM_NOEXEC;
    if (!pager) /* /dev/zero */
        return shared ? map_shared_anonymous(addr, len, prot, flags)
                      : map_pager(addr, len, prot, flags, NULL, 0);
    if (shared && !writable)
        flags |= UVM_NOWRITE;
    rc = map_pager(addr, len, prot, flags, pager, offset);
    if (writable) /* the mapping counts itself */
        pager_count_writers(pager, -1);
    pager_put(pager);
    return rc;
}

static long map_anonymous(vaddr_t addr, size_t len, unsigned prot, unsigned flags)
{
    return flags & UVM_SHARED ? map_shared_anonymous(addr, len, prot, flags)
                              : map_pager(addr, len, prot, flags, NULL, 0);
}

static long map_fd(vaddr_t addr, size_t len, unsigned prot, unsigned flags, int fd, u64 offset)
{
    struct fd_ref ref = fd_get(fd);

    if (!ref.file)
        return -EBADF;
    long rc = map_file(addr, len, prot, flags, ref.file, offset);
    fd_put(ref);
    return rc;
}

SYSCALL6(mmap, vaddr_t, addr, size_t, len, unsigned, prot, unsigned, flags, int, fd, u64, offset)
{
    long uvm_flags = mapping_flags(flags);
    long rc;

    if (uvm_flags < 0)
        return uvm_flags;
    if (!is_aligned(offset, PAGE_SIZE) || len == 0)
        return -EINVAL;
    if (len > USER_TOP)
        return -ENOMEM;
    if (offset + len < offset)
        return -EOVERFLOW;
    prot &= PROT_RIGHTS;
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
        addr = ALIGN_DOWN(addr, PAGE_SIZE);
    rc = flags & MAP_ANONYMOUS ? map_anonymous(addr, len, prot, (unsigned)uvm_flags)
                               : map_fd(addr, len, prot, (unsigned)uvm_flags, fd, offset);
    if (rc > 0)
        deliver((vaddr_t)rc, (vaddr_t)rc + ALIGN_UP(len, PAGE_SIZE),
                (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE);
    return rc;
}

SYSCALL2(munmap, vaddr_t, addr, size_t, len)
{
    return uvm_unmap(current_uvm(), addr, len);
}

/* With PROT_GROWSDOWN the range begins where the stack does that it lies in. */
static int reach_down(vaddr_t *addr, size_t *len)
{
    struct uvm_region_info r;

    if (*len > USER_TOP || !uvm_next_region(current_uvm(), *addr, &r) || r.start >= *addr + *len)
        return -ENOMEM;
    if (!(r.flags & UVM_STACK))
        return -EINVAL;
    *len += *addr - MIN(r.start, *addr);
    *addr = MIN(r.start, *addr);
    return 0;
}

SYSCALL3(mprotect, vaddr_t, addr, size_t, len, unsigned, prot)
{
    int err = 0;

    if (prot & ~(unsigned)(PROT_RIGHTS | PROT_GROWSDOWN) || !is_aligned(addr, PAGE_SIZE))
        return -EINVAL;
    if (len && prot & PROT_GROWSDOWN)
        err = reach_down(&addr, &len);
    if (err || !len)
        return err;
    return uvm_protect(current_uvm(), addr, len, prot & PROT_RIGHTS);
}

SYSCALL5(mremap, vaddr_t, old, size_t, old_len, size_t, new_len, unsigned, flags, vaddr_t, new)
{
    struct uvm_remap m = {.old = old, .old_len = old_len, .new_len = new_len};

    if (flags & ~(unsigned)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) ||
        (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE)))
        return -EINVAL;
    m.may_move = flags & MREMAP_MAYMOVE;
    m.fixed = flags & MREMAP_FIXED;
    m.keep = flags & MREMAP_DONTUNMAP;
    m.to = new;
    int err = uvm_mremap(current_uvm(), &m);
    if (err)
        return err;
    if (new_len > old_len)
        deliver(m.to, m.to + ALIGN_UP(new_len, PAGE_SIZE), false);
    return (long)m.to;
}

/* --- what concerns the processor --- */

/* Makes code that the program has written visible to instruction fetch, on every cpu. */
SYSCALL3(riscv_flush_icache, vaddr_t, start, vaddr_t, end, u64, flags)
{
    (void)start;
    (void)end;
    if (flags & ~1ul) /* bit 0: the calling thread alone, which may migrate */
        return -EINVAL;
    uvm_sync_code(current_uvm());
    return 0;
}
