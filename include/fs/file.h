/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files: a struct file is what open(2) makes and what descriptors share.
 *
 * Reads and writes at the shared position take pos_lock only when more than one reference exists:
 * with one, no other thread can reach the file while the call runs (see fs/fdtable.h), so
 * the usual case needs no atomic operation. Functions here check the mode of access, so that
 * file_ops need not. All may sleep.
 */
#pragma once

#include <abi/linux/fcntl.h>
#include <abi/linux/poll.h>
#include <base/mutex.h>
#include <fs/iobuf.h>
#include <lib/types.h>

struct dentry;
struct epoll_item;
struct file;
struct fmt_sink;
struct inode;
struct pager;
struct poll_table;

/* Where a directory's entries go. emit returns false when it has no room: the entry comes again. */
struct dirent_sink {
    bool (*emit)(struct dirent_sink *sink, const char *name, size_t len, u64 ino, u64 next_pos,
                 u32 mode);
};

/* Every member may be NULL; what the call then returns stands behind it. */
struct file_ops {
    /* Bytes have no position (pipes, terminals, /dev/zero): pos_lock is never taken. */
    bool stream;
    /* At open, after the common part: may change file->ops and set file->private. */
    int (*open)(struct file *file);
    /* The last reference is gone. */
    void (*release)(struct file *file);
    /*
     * Move up to iob->left bytes at *pos and advance it. Return the bytes moved, or an error when
     * none was. -EINVAL.
     */
    ssize_t (*read)(struct file *file, struct iobuf *to, u64 *pos);
    ssize_t (*write)(struct file *file, struct iobuf *from, u64 *pos);
    /* -ESPIPE, and so is pread. file_lseek_size() serves whatever has a size. */
    s64 (*lseek)(struct file *file, s64 offset, int whence);
    /* The POLL* events that hold now; registers the queues with poll_on(). POLLIN | POLLOUT. POLLNVAL: no memory to. */
    u32 (*poll)(struct file *file, struct poll_table *table);
    /* -ENOTTY. */
    long (*ioctl)(struct file *file, unsigned cmd, vaddr_t arg);
    /*
     * The pager that supplies a mapping's frames, referenced; *out = NULL for anonymous memory.
     * *writable: the mapping is shared and may be written to; if that stays set, it counts as a writer of
     * the pager. May be cleared: then it never becomes writable. -ENODEV.
     */
    int (*mmap)(struct file *file, u64 offset, bool *writable, struct pager **out);
    /* Emits entries from file->pos on and advances it. -ENOTDIR. */
    int (*readdir)(struct file *file, struct dirent_sink *sink);
    /* Books room without changing bytes: allocation for [offset, offset + len). -EOPNOTSUPP. */
    int (*allocate)(struct file *file, unsigned mode, u64 offset, u64 len);
    /* Prints what is special about the file, for /proc/<pid>/fdinfo. Does not sleep for a reader. */
    void (*show_info)(struct file *file, struct fmt_sink *sink);
    /* Pages of what lies in it until somebody reads it. Under spinlocks. 0. */
    u64 (*pages)(struct file *file);
};

#define FILE_READ  1u
#define FILE_WRITE 2u

struct file {
    const struct file_ops *ops;
    struct inode *inode;   /* referenced, never NULL */
    struct dentry *dentry; /* referenced; NULL for pipes */
    void *private;
    u64 pos;
    u32 flags; /* O_* but for those of creation; changed by F_SETFL under no lock, atomically */
    u32 refs;
    u8 access;                  /* FILE_READ | FILE_WRITE; 0 for O_PATH */
    bool flocked;               /* holds a flock(2) */
    struct epoll_item *watches; /* of epolls that watch it (fs/eventpoll.c) */
    struct mutex pos_lock;      /* pos, when shared; before inode->lock */
};

/*
 * A new open file on `inode` (and `dentry`, may be NULL); takes its own references on both, then
 * calls ops->open. ERR_PTR on failure.
 */
