/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path lookup (see include/fs/path.h).
 *
 * A walk stands at one directory, referenced, with the text that is still to go. A symbolic link
 * is followed by putting its text in front of the rest; there is no recursion. The tree lock
 * is taken inside dentry_find() for each component and never held in between.
 */
#include <fs/path.h>

#include <abi/linux/stat.h>
#include <fs/fscontext.h>
#include <fs/inode.h>
#include <fs/permission.h>
#include <kernel/namespace.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/slab.h>

#define LINKS_MAX 40u

/* Internal: slashes behind a symbolic link in the last place make it followed. */
#define LOOKUP_SLASHES_FOLLOW 0x100u

struct walk {
    struct dentry *here; /* referenced */
    const char *rest;
    char *text; /* memory behind `rest` once a link was followed, else NULL */
    unsigned flags;
    unsigned links;
    bool free; /* no directory is closed to the caller */
};

static int walk_start(struct walk *w, struct dentry *at, const char *path, unsigned flags)
{
    *w = (struct walk){.rest = path, .flags = flags, .free = may_search_all()};
    if (!path[0] && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    if (path[0] == '/')
        w->here = fs_root();
    else
        w->here = at ? dentry_get(at) : fs_cwd();
    return 0;
}

/* Takes the next component off the rest. */
static inline int next_name(struct walk *w, struct name *name)
{
    const char *end = w->rest;
    u64 hash = NAME_HASH_START;

    for (; *end && *end != '/'; end++)
        hash = name_hash_step(hash, *end);
    name->text = w->rest;
    name->len = (size_t)(end - w->rest);
    name->hash = name_hash_end(hash);
    w->rest = end;
    return name->len > NAME_MAX ? -ENAMETOOLONG : 0;
}

static void skip_slashes(struct walk *w)
{
    while (*w->rest == '/')
        w->rest++;
}

/* Moves the walk to another dentry, whose reference it takes over. */
static void step_to(struct walk *w, struct dentry *d)
{
    dentry_put(w->here);
    w->here = d;
}

static void step_up(struct walk *w)
{
    struct dentry *root = fs_root();

    if (w->here != root)
        step_to(w, dentry_cross_down(current_ns(NS_MNT), dentry_up(w->here)));
    dentry_put(root);
}

/* Asks a directory that keeps no dentries. NULL: no such name. */
static struct dentry *ask_directory(struct dentry *dir, const struct name *name)
{
    struct inode *inode = dir->inode->ops->lookup(dir->inode, name->text, name->len);

    if (IS_ERR(inode))
        return PTR_ERR(inode) == -ENOENT ? NULL : (void *)inode;
    struct dentry *d = dentry_make(dir, name->text, name->len, inode);
    return d ? d : ERR_PTR(-ENOMEM);
}

/* The child of that name, referenced, mounts crossed; NULL when there is none; ERR_PTR. */
static struct dentry *find_child(struct dentry *dir, const struct name *name)
{
    struct dentry *d = dentry_find(dir, name);

    if (d)
        return d;
    return dir->inode->ops->lookup ? ask_directory(dir, name) : NULL;
}

/* The text of a link with `rest` behind it, in new memory. */
static char *link_text(struct inode *link, const char *rest)
{
    size_t rest_len = strlen(rest);
    size_t room = link->size ? link->size : PATH_MAX - 1 - rest_len;

    if (room + rest_len >= PATH_MAX)
        return ERR_PTR(-ENAMETOOLONG);
    char *text = kmalloc(room + rest_len + 1);
    if (!text)
        return ERR_PTR(-ENOMEM);
    ssize_t len = link->ops->readlink(link, text, room);
    if (len <= 0) {
        kfree(text);
        return ERR_PTR(len ? len : -ENOENT);
    }
    memcpy(text + len, rest, rest_len + 1);
    return text;
}

static int follow_text(struct walk *w, struct inode *link)
{
    char *text = link_text(link, w->rest);

    if (IS_ERR(text))
        return (int)PTR_ERR(text);
    kfree(w->text);
    w->text = text;
    w->rest = text;
    if (text[0] == '/')
        step_to(w, fs_root());
    return 0;
}

static int follow_jump(struct walk *w, struct inode *link)
{
    struct dentry *target = link->ops->jump(link);

    if (IS_ERR(target))
        return (int)PTR_ERR(target);
    step_to(w, target);
    return 0;
}

/* Takes over the reference on `link`. */
static int follow(struct walk *w, struct dentry *link)
{
    int err = -ELOOP;

    if (w->links++ < LINKS_MAX) {
        struct inode *inode = link->inode;
        err = inode->ops->jump ? follow_jump(w, inode) : follow_text(w, inode);
    }
    dentry_put(link);
    return err;
}

static bool is_link(const struct dentry *d)
{
    return S_ISLNK(d->inode->mode);
}

/* Whether the link that the rest of the walk ends with is to be followed. */
static bool follow_last(const struct walk *w)
{
    return w->flags & LOOKUP_FOLLOW || (w->flags & LOOKUP_SLASHES_FOLLOW && w->rest[0] == '/');
}

static bool at_end(const struct walk *w)
{
    const char *rest = w->rest;

    while (*rest == '/')
        rest++;
    return !*rest;
}

/* The path ends at the directory where the walk stands. */
static int finish_special(struct walk *w, struct path_last *out)
{
    out->special = true;
    out->found = w->here;
    w->here = NULL;
    return 0;
}

/* The path ends with `name` in the directory where the walk stands. */
static int finish_named(struct walk *w, struct dentry *found, const struct name *name,
                        struct path_last *out)
{
    out->dir = w->here;
    w->here = NULL;
    out->found = found;
    out->name = *name;
    out->slashes = w->rest[0] == '/';
    out->link = w->text;
    w->text = NULL;
    return 0;
}

static bool is_dots(const struct name *name)
{
    return name->text[0] == '.' && (name->len == 1 || (name->len == 2 && name->text[1] == '.'));
}

/* One component that is a real name. 1: the walk has ended and *out is filled. */
static int walk_name(struct walk *w, const struct name *name, struct path_last *out)
{
    struct dentry *child = find_child(w->here, name);
    bool last = at_end(w);

    if (IS_ERR(child))
        return (int)PTR_ERR(child);
    if (child && is_link(child) && (!last || follow_last(w)))
        return follow(w, child);
    if (last)
        return finish_named(w, child, name, out) + 1;
    if (!child)
        return -ENOENT;
    step_to(w, child);
    return 0;
}

/* One component, or the end. 1: the walk has ended. */
static int walk_step(struct walk *w, struct path_last *out)
{
    struct name name;

    skip_slashes(w);
    if (!*w->rest)
        return finish_special(w, out) + 1;
    if (!S_ISDIR(w->here->inode->mode))
        return -ENOTDIR;
    int err = w->free ? 0 : inode_permission(w->here->inode, X_OK);
    if (!err)
        err = next_name(w, &name);
    if (err)
        return err;
    if (!is_dots(&name))
        return walk_name(w, &name, out);
    if (name.len == 2)
        step_up(w);
    return 0;
}

int path_last(struct dentry *at, const char *path, unsigned flags, struct path_last *out)
{
    struct walk w;
    int err = walk_start(&w, at, path, flags);

    *out = (struct path_last){.found = NULL};
    while (!err)
        err = walk_step(&w, out);
    dentry_put(w.here);
    if (unlikely(w.text))
        kfree(w.text);
    return err < 0 ? err : 0;
}

void path_last_put(struct path_last *last)
{
    dentry_put(last->dir);
    dentry_put(last->found);
    if (unlikely(last->link))
        kfree(last->link);
}

/* Step by step: whatever a path may hold. */
static __noinline int lookup_steps(struct dentry *at, const char *path, unsigned flags,
                                   struct dentry **out)
{
    struct path_last last;
    int err = path_last(at, path, flags | LOOKUP_SLASHES_FOLLOW, &last);

    if (err)
        return err;
    if (!last.found)
        err = -ENOENT;
    else if ((last.slashes || flags & LOOKUP_DIRECTORY) && !S_ISDIR(last.found->inode->mode))
        err = -ENOTDIR;
    if (!err) {
        *out = last.found;
        last.found = NULL;
    }
    path_last_put(&last);
    return err;
}

/* Whether the end of a walk over plain names is already the answer. */
static bool is_answer(const struct dentry *d, unsigned flags)
{
    if (flags & LOOKUP_DIRECTORY)
        return S_ISDIR(d->inode->mode);
    return !(flags & LOOKUP_FOLLOW && is_link(d));
}

int path_lookup(struct dentry *at, const char *path, unsigned flags, struct dentry **out)
{
    struct dentry *from = path[0] == '/' ? fs_root() : at ? dentry_get(at) : fs_cwd();
    struct dentry *d = may_search_all() ? dentry_walk(from, path) : dentry_walk_open(from, path);

    dentry_put(from);
    if (likely(d && is_answer(d, flags))) {
        *out = d;
        return 0;
    }
    dentry_put(d);
    return lookup_steps(at, path, flags, out);
}
