/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of names (see include/fs/dentry.h).
 *
 * Invariants, under the tree lock: a linked dentry is in exactly one directory's tree, its own
 * parent's; children of one directory differ in key and in name; a dead directory has no
 * children and gets none. References: one for being linked, one from each child, one from each
 * covering super, the rest are users'.
 */
#include <fs/dentry.h>

#include <abi/linux/stat.h>
#include <base/spinlock.h>
#include <fs/inode.h>
#include <fs/mount.h>
#include <kernel/namespace.h>
#include <lib/err.h>
#include <lib/string.h>
#include <mm/slab.h>

/* Names whose hashes agree in all but these bits share a group of keys. */
#define KEY_SLOTS 256ul

static struct spinlock tree_lock = SPINLOCK_INIT("names");
static SLAB_CACHE(dentry_cache, "dentry", sizeof(struct dentry), 8);

/* --- keys ------------------------------------------------------------------------------------ */

u64 name_hash(const char *text, size_t len)
{
    u64 hash = NAME_HASH_START;

    for (size_t i = 0; i < len; i++)
        hash = name_hash_step(hash, text[i]);
    return name_hash_end(hash);
}

static struct dentry *dentry_of(struct rb_node *node)
{
    return node ? rb_entry(node, struct dentry, link) : NULL;
}

/* The child with the smallest key >= `key`. */
static struct dentry *child_from(struct dentry *dir, u64 key)
{
    struct rb_node *node = dir->children.root;
    struct dentry *best = NULL;

