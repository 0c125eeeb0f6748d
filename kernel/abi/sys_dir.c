/* SPDX-License-Identifier: BSD-2-Clause */
/* Names: directories, links, renaming, where a process stands, what is mounted. */
#include "args.h"
#include "syscall.h"

#include <abi/linux/dirent.h>
#include <abi/linux/fcntl.h>
#include <abi/linux/limits.h>
#include <abi/linux/mount.h>
#include <abi/linux/stat.h>
#include <fs/dentry.h>
#include <fs/fdtable.h>
#include <fs/fscontext.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/permission.h>
#include <fs/vfs.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

SYSCALL2(getcwd, vaddr_t, to, size_t, size)
{
    char *buf = kmalloc(PATH_MAX);
    ssize_t n;

    if (!buf)
        return -ENOMEM;
    n = fs_getcwd(buf, MIN(size, (size_t)PATH_MAX));
    if (n > 0 && copyout(to, buf, (size_t)n))
        n = -EFAULT;
    kfree(buf);
    return n;
}

static int permit_enter(const struct dentry *dir)
{
    return S_ISDIR(dir->inode->mode) ? inode_permission(dir->inode, X_OK) : -ENOTDIR;
}

static int enter(struct dentry *dir)
{
    int err = permit_enter(dir);

    return err ? err : fs_chdir(dir);
}

SYSCALL1(chdir, vaddr_t, path)
{
    struct dentry *dir;
    int err = args_lookup(AT_FDCWD, path, 0, &dir);

    if (err)
        return err;
    err = enter(dir);
    dentry_put(dir);
    return err;
}

SYSCALL1(fchdir, int, fd)
{
    struct fd_ref ref = fd_get(fd);

    if (!ref.file)
        return -EBADF;
    int err = ref.file->dentry ? enter(ref.file->dentry) : -ENOTDIR;
    fd_put(ref);
    return err;
}

SYSCALL1(chroot, vaddr_t, path)
{
    struct dentry *dir;
    int err = args_lookup(AT_FDCWD, path, 0, &dir);

    if (err)
        return err;
    err = permit_enter(dir);
    if (!err)
        err = caps_have(CAP_SYS_CHROOT) ? fs_chroot(dir) : -EPERM;
    dentry_put(dir);
    return err;
}

SYSCALL3(mkdirat, int, dirfd, vaddr_t, path, unsigned, mode)
{
    struct args_at arg;
    int err = args_at(&arg, dirfd, path);

    if (err)
        return err;
    err = vfs_mkdir(arg.at, arg.path.text, mode & 01777);
    args_at_put(&arg);
    return err;
}

SYSCALL4(mknodat, int, dirfd, vaddr_t, path, unsigned, mode, u32, dev)
{
    struct args_at arg;
    int err = args_at(&arg, dirfd, path);

    if (err)
        return err;
    err = vfs_mknod(arg.at, arg.path.text, mode, dev);
    args_at_put(&arg);
    return err;
}

SYSCALL3(unlinkat, int, dirfd, vaddr_t, path, unsigned, flags)
{
    struct args_at arg;
    int err;

    if (flags & ~(unsigned)AT_REMOVEDIR)
        return -EINVAL;
    err = args_at(&arg, dirfd, path);
    if (err)
        return err;
    err =
        flags & AT_REMOVEDIR ? vfs_rmdir(arg.at, arg.path.text) : vfs_unlink(arg.at, arg.path.text);
    args_at_put(&arg);
    return err;
}

SYSCALL3(symlinkat, vaddr_t, target, int, dirfd, vaddr_t, path)
{
    struct args_path text;
    struct args_at arg;
    int err = args_path(&text, target);

    if (err)
        return err;
    err = args_at(&arg, dirfd, path);
    if (!err) {
        err = vfs_symlink(text.text, arg.at, arg.path.text);
        args_at_put(&arg);
    }
    args_path_put(&text);
    return err;
}

