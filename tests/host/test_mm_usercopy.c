/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: mm/uvm.c mm/uvm_region.c mm/uvm_map.c mm/uvm_brk.c mm/uvm_show.c mm/uvm_large.c mm/uvm_commit.c mm/fault.c
// sources: mm/usercopy.c mm/pcache.c mm/pcache_anon.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c
// sources: mm/kmalloc.c mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * User copies: every kind of address that a program can hand in, at every offset around the borders
 * where something changes, compared with what a byte by byte model allows. Each case runs twice:
 * as the only holder of the space (no locks) and as one of two.
 */
#include "../../mm/uvm_impl.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include "softmmu.h"
#include <base/percpu.h>
#include <lib/errno.h>
#include <mm/failalloc.h>
#include <mm/kvm.h>
#include <mm/page.h>
#include <mm/pager.h>
#include <mm/pcache.h>
#include <mm/usercopy.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct pt kernel_pt;

/*
 * Pages 0 1 2: writable; 3: read-only; 4: a hole; 5: no rights; 6: execute-only; 7: writable; 8,
 * 9: a file of one page.
 */
#define BASE  0x100000ul
#define PAGES 10u

static const struct {
    bool readable, writable;
} rights[PAGES] = {
    {true, true},   {true, true},   {true, true}, {true, false}, {false, false},
    {false, false}, {false, false}, {true, true}, {true, true},  {false, false},
};

static struct uvm *uvm;
static struct pcache file;
static u8 shadow[PAGES * PAGE_SIZE]; /* what the readable bytes hold */
static u64 rng;

static u32 below(u32 n)
{
    return (u32)(host_random(&rng) % n);
}

static void map_page(u32 first, u32 n, unsigned prot, struct pager *pager)
{
    vaddr_t va = BASE + first * PAGE_SIZE;

    assert_int_equal(
        uvm_map(uvm, &va, n * PAGE_SIZE, prot, UVM_FIXED | (pager ? UVM_SHARED : 0), pager, 0), 0);
}

/* Frames that are there: it must be the rights that keep copies away. */
static void lose_rights(u32 page, unsigned prot)
{
    vaddr_t va = BASE + page * PAGE_SIZE;

    assert_int_equal(uvm_copyout(uvm, va, "secret", 7), 0);
    assert_int_equal(uvm_protect(uvm, va, PAGE_SIZE, prot), 0);
}

static int set_up(void **state)
{
    (void)state;
    softmmu_reset(3);
    uvm = uvm_create();
    pcache_init(&file, NULL);
    assert_int_equal(pcache_truncate(&file, 100), 0);
    map_page(0, 3, UVM_R | UVM_W, NULL);
    map_page(3, 1, UVM_R, NULL);
    map_page(5, 2, UVM_R | UVM_W, NULL);
    lose_rights(5, 0);
    lose_rights(6, UVM_X);
    map_page(7, 1, UVM_R | UVM_W, NULL);
    map_page(8, 2, UVM_R | UVM_W, &file.pager);
    memset(shadow, 0, sizeof(shadow));
    this_cpu()->uvm = uvm;
    return 0;
}

/* The same as one of two holders. */
static int set_up_shared(void **state)
{
    set_up(state);
    uvm_get(uvm);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    this_cpu()->uvm = NULL;
    if (uvm->refs == 2)
        uvm_put(uvm);
    assert_int_equal(uvm->lock.state, 0); /* every way out has given the lock back */
    uvm_put(uvm);
    pcache_destroy(&file);
    return 0;
}

static bool allowed(u64 off, u64 n, bool write)
{
    for (u64 i = off; i < off + n; i++)
        if (i >= PAGES * PAGE_SIZE ||
            !(write ? rights[i / PAGE_SIZE].writable : rights[i / PAGE_SIZE].readable))
            return false;
    return true;
}

