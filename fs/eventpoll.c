/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll. An epoll holds an item for each file that it watches; an item hangs on the wait queues that the file's
 * poll operation names, for as long as it exists. A wake-up there puts the item on the epoll's ready list ("pokes"
 * it); whoever waits looks at the files of that list alone. A file on the list may turn out not to be ready, and
 * then leaves it, unless it was poked during the look. Level-triggered items stay on it as long as they are ready.
 *
 * Items do not keep their files open: a file at its end takes its items along (file_unwatch). A look at a file
 * holds a reference of its own, so that nothing is locked while the poll operation runs.
 *
 * An epoll may watch epolls. Those do not hang on wait queues, which would have to be locked one in the other, but
 * in the watched epoll's list `outer`; a wake-up walks up these lists under one lock for all.
 *
 * Locks: `watch_lock` (sleeps) for which items there are, the files' lists of them, and who watches whom; then
 * the watched file's wait queue, then `nest_lock` for the lists `outer`, then the epoll's own spinlock for its tree,
 * its ready list and its items' state; then, without that, the queues of those who wait.
 */
#include <fs/eventpoll.h>

#include <abi/linux/poll.h>
#include <base/atomic.h>
#include <base/init.h>
#include <base/mutex.h>
#include <base/wait.h>
#include <fs/anon.h>
#include <fs/poll.h>
#include <lib/errno.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <mm/slab.h>
#include <mm/usercopy.h>

/* A FIFO that is open for both and a terminal name two queues; no file names more. */
#define HOOKS 2

/* Epolls one inside the other, and how many such pairs there may be: a wake-up may visit them all. */
#define NEST_DEEPEST 5
#define NEST_MOST    1000

#define EVENT_FLAGS (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)
#define EXCLUSIVE_MAY                                                                         \
    (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | \
     EPOLLEXCLUSIVE)

struct epoll {
    struct spinlock lock;
    struct rb_tree items; /* by file and descriptor; changes under watch_lock, too */
    struct list ready;
    u32 ready_count;
    struct wait_queue waiters; /* in epoll_wait: one is woken */
    struct wait_queue pollers; /* poll and select on the epoll itself: all are */
    struct list outer;         /* items of others that watch this one */
    struct list inner;         /* its own items that watch epolls; under watch_lock */
    u32 walk;                  /* the last walk over outer lists that came by; under nest_lock */
    u32 check, depth; /* the same for walks that measure, and what they found; under watch_lock */
};

struct epoll_hook {
    struct waiter waiter;
    struct epoll_item *item;
};

struct epoll_item {
    struct rb_node node;
    struct list ready_link;
    struct epoll *epoll;
    struct file *file; /* not referenced */
    int fd;
    u32 refs;   /* of the tree, and of each who looks */
    u32 events; /* that are wanted, and EVENT_FLAGS; without any event: off until it is set again */
    u64 data;
    u32 pokes;   /* how often something may have changed */
    u32 version; /* how often it was set anew, or reported for once */
    bool gone;   /* no longer in the tree */
    u8 hooks;
    bool too_many;                 /* queues */
    struct epoll_hook hook[HOOKS]; /* where it hangs */
    struct list outer_link, inner_link;
    struct epoll_item *next_of_file;
};

static struct mutex watch_lock = MUTEX_INIT(watch_lock, "epoll watches");
static struct spinlock nest_lock = SPINLOCK_INIT("epoll nest");
static u32 nest_walk;  /* under nest_lock */
static u32 nest_check; /* under watch_lock, as is */
static u32 nest_count;

static SLAB_CACHE(epoll_cache, "epoll", sizeof(struct epoll), 8);
static SLAB_CACHE(item_cache, "epoll item", sizeof(struct epoll_item), 8);

static const struct file_ops epoll_ops;

static struct epoll *epoll_of(const struct file *file)
{
    return file->ops == &epoll_ops ? file->private : NULL;
}

static void item_put(struct epoll_item *item)
{
    if (atomic_fetch_sub(&item->refs, 1) == 1)
        slab_free(&item_cache, item);
}

/* --- the ready list, under the epoll's lock -------------------------------------------------- */

