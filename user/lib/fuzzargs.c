/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments for system calls, at random (see fuzzargs.h): first what kinds there are and how each is
 * made, then which kinds a call wants (fuzzargs.def), then the mixture.
 *
 * Structures lie in small buffers at the beginning of the arena, so that those of different calls,
 * and those of other threads, overlap now and then.
 */
#include "fuzzargs.h"
#include "sys.h"
#include "text.h"

#include <abi/linux/event_files.h>
#include <abi/linux/fcntl.h>
#include <abi/linux/futex.h>
#include <abi/linux/ipc.h>
#include <abi/linux/mman.h>
#include <abi/linux/mount.h>
#include <abi/linux/poll.h>
#include <abi/linux/prctl.h>
#include <abi/linux/resource.h>
#include <abi/linux/sched.h>
#include <abi/linux/signal.h>
#include <abi/linux/stat.h>
#include <abi/linux/time.h>
#include <abi/linux/uio.h>
#include <abi/linux/wait.h>

#define PAGE    4096ul
#define BUFFERS 16
#define BUFFER  512ul

/* A call is wild once in so many times, and so is an argument of one that is not. */
#define WILD_CALL     6
#define WILD_ARGUMENT 24

/* --- values ------------------------------------------------------------------------------------- */

static const char *const paths[] = {
    "/a",        "/b",
    "/d",        "/d/a",
    "/d/b",      "/link",
    "/loop",     "/d/..",
    "/nop",      "/dev/null",
    "/dev/zero", "/proc/self/stat",
    "/fifo",     "/proc/self/maps",
    "/socket",   "/proc/self/fd/3",
    ".",         "/proc/self/fd",
    "",          "/proc/self/ns/uts",
    "a",         "..",
};

static const char *const types[] = {"tmpfs", "proc", "sysfs", "mqueue", "ramfs"};

static const u64 boundaries[] = {
    0,         1,         2,         7,          8,        15,      16,        63,
    64,        255,       256,       511,        512,      4095,    4096,      4097,
    8192,      65535,     65536,     0x7fffffff, 1u << 31, ~0u,     1ul << 32, 1ul << 38,
    1ul << 47, 1ul << 62, 1ul << 63, ~0ul,       ~0ul - 1, -4096ul, ~0ul >> 1, (u64)AT_FDCWD,
};

static const u64 bad_addresses[] = {
    0,         8,         0x10000, 0x3300000000ul,     0x3fffffeff8ul,     0x4000000000ul,
    1ul << 47, 1ul << 63, -4096ul, 0xffffffc080000000, 0xffffffff80000000, ~0ul,
};

static u64 below(struct fuzz *f, u32 n)
{
    return random_below(&f->random, n);
}

static u64 page(struct fuzz *f)
{
    return (u64)f->arena + below(f, FUZZ_ARENA / PAGE) * PAGE;
}

static u64 pages(struct fuzz *f)
{
    return PAGE * (1 + below(f, 4));
}

static void *buffer(struct fuzz *f)
{
    return f->arena + below(f, BUFFERS) * BUFFER;
}

static u64 number(struct fuzz *f)
{
    switch (below(f, 8)) {
    case 0:
    case 1:
        return boundaries[below(f, ARRAY_SIZE(boundaries))];
    case 2: /* flags */
        return (1ul << below(f, 32)) | (random_one_in(&f->random, 2) ? 1ul << below(f, 32) : 0);
    case 3:
        return page(f);
    case 4:
        return random_next(&f->random) & 0xffff;
    case 5: /* a length */
        return PAGE * below(f, 8);
    default: /* descriptors, signals, commands */
        return below(f, 24);
    }
}

/* --- structures; in a thread's way another one may unmap the arena: then the process ends ------- */

static u64 text(struct fuzz *f, const char *const *words, u32 n)
{
    const char *word = words[below(f, n)];

    return (u64)memcpy(buffer(f), word, strlen(word) + 1);
}

static u64 path(struct fuzz *f)
{
    return text(f, paths, ARRAY_SIZE(paths));
}

/* Something that a structure may be made of. */
static u64 word(struct fuzz *f)
{
    switch (below(f, 4)) {
    case 0:
        return number(f);
    case 1:
        return (u64)buffer(f);
    case 2:
        return 0;
    default:
        return below(f, 4);
    }
}

static u64 words(struct fuzz *f)
{
    u64 *to = buffer(f);

    for (unsigned i = 0; i < 8; i++)
        to[i] = word(f);
    return (u64)to;
}

