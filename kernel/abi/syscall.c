/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a number to a handler. The array is built from <abi/syscalls.def>, which names every
 * number, so that a call costs a bounds check, a load and an indirect call.
 */
#include "syscall.h"

#include <abi/syscall_nr.h>
#include <base/atomic.h>
#include <base/lock_check.h>
#include <base/log.h>
#include <kernel/process.h>

typedef long (*syscall_handler)(struct trap_frame *tf);

/* Numbers named in the log already, one bit each. */
static u64 named[(SYSCALL_COUNT + 63) / 64];

/* A program asks for a call that is not there: said once per number, with `debug`. */
static void name_once(u64 nr, const char *name)
{
    u64 bit = 1ul << (nr & 63);

    if (!log_enabled(LOG_DEBUG) || atomic_fetch_or(&named[nr >> 6], bit) & bit)
        return;
    log_debug("pid %d %s: no system call %lu (%s)", process_pid(current_process()),
              current_process()->comm, nr, name);
}

#define NAMED(number, name) [number] = #name,
#define COMPLETE(number, name, pointers)
#define PARTIAL(number, name, pointers, how)
#define ABSENT(number, name, group) NAMED(number, name)
#define UNUSED(first, last)
static const char *const absent_name[SYSCALL_COUNT] = {
#include <abi/syscalls.def>
};
#undef COMPLETE
#undef PARTIAL
#undef ABSENT
#undef UNUSED

static long absent(struct trap_frame *tf)
{
    u64 nr = tf_syscall_nr(tf);

    name_once(nr, absent_name[nr] ? absent_name[nr] : "unused");
    return -ENOSYS;
}

/* Numbers beyond the table: newer than it, or nonsense. The first one is named. */
static __noinline long beyond(u64 nr)
{
    static u32 said;

    if (log_enabled(LOG_DEBUG) && !atomic_exchange(&said, 1u))
        log_debug("pid %d %s: no system call %lu", process_pid(current_process()),
                  current_process()->comm, nr);
    return -ENOSYS;
}

/* Each number once: the compiler warns about initialising one twice, the count about a gap. */
#define COMPLETE(number, name, pointers)     +1
#define PARTIAL(number, name, pointers, how) +1
#define ABSENT(number, name, group)          +1
#define UNUSED(first, last)                  +((last) - (first) + 1)
static_assert(
#include <abi/syscalls.def>
    == SYSCALL_COUNT, "a number is missing");
#undef COMPLETE
#undef PARTIAL
#undef ABSENT
#undef UNUSED

#define COMPLETE(number, name, pointers)     [number] = sys_##name,
#define PARTIAL(number, name, pointers, how) [number] = sys_##name,
#define ABSENT(number, name, group)          [number] = absent,
#define UNUSED(first, last)                  [first... last] = absent,
static const syscall_handler handlers[SYSCALL_COUNT] = {
#include <abi/syscalls.def>
};
#undef COMPLETE
#undef PARTIAL
#undef ABSENT
#undef UNUSED

void trap_syscall(struct trap_frame *tf)
{
    u64 nr = tf_syscall_nr(tf);

    if (likely(nr < SYSCALL_COUNT))
        tf_set_result(tf, handlers[nr](tf));
    else
        tf_set_result(tf, beyond(nr));
    lock_check_none_held();
}
