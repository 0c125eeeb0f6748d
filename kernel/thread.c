/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: making and freeing them. Who runs when is the scheduler's business (sched.c).
 */
#include <base/panic.h>
#include <kernel/cred.h>
#include <kernel/thread.h>
#include <lib/string.h>
#include <mm/failalloc.h>
#include <mm/slab.h>

#define AFFINITY_ALL (~0ul)

static SLAB_CACHE(thread_cache, "thread", sizeof(struct thread), 16);

struct thread *thread_alloc(const char *name, void (*entry)(void *arg), void *arg)
{
    struct thread *self = current_thread(); /* nobody: the first one is being made */
    struct thread *t = slab_alloc(&thread_cache);

    if (!t)
        return NULL;
    /* The context in front is arch_context_init's; its floating-point part may stay noise. */
    memset((char *)t + sizeof(t->context), 0, sizeof(*t) - sizeof(t->context));
    strlcpy(t->name, name, sizeof(t->name));
    if (kstack_alloc(&t->stack, t->name)) {
        slab_free(&thread_cache, t);
        return NULL;
    }
    arch_context_init(&t->context, t->stack.top, entry, arg);
    t->real_cred = cred_get(self ? self->real_cred : &cred_root);
    t->cred = t->real_cred;
    t->state = THREAD_NEW;
    t->cpu = cpu_id();
    t->affinity = AFFINITY_ALL;
    t->check_at = THREAD_UNCHECKED;
    return t;
}

void thread_free(struct thread *t)
{
    failalloc_forget(t);
    DEBUG_ASSERT(t->state == THREAD_DEAD || t->state == THREAD_NEW);
    cred_put(t->real_cred);
    kstack_free(&t->stack);
    slab_free(&thread_cache, t);
}
