/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of pending signals. See <kernel/sigqueue.h>. */
#include <kernel/sigqueue.h>
#include <lib/bits.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab.h>

static SLAB_CACHE(queued_cache, "signal", sizeof(struct sig_queued), 8);

void sigqueue_init(struct sig_pending *pending)
{
    pending->set = 0;
    pending->count = 0;
    list_init(&pending->queue);
}

int sigqueue_add(struct sig_pending *pending, int sig, const struct linux_siginfo *info, u64 limit,
                 bool must_queue)
{
    struct sig_queued *entry;

    if (sig < SIGRTMIN && (pending->set & sig_bit(sig)))
        return 0;
    entry = pending->count < limit ? slab_alloc(&queued_cache) : NULL;
    if (!entry && must_queue)
        return -EAGAIN;
    pending->set |= sig_bit(sig);
    if (!entry)
        return 0;
    entry->info = *info;
    entry->kept = false;
    list_push_back(&pending->queue, &entry->link);
    pending->count++;
    return 0;
}

static void discard(struct sig_pending *pending, struct sig_queued *entry)
{
    list_remove(&entry->link);
    pending->count--;
    if (!entry->kept)
        slab_free(&queued_cache, entry);
}

void sigqueue_add_kept(struct sig_pending *pending, struct sig_queued *entry)
{
    entry->pending = pending;
    pending->set |= sig_bit(entry->info.si_signo);
    list_push_back(&pending->queue, &entry->link);
    pending->count++;
}

void sigqueue_release(struct sig_queued *entry)
{
    struct sig_queued *copy;

    if (!list_linked(&entry->link))
        return;
    copy = slab_alloc(&queued_cache);
    if (copy) {
        copy->info = entry->info;
        copy->kept = false;
        list_insert_after(&entry->link, &copy->link);
        entry->pending->count++;
    }
    discard(entry->pending, entry);
}

/* The oldest entry of a signal, and whether there is another one behind it. */
static struct sig_queued *find(struct sig_pending *pending, int sig, bool *more)
{
    struct sig_queued *entry, *found = NULL;

    *more = false;
    list_for_each_entry (entry, &pending->queue, link) {
        if (entry->info.si_signo != sig)
            continue;
        if (found) {
            *more = true;
            break;
        }
        found = entry;
    }
    return found;
}

int sigqueue_take(struct sig_pending *pending, sigset_mask wanted, struct linux_siginfo *info)
{
    sigset_mask set = pending->set & wanted;
    struct sig_queued *entry;
    bool more;
    int sig;

    if (!set)
        return 0;
    sig = (int)bits_lowest(set) + 1;
    entry = find(pending, sig, &more);
    if (!more)
        pending->set &= ~sig_bit(sig);
    if (entry) {
        *info = entry->info;
        discard(pending, entry);
    } else {
        memset(info, 0, sizeof(*info));
        info->si_signo = sig;
    }
    return sig;
}

void sigqueue_drop(struct sig_pending *pending, sigset_mask unwanted)
{
    struct sig_queued *entry, *next;

    pending->set &= ~unwanted;
    if (list_empty(&pending->queue))
        return;
    list_for_each_entry_safe (entry, next, &pending->queue, link) {
        if (sig_bit(entry->info.si_signo) & unwanted)
            discard(pending, entry);
    }
}
