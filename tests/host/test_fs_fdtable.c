/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/inode.c fs/permission.c kernel/groups.c fs/fscontext.c fs/vfs.c fs/names.c fs/mount.c fs/super.c fs/fs_config.c fs/ramfs.c fs/seals.c fs/readdir.c
// sources: fs/file.c fs/flock.c fs/reclock.c fs/iobuf.c fs/dev.c fs/pipe.c fs/poll.c fs/fdtable.c
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: tests/host/fs_machine.c mm/pcache.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c lib/bitmap.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * Descriptor tables: lowest numbers, growth, limits, close-on-exec, copies; and names whose hashes
 * agree, with a hash that is made weak on purpose.
 */
#define NAME_HASH_MASK 0x300ul /* three values are left: 0 counts as 0x100 */
#include "../../fs/dentry.c"
#include "../../fs/path.c"
#include "fs_machine.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include <abi/linux/fcntl.h>
#include <abi/linux/sched.h>
#include <fs/fdtable.h>
#include <fs/mount.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int set_up(void **state)
{
    static bool booted;

    (void)state;
    if (!booted) {
        fs_machine_boot(16 * MiB);
        ramfs_init();
        if (mount_first("ramfs", "ramfs"))
            return -1;
    }
    booted = true;
    fs_machine_adopt();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fs_machine_forget();
    return 0;
}

static int open_root(unsigned flags)
{
    struct file *file;

    assert_int_equal(vfs_open(NULL, "/", O_RDONLY, 0, &file), 0);
    int fd = fd_install(file, 0, flags);
    if (fd < 0)
        file_put(file);
    return fd;
}

/* --- descriptors ----------------------------------------------------------------------------- */

static void test_lowest(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(open_root(0), i);
    assert_int_equal(fd_close(70), 0);
    assert_int_equal(fd_close(5), 0);
    assert_int_equal(fd_close(5), -EBADF);
    assert_int_equal(fd_dup(0, 6, 0), 70);
    assert_int_equal(fd_dup(0, 0, 0), 5);
    assert_int_equal(fd_dup(0, 0, 0), 200);
    assert_int_equal(fd_dup(0, 500, 0), 500);
    assert_int_equal(fd_dup(999, 0, 0), -EBADF);
    assert_int_equal(fd_dup(0, 1024, 0), -EINVAL);
    assert_int_equal(fd_dup_to(0, 1024, 0), -EBADF);
    assert_int_equal(fd_dup_to(0, 700, 0), 700);
    assert_int_equal(fd_dup_to(3, 700, O_CLOEXEC), 700);
    assert_ptr_equal(fd_get(700).file, fd_get(3).file);
    assert_null(fd_get(-1).file);
    assert_null(fd_get(1 << 30).file);
}

static void test_limit(void **state)
{
    (void)state;
    fs_process.limit[RLIMIT_NOFILE].soft = 100;
    for (int i = 0; i < 100; i++)
        assert_int_equal(open_root(0), i);
    assert_int_equal(open_root(0), -EMFILE);
    assert_int_equal(fd_close(99), 0);
    assert_int_equal(open_root(0), 99);
    fs_process.limit[RLIMIT_NOFILE].soft = 1024;
}

static void test_reserved_is_closed(void **state)
{
    struct file *file;

    (void)state;
    int fd = fd_reserve(0, 0);
    assert_int_equal(fd, 0);
    assert_null(fd_get(fd).file);
    assert_int_equal(fd_close(fd), -EBADF);
    int other = open_root(0);
    assert_int_equal(other, 1);
    assert_int_equal(fd_dup_to(other, fd, 0), -EBUSY);
    assert_int_equal(vfs_open(NULL, "/", O_RDONLY, 0, &file), 0);
    fd_fill(fd, file);
    assert_ptr_equal(fd_get(fd).file, file);
    fd = fd_reserve(0, 0);
    fd_cancel(fd);
    assert_int_equal(fd_reserve(0, 0), fd);
    fd_cancel(fd);
}

static void test_exec_closes(void **state)
{
    (void)state;
    for (int i = 0; i < 150; i++)
        open_root(i % 3 ? 0 : O_CLOEXEC);
    assert_int_equal(fd_set_cloexec(1, true), 0);
    assert_int_equal(fd_set_cloexec(3, false), 0);
    assert_int_equal(fd_set_cloexec(500, true), -EBADF);
    fdtable_part.exec(&fs_process);
    for (int i = 0; i < 150; i++) {
        bool open = i == 3 || (i % 3 && i != 1);
        assert_int_equal(fd_get(i).file != NULL, open);
        assert_int_equal(fd_get_cloexec(i), open ? 0 : -EBADF);
    }
}

static void test_close_range(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        open_root(0);
    assert_int_equal(fd_close_range(5, 3, false), -EINVAL);
    assert_int_equal(fd_close_range(3, 9, true), 0);
    assert_int_equal(fd_get_cloexec(9), 1);
    assert_int_equal(fd_get_cloexec(10), 0);
    assert_int_equal(fd_close_range(10, ~0u, false), 0);
    assert_null(fd_get(10).file);
    assert_non_null(fd_get(9).file);
}

