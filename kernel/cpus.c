/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing up the other cpus. See <kernel/cpus.h>.
 *
 * `expected` decides between a cpu that comes up late and the boot cpu that no longer waits: each takes
 * the cpu's bit out, atomically, and who finds it gone has come second. So a cpu either is online before
 * the first program runs, or never is; whoever counts the cpus may rely on that.
 */
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/smp.h>
#include <base/atomic.h>
#include <base/init.h>
#include <base/log.h>
#include <base/percpu.h>
#include <kernel/cpus.h>
#include <kernel/sched.h>
#include <kernel/time.h>
#include <lib/bits.h>
#include <lib/errno.h>
#include <lib/num.h>
#include <mm/kstack.h>

/* How long the cpus may take to come up: on a board some microseconds, in an emulator on a busy host seconds. */
#define START_TIMEOUT_NS (10 * NSEC_PER_SEC)

static u32 wanted = CPU_MAX;
static u32 expected; /* told to start and not heard of yet, a bit each */

static int set_max(const char *value)
{
    u64 n;
    int err = num_parse_u64(value, 10, &n);

    if (!err)
        wanted = (u32)MAX(1ul, MIN(n, (u64)CPU_MAX));
    return err;
}
PARAM("maxcpus", set_max);

static int set_nosmp(const char *value)
{
    (void)value;
    wanted = 1;
    return 0;
}
PARAM("nosmp", set_nosmp);

int cpus_prepare(u32 cpu, vaddr_t *stack_top)
{
    struct kstack overflow;

    *stack_top = sched_prepare_cpu(cpu);
    if (!*stack_top || kstack_alloc(&overflow, "overflow stack"))
        return -ENOMEM;
    arch_set_overflow_stack(cpu, overflow.top);
    return 0;
}

static bool take_expected(u32 cpu)
{
    return atomic_fetch_and(&expected, ~(1u << cpu)) & 1u << cpu;
}

static void leave_out(u32 cpu, const char *why, int err)
{
    log_warn("cpu %u (hart %lu): %s, error %d: left out", cpu, arch_cpu_hwid(cpu), why, -err);
}

/* The cpu's bit if it may come up, else 0. */
static u32 start(u32 cpu)
{
    vaddr_t stack_top;
    int err = cpus_prepare(cpu, &stack_top);

    if (err) {
        leave_out(cpu, "no stacks", err);
        return 0;
    }
    atomic_fetch_or(&expected, 1u << cpu);
    err = arch_cpu_start(cpu, stack_top);
    if (err && take_expected(cpu)) {
        leave_out(cpu, "does not start", err);
        return 0;
    }
    return 1u << cpu;
}

static bool all_online(u32 cpus)
{
    return (cpu_online_set() & cpus) == cpus;
}

void cpus_start(void)
{
    u64 deadline = time_now_ns() + START_TIMEOUT_NS;
    u32 count = MIN(cpu_count(), wanted), started = 0;

    for (u32 cpu = 1; cpu < count; cpu++)
        started |= start(cpu);
    while (!all_online(started) && time_now_ns() < deadline)
        arch_relax();
    for (u32 cpu = 1; cpu < count; cpu++)
        if (take_expected(cpu)) {
            leave_out(cpu, "does not come up", -ETIMEDOUT);
            started &= ~(1u << cpu);
        }
    while (!all_online(started))
        arch_relax(); /* heard of: some instructions away */
    log_info("cpus: %u of %u run", bits_count(cpu_online_set()), cpu_count());
}

void smp_secondary_main(void)
{
    if (!take_expected(cpu_id()))
        arch_halt();
    sched_start_cpu();
    sched_idle();
}
