/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failnth: each allocation that a call makes fails once.
 *
 * For each of the actions below, and k = 1, 2, ..., the k-th allocation fails, until the action passes untouched.
 * /proc/self/fail-nth as on Linux: a number written is the allocation of this thread that fails, what is read is the
 * rest (0: it was hit). Whatever fails must give an error that says so, or end the child that tried; at the end as much
 * memory is free as before. A round without counting goes first, so that caches are full.
 */
#include "sys.h"
#include "text.h"

#include <abi/linux/event_files.h>
#include <abi/linux/fcntl.h>
#include <abi/linux/ipc.h>
#include <abi/linux/mman.h>
#include <abi/linux/poll.h>
#include <abi/linux/signal.h>
#include <abi/linux/socket.h>
#include <abi/linux/time.h>
#include <abi/linux/uio.h>

#include "thread.h"

#define PROGRAM "/bin/nop"
#define PAGE    4096ul
#define LIMIT   10000
#define ROUNDS  20 /* so that a page lost for one k only stands out from what caches keep */

/* Exit statuses of an attempt: the count was used up; an error came although it was not. */
#define HIT    3
#define BROKEN 4

static char *no_words[] = {PROGRAM, NULL};
static int knob;

static void set_rest(long k)
{
    char digits[16];
    size_t len = text_format(digits, sizeof(digits), "%ld", k);

    SYS(lseek, knob, 0, 0);
    if (SYS(write, knob, digits, len) != (long)len) {
        warn("failnth: cannot write /proc/self/fail-nth\n");
        sys_exit(2);
    }
}

static long rest(void)
{
    char digits[16] = "";

    SYS(lseek, knob, 0, 0);
    if (SYS(read, knob, digits, sizeof(digits) - 1) <= 0)
        return -1;
    return (long)text_number(digits);
}

/* True when the count that was set has been used up. */
static bool was_hit(void)
{
    bool hit = rest() == 0;

    set_rest(0);
    return hit;
}

/* In the child: a fork with the k-th allocation failing. Exit status 0: it passed untouched. */
static void do_fork(long k)
{
    set_rest(k);
    long pid = sys_fork();
    if (pid == 0)
        sys_exit(0);
    bool hit = was_hit();
    if (pid > 0)
        sys_wait(pid);
    else if (!hit)
        sys_exit(BROKEN);
    sys_exit(hit ? HIT : 0);
}

/* In the child: an exec with the k-th allocation failing. The program's status is 0. */
static void do_exec(long k)
{
    set_rest(k);
    SYS(execve, PROGRAM, no_words, no_words + 1);
    sys_exit(was_hit() ? HIT : BROKEN);
}

/* --- calls that answer with an error ------------------------------------------------------------ */

