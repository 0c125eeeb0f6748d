/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads among themselves, through a C library that nobody here wrote: starting and ending them, what
 * they wait for and wake each other with, what each has of its own, and signals that are meant for
 * one of them. What becomes of whole processes is in threadlife.c.
 */
#define _GNU_SOURCE
#define CASES "threadwork"
#include "cases.h"

#include <dirent.h>
#include <fcntl.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define THREADS 8

static pid_t tid_of_caller(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static int count_tasks(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;

    CHECK(dir);
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

/* A detached or joined thread is counted until it has left for good, shortly after. */
static void wait_until_alone(void)
{
    for (int i = 0; count_tasks() != 1; i++) {
        CHECK(i < 5000);
        nap_ms(1);
    }
}

/* --- starting and ending --- */

static void *square(void *arg)
{
    intptr_t n = (intptr_t)arg;

    return (void *)(n * n);
}

static void try_create(void)
{
    pthread_t thread[THREADS];

    for (int round = 0; round < 20; round++) {
        for (intptr_t i = 0; i < THREADS; i++)
            thread[i] = start(square, (void *)i);
        for (intptr_t i = 0; i < THREADS; i++)
            CHECK((intptr_t)join(thread[i]) == i * i);
    }
    wait_until_alone();
}

static void *own_ids(void *arg)
{
    pid_t *tid = arg;

    CHECK(getpid() != tid_of_caller());
    *tid = tid_of_caller();
    return NULL;
}

static void try_ids(void)
{
    pthread_t thread[THREADS];
    pid_t tid[THREADS];

    CHECK(getpid() == tid_of_caller());
    for (int i = 0; i < THREADS; i++)
        thread[i] = start(own_ids, &tid[i]);
    for (int i = 0; i < THREADS; i++)
        join(thread[i]);
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < i; k++)
            CHECK(tid[i] != tid[k]);
}

static sem_t done;

static void *say_done(void *arg)
{
    sem_post(&done);
    return arg;
}

static void try_detach(void)
{
    pthread_attr_t attr;
    pthread_t thread;

    CHECK(sem_init(&done, 0, 0) == 0);
    CHECK(pthread_attr_init(&attr) == 0);
    CHECK(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0);
    for (int i = 0; i < 40; i++)
        CHECK(pthread_create(&thread, &attr, say_done, NULL) == 0);
    thread = start(say_done, NULL);
    CHECK(pthread_detach(thread) == 0);
    for (int i = 0; i < 41; i++)
        CHECK(sem_wait(&done) == 0);
    pthread_attr_destroy(&attr);
    wait_until_alone();
}

/* As many threads as a user may have, and an error beyond; others' count for nothing, and root has no limit. */
#define LIMIT 20

static pthread_t limited[LIMIT];

static void *until_posted(void *arg)
{
    sem_wait(&done);
    return arg;
}

static void start_limited(int count)
{
    for (int i = 0; i < count; i++)
        limited[i] = start(until_posted, NULL);
}

static void end_limited(int count)
{
    for (int i = 0; i < count; i++)
        sem_post(&done);
    for (int i = 0; i < count; i++)
        join(limited[i]);
    wait_until_alone();
}

static void nothing(void)
{
}

static void fill_limit(void)
{
    pthread_t one_more;

    CHECK(setresuid(1000, 1000, 1000) == 0);
    start_limited(LIMIT - 1);
    CHECK(pthread_create(&one_more, NULL, until_posted, NULL) == EAGAIN);
    CHECK(fork() == -1 && errno == EAGAIN);
    end_limited(LIMIT - 1);
    CHECK(status_of(child(nothing)) == 0);
}

static void try_limit(void)
{
    struct rlimit limit, old;

    CHECK(sem_init(&done, 0, 0) == 0);
    CHECK(getrlimit(RLIMIT_NPROC, &old) == 0);
    limit = old;
    limit.rlim_cur = LIMIT;
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
    start_limited(LIMIT);
    CHECK(status_of(child(fill_limit)) == 0);
    end_limited(LIMIT);
    CHECK(setrlimit(RLIMIT_NPROC, &old) == 0);
}

/* --- locks --- */

#define ADDITIONS 5000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long sum;

static void *add_locked(void *arg)
{
    for (int i = 0; i < ADDITIONS; i++) {
        pthread_mutex_lock(&mutex);
        sum++;
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void run_all(void *(*fn)(void *))
{
    pthread_t thread[THREADS];

    for (intptr_t i = 0; i < THREADS; i++)
        thread[i] = start(fn, (void *)i);
    for (int i = 0; i < THREADS; i++)
        join(thread[i]);
}

static void *lock_fails(void *arg)
{
    CHECK(pthread_mutex_trylock(arg) == EBUSY);
    return NULL;
}

static void try_mutex_type(int type, int second)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;

    CHECK(pthread_mutexattr_init(&attr) == 0 && pthread_mutexattr_settype(&attr, type) == 0);
    CHECK(pthread_mutex_init(&m, &attr) == 0);
    CHECK(pthread_mutex_lock(&m) == 0);
    CHECK(pthread_mutex_lock(&m) == second);
    join(start(lock_fails, &m));
    if (second == 0)
        CHECK(pthread_mutex_unlock(&m) == 0);
    CHECK(pthread_mutex_unlock(&m) == 0);
    CHECK(pthread_mutex_destroy(&m) == 0);
}

static void try_mutex(void)
{
    sum = 0;
    run_all(add_locked);
    CHECK(sum == (long)THREADS * ADDITIONS);
    try_mutex_type(PTHREAD_MUTEX_RECURSIVE, 0);
    try_mutex_type(PTHREAD_MUTEX_ERRORCHECK, EDEADLK);
}

static pthread_spinlock_t spin;

static void *add_spinning(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        pthread_spin_lock(&spin);
        sum++;
        pthread_spin_unlock(&spin);
    }
    return arg;
}

static void try_spin(void)
{
    sum = 0;
    CHECK(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) == 0);
    run_all(add_spinning);
    CHECK(sum == THREADS * 2000);
}

