/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting with descriptors: eventfd and epoll. */
#define _GNU_SOURCE
#define CASES "waiting"
#include "cases.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#define WATCHED 200

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int watch(int ep, int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};

    return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static int change(int ep, int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};

    return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

/* The events of the only descriptor that is ready, 0 for none. */
static uint32_t one_event(int ep, int fd, int timeout)
{
    struct epoll_event e[4];
    int n = epoll_wait(ep, e, 4, timeout);

    CHECK(n == 0 || (n == 1 && e[0].data.fd == fd));
    return n ? e[0].events : 0;
}

static void put(int fd, uint64_t n)
{
    CHECK(write(fd, &n, sizeof(n)) == sizeof(n));
}

static uint64_t get(int fd)
{
    uint64_t n = 0;

    return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* --- eventfd --- */

static void counts(void)
{
    int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    uint64_t most = UINT64_MAX - 1;
    char small[4];

    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    put(fd, 4);
    CHECK(get(fd) == 7);
    CHECK(get(fd) == 0 && errno == EAGAIN);
    put(fd, most);
    CHECK(write(fd, (uint64_t[]){1}, 8) == -1 && errno == EAGAIN);
    CHECK(write(fd, (uint64_t[]){UINT64_MAX}, 8) == -1 && errno == EINVAL);
    CHECK(get(fd) == most);
    CHECK(read(fd, small, sizeof(small)) == -1 && errno == EINVAL);
    CHECK(write(fd, small, sizeof(small)) == -1 && errno == EINVAL);
    close(fd);
    CHECK(syscall(SYS_eventfd2, 0, 8) == -1 && errno == EINVAL);

    fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    CHECK(get(fd) == 1 && get(fd) == 1 && get(fd) == 0);
    close(fd);
}

static void *add_later(void *arg)
{
    nap_ms(50);
    put(*(int *)arg, 5);
    return NULL;
}

static void *take_later(void *arg)
{
    nap_ms(50);
    CHECK(get(*(int *)arg) == UINT64_MAX - 1);
    return NULL;
}

static void counter_blocks(void)
{
    int fd = eventfd(0, 0);
    pthread_t t = start(add_later, &fd);

    CHECK(get(fd) == 5);
    join(t);
    put(fd, UINT64_MAX - 1);
    t = start(take_later, &fd);
    put(fd, 9);
    join(t);
    CHECK(get(fd) == 9);
    close(fd);
}

static void counter_polls(void)
{
    int fd = eventfd(0, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

    CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLOUT);
    put(fd, UINT64_MAX - 1);
    CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
    CHECK(get(fd));
    close(fd);
}

/* --- epoll --- */

static void bad_arguments(void)
{
    int ep = epoll_create1(EPOLL_CLOEXEC);
    int e = eventfd(0, 0), plain = open("/proc/self/exe", O_RDONLY);
    struct epoll_event event;

    CHECK(ep >= 0 && fcntl(ep, F_GETFD) == FD_CLOEXEC);
    CHECK(epoll_create1(1) == -1 && errno == EINVAL);
    CHECK(epoll_create(0) == -1 && errno == EINVAL);
    CHECK(watch(ep, ep, EPOLLIN) == -1 && errno == EINVAL);
    CHECK(watch(e, e, EPOLLIN) == -1 && errno == EINVAL);
    CHECK(watch(ep, plain, EPOLLIN) == -1 && errno == EPERM);
    CHECK(watch(ep, 999, EPOLLIN) == -1 && errno == EBADF);
    CHECK(watch(999, e, EPOLLIN) == -1 && errno == EBADF);
    CHECK(change(ep, e, EPOLLIN) == -1 && errno == ENOENT);
    CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, e, NULL) == -1 && errno == ENOENT);
    CHECK(watch(ep, e, EPOLLIN) == 0);
    CHECK(watch(ep, e, EPOLLIN) == -1 && errno == EEXIST);
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, e, (void *)8) == -1 && errno == EFAULT);
    CHECK(epoll_ctl(ep, 77, e, &event) == -1 && errno == EINVAL);
    CHECK(epoll_wait(ep, &event, 0, 0) == -1 && errno == EINVAL);
    CHECK(epoll_wait(e, &event, 1, 0) == -1 && errno == EINVAL);
    put(e, 1);
    CHECK(syscall(SYS_epoll_pwait, ep, 8, 1, 0, NULL, 8) == -1 && errno == EFAULT);
    CHECK(one_event(ep, e, 0) == EPOLLIN); /* it was not lost */
    CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, e, NULL) == 0);
    CHECK(one_event(ep, e, 0) == 0);
    close(ep);
    close(e);
    close(plain);
}

