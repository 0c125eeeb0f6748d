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
 * Names: a table of calls with the error that Linux gives, then random calls on a small tree against
 * a model that knows nothing but full paths, and the account of memory after all of it.
 */
#include "fs_machine.h"
#include "hostmachine.h"
#include "mm_machine.h"
#include <abi/linux/fcntl.h>
#include <abi/linux/mount.h>
#include <abi/linux/stat.h>
#include <fs/fdtable.h>
#include <fs/fscontext.h>
#include <fs/mount.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <kernel/namespace.h>
#include <lib/err.h>
#include <mm/failalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* --- short names for calls ------------------------------------------------------------------- */

static int do_open(const char *path, unsigned flags, unsigned mode)
{
    struct file *file;
    int err = vfs_open(NULL, path, flags, mode, &file);

    if (!err)
        file_put(file);
    return err;
}

static int make_file(const char *path)
{
    return do_open(path, O_CREAT | O_EXCL | O_WRONLY, 0666);
}

static int do_stat(const char *path, unsigned flags, struct kstat *out)
{
    struct dentry *d;
    int err = path_lookup(NULL, path, flags, &d);

    if (err)
        return err;
    inode_stat(d->inode, out);
    dentry_put(d);
    return 0;
}

static int do_chdir(const char *path)
{
    struct dentry *d;
    int err = path_lookup(NULL, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &d);

    if (!err)
        err = fs_chdir(d);
    if (!IS_ERR(d) && !err)
        dentry_put(d);
    return err;
}

/* Removes all that is in a directory. */
struct collector {
    struct dirent_sink sink;
    char names[600][64];
    unsigned n;
};

static bool collect(struct dirent_sink *sink, const char *name, size_t len, u64 ino, u64 next,
                    u32 mode)
{
    struct collector *c = container_of(sink, struct collector, sink);

    (void)ino;
    (void)next;
    (void)mode;
    assert_true(len < sizeof(c->names[0]) && c->n < ARRAY_SIZE(c->names));
    memcpy(c->names[c->n], name, len);
    c->names[c->n++][len] = '\0';
    return true;
}

static void list(const char *path, struct collector *c)
{
    struct file *dir;

    c->n = 0;
    c->sink.emit = collect;
    assert_int_equal(vfs_open(NULL, path[0] ? path : "/", O_RDONLY | O_DIRECTORY, 0, &dir), 0);
    assert_int_equal(file_readdir(dir, &c->sink), 0);
    file_put(dir);
}

static void remove_all(const char *path)
{
    struct collector *c = calloc(1, sizeof(*c));
    char full[512];

    list(path, c);
    for (unsigned i = 0; i < c->n; i++) {
        if (!strcmp(c->names[i], ".") || !strcmp(c->names[i], ".."))
            continue;
        snprintf(full, sizeof(full), "%s/%s", path, c->names[i]);
        int err = vfs_unlink(NULL, full);
        if (err == -EISDIR) {
            remove_all(full);
            err = vfs_rmdir(NULL, full);
        }
        assert_int_equal(err, 0);
    }
    free(c);
}

static int set_up(void **state)
{
    (void)state;
    static bool booted;

    if (booted)
        return 0;
    booted = true;
    fs_machine_boot(16 * MiB);
    ramfs_init();
    if (mount_first("ramfs", "ramfs"))
        return -1;
    fs_machine_adopt();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    do_chdir("/");
    remove_all("");
    return 0;
}

/* --- errors ---------------------------------------------------------------------------------- */

static void make_sample(void)
{
    assert_int_equal(vfs_mkdir(NULL, "/d", 0755), 0);
    assert_int_equal(vfs_mkdir(NULL, "/d/sub/", 0755), 0);
    assert_int_equal(make_file("/d/f"), 0);
    assert_int_equal(vfs_symlink("f", NULL, "/d/to_f"), 0);
    assert_int_equal(vfs_symlink("sub", NULL, "/d/to_sub"), 0);
    assert_int_equal(vfs_symlink("nothing", NULL, "/d/to_nothing"), 0);
    assert_int_equal(vfs_symlink("loop", NULL, "/d/loop"), 0);
    assert_int_equal(vfs_symlink("/d/to_sub/../f", NULL, "/d/round"), 0);
}

static char longest[NAME_MAX + 8]; /* seven letters more than a name may have */

