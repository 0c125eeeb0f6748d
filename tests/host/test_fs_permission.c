/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/path.c fs/inode.c fs/permission.c kernel/groups.c fs/fscontext.c fs/vfs.c fs/names.c fs/mount.c fs/super.c fs/fs_config.c
// sources: fs/ramfs.c
// sources: fs/seals.c fs/readdir.c fs/dentry.c fs/file.c fs/flock.c fs/reclock.c fs/iobuf.c fs/dev.c fs/pipe.c fs/poll.c
// sources: fs/fdtable.c tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: tests/host/fs_machine.c mm/pcache.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/table.c mm/large.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c lib/bitmap.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * Permissions: the decision on every mode for owner, group, others and each capability that matters,
 * against the rule written down the other way round; then calls on a small tree as another user.
 */
#include "fs_machine.h"
#include "mm_machine.h"
#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <fs/file.h>
#include <fs/fscontext.h>
#include <fs/mount.h>
#include <fs/permission.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define OWNER 1000u
#define GROUP 100u
#define OTHER 2000u

/* --- the rule -------------------------------------------------------------------------------- */

static bool mode_allows(u32 mode, unsigned who, unsigned want)
{
    return (mode >> (3 * who) & want) == want; /* who: 2 the owner, 1 the group, 0 the others */
}

static bool expected(u32 mode, unsigned who, unsigned want, u64 caps)
{
    bool dir = S_ISDIR(mode);

    if (mode_allows(mode, who, want))
        return true;
    if (caps & BIT(CAP_DAC_OVERRIDE) && (dir || mode & 0111 || !(want & X_OK)))
        return true;
    return caps & BIT(CAP_DAC_READ_SEARCH) && !(want & W_OK) && (dir || !(want & X_OK));
}

static void check_one(u32 mode, unsigned who, unsigned want, u64 caps)
{
    struct inode inode = {.mode = mode, .uid = OWNER, .gid = GROUP};

    fs_machine_become(who == 2 ? OWNER : OTHER, who == 1 ? GROUP : OTHER, caps);
    assert_int_equal(inode_permission(&inode, want), expected(mode, who, want, caps) ? 0 : -EACCES);
    fs_cred.user =
        (struct cred_ids){1, 1, 1, fs_cred.user.fs}; /* the ids for files count, no other */
    assert_int_equal(inode_permission(&inode, want), expected(mode, who, want, caps) ? 0 : -EACCES);
}

static void test_every_mode(void **state)
{
    static const u64 caps[] = {0, BIT(CAP_DAC_OVERRIDE), BIT(CAP_DAC_READ_SEARCH),
                               CAPS_ALL & ~BIT(CAP_DAC_OVERRIDE) & ~BIT(CAP_DAC_READ_SEARCH),
                               CAPS_ALL};

    (void)state;
    for (u32 mode = 0; mode <= 0777; mode++)
        for (unsigned who = 0; who < 3; who++)
            for (unsigned want = 1; want < 8; want++)
                for (unsigned i = 0; i < ARRAY_SIZE(caps); i++) {
                    check_one(S_IFREG | mode, who, want, caps[i]);
                    check_one(S_IFDIR | mode, who, want, caps[i]);
                }
}

static void test_supplementary_groups(void **state)
{
    struct inode inode = {.mode = S_IFREG | 0040, .uid = OWNER};
    struct groups *groups;

    (void)state;
    for (u32 n = 0; n < 40; n++) {
        groups = groups_make(n);
        for (u32 i = 0; i < n; i++)
            groups->id[i] = (i * 7919 + 13) % 1009 * 2; /* out of order, even */
        groups_sort(groups);
        fs_machine_become(OTHER, OTHER, 0);
        fs_cred.groups = groups;
        for (u32 id = 0; id < 2100; id++) {
            bool member = id == OTHER;
            for (u32 i = 0; i < n; i++)
                member |= (i * 7919 + 13) % 1009 * 2 == id;
            inode.gid = id;
            assert_int_equal(inode_permission(&inode, R_OK), member ? 0 : -EACCES);
        }
        groups_put(groups);
    }
}

/* --- calls ----------------------------------------------------------------------------------- */

static int do_open(const char *path, unsigned flags)
{
    struct file *file;
    int err = vfs_open(NULL, path, flags, 0600, &file);

    if (!err)
        file_put(file);
    return err;
}

static struct inode *inode_at(const char *path)
{
    struct dentry *d;
    u64 effective = fs_cred.caps.effective;

    fs_cred.caps.effective = CAPS_ALL;
    assert_int_equal(path_lookup(NULL, path, 0, &d), 0);
    fs_cred.caps.effective = effective;
    struct inode *inode = d->inode;
    dentry_put(d); /* the name keeps it */
    return inode;
}

