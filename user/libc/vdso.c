/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO as C libraries use it: found through the auxiliary vector, its functions by name and
 * version; clocks that are the kernel's to the nanosecond; and what programs may do to its pages.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>

#define CASES "vdso"
#include "cases.h"
#include "vdso.h"

#ifndef MREMAP_FIXED
#define MREMAP_FIXED 2
#endif

typedef int (*gettimeofday_fn)(struct timeval *tv, void *tz);
typedef int (*getcpu_fn)(unsigned *cpu, unsigned *node, void *unused);
typedef int (*flush_fn)(void *start, void *end, unsigned long flags);

#define PAGE 4096ul
#define SIZE (2 * PAGE) /* code, and the clock */

static uintptr_t base_address(void)
{
    uintptr_t base = getauxval(AT_SYSINFO_EHDR);

    CHECK(base && base % PAGE == 0);
    return base;
}

static void *function(const char *name)
{
    void *fn = vdso_find(base_address(), name);

    CHECK(fn);
    return fn;
}

/* --- clocks --- */

static long long ns_of(struct timespec t)
{
    CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static long long by_call(clockid_t clock)
{
    struct timespec t;

    CHECK(syscall(SYS_clock_gettime, clock, &t) == 0);
    return ns_of(t);
}

static long long by_vdso(clockid_t clock)
{
    struct timespec t;
    gettime_fn gettime = (gettime_fn)function("__vdso_clock_gettime");

    CHECK(gettime(clock, &t) == 0);
    return ns_of(t);
}

/* Neither clock is ever behind the other: they are one. */
static void clocks_are_the_kernels(void)
{
    static const clockid_t clocks[] = {
        CLOCK_REALTIME,          CLOCK_MONOTONIC,     CLOCK_PROCESS_CPUTIME_ID,
        CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
        CLOCK_MONOTONIC_COARSE,  CLOCK_BOOTTIME,      CLOCK_TAI};

    for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        long long last = by_call(clocks[i]);

        for (int n = 0; n < 1000; n++) {
            long long now = n % 2 ? by_call(clocks[i]) : by_vdso(clocks[i]);

            CHECK(now >= last && now - last < 100 * 1000000000ll);
            last = now;
        }
    }
}

static void bad_clocks_are_refused(void)
{
    static const clockid_t bad[] = {-1, 12, 64, 1 << 20, INT32_MIN, INT32_MAX};
    gettime_fn gettime = (gettime_fn)function("__vdso_clock_gettime");
    gettime_fn getres = (gettime_fn)function("__vdso_clock_getres");
    struct timespec t;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(gettime(bad[i], &t) == -EINVAL);
        CHECK(getres(bad[i], &t) == -EINVAL);
    }
}

static void resolution_is_the_kernels(void)
{
    gettime_fn getres = (gettime_fn)function("__vdso_clock_getres");
    struct timespec a;
    struct timespec b = {-1, -1};

    for (clockid_t clock = 0; clock <= CLOCK_BOOTTIME; clock++) {
        CHECK(syscall(SYS_clock_getres, clock, &a) == 0 && getres(clock, &b) == 0);
        CHECK(ns_of(a) == ns_of(b) && ns_of(a) > 0);
        CHECK(getres(clock, NULL) == 0);
    }
}

static void time_of_day(void)
{
    gettimeofday_fn now = (gettimeofday_fn)function("__vdso_gettimeofday");
    struct timeval tv;
    int zone[2] = {-1, -1};
    long long before = by_call(CLOCK_REALTIME) / 1000;

    CHECK(now(&tv, zone) == 0 && zone[0] == 0 && zone[1] == 0);
    long long us = tv.tv_sec * 1000000ll + tv.tv_usec;
    CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
    CHECK(before <= us && us <= by_call(CLOCK_REALTIME) / 1000);
    CHECK(now(&tv, NULL) == 0 && now(NULL, NULL) == 0);
}

