/* SPDX-License-Identifier: BSD-2-Clause */
// sources: kernel/base/mutex.c kernel/base/wait.c kernel/base/spinlock.c kernel/base/percpu.c
// sources: tests/host/hostmachine.c
// libs: -lpthread
/*
 * Locks that sleep, with threads of the host as threads of the kernel, each on a cpu of its own: nobody is
 * in with somebody who shuts him out, every wake-up arrives, and a writer gets in among readers.
 */
#include "hostmachine.h"
#include <base/mutex.h>
#include <pthread.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define THREADS 4u
#define ROUNDS  30000u

/* --- the scheduler --------------------------------------------------------------------------- */

struct thread {
    pthread_t id;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool asleep;
    u32 cpu;
    void (*fn)(struct thread *t);
    u64 seed;
};

static struct thread threads[THREADS];
static u32 sleeps;

void sched_prepare(enum wait_mode mode)
{
    (void)mode;
    __atomic_store_n(&current_thread()->asleep, true, __ATOMIC_SEQ_CST);
    atomic_fence();
}

void sched_unprepare(void)
{
    __atomic_store_n(&current_thread()->asleep, false, __ATOMIC_SEQ_CST);
}

int sched_block(u64 deadline)
{
    struct thread *t = current_thread();

    (void)deadline;
    atomic_add_relaxed(&sleeps, 1);
    pthread_mutex_lock(&t->lock);
    while (__atomic_load_n(&t->asleep, __ATOMIC_SEQ_CST))
        pthread_cond_wait(&t->woken, &t->lock);
    pthread_mutex_unlock(&t->lock);
    return 0;
}

bool sched_wake(struct thread *t)
{
    pthread_mutex_lock(&t->lock);
    bool was = __atomic_exchange_n(&t->asleep, false, __ATOMIC_SEQ_CST);
    pthread_cond_signal(&t->woken);
    pthread_mutex_unlock(&t->lock);
    return was;
}

void sched_preempt(void)
{
}

static void *start(void *arg)
{
    struct thread *t = arg;

    host_set_cpu(t->cpu);
    this_cpu()->current = t;
    t->fn(t);
    return NULL;
}

static void launch(u32 i, void (*fn)(struct thread *t))
{
    threads[i] = (struct thread){.cpu = i, .fn = fn, .seed = i};
    pthread_mutex_init(&threads[i].lock, NULL);
    pthread_cond_init(&threads[i].woken, NULL);
    assert_int_equal(pthread_create(&threads[i].id, NULL, start, &threads[i]), 0);
}

static void run(void (*fn)(struct thread *t))
{
    sleeps = 0;
    for (u32 i = 0; i < THREADS; i++)
        launch(i, fn);
    for (u32 i = 0; i < THREADS; i++)
        pthread_join(threads[i].id, NULL);
    assert_true(sleeps > 0); /* else the slow paths were not there */
}

/* --- mutexes --------------------------------------------------------------------------------- */

static struct mutex mutex = MUTEX_INIT(mutex, "a mutex");
static volatile u64 count;
static volatile u32 inside, intruders;

static void add_under_mutex(struct thread *t)
{
    (void)t;
    for (u32 i = 0; i < ROUNDS; i++) {
        if (i % 7 || !mutex_trylock(&mutex))
            mutex_lock(&mutex);
        intruders += inside;
        inside = 1;
        u64 seen = count;
        if (i % 64 == 0)
            host_relax();
        count = seen + 1;
        inside = 0;
        mutex_unlock(&mutex);
    }
}

static void test_mutex_excludes(void **state)
{
    (void)state;
    count = 0;
    run(add_under_mutex);
    assert_int_equal(count, THREADS * ROUNDS);
    assert_int_equal(intruders, 0);
    assert_false(mutex_held(&mutex));
}

/* --- reader/writer locks --------------------------------------------------------------------- */

static struct rwlock rw;
static volatile u64 left, right;
static u32 torn, writes;

static void read_or_write(struct thread *t)
{
    for (u32 i = 0; i < ROUNDS; i++) {
        if (host_random(&t->seed) % 4) {
            rw_read_lock(&rw);
            u64 seen = left;
            if (i % 64 == 0)
                host_relax();
            if (seen != right)
                atomic_add_relaxed(&torn, 1);
            rw_read_unlock(&rw);
        } else {
            rw_write_lock(&rw);
            left++;
            if (i % 64 == 0)
                host_relax();
            right++;
            atomic_add_relaxed(&writes, 1);
            rw_write_unlock(&rw);
        }
    }
}

static void test_writers_are_alone(void **state)
{
    (void)state;
    rw_init(&rw, "a lock");
    run(read_or_write);
    assert_int_equal(torn, 0);
    assert_int_equal(left, writes);
    assert_int_equal(right, writes);
    assert_int_equal(rw.state, 0); /* no mark is left behind */
    assert_int_equal(rw.sleepers, 0);
}

/* Who got in, in order. */
static u32 order[3], entered;

static void note(u32 who)
{
    order[entered++] = who;
}

static void writer(struct thread *t)
{
    rw_write_lock(&rw);
    note(t->cpu);
    rw_write_unlock(&rw);
}

static void late_reader(struct thread *t)
{
    rw_read_lock(&rw);
    note(t->cpu);
    rw_read_unlock(&rw);
}

static void wait_for_sleepers(u32 n)
{
    while (__atomic_load_n(&rw.sleepers, __ATOMIC_SEQ_CST) < n)
        host_relax();
}

static void test_new_readers_stay_behind_a_writer(void **state)
{
    static struct thread main_thread;

    (void)state;
    rw_init(&rw, "a lock");
    host_set_cpu(0);
    this_cpu()->current = &main_thread;
    rw_read_lock(&rw);
    launch(1, writer);
    wait_for_sleepers(1);
    while (!(__atomic_load_n(&rw.state, __ATOMIC_SEQ_CST) & RW_WANTED))
        host_relax();
    launch(2, late_reader);
    wait_for_sleepers(2);
    rw_read_unlock(&rw);
    pthread_join(threads[1].id, NULL);
    pthread_join(threads[2].id, NULL);
    assert_int_equal(entered, 2);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    assert_int_equal(rw.state, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutex_excludes),
        cmocka_unit_test(test_writers_are_alone),
        cmocka_unit_test(test_new_readers_stay_behind_a_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
