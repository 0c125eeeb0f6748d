/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers, clocks of cpu time, signals and processes as descriptors: timerfd, timer_create, signalfd, pidfd. */
#define _GNU_SOURCE
#define CASES "timing"
#include "cases.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

#define MS 1000000l

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

static int64_t now_ns(clockid_t clock)
{
    struct timespec t = {0};

    CHECK(clock_gettime(clock, &t) == 0);
    return t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct itimerspec in_ms(long value, long interval)
{
    return (struct itimerspec){
        .it_value = {.tv_sec = value / 1000, .tv_nsec = value % 1000 * MS},
        .it_interval = {.tv_sec = interval / 1000, .tv_nsec = interval % 1000 * MS}};
}

static int readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1 && p.revents == POLLIN;
}

static uint64_t get(int fd)
{
    uint64_t n = 0;

    return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* --- timerfd --- */

static void once(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec set = in_ms(30, 0), left;
    int64_t begin = now_ns(CLOCK_MONOTONIC);

    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(get(fd) == 0 && errno == EAGAIN);
    CHECK(timerfd_settime(fd, 0, &set, &left) == 0);
    CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
    CHECK(timerfd_gettime(fd, &left) == 0 && left.it_value.tv_nsec > 0 &&
          left.it_value.tv_nsec <= 30 * MS);
    CHECK(readable(fd, -1) && now_ns(CLOCK_MONOTONIC) - begin >= 30 * MS);
    CHECK(get(fd) == 1 && get(fd) == 0);
    CHECK(timerfd_gettime(fd, &left) == 0 && left.it_value.tv_nsec == 0);
    set = in_ms(5000, 0);
    CHECK(timerfd_settime(fd, 0, &set, NULL) == 0);
    set = in_ms(0, 0);
    CHECK(timerfd_settime(fd, 0, &set, &left) == 0 && left.it_value.tv_sec >= 4);
    CHECK(!readable(fd, 10));
    close(fd);
}

static void periodic(void)
{
    int fd = timerfd_create(CLOCK_REALTIME, 0), ep = epoll_create1(0);
    struct itimerspec set = in_ms(5, 5), left;
    struct epoll_event e = {.events = EPOLLIN};
    uint64_t n;

    CHECK(timerfd_settime(fd, 0, &set, NULL) == 0);
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
    nap_ms(60);
    CHECK(epoll_wait(ep, &e, 1, 0) == 1);
    n = get(fd);
    CHECK(n >= 11);
    CHECK(epoll_wait(ep, &e, 1, 1000) == 1 && get(fd) >= 1);
    CHECK(timerfd_gettime(fd, &left) == 0 && left.it_interval.tv_nsec == 5 * MS &&
          left.it_value.tv_nsec <= 5 * MS && left.it_value.tv_nsec > 0);
    set.it_interval.tv_nsec = set.it_value.tv_nsec =
        1; /* as often as can be: the machine goes on */
    CHECK(timerfd_settime(fd, 0, &set, NULL) == 0);
    nap_ms(20);
    CHECK(get(fd) > 1000000);
    close(ep);
    close(fd);
}

static void absolute(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    int64_t when = now_ns(CLOCK_MONOTONIC) + 30 * MS;
    struct itimerspec set = {
        .it_value = {.tv_sec = when / 1000000000, .tv_nsec = when % 1000000000}};

    CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL) == 0);
    CHECK(get(fd) == 1 && now_ns(CLOCK_MONOTONIC) >= when);
    set.it_interval.tv_nsec = 10 * MS; /* a time that is over: all since then are counted */
    CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL) == 0);
    CHECK(get(fd) >= 1);
    close(fd);
}

static void bad_timers(void)
{
    struct itimerspec set = in_ms(1, 0);
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);

    CHECK(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0) == -1 && errno == EINVAL);
    CHECK(timerfd_create(CLOCK_MONOTONIC, 1) == -1 && errno == EINVAL);
    CHECK(timerfd_settime(fd, 8, &set, NULL) == -1 && errno == EINVAL);
    CHECK(timerfd_settime(0, 0, &set, NULL) == -1 && errno == EINVAL);
    CHECK(timerfd_settime(999, 0, &set, NULL) == -1 && errno == EBADF);
    set.it_value.tv_nsec = 1000000000;
    CHECK(timerfd_settime(fd, 0, &set, NULL) == -1 && errno == EINVAL);
    CHECK(read(fd, &set, 4) == -1 && errno == EINVAL);
    close(fd);
}

