/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V shared memory: segments with an id and perhaps a key, which live until they are removed and nobody
 * has them mapped.
 *
 * A segment is a page cache without a file. `attached` counts the regions that map it and the calls that are
 * about to: a segment that is marked for removal goes with the last of them. The spinlock guards the tables and every
 * field but the frames; memory is taken and given back outside it. Whoever is attached may use the segment
 * without the lock.
 *
 * An id is a slot of the table (the lowest free one) with a sequence number above it, so that the id of a removed segment
 * does not soon become somebody else's.
 *
 * Each IPC namespace has a table. At its end the segments in it are removed; those that somebody is attached to live
 * on in none.
 */
#include "shm.h"

#include <abi/linux/resource.h>
#include <base/init.h>
#include <base/spinlock.h>
#include <kernel/caps.h>
#include <kernel/cred.h>
#include <kernel/namespace.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/rlimit.h>
#include <kernel/time.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <mm/page.h>
#include <mm/pcache.h>
#include <mm/slab.h>

#define INDEX_BITS 15
#define INDEX_MASK ((1 << INDEX_BITS) - 1)
#define SEQ_MASK   0xffffu

#define NOBODY (~0u) /* as a user or group: no id */

struct shm_table {
    struct id_tree segments;
    int last_index;
    u32 sequence;
};

struct shm_segment {
    struct pcache data;
    struct shm_table *table; /* NULL: its namespace is gone */
    struct id_node slot;     /* slot.id: the index */
    u64 attached;
    bool removed; /* IPC_RMID was called */
    bool locked;
    int id;
    int key; /* IPC_PRIVATE: none can find it */
    u64 size;
    u32 mode;
    u32 uid, gid, cuid, cgid;
    u64 attach_time, detach_time, change_time; /* seconds; 0: never */
    int creator, last;                         /* ids of processes, which may have ended */
};

static struct spinlock shm_lock = SPINLOCK_INIT("shm");
static struct shm_table first_table = {.last_index = -1};

static struct shm_table *current_table(void)
{
    return current_ns(NS_IPC)->part[NS_IPC_SHM];
}

static struct shm_segment *segment_at(struct id_node *slot)
{
    return slot ? container_of(slot, struct shm_segment, slot) : NULL;
}

static struct shm_segment *next_segment(const struct shm_table *table,
                                        const struct shm_segment *seg)
{
    return segment_at(id_next(&table->segments, seg ? seg->slot.id : -1));
}

static u64 seconds_now(void)
{
    return time_realtime_ns() / NSEC_PER_SEC;
}

/* The caller; 0 for who takes an address space apart that was looked at from outside. */
static int caller(void)
{
    struct process *p = current_thread()->process;

    return p ? process_pid(p) : 0;
}

/* --- the segment's view of who maps it --------------------------------------------------------- */

static struct shm_segment *segment_of(struct pcache *pc)
{
    return container_of(pc, struct shm_segment, data);
}

static void attach_locked(struct shm_segment *seg)
{
    seg->attached++;
    seg->attach_time = seconds_now();
    seg->last = caller();
}

static void seg_hold(struct pcache *pc)
{
    irqflags_t flags = spin_lock(&shm_lock);

    attach_locked(segment_of(pc));
    spin_unlock(&shm_lock, flags);
}

/* Takes a segment out of the table that is not needed any more; the caller destroys it. */
static bool retire_locked(struct shm_segment *seg)
{
    if (seg->attached || !seg->removed)
        return false;
    if (seg->table)
        id_remove(&seg->table->segments, &seg->slot);
    return true;
}

static void destroy(struct shm_segment *seg)
{
    pcache_destroy(&seg->data);
    kfree(seg);
}

static void seg_release(struct pcache *pc)
{
    struct shm_segment *seg = segment_of(pc);
    irqflags_t flags = spin_lock(&shm_lock);

    seg->attached--;
    seg->detach_time = seconds_now();
    seg->last = caller();
    bool gone = retire_locked(seg);
    spin_unlock(&shm_lock, flags);
    if (gone)
        destroy(seg);
}

static const char *seg_name(struct pcache *pc, char *buf, size_t len)
{
    fmt_snprintf(buf, len, "/SYSV%08x (deleted)", (u32)segment_of(pc)->key);
    return buf;
}

