/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/initramfs.c lib/cpio.c fs/path.c fs/inode.c fs/permission.c kernel/groups.c fs/fscontext.c fs/vfs.c fs/names.c fs/mount.c fs/super.c fs/fs_config.c fs/ramfs.c fs/seals.c fs/readdir.c
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
 * Unpacking archives that are made here: every kind of entry, hard links, entries that replace others,
 * memory that runs out; and archives that are damaged, compressed or cut, which must be refused with
 * a message that says what and where.
 */
#include "fs_machine.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <fs/file.h>
#include <fs/fscontext.h>
#include <fs/initramfs.h>
#include <fs/mount.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <mm/failalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* --- making archives ------------------------------------------------------------------------- */

static u8 archive[65536];
static size_t archive_len;

static void begin(void)
{
    archive_len = 0;
}

static void pad(void)
{
    while (archive_len % 4)
        archive[archive_len++] = 0;
}

static void add(const char *name, u32 mode, u32 ino, u32 nlink, const char *body)
{
    size_t size = strlen(body);

    archive_len += (size_t)sprintf(
        (char *)archive + archive_len, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
        ino, mode, 7, 8, nlink, 1000, (u32)size, 0, 0, 5, 1, (u32)strlen(name) + 1, 0);
    memcpy(archive + archive_len, name, strlen(name) + 1);
    archive_len += strlen(name) + 1;
    pad();
    memcpy(archive + archive_len, body, size);
    archive_len += size;
    pad();
}

static void end(void)
{
    add("TRAILER!!!", 0, 0, 1, "");
}

static int unpack(void)
{
    host_log_clear();
    return initramfs_unpack(archive, archive_len, "test");
}

/* --- looking --------------------------------------------------------------------------------- */

static int look(const char *path, struct kstat *st)
{
    struct dentry *d;
    int err = path_lookup(NULL, path, 0, &d);

    if (!err) {
        inode_stat(d->inode, st);
        dentry_put(d);
    }
    return err;
}

static void expect_text(const char *path, const char *text)
{
    char buf[128] = {0};
    struct file *file;
    struct iobuf to = iobuf_kernel(buf, sizeof(buf) - 1);

    assert_int_equal(vfs_open(NULL, path, O_RDONLY, 0, &file), 0);
    assert_int_equal(file_read(file, &to), strlen(text));
    assert_string_equal(buf, text);
    file_put(file);
}

static struct super *mounted;

/* A fresh first root for each test. */
static int set_up(void **state)
{
    static bool booted;

    (void)state;
    if (!booted) {
        fs_machine_boot(8 * MiB);
        ramfs_init();
        if (mount_first("ramfs", "ramfs"))
            return -1;
        struct dentry *root = fs_first_root();
        mounted = root->inode->super;
        dentry_put(root);
    }
    booted = true;
    return 0;
}

static int clean(void **state)
{
    (void)state;
    dentry_drop_tree(mounted->root);
    return 0;
}

/* --- good archives --------------------------------------------------------------------------- */

static void test_all_kinds(void **state)
{
    struct kstat st;
    char buf[16];

    (void)state;
    begin();
    add(".", S_IFDIR | 0711, 1, 2, "");
    add("bin", S_IFDIR | 0755, 2, 2, "");
    add("bin/tool", S_IFREG | 04755, 3, 1, "#!/bin/x\n");
    add("bin/link", S_IFLNK | 0777, 4, 1, "tool");
    add("dev/console", S_IFCHR | 0600, 5, 1, "");
    add("deep/er/file", S_IFREG | 0640, 6, 1, "");
    add("pipe", S_IFIFO | 0644, 7, 1, "");
    end();
    assert_int_equal(unpack(), 0);
    expect_text("/bin/link", "#!/bin/x\n");
    assert_int_equal(look("/bin/tool", &st), 0);
    assert_int_equal(st.mode, S_IFREG | 04755);
    assert_int_equal(st.uid, 7);
    assert_int_equal(st.gid, 8);
    assert_int_equal(st.mtime, 1000ul * 1000000000ul);
    assert_int_equal(look("/dev/console", &st), 0);
    assert_int_equal(st.rdev, DEV(5, 1));
    assert_int_equal(look("/deep/er/file", &st), 0);
    assert_int_equal(look("/pipe", &st), 0);
    assert_int_equal(st.mode, S_IFIFO | 0644);
    assert_int_equal(look("/", &st), 0);
    assert_int_equal(st.mode, S_IFDIR | 0711);
    assert_int_equal(vfs_readlink(NULL, "/bin/link", 0, buf, sizeof(buf)), 4);
}

static void test_hard_links(void **state)
{
    struct kstat a, b;

    (void)state;
    begin();
    add("one", S_IFREG | 0644, 9, 3, "");
    add("two", S_IFREG | 0644, 9, 3, "");
    add("three", S_IFREG | 0644, 9, 3, "body");
    add("other", S_IFREG | 0644, 10, 1, "else");
    end();
    assert_int_equal(unpack(), 0);
    expect_text("/one", "body");
    assert_int_equal(look("/two", &a), 0);
    assert_int_equal(look("/three", &b), 0);
    assert_int_equal(a.ino, b.ino);
    assert_int_equal(a.nlink, 3);
}

