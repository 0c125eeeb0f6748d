/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: names of sockets. A path leads to a file of its own kind, and that to the socket which made it; abstract names
 * (the first byte is 0) are only here. A table by hash knows those that are bound and open, a list all that there are.
 *
 * Lock: `names`, for table and list. A socket in them is alive: its last act is to leave.
 */
#include "unix.h"

#include <abi/linux/stat.h>
#include <base/atomic.h>
#include <fs/dentry.h>
#include <fs/fscontext.h>
#include <fs/names.h>
#include <fs/path.h>
#include <fs/permission.h>
#include <lib/errno.h>
#include <lib/fmt.h>
#include <lib/string.h>
#include <mm/slab.h>

#define BUCKETS   64u
#define PATH_AT   offsetof(struct linux_sockaddr_un, sun_path)
#define AUTO_MOST 0xfffffu /* names that autobind can make up */

static struct spinlock names = SPINLOCK_INIT("unix names");
static struct list all = LIST_INIT(all);
static struct list table[BUCKETS]; /* heads; a zeroed one is empty and not yet initialised */

/* --- names ----------------------------------------------------------------------------------- */

static bool is_path(const struct socket_address *address)
{
    return address->len > PATH_AT && address->un.sun_path[0];
}

int unix_check_address(struct socket_address *address)
{
    if (address->len <= PATH_AT || address->len > sizeof(address->un) || address->family != AF_UNIX)
        return -EINVAL;
    if (is_path(address)) { /* what counts ends at the first NUL, which may be missing */
        address->bytes[address->len] = 0;
        address->len = (unsigned)(PATH_AT + strlen(address->un.sun_path) + 1);
    }
    return 0;
}

static struct unix_name *make_name(struct unix_socket *s, const struct socket_address *address)
{
    struct unix_name *name = kmalloc(sizeof(*name));

    if (!name)
        return NULL;
    name->refs = 1;
    name->dentry = NULL;
    name->net = s->net;
    name->type = s->socket.type;
    name->hash = name_hash((const char *)address->bytes, address->len) >> 8;
    name->address = *address;
    return name;
}

/* Makes it the name of a file, whose reference it takes over. */
static void set_file(struct unix_name *name, struct dentry *dentry)
{
    name->dentry = dentry;
    name->hash = (vaddr_t)dentry->inode / sizeof(struct inode);
}

struct unix_name *unix_name_get(struct unix_name *name)
{
    atomic_add_relaxed(&name->refs, 1);
    return name;
}

void unix_name_put(struct unix_name *name)
{
    if (!name || atomic_fetch_sub(&name->refs, 1) != 1)
        return;
    dentry_put(name->dentry);
    kfree(name);
}

/* --- the table, under its lock --------------------------------------------------------------- */

static struct list *bucket_of(u64 hash)
{
    struct list *bucket = &table[hash % BUCKETS];

    if (!bucket->next)
        list_init(bucket);
    return bucket;
}

/* A path is its inode, another name its bytes. */
static bool same_name(const struct unix_name *a, const struct unix_name *b)
{
    if (a->dentry || b->dentry)
        return a->dentry && b->dentry && a->dentry->inode == b->dentry->inode;
    return a->net == b->net && a->type == b->type && a->address.len == b->address.len &&
           memcmp(a->address.bytes, b->address.bytes, a->address.len) == 0;
}

static struct unix_socket *find_locked(const struct unix_name *name)
{
    struct unix_socket *s;

    list_for_each_entry (s, bucket_of(name->hash), name_link)
        if (same_name(s->name, name))
            return s;
    return NULL;
}

void unix_names_add(struct unix_socket *s)
{
    irqflags_t flags = spin_lock(&names);

    list_push_back(&all, &s->all_link);
    spin_unlock(&names, flags);
}

void unix_names_close(struct unix_socket *s)
{
    irqflags_t flags = spin_lock(&names);

    list_remove(&s->name_link);
    spin_unlock(&names, flags);
}

void unix_names_remove(struct unix_socket *s)
{
    irqflags_t flags = spin_lock(&names);

    list_remove(&s->all_link);
    spin_unlock(&names, flags);
}

/* A reference to a socket in the list, unless its last one is just going. */
static bool get_live(struct unix_socket *s)
{
    u32 refs = atomic_load_relaxed(&s->socket.inode.refs);

    while (refs && !atomic_cas(&s->socket.inode.refs, &refs, refs + 1))
        ;
    return refs;
}

struct unix_socket *unix_next(struct unix_socket *s)
{
    irqflags_t flags = spin_lock(&names);
    struct list *link = s ? s->all_link.next : all.next;
    struct unix_socket *next = NULL;

    for (; link != &all && !next; link = link->next) {
        next = list_entry(link, struct unix_socket, all_link);
        if (!get_live(next))
            next = NULL;
    }
    spin_unlock(&names, flags);
    unix_put(s);
    return next;
}