static void seg_identity(struct pcache *pc, u64 *dev, u64 *ino)
{
    *dev = 0;
    *ino = (u64)segment_of(pc)->id;
}

static const struct pcache_ops seg_ops = {
    .hold = seg_hold, .release = seg_release, .name = seg_name, .identity = seg_identity};

bool shm_owns(const struct pager *pager)
{
    const struct pcache *pc = pcache_if_pager(pager);

    return pc && pc->ops == &seg_ops;
}

/* --- finding ----------------------------------------------------------------------------------- */

static struct shm_segment *find_locked(int id)
{
    const struct id_tree *segments = &current_table()->segments;
    struct shm_segment *seg = id < 0 ? NULL : segment_at(id_find(segments, id & INDEX_MASK));

    return seg && seg->id == id ? seg : NULL;
}

static struct shm_segment *find_key_locked(int key)
{
    const struct shm_table *table = current_table();
    struct shm_segment *seg = NULL;

    while ((seg = next_segment(table, seg)) && seg->key != key)
        ;
    return seg;
}

/* --- who may (Linux's ipcperms) ---------------------------------------------------------------- */

static bool is_owner(const struct shm_segment *seg)
{
    u32 me = current_cred()->user.effective;

    return me == seg->uid || me == seg->cuid;
}

/* The rights in `want`, which may stand in any of a mode's three places. */
static bool grants(const struct shm_segment *seg, u32 want)
{
    const struct cred *cred = current_cred();
    u32 granted = seg->mode;

    if (is_owner(seg))
        granted >>= 6;
    else if (cred_in_group(cred, seg->gid) || cred_in_group(cred, seg->cgid))
        granted >>= 3;
    return !((want >> 6 | want >> 3 | want) & ~granted & 07) || caps_have(CAP_IPC_OWNER);
}

/* For who has those rights: ERR_PTR(-EINVAL), ERR_PTR(-EACCES). */
static struct shm_segment *find_for_locked(int id, u32 want)
{
    struct shm_segment *seg = find_locked(id);

    if (!seg)
        return ERR_PTR(-EINVAL);
    return grants(seg, want) ? seg : ERR_PTR(-EACCES);
}

/* For its owner or who has the capability: ERR_PTR(-EINVAL), ERR_PTR(-EPERM). */
static struct shm_segment *find_owned_locked(int id, unsigned cap)
{
    struct shm_segment *seg = find_locked(id);

    if (!seg)
        return ERR_PTR(-EINVAL);
    return is_owner(seg) || caps_have(cap) ? seg : ERR_PTR(-EPERM);
}

int shm_pager(int id, u32 want, struct pager **pager, u64 *size)
{
    irqflags_t flags = spin_lock(&shm_lock);
    struct shm_segment *seg = find_for_locked(id, want);

    if (!IS_ERR(seg)) {
        attach_locked(seg);
        *pager = &seg->data.pager;
        *size = seg->size;
    }
    spin_unlock(&shm_lock, flags);
    return PTR_ERR_OR_ZERO(seg);
}

/* --- making ------------------------------------------------------------------------------------ */

static struct shm_segment *make(int key, u64 size, unsigned flags)
{
    struct shm_segment *seg = kzalloc(sizeof(*seg));

    if (!seg)
        return NULL;
    pcache_init(&seg->data, &seg_ops);
    pcache_set_size(&seg->data, ALIGN_UP(size, PAGE_SIZE));
    seg->key = key;
    seg->size = size;
    seg->mode = flags & 0777;
    seg->uid = seg->cuid = current_cred()->user.effective;
    seg->gid = seg->cgid = current_cred()->group.effective;
    seg->change_time = seconds_now();
    seg->creator = caller();
    return seg;
}

static int free_index(const struct shm_table *table)
{
    int index = 0;

    for (struct shm_segment *s = NULL; (s = next_segment(table, s)) && s->slot.id == index; index++)
        ;
    return index;
}

static int link_locked(struct shm_segment *seg)
{
    struct shm_table *table = current_table();
    int index = free_index(table);

    if (index >= SHM_MAX_SEGMENTS)
        return -ENOSPC;
    if (index <= table->last_index)
        table->sequence = (table->sequence + 1) & SEQ_MASK;
    table->last_index = index;
    seg->table = table;
    seg->slot.id = index;
    seg->id = (int)(table->sequence << INDEX_BITS) | index;
    id_insert(&table->segments, &seg->slot);
    return seg->id;
}