/* Producers and consumers of a queue with room for three. */
#define ROOM  3
#define ITEMS 200

static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static int queued;
static long produced, consumed;

static void *produce_or_consume(void *arg)
{
    int consumer = (intptr_t)arg % 2;

    for (int i = 0; i < ITEMS; i++) {
        pthread_mutex_lock(&mutex);
        while (queued == (consumer ? 0 : ROOM))
            pthread_cond_wait(consumer ? &not_empty : &not_full, &mutex);
        queued += consumer ? -1 : 1;
        *(consumer ? &consumed : &produced) += 1;
        CHECK(queued >= 0 && queued <= ROOM);
        if (i % 3)
            pthread_cond_signal(consumer ? &not_full : &not_empty);
        else
            pthread_cond_broadcast(consumer ? &not_full : &not_empty);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void try_cond(void)
{
    struct timespec soon;

    queued = 0;
    produced = consumed = 0;
    run_all(produce_or_consume);
    CHECK(queued == 0 && produced == consumed && produced == THREADS / 2 * ITEMS);

    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_timedwait(&not_empty, &mutex, &soon) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static volatile long pair[2];

static void *read_or_write(void *arg)
{
    for (int i = 0; i < 500; i++) {
        if ((intptr_t)arg < 2) {
            pthread_rwlock_wrlock(&rwlock);
            pair[0]++;
            if (i % 64 == 0)
                sched_yield();
            pair[1]++;
        } else {
            pthread_rwlock_rdlock(&rwlock);
            CHECK(pair[0] == pair[1]);
        }
        pthread_rwlock_unlock(&rwlock);
    }
    return NULL;
}

static void try_rwlock(void)
{
    pair[0] = pair[1] = 0;
    run_all(read_or_write);
    CHECK(pair[0] == 1000 && pair[1] == 1000);
}

static pthread_barrier_t barrier;
static atomic_int arrived;
static atomic_int serial;

static void *meet(void *arg)
{
    for (int phase = 1; phase <= 40; phase++) {
        arrived++;
        serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
        CHECK(arrived == phase * THREADS);
        pthread_barrier_wait(&barrier);
    }
    return arg;
}

static void try_barrier(void)
{
    arrived = serial = 0;
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    run_all(meet);
    CHECK(serial == 40);
    pthread_barrier_destroy(&barrier);
}

static sem_t there, back;

static void *send_back(void *arg)
{
    for (int i = 0; i < 500; i++) {
        CHECK(sem_wait(&there) == 0);
        CHECK(sem_post(&back) == 0);
    }
    return arg;
}

static void try_semaphore(void)
{
    struct timespec past = {0};

    CHECK(sem_init(&there, 0, 0) == 0 && sem_init(&back, 0, 0) == 0);
    pthread_t thread = start(send_back, NULL);
    for (int i = 0; i < 500; i++) {
        CHECK(sem_post(&there) == 0);
        CHECK(sem_wait(&back) == 0);
    }
    join(thread);
    CHECK(sem_trywait(&back) == -1 && errno == EAGAIN);
    CHECK(sem_timedwait(&back, &past) == -1 && errno == ETIMEDOUT);
}

/* --- the futex call itself (musl has no header for it) --- */

enum {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_CMP_REQUEUE = 4,
    FUTEX_WAKE_OP = 5,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET = 10,
};
#define ADD_3_WAKE_IF_IT_WAS_0 (1u << 28 | 3u << 12)

static long futex(atomic_int *word, int op, int value, long timeout, atomic_int *word2, int value3)
{
    return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static atomic_int word_a, word_b;
static atomic_int woken;

static void *wait_at_a(void *arg)
{
    int bits = 1 << (intptr_t)arg;

    CHECK(futex(&word_a, FUTEX_WAIT_BITSET, 0, 0, NULL, bits) == 0);
    woken++;
    return NULL;
}

/* Sleepers are known by what it takes to wake them: the counts are retried until all have come. */
static void try_futex(void)
{
    pthread_t thread[4];
    int moved = 0;

    word_a = word_b = woken = 0;
    CHECK(futex(&word_a, FUTEX_WAIT, 1, 0, NULL, 0) == -1 && errno == EAGAIN);
    for (intptr_t i = 0; i < 4; i++)
        thread[i] = start(wait_at_a, (void *)i);
    CHECK(futex(&word_a, FUTEX_CMP_REQUEUE, 0, 9, &word_b, 5) == -1 && errno == EAGAIN);
    while (moved < 4) {
        moved += (int)futex(&word_a, FUTEX_CMP_REQUEUE, 0, 9, &word_b, 0);
        nap_ms(1);
    }
    CHECK(futex(&word_a, FUTEX_WAKE, 9, 0, NULL, 0) == 0 && woken == 0);
    CHECK(futex(&word_b, FUTEX_WAKE_BITSET, 9, 0, NULL, 1 << 7) == 0);
    CHECK(futex(&word_b, FUTEX_WAKE_BITSET, 9, 0, NULL, 1 << 2) == 1);
    join(thread[2]);
    CHECK(woken == 1);
    CHECK(futex(&word_a, FUTEX_WAKE_OP, 9, 9, &word_b, ADD_3_WAKE_IF_IT_WAS_0) == 3);
    CHECK(word_b == 3);
    join(thread[0]);
    join(thread[1]);
    join(thread[3]);
    CHECK(woken == 4);
}

static void *wait_at(void *arg)
{
    futex(arg, FUTEX_WAIT_BITSET, 0, 0, NULL, 1);
    _exit(1);
    return NULL;
}

static atomic_int *shared_words(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* Who waits in memory that has gone is not found in other memory, be it where that was. */
static void wait_in_what_goes(void)
{
    atomic_int *words = shared_words();

    CHECK(words != MAP_FAILED);
    start(wait_at, &words[0]);
    while (futex(&words[0], FUTEX_CMP_REQUEUE, 0, 1, &words[1], 0) != 1)
        nap_ms(1);
    CHECK(munmap(words, 4096) == 0);
    words = shared_words();
    CHECK(words != MAP_FAILED);
    CHECK(futex(&words[1], FUTEX_WAKE, 9, 0, NULL, 0) == 0);
}

static void try_gone_futex(void)
{
    CHECK(status_of(child(wait_in_what_goes)) == 0);
}

/* --- membarrier: a fence on all cpus, so that the other side needs none --- */

enum { MEMBARRIER_QUERY = 0, MEMBARRIER_PRIVATE_EXPEDITED = 8, MEMBARRIER_REGISTER = 16 };
#define SIDES_ROUNDS 60

static volatile int mine_first, mine_second, saw_first, saw_second;
static pthread_barrier_t sides;

static void *without_fence(void *arg)
{
    for (int i = 0; i < SIDES_ROUNDS; i++) {
        pthread_barrier_wait(&sides);
        mine_first = 1;
        saw_second = mine_second;
        pthread_barrier_wait(&sides);
    }
    return arg;
}

static void try_membarrier(void)
{
    CHECK(syscall(SYS_membarrier, MEMBARRIER_QUERY, 0) & MEMBARRIER_PRIVATE_EXPEDITED);
    CHECK(syscall(SYS_membarrier, MEMBARRIER_REGISTER, 0) == 0);
    CHECK(pthread_barrier_init(&sides, NULL, 2) == 0);
    pthread_t thread = start(without_fence, NULL);
    for (int i = 0; i < SIDES_ROUNDS; i++) {
        mine_first = mine_second = 0;
        pthread_barrier_wait(&sides);
        mine_second = 1;
        CHECK(syscall(SYS_membarrier, MEMBARRIER_PRIVATE_EXPEDITED, 0) == 0);
        saw_first = mine_first;
        pthread_barrier_wait(&sides);
        CHECK(saw_first || saw_second);
    }
    join(thread);
}

static void *membarrier_often(void *arg)
{
    for (int i = 0; i < 5; i++)
        CHECK(syscall(SYS_membarrier, MEMBARRIER_PRIVATE_EXPEDITED, 0) == 0);
    return arg;
}

static void try_membarriers(void)
{
    run_all(membarrier_often);
}

/* --- what each has of its own --- */

static __thread int own = 42;
static __thread char own_zeros[5000];
static pthread_key_t key;
static atomic_int destroyed;

static void destroy(void *value)
{
    CHECK((intptr_t)value != 0);
    destroyed++;
}

static void *use_own(void *arg)
{
    CHECK(own == 42 && own_zeros[4999] == 0);
    own = (int)(intptr_t)arg;
    CHECK(pthread_setspecific(key, (void *)((intptr_t)arg + 1)) == 0);
    for (int i = 0; i < 100; i++) {
        sched_yield();
        CHECK(own == (int)(intptr_t)arg);
        CHECK((intptr_t)pthread_getspecific(key) == (intptr_t)arg + 1);
    }
    return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int initialised;

static void initialise(void)
{
    nap_ms(5);
    initialised++;
}

static void *use_once(void *arg)
{
    CHECK(pthread_once(&once, initialise) == 0);
    CHECK(initialised == 1);
    return arg;
}

static void try_own_data(void)
{
    destroyed = 0;
    CHECK(pthread_key_create(&key, destroy) == 0);
    run_all(use_own);
    CHECK(destroyed == THREADS && own == 42);
    CHECK(pthread_key_delete(key) == 0);
    run_all(use_once);
}

static void *keep_numbers(void *arg)
{
    double mine = (double)(intptr_t)arg + 0.5;
    double value = mine;

    for (int i = 0; i < 20000; i++) {
        value = value * 2 - mine;
        if (i % 1000 == 0)
            sched_yield();
        CHECK(value == mine);
    }
    return NULL;
}

static void try_floating_point(void)
{
    run_all(keep_numbers);
}

static void *name_oneself(void *arg)
{
    char path[64], text[32] = {0};

    CHECK(pthread_setname_np(pthread_self(), "worker") == 0);
    snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid_of_caller());
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) == 7 && strcmp(text, "worker\n") == 0);
    close(fd);
    snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid_of_caller());
    FILE *f = fopen(path, "r");
    int tgid = 0, pid = 0, threads = 0;
    char line[128];
    CHECK(f);
    while (fgets(line, sizeof(line), f)) {
        sscanf(line, "Tgid: %d", &tgid);
        sscanf(line, "Pid: %d", &pid);
        sscanf(line, "Threads: %d", &threads);
    }
    fclose(f);
    CHECK(tgid == getpid() && pid == tid_of_caller() && threads == 2);
    return arg;
}

static void try_proc(void)
{
    char text[32] = {0};

    wait_until_alone();
    join(start(name_oneself, NULL));
    int fd = open("/proc/self/comm", O_RDONLY);
    CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) == 11 && strcmp(text, "threadwork\n") == 0);
    close(fd);
    wait_until_alone();
    CHECK(access("/proc/self/task/1", F_OK) == -1 || getpid() == 1);
}

