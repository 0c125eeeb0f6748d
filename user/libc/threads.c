/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads, as programs know them from POSIX and Linux: starting and joining, locks and conditions, memory
 * of a thread's own, signals to a thread and to a process, cancellation, fork and exec by one of many, the
 * end of a process by any of them, locks whose owner dies, /proc. Prints `threads: all good`, status 0; or
 * what went wrong, status 1.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY   40
#define SOME   6
#define COUNTS 2000

#define CHECK(cond)                                                                      \
    do {                                                                                 \
        if (!(cond)) {                                                                   \
            printf("threads: %s:%d: %s (errno %d)\n", __func__, __LINE__, #cond, errno); \
            fflush(stdout);                                                              \
            _exit(1);                                                                    \
        }                                                                                \
    } while (0)

static const char *self;

static pid_t tid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

static pthread_t start(void *(*fn)(void *arg), void *arg)
{
    pthread_t t;

    CHECK(pthread_create(&t, NULL, fn, arg) == 0);
    return t;
}

static void *join(pthread_t t)
{
    void *result;

    CHECK(pthread_join(t, &result) == 0);
    return result;
}

/* Runs fn in a process of its own; the wait status. */
static int status_of(void (*fn)(void))
{
    int status;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        fn();
        _exit(99);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

static bool exited_with(int status, int code)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

static bool killed_by(int status, int sig)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == sig;
}

static void *forever(void *arg)
{
    (void)arg;
    for (;;)
        pause();
    return NULL;
}

static void *spin(void *arg)
{
    for (;;)
        ++*(volatile unsigned long *)arg;
    return NULL;
}

/* --- starting and joining --- */

static void *twice(void *arg)
{
    return (void *)((long)arg * 2);
}

static void results(void)
{
    pthread_t t[MANY];

    for (int round = 0; round < 10; round++) {
        for (long i = 0; i < MANY; i++)
            t[i] = start(twice, (void *)i);
        for (long i = 0; i < MANY; i++)
            CHECK(join(t[i]) == (void *)(i * 2));
    }
}

static void *say_ids(void *arg)
{
    pid_t *ids = arg;

    ids[0] = getpid();
    ids[1] = tid();
    ids[2] = getppid();
    return NULL;
}

static void identities(void)
{
    pid_t ids[3];

    CHECK(tid() == getpid());
    join(start(say_ids, ids));
    CHECK(ids[0] == getpid() && ids[1] != getpid() && ids[2] == getppid());
    /* The end of a thread is no news for wait, and its number is free (soon: join does not wait for that). */
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    while (syscall(SYS_tgkill, getpid(), ids[1], 0) == 0)
        sched_yield();
    CHECK(errno == ESRCH);
}

static sem_t ended;

static void *end_unnoticed(void *arg)
{
    CHECK(pthread_detach(pthread_self()) == 0);
    CHECK(sem_post(&ended) == 0);
    return arg;
}

static void detached(void)
{
    CHECK(sem_init(&ended, 0, 0) == 0);
    for (int i = 0; i < MANY; i++)
        start(end_unnoticed, NULL);
    for (int i = 0; i < MANY; i++)
        while (sem_wait(&ended))
            CHECK(errno == EINTR);
}

/* --- what threads share, and what they do not --- */

static __thread long own = 5;
static long in_data;

static void *use_own(void *arg)
{
    CHECK(own == 5);
    for (int i = 0; i < 50; i++) {
        own = (long)arg + i;
        sched_yield();
        CHECK(own == (long)arg + i);
    }
    return NULL;
}

static void memory_of_its_own(void)
{
    pthread_t t[SOME];

    for (long i = 0; i < SOME; i++)
        t[i] = start(use_own, (void *)(i << 20));
    for (int i = 0; i < SOME; i++)
        join(t[i]);
    CHECK(own == 5);
}

static void *change_everything(void *arg)
{
    sigset_t usr1;

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    CHECK(pthread_sigmask(SIG_BLOCK, &usr1, NULL) == 0);
    CHECK(chdir("/proc") == 0);
    umask(0123);
    CHECK(dup2(1, 30) == 30);
    signal(SIGUSR2, SIG_IGN);
    in_data = 1;
    return arg;
}

static void shared_and_not(void)
{
    struct sigaction action;
    sigset_t mask;
    char path[64];

    join(start(change_everything, NULL));
    CHECK(strcmp(getcwd(path, sizeof(path)), "/proc") == 0);
    CHECK(umask(022) == 0123);
    CHECK(close(30) == 0);
    CHECK(sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
    CHECK(in_data == 1);
    CHECK(pthread_sigmask(SIG_BLOCK, NULL, &mask) == 0 && !sigismember(&mask, SIGUSR1));
    signal(SIGUSR2, SIG_DFL);
    CHECK(chdir("/") == 0);
}

/* --- locks and conditions --- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long count;
static long halves[2];

static void *count_locked(void *arg)
{
    for (int i = 0; i < COUNTS; i++) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        long n = count;
        if (i % 64 == 0)
            sched_yield();
        count = n + 1;
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    return arg;
}

static void mutexes(void)
{
    pthread_t t[SOME];

    count = 0;
    for (int i = 0; i < SOME; i++)
        t[i] = start(count_locked, NULL);
    for (int i = 0; i < SOME; i++)
        join(t[i]);
    CHECK(count == SOME * COUNTS);
}

/* Each takes its turn. */
static void *count_in_turn(void *arg)
{
    for (int i = 0; i < 100; i++) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        while (count % SOME != (long)arg)
            CHECK(pthread_cond_wait(&changed, &mutex) == 0);
        count++;
        CHECK(pthread_cond_broadcast(&changed) == 0);
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    return NULL;
}

static void conditions(void)
{
    struct timespec soon;
    pthread_t t[SOME];

    count = 0;
    for (long i = 0; i < SOME; i++)
        t[i] = start(count_in_turn, (void *)i);
    for (int i = 0; i < SOME; i++)
        join(t[i]);
    CHECK(count == SOME * 100);
    CHECK(clock_gettime(CLOCK_REALTIME, &soon) == 0);
    soon.tv_nsec = (soon.tv_nsec + 1000000) % 1000000000;
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_cond_timedwait(&changed, &mutex, &soon) == ETIMEDOUT);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static void *meet(void *arg)
{
    long alone = 0;

    for (int i = 0; i < 50; i++) {
        __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
        int rc = pthread_barrier_wait(&barrier);
        CHECK(rc == 0 || rc == PTHREAD_BARRIER_SERIAL_THREAD);
        alone += rc != 0;
        CHECK(__atomic_load_n(&count, __ATOMIC_RELAXED) == SOME * (i + 1));
        pthread_barrier_wait(&barrier);
    }
    return (void *)(alone + (long)arg);
}

static void barriers(void)
{
    pthread_t t[SOME];
    long alone = 0;

    count = 0;
    CHECK(pthread_barrier_init(&barrier, NULL, SOME) == 0);
    for (int i = 0; i < SOME; i++)
        t[i] = start(meet, NULL);
    for (int i = 0; i < SOME; i++)
        alone += (long)join(t[i]);
    CHECK(alone == 50);
    CHECK(pthread_barrier_destroy(&barrier) == 0);
}

static void *read_halves(void *arg)
{
    for (int i = 0; i < 500; i++) {
        CHECK(pthread_rwlock_rdlock(&rwlock) == 0);
        CHECK(halves[0] == halves[1]);
        CHECK(pthread_rwlock_unlock(&rwlock) == 0);
    }
    return arg;
}

static void *write_halves(void *arg)
{
    for (int i = 0; i < 200; i++) {
        CHECK(pthread_rwlock_wrlock(&rwlock) == 0);
        halves[0]++;
        sched_yield();
        halves[1]++;
        CHECK(pthread_rwlock_unlock(&rwlock) == 0);
    }
    return arg;
}

static void readers_and_writers(void)
{
    pthread_t t[SOME];

    for (int i = 0; i < SOME; i++)
        t[i] = start(i < 2 ? write_halves : read_halves, NULL);
    for (int i = 0; i < SOME; i++)
        join(t[i]);
    CHECK(halves[0] == 400 && halves[1] == 400);
}

/* --- locks in memory that processes share, and locks whose owner has died --- */

struct common {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    int turn;
};

static struct common *make_common(int robust)
{
    struct common *c =
        mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t mattr;
    pthread_condattr_t cattr;

    CHECK(c != MAP_FAILED);
    CHECK(pthread_mutexattr_init(&mattr) == 0 && pthread_condattr_init(&cattr) == 0);
    CHECK(pthread_mutexattr_setpshared(&mattr, PTHREAD_PROCESS_SHARED) == 0);
    CHECK(pthread_condattr_setpshared(&cattr, PTHREAD_PROCESS_SHARED) == 0);
    CHECK(pthread_mutexattr_setrobust(&mattr, robust) == 0);
    CHECK(pthread_mutex_init(&c->mutex, &mattr) == 0 && pthread_cond_init(&c->cond, &cattr) == 0);
    return c;
}

static void take_turns(struct common *c, int mine)
{
    for (int i = 0; i < 200; i++) {
        CHECK(pthread_mutex_lock(&c->mutex) == 0);
        while (c->turn % 2 != mine)
            CHECK(pthread_cond_wait(&c->cond, &c->mutex) == 0);
        c->turn++;
        CHECK(pthread_cond_signal(&c->cond) == 0);
        CHECK(pthread_mutex_unlock(&c->mutex) == 0);
    }
}

static void across_processes(void)
{
    struct common *c = make_common(PTHREAD_MUTEX_STALLED);
    int status;
    pid_t pid = fork();

    take_turns(c, pid == 0);
    if (pid == 0)
        _exit(0);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK(c->turn == 400);
    munmap(c, sizeof(*c));
}

static void *take_and_die(void *arg)
{
    struct common *c = arg;

    CHECK(pthread_mutex_lock(&c->mutex) == 0);
    return NULL;
}

/* The next owner is told; one that waits already is woken. */
static void *inherit(void *arg)
{
    struct common *c = arg;

    CHECK(pthread_mutex_lock(&c->mutex) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&c->mutex) == 0);
    CHECK(pthread_mutex_unlock(&c->mutex) == 0);
    return NULL;
}

static void dead_owners(void)
{
    struct common *c = make_common(PTHREAD_MUTEX_ROBUST);
    pid_t pid;

    join(start(take_and_die, c));
    inherit(c);
    pid = fork();
    if (pid == 0) {
        take_and_die(c);
        c->turn = 1;
        forever(NULL);
    }
    while (!*(volatile int *)&c->turn)
        pause_ms(1);
    pthread_t waiter = start(inherit, c);
    pause_ms(20);
    CHECK(kill(pid, SIGKILL) == 0);
    join(waiter);
    CHECK(waitpid(pid, NULL, 0) == pid);
    CHECK(pthread_mutex_lock(&c->mutex) == 0 && pthread_mutex_unlock(&c->mutex) == 0);
    munmap(c, sizeof(*c));
}

/* --- cancellation --- */

static int cleaned;
static int begun;
static int ends[2];

static void clean_up(void *arg)
{
    cleaned += (int)(long)arg;
}

static void unlock(void *arg)
{
    CHECK(pthread_mutex_unlock(arg) == 0);
}

static void *read_for_ever(void *arg)
{
    char byte;

    pthread_cleanup_push(clean_up, (void *)1);
    __sync_fetch_and_add(&begun, 1);
    CHECK(read(ends[0], &byte, 1) == -2);
    pthread_cleanup_pop(0);
    return arg;
}

static void *wait_for_ever(void *arg)
{
    CHECK(pthread_mutex_lock(&mutex) == 0);
    pthread_cleanup_push(unlock, &mutex);
    pthread_cleanup_push(clean_up, (void *)10);
    __sync_fetch_and_add(&begun, 1);
    for (;;)
        pthread_cond_wait(&changed, &mutex);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return arg;
}

static void cancellation(void)
{
    CHECK(pipe(ends) == 0);
    for (int i = 1; i <= 10; i++) {
        begun = 0;
        pthread_t reader = start(read_for_ever, NULL), waiter = start(wait_for_ever, NULL);

        while (i % 2 && __sync_fetch_and_add(&begun, 0) < 2)
            pause_ms(1);
        CHECK(pthread_cancel(reader) == 0 && pthread_cancel(waiter) == 0);
        CHECK(join(reader) == PTHREAD_CANCELED && join(waiter) == PTHREAD_CANCELED);
    }
    CHECK(pthread_mutex_trylock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
    /* One that had not begun yet when it was cancelled has nothing to clean up. */
    CHECK(cleaned >= 5 * 11 && cleaned <= 10 * 11);
    close(ends[0]);
    close(ends[1]);
}

/* --- signals --- */

static volatile pid_t handled_by;
static volatile int handled;

static void handler(int sig)
{
    (void)sig;
    handled_by = tid();
    __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

static void handle(int sig, int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    CHECK(sigaction(sig, &action, NULL) == 0);
    handled_by = 0;
    handled = 0;
}

static void block(int sig, int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, sig);
    CHECK(pthread_sigmask(how, &set, NULL) == 0);
}

static void wait_until_handled(int times)
{
    for (int i = 0; i < 5000 && handled < times; i++)
        pause_ms(1);
    CHECK(handled == times);
}

static volatile bool leave;

static void *work_until_told(void *arg)
{
    *(volatile pid_t *)arg = tid();
    while (!leave)
        ;
    return NULL;
}

static void *sleep_until_told(void *arg)
{
    *(volatile pid_t *)arg = tid();
    while (!leave)
        pause();
    return NULL;
}

static void wait_for_tid(volatile pid_t *id)
{
    while (!*id)
        pause_ms(1);
}

static void *block_and_sleep(void *arg)
{
    block(SIGUSR1, SIG_BLOCK);
    return sleep_until_told(arg);
}

/* One busy thread and one that sleeps: each gets what is sent to it alone. */
static void directed_signals(void)
{
    volatile pid_t busy = 0, asleep = 0;

    leave = false;
    handle(SIGUSR1, 0);
    pthread_t b = start(work_until_told, (void *)&busy),
              s = start(sleep_until_told, (void *)&asleep);
    wait_for_tid(&busy);
    wait_for_tid(&asleep);
    for (int i = 1; i <= 20; i++) {
        CHECK(pthread_kill(i % 2 ? b : s, SIGUSR1) == 0);
        wait_until_handled(i);
        CHECK(handled_by == (i % 2 ? busy : asleep));
    }
    leave = true;
    CHECK(pthread_kill(s, SIGUSR1) == 0);
    join(b);
    while (pthread_kill(s, SIGUSR1) == 0 && pthread_tryjoin_np(s, NULL))
        pause_ms(1);
}

/* A signal to the process goes to a thread that does not block it, and wakes it. */
static void signals_to_the_process(void)
{
    volatile pid_t deaf[2] = {0}, open = 0;
    pthread_t t[3];

    leave = false;
    handle(SIGUSR1, 0);
    t[0] = start(block_and_sleep, (void *)&deaf[0]);
    t[1] = start(sleep_until_told, (void *)&open);
    t[2] = start(block_and_sleep, (void *)&deaf[1]);
    wait_for_tid(&deaf[0]);
    wait_for_tid(&deaf[1]);
    wait_for_tid(&open);
    block(SIGUSR1, SIG_BLOCK);
    for (int i = 1; i <= 10; i++) {
        CHECK(kill(getpid(), SIGUSR1) == 0);
        wait_until_handled(i);
        CHECK(handled_by == open);
    }
    leave = true;
    handle(SIGUSR2, 0);
    for (int i = 0; i < 3; i++)
        while (pthread_tryjoin_np(t[i], NULL)) {
            CHECK(pthread_kill(t[i], SIGUSR2) == 0);
            pause_ms(1);
        }
    block(SIGUSR1, SIG_UNBLOCK);
}

static void *wait_for_signal(void *arg)
{
    sigset_t set;
    int sig;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    *(volatile pid_t *)arg = tid();
    CHECK(sigwait(&set, &sig) == 0);
    return (void *)(long)sig;
}

/* Blocked by all: it waits until somebody asks. */
static void awaited_by_a_thread(void)
{
    volatile pid_t id = 0;

    block(SIGUSR2, SIG_BLOCK);
    for (int i = 0; i < 5; i++) {
        pthread_t t = start(wait_for_signal, (void *)&id);
        if (i % 2)
            wait_for_tid(&id);
        CHECK(kill(getpid(), SIGUSR2) == 0);
        CHECK(join(t) == (void *)SIGUSR2);
        id = 0;
    }
    block(SIGUSR2, SIG_UNBLOCK);
}

/* Queued signals to one busy thread are counted, none is lost. */
static void queued_signals(void)
{
    volatile pid_t busy = 0;
    int sent = 0;

    leave = false;
    handle(SIGRTMIN + 3, SA_RESTART);
    pthread_t t = start(work_until_told, (void *)&busy);
    wait_for_tid(&busy);
    for (int i = 0; i < 500; i++)
        sent += pthread_kill(t, SIGRTMIN + 3) == 0;
    CHECK(sent > 0);
    wait_until_handled(sent);
    leave = true;
    join(t);
}

/* --- stopping, and ending --- */

static void spin_with_others(void)
{
    static volatile unsigned long counts[SOME];
    volatile unsigned long *shared =
        mmap(NULL, sizeof(counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned long before;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        for (int i = 1; i < SOME; i++)
            start(spin, (void *)&shared[i]);
        spin((void *)&shared[0]);
    }
    while (!shared[0] || !shared[SOME - 1])
        pause_ms(1);
    CHECK(kill(pid, SIGSTOP) == 0);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    pause_ms(20);
    before = 0;
    for (int i = 0; i < SOME; i++)
        before += shared[i];
    pause_ms(20);
    for (int i = 0; i < SOME; i++)
        before -= shared[i];
    CHECK(before == 0);
    before = shared[1];
    CHECK(kill(pid, SIGCONT) == 0);
    CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
    while (shared[1] == before)
        pause_ms(1);
    CHECK(kill(pid, SIGTERM) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && killed_by(status, SIGTERM));
    munmap((void *)shared, sizeof(counts));
}

static unsigned long spun[SOME];

static void *exit_with_7(void *arg)
{
    (void)arg;
    pause_ms(5);
    exit(7);
}

static void exit_by_one(void)
{
    for (int i = 0; i < SOME; i++)
        start(i % 2 ? forever : spin, &spun[i]);
    start(exit_with_7, NULL);
    forever(NULL);
}

static void return_from_main(void)
{
    for (int i = 0; i < SOME; i++)
        start(i % 2 ? forever : spin, &spun[i]);
    exit(8);
}

static void *last(void *arg)
{
    char path[64], line[256], state = 0;

    /* The first thread ends, and stays as a zombie until we have: nobody can wait for it yet. */
    snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", getpid(), getpid());
    for (int ms = 0; state != 'Z'; ms++) {
        FILE *f = fopen(path, "r");

        CHECK(ms < 20000);
        pause_ms(1);
        CHECK(f && fgets(line, sizeof(line), f) && sscanf(strrchr(line, ')'), ") %c", &state) == 1);
        fclose(f);
    }
    CHECK(kill(getpid(), 0) == 0);
    return arg;
}

static void leader_leaves(void)
{
    start(last, NULL);
    pthread_exit(NULL);
}

static void *fault(void *arg)
{
    *(volatile int *)arg = 0;
    return NULL;
}

static void fault_of_one(void)
{
    start(forever, NULL);
    start(fault, (void *)8);
    forever(NULL);
}

static void *overflow(void *arg)
{
    volatile char hole[4096];

    hole[0] = (char)(long)arg;
    if ((long)arg < LONG_MAX)
        overflow((void *)((long)arg + 1));
    return (void *)(long)hole[0];
}

static void overflow_of_one(void)
{
    start(overflow, NULL);
    forever(NULL);
}

static void ends_of_processes(void)
{
    for (int i = 0; i < 10; i++) {
        CHECK(exited_with(status_of(exit_by_one), 7));
        CHECK(exited_with(status_of(return_from_main), 8));
    }
    CHECK(exited_with(status_of(leader_leaves), 0));
    CHECK(killed_by(status_of(fault_of_one), SIGSEGV));
    CHECK(killed_by(status_of(overflow_of_one), SIGSEGV));
}

/* --- fork and exec by one of many --- */

static int count_tasks(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;

    CHECK(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void *fork_here(void *arg)
{
    long seen = own = (long)arg;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        CHECK(tid() == getpid() && own == seen);
        CHECK(count_tasks("/proc/self/task") == 1);
        CHECK(join(start(twice, (void *)4l)) == (void *)8l);
        _exit((int)seen);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && exited_with(status, (int)seen));
    return NULL;
}

static void forks(void)
{
    pthread_t t[SOME];

    for (int round = 0; round < 5; round++) {
        for (long i = 0; i < SOME; i++)
            t[i] = start(fork_here, (void *)(i + 1));
        for (int i = 0; i < SOME; i++)
            join(t[i]);
    }
}

/* A child of one thread may be awaited by another. */
static void *wait_for_it(void *arg)
{
    int status;

    CHECK(waitpid((pid_t)(long)arg, &status, 0) == (long)arg && exited_with(status, 3));
    return NULL;
}

static void wait_by_another(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        pause_ms(5);
        _exit(3);
    }
    join(start(wait_for_it, (void *)(long)pid));
}

static void *exec_here(void *arg)
{
    char was[16];

    (void)arg;
    snprintf(was, sizeof(was), "%d", getpid());
    execl(self, self, "alone", was, NULL);
    return NULL;
}

static void exec_by_one(void)
{
    for (int i = 0; i < SOME; i++)
        start(i % 2 ? forever : spin, &spun[i]);
    start(exec_here, NULL);
    forever(NULL);
}

static void exec_after_the_leader(void)
{
    start(forever, NULL);
    start(exec_here, NULL);
    pthread_exit(NULL);
}

/* In the program that one of many threads has changed into: it is alone, and has the process's number. */
static int alone(const char *was)
{
    CHECK(getpid() == atoi(was) && tid() == getpid());
    CHECK(count_tasks("/proc/self/task") == 1);
    CHECK(join(start(twice, (void *)6l)) == (void *)12l);
    return 21;
}

static void execs(void)
{
    for (int i = 0; i < 10; i++)
        CHECK(exited_with(status_of(exec_by_one), 21));
    CHECK(exited_with(status_of(exec_after_the_leader), 21));
}

/* --- what others see --- */

static void in_proc(void)
{
    volatile pid_t ids[3] = {0};
    char path[64], line[128];
    pthread_t t[3];
    int said = 0;

    leave = false;
    handle(SIGUSR1, 0);
    for (int i = 0; i < 3; i++)
        t[i] = start(sleep_until_told, (void *)&ids[i]);
    for (int i = 0; i < 3; i++)
        wait_for_tid(&ids[i]);
    CHECK(count_tasks("/proc/self/task") == 4);
    CHECK(pthread_setname_np(t[1], "second") == 0);
    snprintf(path, sizeof(path), "/proc/self/task/%d/comm", ids[1]);
    FILE *f = fopen(path, "r");
    CHECK(f && fgets(line, sizeof(line), f) && !strcmp(line, "second\n"));
    fclose(f);
    f = fopen("/proc/self/status", "r");
    CHECK(f);
    while (fgets(line, sizeof(line), f))
        sscanf(line, "Threads: %d", &said);
    fclose(f);
    CHECK(said == 4);
    leave = true;
    for (int i = 0; i < 3; i++)
        while (pthread_tryjoin_np(t[i], NULL)) {
            CHECK(pthread_kill(t[i], SIGUSR1) == 0);
            pause_ms(1);
        }
}

static void *burn(void *arg)
{
    struct timespec used = {0};

    while (used.tv_nsec < 30000000 && !used.tv_sec)
        CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
    return arg;
}

static long ns_between(struct timespec from, struct timespec to)
{
    return (to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec;
}

/* The time of ended threads stays their process's, and is nobody else's. */
static void cpu_times(void)
{
    struct timespec before, after, mine, mine_after;

    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before) == 0);
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mine) == 0);
    pthread_t a = start(burn, NULL), b = start(burn, NULL);
    join(a);
    join(b);
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mine_after) == 0);
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after) == 0);
    CHECK(ns_between(before, after) - ns_between(mine, mine_after) >= 60000000);
}

