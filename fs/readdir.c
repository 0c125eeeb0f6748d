/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading directories whose entries are linked dentries. The position is the key of the next entry
 * (see fs/dentry.h); 0 and 1 stand for "." and "..". Entries are copied one by one under
 * the tree lock and handed on without it.
 */
#include <fs/dentry.h>
#include <fs/file.h>

#include <abi/linux/fcntl.h>
#include <abi/linux/stat.h>
#include <fs/inode.h>
#include <lib/errno.h>

bool dir_emit_dots(struct file *file, struct dirent_sink *sink)
{
    if (file->pos == 0) {
        if (!sink->emit(sink, ".", 1, file->inode->ino, 1, S_IFDIR))
            return false;
        file->pos = 1;
    }
    if (file->pos == 1) {
        struct dentry *parent = dentry_up(file->dentry);
        bool room = sink->emit(sink, "..", 2, parent->inode->ino, 2, S_IFDIR);

        dentry_put(parent);
        if (!room)
            return false;
        file->pos = 2;
    }
    return true;
}

static int dir_readdir(struct file *file, struct dirent_sink *sink)
{
    struct dentry_record entry;
    u64 next;

    if (!dir_emit_dots(file, sink))
        return 0;
    for (next = file->pos; dentry_next_child(file->dentry, &next, &entry); file->pos = next)
        if (!sink->emit(sink, entry.name, entry.len, entry.ino, next, entry.mode))
            break;
    return 0;
}

static ssize_t dir_read(struct file *file, struct iobuf *to, u64 *pos)
{
    (void)file;
    (void)to;
    (void)pos;
    return -EISDIR;
}

static s64 dir_lseek(struct file *file, s64 offset, int whence)
{
    if (whence != SEEK_SET && whence != SEEK_CUR)
        return -EINVAL;
    return file_lseek_size(file, offset, whence, 0);
}

const struct file_ops dir_file_ops = {.read = dir_read, .lseek = dir_lseek, .readdir = dir_readdir};