static char *map(u64 pages)
{
    return (char *)SYS(mmap, 0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
}

static bool is_error(const void *addr)
{
    return (u64)addr > -4096ul;
}

static void idle(void *arg)
{
    (void)arg;
}

static long make_thread(void)
{
    static char stack[16 * KiB] __aligned(16);
    struct thread t;
    long rc = thread_start(&t, stack, sizeof(stack), idle, NULL, 0);

    if (rc == 0)
        thread_join(&t);
    return rc;
}

/* Booked, touched, cut into pieces, with other rights, and gone. */
static long use_mapping(void)
{
    char *at = map(16);
    long rc;

    if (is_error(at))
        return (long)at;
    for (u64 i = 0; i < 16; i++)
        at[i * PAGE] = 1;
    rc = SYS(mprotect, at + 4 * PAGE, 2 * PAGE, PROT_READ);
    if (rc == 0)
        rc = SYS(munmap, at + 8 * PAGE, PAGE);
    return rc ? rc : SYS(munmap, at, 16 * PAGE);
}

/* Pages that are not there yet, and such that parent and child share until one writes. */
static char *area;

#define AREA_PAGES 1024 /* more than one table's worth */

static long fault_pages(void)
{
    for (u64 i = 0; i < AREA_PAGES; i += AREA_PAGES / 8)
        area[i * PAGE] = area[(i + 1) * PAGE] = 2;
    return 0;
}

/* Far enough that it has to move, and its table with it. */
static long move_mapping(void)
{
    char *at = map(16);
    char *wall = map(1);

    if (is_error(at) || is_error(wall))
        return is_error(at) ? (long)at : (long)wall;
    at[0] = at[15 * PAGE] = 1;
    return MIN(SYS(mremap, at, 16 * PAGE, 1024 * PAGE, MREMAP_MAYMOVE), 0);
}

static long use_pipe(void)
{
    static char bytes[3 * PAGE];
    int fd[2];
    long rc = SYS(pipe2, fd, 0);

    if (rc)
        return rc;
    rc = SYS(write, fd[1], bytes, sizeof(bytes));
    return rc < 0 ? rc : MIN(SYS(read, fd[0], bytes, sizeof(bytes)), 0);
}

#define NEW_FILE "/tmp/a-name-that-is-too-long-to-be-kept-in-the-dentry-itself"

static long use_file(void)
{
    long fd = SYS(openat, AT_FDCWD, NEW_FILE, O_RDWR | O_CREAT, 0600);
    long rc = fd < 0 ? fd : SYS(pwrite64, fd, "x", 1, 1 << 20);

    return MIN(rc, 0);
}

static long use_memory_file(void)
{
    long fd = SYS(memfd_create, "failnth", 0);
    struct linux_flock lock = {.l_type = F_WRLCK, .l_len = 10};
    long rc = fd < 0 ? fd : SYS(fcntl, fd, F_SETLK, &lock);

    return rc ? rc : SYS(ftruncate, fd, PAGE);
}

/* A lock that is cut into two needs a record more. */
static long cut_lock(void)
{
    struct linux_flock lock = {.l_type = F_WRLCK, .l_len = 100};
    struct linux_flock hole = {.l_type = F_UNLCK, .l_start = 40, .l_len = 20};
    long fd = SYS(memfd_create, "failnth", 0);
    long rc = fd < 0 ? fd : SYS(fcntl, fd, F_SETLK, &lock);

    return rc ? rc : SYS(fcntl, fd, F_SETLK, &hole);
}

/* --- descriptors that wait, and timers ----------------------------------------------------------- */

/* One inside of another, which has to hear of what happens after it was set up. */
static long use_epoll(void)
{
    struct linux_epoll_event event = {.events = POLLIN}, got;
    long inner = SYS(epoll_create1, 0), outer = SYS(epoll_create1, 0);
    long counter = SYS(eventfd2, 0, EFD_NONBLOCK);
    long rc = MIN(MIN(inner, outer), counter);
    u64 one = 1;

    if (rc >= 0)
        rc = SYS(epoll_ctl, inner, EPOLL_CTL_ADD, counter, &event);
    if (rc >= 0)
        rc = SYS(epoll_ctl, outer, EPOLL_CTL_ADD, inner, &event);
    if (rc >= 0)
        rc = SYS(write, counter, &one, sizeof(one));
    if (rc >= 0)
        rc = SYS(epoll_pwait, outer, &got, 1, 0, 0, 0);
    return rc == 0 ? -EIO : MIN(rc, 0);
}

static long use_timerfd(void)
{
    struct linux_itimerspec soon = {.it_value = {.tv_nsec = 1}};
    long fd = SYS(timerfd_create, CLOCK_MONOTONIC, 0);
    u64 expired;
    long rc = fd < 0 ? fd : SYS(timerfd_settime, fd, 0, &soon, 0);

    return rc ? rc : MIN(SYS(read, fd, &expired, sizeof(expired)), 0);
}

/* Watched, which takes memory of its own, before the signal comes. */
static long use_signalfd(void)
{
    u64 set = 1ul << (SIGUSR1 - 1);
    struct linux_epoll_event event = {.events = POLLIN}, got;
    long self = SYS(getpid), epoll = SYS(epoll_create1, 0);

    SYS(rt_sigprocmask, SIG_BLOCK, &set, 0, sizeof(set));
    long fd = SYS(signalfd4, -1, &set, sizeof(set), 0);
    long rc = MIN(fd, epoll);
    if (rc >= 0)
        rc = SYS(epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &event);
    if (rc < 0)
        return rc;
    SYS(epoll_pwait, epoll, &got, 1, 0, 0, 0); /* what is there already is found without watching */
    SYS(kill, self, SIGUSR1);
    rc = SYS(epoll_pwait, epoll, &got, 1, 0, 0, 0);
    return rc == 0 ? -EIO : MIN(rc, 0); /* it was accepted, and never told */
}

/* One that expires, and one that the end of the process finds armed. */
static long use_timer(void)
{
    struct linux_sigevent event = {.sigev_signo = SIGURG, .sigev_notify = SIGEV_SIGNAL};
    struct linux_itimerspec soon = {.it_value = {.tv_nsec = 1}}, late = {.it_value = {.tv_sec = 9}};
    s32 id[2];
    long rc = SYS(timer_create, CLOCK_MONOTONIC, &event, &id[0]);

    if (rc == 0)
        rc = SYS(timer_create, CLOCK_REALTIME, &event, &id[1]);
    if (rc == 0)
        rc = SYS(timer_settime, id[0], 0, &soon, 0);
    return rc ? rc : SYS(timer_settime, id[1], 0, &late, 0);
}

static long use_pidfd(void)
{
    long self = SYS(getpid);
    long fd = SYS(pidfd_open, self, 0);
    struct linux_pollfd wait = {.fd = (s32)fd, .events = POLLIN};
    struct linux_timespec none = {0};

    return fd < 0 ? fd : MIN(SYS(ppoll, &wait, 1, &none, 0, 0), 0);
}

/* --- sockets ------------------------------------------------------------------------------------- */

struct fd_message {
    struct linux_cmsghdr head;
    s32 fd[2];
};

/* Sends a long message with two descriptors, one in a control message, and receives both twice. */
static long pass_files(const s32 end[2])
{
    static char bytes[3 * PAGE];
    struct linux_cmsghdr head = {
        .cmsg_len = sizeof(head) + sizeof(s32), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    struct fd_message control[2] = {{head, {end[0], 0}}, {head, {end[1], 0}}};
    struct linux_iovec iov = {.iov_base = (u64)bytes, .iov_len = sizeof(bytes)};
    struct linux_msghdr msg = {.msg_iov = (u64)&iov,
                               .msg_iovlen = 1,
                               .msg_control = (u64)control,
                               .msg_controllen = sizeof(control)};
    long rc = SYS(sendmsg, end[0], &msg, 0);

    for (int peek = 1; rc >= 0 && peek >= 0; peek--) {
        msg.msg_controllen = sizeof(control);
        rc = SYS(recvmsg, end[1], &msg, peek ? MSG_PEEK : 0);
        if (rc >= 0 && !(msg.msg_flags & MSG_CTRUNC) &&
            (!msg.msg_controllen || control[0].head.cmsg_len != sizeof(control[0])))
            return -EIO; /* one is lost, and nobody is told */
    }
    return MIN(rc, 0);
}

static long use_stream(void)
{
    s32 end[2];
    long rc = SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, end);

    return rc ? rc : pass_files(end);
}

#define SOCKET_FILE "/tmp/a-name-of-a-socket-that-is-too-long-to-be-kept-in-the-dentry-itself"

/* To the name of a file, which is not there if it could not be bound, from a name that is made up. */
static long use_datagram(void)
{
    static const struct linux_sockaddr_un address = {AF_UNIX, SOCKET_FILE};
    char byte;
    long to = SYS(socket, AF_UNIX, SOCK_DGRAM, 0), from = SYS(socket, AF_UNIX, SOCK_DGRAM, 0);
    long rc = MIN(to, from);

    if (rc >= 0)
        rc = SYS(bind, from, &address, sizeof(address.sun_family));
    if (rc >= 0) {
        rc = SYS(bind, to, &address, sizeof(address));
        if (rc < 0 && SYS(faccessat, AT_FDCWD, SOCKET_FILE, 0) == 0)
            return -EIO;
    }
    if (rc >= 0)
        rc = SYS(sendto, from, "x", 1, 0, &address, sizeof(address));
    return rc < 0 ? rc : MIN(SYS(read, to, &byte, 1), 0);
}

/* A connection that could not be accepted is still there. */
static long use_connection(void)
{
    static const struct linux_sockaddr_un address = {AF_UNIX, "\0failnth"};
    long server = SYS(socket, AF_UNIX, SOCK_STREAM, 0);
    long client = SYS(socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    long rc = MIN(server, client), end = 0;

    if (rc >= 0)
        rc = SYS(bind, server, &address, sizeof(address));
    if (rc >= 0)
        rc = SYS(listen, server, 1);
    if (rc >= 0)
        rc = SYS(connect, client, &address, sizeof(address));
    if (rc >= 0)
        end = SYS(accept, server, 0, 0);
    if (end < 0 && SYS(accept, server, 0, 0) < 0)
        return -EIO;
    return rc < 0 ? rc : MIN(end, 0);
}

/* --- what outlives a process, and signals ---------------------------------------------------------- */

static long segment = -1;

static long use_segment(void)
{
    segment = SYS(shmget, IPC_PRIVATE, 4 * PAGE, 0600);
    if (segment < 0)
        return segment;
    char *at = (char *)SYS(shmat, segment, 0, 0);
    if (is_error(at))
        return (long)at;
    at[PAGE] = 1;
    return SYS(shmdt, at);
}

static volatile int caught;

static void on_signal(int sig)
{
    caught = sig;
}

/* On a stack that is not there yet; a queued one, which needs memory of its own. */
static long take_signal(void)
{
    struct linux_sigaction action = {.sa_handler = (u64)on_signal, .sa_flags = SA_ONSTACK};
    long self = SYS(getpid);
    u64 info[16] = {SIGRTMIN, (u64)(u32)-1};
    struct linux_stack stack = {.ss_sp = (u64)map(4), .ss_size = 4 * PAGE};

    if (is_error((void *)stack.ss_sp))
        return (long)stack.ss_sp;
    SYS(sigaltstack, &stack, 0);
    SYS(rt_sigaction, SIGRTMIN, &action, 0, sizeof(u64));
    long rc = SYS(rt_sigqueueinfo, self, SIGRTMIN, info);
    if (rc == 0 && caught != SIGRTMIN)
        return -EIO; /* it was accepted, and never came */
    return rc;
}

/* Takes back what outlives a process, as far as that process alone knows of it. */
static void clean_up(void)
{
    if (segment >= 0)
        SYS(shmctl, segment, IPC_RMID, 0);
}

/* EFAULT: a page of a buffer could not be had, which is what Linux says as well. */
static bool says_no_memory(long rc)
{
    return rc == -EFAULT || rc == -ENOMEM || rc == -EAGAIN || rc == -ENOSPC || rc == -ENOLCK ||
           rc == -ENOBUFS;
}

static void answer(long (*call)(void), long k)
{
    set_rest(k);
    long rc = call();
    bool hit = was_hit();
    clean_up();
    if (rc < 0 && !(hit && says_no_memory(rc))) {
        warn("failnth: error %ld\n", -rc);
        sys_exit(BROKEN);
    }
    sys_exit(hit ? HIT : 0);
}

/* --- all of them --------------------------------------------------------------------------------- */

static struct action {
    const char *name;
    void (*in_child)(long k);
    long (*call)(void); /* or this */
    long allocations;
} actions[] = {
    {"fork", .in_child = do_fork},      {"exec", .in_child = do_exec},
    {"clone", .call = make_thread},     {"mmap", .call = use_mapping},
    {"fault", .call = fault_pages},     {"mremap", .call = move_mapping},
    {"pipe", .call = use_pipe},         {"open", .call = use_file},
    {"memfd", .call = use_memory_file}, {"shm", .call = use_segment},
    {"signal", .call = take_signal},    {"lock", .call = cut_lock},
    {"epoll", .call = use_epoll},       {"timerfd", .call = use_timerfd},
    {"signalfd", .call = use_signalfd}, {"timer", .call = use_timer},
    {"pidfd", .call = use_pidfd},       {"stream", .call = use_stream},
    {"datagram", .call = use_datagram}, {"connect", .call = use_connection},
};

/* Also those of a process that was killed. */
static void remove_files(void)
{
    SYS(unlinkat, AT_FDCWD, NEW_FILE, 0);
    SYS(unlinkat, AT_FDCWD, SOCKET_FILE, 0);
}

/*
 * True when the k-th allocation was made and failed. Each attempt has a process of its own: the
 * failure may come in a page fault or behind exec's point of no return, and then kills it.
 */
static bool try(const struct action *a, long k)
{
    long pid = sys_fork();

    if (pid == 0) {
        knob = (int)SYS(openat, AT_FDCWD, "/proc/self/fail-nth", O_RDWR | O_CLOEXEC, 0);
        if (a->in_child)
            a->in_child(k);
        else
            answer(a->call, k);
    }
    long status = pid < 0 ? pid : sys_wait(pid);
    remove_files();
    if (status < 0 || status == BROKEN << 8) {
        warn("failnth: %s: a wrong error, or one though no allocation failed (k %ld, status %ld)\n",
             a->name, k, status);
        sys_exit(1);
    }
    return status != 0;
}

static void count(struct action *a)
{
    long k = 1;

    while (try(a, k)) {
        if (++k > LIMIT) {
            warn("failnth: %s does not end\n", a->name);
            sys_exit(1);
        }
    }
    a->allocations = k - 1;
}

static void count_all(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        count(&actions[i]);
}

/* Segments of children that were killed before they could remove theirs. */
static void remove_segments(void)
{
    struct linux_shmid_ds ds;

    for (long i = 0, id; i < 256; i++)
        if ((id = SYS(shmctl, i, SHM_STAT, &ds)) >= 0 && ds.shm_nattch == 0)
            SYS(shmctl, id, IPC_RMID, 0);
}

/* MemFree of /proc/meminfo, in kB. */
static u64 free_memory(void)
{
    static char text[2048];
    long fd = SYS(openat, AT_FDCWD, "/proc/meminfo", O_RDONLY, 0);
    long len = SYS(read, fd, text, sizeof(text) - 1);

    SYS(close, fd);
    text[len > 0 ? len : 0] = 0;
    for (const char *s = text; *s; s++) {
        if (strncmp(s, "MemFree:", 8) == 0) {
            for (s += 8; *s == ' '; s++)
                ;
            return text_number(s);
        }
    }
    return 0;
}

int main(void)
{
    area = map(AREA_PAGES);
    for (u64 i = 0; i < AREA_PAGES; i += AREA_PAGES / 8)
        area[i * PAGE] = 1;
    count_all();
    remove_segments();
    u64 before = free_memory();
    for (int i = 0; i < ROUNDS; i++)
        count_all();
    remove_segments();
    u64 after = free_memory();
    print("failnth: allocations");
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        print("%s %s %ld", i ? "," : "", actions[i].name, actions[i].allocations);
    print("; free kB before %lu, after %lu\n", before, after);
    return 0;
}