static void level(void)
{
    int ep = epoll_create1(0), e = eventfd(0, 0);

    CHECK(watch(ep, e, EPOLLIN) == 0);
    CHECK(one_event(ep, e, 0) == 0);
    put(e, 1);
    CHECK(one_event(ep, e, 0) == EPOLLIN && one_event(ep, e, -1) == EPOLLIN);
    CHECK(get(e) == 1);
    CHECK(one_event(ep, e, 0) == 0);
    CHECK(change(ep, e, EPOLLOUT) == 0);
    CHECK(one_event(ep, e, 0) == EPOLLOUT);
    CHECK(change(ep, e, 0) == 0);
    CHECK(one_event(ep, e, 0) == 0);
    close(ep);
    close(e);
}

static void edge(void)
{
    int ep = epoll_create1(0), e = eventfd(0, 0), p[2];
    char byte;

    CHECK(watch(ep, e, EPOLLIN | EPOLLET) == 0);
    put(e, 1);
    CHECK(one_event(ep, e, 0) == EPOLLIN && one_event(ep, e, 0) == 0);
    put(e, 1); /* it was readable all the time, but this is news */
    CHECK(one_event(ep, e, 0) == EPOLLIN && one_event(ep, e, 0) == 0);
    CHECK(change(ep, e, EPOLLIN | EPOLLET) == 0);
    CHECK(one_event(ep, e, 0) == EPOLLIN);
    close(e);

    CHECK(pipe(p) == 0 && watch(ep, p[0], EPOLLIN | EPOLLET) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(write(p[1], "ab", 2) == 2);
        CHECK(one_event(ep, p[0], 0) == EPOLLIN && one_event(ep, p[0], 0) == 0);
        CHECK(read(p[0], &byte, 1) == 1);
    }
    close(p[1]);
    CHECK(one_event(ep, p[0], 0) == (EPOLLIN | EPOLLHUP));
    close(p[0]);
    close(ep);
}

static void one_shot(void)
{
    int ep = epoll_create1(0), p[2];

    CHECK(pipe(p) == 0 && watch(ep, p[0], EPOLLIN | EPOLLONESHOT) == 0);
    CHECK(write(p[1], "a", 1) == 1);
    CHECK(one_event(ep, p[0], 0) == EPOLLIN && one_event(ep, p[0], 0) == 0);
    CHECK(write(p[1], "a", 1) == 1);
    CHECK(one_event(ep, p[0], 0) == 0);
    close(p[1]);
    CHECK(one_event(ep, p[0], 0) == 0); /* not even for a hang-up */
    CHECK(change(ep, p[0], EPOLLIN | EPOLLONESHOT) == 0);
    CHECK(one_event(ep, p[0], 0) == (EPOLLIN | EPOLLHUP));
    close(p[0]);
    close(ep);
}

/* A descriptor is forgotten when the last copy of it is closed, and not before. */
static void closing(void)
{
    int ep = epoll_create1(0), e = eventfd(1, 0), copy = dup(e);

    CHECK(watch(ep, e, EPOLLIN) == 0);
    CHECK(watch(ep, copy, EPOLLIN) == 0);
    CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL) == 0);
    close(e);
    CHECK(one_event(ep, e, 0) == EPOLLIN);
    close(copy);
    CHECK(one_event(ep, e, 0) == 0);
    for (int i = 0; i < 50;
         i++) { /* an epoll that goes before what it watches, and the other way round */
        int other = epoll_create1(0);

        e = eventfd(1, 0);
        CHECK(watch(other, e, EPOLLIN) == 0 && watch(ep, e, EPOLLIN) == 0);
        close(i & 1 ? e : other);
        close(i & 1 ? other : e);
    }
    CHECK(one_event(ep, -1, 0) == 0);
    close(ep);
}