static const struct {
    const char *path;
    unsigned flags;
    int err;
} lookups[] = {
    {"", LOOKUP_FOLLOW, -ENOENT},
    {"/", 0, 0},
    {"//", 0, 0},
    {"/d//f", 0, 0},
    {"/d/./f", 0, 0},
    {"/d/../d/f", 0, 0},
    {"/../../d/f", 0, 0},
    {"/d/f/", 0, -ENOTDIR},
    {"/d/f/x", 0, -ENOTDIR},
    {"/d/f/.", 0, -ENOTDIR},
    {"/d/f/..", 0, -ENOTDIR},
    {"/d/none", 0, -ENOENT},
    {"/d/none/x", 0, -ENOENT},
    {"/d/to_f", LOOKUP_FOLLOW, 0},
    {"/d/to_f/", LOOKUP_FOLLOW, -ENOTDIR},
    {"/d/to_sub/", 0, 0},
    {"/d/to_nothing", LOOKUP_FOLLOW, -ENOENT},
    {"/d/to_nothing", 0, 0},
    {"/d/loop", LOOKUP_FOLLOW, -ELOOP},
    {"/d/loop/x", 0, -ELOOP},
    {"/d/loop", 0, 0},
    {"/d/round", LOOKUP_FOLLOW, 0},
    {"/d/f", LOOKUP_DIRECTORY, -ENOTDIR},
    {"/d/sub", LOOKUP_DIRECTORY, 0},
    {longest, 0, -ENAMETOOLONG},
    {longest + 7, 0, -ENOENT},
};

static void test_lookup_errors(void **state)
{
    struct kstat st;

    (void)state;
    make_sample();
    memset(longest, 'n', NAME_MAX + 7);
    for (size_t i = 0; i < ARRAY_SIZE(lookups); i++) {
        int err = do_stat(lookups[i].path, lookups[i].flags, &st);
        if (err != lookups[i].err)
            print_error("%s\n", lookups[i].path);
        assert_int_equal(err, lookups[i].err);
    }
}

static void test_open_errors(void **state)
{
    const struct {
        const char *path;
        unsigned flags;
        int err;
    } rows[] = {
        {"/d/f", O_RDWR, 0},
        {"/d/f", O_CREAT | O_EXCL | O_RDWR, -EEXIST},
        {"/d/to_nothing", O_CREAT | O_EXCL | O_RDWR, -EEXIST},
        {"/d/to_f", O_RDONLY | O_NOFOLLOW, -ELOOP},
        {"/d/to_f", O_RDONLY | O_NOFOLLOW | O_PATH, 0},
        {"/d/f/", O_RDONLY, -ENOTDIR},
        {"/d/f", O_RDONLY | O_DIRECTORY, -ENOTDIR},
        {"/d", O_RDONLY | O_DIRECTORY, 0},
        {"/d", O_WRONLY, -EISDIR},
        {"/d", O_RDONLY | O_TRUNC, -EISDIR},
        {"/d", O_RDONLY | O_CREAT, -EISDIR},
        {"/d/new/", O_CREAT | O_WRONLY, -EISDIR},
        {"/d/none/new", O_CREAT | O_WRONLY, -ENOENT},
        {"/d/f/new", O_CREAT | O_WRONLY, -ENOTDIR},
        {"/d/new", O_CREAT | O_DIRECTORY, -EINVAL},
        {"/d", O_TMPFILE | O_RDWR, 0},
        {"/d", O_TMPFILE | O_RDONLY, -EINVAL},
        {"/d", O_TMPFILE | O_RDWR | O_CREAT, -EINVAL},
        {"/d/to_nothing", O_CREAT | O_WRONLY, 0}, /* makes "nothing" */
        {"/d/nothing", O_RDONLY, 0},
        {"/d/loop", O_CREAT | O_WRONLY, -ELOOP},
    };

    (void)state;
    make_sample();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int err = do_open(rows[i].path, rows[i].flags, 0644);
        if (err != rows[i].err)
            print_error("row %zu %s\n", i, rows[i].path);
        assert_int_equal(err, rows[i].err);
    }
}

