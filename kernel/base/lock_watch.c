/* SPDX-License-Identifier: BSD-2-Clause */
/* The deadlock watchdog: see <base/lock_watch.h>. */
#include <base/lock_watch.h>

#if LOCK_CHECK
#include <arch/time.h>
#include <base/init.h>
#include <base/panic.h>
#include <base/spinlock.h>
#include <base/symbols.h>
#include <lib/errno.h>
#include <lib/num.h>

/* Reading the clock may trap to firmware: look at it once in so many rounds. */
#define ROUNDS_PER_LOOK 65536
#define SECONDS_MOST    3600

static u64 seconds = 30;

static int set_seconds(const char *value)
{
    u64 wanted;
    int err = num_parse_u64(value, 10, &wanted);
    if (err || !wanted || wanted > SECONDS_MOST)
        return -EINVAL;
    seconds = wanted;
    return 0;
}
PARAM("lockwatch", set_seconds);

struct lock_watch lock_watch_begin(const struct spinlock *lock)
{
    return (struct lock_watch){.served = atomic_load_relaxed(&lock->owner), .since = arch_ticks()};
}

static __noreturn void report(const struct spinlock *lock)
{
    u32 holder = atomic_load_relaxed(&lock->holder);
    char at[SYMBOL_TEXT_MAX];
    if (!holder)
        panic("deadlock: spinlock %s is free, but whose turn it is has not come for %lu s",
              lock->name, seconds);
    panic("deadlock: spinlock %s has been held by cpu %u for %lu s, from %s", lock->name,
          holder - 1, seconds, symbol_format_return(lock->at, at, sizeof(at)));
}

void lock_watch_look(struct lock_watch *watch, const struct spinlock *lock)
{
    if (++watch->rounds % ROUNDS_PER_LOOK)
        return;
    u32 served = atomic_load_relaxed(&lock->owner);
    if (served != watch->served)
        *watch = lock_watch_begin(lock);
    else if (arch_ticks() - watch->since > seconds * arch_time_hz)
        report(lock);
}
#endif
