/* SPDX-License-Identifier: BSD-2-Clause */
/* The host machine: see hostmachine.h. Implements base's log and panic, and arch/boot.h's early map. */
#include "hostmachine.h"
#include <arch/smp.h>
#include <asm/directmap.h>
#include <base/log.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* <sys/mman.h> and <arch/mmu.h> both define PROT_NONE: what is needed of the former stands here. */
void *mmap(void *addr, size_t length, int prot, int flags, int fd, long offset);
int mprotect(void *addr, size_t length, int prot);
#define HOST_PROT_NONE 0
#define HOST_PROT_RW   3
#define HOST_MAP_FLAGS (0x02 | 0x10 | 0x20 | 0x4000) /* private, fixed, anonymous, no reserve */

#define LOG_SIZE 65536

__thread struct cpu *host_cpu;
__thread bool host_irq_on = true;
jmp_buf host_panic_jump;
bool host_panic_expected;
char host_panic_text[256];
size_t host_noise_limit = 64 * MiB;
u64 arch_time_hz = 1000000000;

static char log_text[LOG_SIZE];
static size_t log_used;

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

static void *direct(paddr_t pa)
{
    return (void *)(DIRECT_BASE + pa);
}

/* Every thread of a test program is cpu 0 until it says otherwise. */
__attribute__((constructor)) static void boot_cpu(void)
{
    host_set_cpu(0);
}

void host_reset(void)
{
    void *p = mmap(direct(0), DIRECT_SIZE, HOST_PROT_NONE, HOST_MAP_FLAGS, -1, 0);
    check(p == direct(0), "host_reset: mmap");
    host_set_cpu(0);
    host_irq_on = true;
    host_log_clear();
}

void host_add_ram(paddr_t pa, size_t size)
{
    static u64 noise = 0x6e6f697365;
    u64 *word = direct(pa);

    check(!mprotect(word, size, HOST_PROT_RW), "host_add_ram: mprotect");
    for (size_t i = 0; i < MIN(size, host_noise_limit) / sizeof(*word); i++)
        word[i] = host_random(&noise);
}

void host_forbid(paddr_t pa, size_t size)
{
    check(!mprotect(direct(pa), size, HOST_PROT_NONE), "host_forbid: mprotect");
}

void host_set_cpu(u32 id)
{
    host_cpu = &cpu_table[id];
    host_cpu->id = id;
}

void host_relax(void)
{
    sched_yield();
}

void arch_doze(void)
{
    sched_yield();
}

void arch_stop_point(void)
{
}

static u64 held_ticks;

void host_hold_ticks(u64 ticks)
{
    held_ticks = ticks;
}

u64 host_ticks(void)
{
    if (held_ticks)
        return held_ticks;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

u64 host_random(u64 *state)
{
    u64 z = *state += 0x9e3779b97f4a7c15ul;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ul;
    z = (z ^ z >> 27) * 0x94d049bb133111ebul;
    return z ^ z >> 31;
}

u64 host_seed(void)
{
    const char *given = getenv("QUIRE_SEED");
    u64 seed = given ? strtoul(given, NULL, 0) : host_ticks() % 1000000007;

    fprintf(stderr, "QUIRE_SEED=%lu\n", seed);
    return seed;
}

/* --- what base and arch would supply --------------------------------------------------------- */

void log_line(enum log_level level, const char *format, ...)
{
    va_list args;

    (void)level;
    va_start(args, format);
    int n = vsnprintf(log_text + log_used, LOG_SIZE - log_used, format, args);
    va_end(args);
    if (getenv("QUIRE_LOG"))
        fprintf(stderr, "%s\n", log_text + log_used);
    log_used = MIN(log_used + (size_t)n, LOG_SIZE - 1);
    if (log_used < LOG_SIZE - 1)
        log_text[log_used++] = '\n';
}

bool host_log_has(const char *text)
{
    log_text[log_used] = 0;
    return strstr(log_text, text) != NULL;
}

void host_log_clear(void)
{
    log_used = 0;
}

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(host_panic_text, sizeof(host_panic_text), format, args);
    va_end(args);
    if (host_panic_expected)
        longjmp(host_panic_jump, 1);
    fprintf(stderr, "panic: %s\n", host_panic_text);
    abort();
}