static void test_change_errors(void **state)
{
    (void)state;
    make_sample();
    assert_int_equal(vfs_mkdir(NULL, "/d", 0755), -EEXIST);
    assert_int_equal(vfs_mkdir(NULL, "/", 0755), -EEXIST);
    assert_int_equal(vfs_mkdir(NULL, "/d/to_nothing", 0755), -EEXIST);
    assert_int_equal(vfs_mkdir(NULL, "/x/y", 0755), -ENOENT);
    assert_int_equal(vfs_unlink(NULL, "/d"), -EISDIR);
    assert_int_equal(vfs_unlink(NULL, "/d/."), -EISDIR);
    assert_int_equal(vfs_unlink(NULL, "/d/f/"), -ENOTDIR);
    assert_int_equal(vfs_unlink(NULL, "/d/none"), -ENOENT);
    assert_int_equal(vfs_rmdir(NULL, "/d"), -ENOTEMPTY);
    assert_int_equal(vfs_rmdir(NULL, "/d/f"), -ENOTDIR);
    assert_int_equal(vfs_rmdir(NULL, "/d/sub/."), -EINVAL);
    assert_int_equal(vfs_rmdir(NULL, "/d/sub/.."), -ENOTEMPTY);
    assert_int_equal(vfs_rmdir(NULL, "/"), -EBUSY);
    assert_int_equal(vfs_rmdir(NULL, "/d/to_sub"), -ENOTDIR);
    assert_int_equal(vfs_link(NULL, "/d", NULL, "/e", 0), -EPERM);
    assert_int_equal(vfs_link(NULL, "/d/f", NULL, "/d/to_f", 0), -EEXIST);
    assert_int_equal(vfs_symlink("", NULL, "/d/s"), -ENOENT);
    assert_int_equal(vfs_mknod(NULL, "/d/n", S_IFDIR | 0755, 0), -EPERM);
    assert_int_equal(vfs_rename(NULL, "/d", NULL, "/d/sub/x", 0), -EINVAL);
    assert_int_equal(vfs_rename(NULL, "/d/f", NULL, "/d/sub", 0), -EISDIR);
    assert_int_equal(vfs_rename(NULL, "/d/sub", NULL, "/d/f", 0), -ENOTDIR);
    assert_int_equal(vfs_rename(NULL, "/d/sub", NULL, "/d", 0), -ENOTEMPTY);
    assert_int_equal(vfs_rename(NULL, "/d/f", NULL, "/d/g/", 0), -ENOTDIR);
    assert_int_equal(vfs_rename(NULL, "/d/f", NULL, "/d/to_f", RENAME_NOREPLACE), -EEXIST);
    assert_int_equal(vfs_rename(NULL, "/d/f", NULL, "/d/g", RENAME_EXCHANGE), -EINVAL);
    assert_int_equal(vfs_rename(NULL, "/d/.", NULL, "/d/g", 0), -EBUSY);
    assert_int_equal(vfs_rename(NULL, "/d/none", NULL, "/d/g", 0), -ENOENT);
}

/* --- what changes ---------------------------------------------------------------------------- */

static void test_links_count(void **state)
{
    struct kstat st;

    (void)state;
    make_sample();
    assert_int_equal(do_stat("/d", 0, &st), 0);
    assert_int_equal(st.nlink, 3);
    assert_int_equal(vfs_link(NULL, "/d/f", NULL, "/d/sub/f2", 0), 0);
    assert_int_equal(do_stat("/d/f", 0, &st), 0);
    assert_int_equal(st.nlink, 2);
    assert_int_equal(vfs_rename(NULL, "/d/f", NULL, "/d/sub/f2", 0),
                     0); /* the same file: nothing */
    assert_int_equal(do_stat("/d/f", 0, &st), 0);
    assert_int_equal(st.nlink, 2);
    assert_int_equal(vfs_unlink(NULL, "/d/f"), 0);
    assert_int_equal(do_stat("/d/sub/f2", 0, &st), 0);
    assert_int_equal(st.nlink, 1);
    assert_int_equal(vfs_rename(NULL, "/d/sub", NULL, "/s", 0), 0);
    assert_int_equal(do_stat("/d", 0, &st), 0);
    assert_int_equal(st.nlink, 2);
    assert_int_equal(do_stat("/s/f2", 0, &st), 0);
}

static void test_umask_and_modes(void **state)
{
    struct kstat st;

    (void)state;
    fs_set_umask(027);
    assert_int_equal(do_open("/f", O_CREAT | O_WRONLY, 0666), 0);
    assert_int_equal(vfs_mkdir(NULL, "/m", 0777), 0);
    assert_int_equal(vfs_symlink("f", NULL, "/l"), 0);
    fs_set_umask(022);
    assert_int_equal(do_stat("/f", 0, &st), 0);
    assert_int_equal(st.mode, S_IFREG | 0640);
    assert_int_equal(do_stat("/m", 0, &st), 0);
    assert_int_equal(st.mode, S_IFDIR | 0750);
    assert_int_equal(do_stat("/l", 0, &st), 0);
    assert_int_equal(st.mode, S_IFLNK | 0777);
    assert_int_equal(st.size, 1);
}