static void try_write(u64 off, u64 n)
{
    u8 *bytes = malloc(n + 1);
    bool good = allowed(off, n, true);

    for (u64 i = 0; i < n; i++)
        bytes[i] = (u8)host_random(&rng);
    assert_int_equal(copyout(BASE + off, bytes, n), good ? 0 : -EFAULT);
    if (good)
        memcpy(shadow + off, bytes, n);
    free(bytes);
}

static void try_zero(u64 off, u64 n)
{
    bool good = allowed(off, n, true);

    assert_int_equal(copyout_zero(BASE + off, n), good ? 0 : -EFAULT);
    if (good)
        memset(shadow + off, 0, n);
}

static void try_read(u64 off, u64 n)
{
    u8 *bytes = malloc(n + 1);
    bool good = allowed(off, n, false);

    bytes[n] =
        0xa5; /* nothing may be written behind the end (the sanitizer sees what malloc gave) */
    assert_int_equal(copyin(bytes, BASE + off, n), good ? 0 : -EFAULT);
    if (good)
        assert_memory_equal(bytes, shadow + off, n);
    assert_int_equal(bytes[n], 0xa5);
    free(bytes);
}

/* A failed write may have written a part: what is there then is what it is. */
static void resync(void)
{
    for (u32 i = 0; i < PAGES; i++)
        if (rights[i].readable)
            assert_int_equal(
                uvm_copyin(uvm, shadow + i * PAGE_SIZE, BASE + i * PAGE_SIZE, PAGE_SIZE), 0);
}

static void test_random_copies(void **state)
{
    (void)state;
    rng = host_seed();
    for (u32 i = 0; i < 20000; i++) {
        u64 off = below(PAGES + 1) * PAGE_SIZE + below(32) - 16;
        u64 n = below(4) ? below(40) : below(3 * PAGE_SIZE);
        if ((s64)off < 0)
            continue;
        if (below(2)) {
            (below(4) ? try_write : try_zero)(off, n);
            if (!allowed(off, n, true))
                resync();
        } else {
            try_read(off, n);
        }
    }
}

static const vaddr_t wild[] = {
    0,
    1,
    0xfff,
    USER_TOP - 1,
    USER_TOP,
    USER_TOP + 1,
    1ul << 62,
    DIRECT_BASE + 0x80000000ul,
    0xffffffc000000000ul,
    0xffffffff80000000ul,
    ~0ul - 7,
    ~0ul,
};

static void test_wild_addresses(void **state)
{
    static const size_t sizes[] = {1, 8, 4096, 1ul << 38, ~0ul};
    u64 word = 0;
    u32 seen;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(wild); i++) {
        for (u32 k = 0; k < 2; k++) {
            assert_int_equal(copyin(&word, wild[i], sizes[k]), -EFAULT);
            assert_int_equal(copyout(wild[i], &word, sizes[k]), -EFAULT);
        }
        for (u32 k = 0; k < ARRAY_SIZE(sizes); k++)
            assert_int_equal(copyout_zero(wild[i], sizes[k]), -EFAULT);
        assert_int_equal(copyinstr((char *)&word, wild[i], 8), -EFAULT);
        assert_int_equal(user_load32(wild[i] & ~3ul, &seen), -EFAULT);
        assert_int_equal(user_store32(wild[i] & ~3ul, 1), -EFAULT);
        assert_int_equal(user_cas32(wild[i] & ~3ul, 0, 1, &seen), -EFAULT);
    }
    /* from a good address on, but wrapping */
    assert_int_equal(copyout_zero(BASE, ~0ul - BASE + 100), -EFAULT);
    assert_int_equal(copyout_zero(BASE, 0ul - BASE), -EFAULT);
}

/* Nothing is nothing, anywhere a program may point. */
static void test_empty(void **state)
{
    (void)state;
    assert_int_equal(copyin(NULL, BASE + 4 * PAGE_SIZE, 0), 0);
    assert_int_equal(copyout(BASE + 4 * PAGE_SIZE, NULL, 0), 0);
    assert_int_equal(copyin(NULL, 0, 0), 0);
}

