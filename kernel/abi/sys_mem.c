/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: brk, mappings, rights, advice. Nothing is ever swapped out, and no file has a disk
 * behind it; calls that only concern those check their arguments and are done.
 */
#include "syscall.h"

#include <abi/linux/fcntl.h>
#include <abi/linux/mman.h>
#include <abi/linux/resource.h>
#include <base/percpu.h>
#include <fs/fdtable.h>
#include <kernel/sched.h>
#include <mm/pager.h>
#include <mm/pcache.h>
#include <mm/usercopy.h>
#include <mm/uvm.h>

static struct uvm *current_uvm(void)
{
    return this_cpu()->uvm;
}

static_assert(PROT_READ == UVM_R && PROT_WRITE == UVM_W && PROT_EXEC == UVM_X,
              "rights are passed through");
#define PROT_RIGHTS (PROT_READ | PROT_WRITE | PROT_EXEC)

SYSCALL1(brk, vaddr_t, end)
{
    return (long)uvm_brk(current_uvm(), end);
}

/* --- mmap --- */

/* Flags that ask for nothing we do differently. */
#define MAP_HARMLESS                                                                             \
    (MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | \
     MAP_STACK)
#define MAP_KNOWN \
    (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE | MAP_HARMLESS)

/* The flags in mm's words; -EINVAL, -EOPNOTSUPP. */
static long mapping_flags(unsigned flags)
{
    unsigned type = flags & MAP_TYPE;
    long uvm_flags = 0;

    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && flags & ~(unsigned)MAP_KNOWN)
        return -EOPNOTSUPP;
    if (flags & MAP_HUGETLB)
        return -EINVAL;
    if (type != MAP_PRIVATE)
        uvm_flags |= UVM_SHARED;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        uvm_flags |= UVM_FIXED;
    if (flags & MAP_FIXED_NOREPLACE)
        uvm_flags |= UVM_NOREPLACE;
    if (flags & MAP_GROWSDOWN)
        uvm_flags |= UVM_STACK;
    return uvm_flags;
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
    struct pager *pager = pcache_create_anon(ALIGN_UP(len, PAGE_SIZE));
    long rc;

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
    const struct file_mapping how = {offset, shared, prot & PROT_WRITE};
    long rc = file_mmap(file, &how, &writable, &pager);

    if (rc)
        return rc;
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

SYSCALL6(mmap, vaddr_t, addr, size_t, len, unsigned, prot, unsigned, flags, int, fd, u64, offset)
{
    long uvm_flags = mapping_flags(flags);
    struct fd_ref ref;
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
    if (flags & MAP_ANONYMOUS)
        return uvm_flags & UVM_SHARED ? map_shared_anonymous(addr, len, prot, (unsigned)uvm_flags)
                                      : map_pager(addr, len, prot, (unsigned)uvm_flags, NULL, 0);
    ref = fd_get(fd);
    if (!ref.file)
        return -EBADF;
    rc = map_file(addr, len, prot, (unsigned)uvm_flags, ref.file, offset);
    fd_put(ref);
    return rc;
}

SYSCALL2(munmap, vaddr_t, addr, size_t, len)
{
    return uvm_unmap(current_uvm(), addr, len);
}

SYSCALL3(mprotect, vaddr_t, addr, size_t, len, unsigned, prot)
{
    if (prot & ~(unsigned)PROT_RIGHTS || !is_aligned(addr, PAGE_SIZE))
        return -EINVAL;
    return len ? uvm_protect(current_uvm(), addr, len, prot) : 0;
}

SYSCALL5(mremap, vaddr_t, old, size_t, old_len, size_t, new_len, unsigned, flags, vaddr_t, new)
{
    vaddr_t result;
    int err;

    if (flags & ~(unsigned)(MREMAP_MAYMOVE | MREMAP_FIXED) ||
        (flags & MREMAP_FIXED && (!(flags & MREMAP_MAYMOVE) || !new)))
        return -EINVAL;
    err = uvm_mremap(current_uvm(), old, old_len, new_len, flags & MREMAP_MAYMOVE,
                     flags & MREMAP_FIXED ? new : 0, &result);
    return err ? err : (long)result;
}

/* --- calls that need only know whether the range is mapped --- */

/* 0 when every page of [addr, addr + len) belongs to a region; -EINVAL, -ENOMEM. */
static int check_mapped(vaddr_t addr, size_t len)
{
    struct uvm_region_info region;
    vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);

    if (end < addr || ALIGN_UP(len, PAGE_SIZE) < len)
        return -EINVAL;
    while (addr < end) {
        if (!uvm_next_region(current_uvm(), addr, &region) || region.start > addr)
            return -ENOMEM;
        addr = region.end;
    }
    return 0;
}

SYSCALL3(msync, vaddr_t, addr, size_t, len, unsigned, flags)
{
    if (flags & ~(unsigned)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || !is_aligned(addr, PAGE_SIZE) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    return check_mapped(addr, len);
}

SYSCALL3(madvise, vaddr_t, addr, size_t, len, int, advice)
{
    if (!is_aligned(addr, PAGE_SIZE))
        return -EINVAL;
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_FREE:
        return len ? uvm_discard(current_uvm(), addr, len) : 0;
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_COLD:
    case MADV_PAGEOUT:
        return check_mapped(addr, len);
    default: /* MADV_DONTFORK among them: to ignore that would break a promise */
        return -EINVAL;
    }
}

/* One byte per page. Untouched pages count too: their first use takes no longer than a fault. */
SYSCALL3(mincore, vaddr_t, addr, size_t, len, vaddr_t, to)
{
    static const u8 present[64] = {[0 ... 63] = 1};
    size_t pages = ALIGN_UP(len, PAGE_SIZE) / PAGE_SIZE;
    int err;

    if (!is_aligned(addr, PAGE_SIZE))
        return -EINVAL;
    err = check_mapped(addr, len);
    for (size_t done = 0; !err && done < pages; done += sizeof(present)) {
        err = copyout(to + done, present, MIN(pages - done, sizeof(present)));
        cond_yield();
    }
    return err;
}

static long lock_range(vaddr_t addr, size_t len)
{
    size_t skew = addr & (PAGE_SIZE - 1);

    return check_mapped(addr - skew, len + skew);
}

SYSCALL2(mlock, vaddr_t, addr, size_t, len)
{
    return lock_range(addr, len);
}

SYSCALL3(mlock2, vaddr_t, addr, size_t, len, unsigned, flags)
{
    return flags & ~(unsigned)MLOCK_ONFAULT ? -EINVAL : lock_range(addr, len);
}

SYSCALL2(munlock, vaddr_t, addr, size_t, len)
{
    return lock_range(addr, len);
}

SYSCALL1(mlockall, unsigned, flags)
{
    return !flags || flags & ~(unsigned)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ? -EINVAL : 0;
}

SYSCALL0(munlockall)
{
    return 0;
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