/* --- the calendar is set: only where one may, and back again --- */

static int shift_calendar(int seconds)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += seconds;
    return clock_settime(CLOCK_REALTIME, &t);
}

static void *sleep_until_later(void *arg)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += 500;
    __atomic_store_n((int *)arg, 1, __ATOMIC_RELEASE);
    CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL) == 0);
    return NULL;
}

static void calendar(void)
{
    int date = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    int told = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    int span = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    int64_t when = now_ns(CLOCK_REALTIME) / 1000000000 + 500;
    struct itimerspec set = {.it_value.tv_sec = when}, in = in_ms(500000, 0);

    if (shift_calendar(0) != 0) { /* not on a machine of somebody else */
        CHECK(errno == EPERM);
        return;
    }
    CHECK(timerfd_settime(date, TFD_TIMER_ABSTIME, &set, NULL) == 0);
    set.it_value.tv_sec += 100000;
    CHECK(timerfd_settime(told, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &set, NULL) == 0);
    CHECK(timerfd_settime(span, 0, &in, NULL) == 0);
    int begun = 0;
    pthread_t t = start(sleep_until_later, &begun);
    while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
        nap_ms(1);
    nap_ms(50);
    CHECK(!readable(date, 0) && !readable(told, 0));
    CHECK(shift_calendar(1000) == 0);
    join(t);
    CHECK(readable(date, 5000) && get(date) == 1);
    CHECK(readable(told, 0) && get(told) == 0 && errno == ECANCELED);
    CHECK(get(told) == 0 && errno == EAGAIN);
    CHECK(!readable(span, 0));
    CHECK(shift_calendar(-1000) == 0);
    close(date);
    close(told);
    close(span);
}

/* --- POSIX timers --- */

static volatile sig_atomic_t rings, overruns, wrong;
static volatile pid_t ringer;

static void on_timer(int sig, siginfo_t *info, void *context)
{
    (void)context;
    rings++;
    if (sig != SIGRTMIN || info->si_code != SI_TIMER || info->si_value.sival_int != 77)
        wrong = 1;
    overruns += info->si_overrun;
    ringer = (pid_t)syscall(SYS_gettid);
}

static timer_t make_timer(clockid_t clock, int notify, int sig)
{
    struct sigevent event = {.sigev_notify = notify, .sigev_signo = sig};
    struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
    timer_t timer;

    event.sigev_value.sival_int = 77;
    CHECK(sigaction(SIGRTMIN, &action, NULL) == 0);
    CHECK(timer_create(clock, &event, &timer) == 0);
    rings = overruns = wrong = 0;
    return timer;
}

static void rings_at(clockid_t clock)
{
    timer_t timer = make_timer(clock, SIGEV_SIGNAL, SIGRTMIN);
    struct itimerspec set = in_ms(20, 0), left;
    int64_t begin = now_ns(CLOCK_MONOTONIC);

    CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec == 0);
    CHECK(timer_settime(timer, 0, &set, NULL) == 0);
    CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec > 0);
    while (!rings)
        nap_ms(5);
    CHECK(now_ns(CLOCK_MONOTONIC) - begin >= 20 * MS && !wrong);
    nap_ms(30);
    CHECK(rings == 1 && timer_getoverrun(timer) == 0);
    CHECK(timer_delete(timer) == 0);
}

static void timers(void)
{
    rings_at(CLOCK_MONOTONIC);
    rings_at(CLOCK_REALTIME);
    rings_at(CLOCK_BOOTTIME);
}

static void overrun(void)
{
    timer_t timer = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN);
    struct itimerspec set = in_ms(1, 1);
    sigset_t block;

    sigemptyset(&block);
    sigaddset(&block, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &block, NULL);
    CHECK(timer_settime(timer, 0, &set, NULL) == 0);
    nap_ms(60);
    set = in_ms(0, 0);
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    CHECK(rings >= 1 && overruns >= 50 && !wrong);
    CHECK(timer_settime(timer, 0, &set, NULL) == 0);
    CHECK(timer_delete(timer) == 0);
}