static void test_strings(void **state)
{
    char buf[64];
    vaddr_t end = BASE + 4 * PAGE_SIZE; /* behind it, the hole */
    vaddr_t border = BASE + 2 * PAGE_SIZE;

    (void)state;
    assert_int_equal(copyout(border - 3, "hello", 6), 0);
    assert_int_equal(copyinstr(buf, border - 3, sizeof(buf)), 5);
    assert_string_equal(buf, "hello");
    assert_int_equal(copyinstr(buf, border - 3, 6), 5);
    assert_int_equal(copyinstr(buf, border - 3, 5), -ENAMETOOLONG);
    assert_int_equal(copyinstr(buf, border - 3, 0), -ENAMETOOLONG);
    assert_int_equal(copyinstr(buf, border + 2, sizeof(buf)), 0); /* just the NUL */
    assert_int_equal(uvm_protect(uvm, end - PAGE_SIZE, PAGE_SIZE, UVM_R | UVM_W), 0);
    assert_int_equal(copyout(end - 3, "abc", 3), 0); /* no NUL before the hole */
    assert_int_equal(copyinstr(buf, end - 3, sizeof(buf)), -EFAULT);
    assert_int_equal(copyinstr(buf, end - 3, 3), -ENAMETOOLONG);
    assert_int_equal(copyinstr(buf, BASE + 6 * PAGE_SIZE, sizeof(buf)), -EFAULT);
}

static void test_words(void **state)
{
    u32 seen = 0;

    (void)state;
    assert_int_equal(user_store32(BASE + 8, 42), 0);
    assert_int_equal(user_load32(BASE + 8, &seen), 0);
    assert_int_equal(seen, 42);
    assert_int_equal(user_cas32(BASE + 8, 41, 1, &seen), 0);
    assert_int_equal(seen, 42); /* not swapped */
    assert_int_equal(user_cas32(BASE + 8, 42, 7, &seen), 0);
    assert_int_equal(seen, 42);
    assert_int_equal(user_load32(BASE + 8, &seen), 0);
    assert_int_equal(seen, 7);
    for (vaddr_t odd = BASE + 1; odd < BASE + 4; odd++) {
        assert_int_equal(user_load32(odd, &seen), -EINVAL);
        assert_int_equal(user_store32(odd, 0), -EINVAL);
        assert_int_equal(user_cas32(odd, 0, 0, &seen), -EINVAL);
    }
    assert_int_equal(user_load32(BASE + 3 * PAGE_SIZE, &seen), 0);
    assert_int_equal(user_store32(BASE + 3 * PAGE_SIZE, 1), -EFAULT);
    assert_int_equal(user_cas32(BASE + 3 * PAGE_SIZE, 0, 1, &seen), -EFAULT);
}

/* The rights that hardware would demand: a copy must not write through a copy-on-write entry. */
static void test_cow(void **state)
{
    struct uvm *child;
    char c;

    (void)state;
    assert_int_equal(copyout(BASE, "a", 1), 0);
    assert_int_equal(uvm_fork(uvm, &child), 0);
    assert_int_equal(copyout(BASE, "b", 1), 0);
    assert_int_equal(user_store32(BASE + PAGE_SIZE, 5), 0);
    assert_int_equal(uvm_copyin(child, &c, BASE, 1), 0);
    assert_int_equal(c, 'a');
    uvm_put(child);
}

/* Shared file memory: copies reach the file, and what lies behind its end does not exist. */
static void test_file(void **state)
{
    char c = 0;

    (void)state;
    assert_int_equal(copyout(BASE + 8 * PAGE_SIZE + 50, "x", 1), 0);
    assert_int_equal(pcache_read_kernel(&file, 50, &c, 1), 1);
    assert_int_equal(c, 'x');
    assert_int_equal(copyin(&c, BASE + 8 * PAGE_SIZE + 4095, 1), 0); /* the rest of the last page */
    assert_int_equal(copyin(&c, BASE + 9 * PAGE_SIZE, 1), -EFAULT);
}