static void test_later_entries_win(void **state)
{
    struct kstat st;

    (void)state;
    begin();
    add("a", S_IFREG | 0644, 1, 1, "first version, long");
    add("d", S_IFDIR | 0755, 3, 2, "");
    add("d/x", S_IFREG | 0644, 4, 1, "kept");
    add("l", S_IFREG | 0644, 5, 1, "");
    end();
    /* A second archive behind the first, with zeros between. */
    memset(archive + archive_len, 0, 512);
    archive_len += 512;
    add("a", S_IFREG | 0600, 2, 1, "second");
    add("d", S_IFDIR | 0700, 3, 2, "");
    add("l", S_IFLNK | 0777, 6, 1, "a");
    end();
    assert_int_equal(unpack(), 0);
    expect_text("/a", "second");
    expect_text("/d/x", "kept");
    expect_text("/l", "second");
    assert_int_equal(look("/d", &st), 0);
    assert_int_equal(st.mode, S_IFDIR | 0700);
}

/* --- bad ones -------------------------------------------------------------------------------- */

static void test_compressed(void **state)
{
    static const struct {
        const char *bytes, *name;
    } rows[] = {
        {"\x1f\x8b\x08", "gzip"},
        {"BZh9", "bzip2"},
        {"\xfd"
         "7zXZ",
         "xz"},
        {"\x28\xb5\x2f\xfd", "zstd"},
        {"\x02\x21\x4c\x18", "lz4"},
        {"\x89LZO", "lzo"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        begin();
        memset(archive, 0, 512);
        memcpy(archive, rows[i].bytes, strlen(rows[i].bytes));
        archive_len = 512;
        assert_int_equal(unpack(), -EINVAL);
        if (!host_log_has(rows[i].name))
            print_error("%s is not named\n", rows[i].name);
        assert_true(host_log_has(rows[i].name));
    }
}

static void test_damaged(void **state)
{
    (void)state;
    begin();
    add("good", S_IFREG | 0644, 1, 1, "text");
    size_t second = archive_len;
    add("bad", S_IFREG | 0644, 2, 1, "text");
    end();
    archive[second] = 'x';
    assert_int_equal(unpack(), -EINVAL);
    expect_text("/good", "text"); /* what came before stays */
    char where[32];
    snprintf(where, sizeof(where), "at byte %zu", second);
    assert_true(host_log_has(where));
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    begin();
    add("dir", S_IFDIR | 0755, 1, 2, "");
    add("dir/file", S_IFREG | 0644, 2, 2, "some text");
    add("dir/same", S_IFREG | 0644, 2, 2, "some text");
    end();
    size_t whole = archive_len;
    for (archive_len = 1; archive_len < whole; archive_len++) {
        int err = unpack();
        assert_true(err == 0 || err == -EINVAL);
        clean(NULL);
    }
}

static void test_path_through_a_file(void **state)
{
    (void)state;
    begin();
    add("f", S_IFREG | 0644, 1, 1, "text");
    add("f/g", S_IFREG | 0644, 2, 1, "text");
    end();
    assert_int_equal(unpack(), -ENOTDIR);
    assert_true(host_log_has("/f/g"));
}

static void test_out_of_memory(void **state)
{
    (void)state;
    begin();
    add("dir/file", S_IFREG | 0644, 1, 1, "text");
    add("l1", S_IFREG | 0644, 2, 2, "");
    add("l2", S_IFREG | 0644, 2, 2, "text");
    add("s", S_IFLNK | 0777, 3, 1, "target");
    end();
    assert_int_equal(unpack(), 0);
    clean(NULL);
    u64 before = mm_machine_free_pages();
    u64 objects = fs_machine_objects();
    for (u32 k = 1;; k++) {
        failalloc_arm(k);
        int err = unpack();
        bool hit = failalloc_left() == 0;
        failalloc_arm(0);
        clean(NULL);
        assert_int_equal(mm_machine_free_pages(), before);
        assert_int_equal(fs_machine_objects(), objects);
        if (!hit) {
            assert_int_equal(err, 0);
            break;
        }
        assert_true(err == -ENOMEM || err == -ENOSPC);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_kinds, set_up, clean),
        cmocka_unit_test_setup_teardown(test_hard_links, set_up, clean),
        cmocka_unit_test_setup_teardown(test_later_entries_win, set_up, clean),
        cmocka_unit_test_setup_teardown(test_compressed, set_up, clean),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, clean),
        cmocka_unit_test_setup_teardown(test_cut_anywhere, set_up, clean),
        cmocka_unit_test_setup_teardown(test_path_through_a_file, set_up, clean),
        cmocka_unit_test_setup_teardown(test_out_of_memory, set_up, clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