static int boot(void **state)
{
    (void)state;
    fs_machine_boot(16 * MiB);
    ramfs_init();
    return mount_first("ramfs", "none");
}

/* A root directory of its own for each test. */
static void make_root(void)
{
    static char name[] = "/a";
    struct dentry *first = fs_first_root(), *root;

    assert_int_equal(fs_chroot(first), 0);
    assert_int_equal(vfs_mkdir(NULL, name, 0755), 0);
    assert_int_equal(path_lookup(NULL, name, 0, &root), 0);
    assert_int_equal(fs_chroot(root), 0);
    dentry_put(root);
    dentry_put(first);
    name[1]++;
}

static int enter(void **state)
{
    (void)state;
    fs_machine_become(0, 0, CAPS_ALL);
    fs_machine_adopt();
    fs_set_umask(0);
    make_root();
    assert_int_equal(vfs_mkdir(NULL, "/open", 0777), 0);
    assert_int_equal(vfs_mkdir(NULL, "/closed", 0700), 0);
    assert_int_equal(vfs_mkdir(NULL, "/tmp", 01777), 0);
    assert_int_equal(do_open("/closed/file", O_CREAT | O_WRONLY), 0);
    assert_int_equal(do_open("/open/roots", O_CREAT | O_WRONLY), 0);
    assert_int_equal(do_open("/tmp/roots", O_CREAT | O_WRONLY), 0);
    fs_machine_become(OWNER, GROUP, 0);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    fs_machine_forget();
    return 0;
}

static void test_paths(void **state)
{
    struct dentry *d;

    (void)state;
    assert_int_equal(path_lookup(NULL, "/closed/file", 0, &d), -EACCES);
    assert_int_equal(path_lookup(NULL, "/closed/none", 0, &d), -EACCES);
    assert_int_equal(path_lookup(NULL, "/closed/../open", 0, &d), -EACCES);
    assert_int_equal(path_lookup(NULL, "/closed", 0, &d), 0);
    dentry_put(d);
    assert_int_equal(path_lookup(NULL, "/open/roots", 0, &d), 0);
    dentry_put(d);
    fs_machine_become(OWNER, GROUP, BIT(CAP_DAC_READ_SEARCH));
    assert_int_equal(path_lookup(NULL, "/closed/file", 0, &d), 0);
    dentry_put(d);
}

static void test_opening(void **state)
{
    (void)state;
    assert_int_equal(do_open("/open/roots", O_RDONLY), -EACCES);
    assert_int_equal(do_open("/open/roots", O_PATH), 0);
    assert_int_equal(do_open("/open/mine", O_CREAT | O_RDWR), 0);
    assert_int_equal(inode_at("/open/mine")->uid, OWNER);
    assert_int_equal(inode_at("/open/mine")->gid, GROUP);
    assert_int_equal(vfs_chmod(inode_at("/open/mine"), 0400), 0);
    assert_int_equal(do_open("/open/mine", O_RDONLY), 0);
    assert_int_equal(do_open("/open/mine", O_RDONLY | O_TRUNC), -EACCES);
    assert_int_equal(do_open("/open/mine", O_WRONLY), -EACCES);
    assert_int_equal(do_open("/open/mine", O_RDWR), -EACCES);
    assert_int_equal(do_open("/open/mine", O_CREAT | O_WRONLY), -EACCES);
    fs_machine_become(0, 0, CAPS_ALL);
    assert_int_equal(do_open("/open/mine", O_RDWR), 0);
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(vfs_mkdir(NULL, "/sub", 0777), -EACCES);
    assert_int_equal(vfs_unlink(NULL, "/open/roots"), 0); /* who may write to the directory */
    assert_int_equal(vfs_unlink(NULL, "/tmp/roots"), -EPERM);
    assert_int_equal(vfs_rename(NULL, "/tmp/roots", NULL, "/open/r", 0), -EPERM);
    assert_int_equal(do_open("/tmp/mine", O_CREAT | O_RDWR), 0);
    assert_int_equal(vfs_rename(NULL, "/tmp/mine", NULL, "/tmp/roots", 0), -EPERM);
    assert_int_equal(vfs_rename(NULL, "/tmp/mine", NULL, "/mine", 0), -EACCES);
    fs_machine_become(OTHER, OTHER, 0);
    assert_int_equal(vfs_unlink(NULL, "/tmp/mine"), -EPERM);
    fs_machine_become(OTHER, OTHER, BIT(CAP_FOWNER));
    assert_int_equal(vfs_unlink(NULL, "/tmp/mine"), 0);
    assert_int_equal(vfs_mknod(NULL, "/open/null", S_IFCHR | 0666, DEV(1, 3)), -EPERM);
    assert_int_equal(vfs_mknod(NULL, "/open/fifo", S_IFIFO | 0666, 0), 0);
    fs_machine_become(OTHER, OTHER, BIT(CAP_MKNOD));
    assert_int_equal(vfs_mknod(NULL, "/open/null", S_IFCHR | 0666, DEV(1, 3)), 0);
}