/* One timer after the other goes while its signal is pending: it is taken all the same, or not at all. */
static void deleted(void)
{
    struct itimerspec set = in_ms(1, 0);
    sigset_t block;

    sigemptyset(&block);
    sigaddset(&block, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &block, NULL);
    for (int i = 0; i < 5; i++) {
        timer_t timer = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN);

        CHECK(timer_settime(timer, 0, &set, NULL) == 0);
        nap_ms(i & 1 ? 0 : 5);
        CHECK(timer_delete(timer) == 0);
        CHECK(timer_delete(timer) != 0); /* musl returns the raw error */
    }
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    CHECK(rings <= 5 && !wrong);
}

static void *own_timer(void *arg)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
    struct itimerspec set = in_ms(10, 10);
    struct { /* where glibc and musl agree that the tid is */
        union sigval value;
        int signo, notify, tid;
        char pad[64];
    } raw = {.signo = SIGRTMIN, .notify = SIGEV_THREAD_ID, .tid = (int)syscall(SYS_gettid)};
    int id;

    (void)arg;
    (void)event;
    raw.value.sival_int = 77;
    CHECK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &raw, &id) == 0);
    rings = 0;
    CHECK(syscall(SYS_timer_settime, id, 0, &set, NULL) == 0);
    while (rings < 3)
        nap_ms(5);
    CHECK(ringer == syscall(SYS_gettid) && !wrong);
    CHECK(syscall(SYS_timer_delete, id) == 0);
    return NULL;
}

static void to_a_thread(void)
{
    timer_delete(make_timer(CLOCK_MONOTONIC, SIGEV_NONE, 0)); /* sets the handler */
    join(start(own_timer, NULL));
}

static int fired;

static void on_thread(union sigval value)
{
    __atomic_fetch_add(&fired, value.sival_int, __ATOMIC_SEQ_CST);
}

static void by_a_thread(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_thread};
    struct itimerspec set = in_ms(10, 0);
    timer_t timer;

    event.sigev_value.sival_int = 3;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    CHECK(timer_settime(timer, 0, &set, NULL) == 0);
    while (!__atomic_load_n(&fired, __ATOMIC_SEQ_CST))
        nap_ms(5);
    CHECK(fired == 3 && timer_delete(timer) == 0);
}

static void burn(int64_t ns, clockid_t clock)
{
    int64_t end = now_ns(clock) + ns;

    while (now_ns(clock) < end)
        ;
}

static void *burn_some(void *arg)
{
    burn(*(long *)arg * MS, CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

static void cpu_timers(void)
{
    timer_t timer = make_timer(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN);
    struct itimerspec set = in_ms(300, 0), left;
    int64_t begin = now_ns(CLOCK_PROCESS_CPUTIME_ID);

    CHECK(timer_settime(timer, 0, &set, NULL) == 0);
    nap_ms(60);
    CHECK(rings == 0 && timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec > 0);
    while (!rings)
        burn(MS, CLOCK_PROCESS_CPUTIME_ID);
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin >= 300 * MS && !wrong);
    CHECK(timer_delete(timer) == 0);

    timer = make_timer(CLOCK_THREAD_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN);
    CHECK(timer_settime(timer, 0, &set, NULL) == 0);
    long ms = 350;
    join(start(burn_some, &ms)); /* another thread's time does not count */
    CHECK(rings == 0);
    burn(350 * MS, CLOCK_THREAD_CPUTIME_ID);
    nap_ms(20);
    CHECK(rings == 1 && timer_delete(timer) == 0);
}

static void cpu_clocks(void)
{
    clockid_t clock;
    int64_t before, after;
    pid_t pid;

    CHECK(clock_getcpuclockid(0, &clock) == 0);
    before = now_ns(clock);
    burn(5 * MS, CLOCK_MONOTONIC);
    after = now_ns(clock);
    CHECK(after > before && after <= now_ns(CLOCK_PROCESS_CPUTIME_ID));
    CHECK(pthread_getcpuclockid(pthread_self(), &clock) == 0);
    CHECK(now_ns(clock) > 0 && now_ns(clock) <= now_ns(CLOCK_THREAD_CPUTIME_ID));
    pid = fork();
    if (pid == 0)
        for (;;)
            ;
    CHECK(clock_getcpuclockid(pid, &clock) == 0);
    before = now_ns(clock);
    nap_ms(300);
    CHECK(now_ns(clock) > before);
    kill(pid, SIGKILL);
    CHECK(WIFSIGNALED(status_of(pid)));
    struct timespec t;
    CHECK(clock_gettime(clock, &t) == -1 && errno == EINVAL);
}

/* A child has no timers, nor has the next program. */
static void not_inherited(void)
{
    timer_t timer = make_timer(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN);
    struct itimerspec left;
    pid_t pid = fork();

    if (pid == 0)
        _exit(timer_gettime(timer, &left) == -1 && errno == EINVAL ? 0 : 1);
    CHECK(status_of(pid) == 0);
    CHECK(timer_delete(timer) == 0);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_timer_create, 99, NULL, &timer) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_timer_delete, 99999) == -1 && errno == EINVAL);
}

