/* SPDX-License-Identifier: BSD-2-Clause */
// sources: fs/path.c fs/inode.c fs/permission.c kernel/groups.c fs/fscontext.c fs/vfs.c fs/names.c fs/mount.c fs/super.c fs/fs_config.c fs/ramfs.c fs/seals.c fs/readdir.c
// sources: fs/dentry.c fs/file.c fs/flock.c fs/reclock.c fs/iobuf.c fs/dev.c fs/pipe.c fs/poll.c fs/fdtable.c
// sources: tests/host/hostmachine.c tests/host/softmmu.c tests/host/mm_machine.c tests/host/no_sleep.c
// sources: tests/host/fs_machine.c mm/pcache.c
// sources: mm/pt.c mm/pt_change.c mm/pt_copy.c mm/pt_dump.c mm/pt_gather.c mm/large.c mm/table.c
// sources: mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c mm/buddy.c mm/slab.c mm/kmalloc.c
// sources: mm/failalloc.c mm/region.c mm/region_scan.c
// sources: kernel/base/percpu.c kernel/base/spinlock.c kernel/base/mutex.c kernel/base/wait.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/fmt.c lib/num.c lib/bitmap.c
// sources: lib/string_extra.c lib/string_page.c lib/rbtree.c lib/radix.c
/*
 * Any text as a path, looked up, opened, made, moved and removed in a small tree with links, loops and a
 * mount. Held: the error is one that paths can have; nothing that a call did not make goes
 * away; every reference is given back, so that the tree can be removed whole.
 */
#include "fs_machine.h"
#include <abi/linux/fcntl.h>
#include <fs/file.h>
#include <fs/fscontext.h>
#include <fs/mount.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void make_tree(void)
{
    must(!vfs_mkdir(NULL, "/d", 0755));
    must(!vfs_mkdir(NULL, "/d/e", 0755));
    must(!vfs_mkdir(NULL, "/m", 0755));
    must(!vfs_mount("m", NULL, "/m", "tmpfs", 0, NULL));
    must(!vfs_symlink("d/e", NULL, "/l"));
    must(!vfs_symlink("../..", NULL, "/d/e/u"));
    must(!vfs_symlink("/m/", NULL, "/d/m"));
    must(!vfs_symlink("o", NULL, "/o"));
    must(!vfs_symlink("l/u/l/u/l", NULL, "/w"));
}

static void boot(void)
{
    static bool booted;

    if (booted)
        return;
    booted = true;
    fs_machine_boot(16 * MiB);
    ramfs_init();
    must(!mount_first("ramfs", "ramfs"));
    fs_machine_adopt();
}

static void check_error(int err)
{
    static const int known[] = {0,      ENOENT, ENOTDIR,   EISDIR, EEXIST, ELOOP,
                                EINVAL, EBUSY,  ENOTEMPTY, EXDEV,  EPERM,  ENAMETOOLONG};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (err == -known[i])
            return;
    abort();
}

static int open_it(const char *path, unsigned flags)
{
    struct file *file;
    int err = vfs_open(NULL, path, flags, 0644, &file);

    if (!err)
        file_put(file);
    return err;
}

static int look_up(const char *path, unsigned flags)
{
    struct dentry *d;
    int err = path_lookup(NULL, path, flags, &d);

    if (!err)
        dentry_put(d);
    return err;
}

static void act(u8 op, const char *a, const char *b)
{
    switch (op % 9) {
    case 0:
        return check_error(look_up(a, LOOKUP_FOLLOW));
    case 1:
        return check_error(look_up(a, LOOKUP_DIRECTORY));
    case 2:
        return check_error(open_it(a, O_RDWR | O_CREAT | (op & 0x80 ? O_EXCL : 0)));
    case 3:
        return check_error(vfs_mkdir(NULL, a, 0755));
    case 4:
        return check_error(vfs_unlink(NULL, a));
    case 5:
        return check_error(vfs_rmdir(NULL, a));
    case 6:
        return check_error(vfs_rename(NULL, a, NULL, b, 0));
    case 7:
        return check_error(vfs_link(NULL, a, NULL, b, op & 0x80 ? LOOKUP_FOLLOW : 0));
    default:
        return check_error(vfs_symlink(a, NULL, b));
    }
}

/* Empties the root; the mount must be idle, or somebody has kept a reference. */
static void remove_tree(void)
{
    struct dentry *root = fs_first_root();

    must(!vfs_umount(NULL, "/m", 0));
    dentry_drop_tree(root);
    must(root->refs == 6); /* its super, this, and twice "/" as root and as current directory */
    dentry_put(root);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[2][300];

    boot();
    make_tree();
    while (size > 2) {
        u8 op = *data++;
        size--;
        for (unsigned i = 0; i < 2; i++) {
            size_t n = 0;
            while (size && *data && n < sizeof(text[i]) - 1) {
                text[i][n++] = (char)*data++;
                size--;
            }
            text[i][n] = '\0';
            if (size) {
                data++;
                size--;
            }
        }
        act(op, text[0], text[1]);
    }
    remove_tree();
    return 0;
}
