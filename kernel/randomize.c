/* SPDX-License-Identifier: BSD-2-Clause */
/* Random addresses for programs: whether (see <kernel/randomize.h>); where is kernel/abi/exec_place.c. */
#include <abi/linux/personality.h>
#include <base/init.h>
#include <kernel/process.h>
#include <kernel/randomize.h>
#include <kernel/sched.h>

u32 randomize_va_space = RANDOMIZE_HEAP_TOO;

static int switch_off(const char *value)
{
    (void)value;
    randomize_va_space = RANDOMIZE_NOTHING;
    return 0;
}
PARAM("norandmaps", switch_off);

bool randomize_wanted(u32 level, bool secure)
{
    return READ_ONCE(randomize_va_space) >= level &&
           (secure || !(current_process()->personality & ADDR_NO_RANDOMIZE));
}