/* --- binding --------------------------------------------------------------------------------- */

/* Publishes the name, and takes it over. -EADDRINUSE: another has it. */
static int publish(struct unix_socket *s, struct unix_name *name)
{
    irqflags_t flags = spin_lock(&names);
    bool taken = find_locked(name);

    if (!taken) {
        atomic_store_release(&s->name, name);
        list_push_back(bucket_of(name->hash), &s->name_link);
    }
    spin_unlock(&names, flags);
    if (taken)
        unix_name_put(name);
    return taken ? -EADDRINUSE : 0;
}

/* Makes the file that a path leads to, with the mode that fchmod() may have given to the socket. */
static int make_file(struct unix_socket *s, const char *path, struct dentry **out)
{
    struct path_last last;
    int err = path_last(NULL, path, 0, &last);

    if (err)
        return err;
    if (last.found)
        err = -EADDRINUSE;
    else if (last.slashes)
        err = -ENOENT;
    else
        err = name_make(&last, s->socket.inode.mode & ~fs_umask(), 0, NULL, out);
    path_last_put(&last);
    return err == -EEXIST ? -EADDRINUSE : err;
}

/* The file comes last of what may fail: it would be there for all to see. */
static int bind_to(struct unix_socket *s, const struct socket_address *address)
{
    struct unix_name *name = make_name(s, address);
    struct dentry *dentry;
    int err = 0;

    if (!name)
        return -ENOMEM;
    if (is_path(address)) {
        err = make_file(s, address->un.sun_path, &dentry);
        if (!err)
            set_file(name, dentry);
    }
    if (!err)
        return publish(s, name);
    unix_name_put(name);
    return err;
}

/* Names of five digits, one after the other, from where the last search has ended. */
int unix_autobind(struct unix_socket *s)
{
    static u32 last;
    int err = s->name ? 0 : -EADDRINUSE;

    for (u32 tries = 0; err == -EADDRINUSE && tries <= AUTO_MOST; tries++) {
        struct socket_address address = {.len = PATH_AT + 6, .family = AF_UNIX};
        fmt_snprintf(address.un.sun_path + 1, 6, "%05x",
                     (atomic_fetch_add(&last, 1) + 1) & AUTO_MOST);
        err = bind_to(s, &address);
        yield_point();
    }
    return err == -EADDRINUSE ? -ENOSPC : err;
}

static int bind_locked(struct unix_socket *s, const struct socket_address *given)
{
    struct socket_address address = *given;

    if (given->len == sizeof(address.family) && given->family == AF_UNIX)
        return unix_autobind(s);
    int err = unix_check_address(&address);
    if (err || s->name)
        return -EINVAL;
    return bind_to(s, &address);
}

int unix_bind(struct socket *socket, const struct socket_address *address)
{
    struct unix_socket *s = unix_of(socket);

    mutex_lock(&s->setup);
    int err = bind_locked(s, address);
    mutex_unlock(&s->setup);
    return err;
}

/* --- finding --------------------------------------------------------------------------------- */

/* The file that a path leads to, which must be a socket's that the caller may write to. Referenced. */
static int find_file(const char *path, struct dentry **out)
{
    int err = path_lookup(NULL, path, LOOKUP_FOLLOW, out);

    if (err)
        return err;
    err = inode_permission((*out)->inode, W_OK);
    if (!err && !S_ISSOCK((*out)->inode->mode))
        err = -ECONNREFUSED;
    if (err)
        dentry_put(*out);
    return err;
}

static struct unix_socket *find_name(const struct unix_name *name)
{
    irqflags_t flags = spin_lock(&names);
    struct unix_socket *s = find_locked(name);

    if (s && !get_live(s))
        s = NULL;
    spin_unlock(&names, flags);
    return s;
}

/* The name that an address means: a file's, or one by itself. */
static int resolve(struct unix_socket *s, const struct socket_address *address,
                   struct unix_name **out)
{
    struct dentry *dentry = NULL;
    int err = is_path(address) ? find_file(address->un.sun_path, &dentry) : 0;

    if (err)
        return err;
    *out = make_name(s, address);
    if (*out && dentry)
        set_file(*out, dentry);
    else
        dentry_put(dentry);
    return *out ? 0 : -ENOMEM;
}

int unix_find(struct unix_socket *s, const struct socket_address *given, struct unix_socket **out)
{
    struct socket_address address = *given;
    struct unix_name *name;
    int err = unix_check_address(&address);

    if (!err)
        err = resolve(s, &address, &name);
    if (err)
        return err;
    *out = find_name(name);
    unix_name_put(name);
    if (!*out)
        return -ECONNREFUSED;
    if ((*out)->socket.type == s->socket.type)
        return 0;
    unix_put(*out);
    return -EPROTOTYPE;
}