SYSCALL5(linkat, int, old_dirfd, vaddr_t, old_path, int, new_dirfd, vaddr_t, new_path, unsigned,
         flags)
{
    struct args_at from;
    struct args_at to;
    unsigned lookup = 0;
    int err;

    if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (flags & AT_SYMLINK_FOLLOW)
        lookup |= LOOKUP_FOLLOW;
    if (flags & AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    err = args_at(&from, old_dirfd, old_path);
    if (err)
        return err;
    err = args_at(&to, new_dirfd, new_path);
    if (!err) {
        err = vfs_link(from.at, from.path.text, to.at, to.path.text, lookup);
        args_at_put(&to);
    }
    args_at_put(&from);
    return err;
}

SYSCALL5(renameat2, int, old_dirfd, vaddr_t, old_path, int, new_dirfd, vaddr_t, new_path, unsigned,
         flags)
{
    struct args_at from;
    struct args_at to;
    int err = args_at(&from, old_dirfd, old_path);

    if (err)
        return err;
    err = args_at(&to, new_dirfd, new_path);
    if (!err) {
        err = vfs_rename(from.at, from.path.text, to.at, to.path.text, flags);
        args_at_put(&to);
    }
    args_at_put(&from);
    return err;
}

SYSCALL4(readlinkat, int, dirfd, vaddr_t, path, vaddr_t, to, int, size)
{
    struct args_at arg;
    ssize_t n;
    char *buf;
    int err;

    if (size <= 0)
        return -EINVAL;
    err = args_at(&arg, dirfd, path);
    if (err)
        return err;
    buf = kmalloc(PATH_MAX);
    n = buf ? vfs_readlink(arg.at, arg.path.text, LOOKUP_EMPTY, buf, MIN((size_t)size, PATH_MAX))
            : -ENOMEM;
    if (n > 0 && copyout(to, buf, (size_t)n))
        n = -EFAULT;
    kfree(buf);
    args_at_put(&arg);
    return n;
}

/* --- reading directories --- */

/* Records gather here, a page at a time, and then go to the program in one copy. */
struct dirent_buffer {
    struct dirent_sink sink;
    char *records;
    size_t used;
    size_t room;
    bool full; /* an entry was refused */
};

#define DIRENT_BUFFER 4096ul

static bool emit_dirent(struct dirent_sink *sink, const char *name, size_t len, u64 ino, u64 next,
                        u32 mode)
{
    struct dirent_buffer *b = container_of(sink, struct dirent_buffer, sink);
    size_t at = offsetof(struct linux_dirent64, d_name);
    size_t size = ALIGN_UP(at + len + 1, 8);
    char *record = b->records + b->used;

    if (size > b->room - b->used) {
        b->full = true;
        return false;
    }
    *(struct linux_dirent64 *)(void *)record = (struct linux_dirent64){
        .d_ino = ino, .d_off = (s64)next, .d_reclen = (u16)size, .d_type = (u8)(mode >> 12 & 15)};
    memcpy(record + at, name, len);
    memset(record + at + len, 0, size - at - len); /* the padding, too: no kernel memory in it */
    b->used += size;
    return true;
}

/* Fills the program's buffer page by page; an error counts only when nothing was delivered. */
static long read_entries(struct file *file, struct dirent_buffer *b, vaddr_t to, size_t size)
{
    size_t done = 0;
    u64 pos;
    int err;

    do {
        pos = file->pos;
        b->used = 0;
        b->full = false;
        b->room = MIN(size - done, DIRENT_BUFFER);
        err = file_readdir(file, &b->sink);
        if (!err && b->full && !b->used)
            err = done ? 0 : -EINVAL;
        if (b->used && copyout(to + done, b->records, b->used)) {
            file->pos = pos; /* they come again */
            err = -EFAULT;
            break;
        }
        done += b->used;
    } while (!err && b->full && b->used);
    return done ? (long)done : err;
}

SYSCALL3(getdents64, int, fd, vaddr_t, to, unsigned, size)
{
    struct dirent_buffer b = {.sink = {.emit = emit_dirent}};
    struct fd_ref ref = fd_get(fd);
    long n;

    if (!ref.file)
        return -EBADF;
    b.records = kmalloc(DIRENT_BUFFER);
    n = b.records ? read_entries(ref.file, &b, to, MIN(size, 1u << 30)) : -ENOMEM;
    kfree(b.records);
    fd_put(ref);
    return n;
}

/* --- mounting --- */

struct mount_args {
    struct args_path source, target, type, options;
};

/* Strings that may be left out read as empty. */
static int optional_string(struct args_path *path, vaddr_t addr)
{
    path->text = path->small;
    path->small[0] = 0;
    return addr ? args_path(path, addr) : 0;
}

static int mount_strings(struct mount_args *args, vaddr_t source, vaddr_t target, vaddr_t type,
                         vaddr_t options)
{
    int err = optional_string(&args->source, source);

    if (err)
        return err;
    err = args_path(&args->target, target);
    if (err)
        goto put_source;
    err = optional_string(&args->type, type);
    if (err)
        goto put_target;
    err = optional_string(&args->options, options);
    if (!err)
        return 0;
    args_path_put(&args->type);
put_target:
    args_path_put(&args->target);
put_source:
    args_path_put(&args->source);
    return err;
}

SYSCALL5(mount, vaddr_t, source, vaddr_t, target, vaddr_t, type, u64, flags, vaddr_t, options)
{
    struct mount_args args;
    int err = mount_strings(&args, source, target, type, options);

    if (err)
        return err;
    if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
        flags &= ~MS_MGC_MSK;
    err = caps_have(CAP_SYS_ADMIN) ? vfs_mount(args.source.text, NULL, args.target.text,
                                               args.type.text, flags, args.options.text)
                                   : -EPERM;
    args_path_put(&args.options);
    args_path_put(&args.type);
    args_path_put(&args.target);
    args_path_put(&args.source);
    return err;
}

SYSCALL2(umount2, vaddr_t, target, unsigned, flags)
{
    struct args_path path;
    int err;

    if (flags & ~(unsigned)(MNT_DETACH | UMOUNT_NOFOLLOW))
        return -EINVAL;
    if (!caps_have(CAP_SYS_ADMIN))
        return -EPERM;
    err = args_path(&path, target);
    if (err)
        return err;
    err = vfs_umount(NULL, path.text, flags);
    args_path_put(&path);
    return err;
}

SYSCALL1(umask, u32, mask)
{
    return fs_set_umask(mask & 0777);
}