static void list_item(struct epoll *ep, struct epoll_item *item)
{
    if (list_linked(&item->ready_link))
        return;
    list_push_back(&ep->ready, &item->ready_link);
    WRITE_ONCE(ep->ready_count, ep->ready_count + 1);
}

static void unlist_item(struct epoll *ep, struct epoll_item *item)
{
    if (!list_linked(&item->ready_link))
        return;
    list_remove(&item->ready_link);
    WRITE_ONCE(ep->ready_count, ep->ready_count - 1);
}

/* --- waking ---------------------------------------------------------------------------------- */

/* Puts the item on the list; false: nothing is wanted of it. Interrupts are off. */
static bool poke(struct epoll_item *item)
{
    struct epoll *ep = item->epoll;
    bool wanted;

    spin_lock_nested(&ep->lock);
    wanted = !item->gone && (item->events & ~EVENT_FLAGS);
    if (wanted) {
        item->pokes++;
        list_item(ep, item);
    }
    spin_unlock_nested(&ep->lock);
    return wanted;
}

/* Wakes who waits for the epoll directly. */
static void ring(struct epoll *ep)
{
    wake_one(&ep->waiters);
    wake_all(&ep->pollers);
}

/* Tells those that watch `ep`, and so on; each epoll passes it on once. At most NEST_DEEPEST calls deep. */
static void ring_outer(struct epoll *ep)
{
    struct epoll_item *item;

    ep->walk = nest_walk;
    list_for_each_entry (item, &ep->outer, outer_link) {
        if (!poke(item))
            continue;
        ring(item->epoll);
        if (item->epoll->walk != nest_walk)
            ring_outer(item->epoll);
    }
}

/* Something may be ready in `ep`. Any context, its lock not held. The fence in wake_all() is before the look at `outer`. */
static void announce(struct epoll *ep)
{
    irqflags_t flags;

    ring(ep);
    if (likely(READ_ONCE(ep->outer.next) == &ep->outer))
        return;
    flags = spin_lock(&nest_lock);
    nest_walk++;
    ring_outer(ep);
    spin_unlock(&nest_lock, flags);
}

/* A queue on which an item hangs was woken. With EPOLLEXCLUSIVE one of those that somebody waits for is enough. */
static bool hook_called(struct waiter *w, bool *served)
{
    struct epoll_item *item = container_of(w, struct epoll_hook, waiter)->item;
    struct epoll *ep = item->epoll;
    bool exclusive = READ_ONCE(item->events) & EPOLLEXCLUSIVE;
    bool awaited;

    if ((exclusive && *served) || !poke(item))
        return false;
    awaited = exclusive && READ_ONCE(ep->waiters.waiters.next) != &ep->waiters.waiters;
    announce(ep);
    *served |= awaited;
    return awaited;
}

/* --- looking --------------------------------------------------------------------------------- */

/* A look at an item: what it was like before. */
struct look {
    struct epoll_item *item;
    struct file *file; /* referenced, as is the item */
    u32 pokes, version;
    struct linux_epoll_event event; /* what is to be reported */
};

/* The first of the list, which goes to its end; false: there is none whose file is not at its end. */
static bool look_at_first(struct epoll *ep, struct look *look)
{
    struct epoll_item *item;
    irqflags_t flags = spin_lock(&ep->lock);

    while ((item = list_first_entry(&ep->ready, struct epoll_item, ready_link))) {
        if (file_get_live(item->file))
            break;
        unlist_item(ep, item);
    }
    if (item) {
        list_move_back(&ep->ready, &item->ready_link);
        atomic_add_relaxed(&item->refs, 1);
        *look = (struct look){.item = item,
                              .file = item->file,
                              .pokes = item->pokes,
                              .version = item->version,
                              .event = {.events = item->events, .data = item->data}};
    }
    spin_unlock(&ep->lock, flags);
    if (item)
        look->event.events &= file_poll(look->file, NULL);
    return item;
}

/*
 * The end of a look. With `report`, its events are the caller's: what is edge-triggered or wanted once has had
 * its turn, unless somebody else was faster. Whether there are events, and for a report whether they count.
 */