static void test_unlinked_but_open(void **state)
{
    struct file *file;
    char buf[8] = {0};

    (void)state;
    assert_int_equal(vfs_open(NULL, "/gone", O_CREAT | O_RDWR, 0600, &file), 0);
    assert_int_equal(vfs_unlink(NULL, "/gone"), 0);
    assert_int_equal(do_open("/gone", O_RDONLY, 0), -ENOENT);
    struct iobuf from = iobuf_kernel("text", 4), to = iobuf_kernel(buf, 8);
    assert_int_equal(file_write(file, &from), 4);
    assert_int_equal(file_pread(file, &to, 0), 4);
    assert_string_equal(buf, "text");
    assert_int_equal(file->inode->nlink, 0);
    char *path = dentry_path(file->dentry, NULL, buf, 8, true);
    assert_true(IS_ERR(path)); /* "/gone (deleted)" does not fit */
    char room[32];
    assert_string_equal(dentry_path(file->dentry, NULL, room, 32, true), "/gone (deleted)");
    file_put(file);
}

static void test_removed_directory(void **state)
{
    char buf[64];

    (void)state;
    assert_int_equal(vfs_mkdir(NULL, "/dir", 0755), 0);
    assert_int_equal(do_chdir("/dir"), 0);
    assert_int_equal(fs_getcwd(buf, sizeof(buf)), 5);
    assert_string_equal(buf, "/dir");
    assert_int_equal(fs_getcwd(buf, 4), -ERANGE);
    assert_int_equal(vfs_rmdir(NULL, "/dir"), 0);
    assert_int_equal(make_file("x"), -ENOENT);
    assert_int_equal(vfs_mkdir(NULL, "x", 0755), -ENOENT);
    assert_int_equal(fs_getcwd(buf, sizeof(buf)), -ENOENT);
    assert_int_equal(do_chdir(".."), 0);
    assert_int_equal(fs_getcwd(buf, sizeof(buf)), 2);
}

static void test_chroot(void **state)
{
    struct dentry *d, *root = fs_root();
    struct kstat st;
    char buf[64];

    (void)state;
    make_sample();
    assert_int_equal(path_lookup(NULL, "/d/sub", 0, &d), 0);
    assert_int_equal(fs_chroot(d), 0);
    assert_int_equal(do_stat("/../../f", 0, &st), -ENOENT);
    assert_int_equal(fs_getcwd(buf, sizeof(buf)), 14); /* the directory outside */
    assert_string_equal(buf, "(unreachable)");
    assert_int_equal(fs_chroot(root), 0);
    dentry_put(d);
    dentry_put(root);
}

