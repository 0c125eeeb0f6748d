/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest=NAME[@cpu]: runs one registered test in a kernel thread of that cpu, says how it went,
 * and powers off. `selftest=NAME@end` runs it when a program has the machine turned off: after
 * whatever programs did to it. `selftest=list` names them all.
 */
#include <base/atomic.h>
#include <base/init.h>
#include <base/log.h>
#include <base/percpu.h>
#include <base/wait.h>
#include <kernel/kthread.h>
#include <kernel/power.h>
#include <kernel/selftest.h>
#include <kernel/time.h>
#include <lib/err.h>
#include <lib/fmt.h>
#include <lib/num.h>
#include <lib/string.h>
#include <stdarg.h>

#define REASON_MAX 160

static char wanted[48];
static u64 wanted_cpu;
static bool wanted_at_end;
static char reason[REASON_MAX];

/* One test on some cpus at once. */
struct round {
    void (*fn)(void *arg);
    void *arg;
    u32 running;
    struct wait_queue done;
};

static int set_selftest(const char *value)
{
    char *at;

    if (strlcpy(wanted, value, sizeof(wanted)) >= sizeof(wanted))
        return -EINVAL;
    at = strchr(wanted, '@');
    if (!at)
        return 0;
    *at = '\0';
    wanted_at_end = !strcmp(at + 1, "end");
    return wanted_at_end ? 0 : num_parse_u64(at + 1, 10, &wanted_cpu);
}
PARAM("selftest", set_selftest);

bool selftest_wanted(void)
{
    return wanted[0] && !wanted_at_end;
}

const char *selftest_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fmt_vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    return reason;
}

/* --- threads on other cpus --- */

static void member(void *arg)
{
    struct round *round = arg;

    round->fn(round->arg);
    /* Under the queue's lock, so that the waiter cannot leave with the queue before we are done. */
    irqflags_t flags = spin_lock(&round->done.lock);
    round->running--;
    spin_unlock(&round->done.lock, flags);
}

static u32 still_running(struct round *round)
{
    irqflags_t flags = spin_lock(&round->done.lock);
    u32 running = round->running;

    spin_unlock(&round->done.lock, flags);
    return running;
}

static void wait_for(struct round *round)
{
    while (still_running(round)) {
        u64 soon = time_now_ns() + NSEC_PER_MSEC;

        (void)wait_event_until(&round->done, false, soon, false);
    }
}

static int start_on(struct round *round, u32 cpu)
{
    round->running++;
    if (!IS_ERR(thread_create_kernel("selftest", member, round, (int)cpu)))
        return 0;
    round->running--;
    return -ENOMEM;
}

int selftest_on_all_cpus(void (*fn)(void *arg), void *arg)
{
    struct round round = {.fn = fn, .arg = arg, .done = WAIT_QUEUE_INIT(round.done, "selftest")};
    irqflags_t flags = spin_lock(&round.done.lock);
    int err = 0;

    for (u32 cpu = 0; cpu < cpu_count() && !err; cpu++) {
        if (cpu_online(cpu))
            err = start_on(&round, cpu);
    }
    spin_unlock(&round.done.lock, flags);
    wait_for(&round);
    return err;
}

/* --- the test that was asked for --- */

static const struct selftest *find(const char *name)
{
    for (const struct selftest *t = __selftests_start; t < __selftests_end; t++) {
        if (!strcmp(t->name, name))
            return t;
    }
    return NULL;
}

static void list(void)
{
    log_warn("selftest list: pass");
    for (const struct selftest *t = __selftests_start; t < __selftests_end; t++)
        log_warn("selftest list: %s", t->name);
}

static void report(const struct selftest *test)
{
    const char *why = test->fn();

    if (why)
        log_warn("selftest %s: fail %s", test->name, why);
    else
        log_warn("selftest %s: pass", test->name);
}

static void run_test(void *arg)
{
    report(arg);
    kernel_poweroff();
}

void selftest_run(void)
{
    const struct selftest *test = find(wanted);

    if (!strcmp(wanted, "list"))
        list();
    else if (!test)
        log_warn("selftest %s: fail there is no test of that name", wanted);
    else if (IS_ERR(thread_create_kernel("selftest", run_test, (void *)test, (int)wanted_cpu)))
        log_warn("selftest %s: fail cpu %lu does not run", wanted, wanted_cpu);
    else
        thread_exit();
    kernel_poweroff();
}

void selftest_at_end(void)
{
    const struct selftest *test = wanted_at_end ? find(wanted) : NULL;

    if (test)
        report(test);
    else if (wanted_at_end)
        log_warn("selftest %s: fail there is no test of that name", wanted);
}
