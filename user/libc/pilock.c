/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes with an owner: exclusion under contention, circles, times, owners that end, and the way from a condition
 * to its lock.
 */
#define _GNU_SOURCE
#define CASES "pilock"
#include "cases.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>

#define PRIVATE         128
#define WAKE            1
#define CMP_REQUEUE     4
#define LOCK_PI         6
#define UNLOCK_PI       7
#define TRYLOCK_PI      8
#define WAIT_REQUEUE_PI 11
#define CMP_REQUEUE_PI  12
#define WAITERS         0x80000000u
#define OWNER_DIED      0x40000000u

#define THREADS 6
#define ROUNDS  300

typedef _Atomic uint32_t word;

static word locks[2], condition;
static atomic_int ready;
static int inside;

static long futex(word *addr, int op, uint32_t value, const void *timeout, word *addr2, uint32_t v3)
{
    return syscall(SYS_futex, addr, op | PRIVATE, value, timeout, addr2, v3);
}

static uint32_t self(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

static long lock(word *w)
{
    uint32_t none = 0;

    if (atomic_compare_exchange_strong(w, &none, self()))
        return 0;
    return futex(w, LOCK_PI, 0, NULL, NULL, 0);
}

static long unlock(word *w)
{
    uint32_t mine = self();

    if (atomic_compare_exchange_strong(w, &mine, 0))
        return 0;
    return futex(w, UNLOCK_PI, 0, NULL, NULL, 0);
}

static void await(int count)
{
    while (ready < count)
        nap_ms(1);
}

/* Until somebody waits for it in the kernel. */
static void await_waiter(word *w)
{
    while (!(*w & WAITERS))
        nap_ms(1);
    nap_ms(2);
}

static void *count(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(lock(&locks[0]) == 0);
        CHECK((locks[0] & ~WAITERS) == self() && inside++ == 0);
        if (i % 16 == 0)
            sched_yield();
        CHECK(--inside == 0);
        CHECK(unlock(&locks[0]) == 0);
    }
    return arg;
}

static void try_exclusion(void)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        threads[i] = start(count, NULL);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK(locks[0] == 0);
}

static void try_errors(void)
{
    CHECK(lock(&locks[0]) == 0);
    CHECK(futex(&locks[0], LOCK_PI, 0, NULL, NULL, 0) == -1 && errno == EDEADLK);
    CHECK(unlock(&locks[0]) == 0 && locks[0] == 0);
    CHECK(futex(&locks[0], UNLOCK_PI, 0, NULL, NULL, 0) == -1 && errno == EPERM);
    locks[0] = 1 << 22; /* nobody's tid */
    CHECK(futex(&locks[0], LOCK_PI, 0, NULL, NULL, 0) == -1 && errno == ESRCH);
    locks[0] = 0;
    CHECK(futex(&locks[0], TRYLOCK_PI, 0, NULL, NULL, 0) == 0 && locks[0] == self());
    CHECK(unlock(&locks[0]) == 0);
    CHECK(futex(&locks[0], CMP_REQUEUE_PI, 2, NULL, &locks[1], 0) == -1 && errno == EINVAL);
    CHECK(futex(&locks[0], CMP_REQUEUE_PI, 1, NULL, &locks[0], 0) == -1 && errno == EINVAL);
    CHECK(futex(&locks[0], CMP_REQUEUE_PI, 1, NULL, &locks[1], 7) == -1 && errno == EAGAIN);
}

/* A private futex is named by its address alone; that there is a word, the operation has to see. */
static void try_nowhere(void)
{
    static const int alone[] = {LOCK_PI, TRYLOCK_PI, UNLOCK_PI};

    for (unsigned i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
        CHECK(futex(NULL, alone[i], 0, NULL, NULL, 0) == -1 && errno == EFAULT);
    CHECK(futex(NULL, CMP_REQUEUE, 1, NULL, &locks[0], 0) == -1 && errno == EFAULT);
    CHECK(futex(NULL, CMP_REQUEUE_PI, 1, NULL, &locks[0], 0) == -1 && errno == EFAULT);
    CHECK(futex(&condition, CMP_REQUEUE_PI, 1, NULL, NULL, 0) == -1 && errno == EFAULT);
}

/* Has the second lock, waits for the first. */
static void *take_both(void *arg)
{
    CHECK(lock(&locks[1]) == 0);
    ready = 1;
    CHECK(lock(&locks[0]) == 0);
    CHECK(unlock(&locks[0]) == 0 && unlock(&locks[1]) == 0);
    return arg;
}

static void try_circle(void)
{
    struct timespec past = {.tv_sec = 1};
    pthread_t other;

    CHECK(lock(&locks[0]) == 0);
    ready = 0;
    other = start(take_both, NULL);
    await(1);
    await_waiter(&locks[0]);
    CHECK(futex(&locks[1], LOCK_PI, 0, NULL, NULL, 0) == -1 && errno == EDEADLK);
    CHECK(futex(&locks[1], TRYLOCK_PI, 0, NULL, NULL, 0) == -1 && errno == EAGAIN);
    CHECK(unlock(&locks[0]) == 0);
    join(other);
    CHECK(locks[0] == 0 && locks[1] == 0);
    CHECK(futex(&locks[0], LOCK_PI, 0, &past, NULL, 0) == 0); /* it need not wait */
    CHECK(unlock(&locks[0]) == 0);
}

static void *end_as_owner(void *arg)
{
    CHECK(lock(&locks[0]) == 0);
    ready = 1;
    if (arg)
        await_waiter(&locks[0]);
    return NULL;
}

/* With a waiter, who inherits it, and without. */
static void try_death(void)
{
    pthread_t owner;

    ready = 0;
    owner = start(end_as_owner, &ready);
    await(1);
    CHECK(lock(&locks[0]) == 0);
    CHECK(locks[0] == (self() | OWNER_DIED));
    join(owner);
    CHECK(futex(&locks[0], UNLOCK_PI, 0, NULL, NULL, 0) == 0 && locks[0] == 0);
    join(start(end_as_owner, NULL));
    CHECK(futex(&locks[0], LOCK_PI, 0, NULL, NULL, 0) == -1 && errno == ESRCH);
    locks[0] = 0;
}

static void *wait_for_condition(void *arg)
{
    ready++;
    CHECK(futex(&condition, WAIT_REQUEUE_PI, 0, NULL, &locks[0], 0) == 0);
    CHECK((locks[0] & ~WAITERS) == self() && inside++ == 0);
    sched_yield();
    CHECK(--inside == 0);
    CHECK(unlock(&locks[0]) == 0);
    return arg;
}

static void try_requeue(void)
{
    pthread_t threads[THREADS];
    long moved = 0;

    ready = 0;
    for (int i = 0; i < THREADS; i++)
        threads[i] = start(wait_for_condition, NULL);
    await(THREADS);
    CHECK(lock(&locks[0]) == 0);
    while (moved < THREADS) {
        long n = futex(&condition, CMP_REQUEUE_PI, 1, (void *)1ul, &locks[0], 0);
        CHECK(n >= 0 && n <= 2);
        moved += n;
        nap_ms(1);
    }
    CHECK(moved == THREADS && locks[0] == (self() | WAITERS));
    CHECK(unlock(&locks[0]) == 0);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK(!(locks[0] & ~WAITERS));
    locks[0] = 0;
}

static const struct test_case cases[] = {
    {"exclusion", try_exclusion}, {"errors", try_errors},   {"circle", try_circle},
    {"death", try_death},         {"requeue", try_requeue}, {"nowhere", try_nowhere},
};

int main(int argc, char **argv)
{
    return run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