static void test_mounts(void **state)
{
    struct kstat st;
    struct file *file;

    (void)state;
    assert_int_equal(vfs_mkdir(NULL, "/mnt", 0755), 0);
    assert_int_equal(make_file("/mnt/under"), 0);
    assert_int_equal(vfs_mount("x", NULL, "/mnt", "nofs", 0, NULL), -ENODEV);
    assert_int_equal(vfs_mount("x", NULL, "/mnt/under", "tmpfs", 0, NULL), -ENOTDIR);
    assert_int_equal(vfs_mount("x", NULL, "/mnt", "tmpfs", 0, (char[]){"mode=700"}), 0);
    assert_int_equal(do_stat("/mnt", 0, &st), 0);
    assert_int_equal(st.mode, S_IFDIR | 0700);
    assert_int_equal(do_stat("/mnt/under", 0, &st), -ENOENT);
    assert_int_equal(make_file("/mnt/over"), 0);
    assert_int_equal(vfs_rmdir(NULL, "/mnt"), -EBUSY);
    assert_int_equal(vfs_rename(NULL, "/mnt", NULL, "/other", 0), -EBUSY);
    assert_int_equal(vfs_rename(NULL, "/mnt/over", NULL, "/over", 0), -EXDEV);
    assert_int_equal(vfs_link(NULL, "/mnt/over", NULL, "/over", 0), -EXDEV);
    assert_int_equal(do_stat("/mnt/../mnt/over", 0, &st), 0);
    assert_int_equal(vfs_mount(NULL, NULL, "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    assert_int_equal(make_file("/mnt/x"), -EROFS);
    assert_int_equal(vfs_unlink(NULL, "/mnt/over"), -EROFS);
    assert_int_equal(do_open("/mnt/over", O_WRONLY, 0), -EROFS);
    assert_int_equal(vfs_open(NULL, "/mnt/over", O_RDONLY, 0, &file), 0);
    assert_int_equal(vfs_umount(NULL, "/mnt", 0), -EBUSY);
    assert_int_equal(vfs_umount(NULL, "/mnt", MNT_DETACH), 0);
    assert_int_equal(file->inode->nlink, 1);
    file_put(file);
    assert_int_equal(do_stat("/mnt/under", 0, &st), 0);
    assert_int_equal(vfs_umount(NULL, "/mnt", 0), -EINVAL);
    assert_int_equal(vfs_umount(NULL, "/", 0), -EINVAL);
}

static int mount_with(const char *options, unsigned long flags)
{
    char text[64];

    strcpy(text, options);
    return vfs_mount("x", NULL, "/mnt", "tmpfs", flags, text);
}

static ssize_t write_pages(const char *path, unsigned pages)
{
    static char bytes[8 * PAGE_SIZE];
    struct file *file;
    struct iobuf from = iobuf_kernel(bytes, pages * PAGE_SIZE);

    assert_true(pages <= 8);
    assert_int_equal(vfs_open(NULL, path, O_CREAT | O_WRONLY, 0600, &file), 0);
    ssize_t n = file_write(file, &from);
    file_put(file);
    return n;
}

/* Two files of a limit's size do not fit, whatever else there is; what is removed leaves room again. */
static void test_limits(void **state)
{
    struct kstatfs st;
    struct dentry *d;

    (void)state;
    assert_int_equal(vfs_mkdir(NULL, "/mnt", 0755), 0);
    assert_int_equal(mount_with("size=lots", 0), -EINVAL);
    assert_int_equal(mount_with("size=16k,nr_inodes=3", 0), 0);
    assert_int_equal(write_pages("/mnt/a", 3), 3 * PAGE_SIZE);
    assert_int_equal(write_pages("/mnt/b", 3), PAGE_SIZE);
    assert_int_equal(write_pages("/mnt/b", 1), PAGE_SIZE); /* no more than there are already */
    assert_int_equal(make_file("/mnt/c"), -ENOSPC);
    assert_int_equal(vfs_symlink("x", NULL, "/mnt/c"), -ENOSPC);
    assert_int_equal(path_lookup(NULL, "/mnt", 0, &d), 0);
    assert_int_equal(vfs_statfs(d->inode, &st), 0);
    dentry_put(d);
    assert_int_equal(st.blocks, 4);
    assert_int_equal(st.free, 0);
    assert_int_equal(st.files, 3);
    assert_int_equal(st.files_free, 0);
    assert_int_equal(mount_with("size=12k", MS_REMOUNT), -EINVAL);
    assert_int_equal(mount_with("size=1g,mode=0", MS_REMOUNT), 0);
    assert_int_equal(write_pages("/mnt/b", 8), 8 * PAGE_SIZE);
    assert_int_equal(vfs_unlink(NULL, "/mnt/b"), 0);
    assert_int_equal(mount_with("size=12k,nr_inodes=1", MS_REMOUNT), -EINVAL);
    assert_int_equal(mount_with("size=12k,nr_inodes=2", MS_REMOUNT), 0);
    assert_int_equal(make_file("/mnt/c"), -ENOSPC);
    assert_int_equal(vfs_unlink(NULL, "/mnt/a"), 0);
    assert_int_equal(write_pages("/mnt/c", 4), 3 * PAGE_SIZE);
    assert_int_equal(do_open("/mnt/c", O_WRONLY | O_TRUNC, 0), 0);
    assert_int_equal(write_pages("/mnt/c", 4), 3 * PAGE_SIZE);
    assert_int_equal(vfs_umount(NULL, "/mnt", 0), 0);
}

static unsigned mount_lines;

static void count_lines(struct fmt_sink *sink, const char *text, size_t n)
{
    (void)sink;
    for (size_t i = 0; i < n; i++)
        mount_lines += text[i] == '\n';
}

static unsigned mounts_listed(void)
{
    struct fmt_sink sink = {.put = count_lines};

    mount_lines = 0;
    mount_print(current_ns(NS_MNT), &sink);
    return mount_lines;
}

/* What is mounted inside, and inside of that, does not stay behind where nobody can name it. */
static void test_detached_tree(void **state)
{
    unsigned before = mounts_listed();
    struct file *dir;

    (void)state;
    assert_int_equal(vfs_mkdir(NULL, "/mnt", 0755), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(vfs_mount("outer", NULL, "/mnt", "tmpfs", 0, NULL), 0);
        assert_int_equal(vfs_mkdir(NULL, "/mnt/a", 0755), 0);
        assert_int_equal(vfs_mount("inner", NULL, "/mnt/a", "tmpfs", 0, NULL), 0);
        assert_int_equal(vfs_mkdir(NULL, "/mnt/a/b", 0755), 0);
        assert_int_equal(vfs_mount("third", NULL, "/mnt/a/b", "tmpfs", 0, NULL), 0);
        assert_int_equal(vfs_mount("on top", NULL, "/mnt/a/b", "tmpfs", 0, NULL), 0);
        assert_int_equal(mounts_listed(), before + 4);
        assert_int_equal(vfs_open(NULL, "/mnt/a", O_RDONLY | O_DIRECTORY, 0, &dir), 0);
        assert_int_equal(vfs_umount(NULL, "/mnt", 0), -EBUSY);
        assert_int_equal(vfs_umount(NULL, "/mnt", MNT_DETACH), 0);
        assert_int_equal(mounts_listed(), before);
        assert_int_equal(vfs_mount("late", dir->dentry, ".", "tmpfs", 0, NULL), -EINVAL);
        assert_int_equal(vfs_mkdir(dir->dentry, "late", 0755), -ENOENT);
        file_put(dir);
        assert_int_equal(mounts_listed(), before);
    }
}

/* --- reading directories --------------------------------------------------------------------- */

/* Entries that are there all the time are seen exactly once, whatever happens to others. */
static void test_readdir_while_changing(void **state)
{
    static u8 seen[300];
    struct collector *c = calloc(1, sizeof(*c));
    struct file *dir;
    char name[64];

    (void)state;
    assert_int_equal(vfs_mkdir(NULL, "/big", 0755), 0);
    for (unsigned i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "/big/%u", i);
        assert_int_equal(make_file(name), 0);
    }
    assert_int_equal(vfs_open(NULL, "/big", O_RDONLY, 0, &dir), 0);
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < 302; i++) {
        struct dentry_record entry;
        u64 pos = dir->pos;
        c->n = 0;
        c->sink.emit = collect;
        if (i < 2) {
            dir->pos = i + 1; /* "." and ".." */
            continue;
        }
        if (!dentry_next_child(dir->dentry, &pos, &entry))
            break;
        dir->pos = pos;
        if (entry.name[0] != 'x')
            seen[atoi(entry.name)]++;
        snprintf(name, sizeof(name), "/big/x%u", i); /* something new */
        assert_int_equal(make_file(name), 0);
        snprintf(name, sizeof(name), "/big/x%u", i);
        assert_int_equal(vfs_unlink(NULL, name), 0);
    }
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(seen[i], 1);
    file_put(dir);
    free(c);
}