static void many(void)
{
    int ep = epoll_create1(0), fd[WATCHED], seen = 0;
    struct epoll_event e[16];

    for (int i = 0; i < WATCHED; i++) {
        fd[i] = eventfd(0, EFD_NONBLOCK);
        CHECK(fd[i] >= 0 && watch(ep, fd[i], EPOLLIN) == 0);
    }
    for (int i = 0; i < WATCHED; i += 2)
        put(fd[i], (uint64_t)i + 1);
    while (seen < WATCHED / 2) { /* each comes once, since it is emptied */
        int n = epoll_wait(ep, e, 16, 0);

        CHECK(n > 0);
        for (int i = 0; i < n; i++, seen++)
            CHECK(e[i].events == EPOLLIN && get(e[i].data.fd));
    }
    CHECK(epoll_wait(ep, e, 16, 0) == 0);
    for (int i = 0; i < WATCHED;
         i++) /* all stay ready: everyone has a turn, no one twice in one call */
        put(fd[i], 1);
    char had[WATCHED * 2 + 64] = {0};
    for (int round = 0; round < WATCHED / 8; round++) {
        CHECK(epoll_wait(ep, e, 8, 0) == 8);
        for (int i = 0; i < 8; i++)
            CHECK(!had[e[i].data.fd]++);
    }
    for (int i = 0; i < WATCHED; i++)
        close(fd[i]);
    CHECK(epoll_wait(ep, e, 16, 0) == 0);
    close(ep);
}

static void nested(void)
{
    int inner = epoll_create1(0), outer = epoll_create1(0), e = eventfd(0, 0);
    struct pollfd p = {.fd = outer, .events = POLLIN};
    int chain[6];

    CHECK(watch(inner, e, EPOLLIN) == 0 && watch(outer, inner, EPOLLIN) == 0);
    CHECK(watch(inner, outer, EPOLLIN) == -1 && errno == ELOOP);
    CHECK(poll(&p, 1, 0) == 0 && one_event(outer, inner, 0) == 0);
    put(e, 1);
    CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
    CHECK(one_event(outer, inner, 0) == EPOLLIN && one_event(inner, e, 0) == EPOLLIN);
    CHECK(get(e) == 1);
    CHECK(poll(&p, 1, 0) == 0 && one_event(outer, inner, 0) == 0);
    close(inner);
    CHECK(one_event(outer, -1, 0) == 0);

    chain[0] = outer;
    for (int i = 1; i < 5; i++) {
        chain[i] = epoll_create1(0);
        CHECK(watch(chain[i], chain[i - 1], EPOLLIN) == 0);
    }
    chain[5] = epoll_create1(0);
    CHECK(watch(chain[5], chain[4], EPOLLIN) == -1 && errno == ELOOP);
    CHECK(watch(outer, e, EPOLLIN | EPOLLET) == 0);
    pthread_t t = start(add_later, &e);
    CHECK(one_event(chain[4], chain[3], -1) == EPOLLIN);
    join(t);
    for (int i = 0; i < 6; i++)
        close(chain[i]);
    close(e);
}

static void timeouts(void)
{
    int ep = epoll_create1(0);
    struct epoll_event e;
    struct timespec t = {.tv_nsec = 40000000};
    int64_t begin = now_ms();

    CHECK(epoll_wait(ep, &e, 1, 40) == 0 && now_ms() - begin >= 40);
    begin = now_ms();
    CHECK(syscall(SYS_epoll_pwait2, ep, &e, 1, &t, NULL, 8) == 0 && now_ms() - begin >= 40);
    t.tv_nsec = -1;
    CHECK(syscall(SYS_epoll_pwait2, ep, &e, 1, &t, NULL, 8) == -1 && errno == EINVAL);
    close(ep);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

/* A signal ends the wait whatever SA_RESTART says; a mask for the wait lets it through there alone. */
static void interrupted(void)
{
    int ep = epoll_create1(0);
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct epoll_event e;
    sigset_t block, none;

    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &block, NULL);
    alarms = 0;
    raise(SIGUSR1);
    CHECK(epoll_wait(ep, &e, 1, 10) == 0 && alarms == 0);
    CHECK(epoll_pwait(ep, &e, 1, -1, &none) == -1 && errno == EINTR && alarms == 1);
    raise(SIGUSR1);
    CHECK(epoll_pwait(ep, &e, 1, 10, NULL) == 0 && alarms == 1);
    pthread_sigmask(SIG_UNBLOCK, &block, NULL);
    CHECK(alarms == 2);
    close(ep);
}

struct crowd {
    int ep[4], fd;
    int woken;
};

static void *wait_in_crowd(void *arg)
{
    struct crowd *c = arg;
    static int next;
    struct epoll_event e;
    int n = epoll_wait(c->ep[__sync_fetch_and_add(&next, 1) % 4], &e, 1, 400);

    CHECK(n >= 0);
    __sync_fetch_and_add(&c->woken, n);
    return NULL;
}