    while (node) {
        struct dentry *d = rb_entry(node, struct dentry, link);

        if (d->key == key)
            return d;
        if (d->key > key) {
            best = d;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}

static bool in_group(const struct dentry *d, u64 hash)
{
    return d && d->key - hash < KEY_SLOTS;
}

/* Names are short: a loop beats a call. */
static inline bool same_name(const struct dentry *d, const char *text, size_t len)
{
    if (d->len != len)
        return false;
    for (const char *own = d->name, *end = own + len; own < end; own++, text++)
        if (*own != *text)
            return false;
    return true;
}

static inline struct dentry *find_locked(struct dentry *dir, const struct name *name)
{
    struct dentry *d = child_from(dir, name->hash);

    while (in_group(d, name->hash) && !same_name(d, name->text, name->len))
        d = dentry_of(rb_next(&d->link));
    return in_group(d, name->hash) ? d : NULL;
}

/* The key that a new name gets in `dir`: the first free slot of its group. */
static int choose_key(struct dentry *dir, const char *text, size_t len, u64 *key)
{
    u64 hash = name_hash(text, len);
    u64 free = hash;

    for (struct dentry *d = child_from(dir, hash); in_group(d, hash);
         d = dentry_of(rb_next(&d->link))) {
        if (same_name(d, text, len))
            return -EEXIST;
        if (d->key == free)
            free++;
    }
    *key = free;
    return free - hash < KEY_SLOTS ? 0 : -ENOSPC;
}

static void insert_locked(struct dentry *d, u64 key)
{
    struct rb_node **place = &d->parent->children.root;
    struct rb_node *above = NULL;

    while (*place) {
        above = *place;
        place = key < dentry_of(above)->key ? &above->left : &above->right;
    }
    d->key = key;
    d->linked = true;
    rb_insert_at(&d->parent->children, &d->link, above, place);
}

static void erase_locked(struct dentry *d)
{
    rb_erase(&d->parent->children, &d->link);
    d->linked = false;
}

/* --- life ------------------------------------------------------------------------------------ */

static bool set_name(struct dentry *d, const char *text, size_t len)
{
    d->len = (u8)len;
    d->name = len < DENTRY_INLINE ? d->short_name : kmalloc(len + 1);
    if (!d->name)
        return false;
    memcpy(d->name, text, len);
    d->name[len] = '\0';
    return true;
}

static struct dentry *make(struct dentry *parent, const char *name, size_t len, struct inode *inode)
{
    struct dentry *d = slab_zalloc(&dentry_cache);

    if (!d || !set_name(d, name, len)) {
        if (d)
            slab_free(&dentry_cache, d);
        inode_put(inode);
        return NULL;
    }
    d->refs = 1;
    d->inode = inode;
    d->parent = parent ? dentry_get(parent) : d;
    return d;
}

struct dentry *dentry_make_root(struct inode *inode)
{
    return make(NULL, "", 0, inode);
}

struct dentry *dentry_make(struct dentry *parent, const char *name, size_t len, struct inode *inode)
{
    return make(parent, name, len, inode);
}

/* The last reference is gone. Returns the parent, whose reference is now the caller's to drop. */
static struct dentry *destroy(struct dentry *d)
{
    struct dentry *parent = d->parent == d ? NULL : d->parent;
    irqflags_t flags = spin_lock(&tree_lock);

    if (d->inode->alias == d)
        d->inode->alias = NULL;
    spin_unlock(&tree_lock, flags);
    inode_put(d->inode);
    if (d->name != d->short_name)
        kfree(d->name);
    slab_free(&dentry_cache, d);
    return parent;
}

void dentry_destroy(struct dentry *dentry)
{
    do
        dentry = destroy(dentry);
    while (dentry && atomic_fetch_sub(&dentry->refs, 1) == 1);
}

/* --- finding --------------------------------------------------------------------------------- */

static const struct ns *current_mounts(void)
{
    return current_ns(NS_MNT);
}

/* What hides a directory in a namespace, or NULL. */
static struct mount *mount_on(const struct ns *ns, const struct dentry *dir)
{
    struct mount *m = dir->mounted;

    while (m && m->ns != ns)
        m = m->over;
    return m;
}

static struct dentry *enter_all(const struct ns *ns, struct dentry *d)
{
    struct mount *m;

    while ((m = mount_on(ns, d)))
        d = m->super->root;
    return d;
}

static inline struct dentry *enter_mounts(struct dentry *d)
{
    return likely(!d->mounted) ? d : enter_all(current_mounts(), d);
}

struct dentry *dentry_find(struct dentry *dir, const struct name *name)
{
    irqflags_t flags = spin_lock(&tree_lock);
    struct dentry *d = find_locked(dir, name);

    if (d)
        d = dentry_get(enter_mounts(d));
    spin_unlock(&tree_lock, flags);
    return d;
}

/* Takes a plain name off the path; false when it is none: empty, or with a dot in front. */
static inline bool next_plain(const char **path, struct name *name)
{
    const char *p = *path;
    u64 hash = NAME_HASH_START;

    while (*p == '/')
        p++;
    name->text = p;
    if (*p == '.' || !*p)
        return false;
    for (; *p && *p != '/'; p++)
        hash = name_hash_step(hash, *p);
    name->len = (size_t)(p - name->text);
    name->hash = name_hash_end(hash);
    *path = p;
    return true;
}

/* Whether everybody may look names up in it, whoever he is. */
static bool is_open(const struct dentry *dir)
{
    return (READ_ONCE(dir->inode->mode) & 0111) == 0111;
}

/* What is no directory has no children, so only the names need to be looked at. */
static __always_inline struct dentry *walk(struct dentry *from, const char *path, bool open)
{
    struct dentry *d = from;
    struct name name;
    irqflags_t flags = spin_lock(&tree_lock);

    do {
        if (open && !is_open(d))
            d = NULL;
        else
            d = next_plain(&path, &name) ? find_locked(d, &name) : NULL;
        if (d)
            d = enter_mounts(d);
    } while (d && *path);
    if (d)
        dentry_get(d);
    spin_unlock(&tree_lock, flags);
    return d;
}

struct dentry *dentry_walk(struct dentry *from, const char *path)
{
    return walk(from, path, false);
}

struct dentry *dentry_walk_open(struct dentry *from, const char *path)
{
    return walk(from, path, true);
}

bool dentry_next_child(struct dentry *dir, u64 *pos, struct dentry_record *out)
{
    irqflags_t flags = spin_lock(&tree_lock);
    struct dentry *d = child_from(dir, *pos);

    if (d) {
        out->ino = d->inode->ino;
        out->mode = d->inode->mode;
        out->len = d->len;
        memcpy(out->name, d->name, d->len + 1u);
        *pos = d->key + 1;
    }
    spin_unlock(&tree_lock, flags);
    return d;
}

struct dentry *dentry_of_inode(struct inode *inode)
{
    irqflags_t flags = spin_lock(&tree_lock);
    struct dentry *d = inode->alias;

    /* A dentry whose last reference has just gone is about to take this lock in destroy(). */
    if (d && atomic_fetch_add(&d->refs, 1) == 0) {
        atomic_store_relaxed(&d->refs, 0);
        d = NULL;
    }
    spin_unlock(&tree_lock, flags);
    return d;
}

static bool is_root(const struct dentry *d)
{
    return d->parent == d;
}

struct mount *dentry_mount_of(const struct ns *ns, const struct super *super)
{
    struct mount *m = super->mounts;

    while (m && m->ns != ns)
        m = m->same;
    return m;
}

/* From a mounted root to the directory that it hides, as often as it takes. */
static struct dentry *leave_mounts(const struct ns *ns, struct dentry *d)
{
    struct mount *m;

    while (is_root(d) && (m = dentry_mount_of(ns, d->inode->super)) && m->covered)
        d = m->covered;
    return d;
}

struct dentry *dentry_up(struct dentry *dentry)
{
    irqflags_t flags = spin_lock(&tree_lock);
    struct dentry *up = dentry_get(leave_mounts(current_mounts(), dentry)->parent);

    spin_unlock(&tree_lock, flags);
    return up;
}

/* --- changing -------------------------------------------------------------------------------- */

int dentry_link(struct dentry *dentry)
{
    u64 key;
    irqflags_t flags = spin_lock(&tree_lock);
    int err = dentry->parent->dead ? -ENOENT
                                   : choose_key(dentry->parent, dentry->name, dentry->len, &key);

    if (!err) {
        insert_locked(dentry, key);
        dentry_get(dentry);
        if (!dentry->inode->alias)
            dentry->inode->alias = dentry;
    }
    spin_unlock(&tree_lock, flags);
    return err;
}

static bool is_dir(const struct dentry *d)
{
    return S_ISDIR(d->inode->mode);
}

/* Whether the place still leads to `d`: since it was looked up there, anything may have happened. */
static bool is_at(const struct dentry *d, const struct place *place)
{
    return d->linked && d->parent == place->dir &&
           same_name(d, place->name->text, place->name->len);
}

/* Whether a name may go; `as_dir`: as a directory. */
static int may_unlink(const struct dentry *d, const struct place *place, bool as_dir)
{
    if (!is_at(d, place))
        return -ESTALE;
    if (as_dir != is_dir(d))
        return as_dir ? -ENOTDIR : -EISDIR;
    if (d->mounted)
        return -EBUSY;
    return rb_empty(&d->children) ? 0 : -ENOTEMPTY;
}

int dentry_unlink(struct dentry *dentry, const struct place *place, bool as_dir)
{
    irqflags_t flags = spin_lock(&tree_lock);
    int err = may_unlink(dentry, place, as_dir);

    if (!err) {
        erase_locked(dentry);
        dentry->dead = true;
    }
    spin_unlock(&tree_lock, flags);
    if (!err)
        dentry_put(dentry); /* the reference of being linked */
    return err;
}

static void swap_names(struct dentry *a, struct dentry *b)
{
    char *name_a = a->name == a->short_name ? b->short_name : a->name;
    char *name_b = b->name == b->short_name ? a->short_name : b->name;
    char text[DENTRY_INLINE];
    u8 len = a->len;

    memcpy(text, a->short_name, sizeof(text));
    memcpy(a->short_name, b->short_name, sizeof(text));
    memcpy(b->short_name, text, sizeof(text));
    a->name = name_b;
    a->len = b->len;
    b->name = name_a;
    b->len = len;
}

static bool is_below(const struct dentry *d, const struct dentry *above)
{
    while (d != above && !is_root(d))
        d = d->parent;
    return d == above;
}

static int may_move(struct dentry *d, const struct place *from, struct dentry *to,
                    struct dentry *victim, const struct place *at)
{
    if (!is_at(d, from))
        return -ESTALE;
    if (to->parent->dead)
        return -ENOENT;
    if (d->mounted)
        return -EBUSY;
    if (is_below(to->parent, d))
        return -EINVAL;
    return victim ? may_unlink(victim, at, is_dir(d)) : 0;
}

/* The key at the new place: the victim's own, since it has the same name. */
static int key_for_move(struct dentry *to, struct dentry *victim, u64 *key)
{
    if (!victim)
        return choose_key(to->parent, to->name, to->len, key);
    *key = victim->key;
    return 0;
}

static void move_locked(struct dentry *d, struct dentry *to, struct dentry *victim, u64 key)
{
    struct dentry *old_parent = d->parent;

    if (victim) {
        erase_locked(victim);
        victim->dead = true;
    }
    erase_locked(d);
    swap_names(d, to);
    d->parent = to->parent;
    to->parent = old_parent;
    insert_locked(d, key);
}

int dentry_move(struct dentry *dentry, const struct place *from, struct dentry *to,
                struct dentry *victim, const struct place *at)
{
    u64 key;
    irqflags_t flags = spin_lock(&tree_lock);
    int err = may_move(dentry, from, to, victim, at);

    if (!err)
        err = key_for_move(to, victim, &key);
    if (!err)
        move_locked(dentry, to, victim, key);
    spin_unlock(&tree_lock, flags);
    if (!err)
        dentry_put(victim);
    return err;
}

/* --- paths as text --------------------------------------------------------------------------- */

/* Puts text in front of *at, if it fits behind buf. */
static bool prepend(char *buf, char **at, const char *text, size_t len)
{
    if ((size_t)(*at - buf) < len)
        return false;
    *at -= len;
    memcpy(*at, text, len);
    return true;
}

static bool prepend_names(const struct ns *ns, struct dentry *d, struct dentry *root, char *buf,
                          char **at)
{
    bool ok = true;

    for (; ok && d != root; d = d->parent) {
        struct dentry *inner = leave_mounts(ns, d);

        if (inner != d && (d = inner) == root)
            break;
        if (is_root(d))
            return !root || d->inode->super->nowhere || prepend(buf, at, "(unreachable)", 13);
        ok = prepend(buf, at, d->name, d->len) && prepend(buf, at, "/", 1);
    }
    return ok;
}

char *dentry_path_in(const struct ns *ns, struct dentry *dentry, struct dentry *root, char *buf,
                     size_t size, bool mark)
{
    char *at = buf + size;
    bool ok = prepend(buf, &at, "", 1);
    irqflags_t flags = spin_lock(&tree_lock);

    if (mark && dentry->dead)
        ok = ok && prepend(buf, &at, " (deleted)", 10);
    char *end = at;
    ok = ok && prepend_names(ns, dentry, root, buf, &at);
    spin_unlock(&tree_lock, flags);
    if (ok && at == end)
        ok = prepend(buf, &at, "/", 1);
    return ok ? at : ERR_PTR(-ENAMETOOLONG);
}

char *dentry_path(struct dentry *dentry, struct dentry *root, char *buf, size_t size, bool mark)
{
    return dentry_path_in(current_mounts(), dentry, root, buf, size, mark);
}

/* --- mounts ---------------------------------------------------------------------------------- */

/* What mount_has() looks at first: nearly always nothing, and then no lock is taken. */
static void sum_attributes(struct super *super)
{
    u32 any = super->mounts ? 0 : super->attributes;

    for (const struct mount *m = super->mounts; m; m = m->same)
        any |= m->attributes;
    WRITE_ONCE(super->any_attributes, any);
}

u32 dentry_mount_attributes(const struct super *super)
{
    irqflags_t flags = spin_lock(&tree_lock);
    const struct mount *m = dentry_mount_of(current_mounts(), super);

    if (!m)
        m = super->mounts;
    u32 attributes = m ? m->attributes : super->attributes;
    spin_unlock(&tree_lock, flags);
    return attributes;
}

void dentry_change_attributes(struct super *super, struct mount *mount, u32 clear, u32 set)
{
    u32 *attributes = mount ? &mount->attributes : &super->attributes;
    irqflags_t flags = spin_lock(&tree_lock);

    *attributes = (*attributes & ~clear) | set;
    sum_attributes(super);
    spin_unlock(&tree_lock, flags);
}

static void link_mount(struct dentry *dir, struct mount *m)
{
    m->same = m->super->mounts;
    m->super->mounts = m;
    sum_attributes(m->super);
    if (!dir)
        return;
    m->covered = dentry_get(dir);
    m->over = dir->mounted;
    dir->mounted = m;
}

/* Gives back what it covered, whose reference is now the caller's. */
static struct dentry *unlink_mount(struct mount *m)
{
    struct mount **at = &m->super->mounts;

    while (*at != m)
        at = &(*at)->same;
    *at = m->same;
    m->super->attributes = m->attributes;
    sum_attributes(m->super);
    for (at = m->covered ? &m->covered->mounted : NULL; at && *at != m; at = &(*at)->over)
        ;
    if (at)
        *at = m->over;
    return m->covered;
}

int dentry_cover(struct dentry *dir, struct mount *mount)
{
    irqflags_t flags = spin_lock(&tree_lock);
    int err = dir && mount_on(mount->ns, dir) ? -EBUSY : dir && dir->dead ? -ENOENT : 0;

    if (!err)
        link_mount(dir, mount);
    spin_unlock(&tree_lock, flags);
    return err;
}

/* The next dentry below root in depth-first order, parents before children. */
static struct dentry *next_in_tree(struct dentry *d, struct dentry *root)
{
    struct rb_node *next = rb_first(&d->children);

    while (!next && d != root) {
        next = rb_next(&d->link);
        d = d->parent;
    }
    return dentry_of(next);
}

/*
 * Whether anybody uses the tree. Nobody does when each dentry is referenced by its link (the root:
 * by its super), by its children, and by nothing else.
 */
static bool tree_is_busy(struct dentry *root, u32 held)
{
    u64 refs = 0, expected = held;

    for (struct dentry *d = root; d; d = next_in_tree(d, root)) {
        if (d->mounted)
            return true;
        refs += atomic_load_relaxed(&d->refs);
        expected += d == root ? 1 : 2;
    }
    return refs != expected;
}

/* Who uses a file system that others have mounted too cannot be told from them. */
static bool is_busy(const struct mount *mount, int held)
{
    const struct super *super = mount->super;
    bool only = super->mounts == mount && !mount->same;

    return held >= 0 && only && tree_is_busy(super->root, (u32)held);
}

int dentry_uncover(struct mount *mount, int held)
{
    struct dentry *covered = NULL;
    irqflags_t flags = spin_lock(&tree_lock);
    int err = is_busy(mount, held) ? -EBUSY : 0;

    if (!err)
        covered = unlink_mount(mount);
    spin_unlock(&tree_lock, flags);
    dentry_put(covered);
    return err;
}

struct dentry *dentry_cross_down(const struct ns *ns, struct dentry *dir)
{
    if (likely(!READ_ONCE(dir->mounted)))
        return dir;
    irqflags_t flags = spin_lock(&tree_lock);
    struct dentry *root = dentry_get(enter_all(ns, dir));

    spin_unlock(&tree_lock, flags);
    dentry_put(dir);
    return root;
}

void dentry_close_root(struct dentry *root)
{
    irqflags_t flags = spin_lock(&tree_lock);

    root->dead = true;
    spin_unlock(&tree_lock, flags);
}

/* Takes one leaf out of the tree; its link's reference is the caller's. NULL: only root is left. */
static struct dentry *take_leaf(struct dentry *root)
{
    irqflags_t flags = spin_lock(&tree_lock);
    struct dentry *d = root;

    while (!rb_empty(&d->children))
        d = dentry_of(rb_first(&d->children));
    if (d != root) {
        erase_locked(d);
        d->dead = true;
    }
    spin_unlock(&tree_lock, flags);
    return d == root ? NULL : d;
}

void dentry_drop_tree(struct dentry *root)
{
    struct dentry *leaf;

    while ((leaf = take_leaf(root)))
        dentry_put(leaf);
}