#define HOUR 3600ll

static void set_hours_ahead(long long hours)
{
    struct timespec t;

    CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &t) == 0);
    t.tv_sec += hours * HOUR;
    CHECK(syscall(SYS_clock_settime, CLOCK_REALTIME, &t) == 0);
}

/* One page for all: a child that was there before sees the new time too. */
static void setting_shows_everywhere(void)
{
    int ready[2];
    int go[2];
    char byte = 0;
    long long before = by_vdso(CLOCK_REALTIME);

    CHECK(pipe(ready) == 0 && pipe(go) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(by_vdso(CLOCK_REALTIME) < before + HOUR * 1000000000);
        CHECK(write(ready[1], &byte, 1) == 1 && read(go[0], &byte, 1) == 1);
        CHECK(by_vdso(CLOCK_REALTIME) >= before + HOUR * 1000000000);
        _exit(0);
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    long long monotonic = by_vdso(CLOCK_MONOTONIC);
    set_hours_ahead(1);
    CHECK(by_vdso(CLOCK_REALTIME) >= before + HOUR * 1000000000);
    CHECK(by_vdso(CLOCK_MONOTONIC) - monotonic < HOUR * 1000000000);
    CHECK(write(go[1], &byte, 1) == 1);
    int status = status_of(pid);
    set_hours_ahead(-1);
    CHECK(status == 0);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

/* us of a hundredth of a second: 10000, give or take a tenth. */
static int set_tick(long us)
{
    struct timex tx = {.modes = ADJ_TICK, .tick = us};

    return (int)syscall(SYS_adjtimex, &tx);
}

struct both {
    long long monotonic, raw;
};

/* What two clocks show while some time passes; the outer one's includes what it takes to read the other. */
static struct both while_asleep(bool monotonic_outside)
{
    clockid_t outer = monotonic_outside ? CLOCK_MONOTONIC : CLOCK_MONOTONIC_RAW;
    clockid_t inner = monotonic_outside ? CLOCK_MONOTONIC_RAW : CLOCK_MONOTONIC;
    long long outside = -by_vdso(outer);
    long long inside = -by_call(inner);

    usleep(50000);
    inside += by_vdso(inner);
    outside += by_call(outer);
    return monotonic_outside ? (struct both){outside, inside} : (struct both){inside, outside};
}

#define SLOP 10000 /* ns: ticks of a counter are coarse */

static void clocks_follow_their_rate(void)
{
    struct both both;

    CHECK(set_tick(11000) >= 0);
    both = while_asleep(true);
    CHECK(both.monotonic * 10 + SLOP >= both.raw * 11);
    CHECK(set_tick(9000) >= 0);
    both = while_asleep(false);
    CHECK(both.monotonic * 10 <= both.raw * 9 + SLOP);
}

/* On other harts at once: of the two ways to ask, none is ever behind what the other said. */
static void read_until(long long end)
{
    long long last = by_vdso(CLOCK_MONOTONIC);

    for (int n = 0; last < end; n++) {
        long long now = n % 2 ? by_call(CLOCK_MONOTONIC) : by_vdso(CLOCK_MONOTONIC);

        CHECK(now >= last && now - last < 100 * 1000000000ll);
        last = now;
    }
}

static void clocks_go_on_at_another_rate(void)
{
    long long end = by_vdso(CLOCK_MONOTONIC) + 200000000;
    pid_t pid[2];

    if (set_tick(10000) < 0) { /* not on a machine of somebody else */
        CHECK(errno == EPERM);
        return;
    }
    for (int i = 0; i < 2; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            read_until(end);
            _exit(0);
        }
    }
    for (int i = 0; by_call(CLOCK_MONOTONIC) < end; i++)
        CHECK(set_tick(i % 2 ? 9000 : 11000) >= 0);
    for (int i = 0; i < 2; i++)
        CHECK(status_of(pid[i]) == 0);
    clocks_follow_their_rate();
    CHECK(set_tick(10000) >= 0);
}

/* --- the rest --- */

static void cpu_and_code(void)
{
    getcpu_fn getcpu_of = (getcpu_fn)function("__vdso_getcpu");
    flush_fn flush = (flush_fn)function("__vdso_flush_icache");
    unsigned cpu = ~0u;
    unsigned node = ~0u;

    CHECK(getcpu_of(&cpu, &node, NULL) == 0);
    CHECK(cpu < (unsigned)sysconf(_SC_NPROCESSORS_CONF) && node == 0);
    CHECK(flush(NULL, (void *)PAGE, 0) == 0);
    CHECK(flush(NULL, (void *)PAGE, 2) == -EINVAL);
    CHECK(vdso_find(base_address(), "__vdso_nothing") == NULL);
}

static volatile uintptr_t returns_to;

static void note_return(int sig)
{
    (void)sig;
    returns_to = (uintptr_t)__builtin_return_address(0);
}

static void take_a_signal(uintptr_t expected)
{
    returns_to = 0;
    CHECK(raise(SIGUSR1) == 0);
    CHECK(returns_to == expected);
}

static void handlers_return_through_it(void)
{
    signal(SIGUSR1, note_return);
    take_a_signal((uintptr_t)function("__vdso_rt_sigreturn"));
    pid_t pid = fork();
    if (pid == 0) {
        take_a_signal((uintptr_t)function("__vdso_rt_sigreturn"));
        _exit(0);
    }
    CHECK(status_of(pid) == 0);
}

/* In a child: the program moves the page, and everything follows. */
static void move_it(void)
{
    uintptr_t old = base_address();
    uintptr_t new = (uintptr_t)mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(mremap((void *)old, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)new) ==
          (void *)new);
    signal(SIGUSR1, note_return);
    take_a_signal((uintptr_t)vdso_find(new, "__vdso_rt_sigreturn"));
    gettime_fn gettime = (gettime_fn)vdso_find(new, "__vdso_clock_gettime");
    struct timespec t;
    long long before = by_call(CLOCK_MONOTONIC);
    CHECK(gettime(CLOCK_MONOTONIC, &t) == 0 && ns_of(t) >= before);
    if (fork() == 0) {
        take_a_signal((uintptr_t)vdso_find(new, "__vdso_rt_sigreturn"));
        _exit(0);
    }
    int status;
    CHECK(wait(&status) > 0 && status == 0);
}

