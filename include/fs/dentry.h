/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of names. A dentry is one name in one directory and leads to an inode.
 *
 * Two kinds. In ramfs a dentry is linked: the directory's red-black tree of its children *is* the
 * directory, so a lookup is one descent and nothing has to be kept coherent. In /proc it is
 * unlinked: made by a lookup, gone with its last reference, and never found by another.
 *
 * A directory's tree is ordered by a 63-bit key: the hash of the name with the low 8 bits taken
 * from a slot number that tells names with equal hashes apart. Keys never change, so they also
 * serve as the position of a directory being read: adding and removing names disturbs nobody.
 *
 * Locks: one spinlock, the tree lock, guards every link, parent, name, mount point and alias.
 * It is held for as long as one path of plain names takes (at most PATH_MAX bytes), and nothing is
 * called under it. References are atomic; a linked dentry holds one on itself, and each dentry holds one on its parent.
 */
#pragma once

#include <abi/linux/limits.h>
#include <base/atomic.h>
#include <lib/rbtree.h>
#include <lib/types.h>

struct inode;
struct mount;
struct ns;
struct super;

#define DENTRY_INLINE 38u /* names up to 37 bytes need no memory of their own */

struct dentry {
    struct rb_node link;     /* in parent->children */
    u64 key;                 /* in that tree */
    struct dentry *parent;   /* referenced; a root's is itself, without a reference */
    struct rb_tree children; /* directories: linked dentries by key */
    struct inode *inode;     /* referenced, never NULL, never changes */
    struct mount *mounted;   /* what hides this directory, in one namespace each; NULL: nothing */
    char *name;              /* short_name or its own memory; NUL-terminated */
    u32 refs;
    bool linked;
    bool dead; /* was removed: nothing can be made in it, and its path says so */
    u8 len;
    char short_name[DENTRY_INLINE];
};

/* A name to look for, with its hash; `text` need not be terminated. */
struct name {
    const char *text;
    size_t len; /* 1..NAME_MAX */
    u64 hash;   /* by name_hash(); low 8 bits clear */
};

/*
 * The hash is FNV-1a; it can be taken byte by byte while the end of a name is looked for. The low
 * 8 bits are clear in the result, which is never 0: smaller positions are readdir's "." and "..".
 */
#define NAME_HASH_START 0xcbf29ce484222325ul

/* Tests weaken the hash. */
#ifndef NAME_HASH_MASK
#define NAME_HASH_MASK (~0xfful)
#endif

static inline u64 name_hash_step(u64 hash, char byte)
{
    return (hash ^ (u8)byte) * 0x100000001b3ul;
}

static inline u64 name_hash_end(u64 hash)
{
    hash = hash >> 1 & NAME_HASH_MASK;
    return hash ? hash : 0x100;
}

u64 name_hash(const char *text, size_t len);

/* A dentry of a new file system's root; takes over the reference on `inode`. NULL: no memory. */
struct dentry *dentry_make_root(struct inode *inode);

/*
 * A new dentry under `parent`, not linked; takes over the reference on `inode`, also on failure.
 * NULL: no memory.
 */
struct dentry *dentry_make(struct dentry *parent, const char *name, size_t len,
                           struct inode *inode);

/* The last reference is gone: frees the dentry and drops the one on its parent. */
void dentry_destroy(struct dentry *dentry);

/* References; NULL is allowed for put, which may sleep when it is the last. */
static inline struct dentry *dentry_get(struct dentry *dentry)
{
    atomic_add_relaxed(&dentry->refs, 1);
    return dentry;
}

static inline void dentry_put(struct dentry *dentry)
{
    if (dentry && unlikely(atomic_fetch_sub(&dentry->refs, 1) == 1))
        dentry_destroy(dentry);
}

/* The linked child of that name, or the root that hides it; referenced, or NULL. */
struct dentry *dentry_find(struct dentry *dir, const struct name *name);

/*
 * Links a dentry made by dentry_make into its parent. 0, -EEXIST, -ENOENT (the directory was
 * removed), -ENOSPC (more than 256 names with one hash).
 */
int dentry_link(struct dentry *dentry);

/* Where a name was looked up. */
struct place {
    struct dentry *dir;
    const struct name *name;
};

