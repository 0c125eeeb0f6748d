/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_UNIX: open files that travel in messages (SCM_RIGHTS). A message holds a reference on each. Sockets among them are
 * counted besides, since a socket that is closed everywhere but lies in its own queue would never end (collect.c).
 *
 * Lock: the mutex `in flight`, for those counts and their list. Files leave a message, and are copied from
 * one, only after its holder has had the mutex: so nobody comes by a file while collect.c thinks.
 */
#include "unix.h"

#include <abi/linux/resource.h>
#include <base/atomic.h>
#include <fs/fdtable.h>
#include <kernel/caps.h>
#include <kernel/rlimit.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>

struct mutex unix_flight_lock = MUTEX_INIT(unix_flight_lock, "unix in flight");
struct list unix_flights = LIST_INIT(unix_flights);
u32 unix_flight_count;

static u32 files_in_flight; /* of all kinds; atomic */

struct unix_socket *unix_of_file(const struct file *file)
{
    struct socket *s = file ? socket_of(file) : NULL;

    return s && s->family == AF_UNIX ? unix_of(s) : NULL;
}

static struct unix_rights *make_rights(unsigned count)
{
    struct unix_rights *rights = kzalloc(sizeof(*rights) + count * sizeof(rights->file[0]));

    if (rights)
        rights->count = count;
    return rights;
}

/* Files that travel are nobody's descriptors, so the limit on those has to count them as well. */
static bool too_many(void)
{
    return READ_ONCE(files_in_flight) > rlimit_current(RLIMIT_NOFILE) &&
           !caps_have(CAP_SYS_RESOURCE) && !caps_have(CAP_SYS_ADMIN);
}

/* Also files that are open as places only (O_PATH): who receives one can do no more with it either. */
static int take_files(struct file **files, const s32 *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        files[i] = fd_get_file(fds[i]);
        if (!files[i])
            return -EBADF;
    }
    return 0;
}

int unix_rights_add(struct unix_rights **rights, const s32 *fds, unsigned count)
{
    unsigned had = *rights ? (*rights)->count : 0;

    if (count > SCM_MAX_FD - had)
        return -EINVAL;
    if (!count)
        return 0;
    if (too_many())
        return -ETOOMANYREFS;
    struct unix_rights *grown = make_rights(had + count);
    if (!grown)
        return -ENOMEM;
    if (had)
        memcpy(grown->file, (*rights)->file, had * sizeof(grown->file[0]));
    kfree(*rights);
    *rights = grown;
    return take_files(grown->file + had, fds, count);
}

/* --- in flight, under the mutex -------------------------------------------------------------- */

static void take_off(struct unix_socket *s)
{
    if (!s || s->in_flight++)
        return;
    list_push_back(&unix_flights, &s->flight_link);
    WRITE_ONCE(unix_flight_count, unix_flight_count + 1);
}

static void land(struct unix_socket *s)
{
    if (!s || --s->in_flight)
        return;
    list_remove(&s->flight_link);
    WRITE_ONCE(unix_flight_count, unix_flight_count - 1);
}

void unix_rights_send(struct unix_rights *rights)
{
    mutex_lock(&unix_flight_lock);
    for (unsigned i = 0; i < rights->count; i++)
        take_off(unix_of_file(rights->file[i]));
    rights->sent = true;
    mutex_unlock(&unix_flight_lock);
    atomic_fetch_add(&files_in_flight, rights->count);
}

void unix_rights_receive(struct unix_rights *rights)
{
    if (!rights->sent)
        return;
    mutex_lock(&unix_flight_lock);
    for (unsigned i = 0; i < rights->count; i++)
        land(unix_of_file(rights->file[i]));
    rights->sent = false;
    mutex_unlock(&unix_flight_lock);
    atomic_fetch_sub(&files_in_flight, rights->count);
}

struct unix_rights *unix_rights_copy(const struct unix_rights *rights)
{
    struct unix_rights *copy = make_rights(rights->count);

    if (!copy)
        return NULL;
    mutex_lock(&unix_flight_lock);
    for (unsigned i = 0; i < rights->count; i++)
        copy->file[i] = file_get(rights->file[i]);
    mutex_unlock(&unix_flight_lock);
    return copy;
}

void unix_rights_free(struct unix_rights *rights)
{
    unix_rights_receive(rights);
    for (unsigned i = 0; i < rights->count; i++)
        if (rights->file[i])
            file_put(rights->file[i]);
    kfree(rights);
}