static bool finish_look(struct epoll *ep, struct look *look, bool report)
{
    struct epoll_item *item = look->item;
    irqflags_t flags = spin_lock(&ep->lock);
    bool quiet = item->pokes == look->pokes;
    bool counts = !item->gone && item->version == look->version && look->event.events;
    bool once = counts && report && (item->events & (EPOLLET | EPOLLONESHOT));

    if (once) {
        item->version++;
        if (item->events & EPOLLONESHOT)
            WRITE_ONCE(item->events, item->events & EVENT_FLAGS);
    }
    if ((quiet && (once || !look->event.events)) || !(item->events & ~EVENT_FLAGS))
        unlist_item(ep, item);
    else if (counts)
        list_item(ep, item);
    spin_unlock(&ep->lock, flags);
    file_put(look->file);
    item_put(item);
    return counts;
}

/* Moves what is ready to the array at `to`: how many events, or -EFAULT when none went. Each item has one look. */
static int send_events(struct epoll *ep, vaddr_t to, int most)
{
    u32 looks = READ_ONCE(ep->ready_count);
    struct look look;
    int n = 0;

    while (n < most && looks-- && look_at_first(ep, &look)) {
        vaddr_t at = to + (size_t)n * sizeof(look.event);
        bool fault = look.event.events && copyout_obj(at, &look.event);

        n += finish_look(ep, &look, !fault) && !fault;
        if (fault)
            return n ? n : -EFAULT;
    }
    return n;
}

/* For who polls the epoll itself. */
static bool anything_ready(struct epoll *ep)
{
    u32 looks = READ_ONCE(ep->ready_count);
    struct look look;

    while (looks-- && look_at_first(ep, &look)) {
        if (finish_look(ep, &look, false))
            return true;
    }
    return false;
}

int epoll_wait_for(struct file *file, vaddr_t to, int most, u64 deadline)
{
    struct epoll *ep = epoll_of(file);
    int n, err = 0;

    if (!ep)
        return -EINVAL;
    for (;;) {
        n = send_events(ep, to, most);
        if (n || err || !deadline)
            break;
        err = wait_event_until(&ep->waiters, READ_ONCE(ep->ready_count), deadline, true);
    }
    if (n > 0 && READ_ONCE(ep->ready_count))
        wake_one(&ep->waiters); /* there is more than this thread has taken */
    return n || err == -ETIMEDOUT ? n : err;
}

/* --- hanging items up ------------------------------------------------------------------------ */

struct hook_table {
    struct poll_table table;
    struct epoll_item *item;
};

static void add_hook(struct poll_table *table, struct wait_queue *queue)
{
    struct epoll_item *item = container_of(table, struct hook_table, table)->item;
    struct epoll_hook *hook = &item->hook[item->hooks];

    if (item->hooks == HOOKS) {
        item->too_many = true;
        return;
    }
    item->hooks++;
    hook->item = item;
    waiter_add_call(queue, &hook->waiter, hook_called);
}

static void watch_inner(struct epoll_item *item, struct epoll *inner)
{
    irqflags_t flags = spin_lock(&nest_lock);

    list_push_back(&inner->outer, &item->outer_link);
    spin_unlock(&nest_lock, flags);
    list_push_back(&item->epoll->inner, &item->inner_link);
    nest_count++;
}

static void unwatch_inner(struct epoll_item *item)
{
    irqflags_t flags = spin_lock(&nest_lock);

    list_remove(&item->outer_link);
    spin_unlock(&nest_lock, flags);
    list_remove(&item->inner_link);
    nest_count--;
}

/* From here on the item is poked when something happens. 0 or -ENOMEM. */
static int hang_up(struct epoll_item *item)
{
    struct epoll *inner = epoll_of(item->file);
    struct hook_table to = {.table = {.add = add_hook, .lasting = true}, .item = item};

    if (inner)
        watch_inner(item, inner);
    else if (file_poll(item->file, &to.table) & POLLNVAL)
        return -ENOMEM; /* a file that could not get ready to be watched says so */
    return item->too_many ? -ENOMEM : 0;
}

static void take_down(struct epoll_item *item)
{
    if (epoll_of(item->file))
        unwatch_inner(item);
    while (item->hooks)
        waiter_remove(&item->hook[--item->hooks].waiter);
}

/* --- items come and go, under watch_lock ----------------------------------------------------- */