/* What an existing segment of that key answers. */
static int use_existing(const struct shm_segment *seg, u64 size, unsigned flags)
{
    if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
        return -EEXIST;
    if (size > seg->size)
        return -EINVAL;
    return grants(seg, flags) ? seg->id : -EACCES;
}

/* Finds the key or links `fresh`, which becomes NULL then; without one, -ENOENT asks for it. */
static int find_or_link(int key, u64 size, unsigned flags, struct shm_segment **fresh)
{
    irqflags_t irq = spin_lock(&shm_lock);
    struct shm_segment *old = key == IPC_PRIVATE ? NULL : find_key_locked(key);
    int id = -ENOENT;

    if (old)
        id = use_existing(old, size, flags);
    else if (*fresh)
        id = link_locked(*fresh);
    if (!old && id >= 0)
        *fresh = NULL;
    spin_unlock(&shm_lock, irq);
    return id;
}

/* A new segment must have a size, and one that memory could ever hold unless that is left to fate. */
static int check_size(u64 size, unsigned flags)
{
    struct page_stats memory;

    if (!size || size > SHM_MAX_BYTES)
        return -EINVAL;
    page_stats(&memory);
    return !(flags & SHM_NORESERVE) && size / PAGE_SIZE > memory.total ? -ENOMEM : 0;
}

int shm_get(int key, u64 size, unsigned flags)
{
    struct shm_segment *fresh = NULL;
    int id = find_or_link(key, size, flags, &fresh);

    if (id != -ENOENT || (key != IPC_PRIVATE && !(flags & IPC_CREAT)))
        return id;
    int err = flags & SHM_HUGETLB ? -EINVAL : check_size(size, flags);
    if (err)
        return err;
    fresh = make(key, size, flags);
    if (!fresh)
        return -ENOMEM;
    id = find_or_link(key, size, flags, &fresh);
    if (fresh)
        destroy(fresh);
    return id;
}

/* --- control ----------------------------------------------------------------------------------- */

int shm_remove(int id)
{
    irqflags_t flags = spin_lock(&shm_lock);
    struct shm_segment *seg = find_owned_locked(id, CAP_SYS_ADMIN);
    bool gone = false;

    if (!IS_ERR(seg)) {
        seg->removed = true;
        seg->key = IPC_PRIVATE;
        gone = retire_locked(seg);
    }
    spin_unlock(&shm_lock, flags);
    if (gone)
        destroy(seg);
    return PTR_ERR_OR_ZERO(seg);
}

static int set_locked(struct shm_segment *seg, const struct linux_ipc_perm *perm)
{
    if (perm->uid == NOBODY || perm->gid == NOBODY)
        return -EINVAL;
    seg->uid = perm->uid;
    seg->gid = perm->gid;
    seg->mode = perm->mode & 0777;
    seg->change_time = seconds_now();
    return 0;
}

int shm_set(int id, const struct linux_ipc_perm *perm)
{
    irqflags_t flags = spin_lock(&shm_lock);
    struct shm_segment *seg = find_owned_locked(id, CAP_SYS_ADMIN);
    int err = IS_ERR(seg) ? (int)PTR_ERR(seg) : set_locked(seg, perm);

    spin_unlock(&shm_lock, flags);
    return err;
}

int shm_set_locked(int id, bool locked)
{
    bool none = locked && !rlimit_current(RLIMIT_MEMLOCK) && !caps_have(CAP_IPC_LOCK);
    irqflags_t flags = spin_lock(&shm_lock);
    struct shm_segment *seg = find_owned_locked(id, CAP_IPC_LOCK);

    if (!IS_ERR(seg) && none)
        seg = ERR_PTR(-EPERM);
    if (!IS_ERR(seg))
        seg->locked = locked;
    spin_unlock(&shm_lock, flags);
    return PTR_ERR_OR_ZERO(seg);
}

static void fill_stat(const struct shm_segment *seg, struct linux_shmid_ds *out)
{
    u32 mode = seg->mode | (seg->removed ? SHM_DEST : 0) | (seg->locked ? SHM_LOCKED : 0);

    *out = (struct linux_shmid_ds){
        .shm_perm = {.key = seg->key,
                     .uid = seg->uid,
                     .gid = seg->gid,
                     .cuid = seg->cuid,
                     .cgid = seg->cgid,
                     .mode = mode,
                     .seq = (u16)((u32)seg->id >> INDEX_BITS)},
        .shm_segsz = seg->size,
        .shm_atime = (s64)seg->attach_time,
        .shm_dtime = (s64)seg->detach_time,
        .shm_ctime = (s64)seg->change_time,
        .shm_cpid = seg->creator,
        .shm_lpid = seg->last,
        .shm_nattch = seg->attached,
    };
}

