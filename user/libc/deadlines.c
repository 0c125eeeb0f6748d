/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Until when threads wait: futexes with dates that come sooner or later because the calendar is set, waits that are
 * interrupted, and sleeps by clocks of cpu time.
 */
#define _GNU_SOURCE
#define CASES "deadlines"
#include "cases.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>

#define PRIVATE         128
#define REALTIME        256
#define WAIT            0
#define WAKE            1
#define LOCK_PI         6
#define UNLOCK_PI       7
#define WAIT_BITSET     9
#define WAIT_REQUEUE_PI 11
#define LOCK_PI2        13

#define MS      1000000l
#define FAR     500 /* s: further than any test may take */
#define WAITERS (sizeof(waits) / sizeof(*waits))

typedef _Atomic uint32_t word;

static word zero, lock;
static atomic_int stop, entered;

static int64_t now_ns(clockid_t clock)
{
    struct timespec t;

    CHECK(syscall(SYS_clock_gettime, clock, &t) == 0);
    return t.tv_sec * 1000 * MS + t.tv_nsec;
}

static struct timespec time_of(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / (1000 * MS), .tv_nsec = ns % (1000 * MS)};
}

static long futex(word *addr, int op, uint32_t value, const void *timeout, word *addr2, uint32_t v3)
{
    return syscall(SYS_futex, addr, op | PRIVATE, value, timeout, addr2, v3);
}

/* --- dates --- */

/* False on a machine of somebody else. */
static int shift_calendar(int64_t ns)
{
    struct timespec t = time_of(now_ns(CLOCK_REALTIME) + ns);

    if (clock_settime(CLOCK_REALTIME, &t) == 0)
        return 1;
    CHECK(errno == EPERM);
    return 0;
}

static long wait_for_word(const struct timespec *date)
{
    return futex(&zero, WAIT_BITSET | REALTIME, 0, date, NULL, ~0u);
}

static long wait_for_one_of_two(const struct timespec *date)
{
    static word other;
    struct {
        uint64_t val, addr;
        uint32_t flags, reserved;
    } set[2] = {{.addr = (uintptr_t)&zero, .flags = 2 | PRIVATE},
                {.addr = (uintptr_t)&other, .flags = 2 | PRIVATE}};

    return syscall(SYS_futex_waitv, set, 2, 0, date, CLOCK_REALTIME);
}

static long wait_for_lock(const struct timespec *date)
{
    return futex(&lock, LOCK_PI, 0, date, NULL, 0);
}

static long wait_for_lock_by_clock(const struct timespec *date)
{
    return futex(&lock, LOCK_PI2 | REALTIME, 0, date, NULL, 0);
}

static long wait_to_be_moved(const struct timespec *date)
{
    static word condition;

    return futex(&condition, WAIT_REQUEUE_PI | REALTIME, 0, date, &lock, 0);
}

static long (*const waits[])(const struct timespec *date) = {
    wait_for_word, wait_for_one_of_two, wait_for_lock, wait_for_lock_by_clock, wait_to_be_moved,
};

static int64_t date;

static void *wait_until_date(void *arg)
{
    struct timespec t = time_of(date);

    entered++;
    CHECK(waits[(uintptr_t)arg](&t) == -1 && errno == ETIMEDOUT);
    CHECK(now_ns(CLOCK_REALTIME) >= date);
    return NULL;
}

/* Everybody waits for what does not come; the calendar is set by `shift` meanwhile. */
static void wait_over_shift(int64_t until, int64_t shift)
{
    pthread_t threads[WAITERS];

    date = now_ns(CLOCK_REALTIME) + until;
    lock = (uint32_t)syscall(SYS_gettid);
    entered = 0;
    for (uintptr_t i = 0; i < WAITERS; i++)
        threads[i] = start(wait_until_date, (void *)i);
    while (entered < (int)WAITERS)
        nap_ms(1);
    nap_ms(30);
    CHECK(shift_calendar(shift));
    for (uintptr_t i = 0; i < WAITERS; i++)
        join(threads[i]);
    CHECK(shift_calendar(-shift));
    futex(&lock, UNLOCK_PI, 0, NULL, NULL, 0);
}

static void date_comes_sooner(void)
{
    if (shift_calendar(0))
        wait_over_shift(FAR * 1000 * MS, 2 * FAR * 1000 * MS);
}

static void date_comes_later(void)
{
    if (shift_calendar(0))
        wait_over_shift(200 * MS, -200 * MS);
}

/* --- signals --- */

/* The timeout is relative, and 200 ms have passed long before it would have begun for the last time. */
static void wait_while_stopped(void)
{
    struct timespec t = time_of(200 * MS);
    int64_t begin = now_ns(CLOCK_MONOTONIC);

    CHECK(futex(&zero, WAIT, 0, &t, NULL, 0) == -1 && errno == ETIMEDOUT);
    CHECK(now_ns(CLOCK_MONOTONIC) - begin >= 200 * MS);
}

static void stopped_and_continued(void)
{
    pid_t pid = child(wait_while_stopped);
    int rounds = 0, status = 0;

    for (; rounds < 100; rounds++) {
        CHECK(kill(pid, SIGSTOP) == 0);
        CHECK(waitpid(pid, &status, WUNTRACED) == pid);
        if (!WIFSTOPPED(status))
            break;
        CHECK(kill(pid, SIGCONT) == 0);
        nap_ms(10);
    }
    kill(pid, SIGCONT);
    CHECK(rounds < 100 && status == 0);
}