static void test_keys(void **state)
{
    const u32 mappings = file.pager.mappings;
    struct user_key a, b;

    (void)state;
    assert_int_equal(user_key(BASE + 4, &a), 0);
    assert_ptr_equal(a.object, uvm);
    assert_int_equal(a.offset, BASE + 4);
    assert_int_equal(user_key(BASE + 8 * PAGE_SIZE + 8, &b), 0);
    assert_int_equal(b.offset, 8);
    assert_int_equal(user_key(BASE + 8 * PAGE_SIZE, &a), 0);
    assert_ptr_equal(a.object, b.object);
    file.pager =
        (struct pager){.ops = file.pager.ops, .mappings = mappings}; /* another one there */
    assert_int_equal(user_key(BASE + 8 * PAGE_SIZE, &a), 0);
    assert_ptr_not_equal(a.object, b.object);
    assert_int_equal(user_key(BASE + 4 * PAGE_SIZE, &b), -EFAULT);
    assert_int_equal(user_key(BASE + 2, &b), -EINVAL);
}

/* Whoever looks at a space in which others run sees what is there, and brings nothing in. */
static void test_outsider(void **state)
{
    struct uvm_stats before, after;
    char c;

    (void)state;
    assert_int_equal(copyout(BASE, "z", 1), 0);
    this_cpu()->uvm = NULL;
    uvm_get(uvm);
    uvm_stats(uvm, &before);
    assert_int_equal(uvm_copyin(uvm, &c, BASE, 1), 0);
    assert_int_equal(c, 'z');
    assert_int_equal(uvm_copyin(uvm, &c, BASE + PAGE_SIZE, 1), -EFAULT);
    uvm_stats(uvm, &after);
    assert_int_equal(before.resident, after.resident);
    uvm_put(uvm);
    assert_int_equal(copyin(&c, BASE, 1), -EFAULT); /* a kernel thread has no user memory */
    this_cpu()->uvm = uvm;
}

static u32 asked;
static bool has_room;

static bool make_room(void)
{
    asked++;
    return has_room;
}

/* A page that cannot be had is asked for again as long as somebody makes room, and only such a page. */
static void test_no_page(void **state)
{
    struct user_words words;

    (void)state;
    usercopy_make_room = make_room;
    asked = 0;
    has_room = true;
    assert_int_equal(copyout(BASE + 4 * PAGE_SIZE, "a", 1), -EFAULT);
    assert_int_equal(asked, 0);
    failalloc_arm(1);
    assert_int_equal(copyout(BASE, "a", 1), 0);
    failalloc_arm(1);
    assert_int_equal(user_words_hold(&words, USER_NO_WORD, BASE + PAGE_SIZE), 0);
    user_words_release(&words);
    assert_int_equal(asked, 2);
    has_room = false;
    failalloc_arm(1);
    assert_int_equal(copyout(BASE + 2 * PAGE_SIZE, "a", 1), -EFAULT);
    assert_int_equal(asked, 3);
    usercopy_make_room = NULL;
    failalloc_arm(1);
    assert_int_equal(copyout(BASE + 2 * PAGE_SIZE, "a", 1), -EFAULT);
}

static int setup(void **state)
{
    (void)state;
    mm_machine_boot(32 * MiB);
    return 0;
}

#define TWICE(f)                                           \
    cmocka_unit_test_setup_teardown(f, set_up, tear_down), \
        cmocka_unit_test_setup_teardown(f, set_up_shared, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TWICE(test_random_copies), TWICE(test_wild_addresses), TWICE(test_empty),
        TWICE(test_strings),       TWICE(test_words),          TWICE(test_cow),
        TWICE(test_file),          TWICE(test_keys),           TWICE(test_outsider),
        TWICE(test_no_page),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