/* --- a model --------------------------------------------------------------------------------- */

/* Up to so many names exist; a path is one to three letters, "/a", "/a/b", "/a/b/c". */
#define LETTERS 5u
#define PLACES  (LETTERS + LETTERS * LETTERS + LETTERS * LETTERS * LETTERS)

enum kind { NONE, DIR, REG };

static struct {
    enum kind kind;
    unsigned id; /* of the inode, to see that links and moves carry it along */
} model[PLACES];

static unsigned depth_of(unsigned place)
{
    return place < LETTERS ? 1 : place < LETTERS + LETTERS * LETTERS ? 2 : 3;
}

static unsigned parent_of(unsigned place)
{
    if (depth_of(place) == 2)
        return (place - LETTERS) / LETTERS;
    return LETTERS + (place - LETTERS - LETTERS * LETTERS) / LETTERS;
}

static unsigned child_of(unsigned place, unsigned letter)
{
    if (depth_of(place) == 1)
        return LETTERS + place * LETTERS + letter;
    return LETTERS + LETTERS * LETTERS + (place - LETTERS) * LETTERS + letter;
}

static void path_of(unsigned place, char *path)
{
    unsigned letter;

    if (depth_of(place) > 1) {
        path_of(parent_of(place), path);
        path += strlen(path);
        letter = depth_of(place) == 2 ? (place - LETTERS) % LETTERS
                                      : (place - LETTERS - LETTERS * LETTERS) % LETTERS;
    } else {
        letter = place;
    }
    sprintf(path, "/%c", 'a' + letter);
}

