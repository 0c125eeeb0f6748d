/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcalls: what programs say of their memory and are told, on a machine with several harts: locks and
 * their limit, advice and fork, presence, files that become shorter under a mapping. Prints how many
 * checks were made and which were wrong; status 0 when none was.
 */
#include <abi/linux/capability.h>
#include <abi/linux/mman.h>
#include <abi/linux/resource.h>
#include <abi/linux/signal.h>
#include <lib/string.h>

#include "lib/sys.h"
#include "lib/text.h"

#define PAGE  4096ul
#define PAGES 16ul

static u32 checks, wrong;

int main(int argc, char **argv);

static void check(const char *what, long got, long want)
{
    checks++;
    if (got == want)
        return;
    wrong++;
    print("memcalls: WRONG: %s: %ld, not %ld\n", what, got, want);
}

static char *map(u64 pages, unsigned flags, long fd)
{
    long addr = SYS(mmap, 0, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

    return addr < 0 ? NULL : (char *)addr;
}

static char *map_private(u64 pages)
{
    return map(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* Pages of [at, at + pages) that are there. */
static long present(const char *at, u64 pages)
{
    u8 there[64];
    long n = 0;
    long err = SYS(mincore, at, pages * PAGE, there);

    for (u64 i = 0; i < pages && !err; i++)
        n += there[i] & 1;
    return err ? err : n;
}

/* Whether a child survives reading the byte: 0, or the signal that ends it. */
static long read_in_child(const volatile char *at)
{
    long pid = sys_fork();

    if (pid == 0) {
        (void)*at;
        sys_exit(0);
    }
    return sys_wait(pid) & 0x7f;
}

static void drop_ipc_lock(void)
{
    struct linux_cap_header header = {.version = LINUX_CAPABILITY_VERSION_3};
    struct linux_cap_data data[2];

    check("capget", SYS(capget, &header, data), 0);
    data[0].effective &= ~(1u << 14);
    check("capset", SYS(capset, &header, data), 0);
    data[0].permitted &= ~(1u << 14);
    check("capset of permitted", SYS(capset, &header, data), 0);
    data[0].permitted |= 1u << 14;
    check("capset of what was given up", SYS(capset, &header, data), -EPERM);
}

static void test_locks(void)
{
    const struct linux_rlimit limit = {.rlim_cur = 8 * PAGE, .rlim_max = 8 * PAGE};
    char *at = map_private(PAGES);

    check("nothing is there", present(at, PAGES), 0);
    check("mlock2 on fault", SYS(mlock2, at, PAGES * PAGE, MLOCK_ONFAULT), 0);
    check("nothing is there yet", present(at, PAGES), 0);
    check("mlock", SYS(mlock, at + 1, PAGE), 0);
    check("two pages are there", present(at, PAGES), 2);
    check("DONTNEED of locked pages", SYS(madvise, at, PAGE, MADV_DONTNEED), -EINVAL);
    check("setrlimit", SYS(setrlimit, RLIMIT_MEMLOCK, &limit), 0);
    check("the limit is not root's", SYS(mlock, at, PAGES * PAGE), 0);
    check("all are there", present(at, PAGES), PAGES);
    check("munlockall", SYS(munlockall), 0);
    drop_ipc_lock();
    check("more than the limit", SYS(mlock, at, 9 * PAGE), -ENOMEM);
    check("as much as the limit", SYS(mlock, at, 8 * PAGE), 0);
    check("MAP_LOCKED beyond it",
          SYS(mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0), -EAGAIN);
    check("mlockall beyond it", SYS(mlockall, MCL_CURRENT), -ENOMEM);
    SYS(munmap, at, PAGES * PAGE);
}

static void test_advice(void)
{
    char *at = map_private(PAGES);

    memset(at, 'x', PAGES * PAGE);
    check("DONTFORK", SYS(madvise, at, PAGE, MADV_DONTFORK), 0);
    check("WIPEONFORK", SYS(madvise, at + PAGE, PAGE, MADV_WIPEONFORK), 0);
    check("a child without the page", read_in_child(at), SIGSEGV);
    check("a child with zeroes", read_in_child(at + PAGE), 0);
    check("DOFORK", SYS(madvise, at, PAGE, MADV_DOFORK), 0);
    check("a child with the page", read_in_child(at), 0);
    check("FREE", SYS(madvise, at + 4 * PAGE, 2 * PAGE, MADV_FREE), 0);
    check("it is gone", present(at, PAGES), PAGES - 2);
    check("POPULATE_WRITE", SYS(madvise, at, PAGES * PAGE, MADV_POPULATE_WRITE), 0);
    check("it is there again", present(at, PAGES), PAGES);
    check("with zeroes", at[4 * PAGE], 0);
    check("no such advice", SYS(madvise, at, PAGE, 77), -EINVAL);
    SYS(munmap, at + 8 * PAGE, PAGE);
    check("advice over a hole", SYS(madvise, at, PAGES * PAGE, MADV_NORMAL), -ENOMEM);
    SYS(munmap, at, PAGES * PAGE);
}

/* A mapping of a file that another process makes shorter, while this one is in the middle of it. */
static void test_truncation(void)
{
    long fd = SYS(memfd_create, "memcalls", 0);
    char *shared, *copy;

    check("ftruncate", SYS(ftruncate, fd, PAGES * PAGE), 0);
    shared = map(PAGES, MAP_SHARED, fd);
    copy = map(PAGES, MAP_PRIVATE, fd);
    memset(shared, 's', PAGES * PAGE);
    memset(copy, 'c', PAGES * PAGE);
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(SYS(ftruncate, fd, 4 * PAGE + 1) ? 1 : 0);
    check("another process makes it shorter", sys_wait(pid), 0);
    check("what is left", shared[4 * PAGE], 's');
    check("what is left of its last page", shared[4 * PAGE + 1], 0);
    check("the copy of its last page", copy[4 * PAGE], 'c');
    check("behind its end", read_in_child(shared + 5 * PAGE), SIGBUS);
    check("the copy behind its end", read_in_child(copy + 5 * PAGE), SIGBUS);
    check("it grows again", SYS(ftruncate, fd, PAGES * PAGE), 0);
    check("with zeroes", shared[5 * PAGE], 0);
    check("and in the copy", copy[5 * PAGE], 0);
    SYS(munmap, shared, PAGES * PAGE);
    SYS(munmap, copy, PAGES * PAGE);
    SYS(close, fd);
}

/* Ranges that wrap around or begin in a hole, contents that would have to begin before their beginning. */
static void test_edges(void)
{
    char *at = map_private(4);
    char *stack = map(4, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1);
    long fd = SYS(memfd_create, "edges", 0);

    check("mprotect from a hole on", SYS(mprotect, 0, at + 2 * PAGE, PROT_READ), -ENOMEM);
    check("it has cut nothing", SYS(mremap, at, 4 * PAGE, 4 * PAGE, 0), (long)at);
    check("mprotect of all and more below a stack",
          SYS(mprotect, stack + 2 * PAGE, -PAGE, PROT_READ | PROT_GROWSDOWN), -ENOMEM);
    check("shared memory grows down",
          SYS(mmap, 0, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0),
          -EINVAL);
    check("a file grows down", SYS(mmap, 0, PAGE, PROT_READ, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0),
          -EINVAL);
    long last = SYS(mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, -4 * PAGE);
    check("the last pages of all offsets", last < 0, 0);
    check("and behind them", SYS(mremap, last, PAGE, 8 * PAGE, MREMAP_MAYMOVE), -EINVAL);
    SYS(munmap, at, 4 * PAGE);
    SYS(munmap, stack, 4 * PAGE);
    SYS(munmap, last, PAGE);
    SYS(close, fd);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    test_advice();
    test_truncation();
    test_edges();
    test_locks();
    print("memcalls: %u checks, %u wrong\n", checks, wrong);
    return wrong != 0;
}