/* --- signalfd --- */

/* What was sent in two ways is read at once. */
static void read_sent(int fd, int ep)
{
    struct signalfd_siginfo info[3];
    union sigval value = {.sival_int = 5};
    struct epoll_event e;

    CHECK(sigqueue(getpid(), SIGRTMIN + 1, value) == 0 && kill(getpid(), SIGUSR1) == 0);
    CHECK(epoll_wait(ep, &e, 1, 1000) == 1 && readable(fd, 0));
    CHECK(read(fd, info, sizeof(info)) == 2 * sizeof(*info));
    CHECK(info[0].ssi_signo == SIGUSR1 && info[0].ssi_code == SI_USER);
    CHECK(info[0].ssi_pid == (uint32_t)getpid());
    CHECK(info[1].ssi_signo == (uint32_t)SIGRTMIN + 1 && info[1].ssi_code == SI_QUEUE);
    CHECK(info[1].ssi_int == 5);
}

/* What the child reads is its own; that it has ended, its parent reads. */
static void read_of_a_child(int fd, int ep)
{
    struct signalfd_siginfo info[2];
    struct epoll_event e;
    pid_t pid = fork();

    if (pid == 0) {
        CHECK(kill(getpid(), SIGUSR1) == 0 && read(fd, info, sizeof(info)) == sizeof(*info));
        _exit(7);
    }
    CHECK(epoll_wait(ep, &e, 1, 10000) == 1 && read(fd, info, sizeof(info)) == sizeof(*info));
    CHECK(info[0].ssi_signo == SIGCHLD && info[0].ssi_code == CLD_EXITED);
    CHECK(info[0].ssi_pid == (uint32_t)pid && info[0].ssi_status == 7);
    CHECK(WEXITSTATUS(status_of(pid)) == 7);
}

/* SIGUSR1 stays pending. */
static void take_out_of_set(int fd, sigset_t set)
{
    sigdelset(&set, SIGUSR1);
    CHECK(signalfd(fd, &set, 0) == fd);
    CHECK(kill(getpid(), SIGUSR1) == 0 && !readable(fd, 0));
}

static void signal_file(void)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLET};
    struct signalfd_siginfo info;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), ep = epoll_create1(0);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(read(fd, &info, sizeof(info)) == -1 && errno == EAGAIN);
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0 && epoll_wait(ep, &e, 1, 0) == 0);
    read_sent(fd, ep);
    read_of_a_child(fd, ep);
    take_out_of_set(fd, set);
    CHECK(signalfd(ep, &set, 0) == -1 && errno == EINVAL);
    CHECK(read(fd, &info, 8) == -1 && errno == EINVAL);
    signal(SIGUSR1, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR1, SIG_DFL);
    close(fd);
    close(ep);
}

static void *send_later(void *arg)
{
    (void)arg;
    nap_ms(50);
    kill(getpid(), SIGUSR2);
    return NULL;
}