/* Four epolls with a thread in each wait for one descriptor: all wake, or with EXCLUSIVE one (and seldom more). */
static int wake_crowd(uint32_t flags)
{
    struct crowd c = {.fd = eventfd(0, 0)};
    pthread_t t[4];

    for (int i = 0; i < 4; i++) {
        c.ep[i] = epoll_create1(0);
        CHECK(watch(c.ep[i], c.fd, EPOLLIN | flags) == 0);
    }
    for (int i = 0; i < 4; i++)
        t[i] = start(wait_in_crowd, &c);
    nap_ms(100);
    put(c.fd, 1);
    for (int i = 0; i < 4; i++)
        join(t[i]);
    for (int i = 0; i < 4; i++)
        close(c.ep[i]);
    close(c.fd);
    return c.woken;
}

static void exclusive(void)
{
    int ep = epoll_create1(0), e = eventfd(0, 0), woken;

    CHECK(watch(ep, e, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT) == -1 && errno == EINVAL);
    CHECK(watch(ep, e, EPOLLIN | EPOLLEXCLUSIVE) == 0);
    CHECK(change(ep, e, EPOLLIN) == -1 && errno == EINVAL);
    close(ep);
    close(e);
    CHECK(wake_crowd(0) == 4);
    /* Who comes to wait too late finds the descriptor ready. */
    for (int i = 0; (woken = wake_crowd(EPOLLEXCLUSIVE)) == 4; i++)
        CHECK(i < 10);
    CHECK(woken >= 1);
}

/* --- select --- */

static void *write_later(void *arg)
{
    nap_ms(50);
    CHECK(write(*(int *)arg, "a", 1) == 1);
    return NULL;
}

static int select_ms(int n, fd_set *in, fd_set *out, fd_set *except, long ms)
{
    struct timeval t = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    return select(n, in, out, except, ms < 0 ? NULL : &t);
}

static void selecting(void)
{
    struct rlimit limit = {.rlim_cur = FD_SETSIZE, .rlim_max = FD_SETSIZE};
    fd_set in, out, except;
    int low[2], high[2];

    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(pipe(low) == 0);
    high[0] = fcntl(low[0], F_DUPFD, 900); /* sets of many words */
    high[1] = fcntl(low[1], F_DUPFD, 63);
    CHECK(high[0] >= 900 && high[1] >= 63);
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&except);
    FD_SET(low[0], &in);
    FD_SET(high[0], &in);
    FD_SET(high[1], &out);
    FD_SET(high[0], &except);
    CHECK(select_ms(high[0] + 1, &in, &out, &except, 0) == 1);
    CHECK(!FD_ISSET(low[0], &in) && !FD_ISSET(high[0], &in) && FD_ISSET(high[1], &out));
    FD_SET(high[0], &in);
    int64_t begin = now_ms();
    CHECK(select_ms(high[0] + 1, &in, NULL, NULL, 40) == 0 && now_ms() - begin >= 40);
    FD_SET(low[0], &in);
    FD_SET(high[0], &in);
    CHECK(select_ms(high[0], &in, NULL, NULL, 0) == 0); /* the last one lies behind the end */
    FD_SET(low[0], &in);
    FD_SET(high[0], &in);
    pthread_t t = start(write_later, &low[1]);
    CHECK(select_ms(high[0] + 1, &in, NULL, NULL, -1) == 2);
    CHECK(FD_ISSET(low[0], &in) && FD_ISSET(high[0], &in));
    join(t);
    close(low[1]);
    close(high[1]);
    FD_ZERO(&except);
    FD_SET(low[0], &except); /* a hang-up is no exception: nothing to see */
    CHECK(select_ms(low[0] + 1, NULL, NULL, &except, 10) == 0);
    FD_SET(low[1], &in);
    CHECK(select_ms(low[1] + 1, &in, NULL, NULL, 0) == -1 && errno == EBADF);
    CHECK(select_ms(-1, NULL, NULL, NULL, 0) == -1 && errno == EINVAL);
    CHECK(select_ms(0, NULL, NULL, NULL, 5) == 0);
    CHECK(syscall(SYS_pselect6, 8, 8, NULL, NULL, NULL, NULL) == -1 && errno == EFAULT);
    close(low[0]);
    close(high[0]);
}

/* --- several threads at one epoll --- */

#define TURNS 2000

struct herd {
    int ep, fd[4], stop;
    long taken;
};

static void *take_turns(void *arg)
{
    struct herd *h = arg;
    struct epoll_event e[2];

    while (!__atomic_load_n(&h->stop, __ATOMIC_ACQUIRE)) {
        int n = epoll_wait(h->ep, e, 2, 20);

        CHECK(n >= 0);
        for (int i = 0; i < n; i++)
            __sync_fetch_and_add(&h->taken, (long)get(e[i].data.fd));
    }
    return NULL;
}