/* 0, or why a name cannot be there: its directory is missing or is none. */
static int model_parent(unsigned place)
{
    if (depth_of(place) == 1)
        return 0;
    unsigned parent = parent_of(place);
    int err = model_parent(parent);
    if (err)
        return err;
    return model[parent].kind == DIR ? 0 : model[parent].kind == REG ? -ENOTDIR : -ENOENT;
}

static bool model_empty(unsigned place)
{
    for (unsigned i = 0; depth_of(place) < 3 && i < LETTERS; i++)
        if (model[child_of(place, i)].kind != NONE)
            return false;
    return true;
}

static int model_make(unsigned place, enum kind kind, unsigned id)
{
    int err = model_parent(place);

    if (err)
        return err;
    if (model[place].kind != NONE)
        return -EEXIST;
    model[place].kind = kind;
    model[place].id = id;
    return 0;
}

static int model_remove(unsigned place, bool dir)
{
    int err = model_parent(place);

    if (err)
        return err;
    if (model[place].kind == NONE)
        return -ENOENT;
    if (dir != (model[place].kind == DIR))
        return dir ? -ENOTDIR : -EISDIR;
    if (!model_empty(place))
        return -ENOTEMPTY;
    model[place].kind = NONE;
    return 0;
}

static bool is_below(unsigned place, unsigned above)
{
    while (place != above && depth_of(place) > 1)
        place = parent_of(place);
    return place == above;
}

/* Moves a directory only as far as the model's three levels go: deeper moves are not tried. */
static bool too_deep(unsigned from, unsigned to)
{
    return model[from].kind == DIR && depth_of(to) > depth_of(from);
}

static void move_tree(unsigned from, unsigned to)
{
    model[to] = model[from];
    model[from].kind = NONE;
    if (model[to].kind == DIR && depth_of(from) < 3 && depth_of(to) < 3)
        for (unsigned i = 0; i < LETTERS; i++)
            move_tree(child_of(from, i), child_of(to, i));
}

static int model_rename(unsigned from, unsigned to)
{
    int err = model_parent(from);

    if (!err)
        err = model_parent(to);
    if (err)
        return err;
    if (model[from].kind == NONE)
        return -ENOENT;
    if (from == to ||
        (model[to].kind == REG && model[from].kind == REG && model[to].id == model[from].id))
        return 0;
    if (model[from].kind == DIR && is_below(to, from))
        return -EINVAL;
    if (model[to].kind != NONE) {
        if (model[from].kind == DIR && model[to].kind != DIR)
            return -ENOTDIR;
        if (model[from].kind != DIR && model[to].kind == DIR)
            return -EISDIR;
        if (!model_empty(to))
            return -ENOTEMPTY;
    }
    move_tree(from, to);
    return 0;
}

static int model_link(unsigned from, unsigned to)
{
    int err = model_parent(from);

    if (!err && model[from].kind == NONE)
        err = -ENOENT;
    if (!err && model[from].kind == DIR)
        err = -EPERM;
    return err ? err : model_make(to, REG, model[from].id);
}

static void compare_all(void)
{
    static u64 ino_of_id[200000];
    char path[16];
    struct kstat st;

    memset(ino_of_id, 0, sizeof(ino_of_id));
    for (unsigned place = 0; place < PLACES; place++) {
        path_of(place, path);
        int err = do_stat(path, 0, &st);
        if (model[place].kind == NONE) {
            assert_true(err == -ENOENT || err == -ENOTDIR);
            continue;
        }
        assert_int_equal(err, 0);
        assert_int_equal(S_ISDIR(st.mode), model[place].kind == DIR);
        u64 *ino = &ino_of_id[model[place].id];
        assert_true(*ino == 0 || *ino == st.ino);
        *ino = st.ino;
    }
}

/* One random call on both; the results must agree. */
static void random_step(u64 *seed, unsigned id)
{
    unsigned from = (unsigned)(host_random(seed) % PLACES);
    unsigned to = (unsigned)(host_random(seed) % PLACES);
    unsigned what = (unsigned)(host_random(seed) % 10);
    char a[16], b[16];
    int want, got;

    path_of(from, a);
    path_of(to, b);
    if (what < 3) {
        want = model_make(from, DIR, id);
        got = vfs_mkdir(NULL, a, 0755);
    } else if (what < 5) {
        want = model_make(from, REG, id);
        got = make_file(a);
    } else if (what < 7) {
        bool dir = what == 5;
        want = model_remove(from, dir);
        got = dir ? vfs_rmdir(NULL, a) : vfs_unlink(NULL, a);
    } else if (what == 7) {
        want = model_link(from, to);
        got = vfs_link(NULL, a, NULL, b, 0);
    } else {
        if (too_deep(from, to))
            return;
        want = model_rename(from, to);
        got = vfs_rename(NULL, a, NULL, b, 0);
    }
    if (got != want)
        print_error("call %u on %s, %s: %d, expected %d\n", what, a, b, got, want);
    assert_int_equal(got, want);
}

