/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Micro benchmarks: what one operation costs, in nanoseconds. Where one guest instruction takes
 * one nanosecond (QEMU's -icount shift=0), these are instructions. Prints a line `name value`
 * for each; `ubench NAME...` runs only those named.
 *
 * The figure is the best of three rounds after a warm-up, so that a timer interrupt in one round
 * does not show. Differences that are of interest (a context switch, an exec) are the reader's.
 */
#include <abi/linux/fcntl.h>
#include <abi/linux/futex.h>
#include <abi/linux/mman.h>
#include <abi/linux/stat.h>
#include <abi/linux/time.h>

#include "lib/bench.h"
#include "lib/sys.h"
#include "lib/text.h"

#define PAGE       4096ul
#define PAGES      64ul
#define MANY_PAGES 256ul
#define ROUNDS     3

/* Does `n` operations and returns the nanoseconds that they took, without what surrounds them. */
typedef u64 (*bench_fn)(u64 n);

struct bench {
    const char *name;
    bench_fn run;
    u64 n;   /* operations per round */
    u64 per; /* what one operation is divided by, such as its pages */
};

int main(int argc, char **argv);

static u64 bench_null(u64 n)
{
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++)
        SYS(getppid);
    return sys_now() - start;
}

static u64 bench_clock(u64 n)
{
    struct linux_timespec ts;
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++)
        SYS(clock_gettime, CLOCK_MONOTONIC, &ts);
    return sys_now() - start;
}

static u64 bench_read(u64 n)
{
    char byte;
    long fd = must("/dev/zero", SYS(openat, AT_FDCWD, "/dev/zero", O_RDONLY, 0));
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++)
        SYS(read, fd, &byte, 1);
    u64 time = sys_now() - start;
    SYS(close, fd);
    return time;
}

static u64 bench_open_close(u64 n)
{
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++) {
        long fd = SYS(openat, AT_FDCWD, "/dev/null", O_RDONLY, 0);

        SYS(close, fd);
    }
    return sys_now() - start;
}

static u64 bench_fstat(u64 n)
{
    struct linux_stat st;
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++)
        SYS(fstat, 1, &st);
    return sys_now() - start;
}

static u64 bench_create(u64 n)
{
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++) {
        long fd = must("create", SYS(openat, AT_FDCWD, "/tmp/ubench", O_CREAT | O_RDWR, 0600));

        SYS(close, fd);
        SYS(unlinkat, AT_FDCWD, "/tmp/ubench", 0);
    }
    return sys_now() - start;
}

static u64 bench_yield(u64 n)
{
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++)
        SYS(sched_yield);
    return sys_now() - start;
}

static u64 bench_futex_wake(u64 n)
{
    u32 word = 0;
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++)
        SYS(futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0);
    return sys_now() - start;
}

/* One byte into a pipe and out again, in one process: a round trip without its two switches. */
static u64 bench_pipe_self(u64 n)
{
    char byte = 0;
    int fd[2];

    must("pipe", SYS(pipe2, fd, 0));
    u64 start = sys_now();
    for (u64 i = 0; i < n; i++) {
        SYS(write, fd[1], &byte, 1);
        SYS(read, fd[0], &byte, 1);
    }
    u64 time = sys_now() - start;
    SYS(close, fd[0]);
    SYS(close, fd[1]);
    return time;
}

static u64 bench_pipe_round_trip(u64 n)
{
    char byte = 0;
    int there[2];
    int back[2];

    must("pipe", SYS(pipe2, there, 0));
    must("pipe", SYS(pipe2, back, 0));
    long pid = must("fork", sys_fork());
    if (pid == 0) {
        SYS(close, there[1]);
        echo(there[0], back[1]);
    }
    u64 start = sys_now();
    for (u64 i = 0; i < n; i++) {
        SYS(write, there[1], &byte, 1);
        SYS(read, back[0], &byte, 1);
    }
    u64 time = sys_now() - start;
    for (int i = 0; i < 2; i++) {
        SYS(close, there[i]);
        SYS(close, back[i]);
    }
    sys_wait(pid);
    return time;
}

static u64 bench_fork_exit(u64 n)
{
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++) {
        long pid = sys_fork();

        if (pid == 0)
            sys_exit(0);
        must("wait", sys_wait(must("fork", pid)));
    }
    return sys_now() - start;
}

static u64 bench_fork_exec(u64 n)
{
    static const char *const argv[] = {"/bin/nop", NULL};
    static const char *const envp[] = {NULL};
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++) {
        long pid = sys_fork();

        if (pid == 0) {
            SYS(execve, argv[0], argv, envp);
            sys_exit(127);
        }
        long status = must("wait", sys_wait(must("fork", pid)));
        if (status)
            fail("exec of /bin/nop", -status);
    }
    return sys_now() - start;
}

static char *map_pages(u64 count)
{
    long addr =
        SYS(mmap, 0, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return (char *)must("mmap", addr);
}

static void touch(volatile char *pages, u64 count)
{
    for (u64 i = 0; i < count; i++)
        pages[i * PAGE] = 1;
}

/* Map, touch and unmap 64 pages. */
static u64 bench_anonymous(u64 n)
{
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++) {
        char *pages = map_pages(PAGES);

        touch(pages, PAGES);
        SYS(munmap, pages, PAGES * PAGE);
    }
    return sys_now() - start;
}