/* Nothing that was written is lost, whoever is woken, while descriptors come and go. */
static void herd(uint32_t flags)
{
    struct herd h = {.ep = epoll_create1(0)};
    pthread_t t[3];
    long put_in = 0;

    for (int i = 0; i < 4; i++) {
        h.fd[i] = eventfd(0, EFD_NONBLOCK);
        CHECK(watch(h.ep, h.fd[i], EPOLLIN | flags) == 0);
    }
    for (int i = 0; i < 3; i++)
        t[i] = start(take_turns, &h);
    for (int i = 0; i < TURNS; i++, put_in++) {
        put(h.fd[i % 4], 1);
        if (i % 16 == 0) {
            CHECK(epoll_ctl(h.ep, EPOLL_CTL_DEL, h.fd[i / 16 % 4], NULL) == 0);
            CHECK(watch(h.ep, h.fd[i / 16 % 4], EPOLLIN | flags) == 0);
        }
    }
    for (int ms = 0; __atomic_load_n(&h.taken, __ATOMIC_ACQUIRE) < put_in && ms < 20000; ms += 5)
        nap_ms(5);
    CHECK(h.taken == put_in);
    __atomic_store_n(&h.stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < 3; i++)
        join(t[i]);
    for (int i = 0; i < 4; i++)
        close(h.fd[i]);
    close(h.ep);
}

static void herds(void)
{
    herd(0);
    herd(EPOLLET);
}

/* Descriptors are closed under those who look at them. */
static void *churn(void *arg)
{
    int ep = *(int *)arg;

    for (int i = 0; i < TURNS / 2; i++) {
        int e = eventfd(1, 0);

        CHECK(watch(ep, e, i & 1 ? EPOLLIN : EPOLLIN | EPOLLONESHOT) == 0);
        close(e);
    }
    return NULL;
}

static void churning(void)
{
    int ep = epoll_create1(0);
    struct epoll_event e[4];
    pthread_t t[2] = {start(churn, &ep), start(churn, &ep)};

    for (int i = 0; i < TURNS; i++)
        CHECK(epoll_wait(ep, e, 4, 0) >= 0);
    join(t[0]);
    join(t[1]);
    CHECK(epoll_wait(ep, e, 4, 0) == 0);
    close(ep);
}

/* Descriptors that no file system holds are files to whoever asks; since Linux 6.16 nobody changes what they share. */
static void attributes(void)
{
    sigset_t set;

    sigemptyset(&set);
    int kinds[] = {epoll_create1(0), eventfd(0, 0), timerfd_create(CLOCK_MONOTONIC, 0),
                   signalfd(-1, &set, 0), (int)syscall(SYS_pidfd_open, getpid(), 0)};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        int fd = kinds[i];
        struct stat before, after;
        struct statfs fs;
        char link[32];

        CHECK(fd >= 0 && fstat(fd, &before) == 0 && before.st_size == 0);
        CHECK(fstatfs(fd, &fs) == 0 && fs.f_type);
        CHECK(fchmod(fd, before.st_mode) == 0 || errno == EOPNOTSUPP);
        CHECK(fchown(fd, before.st_uid, before.st_gid) == 0 || errno == EOPNOTSUPP);
        CHECK(futimens(fd, NULL) == 0 || errno == EOPNOTSUPP);
        CHECK(ftruncate(fd, 0) == -1 && (errno == EINVAL || errno == EOPNOTSUPP));
        CHECK(fallocate(fd, 0, 0, 1) == -1);
        CHECK(fcntl(fd, F_GET_SEALS) == -1 && errno == EINVAL);
        CHECK(fstat(fd, &after) == 0 && after.st_mode == before.st_mode);
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        CHECK(stat(link, &after) == 0);
        close(fd);
    }
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"counts", counts},
        {"counter-blocks", counter_blocks},
        {"counter-polls", counter_polls},
        {"bad", bad_arguments},
        {"level", level},
        {"edge", edge},
        {"oneshot", one_shot},
        {"closing", closing},
        {"many", many},
        {"nested", nested},
        {"timeouts", timeouts},
        {"interrupted", interrupted},
        {"herds", herds},
        {"churning", churning},
        {"exclusive", exclusive},
        {"selecting", selecting},
        {"attributes", attributes},
    };

    return run_cases(CASES, cases, sizeof(cases) / sizeof(*cases), argc, argv);
}