/* A file that blocks; and an epoll that outlives the process which has put a signalfd into it. */
static void signal_waits(void)
{
    sigset_t set;
    struct signalfd_siginfo info;
    int ep = epoll_create1(0);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, 0);
    pthread_t t = start(send_later, NULL);
    CHECK(read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR2);
    join(t);
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            struct epoll_event e = {.events = EPOLLIN};
            _exit(epoll_ctl(ep, EPOLL_CTL_ADD, dup2(fd, 50 + i), &e));
        }
        CHECK(status_of(pid) == 0);
    }
    close(ep);
    close(fd);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* --- pidfd --- */

static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void process_file(void)
{
    int ready[2], copy, file;
    siginfo_t info = {0};
    char byte = 0;

    CHECK(pipe(ready) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        int mine = eventfd(41, 0);

        CHECK(dup2(mine, 100) == 100 && write(ready[1], "x", 1) == 1);
        for (;;)
            pause();
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    file = pidfd_of(pid);
    CHECK(file >= 0 && fcntl(file, F_GETFD) == FD_CLOEXEC && !readable(file, 0));
    copy = (int)syscall(SYS_pidfd_getfd, file, 100, 0);
    CHECK(copy >= 0 && get(copy) == 41);
    CHECK(syscall(SYS_pidfd_getfd, file, 101, 0) == -1 && errno == EBADF);
    CHECK(syscall(SYS_pidfd_send_signal, file, 0, NULL, 0) == 0);
    CHECK(syscall(SYS_pidfd_send_signal, file, 99, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_pidfd_send_signal, copy, 0, NULL, 0) == -1 && errno == EBADF);
    CHECK(waitid(P_PIDFD, (id_t)file, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0);
    CHECK(syscall(SYS_pidfd_send_signal, file, SIGTERM, NULL, 0) == 0);
    CHECK(readable(file, 10000));
    CHECK(waitid(P_PIDFD, (id_t)file, &info, WEXITED) == 0);
    CHECK(info.si_pid == pid && info.si_code == CLD_KILLED && info.si_status == SIGTERM);
    CHECK(waitid(P_PIDFD, (id_t)file, &info, WEXITED) == -1 && errno == ECHILD);
    CHECK(syscall(SYS_pidfd_send_signal, file, SIGTERM, NULL, 0) == -1 && errno == ESRCH);
    CHECK(pidfd_of(-1) == -1 && errno == EINVAL);
    CHECK(pidfd_of(pid) == -1 && errno == ESRCH);
    CHECK(syscall(SYS_pidfd_open, getpid(), 1) == -1 && errno == EINVAL);
    close(file);
    close(copy);
    close(ready[0]);
    close(ready[1]);
}

static void born_with_a_file(void)
{
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } args = {.flags = CLONE_PIDFD, .exit_signal = SIGCHLD};
    int file = -1, status;
    struct epoll_event e = {.events = EPOLLIN};
    int ep = epoll_create1(0);

    args.pidfd = (uint64_t)(uintptr_t)&file;
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0) {
        nap_ms(30);
        _exit(fcntl(ep + 1, F_GETFD) == -1 ? 9 : 1); /* the child has not inherited it */
    }
    CHECK(pid > 0 && file == ep + 1 && fcntl(file, F_GETFD) == FD_CLOEXEC);
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, file, &e) == 0 && epoll_wait(ep, &e, 1, 10000) == 1);
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 9);
    close(file);
    close(ep);
    args.flags |= 0x00400000; /* CLONE_DETACHED */
    CHECK(syscall(SYS_clone3, &args, sizeof(args)) == -1 && errno == EINVAL);
    args.flags = CLONE_PIDFD;
    args.pidfd = 8;
    CHECK(syscall(SYS_clone3, &args, sizeof(args)) == -1 && errno == EFAULT);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"once", once},
        {"periodic", periodic},
        {"absolute", absolute},
        {"bad", bad_timers},
        {"calendar", calendar},
        {"timers", timers},
        {"overrun", overrun},
        {"deleted", deleted},
        {"to-a-thread", to_a_thread},
        {"by-a-thread", by_a_thread},
        {"cpu-timers", cpu_timers},
        {"cpu-clocks", cpu_clocks},
        {"not-inherited", not_inherited},
        {"signal-file", signal_file},
        {"signal-waits", signal_waits},
        {"process-file", process_file},
        {"born-with-a-file", born_with_a_file},
    };

    return run_cases(CASES, cases, sizeof(cases) / sizeof(*cases), argc, argv);
}