static uint64_t ns_of(clockid_t clock)
{
    struct timespec t;

    CHECK(clock_gettime(clock, &t) == 0);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void *burn(void *arg)
{
    uint64_t used = ns_of(CLOCK_THREAD_CPUTIME_ID);

    while (ns_of(CLOCK_THREAD_CPUTIME_ID) - used < 20000000)
        ;
    CHECK(ns_of(CLOCK_PROCESS_CPUTIME_ID) > 20000000);
    return arg;
}

static void try_cpu_time(void)
{
    uint64_t before = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    struct rusage usage;

    run_all(burn);
    CHECK(ns_of(CLOCK_PROCESS_CPUTIME_ID) - before >= THREADS * 20000000ull);
    CHECK(ns_of(CLOCK_THREAD_CPUTIME_ID) < ns_of(CLOCK_PROCESS_CPUTIME_ID));
    CHECK(getrusage(RUSAGE_THREAD, &usage) == 0);
}

/* --- signals --- */

static _Atomic pid_t handled_by;
static atomic_int handled;

static void note_tid(int sig)
{
    (void)sig;
    handled_by = tid_of_caller();
    handled++;
}

static void handle(int sig, void (*fn)(int), int flags)
{
    struct sigaction action = {.sa_handler = fn, .sa_flags = flags};

    CHECK(sigaction(sig, &action, NULL) == 0);
}

static void mask(int how, int sig)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, sig);
    CHECK(pthread_sigmask(how, &set, NULL) == 0);
}

