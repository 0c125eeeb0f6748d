/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/path.c fs/inode.c fs/permission.c kernel/groups.c fs/fscontext.c fs/vfs.c fs/names.c fs/mount.c fs/super.c fs/fs_config.c fs/ramfs.c fs/seals.c fs/readdir.c
// sources: fs/dentry.c fs/file.c fs/flock.c fs/reclock.c fs/iobuf.c fs/dev.c fs/pipe.c fs/poll.c fs/fdtable.c
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: tests/host/fs_machine.c mm/pcache.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c lib/bitmap.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * Record locks against a model that keeps who has locked each byte, and how. Nothing here may sleep;
 * that waiting works is shown by programs (tests/boot).
 */
#include "fs_machine.h"
#include "mm_machine.h"
#include <fs/reclock.h>
#include <lib/errno.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BYTES  24
#define OWNERS 3
#define FILES  2

enum { NONE, SHARED, EXCLUSIVE };

static struct inode files[FILES];
static const char owner_names[OWNERS];
static char model[FILES][OWNERS][BYTES]; /* the last byte stands for itself and all that follow */

static bool model_blocks(int f, int o, int first, int last, bool exclusive)
{
    for (int other = 0; other < OWNERS; other++)
        for (int i = first; other != o && i <= last; i++)
            if (model[f][other][i] == EXCLUSIVE || (exclusive && model[f][other][i] != NONE))
                return true;
    return false;
}

static struct reclock lock_of(int o, int first, int last, bool exclusive)
{
    return (struct reclock){.owner = &owner_names[o],
                            .first = (u64)first,
                            .last = last == BYTES - 1 ? RECLOCK_EOF : (u64)last,
                            .pid = 100 + o,
                            .exclusive = exclusive};
}

/* What is found in the way of an exclusive lock of one byte by nobody we know is what the model has. */
static void compare_byte(int f, int i)
{
    struct reclock want = lock_of(0, i, i, true), found;
    static const char stranger;
    bool any = false, right = false;

    want.owner = &stranger;
    want.last = want.first;
    bool is = reclock_find(&files[f], &want, &found);
    for (int o = 0; o < OWNERS; o++) {
        any |= model[f][o][i] != NONE;
        right |= is && found.owner == &owner_names[o] && found.pid == 100 + o &&
                 model[f][o][i] == (found.exclusive ? EXCLUSIVE : SHARED);
    }
    assert_int_equal(is, any);
    assert_int_equal(right, any);
}

static void compare(void)
{
    for (int f = 0; f < FILES; f++)
        for (int i = 0; i < BYTES; i++)
            compare_byte(f, i);
}

static void step(int f, int o, int first, int last)
{
    bool exclusive = rand() % 2;
    struct reclock want = lock_of(o, first, last, exclusive);

    switch (rand() % 8) {
    case 0:
        reclock_drop(&files[f], &owner_names[o]);
        memset(model[f][o], NONE, BYTES);
        break;
    case 1:
    case 2:
        assert_int_equal(reclock_clear(&files[f], want.owner, want.first, want.last), 0);
        memset(&model[f][o][first], NONE, (size_t)(last - first + 1));
        break;
    default:
        assert_int_equal(reclock_set(&files[f], &want, RECLOCK_TRY),
                         model_blocks(f, o, first, last, exclusive) ? -EAGAIN : 0);
        if (!model_blocks(f, o, first, last, exclusive))
            memset(&model[f][o][first], exclusive ? EXCLUSIVE : SHARED, (size_t)(last - first + 1));
    }
}

static void test_as_the_model_says(void **state)
{
    (void)state;
    srand(5);
    for (int i = 0; i < 20000; i++) {
        int a = rand() % BYTES, b = rand() % BYTES;

        step(rand() % FILES, rand() % OWNERS, a < b ? a : b, a < b ? b : a);
        compare();
    }
    for (int f = 0; f < FILES; f++)
        for (int o = 0; o < OWNERS; o++)
            reclock_drop(&files[f], &owner_names[o]);
    memset(model, NONE, sizeof(model));
    compare();
    assert_false(files[0].record_locked || files[1].record_locked);
}

/* One lock that grows by its neighbours, so that F_GETLK tells all of it. */
static void test_neighbours_become_one(void **state)
{
    struct reclock found, want;

    (void)state;
    for (int i = 0; i < 10; i += 2) {
        want = lock_of(0, i, i, false);
        assert_int_equal(reclock_set(&files[0], &want, RECLOCK_TRY), 0);
    }
    for (int i = 1; i < 10; i += 2) {
        want = lock_of(0, i, i, false);
        assert_int_equal(reclock_set(&files[0], &want, RECLOCK_TRY), 0);
    }
    want = lock_of(1, 5, 5, true);
    assert_true(reclock_find(&files[0], &want, &found));
    assert_int_equal(found.first, 0);
    assert_int_equal(found.last, 9);
    reclock_drop(&files[0], &owner_names[0]);
    assert_false(reclock_find(&files[0], &want, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_model_says),
        cmocka_unit_test(test_neighbours_become_one),
    };

    fs_machine_boot(16 * MiB);
    return cmocka_run_group_tests_name("fs reclock", tests, NULL, NULL);
}
