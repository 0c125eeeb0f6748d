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
 * Locks: one spinlock, the tree lock, guards every link, parent, name, mount point and alias. It
 * is held for one component at a time and nothing is called under it. References are
 * atomic; a linked dentry holds one on itself, and each dentry holds one on its parent.
 */
#pragma once

#include <abi/linux/limits.h>
#include <lib/rbtree.h>
#include <lib/types.h>

struct inode;
struct super;

#define DENTRY_INLINE 38u /* names up to 37 bytes need no memory of their own */

struct dentry {
    struct rb_node link;     /* in parent->children */
    u64 key;                 /* in that tree */
    struct dentry *parent;   /* referenced; a root's is itself, without a reference */
    struct rb_tree children; /* directories: linked dentries by key */
    struct inode *inode;     /* referenced, never NULL, never changes */
    struct super *mounted;   /* the file system that hides this directory, or NULL */
    char *name;              /* short_name or its own memory; NUL-terminated */
    u32 refs;
    bool linked;
    bool dead; /* a removed directory: nothing can be made in it */
    u8 len;
    char short_name[DENTRY_INLINE];
};

/* A name to look for, with its hash; `text` need not be terminated. */
struct name {
    const char *text;
    size_t len; /* 1..NAME_MAX */
    u64 hash;   /* by name_hash(); low 8 bits clear */
};

u64 name_hash(const char *text, size_t len);

/* A dentry of a new file system's root; takes over the reference on `inode`. NULL: no memory. */
struct dentry *dentry_make_root(struct inode *inode);

/*
 * A new dentry under `parent`, not linked; takes over the reference on `inode`, also on failure.
 * NULL: no memory.
 */
struct dentry *dentry_make(struct dentry *parent, const char *name, size_t len,
                           struct inode *inode);

/* References; NULL is allowed for put, which may sleep when it is the last. */
struct dentry *dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);

/* The linked child of that name, referenced, or NULL. Mount points are not followed. */
struct dentry *dentry_find(struct dentry *dir, const struct name *name);

/*
 * Links a dentry made by dentry_make into its parent. 0, -EEXIST, -ENOENT (the directory was
 * removed), -ENOSPC (more than 256 names with one hash).
 */
int dentry_link(struct dentry *dentry);

/*
 * Removes a name from its directory. what: -EBUSY for mount points, -ENOTEMPTY, -ENOENT when it
 * is no longer there; `dir` says whether a directory is to be removed (-ENOTDIR, -EISDIR).
 */
int dentry_unlink(struct dentry *dentry, bool dir);

/*
 * Gives `dentry` the place `to` (an unlinked dentry made for it: new parent, new name), replacing
 * a linked `victim` of that name if it is not NULL. Afterwards `to` carries the old place and is the
 * caller's to put. Errors as link and unlink; -EINVAL: a directory would become its own ancestor.
 */
int dentry_move(struct dentry *dentry, struct dentry *to, struct dentry *victim);

/* The parent, referenced, not leaving the file system. */
struct dentry *dentry_parent(struct dentry *dentry);

/*
 * The first linked child with key >= *pos, referenced, with *pos set behind it; NULL: no more.
 */
struct dentry *dentry_next_child(struct dentry *dir, u64 *pos);

/*
 * Writes the path from `root` (NULL: the first root) to `dentry` into the end of buf and returns
 * where it starts, or ERR_PTR: -ENAMETOOLONG. Unlinked names get " (deleted)" when `mark` says so;
 * a dentry that cannot be reached from root gets "(unreachable)" in front.
 */
char *dentry_path(struct dentry *dentry, struct dentry *root, char *buf, size_t size, bool mark);

/* For mount.c: covering and uncovering. -EBUSY: covered already, or a root is in use. */
int dentry_cover(struct dentry *dir, struct super *super);
void dentry_uncover(struct dentry *dir);
/* The root that hides `dir`, referenced in place of dir's reference, or dir itself. */
struct dentry *dentry_cross_down(struct dentry *dir);
/* For unmounting: true while somebody but the tree itself holds a dentry below (or at) root. */
bool dentry_tree_busy(struct dentry *root);
/* Unlinks everything below root. May sleep. */
void dentry_tree_drop(struct dentry *root);