static _Atomic pid_t their_tid[THREADS];
static atomic_int stop;

static void *linger(void *arg)
{
    their_tid[(intptr_t)arg] = tid_of_caller();
    while (!stop)
        nap_ms(1);
    return NULL;
}

static void await_value(atomic_int *word, int value)
{
    for (int i = 0; *word != value; i++) {
        CHECK(i < 20000);
        nap_ms(1);
    }
}

static void try_kill(void)
{
    pthread_t thread[THREADS];

    stop = handled = 0;
    handle(SIGUSR1, note_tid, SA_RESTART);
    for (int i = 0; i < THREADS; i++)
        their_tid[i] = 0;
    for (intptr_t i = 0; i < THREADS; i++)
        thread[i] = start(linger, (void *)i);
    for (int i = 0; i < THREADS; i++) {
        while (!their_tid[i]) /* a signal may come before its first instruction */
            nap_ms(1);
        CHECK(pthread_kill(thread[i], SIGUSR1) == 0);
        await_value(&handled, i + 1);
        CHECK(handled_by == their_tid[i]);
    }
    CHECK(syscall(SYS_tgkill, getpid(), their_tid[0], 0) == 0);
    CHECK(syscall(SYS_tgkill, 1, their_tid[0], SIGUSR1) == -1 && errno == ESRCH);
    CHECK(syscall(SYS_tkill, their_tid[1], SIGUSR1) == 0);
    await_value(&handled, THREADS + 1);
    CHECK(pthread_kill(pthread_self(), SIGUSR1) == 0 && handled_by == getpid());
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        join(thread[i]);
    wait_until_alone();
    CHECK(syscall(SYS_tgkill, getpid(), their_tid[0], 0) == -1 && errno == ESRCH);
}

