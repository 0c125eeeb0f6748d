/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel threads. See <kernel/kthread.h>. */
#include <base/percpu.h>
#include <kernel/kthread.h>
#include <kernel/sched.h>
#include <lib/err.h>
#include <mm/slab.h>

struct start {
    void (*fn)(void *arg);
    void *arg;
};

static void kthread_entry(void *arg)
{
    struct start start = *(struct start *)arg;

    sched_begin();
    kfree(arg);
    start.fn(start.arg);
    thread_exit();
}

struct thread *thread_create_kernel(const char *name, void (*fn)(void *arg), void *arg, int cpu)
{
    struct start *start;
    struct thread *t;

    if (cpu >= CPU_MAX || (cpu >= 0 && !cpu_online((u32)cpu)))
        return ERR_PTR(-EINVAL);
    start = kmalloc(sizeof(*start));
    t = start ? thread_alloc(name, kthread_entry, start) : NULL;
    if (!t) {
        kfree(start);
        return ERR_PTR(-ENOMEM);
    }
    *start = (struct start){fn, arg};
    if (cpu >= 0)
        t->affinity = BIT(cpu);
    sched_start_thread(t);
    return t;
}

void thread_exit(void)
{
    sched_exit();
}