static void unmap_it(void)
{
    CHECK(munmap((void *)base_address(), SIZE) == 0);
    by_call(CLOCK_MONOTONIC);
    signal(SIGUSR1, note_return);
    raise(SIGUSR1); /* has nothing to return to */
}

static void write_to_it(void)
{
    *(volatile char *)base_address() = 0;
}

static void its_page_is_the_programs(void)
{
    CHECK(status_of(child(move_it)) == 0);
    int status = status_of(child(unmap_it));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = status_of(child(write_to_it));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void maps_name_it(void)
{
    char line[256];
    char expected[64];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");

    CHECK(maps);
    snprintf(expected, sizeof(expected), "%08lx-%08lx r-xp", base_address(), base_address() + SIZE);
    while (fgets(line, sizeof(line), maps))
        if (strstr(line, "[vdso]")) {
            CHECK(strncmp(line, expected, strlen(expected)) == 0);
            found++;
        }
    CHECK(found == 1);
    fclose(maps);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"clocks", clocks_are_the_kernels},
        {"badclocks", bad_clocks_are_refused},
        {"resolution", resolution_is_the_kernels},
        {"timeofday", time_of_day},
        {"setting", setting_shows_everywhere},
        {"rate", clocks_go_on_at_another_rate},
        {"others", cpu_and_code},
        {"return", handlers_return_through_it},
        {"page", its_page_is_the_programs},
        {"maps", maps_name_it},
    };

    return run_cases("vdso", cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