/* A signal to the process goes to the one thread that does not block it. */
static void try_process_signal(void)
{
    pthread_t thread;

    stop = handled = 0;
    handle(SIGUSR1, note_tid, SA_RESTART);
    their_tid[0] = 0;
    thread = start(linger, (void *)0);
    while (!their_tid[0])
        nap_ms(1);
    mask(SIG_BLOCK, SIGUSR1);
    for (int i = 1; i <= 50; i++) {
        CHECK(kill(getpid(), SIGUSR1) == 0);
        await_value(&handled, i);
        CHECK(handled_by == their_tid[0]);
    }
    stop = 1;
    join(thread);
    CHECK(kill(getpid(), SIGUSR1) == 0 && handled == 50);
    mask(SIG_UNBLOCK, SIGUSR1);
    CHECK(handled == 51 && handled_by == getpid());
}

/* Threads open and close their ears at random: none of the signals may be left lying. */
static void *blink(void *arg)
{
    unsigned seed = (unsigned)(intptr_t)arg;

    while (!stop) {
        mask(SIG_UNBLOCK, SIGUSR2);
        if (rand_r(&seed) % 2)
            sched_yield();
        mask(SIG_BLOCK, SIGUSR2);
    }
    return NULL;
}

static void *listen_always(void *arg)
{
    mask(SIG_UNBLOCK, SIGUSR2);
    while (!stop)
        pause();
    return arg;
}

