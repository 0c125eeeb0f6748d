/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/hostmachine.c tests/host/physmachine.c tests/host/host_slab.c
// sources: mm/region_scan.c mm/page_map.c mm/page_init.c mm/page_alloc.c mm/page_check.c
// sources: mm/failalloc.c mm/kmalloc.c kernel/base/spinlock.c kernel/base/percpu.c
// sources: lib/interval.c lib/fdt.c lib/fdt_check.c lib/fdt_reg.c lib/string_extra.c
// sources: lib/string_page.c lib/num.c kernel/sigqueue.c
/*
 * Queues of pending signals against a model: standard signals once, real-time ones in order, with
 * the information that came with them unless memory or the limit ran out.
 */
#include "hostmachine.h"
#include "physmachine.h"
#include <kernel/sigqueue.h>
#include <lib/errno.h>
#include <mm/failalloc.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LIMIT 50
#define MOST  200 /* of one signal, in the model */

/* What is pending of each signal: values of the entries, oldest first. */
static struct {
    u64 value[MOST];
    u32 count;
    bool pending;
} model[NSIG + 1];
static u32 model_count;
static struct sig_pending pending;

static void reset(void)
{
    for (int sig = 0; sig <= NSIG; sig++)
        model[sig].count = model[sig].pending = 0;
    model_count = 0;
    sigqueue_init(&pending);
}

static void add(int sig, u64 value)
{
    struct linux_siginfo info = {.si_signo = sig, .si_code = SI_QUEUE, .kill.value = value};
    bool full = model_count >= LIMIT;
    int err = sigqueue_add(&pending, sig, &info, LIMIT, sig >= SIGRTMIN);

    if (sig < SIGRTMIN && model[sig].pending) {
        assert_int_equal(err, 0);
        return;
    }
    assert_int_equal(err, full && sig >= SIGRTMIN ? -EAGAIN : 0);
    if (err)
        return;
    model[sig].pending = true;
    if (full)
        return;
    model[sig].value[model[sig].count++] = value;
    model_count++;
}

static int lowest(sigset_mask wanted)
{
    for (int sig = 1; sig <= NSIG; sig++)
        if (model[sig].pending && (wanted & sig_bit(sig)))
            return sig;
    return 0;
}

static void take(sigset_mask wanted)
{
    struct linux_siginfo info;
    int expected = lowest(wanted);
    int sig = sigqueue_take(&pending, wanted, &info);

    assert_int_equal(sig, expected);
    if (!sig)
        return;
    assert_int_equal(info.si_signo, sig);
    if (!model[sig].count) { /* its information was lost */
        assert_int_equal(info.si_code, 0);
        model[sig].pending = false;
        return;
    }
    assert_true(info.si_code == SI_QUEUE && info.kill.value == model[sig].value[0]);
    for (u32 i = 1; i < model[sig].count; i++)
        model[sig].value[i - 1] = model[sig].value[i];
    model[sig].pending = --model[sig].count > 0;
    model_count--;
}

static void drop(sigset_mask unwanted)
{
    sigqueue_drop(&pending, unwanted);
    for (int sig = 1; sig <= NSIG; sig++) {
        if (!(unwanted & sig_bit(sig)))
            continue;
        model_count -= model[sig].count;
        model[sig].count = model[sig].pending = 0;
    }
}

static void check_set(void)
{
    sigset_mask set = 0;

    for (int sig = 1; sig <= NSIG; sig++)
        if (model[sig].pending)
            set |= sig_bit(sig);
    assert_true(pending.set == set);
    assert_int_equal(pending.count, model_count);
}

static void random_operations(void **state)
{
    u64 seed = host_seed();

    (void)state;
    phys_boot_simple(16);
    reset();
    for (unsigned i = 0; i < 200000; i++) {
        u64 r = host_random(&seed);
        if (r % 16 < 9)
            add(1 + (int)((r >> 8 & 63) * (r >> 16 & 1)), i);
        else if (r % 16 < 15)
            take(host_random(&seed) | host_random(&seed));
        else
            drop(host_random(&seed) & host_random(&seed) & host_random(&seed));
        check_set();
    }
    drop(~0ul);
    check_set();
    assert_int_equal(pending.count, 0);
}

static void without_memory_the_signal_still_comes(void **state)
{
    struct linux_siginfo info = {.si_signo = SIGTERM, .si_code = SI_USER, .kill.pid = 7};

    (void)state;
    phys_boot_simple(16);
    reset();
    failalloc_arm(1);
    assert_int_equal(sigqueue_add(&pending, SIGTERM, &info, LIMIT, false), 0);
    failalloc_arm(1);
    assert_int_equal(sigqueue_add(&pending, SIGRTMIN, &info, LIMIT, true), -EAGAIN);
    failalloc_arm(0);
    assert_true(pending.set == sig_bit(SIGTERM));
    assert_int_equal(sigqueue_take(&pending, ~0ul, &info), SIGTERM);
    assert_int_equal(info.kill.pid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(without_memory_the_signal_still_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