/* What is written there may be some words ending in 0. */
static u64 word_list(struct fuzz *f)
{
    u64 *to = buffer(f);

    to[0] = path(f);
    to[1] = 0;
    return (u64)to;
}

/* Short, so that a call that waits goes on by itself. */
static u64 nap(struct fuzz *f)
{
    struct linux_timespec *to = buffer(f);

    *to = (struct linux_timespec){.tv_nsec = (s64)below(f, 1000000)};
    return (u64)to;
}

/* In timevals the second word is microseconds, and still less than a second. */
static u64 interval_timer(struct fuzz *f)
{
    struct linux_itimerspec *to = buffer(f);

    *to = (struct linux_itimerspec){.it_value = {.tv_nsec = (s64)below(f, 1000000)}};
    if (random_one_in(&f->random, 16))
        to->it_interval.tv_nsec = 999000;
    return (u64)to;
}

static u64 io_vectors(struct fuzz *f)
{
    struct linux_iovec *to = buffer(f);

    for (unsigned i = 0; i < 4; i++)
        to[i] = (struct linux_iovec){.iov_base = (u64)buffer(f), .iov_len = below(f, BUFFER)};
    return (u64)to;
}

static u64 some_fd(struct fuzz *f)
{
    return 3 + below(f, 20);
}

static u64 poll_fds(struct fuzz *f)
{
    struct linux_pollfd *to = buffer(f);

    for (unsigned i = 0; i < 4; i++)
        to[i] = (struct linux_pollfd){.fd = (s32)some_fd(f), .events = (s16)number(f)};
    return (u64)to;
}

static u64 epoll_event(struct fuzz *f)
{
    static const u32 kinds[] = {0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT};
    struct linux_epoll_event *to = buffer(f);

    *to = (struct linux_epoll_event){.events = (u32)below(f, 32) | kinds[below(f, 4)]};
    return (u64)to;
}

/* No handler of the program's: those are its own. */
static u64 action(struct fuzz *f)
{
    static const u64 flags[] = {0, SA_RESTART, SA_SIGINFO, SA_NODEFER, SA_NOCLDWAIT, SA_NOCLDSTOP};
    struct linux_sigaction *to = buffer(f);

    *to = (struct linux_sigaction){.sa_handler = below(f, 4) ? SIG_IGN : SIG_DFL,
                                   .sa_flags = flags[below(f, ARRAY_SIZE(flags))],
                                   .sa_mask = number(f)};
    return (u64)to;
}

static u64 limit(struct fuzz *f)
{
    struct linux_rlimit *to = buffer(f);
    u64 hard = (1ul << (20 + below(f, 20))) - below(f, 2);

    *to = (struct linux_rlimit){.rlim_cur = hard >> below(f, 8), .rlim_max = hard};
    return (u64)to;
}

static u64 event_of_timer(struct fuzz *f)
{
    struct linux_sigevent *to = buffer(f);

    *to = (struct linux_sigevent){.sigev_signo = 1 + (s32)below(f, NSIG),
                                  .sigev_notify = (s32)below(f, 2),
                                  .sigev_tid = (s32)f->self};
    return (u64)to;
}

static u64 signal_stack(struct fuzz *f)
{
    struct linux_stack *to = buffer(f);

    *to = (struct linux_stack){.ss_sp = page(f), .ss_size = 2 * PAGE};
    if (random_one_in(&f->random, 2))
        to->ss_flags = SS_DISABLE;
    return (u64)to;
}

/* Its child has the caller's stack: so only what leaves that alone. */
static u64 clone_arguments(struct fuzz *f)
{
    static const u64 flags[] = {0,
                                CLONE_FILES,
                                CLONE_FS,
                                CLONE_CLEAR_SIGHAND,
                                CLONE_VM | CLONE_VFORK,
                                CLONE_PIDFD,
                                CLONE_NEWPID,
                                CLONE_NEWNS | CLONE_NEWIPC};
    struct linux_clone_args *to = buffer(f);

    *to = (struct linux_clone_args){.flags = flags[below(f, ARRAY_SIZE(flags))],
                                    .exit_signal = SIGCHLD,
                                    .pidfd = (u64)buffer(f)};
    return (u64)to;
}

/* Of a socket: a name in the abstract, or in the file system. */
static u64 socket_name(struct fuzz *f)
{
    static const char *const names[] = {"/socket", "/d/s"};
    u16 *to = buffer(f);

    memset(to, 0, 110);
    to[0] = 1; /* AF_UNIX */
    if (random_one_in(&f->random, 2))
        text_format((char *)(to + 1), 16, "%s", names[below(f, 2)]);
    else
        ((char *)to)[3] = (char)('a' + below(f, 4));
    return (u64)to;
}