static int compare(const struct epoll_item *a, const struct file *file, int fd)
{
    if (a->file != file)
        return a->file < file ? -1 : 1;
    return a->fd < fd ? -1 : a->fd > fd;
}

static bool before(const struct rb_node *a, const struct rb_node *b)
{
    const struct epoll_item *other = rb_entry(b, struct epoll_item, node);

    return compare(rb_entry(a, struct epoll_item, node), other->file, other->fd) < 0;
}

/* Under watch_lock or the epoll's. */
static struct epoll_item *find(struct epoll *ep, const struct file *file, int fd)
{
    struct rb_node *at = ep->items.root;

    while (at) {
        struct epoll_item *item = rb_entry(at, struct epoll_item, node);
        int order = compare(item, file, fd);

        if (!order)
            return item;
        at = order < 0 ? at->right : at->left;
    }
    return NULL;
}

/* Takes the item out of its file's list: last of all, since a file without items may go (file_put). */
static void forget(struct epoll_item *item)
{
    struct epoll_item **link = &item->file->watches;

    while (*link != item)
        link = &(*link)->next_of_file;
    atomic_store_release(link, item->next_of_file);
}

static void remove_item(struct epoll_item *item)
{
    struct epoll *ep = item->epoll;
    irqflags_t flags = spin_lock(&ep->lock);

    rb_erase(&ep->items, &item->node);
    unlist_item(ep, item);
    item->gone = true;
    spin_unlock(&ep->lock, flags);
    take_down(item);
    forget(item);
    item_put(item);
}

static void link_item(struct epoll_item *item)
{
    struct epoll *ep = item->epoll;
    irqflags_t flags = spin_lock(&ep->lock);

    rb_insert(&ep->items, &item->node, before);
    spin_unlock(&ep->lock, flags);
    item->next_of_file = item->file->watches;
    item->file->watches = item;
}

/* The file is at its end: nobody can watch it anew. */
static void unwatch(struct file *file)
{
    mutex_lock(&watch_lock);
    while (file->watches)
        remove_item(file->watches);
    mutex_unlock(&watch_lock);
}

/* --- epolls in epolls, under watch_lock ------------------------------------------------------ */

/* The longest chain of epolls below `ep`; each is measured once per check. */
static u32 depth_below(struct epoll *ep)
{
    struct epoll_item *item;

    if (ep->check == nest_check)
        return ep->depth;
    ep->check = nest_check;
    ep->depth = 0;
    list_for_each_entry (item, &ep->inner, inner_link)
        ep->depth = MAX(ep->depth, 1 + depth_below(epoll_of(item->file)));
    return ep->depth;
}

static u32 depth_above(struct epoll *ep)
{
    struct epoll_item *item;

    if (ep->check == nest_check)
        return ep->depth;
    ep->check = nest_check;
    ep->depth = 0;
    list_for_each_entry (item, &ep->outer, outer_link)
        ep->depth = MAX(ep->depth, 1 + depth_above(item->epoll));
    return ep->depth;
}

/* Whether `ep` may watch `inner`: -ELOOP for circles and chains too long, -ENOSPC. */
static int may_nest(struct epoll *ep, struct epoll *inner)
{
    u32 below, above;

    if (nest_count >= NEST_MOST)
        return -ENOSPC;
    nest_check++;
    below = depth_below(inner);
    if (ep->check == nest_check)
        return -ELOOP;
    nest_check++;
    above = depth_above(ep);
    return above + 1 + below > NEST_DEEPEST - 1 ? -ELOOP : 0;
}

/* --- control --------------------------------------------------------------------------------- */

static void poke_and_announce(struct epoll_item *item)
{
    irqflags_t flags = arch_irq_save();
    bool poked = poke(item);

    arch_irq_restore(flags);
    if (poked)
        announce(item->epoll);
}

/* Whatever holds already is found by the first look. */
static int add_locked(struct epoll_item *item)
{
    struct epoll *inner = epoll_of(item->file);
    int err = find(item->epoll, item->file, item->fd) ? -EEXIST : 0;

    if (!err && inner)
        err = may_nest(item->epoll, inner);
    if (err) {
        item_put(item);
        return err;
    }
    link_item(item);
    err = hang_up(item);
    if (err)
        remove_item(item);
    else
        poke_and_announce(item);
    return err;
}

