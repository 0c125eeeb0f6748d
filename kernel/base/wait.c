/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wait queues. The scheduler does the sleeping (named upcalls in base/wait.h); here is who waits for
 * what.
 *
 * No wake-up is lost: a waiter first joins the queue and is marked as sleeping (sched_prepare), then
 * looks at the condition; a waker first changes the condition, then looks at the queue. Each side has
 * a full fence between its two steps, so at least one of them sees the other.
 */
#include <base/percpu.h>
#include <base/wait.h>

void wait_queue_init(struct wait_queue *wq, const char *name)
{
    spin_init(&wq->lock, name);
    list_init(&wq->waiters);
}

void waiter_add_call(struct wait_queue *wq, struct waiter *w,
                     bool (*call)(struct waiter *w, bool *served))
{
    w->thread = current_thread();
    w->queue = wq;
    w->call = call;
    irqflags_t flags = spin_lock(&wq->lock);
    list_push_back(&wq->waiters, &w->link);
    spin_unlock(&wq->lock, flags);
    atomic_fence();
}

void waiter_add(struct wait_queue *wq, struct waiter *w)
{
    waiter_add_call(wq, w, NULL);
}

void waiter_remove(struct waiter *w)
{
    irqflags_t flags = spin_lock(&w->queue->lock);
    list_remove(&w->link);
    spin_unlock(&w->queue->lock, flags);
    w->queue = NULL;
}

static bool wake_waiter(struct waiter *w, bool *served)
{
    return unlikely(w->call) ? w->call(w, served) : sched_wake(w->thread);
}

static void wake(struct wait_queue *wq, bool all)
{
    bool served = false;

    atomic_fence();
    if (READ_ONCE(wq->waiters.next) == &wq->waiters)
        return;
    irqflags_t flags = spin_lock(&wq->lock);
    struct list *link = wq->waiters.next;
    for (; link != &wq->waiters; link = link->next) {
        /* One who is awake already, but has not left the queue yet, does not count. */
        bool woken = wake_waiter(container_of(link, struct waiter, link), &served);
        if (woken && !all)
            break;
    }
    spin_unlock(&wq->lock, flags);
}

void wake_one(struct wait_queue *wq)
{
    wake(wq, false);
}

void wake_all(struct wait_queue *wq)
{
    wake(wq, true);
}