/* A message with one piece and, now and then, a descriptor. */
static u64 message(struct fuzz *f)
{
    u64 *to = buffer(f), *control = buffer(f);

    control[0] = 20;              /* length */
    control[1] = 1ul << 32 | 1ul; /* SOL_SOCKET, SCM_RIGHTS */
    control[2] = (u32)some_fd(f);
    memset(to, 0, 64);
    to[2] = io_vectors(f);
    to[3] = 1 + below(f, 3);
    if (random_one_in(&f->random, 2)) {
        to[4] = (u64)control;
        to[5] = 24;
    }
    return (u64)to;
}

/* Of capget: the version, and the caller. */
static u64 capability_header(struct fuzz *f)
{
    u64 *to = buffer(f);

    *to = 0x20080522;
    return (u64)to;
}

static u64 small_number(struct fuzz *f)
{
    u32 *to = buffer(f);

    *to = (u32)below(f, 128);
    return (u64)to;
}

static u64 pointer(struct fuzz *f)
{
    switch (below(f, 8)) {
    case 0:
        return bad_addresses[below(f, ARRAY_SIZE(bad_addresses))];
    case 1:
        return (u64)f->arena + below(f, FUZZ_ARENA + 16);
    case 2:
    case 3:
        return path(f);
    case 4:
        return 0;
    default:
        return words(f);
    }
}

/* --- kinds -------------------------------------------------------------------------------------- */

static u64 none(struct fuzz *f)
{
    (void)f;
    return 0;
}

static u64 eight(struct fuzz *f) /* the size of a set of signals, or of cpus */
{
    (void)f;
    return 8;
}

static u64 process(struct fuzz *f)
{
    return below(f, 2) ? (u64)f->self : 0;
}

static u64 directory(struct fuzz *f)
{
    return below(f, 4) ? (u64)AT_FDCWD : 3;
}

static u64 size(struct fuzz *f)
{
    return below(f, 2) ? below(f, 64) : below(f, BUFFER + 1);
}

static u64 length(struct fuzz *f)
{
    return below(f, 2) ? pages(f) : below(f, 4 * PAGE);
}

static u64 count(struct fuzz *f)
{
    return 1 + below(f, 4);
}

static u64 small(struct fuzz *f)
{
    return below(f, 16);
}

static u64 number_of_signal(struct fuzz *f)
{
    static const u8 harmless[] = {0, SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGPIPE};

    return below(f, 4) ? harmless[below(f, ARRAY_SIZE(harmless))] : below(f, NSIG + 1);
}

static u64 clock(struct fuzz *f)
{
    return below(f, 8);
}

static u64 optional(struct fuzz *f)
{
    return below(f, 2) ? words(f) : 0;
}

static u64 place(struct fuzz *f)
{
    return below(f, 2) ? page(f) : 0;
}

static u64 rights(struct fuzz *f)
{
    return below(f, 4) ? PROT_READ | PROT_WRITE : below(f, 8);
}

static u64 user(struct fuzz *f)
{
    static const u64 ids[] = {0, 0, 0, -1ul, 1000};

    return ids[below(f, ARRAY_SIZE(ids))];
}

static u64 mode(struct fuzz *f)
{
    static const u64 modes[] = {0600, 0644, 0755, 0777, 06755, 01777, 0};

    return modes[below(f, ARRAY_SIZE(modes))];
}

static u64 type(struct fuzz *f)
{
    return text(f, types, ARRAY_SIZE(types));
}

static u64 resource(struct fuzz *f)
{
    return below(f, RLIM_NLIMITS);
}

struct kind {
    u64 (*make)(struct fuzz *f); /* or one of these, or several: */
    const u64 *values;
    u8 n;
    bool several;
};

/* clang-format off */
#define VALUES(...) .values = (const u64[]){__VA_ARGS__}, .n = sizeof((const u64[]){__VA_ARGS__}) / sizeof(u64)
#define PICK(...)   {VALUES(__VA_ARGS__)}
#define BITS(...)   {VALUES(__VA_ARGS__), .several = true}
#define MAKE(with)  {.make = with}
/* clang-format on */