/* A child's table is a copy; files are shared and live until both have closed them. */
static void test_fork(void **state)
{
    struct thread thread = {.tid = 2};
    struct process child = {.leader = &thread};
    struct file *file;

    (void)state;
    for (int i = 0; i < 130; i++)
        open_root(0);
    fd_close(50);
    fd_set_cloexec(60, true);
    file = fd_get(129).file;
    assert_int_equal(fdtable_part.thread_fork(&thread, 0), 0);
    assert_int_equal(file->refs, 2);
    fd_close(129);
    assert_int_equal(file->refs, 1);
    struct file *seen;
    assert_int_equal(fd_next_of(&child, 0, 49, &seen), 49);
    file_put(seen);
    assert_int_equal(fd_next_of(&child, 0, 50, &seen), 51);
    file_put(seen);
    assert_int_equal(fd_next_of(&child, 0, 129, &seen), 129);
    file_put(seen);
    assert_int_equal(fd_next_of(&child, 0, 130, &seen), -1);
    fdtable_part.thread_end(&thread);
    assert_int_equal(fd_next_of(&child, 0, 0, &seen), -1);
}

/* With a second user every borrowed file is counted; exec leaves a shared table to the other. */
static void test_shared(void **state)
{
    struct thread thread = {.tid = 2};
    struct process other = {.leader = &thread};

    (void)state;
    open_root(O_CLOEXEC);
    assert_false(fd_get(0).counted);
    assert_int_equal(fdtable_part.thread_fork(&thread, CLONE_FILES), 0);
    struct fd_ref ref = fd_get(0);
    assert_true(ref.counted);
    assert_int_equal(fd_close(0), 0);
    assert_int_equal(ref.file->refs, 1);
    fd_put(ref);
    open_root(O_CLOEXEC);
    fdtable_part.exec(&fs_process);
    assert_null(fd_get(0).file);
    struct file *seen;
    assert_int_equal(fd_next_of(&other, 0, 0, &seen), 0);
    file_put(seen);
    fdtable_part.thread_end(&thread);
    open_root(0);
    assert_false(fd_get(0).counted);
}

static void test_nothing_leaks(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        u64 before = mm_machine_free_pages();
        for (int i = 0; i < 1000; i++)
            open_root(0);
        assert_int_equal(fd_close_range(0, ~0u, false), 0);
        if (round) /* the table has grown in the first round */
            assert_int_equal(mm_machine_free_pages(), before);
    }
}

/* --- names with equal hashes ------------------------------------------------------------------ */

static int touch(unsigned i)
{
    struct file *file;
    char name[32];

    snprintf(name, sizeof(name), "/c%u", i);
    int err = vfs_open(NULL, name, O_CREAT | O_EXCL | O_WRONLY, 0644, &file);
    if (!err)
        file_put(file);
    return err;
}

static bool exists(unsigned i)
{
    struct dentry *d;
    char name[32];

    snprintf(name, sizeof(name), "/c%u", i);
    if (path_lookup(NULL, name, 0, &d))
        return false;
    dentry_put(d);
    return true;
}

static int drop(unsigned i)
{
    char name[32];

    snprintf(name, sizeof(name), "/c%u", i);
    return vfs_unlink(NULL, name);
}

/* The directory read from end to end shows what is there, each name once. */
static void compare_listing(const bool *there, unsigned n)
{
    struct dentry *root = fs_first_root();
    struct dentry_record entry;
    unsigned seen = 0, expected = 0;

    for (u64 pos = 0; dentry_next_child(root, &pos, &entry); seen++)
        assert_true(there[atoi(entry.name + 1)]);
    for (unsigned i = 0; i < n; i++)
        expected += there[i];
    assert_int_equal(seen, expected);
    dentry_put(root);
}

static void test_equal_hashes(void **state)
{
    static bool there[500];
    u64 seed = host_seed();

    (void)state;
    memset(there, 0, sizeof(there));
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = (unsigned)(host_random(&seed) % 500);
        if (host_random(&seed) % 2) {
            assert_int_equal(touch(i), there[i] ? -EEXIST : 0);
            there[i] = true;
        } else {
            assert_int_equal(drop(i), there[i] ? 0 : -ENOENT);
            there[i] = false;
        }
        i = (unsigned)(host_random(&seed) % 500);
        assert_int_equal(exists(i), there[i]);
        if (step % 500 == 0)
            compare_listing(there, 500);
    }
    for (unsigned i = 0; i < 500; i++)
        if (there[i])
            drop(i);
}

/* 256 names may share a hash, and then there is an error and not a crash. */
static void test_too_many_equal_hashes(void **state)
{
    unsigned made = 0, refused = 0;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        int err = touch(i);
        assert_true(err == 0 || err == -ENOSPC);
        *(err ? &refused : &made) += 1;
    }
    assert_int_equal(made, 3 * 256);
    assert_int_equal(refused, 2000 - 3 * 256);
    for (unsigned i = 0; i < 2000; i++)
        if (exists(i))
            drop(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lowest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reserved_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exec_closes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close_range, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fork, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_leaks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_equal_hashes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_equal_hashes, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
