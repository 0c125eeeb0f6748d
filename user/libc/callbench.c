/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Micro benchmarks of what programs do through their C library, in nanoseconds: signals, select,
 * mapped files, files by name, a shell. user/ubench.c measures system calls without a library around
 * them; these do what lmbench 3's programs lat_sig, lat_select, lat_pagefault, lat_mmap, lat_fs, lat_proc
 * and lat_syscall do in their loops, so that figures of those can stand beside them.
 *
 * `callbench` alone does a little of everything, to see that it works. As pid 1 (tests/bench/run.py)
 * a child measures, for NAMEs or all of them, and pid 1 ends when it does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(cond) must(#cond, (cond) ? 0 : -1)

static long must(const char *what, long rc);

#include "vdso.h"

#define PAGE   4096ul
#define MAPPED (1ul << 20)
#define ROUNDS 3

/* Does n operations; returns the nanoseconds that they took. */
typedef uint64_t (*bench_fn)(uint64_t n);

struct bench {
    const char *name;
    bench_fn run;
    uint64_t n;   /* operations per round */
    uint64_t per; /* what one operation is divided by, such as its pages */
};

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The result of a call that must succeed. */
static long must(const char *what, long rc)
{
    if (rc < 0) {
        printf("FAIL %s: %s\n", what, strerror(errno));
        exit(1);
    }
    return rc;
}

/* --- calls --- */

/* musl does not look for it on this machine, glibc does. */
static uint64_t bench_clock(uint64_t n)
{
    struct timespec t;
    gettime_fn gettime = (gettime_fn)vdso_find(getauxval(AT_SYSINFO_EHDR), "__vdso_clock_gettime");
    uint64_t start = now();

    while (n--)
        gettime(CLOCK_MONOTONIC, &t);
    return now() - start;
}

static uint64_t bench_read(uint64_t n)
{
    char byte;
    int fd = (int)must("/dev/zero", open("/dev/zero", O_RDONLY));
    uint64_t start = now();

    while (n--)
        must("read", read(fd, &byte, 1));
    uint64_t time = now() - start;
    close(fd);
    return time;
}

static uint64_t bench_write(uint64_t n)
{
    char byte = 0;
    int fd = (int)must("/dev/null", open("/dev/null", O_WRONLY));
    uint64_t start = now();

    while (n--)
        must("write", write(fd, &byte, 1));
    uint64_t time = now() - start;
    close(fd);
    return time;
}

#define FILE_PATH "/tmp/bench/include/types.h"

static void make_file(const char *path, size_t size)
{
    int fd = (int)must(path, open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
    char block[PAGE];

    memset(block, 'x', sizeof(block));
    for (size_t done = 0; done < size; done += sizeof(block))
        must("write", write(fd, block, sizeof(block)));
    close(fd);
}

static void make_path(void)
{
    mkdir("/tmp/bench", 0700);
    mkdir("/tmp/bench/include", 0700);
    make_file(FILE_PATH, PAGE);
}

static uint64_t bench_stat(uint64_t n)
{
    struct stat st;

    make_path();
    uint64_t start = now();
    while (n--)
        must("stat", stat(FILE_PATH, &st));
    return now() - start;
}

static uint64_t bench_fstat(uint64_t n)
{
    struct stat st;

    make_path();
    int fd = (int)must("open", open(FILE_PATH, O_RDONLY));
    uint64_t start = now();
    while (n--)
        must("fstat", fstat(fd, &st));
    uint64_t time = now() - start;
    close(fd);
    return time;
}

/* --- signals --- */

static void handler(int sig)
{
    (void)sig;
}

static uint64_t bench_install(uint64_t n)
{
    struct sigaction sa;
    struct sigaction old;
    uint64_t start = now();

    while (n--) {
        sa.sa_handler = handler;
        sigemptyset(&sa.sa_mask);
        sa.sa_flags = 0;
        sigaction(SIGUSR1, &sa, &old);
    }
    return now() - start;
}

static uint64_t send_signals(uint64_t n, int sig)
{
    pid_t me = getpid();
    uint64_t start = now();

    while (n--)
        kill(me, sig);
    return now() - start;
}

/* To catch a signal: what it costs beyond the call that sends it. */
static uint64_t bench_catch(uint64_t n)
{
    bench_install(1);
    uint64_t send = send_signals(n, 0);
    return send_signals(n, SIGUSR1) - send;
}

/* --- select --- */

static uint64_t select_on(uint64_t n, int descriptors)
{
    fd_set all;
    fd_set set;
    struct timeval none = {0};
    int fds[FD_SETSIZE];

    FD_ZERO(&all);
    make_path();
    int file = (int)must("open", open(FILE_PATH, O_RDONLY));
    for (int i = 0; i < descriptors; i++) {
        fds[i] = (int)must("dup", dup(file));
        FD_SET(fds[i], &all);
    }
    close(file);
    uint64_t start = now();
    while (n--) {
        set = all;
        must("select", select(descriptors, NULL, &set, NULL, &none));
    }
    uint64_t time = now() - start;
    for (int i = 0; i < descriptors; i++)
        close(fds[i]);
    return time;
}

static uint64_t bench_select_10(uint64_t n)
{
    return select_on(n, 10);
}

static uint64_t bench_select_100(uint64_t n)
{
    return select_on(n, 100);
}

/* --- mapped files --- */

#define MAPPED_FILE "/tmp/callbench.mapped"

static char *map_file(int fd, int prot)
{
    char *at = mmap(NULL, MAPPED, prot, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED)
        must("mmap", -1);
    return at;
}

/* All pages once, not in order: 101 has no factor in common with the number of pages. */
static int touch_all(const volatile char *at)
{
    int sum = 0;

    for (uint64_t i = 0; i < MAPPED / PAGE; i++)
        sum += at[i * 101 % (MAPPED / PAGE) * PAGE];
    return sum;
}

static uint64_t map_often(uint64_t n, int fd, int touch)
{
    char *at = map_file(fd, PROT_READ);
    uint64_t start = now();

    while (n--) {
        if (touch)
            touch_all(at);
        munmap(at, MAPPED);
        at = map_file(fd, PROT_READ);
        must("msync", msync(at, MAPPED, MS_INVALIDATE));
    }
    uint64_t time = now() - start;
    munmap(at, MAPPED);
    return time;
}

/* What it costs to have a page there, and to have it taken away: less the mapping itself. */
static uint64_t bench_fault(uint64_t n)
{
    make_file(MAPPED_FILE, MAPPED);
    int fd = (int)must("open", open(MAPPED_FILE, O_RDONLY));
    uint64_t only_mapped = map_often(n, fd, 0);
    uint64_t touched = map_often(n, fd, 1);
    close(fd);
    unlink(MAPPED_FILE);
    return touched - only_mapped;
}

/* Every fourth page of the first tenth is written to. */
static uint64_t bench_mmap_file(uint64_t n)
{
    make_file(MAPPED_FILE, MAPPED);
    int fd = (int)must("open", open(MAPPED_FILE, O_RDWR));
    uint64_t start = now();

    while (n--) {
        char *at = map_file(fd, PROT_READ | PROT_WRITE);

        for (volatile char *p = at; p < at + MAPPED / 10; p += 4 * PAGE)
            *p = 1;
        munmap(at, MAPPED);
    }
    uint64_t time = now() - start;
    close(fd);
    unlink(MAPPED_FILE);
    return time;
}

/* --- files --- */

#define FILES 100 /* in a folder at a time */

static char names[FILES][32];

static void name_files(void)
{
    mkdir("/tmp/callbench", 0700);
    for (int i = 0; i < FILES; i++)
        snprintf(names[i], sizeof(names[i]), "/tmp/callbench/%d", i);
}

static uint64_t create_files(void)
{
    uint64_t start = now();

    for (int i = 0; i < FILES; i++)
        close((int)must("creat", creat(names[i], 0666)));
    return now() - start;
}

static uint64_t remove_files(void)
{
    uint64_t start = now();

    for (int i = 0; i < FILES; i++)
        must("unlink", unlink(names[i]));
    return now() - start;
}

static uint64_t bench_create(uint64_t n)
{
    uint64_t time = 0;

    name_files();
    while (n--) {
        time += create_files();
        remove_files();
    }
    return time;
}

static uint64_t bench_delete(uint64_t n)
{
    uint64_t time = 0;

    name_files();
    while (n--) {
        create_files();
        time += remove_files();
    }
    return time;
}

/* --- processes --- */

static void end_of(pid_t pid)
{
    int status;

    must("fork", pid);
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        printf("FAIL shell: status %d\n", status);
        exit(1);
    }
}

/* A shell that runs another program: /tmp/hello, which prints to nowhere. */
static uint64_t bench_shell(uint64_t n)
{
    uint64_t start = now();

    while (n--) {
        pid_t pid = fork();

        if (pid == 0) {
            close(1);
            execlp("/bin/sh", "sh", "-c", "/tmp/hello", (char *)NULL);
            _exit(127);
        }
        end_of(pid);
    }
    return now() - start;
}

static const struct bench benches[] = {
    {"clock_vdso", bench_clock, 1000, 1},     {"read_1", bench_read, 1000, 1},
    {"write_1", bench_write, 1000, 1},        {"stat", bench_stat, 500, 1},
    {"fstat_file", bench_fstat, 1000, 1},     {"signal_install", bench_install, 1000, 1},
    {"signal_catch", bench_catch, 500, 1},    {"select_10", bench_select_10, 500, 1},
    {"select_100", bench_select_100, 200, 1}, {"file_fault", bench_fault, 20, MAPPED / PAGE},
    {"file_map_1m", bench_mmap_file, 100, 1}, {"create_0k", bench_create, 5, FILES},
    {"delete_0k", bench_delete, 5, FILES},    {"shell", bench_shell, 20, 1},
};

static void run(const struct bench *b, uint64_t n)
{
    uint64_t best = UINT64_MAX;

    b->run(n / 10 + 1);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t time = b->run(n);

        if (time < best)
            best = time;
    }
    uint64_t tenths = best * 10 / (n * b->per);
    printf("%s %lu.%lu\n", b->name, tenths / 10, tenths % 10);
    fflush(stdout);
}

static int is_named(const char *name, char **names_wanted)
{
    for (; *names_wanted; names_wanted++)
        if (strcmp(*names_wanted, name) == 0)
            return 1;
    return 0;
}

/* A shell needs /tmp/hello, which is there only where somebody means to measure it. */
static int can_run(const struct bench *b)
{
    return b->run != bench_shell || access("/tmp/hello", X_OK) == 0;
}

static void run_wanted(char **wanted, int shortly)
{
    for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
        const struct bench *b = &benches[i];

        if (*wanted ? is_named(b->name, wanted) : can_run(b))
            run(b, shortly ? 2 : b->n);
    }
}

int main(int argc, char **argv)
{
    int first = getpid() == 1;

    (void)argc;
    if (first) {
        pid_t pid = fork();

        if (pid) {
            end_of(pid);
            return 0;
        }
    }
    run_wanted(argv + 1, !first);
    printf("callbench: done\n");
    return 0;
}