/* As the caller sees them: below the root of PID namespaces 0 for who has ended. Not under shm_lock. */
static void translate_pids(struct linux_shmid_ds *ds)
{
    ds->shm_cpid = pid_seen(ds->shm_cpid);
    ds->shm_lpid = pid_seen(ds->shm_lpid);
}

/* The id of what was found, or its error. */
static int stat_found(struct shm_segment *seg, struct linux_shmid_ds *out)
{
    if (IS_ERR(seg))
        return (int)PTR_ERR(seg);
    fill_stat(seg, out);
    return seg->id;
}

int shm_stat(int id, struct linux_shmid_ds *out)
{
    irqflags_t flags = spin_lock(&shm_lock);
    int found = stat_found(find_for_locked(id, 0444), out);

    spin_unlock(&shm_lock, flags);
    if (found >= 0)
        translate_pids(out);
    return MIN(found, 0);
}

int shm_stat_index(int index, u32 want, struct linux_shmid_ds *out)
{
    irqflags_t flags = spin_lock(&shm_lock);
    struct shm_segment *seg = segment_at(id_find(&current_table()->segments, index));
    int id = stat_found(find_for_locked(seg ? seg->id : -1, want), out);

    spin_unlock(&shm_lock, flags);
    if (id >= 0)
        translate_pids(out);
    return id;
}

int shm_info(struct linux_shm_info *out)
{
    const struct shm_table *table = current_table();
    irqflags_t flags = spin_lock(&shm_lock);
    int last = 0;

    *out = (struct linux_shm_info){.used_ids = (s32)table->segments.count};
    for (struct shm_segment *seg = NULL; (seg = next_segment(table, seg)); last = seg->slot.id) {
        out->shm_tot += ALIGN_UP(seg->size, PAGE_SIZE) / PAGE_SIZE;
        out->shm_rss += pcache_frames(&seg->data);
    }
    spin_unlock(&shm_lock, flags);
    return last;
}

int shm_next(int after, struct linux_shmid_ds *out, int *id, u64 *resident)
{
    irqflags_t flags = spin_lock(&shm_lock);
    struct shm_segment *seg = segment_at(id_next(&current_table()->segments, after));
    int index = seg ? seg->slot.id : -1;

    if (seg) {
        fill_stat(seg, out);
        *id = seg->id;
        *resident = pcache_frames(&seg->data) * PAGE_SIZE;
    }
    spin_unlock(&shm_lock, flags);
    if (seg)
        translate_pids(out);
    return index;
}

/* --- per namespace ----------------------------------------------------------------------------- */

static int make_table(struct ns *ns, const struct ns *from)
{
    struct shm_table *table = kzalloc(sizeof(*table));

    (void)from;
    if (!table)
        return -ENOMEM;
    table->last_index = -1;
    ns->part[NS_IPC_SHM] = table;
    return 0;
}

/* Takes the next segment out of a table that nobody sees any more. *gone: the caller destroys it. */
static struct shm_segment *orphan_next(struct shm_table *table, bool *gone)
{
    irqflags_t flags = spin_lock(&shm_lock);
    struct shm_segment *seg = next_segment(table, NULL);

    if (seg) {
        id_remove(&table->segments, &seg->slot);
        seg->table = NULL;
        seg->removed = true;
        *gone = retire_locked(seg);
    }
    spin_unlock(&shm_lock, flags);
    return seg;
}

static void free_table(struct ns *ns)
{
    struct shm_table *table = ns->part[NS_IPC_SHM];
    struct shm_segment *seg;
    bool gone;

    while ((seg = orphan_next(table, &gone)))
        if (gone)
            destroy(seg);
    kfree(table);
}

static const struct ns_part shm_part = {.name = "shm", .make = make_table, .free = free_table};

static void shm_init(void)
{
    ns_part_register(NS_IPC, NS_IPC_SHM, &shm_part, &first_table);
}
INITCALL(INIT_FS, shm_init);