static int add(struct epoll *ep, struct file *file, int fd, const struct linux_epoll_event *event)
{
    struct epoll_item *item;
    int err;

    if ((event->events & EPOLLEXCLUSIVE) && (epoll_of(file) || (event->events & ~EXCLUSIVE_MAY)))
        return -EINVAL;
    item = slab_zalloc(&item_cache);
    if (!item)
        return -ENOMEM;
    item->epoll = ep;
    item->file = file;
    item->fd = fd;
    item->refs = 1;
    item->events = event->events | POLLERR | POLLHUP;
    item->data = event->data;
    list_init(&item->ready_link);
    mutex_lock(&watch_lock);
    err = add_locked(item);
    mutex_unlock(&watch_lock);
    return err;
}

static int delete (struct epoll *ep, struct file *file, int fd)
{
    struct epoll_item *item;

    mutex_lock(&watch_lock);
    item = find(ep, file, fd);
    if (item)
        remove_item(item);
    mutex_unlock(&watch_lock);
    return item ? 0 : -ENOENT;
}

/* Under watch_lock, so that the item stays. */
static int set_item(struct epoll_item *item, const struct linux_epoll_event *event)
{
    irqflags_t flags;

    if ((item->events | event->events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    flags = spin_lock(&item->epoll->lock);
    WRITE_ONCE(item->events, event->events | POLLERR | POLLHUP);
    item->data = event->data;
    item->version++;
    spin_unlock(&item->epoll->lock, flags);
    poke_and_announce(item);
    return 0;
}

static int modify(struct epoll *ep, struct file *file, int fd,
                  const struct linux_epoll_event *event)
{
    struct epoll_item *item;
    int err;

    mutex_lock(&watch_lock);
    item = find(ep, file, fd);
    err = item ? set_item(item, event) : -ENOENT;
    mutex_unlock(&watch_lock);
    return err;
}

int epoll_control(struct file *file, int op, struct file *target, int fd,
                  const struct linux_epoll_event *event)
{
    struct epoll *ep = epoll_of(file);

    if (!target->ops->poll)
        return -EPERM;
    if (!ep || target == file)
        return -EINVAL;
    switch (op) {
    case EPOLL_CTL_ADD:
        return add(ep, target, fd, event);
    case EPOLL_CTL_DEL:
        return delete (ep, target, fd);
    case EPOLL_CTL_MOD:
        return modify(ep, target, fd, event);
    default:
        return -EINVAL;
    }
}

/* --- the file -------------------------------------------------------------------------------- */

static u32 epoll_poll(struct file *file, struct poll_table *table)
{
    struct epoll *ep = file->private;

    poll_on(table, &ep->pollers);
    return anything_ready(ep) ? POLLIN | POLLRDNORM : 0;
}

static void epoll_release(struct file *file)
{
    struct epoll *ep = file->private;

    mutex_lock(&watch_lock);
    while (ep->items.root)
        remove_item(rb_entry(ep->items.root, struct epoll_item, node));
    mutex_unlock(&watch_lock);
    slab_free(&epoll_cache, ep);
}

static const struct file_ops epoll_ops = {
    .stream = true, .poll = epoll_poll, .release = epoll_release};
static struct anon_kind epoll_kind = ANON_KIND_INIT(epoll_kind, "[eventpoll]", &epoll_ops);

int epoll_create(unsigned flags)
{
    struct epoll *ep;
    int fd;

    if (flags & ~(unsigned)EPOLL_CLOEXEC)
        return -EINVAL;
    ep = slab_zalloc(&epoll_cache);
    if (!ep)
        return -ENOMEM;
    spin_init(&ep->lock, "epoll");
    wait_queue_init(&ep->waiters, "epoll wait");
    wait_queue_init(&ep->pollers, "epoll poll");
    list_init(&ep->ready);
    list_init(&ep->outer);
    list_init(&ep->inner);
    fd = anon_install(&epoll_kind, ep, O_RDWR | flags);
    if (fd < 0)
        slab_free(&epoll_cache, ep);
    return fd;
}

static void eventpoll_init(void)
{
    file_unwatch = unwatch;
}
INITCALL(INIT_FS, eventpoll_init);