static void try_passing_on(void)
{
    pthread_t thread[4], listener;

    stop = handled = 0;
    handle(SIGUSR2, note_tid, 0);
    mask(SIG_BLOCK, SIGUSR2);
    for (intptr_t i = 0; i < 3; i++)
        thread[i] = start(blink, (void *)i);
    listener = start(listen_always, NULL);
    for (int i = 1; i <= 300; i++) {
        CHECK(kill(getpid(), SIGUSR2) == 0);
        for (int spins = 0; handled != i; spins++) {
            CHECK(spins < 1000000);
            sched_yield();
        }
    }
    stop = 1;
    pthread_kill(listener, SIGUSR2);
    join(listener);
    for (int i = 0; i < 3; i++)
        join(thread[i]);
    mask(SIG_UNBLOCK, SIGUSR2);
}

/*
 * The first thread is told of a signal to the process, but is then in the handler of another one, which
 * blocks it: the second thread has to take it meanwhile.
 */
static atomic_int taken, missed;

static void wait_for_taker(int sig)
{
    (void)sig;
    for (int i = 0; taken == handled && i < 3000; i++)
        nap_ms(1);
    missed += taken == handled;
    handled++;
}

static void take(int sig)
{
    (void)sig;
    taken++;
}

static void *listen_to_both(void *arg)
{
    mask(SIG_UNBLOCK, SIGUSR1);
    mask(SIG_UNBLOCK, SIGUSR2);
    arrived++;
    while (!stop)
        nap_ms(1000);
    return arg;
}

static void try_handler_mask(void)
{
    struct sigaction action = {.sa_handler = wait_for_taker};
    struct sigaction taking = {.sa_handler = take};
    pthread_t thread[2];

    stop = handled = taken = missed = arrived = 0;
    mask(SIG_BLOCK, SIGUSR1);
    mask(SIG_BLOCK, SIGUSR2);
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    /* Else the first thread could take both, and wait in one handler before the other's first instruction. */
    sigaddset(&taking.sa_mask, SIGUSR1);
    CHECK(sigaction(SIGUSR2, &taking, NULL) == 0);
    for (int i = 0; i < 2; i++)
        thread[i] = start(listen_to_both, NULL);
    await_value(&arrived, 2);
    for (int i = 1; i <= 20; i++) {
        CHECK(kill(getpid(), SIGUSR2) == 0 && pthread_kill(thread[0], SIGUSR1) == 0);
        await_value(&handled, i);
        await_value(&taken, i);
    }
    CHECK(!missed);
    stop = 1;
    for (int i = 0; i < 2; i++) {
        pthread_kill(thread[i], SIGUSR2);
        join(thread[i]);
    }
    mask(SIG_UNBLOCK, SIGUSR1);
    mask(SIG_UNBLOCK, SIGUSR2);
}

/* Several wait for the same signals: each signal ends one wait. */
#define WAITERS 3

static void *await_signals(void *arg)
{
    sigset_t set;
    int sig;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGTERM);
    for (;;) {
        CHECK(sigwait(&set, &sig) == 0);
        if (sig == SIGTERM)
            break;
        handled++;
    }
    return arg;
}

static void try_sigwait(void)
{
    pthread_t thread[WAITERS];

    handled = 0;
    mask(SIG_BLOCK, SIGUSR1);
    mask(SIG_BLOCK, SIGUSR2);
    mask(SIG_BLOCK, SIGTERM);
    for (int i = 0; i < WAITERS; i++)
        thread[i] = start(await_signals, NULL);
    for (int i = 2; i <= 400; i += 2) {
        CHECK(kill(getpid(), SIGUSR1) == 0 && kill(getpid(), SIGUSR2) == 0);
        await_value(&handled, i);
    }
    for (int i = 0; i < WAITERS; i++) {
        CHECK(pthread_kill(thread[i], SIGTERM) == 0);
        join(thread[i]);
    }
    mask(SIG_UNBLOCK, SIGUSR1);
    mask(SIG_UNBLOCK, SIGUSR2);
    mask(SIG_UNBLOCK, SIGTERM);
}

/* Each has its own alternate stack, and can be saved there from a fault of its own. */
static __thread char *alternate;
static __thread sigjmp_buf escape;

static void on_fault(int sig)
{
    char here;

    CHECK(sig == SIGSEGV && &here > alternate && &here < alternate + 16384);
    siglongjmp(escape, 1);
}