/*
 * Removes the name `place`, at which `dentry` was found. -ESTALE: it does not lead there any more,
 * so look again; -EBUSY for mount points, -ENOTEMPTY; `as_dir` says whether a directory is to be
 * removed (-ENOTDIR, -EISDIR).
 */
int dentry_unlink(struct dentry *dentry, const struct place *place, bool as_dir);

/*
 * Gives `dentry`, found at `from`, the place `to` (an unlinked dentry made for it: new parent, new
 * name), replacing a linked `victim` that was found there (`at`) if it is not NULL. Afterwards
 * `to` carries the old place and is the caller's to put. Errors as link and unlink; -ESTALE, -EEXIST:
 * either name leads elsewhere by now; -EINVAL: a directory would become its own ancestor.
 */
int dentry_move(struct dentry *dentry, const struct place *from, struct dentry *to,
                struct dentry *victim, const struct place *at);

/*
 * One step up, referenced: the parent, or from a mounted root the parent of the directory that it
 * hides in the current namespace. A root that is mounted nowhere there is its own parent.
 */
struct dentry *dentry_up(struct dentry *dentry);

/* One of the names of an inode, referenced, or NULL. */
struct dentry *dentry_of_inode(struct inode *inode);

/*
 * Walks a path of plain names from `from`, mounts crossed, under one hold of the tree lock. Returns
 * what it ends at, referenced (a symbolic link is not followed), or NULL when the path holds anything
 * else - dots, links on the way, a slash at its end, a name that is not linked there - or is
 * empty: then it has to be walked step by step, which also finds the right error.
 */
struct dentry *dentry_walk(struct dentry *from, const char *path);

/* The same through directories that are open to all; NULL at any other, too. */
struct dentry *dentry_walk_open(struct dentry *from, const char *path);

/* A directory entry as a reader sees it. */
struct dentry_record {
    u64 ino;
    u32 mode;
    u8 len;
    char name[NAME_MAX + 1];
};

/* Copies the first linked child with key >= *pos and sets *pos behind it; false: no more. */
bool dentry_next_child(struct dentry *dir, u64 *pos, struct dentry_record *out);

/*
 * Writes the path from `root` (NULL: as far up as it goes) to `dentry` into the end of buf and
 * returns where it starts, or ERR_PTR(-ENAMETOOLONG). " (deleted)" follows the path of a removed
 * name if `mark` is set; "(unreachable)" stands in front when the way up misses root.
 */
char *dentry_path(struct dentry *dentry, struct dentry *root, char *buf, size_t size, bool mark);

/* The same with the mounts of a namespace that need not be the current one. */
char *dentry_path_in(const struct ns *ns, struct dentry *dentry, struct dentry *root, char *buf,
                     size_t size, bool mark);

/*
 * For mount.c, whose lock is held. Cover: hides `dir` (NULL: none, it is a namespace's root) behind the root of
 * mount->super in mount->ns; the mount then holds a reference on dir. -EBUSY: hidden there already; -ENOENT:
 * removed. Uncover: the reverse. With `held` >= 0 it is -EBUSY when this is the file system's only mount and
 * somebody uses it besides the caller, who holds that many references on its root.
 */
int dentry_cover(struct dentry *dir, struct mount *mount);
int dentry_uncover(struct mount *mount, int held);

/* The MOUNT_* attributes with which the caller sees a file system; see <fs/mount.h>. */
u32 dentry_mount_attributes(const struct super *super);

/*
 * For mount.c and what is mounted nowhere yet: changes the attributes of a mount of `super`, or (NULL) those that
 * its first one will have.
 */
void dentry_change_attributes(struct super *super, struct mount *mount, u32 clear, u32 set);

/* The mount of a file system in a namespace, or NULL. */
struct mount *dentry_mount_of(const struct ns *ns, const struct super *super);

/* The root that hides `dir` in a namespace, in place of dir's reference; dir itself when nothing does. */
struct dentry *dentry_cross_down(const struct ns *ns, struct dentry *dir);

/* For a root that is not mounted any more: whoever stands there makes nothing in it that nobody would ever take out. */
void dentry_close_root(struct dentry *root);

/* Unlinks everything below a root that is not mounted any more. May sleep. */
void dentry_drop_tree(struct dentry *root);