static u64 bench_map_unmap(u64 n)
{
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++) {
        char *page = map_pages(1);

        *(volatile char *)page = 1;
        SYS(munmap, page, PAGE);
    }
    return sys_now() - start;
}

static u64 bench_brk(u64 n)
{
    u64 end = (u64)SYS(brk, 0);
    u64 start = sys_now();

    for (u64 i = 0; i < n; i++) {
        SYS(brk, end + PAGE);
        *(volatile char *)end = 1;
        SYS(brk, end);
    }
    return sys_now() - start;
}

/* The child writes to pages that it shares with its parent, and reports how long that took. */
static u64 bench_cow(u64 n)
{
    char *pages = map_pages(PAGES);
    u64 total = 0;
    int fd[2];

    touch(pages, PAGES);
    must("pipe", SYS(pipe2, fd, 0));
    for (u64 i = 0; i < n; i++) {
        u64 time = 0;
        long pid = sys_fork();

        if (pid == 0) {
            time = sys_now();
            touch(pages, PAGES);
            time = sys_now() - time;
            SYS(write, fd[1], &time, sizeof(time));
            sys_exit(0);
        }
        SYS(read, fd[0], &time, sizeof(time));
        sys_wait(must("fork", pid));
        total += time;
    }
    SYS(munmap, pages, PAGES * PAGE);
    SYS(close, fd[0]);
    SYS(close, fd[1]);
    return total;
}

/* What more pages add to fork, exit and wait. */
static u64 fork_with_pages(u64 n, u64 count)
{
    char *pages = map_pages(count);

    touch(pages, count);
    u64 time = bench_fork_exit(n);
    SYS(munmap, pages, count * PAGE);
    return time;
}

static u64 bench_fork_64_pages(u64 n)
{
    return fork_with_pages(n, 64);
}

static u64 bench_fork_256_pages(u64 n)
{
    return fork_with_pages(n, MANY_PAGES);
}

/* The child writes to all of them before it exits. */
static u64 bench_fork_256_written(u64 n)
{
    char *pages = map_pages(MANY_PAGES);

    touch(pages, MANY_PAGES);
    u64 start = sys_now();
    for (u64 i = 0; i < n; i++) {
        long pid = sys_fork();

        if (pid == 0) {
            touch(pages, MANY_PAGES);
            sys_exit(0);
        }
        must("wait", sys_wait(must("fork", pid)));
    }
    u64 time = sys_now() - start;
    SYS(munmap, pages, MANY_PAGES * PAGE);
    return time;
}

/* In the child: takes everything. */
__noreturn static void drain(long from, char *block)
{
    while (SYS(read, from, block, PAGE) > 0)
        ;
    sys_exit(0);
}

/*
 * A page at a time through a pipe to another process. Mapped for the while: a variable of that size
 * would be one more region in all forks that are measured.
 */
static u64 bench_pipe_4k(u64 n)
{
    char *block = map_pages(1);
    int fd[2];

    must("pipe", SYS(pipe2, fd, 0));
    long pid = must("fork", sys_fork());
    if (pid == 0) {
        SYS(close, fd[1]);
        drain(fd[0], block);
    }
    SYS(close, fd[0]);
    u64 start = sys_now();
    for (u64 i = 0; i < n; i++)
        must("write", SYS(write, fd[1], block, PAGE));
    SYS(close, fd[1]);
    sys_wait(pid);
    u64 time = sys_now() - start;
    SYS(munmap, block, PAGE);
    return time;
}

static const struct bench benches[] = {
    {"null", bench_null, 2000, 1},
    {"read_zero", bench_read, 1000, 1},
    {"clock_gettime", bench_clock, 1000, 1},
    {"fstat", bench_fstat, 1000, 1},
    {"sched_yield", bench_yield, 1000, 1},
    {"futex_wake", bench_futex_wake, 1000, 1},
    {"open_close", bench_open_close, 500, 1},
    {"create_unlink", bench_create, 200, 1},
    {"pipe_self", bench_pipe_self, 1000, 1},
    {"pipe_4k", bench_pipe_4k, 1000, 1},
    {"pipe_round_trip", bench_pipe_round_trip, 1000, 1},
    {"fork_exit_wait", bench_fork_exit, 100, 1},
    {"fork_exec_wait", bench_fork_exec, 100, 1},
    {"fork_64_pages", bench_fork_64_pages, 50, 1},
    {"fork_256_pages", bench_fork_256_pages, 50, 1},
    {"fork_256_written", bench_fork_256_written, 20, 1},
    {"anon_page", bench_anonymous, 50, PAGES},
    {"map_unmap", bench_map_unmap, 200, 1},
    {"brk_page", bench_brk, 200, 1},
    {"cow_page", bench_cow, 50, PAGES},
};

static void run(const struct bench *b)
{
    u64 best = ~0ul;

    b->run(b->n / 10 + 1);
    for (int i = 0; i < ROUNDS; i++)
        best = MIN(best, b->run(b->n));

    u64 tenths = best * 10 / (b->n * b->per);
    print("%s %lu.%lu\n", b->name, tenths / 10, tenths % 10);
}

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], name))
            return true;
    }
    return argc < 2;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < ARRAY_SIZE(benches); i++) {
        if (wanted(benches[i].name, argc, argv))
            run(&benches[i]);
    }
    print("ubench: done\n");
    return 0;
}