static void *fault(void *arg)
{
    stack_t stack = {.ss_size = 16384};
    stack_t old;

    alternate = stack.ss_sp = malloc(stack.ss_size);
    CHECK(sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE));
    CHECK(sigaltstack(&stack, NULL) == 0);
    for (int i = 0; i < 50; i++) {
        if (sigsetjmp(escape, 1) == 0) {
            *(volatile char *)(intptr_t)(i + 1) = 1;
            CHECK(!"a store to nowhere");
        }
    }
    stack.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&stack, NULL) == 0);
    free(alternate);
    return arg;
}

static void try_altstack(void)
{
    handle(SIGSEGV, on_fault, SA_ONSTACK);
    run_all(fault);
    handle(SIGSEGV, SIG_DFL, 0);
}

/* The process's alarm, set by all at once. */
static void *set_alarms(void *arg)
{
    struct itimerval odd = {{0, 300}, {0, 200}}, off = {{0, 0}, {0, 0}};

    for (int i = 0; i < 300; i++) {
        CHECK(setitimer(ITIMER_REAL, i % 3 ? &odd : &off, NULL) == 0);
        CHECK(getitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}) == 0);
    }
    return arg;
}

static void try_alarms(void)
{
    struct itimerval off = {{0, 0}, {0, 0}};

    handle(SIGALRM, note_tid, SA_RESTART);
    run_all(set_alarms);
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    handle(SIGALRM, SIG_DFL, 0);
    alarm(CASE_SECONDS);
}

/* --- cancellation --- */

static atomic_int cleaned, begun;

static void clean(void *arg)
{
    (void)arg;
    cleaned++;
}

static void *sleep_in_semaphore(void *arg)
{
    pthread_cleanup_push(clean, NULL);
    begun = 1;
    sem_wait(&there);
    pthread_cleanup_pop(0);
    return arg;
}

static int pipe_ends[2];

static void *sleep_in_read(void *arg)
{
    char byte;

    pthread_cleanup_push(clean, NULL);
    begun = 1;
    (void)!read(pipe_ends[0], &byte, 1);
    pthread_cleanup_pop(0);
    return arg;
}

static void *sleep_in_cond(void *arg)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(clean, NULL);
    begun = 1;
    for (;;)
        pthread_cond_wait(&not_empty, &mutex);
    pthread_cleanup_pop(0);
    return arg;
}

static void *spin_until_cancelled(void *arg)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    begun = 1;
    for (;;)
        (*(volatile long *)&sum)++;
    return arg;
}

/* The nap lets it get from there to where it sleeps, mostly. */
static void cancel_one(void *(*fn)(void *), int naps)
{
    begun = 0;
    pthread_t thread = start(fn, NULL);

    while (!begun)
        sched_yield();
    nap_ms(naps);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(join(thread) == PTHREAD_CANCELED);
}