static void on_signal(int sig)
{
    (void)sig;
}

/* Signals for the thread that waits, until it tells that one has come there. */
static void *annoy(void *arg)
{
    while (!stop) {
        pthread_kill(*(pthread_t *)arg, SIGUSR1);
        nap_ms(5);
    }
    return NULL;
}

static void wake_later(void)
{
    nap_ms(50);
    CHECK(syscall(SYS_futex, &zero, WAKE | PRIVATE, 1) >= 0);
}

static void *wake_until_stopped(void *arg)
{
    while (!stop)
        wake_later();
    return arg;
}

/* A handler ends a wait that has an end, whatever SA_RESTART says; one without goes on. */
static void handled(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct timespec span = {.tv_sec = FAR}, at = time_of(now_ns(CLOCK_MONOTONIC));
    pthread_t self = pthread_self(), annoyer, waker;

    at.tv_sec += FAR;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    stop = 0;
    annoyer = start(annoy, &self);
    CHECK(futex(&zero, WAIT, 0, &span, NULL, 0) == -1 && errno == EINTR);
    CHECK(futex(&zero, WAIT_BITSET, 0, &at, NULL, ~0u) == -1 && errno == EINTR);
    waker = start(wake_until_stopped, NULL);
    CHECK(futex(&zero, WAIT, 0, NULL, NULL, 0) == 0);
    stop = 1;
    join(annoyer);
    join(waker);
    CHECK(syscall(SYS_restart_syscall) == -1 && errno == EINTR);
}

/* --- clocks of cpu time --- */

static long sleep_by(clockid_t clock, int flags, int64_t ns, struct timespec *left)
{
    struct timespec t = time_of(ns);

    return syscall(SYS_clock_nanosleep, clock, flags, &t, left);
}

static void *burn(void *arg)
{
    while (!stop)
        ;
    return arg;
}

static void spin(void)
{
    burn(NULL);
}

/* While others of the process use it up, and to a time that is over. */
static void cpu_of_the_process(void)
{
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    int64_t begin = now_ns(clock);
    pthread_t other;

    stop = 0;
    other = start(burn, NULL);
    CHECK(sleep_by(clock, 0, 50 * MS, NULL) == 0 && now_ns(clock) - begin >= 50 * MS);
    CHECK(sleep_by(clock, TIMER_ABSTIME, begin + 100 * MS, NULL) == 0);
    CHECK(now_ns(clock) - begin >= 100 * MS);
    CHECK(sleep_by(clock, TIMER_ABSTIME, begin, NULL) == 0);
    stop = 1;
    join(other);
}

static void *wait_by_own_thread_clock(void *arg)
{
    clockid_t clock = *(clockid_t *)arg;

    CHECK(sleep_by(clock, 0, 20 * MS, NULL) == 0);
    stop = 1;
    return NULL;
}

/* The clock of one thread, by which another sleeps. */
static void cpu_of_a_thread(void)
{
    pthread_t other;
    clockid_t clock;

    CHECK(pthread_getcpuclockid(pthread_self(), &clock) == 0);
    CHECK(sleep_by(clock, 0, 1, NULL) == -1 && errno == EINVAL); /* its own */
    CHECK(sleep_by(CLOCK_THREAD_CPUTIME_ID, 0, 1, NULL) == -1 && errno == EOPNOTSUPP);
    stop = 0;
    other = start(wait_by_own_thread_clock, &clock);
    burn(NULL);
    join(other);
}

static void cpu_of_a_child(void)
{
    struct timespec left = {0};
    clockid_t clock;
    pid_t pid;
    int64_t begin;

    stop = 0;
    pid = child(spin);
    CHECK(clock_getcpuclockid(pid, &clock) == 0);
    begin = now_ns(clock);
    CHECK(sleep_by(clock, 0, 50 * MS, NULL) == 0 && now_ns(clock) - begin >= 50 * MS);
    CHECK(kill(pid, SIGKILL) == 0 && WIFSIGNALED(status_of(pid)));
    CHECK(sleep_by(clock, 0, 1, &left) == -1 && errno == EINVAL);
}

/* Nobody uses it up; a handler ends the sleep, and what remains is told. */
static void cpu_interrupted(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct timespec left = {0};
    pthread_t self = pthread_self(), annoyer;

    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    stop = 0;
    annoyer = start(annoy, &self);
    CHECK(sleep_by(CLOCK_PROCESS_CPUTIME_ID, 0, FAR * 1000 * MS, &left) == -1 && errno == EINTR);
    CHECK(left.tv_sec < FAR && left.tv_sec > FAR / 2);
    stop = 1;
    join(annoyer);
    CHECK(sleep_by(CLOCK_MONOTONIC_RAW, 0, 1, NULL) == -1 && errno == EOPNOTSUPP);
    CHECK(sleep_by(99, 0, 1, NULL) == -1 && errno == EINVAL);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"date-comes-sooner", date_comes_sooner},
        {"date-comes-later", date_comes_later},
        {"stopped-and-continued", stopped_and_continued},
        {"handled", handled},
        {"cpu-of-the-process", cpu_of_the_process},
        {"cpu-of-a-thread", cpu_of_a_thread},
        {"cpu-of-a-child", cpu_of_a_child},
        {"cpu-interrupted", cpu_interrupted},
    };

    return run_cases(CASES, cases, sizeof(cases) / sizeof(*cases), argc, argv);
}