struct file *file_open(struct inode *inode, struct dentry *dentry, unsigned flags);

/* The same without a name and without ops->open: what `ops` and `private` say. For fs/anon.c. */
struct file *file_make(struct inode *inode, const struct file_ops *ops, void *private,
                       unsigned flags);

struct file *file_get(struct file *file);
void file_put(struct file *file);

/* A reference to a file that may be at its end (false: it is); the caller knows that its memory is still there. */
bool file_get_live(struct file *file);

/* Makes epolls forget a file that is at its end; set by fs/eventpoll.c. */
extern void (*file_unwatch)(struct file *file);

/* At the file's position. -EBADF when it was not opened for that. */
ssize_t file_read(struct file *file, struct iobuf *to);
ssize_t file_write(struct file *file, struct iobuf *from);

/* At `pos`, which must not be negative as s64 (-EINVAL). -ESPIPE for pipes and terminals. */
ssize_t file_pread(struct file *file, struct iobuf *to, u64 pos);
ssize_t file_pwrite(struct file *file, struct iobuf *from, u64 pos);

s64 file_lseek(struct file *file, s64 offset, int whence);

/* The lseek of things that have a size: SET, CUR, END, DATA and HOLE (all data up to the end). */
s64 file_lseek_size(struct file *file, s64 offset, int whence, u64 size);

/* file_ops.lseek for regular files: file_lseek_size() with the inode's size. */
s64 file_lseek_regular(struct file *file, s64 offset, int whence);

static inline u32 file_poll(struct file *file, struct poll_table *table)
{
    if (unlikely(file->flags & O_PATH))
        return POLLNVAL;
    if (!file->ops->poll)
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    return file->ops->poll(file, table);
}
long file_ioctl(struct file *file, unsigned cmd, vaddr_t arg);
int file_readdir(struct file *file, struct dirent_sink *sink);

/* For readdir of any directory: emits "." and ".." (positions 0 and 1) when it is their turn. False: no room. */
bool dir_emit_dots(struct file *file, struct dirent_sink *sink);
int file_truncate(struct file *file, u64 size);
int file_allocate(struct file *file, unsigned mode, u64 offset, u64 len);

/* What a mapping of a file is to be. */
struct file_mapping {
    u64 offset;
    bool shared, write, exec; /* MAP_SHARED; PROT_WRITE; PROT_EXEC */
};

/*
 * For mmap(2): -EACCES when the file was not opened for what the mapping does (it must be
 * readable; shared and writable needs both), -EPERM: a seal or (exec) its mount forbids
 * it; -ENODEV. *out is referenced, or
 * NULL: anonymous. *writable: the mapping is shared and may be or become writable; it has been counted
 * as a writer of the pager, which the caller takes back when the mapping is made and has counted itself.
 */
int file_mmap(struct file *file, const struct file_mapping *how, bool *writable,
              struct pager **out);

/* The pager of a program file, referenced, for exec. -ENOEXEC. Contents via file_pread(). */
int file_exec_pager(struct file *file, struct pager **out);

/*
 * sendfile(2): up to `count` bytes from `in` at *pos (NULL: at its own position) to `out`.
 * Bytes moved or an error.
 */
ssize_t file_send(struct file *out, struct file *in, u64 *pos, size_t count);

/* F_SETFL: O_APPEND, O_NONBLOCK, O_DIRECT and O_NOATIME may change. */
int file_set_flags(struct file *file, unsigned flags);

/* lseek of what has no bytes to count, like /dev/null: stays at 0. */
s64 file_lseek_null(struct file *file, s64 offset, int whence);

/* file_ops of directories whose dentries are all linked. */
extern const struct file_ops dir_file_ops;

/* flock(2) on the whole file; op is LOCK_SH, LOCK_EX or LOCK_UN, | LOCK_NB. May sleep. -EAGAIN, -ERESTARTSYS. */
int file_flock(struct file *file, unsigned op);
/* Drops what the file has locked; called by the last file_put(). */
void file_flock_drop(struct file *file);
