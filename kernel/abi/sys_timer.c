/* SPDX-License-Identifier: BSD-2-Clause */
/* POSIX timers. */
#include "args.h"
#include "syscall.h"

#include <abi/linux/signal.h>
#include <abi/linux/time.h>
#include <kernel/posix_timer.h>
#include <mm/usercopy.h>

/* Without a sigevent: SIGALRM, which carries the timer's id. */
static int read_plan(int clock, vaddr_t from, struct posix_timer_plan *plan)
{
    struct linux_sigevent event;

    *plan = (struct posix_timer_plan){.clock = clock, .signo = SIGALRM, .value_is_id = true};
    if (!from)
        return 0;
    if (copyin_obj(&event, from))
        return -EFAULT;
    if (event.sigev_notify == SIGEV_THREAD)
        event.sigev_notify = SIGEV_SIGNAL;
    if (event.sigev_notify != SIGEV_SIGNAL && event.sigev_notify != SIGEV_NONE &&
        event.sigev_notify != SIGEV_THREAD_ID)
        return -EINVAL;
    *plan = (struct posix_timer_plan){.clock = clock,
                                      .notify = event.sigev_notify,
                                      .signo = event.sigev_signo,
                                      .tid = event.sigev_tid,
                                      .value = event.sigev_value};
    return 0;
}

SYSCALL3(timer_create, int, clock, vaddr_t, from, vaddr_t, to)
{
    struct posix_timer_plan plan;
    int id = read_plan(clock, from, &plan);

    if (!id)
        id = posix_timer_create(&plan);
    if (id < 0)
        return id;
    if (!copyout_obj(to, &id))
        return 0;
    posix_timer_delete(id);
    return -EFAULT;
}

SYSCALL4(timer_settime, int, id, int, flags, vaddr_t, from, vaddr_t, to)
{
    u64 value, interval, old_value, old_interval;
    int err = from ? args_itimerspec(from, &value, &interval) : -EINVAL;

    if (!err)
        err =
            posix_timer_set(id, flags & TIMER_ABSTIME, value, interval, &old_value, &old_interval);
    return err || !to ? err : args_put_itimerspec(to, old_value, old_interval);
}

SYSCALL2(timer_gettime, int, id, vaddr_t, to)
{
    u64 value, interval;
    int err = posix_timer_get(id, &value, &interval);

    return err ? err : args_put_itimerspec(to, value, interval);
}

SYSCALL1(timer_getoverrun, int, id)
{
    return posix_timer_overrun(id);
}

SYSCALL1(timer_delete, int, id)
{
    return posix_timer_delete(id);
}