static void test_random_calls(void **state)
{
    u64 seed = host_seed();

    (void)state;
    memset(model, 0, sizeof(model));
    for (unsigned i = 1; i <= 100000; i++) {
        random_step(&seed, i);
        if (i % 500 == 0)
            compare_all();
    }
}

/* --- memory ---------------------------------------------------------------------------------- */

static void do_everything(void)
{
    struct file *file;

    vfs_mkdir(NULL, "/e", 0755);
    vfs_mkdir(NULL, "/e/a_name_that_is_too_long_to_be_kept_in_the_dentry_itself", 0755);
    vfs_symlink("a_name_that_is_too_long_to_be_kept_in_the_dentry_itself", NULL, "/e/l");
    if (!vfs_open(NULL, "/e/l/f", O_CREAT | O_RDWR, 0644, &file)) {
        struct iobuf from = iobuf_kernel("x", 1);
        file_pwrite(file, &from, 100000);
        file_truncate(file, 5000);
        file_put(file);
    }
    vfs_link(NULL, "/e/l/f", NULL, "/e/g", 0);
    vfs_rename(NULL, "/e/l/f", NULL, "/e/another_name_that_is_too_long_for_the_dentry_itself", 0);
    vfs_mount("t", NULL, "/e/l", "tmpfs", 0, NULL);
    make_file("/e/l/inside");
    vfs_umount(NULL, "/e/l", 0);
}

/* Each allocation fails once: nothing leaks, nothing breaks. */
static void test_out_of_memory_everywhere(void **state)
{
    (void)state;
    do_everything();
    clean(NULL);
    u64 before = mm_machine_free_pages();
    u64 objects = fs_machine_objects();
    for (u32 k = 1; k < 200; k++) {
        failalloc_arm(k);
        do_everything();
        bool hit = failalloc_left() == 0;
        failalloc_arm(0);
        vfs_umount(NULL, "/e/l", 0); /* even umount may have failed */
        remove_all("");
        assert_int_equal(mm_machine_free_pages(), before);
        assert_int_equal(fs_machine_objects(), objects);
        if (!hit)
            return;
    }
    fail_msg("the calls never ran through");
}

static void test_full(void **state)
{
    static char block[65536];
    struct file *file;
    ssize_t n;

    (void)state;
    u64 before = mm_machine_free_pages();
    assert_int_equal(vfs_open(NULL, "/full", O_CREAT | O_WRONLY, 0600, &file), 0);
    do {
        struct iobuf from = iobuf_kernel(block, sizeof(block));
        n = file_write(file, &from);
    } while (n > 0);
    assert_int_equal(n, -ENOSPC);
    assert_in_range(mm_machine_free_pages(), 200, 260); /* a sixteenth is left for others */
    file_put(file);
    assert_int_equal(vfs_unlink(NULL, "/full"), 0);
    assert_int_equal(mm_machine_free_pages(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lookup_errors, set_up, clean),
        cmocka_unit_test_setup_teardown(test_open_errors, set_up, clean),
        cmocka_unit_test_setup_teardown(test_change_errors, set_up, clean),
        cmocka_unit_test_setup_teardown(test_links_count, set_up, clean),
        cmocka_unit_test_setup_teardown(test_umask_and_modes, set_up, clean),
        cmocka_unit_test_setup_teardown(test_unlinked_but_open, set_up, clean),
        cmocka_unit_test_setup_teardown(test_removed_directory, set_up, clean),
        cmocka_unit_test_setup_teardown(test_chroot, set_up, clean),
        cmocka_unit_test_setup_teardown(test_mounts, set_up, clean),
        cmocka_unit_test_setup_teardown(test_limits, set_up, clean),
        cmocka_unit_test_setup_teardown(test_detached_tree, set_up, clean),
        cmocka_unit_test_setup_teardown(test_readdir_while_changing, set_up, clean),
        cmocka_unit_test_setup_teardown(test_random_calls, set_up, clean),
        cmocka_unit_test_setup_teardown(test_out_of_memory_everywhere, set_up, clean),
        cmocka_unit_test_setup_teardown(test_full, set_up, clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