/* A directory that moves elsewhere is written to: its ".." changes. */
static void test_moving_directories(void **state)
{
    (void)state;
    fs_machine_become(0, 0, CAPS_ALL);
    assert_int_equal(vfs_mkdir(NULL, "/open/dir", 0755), 0);
    assert_int_equal(vfs_mkdir(NULL, "/open2", 0777), 0);
    fs_machine_become(OWNER, GROUP, 0);
    assert_int_equal(vfs_rename(NULL, "/open/dir", NULL, "/open/dir2", 0), 0);
    assert_int_equal(vfs_rename(NULL, "/open/dir2", NULL, "/open2/dir", 0), -EACCES);
}

static void test_attributes(void **state)
{
    struct inode *mine, *roots = inode_at("/open/roots");

    (void)state;
    assert_int_equal(do_open("/open/mine", O_CREAT | O_RDWR), 0);
    mine = inode_at("/open/mine");
    assert_int_equal(vfs_chmod(roots, 0777), -EPERM);
    assert_int_equal(vfs_chown(roots, OWNER, ~0u), -EPERM);
    assert_int_equal(vfs_chown(mine, OTHER, ~0u), -EPERM);
    assert_int_equal(vfs_chown(mine, ~0u, OTHER), -EPERM);
    assert_int_equal(vfs_chown(mine, OWNER, GROUP), 0);
    assert_int_equal(vfs_utimens(roots, 1, 1), -EPERM);
    assert_int_equal(vfs_utimens(roots, VFS_TIME_NOW, VFS_TIME_NOW), -EACCES);
    assert_int_equal(vfs_utimens(roots, VFS_TIME_OMIT, VFS_TIME_OMIT), 0);
    assert_int_equal(vfs_utimens(mine, 1, 1), 0);
    roots->mode |= 0002;
    assert_int_equal(vfs_utimens(roots, VFS_TIME_NOW, VFS_TIME_NOW), 0);
    assert_int_equal(vfs_utimens(roots, VFS_TIME_NOW, 5), -EPERM);
}

static void test_set_id_bits_go(void **state)
{
    struct inode *mine;

    (void)state;
    assert_int_equal(do_open("/open/mine", O_CREAT | O_RDWR), 0);
    mine = inode_at("/open/mine");
    assert_int_equal(vfs_chmod(mine, 06755), 0);
    assert_int_equal(mine->mode & 07777, 06755);
    assert_int_equal(vfs_truncate(mine, 1), 0);
    assert_int_equal(mine->mode & 07777, 0755);
    mine->gid = OTHER;
    assert_int_equal(vfs_chmod(mine, 06755), 0); /* not its group's business */
    assert_int_equal(mine->mode & 07777, 04755);
    fs_machine_become(0, 0, CAPS_ALL);
    assert_int_equal(vfs_truncate(mine, 2), 0);
    assert_int_equal(mine->mode & 07777, 04755);
    assert_int_equal(vfs_chown(mine, OTHER, ~0u), 0);
    assert_int_equal(mine->mode & 07777, 0755);
}

static void test_directories_that_give_their_group(void **state)
{
    (void)state;
    fs_machine_become(0, 0, CAPS_ALL);
    assert_int_equal(vfs_mkdir(NULL, "/shared", 0777), 0);
    assert_int_equal(vfs_chown(inode_at("/shared"), 0, OTHER), 0);
    assert_int_equal(vfs_chmod(inode_at("/shared"), 02777), 0);
    fs_machine_become(OWNER, GROUP, 0);
    assert_int_equal(vfs_mkdir(NULL, "/shared/sub", 0755), 0);
    assert_int_equal(inode_at("/shared/sub")->gid, OTHER);
    assert_int_equal(inode_at("/shared/sub")->mode & 07777, 02755);
    assert_int_equal(vfs_mknod(NULL, "/shared/file", S_IFREG | 02755, 0), 0);
    assert_int_equal(inode_at("/shared/file")->gid, OTHER);
    assert_int_equal(inode_at("/shared/file")->mode & 07777, 0755);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_mode, enter, leave),
        cmocka_unit_test_setup_teardown(test_supplementary_groups, enter, leave),
        cmocka_unit_test_setup_teardown(test_paths, enter, leave),
        cmocka_unit_test_setup_teardown(test_opening, enter, leave),
        cmocka_unit_test_setup_teardown(test_names, enter, leave),
        cmocka_unit_test_setup_teardown(test_moving_directories, enter, leave),
        cmocka_unit_test_setup_teardown(test_attributes, enter, leave),
        cmocka_unit_test_setup_teardown(test_set_id_bits_go, enter, leave),
        cmocka_unit_test_setup_teardown(test_directories_that_give_their_group, enter, leave),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