static void *go_where_told(void *arg)
{
    cpu_set_t *set = arg, now;

    CHECK(sched_setaffinity(0, sizeof(*set), set) == 0);
    for (int i = 0; i < 20; i++) {
        int cpu = sched_getcpu();
        CHECK(cpu >= 0 && CPU_ISSET(cpu, set));
        sched_yield();
    }
    CHECK(sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_EQUAL(&now, set));
    return NULL;
}

/* Each thread has its own set of cpus; what the kernel is asked for holds at once. */
static void affinity(void)
{
    cpu_set_t all, one[CPU_SETSIZE > 8 ? 8 : CPU_SETSIZE], now;
    pthread_t t[8];
    int n = 0;

    CHECK(sched_getaffinity(0, sizeof(all), &all) == 0 && CPU_COUNT(&all) >= 1);
    for (int cpu = 0; cpu < CPU_SETSIZE && n < 8; cpu++) {
        if (!CPU_ISSET(cpu, &all))
            continue;
        CPU_ZERO(&one[n]);
        CPU_SET(cpu, &one[n]);
        t[n] = start(go_where_told, &one[n]);
        n++;
    }
    for (int i = 0; i < n; i++)
        join(t[i]);
    CHECK(sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_EQUAL(&now, &all));
    CPU_ZERO(&now);
    CHECK(sched_setaffinity(0, sizeof(now), &now) == -1 && errno == EINVAL);
    CHECK(n == sysconf(_SC_NPROCESSORS_ONLN) || n == 8);
}

int main(int argc, char **argv)
{
    static void (*const parts[])(void) = {
        results,
        identities,
        detached,
        memory_of_its_own,
        shared_and_not,
        mutexes,
        conditions,
        barriers,
        readers_and_writers,
        across_processes,
        dead_owners,
        cancellation,
        directed_signals,
        signals_to_the_process,
        awaited_by_a_thread,
        queued_signals,
        spin_with_others,
        ends_of_processes,
        forks,
        wait_by_another,
        execs,
        in_proc,
        cpu_times,
        affinity,
    };

    self = argv[0];
    if (argc > 2)
        return alone(argv[2]);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        parts[i]();
    puts("threads: all good");
    return 0;
}