#define ACTION   MAKE(action)
#define CLOCK    MAKE(clock)
#define CLONE    MAKE(clone_arguments)
#define COUNT    MAKE(count)
#define DIR      MAKE(directory)
#define EIGHT    MAKE(eight)
#define EVENT    MAKE(epoll_event)
#define FD       MAKE(some_fd)
#define FUTEX    MAKE(words)
#define HEADER   MAKE(capability_header)
#define IOVEC    MAKE(io_vectors)
#define ITIMER   MAKE(interval_timer)
#define LENGTH   MAKE(length)
#define LIMIT    MAKE(limit)
#define MAPPED   MAKE(page)
#define MESSAGE  MAKE(message)
#define MODE     MAKE(mode)
#define NAME     MAKE(socket_name)
#define NAP      MAKE(nap)
#define NONE     MAKE(none)
#define NUMBER   MAKE(small_number)
#define OPTIONAL MAKE(optional)
#define PAGES    MAKE(pages)
#define PATH     MAKE(path)
#define PID      MAKE(process)
#define PLACE    MAKE(place)
#define POLLFDS  MAKE(poll_fds)
#define PRIORITY MAKE(small_number)
#define RESOURCE MAKE(resource)
#define RIGHTS   MAKE(rights)
#define SEGMENT  MAKE(small)
#define SIGEVENT MAKE(event_of_timer)
#define SIGNAL   MAKE(number_of_signal)
#define SIZE     MAKE(size)
#define SMALL    MAKE(small)
#define STACK    MAKE(signal_stack)
#define TIMER    MAKE(count)
#define TYPE     MAKE(type)
#define USER     MAKE(user)
#define WORDLIST MAKE(word_list)
#define WORDS    MAKE(words)

static const struct wants {
    s16 nr;
    struct kind kind[6];
} table[] = {
#define WANTS(name, ...) {NR_##name, {__VA_ARGS__}},
#include "fuzzargs.def"
#undef WANTS
};

static const struct wants *wants_of(long nr)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].nr == nr)
            return &table[i];
    return NULL;
}

/* Of several, each with an even chance; but mostly none at all. */
static u64 some_bits(struct fuzz *f, const struct kind *k)
{
    u64 bits = 0;

    if (below(f, 2))
        return 0;
    for (unsigned i = 0; i < k->n; i++)
        bits |= below(f, k->n) < 2 ? k->values[i] : 0;
    return bits;
}

static u64 well_meant(struct fuzz *f, const struct kind *k)
{
    if (k->make)
        return k->make(f);
    return k->several ? some_bits(f, k) : k->values[below(f, k->n)];
}

void fuzz_fill(struct fuzz *f, long nr, u8 pointers, u64 a[6])
{
    const struct wants *wants = below(f, WILD_CALL) ? wants_of(nr) : NULL;

    for (unsigned i = 0; i < 6; i++) {
        const struct kind *k = wants ? &wants->kind[i] : NULL;

        if (k && (k->make || k->n) && below(f, WILD_ARGUMENT))
            a[i] = well_meant(f, k);
        else
            a[i] = pointers & (1u << i) ? pointer(f) : number(f);
    }
}

/* --- the place ---------------------------------------------------------------------------------- */

struct fuzz fuzz_begin(u64 seed)
{
    return (struct fuzz){
        .random = random_seeded(seed),
        .self = SYS(getpid),
        .arena = (char *)SYS(mmap, 0, FUZZ_ARENA, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    };
}

void fuzz_open_some(int first)
{
    u64 chld = 1ul << (SIGCHLD - 1);
    long self = SYS(getpid);
    s32 pair[2];

    SYS(close_range, first, ~0u, 0);
    SYS(mkdirat, AT_FDCWD, "/d", 0777);
    SYS(openat, AT_FDCWD, "/d", O_RDONLY | O_DIRECTORY, 0);
    SYS(openat, AT_FDCWD, "/a", O_RDWR | O_CREAT, 0666);
    SYS(openat, AT_FDCWD, "/d/a", O_RDWR | O_CREAT, 0666);
    SYS(openat, AT_FDCWD, "/dev/zero", O_RDWR, 0);
    SYS(openat, AT_FDCWD, "/fifo", O_RDWR | O_NONBLOCK, 0);
    SYS(openat, AT_FDCWD, "/proc/self/maps", O_RDONLY, 0);
    SYS(pipe2, pair, O_NONBLOCK);
    SYS(pipe2, pair, 0);
    SYS(eventfd2, 1, 0);
    SYS(timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);
    SYS(signalfd4, -1, &chld, sizeof(chld), SFD_NONBLOCK);
    SYS(epoll_create1, 0);
    SYS(memfd_create, "fuzz", MFD_ALLOW_SEALING);
    SYS(pidfd_open, self, 0);
    SYS(socketpair, 1, 1 | O_NONBLOCK, 0, pair);
    SYS(socketpair, 1, 2, 0, pair);
    SYS(socket, 1, 1 | O_NONBLOCK, 0);
}