static void try_cancel(void)
{
    cleaned = 0;
    CHECK(sem_init(&there, 0, 0) == 0 && pipe(pipe_ends) == 0);
    for (int i = 1; i <= 10; i++) {
        cancel_one(sleep_in_semaphore, 5);
        cancel_one(sleep_in_read, 5);
        cancel_one(sleep_in_cond, 5);
        CHECK(pthread_mutex_unlock(&mutex) == 0); /* the wait has taken it again */
        CHECK(cleaned == 3 * i);
        cancel_one(spin_until_cancelled, 2);
    }
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

/* --- robust locks --- */

static pthread_mutex_t robust;

static atomic_int holding;

static void *die_holding(void *arg)
{
    CHECK(pthread_mutex_lock(&robust) == 0);
    holding = 1;
    if (arg)
        nap_ms(20);
    return NULL;
}

static void make_robust(pthread_mutex_t *m, int shared)
{
    pthread_mutexattr_t attr;

    CHECK(pthread_mutexattr_init(&attr) == 0);
    CHECK(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
    CHECK(pthread_mutexattr_setpshared(&attr, shared) == 0);
    CHECK(pthread_mutex_init(m, &attr) == 0);
}

static void take_over(pthread_mutex_t *m)
{
    CHECK(pthread_mutex_lock(m) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(m) == 0);
    CHECK(pthread_mutex_unlock(m) == 0);
    CHECK(pthread_mutex_lock(m) == 0 && pthread_mutex_unlock(m) == 0);
}

static void try_robust(void)
{
    pthread_t thread;

    make_robust(&robust, PTHREAD_PROCESS_PRIVATE);
    join(start(die_holding, NULL));
    take_over(&robust);
    holding = 0;
    thread = start(die_holding, &thread); /* this one is waited for */
    while (!holding)
        sched_yield();
    take_over(&robust);
    join(thread);
}

/* Between processes: the owner is killed, execs or ends while somebody waits. */
static pthread_mutex_t *shared_robust;

static void hold_for_ever(void)
{
    CHECK(pthread_mutex_lock(shared_robust) == 0);
    *(volatile char *)(shared_robust + 1) = 1;
    for (;;)
        pause();
}

static void hold_and_exec(void)
{
    CHECK(pthread_mutex_lock(shared_robust) == 0);
    *(volatile char *)(shared_robust + 1) = 1;
    nap_ms(10);
    execl("/bin/true", "true", (char *)NULL);
}

static void hold_and_exit(void)
{
    CHECK(pthread_mutex_lock(shared_robust) == 0);
    *(volatile char *)(shared_robust + 1) = 1;
    nap_ms(10);
}

static void try_robust_shared(void)
{
    static void (*const ways[])(void) = {hold_for_ever, hold_and_exec, hold_and_exit};

    shared_robust = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared_robust != MAP_FAILED);
    for (int i = 0; i < 9; i++) {
        make_robust(shared_robust, PTHREAD_PROCESS_SHARED);
        *(volatile char *)(shared_robust + 1) = 0;
        pid_t pid = child(ways[i % 3]);
        while (!*(volatile char *)(shared_robust + 1))
            sched_yield();
        if (i % 3 == 0)
            CHECK(kill(pid, SIGKILL) == 0);
        take_over(shared_robust);
        status_of(pid);
    }
    munmap(shared_robust, 4096);
}

/* --- the kernel's tables, by all at once --- */

static void *open_and_close(void *arg)
{
    char text[8];

    for (int i = 0; i < 100; i++) {
        int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
        int copy = dup(fd);
        CHECK(fd >= 0 && copy >= 0 && fd != copy);
        CHECK(read(copy, text, 7) == 7 && memcmp(text, "threadw", 7) == 0);
        CHECK(close(fd) == 0 && close(copy) == 0);
    }
    return arg;
}

static void try_descriptors(void)
{
    int before = dup(0);

    close(before);
    run_all(open_and_close);
    int after = dup(0);
    CHECK(after == before);
    close(after);
}

static void *map_and_unmap(void *arg)
{
    for (int i = 0; i < 40; i++) {
        volatile char *p =
            mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p != MAP_FAILED);
        for (int k = 0; k < 4; k++) {
            CHECK(p[k * 4096] == 0);
            p[k * 4096] = (char)(intptr_t)arg;
        }
        CHECK(mprotect((void *)p, 4096, PROT_READ) == 0);
        CHECK(p[0] == (char)(intptr_t)arg && p[12288] == (char)(intptr_t)arg);
        CHECK(munmap((void *)p, 16384) == 0);
    }
    return NULL;
}

static void try_mappings(void)
{
    run_all(map_and_unmap);
}

static const struct test_case cases[] = {
    {"create", try_create},
    {"ids", try_ids},
    {"detach", try_detach},
    {"limit", try_limit},
    {"mutex", try_mutex},
    {"spin", try_spin},
    {"cond", try_cond},
    {"rwlock", try_rwlock},
    {"barrier", try_barrier},
    {"semaphore", try_semaphore},
    {"futex", try_futex},
    {"gone_futex", try_gone_futex},
    {"membarrier", try_membarrier},
    {"membarriers", try_membarriers},
    {"own-data", try_own_data},
    {"floating-point", try_floating_point},
    {"proc", try_proc},
    {"cpu-time", try_cpu_time},
    {"kill", try_kill},
    {"process-signal", try_process_signal},
    {"passing-on", try_passing_on},
    {"handler-mask", try_handler_mask},
    {"sigwait", try_sigwait},
    {"altstack", try_altstack},
    {"alarms", try_alarms},
    {"cancel", try_cancel},
    {"robust", try_robust},
    {"robust-shared", try_robust_shared},
    {"descriptors", try_descriptors},
    {"mappings", try_mappings},
};

int main(int argc, char **argv)
{
    return run_cases(CASES, cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
