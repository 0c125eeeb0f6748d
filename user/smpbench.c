/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smpbench NAME...: operations that concern several harts, for a machine whose instructions somebody counts from
 * outside (tests/bench/count.c): MARK tells where an operation begins and ends. The other harts wait for interrupts
 * meanwhile, so that the instructions of all harts together are what it costs. Prints `counters NAME
 * column=N ...`, what /proc/cpustat counted, per operation.
 */
#include <abi/linux/fcntl.h>
#include <abi/linux/futex.h>
#include <abi/linux/mman.h>

#include "lib/bench.h"
#include "lib/sys.h"
#include "lib/text.h"
#include "lib/thread.h"

#define PAGE 4096ul

/* Does `n` operations between its marks. */
struct bench {
    const char *name;
    void (*run)(u64 n);
    u64 n;
    bool apart; /* the partner runs on the next cpu */
};

/* Instructions that do nothing, and that no compiler makes: slti zero, zero, 0x7b1 and 0x7b2. */
#define MARK_BEGIN() __asm__ volatile("slti zero, zero, 0x7b1" ::: "memory")
#define MARK_END()   __asm__ volatile("slti zero, zero, 0x7b2" ::: "memory")

int main(int argc, char **argv);

/* --- on chosen cpus --- */

static u64 online;

static void run_on(u64 cpus)
{
    must("sched_setaffinity", SYS(sched_setaffinity, 0, sizeof(cpus), &cpus));
}

/* Processes that talk to each other stand on this cpu and the next, or on this alone. */
static u64 partner_cpu = 1;

static void bench_pipe_apart(u64 n)
{
    char byte = 0;
    int there[2];
    int back[2];

    must("pipe", SYS(pipe2, there, 0));
    must("pipe", SYS(pipe2, back, 0));
    long pid = must("fork", sys_fork());
    if (pid == 0) {
        run_on(partner_cpu);
        SYS(close, there[1]);
        echo(there[0], back[1]);
    }
    SYS(write, there[1], &byte, 1);
    SYS(read, back[0], &byte, 1);
    for (u64 i = 0; i < n; i++) {
        MARK_BEGIN();
        SYS(write, there[1], &byte, 1);
        SYS(read, back[0], &byte, 1);
        MARK_END();
    }
    for (int i = 0; i < 2; i++) {
        SYS(close, there[i]);
        SYS(close, back[i]);
    }
    sys_wait(pid);
}

static void wait_for_turn(u32 *turn, u32 mine)
{
    u32 now;

    while ((now = __atomic_load_n(turn, __ATOMIC_ACQUIRE)) % 2 != mine)
        SYS(futex, turn, FUTEX_WAIT, now, 0);
}

static void give_turn(u32 *turn)
{
    __atomic_fetch_add(turn, 1, __ATOMIC_RELEASE);
    SYS(futex, turn, FUTEX_WAKE, 1, 0);
}

/* A turn handed over and back by futex, between two processes. */
static void bench_futex_turns(u64 n)
{
    u32 *turn = (u32 *)must(
        "mmap", SYS(mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    long pid = must("fork", sys_fork());

    if (pid == 0) {
        run_on(partner_cpu);
        for (u64 i = 0; i < n; i++) {
            wait_for_turn(turn, 1);
            give_turn(turn);
        }
        sys_exit(0);
    }
    for (u64 i = 0; i < n; i++) {
        MARK_BEGIN();
        give_turn(turn);
        wait_for_turn(turn, 0);
        MARK_END();
    }
    sys_wait(pid);
    SYS(munmap, turn, PAGE);
}

static void bench_fork(u64 n)
{
    for (u64 i = 0; i < n; i++) {
        MARK_BEGIN();
        long pid = sys_fork();
        if (pid == 0)
            sys_exit(0);
        must("wait", sys_wait(must("fork", pid)));
        MARK_END();
    }
}

/* --- shootdown: memory that all cpus know is unmapped by one --- */

#define MAX_CPUS   8
#define STACK_SIZE 8192

static struct reader {
    struct thread thread;
    u64 cpus;
    u32 seen; /* the last round */
    char stack[STACK_SIZE] __attribute__((aligned(16)));
} readers[MAX_CPUS];

static volatile char *known; /* what the readers shall read; NULL: they end */
static u64 known_pages;
static u32 round_number;
static u32 readers_done;

static void read_rounds(void *arg)
{
    struct reader *r = arg;

    run_on(r->cpus);
    for (;;) {
        u32 now;

        while ((now = __atomic_load_n(&round_number, __ATOMIC_ACQUIRE)) == r->seen)
            SYS(futex, &round_number, FUTEX_WAIT, now, 0);
        r->seen = now;
        if (!known)
            return;
        for (u64 i = 0; i < known_pages; i++)
            (void)known[i * PAGE];
        __atomic_fetch_add(&readers_done, 1, __ATOMIC_RELEASE);
    }
}

/* Readers on all cpus but ours. */
static u32 start_readers(void)
{
    u32 count = 0;

    for (u64 rest = online & ~1ul; rest && count < MAX_CPUS; rest &= rest - 1) {
        struct reader *r = &readers[count++];

        r->cpus = rest & -rest;
        r->seen = round_number;
        must("clone", thread_start(&r->thread, r->stack, STACK_SIZE, read_rounds, r, 0));
    }
    return count;
}

/* Lets the readers read, and waits until they have and their cpus have gone to rest. */
static void let_read(volatile char *pages, u64 n, u32 count)
{
    known = pages;
    known_pages = n;
    __atomic_store_n(&readers_done, 0, __ATOMIC_RELAXED);
    __atomic_fetch_add(&round_number, 1, __ATOMIC_RELEASE);
    SYS(futex, &round_number, FUTEX_WAKE, MAX_CPUS, 0);
    while (pages && __atomic_load_n(&readers_done, __ATOMIC_ACQUIRE) < count)
        sys_sleep_ms(1);
    sys_sleep_ms(5);
}

static void shoot_down(u64 n, u64 count)
{
    u32 others = start_readers();

    for (u64 i = 0; i < n; i++) {
        char *pages = (char *)must("mmap", SYS(mmap, 0, count * PAGE, PROT_READ | PROT_WRITE,
                                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

        for (u64 k = 0; k < count; k++)
            pages[k * PAGE] = 1;
        let_read(pages, count, others);
        MARK_BEGIN();
        SYS(munmap, pages, count * PAGE);
        MARK_END();
    }
    let_read(NULL, 0, others);
    for (u32 i = 0; i < others; i++)
        thread_join(&readers[i].thread);
}

static void bench_shootdown_1(u64 n)
{
    shoot_down(n, 1);
}

static void bench_shootdown_64(u64 n)
{
    shoot_down(n, 64);
}

static void bench_shootdown_4096(u64 n)
{
    shoot_down(n, 4096);
}

/* --- what all cpus did meanwhile, by /proc/cpustat: `counters NAME column=N...`, per operation --- */

#define COLUMNS 24

struct counters {
    char names[600];
    u64 sum[COLUMNS];
};

/* The next word of a line, ended with a zero; NULL at the line's end. */
static char *next_word(char **at)
{
    char *word = *at;

    if (*word == '\n' || !*word)
        return NULL;
    while (**at > ' ')
        ++*at;
    if (**at == ' ')
        *(*at)++ = 0;
    return word;
}

static void add_row(struct counters *c, char **at)
{
    next_word(at);
    for (u32 i = 0; i < COLUMNS; i++) {
        const char *word = next_word(at);
        if (!word)
            break;
        c->sum[i] += text_number(word);
    }
    if (**at)
        ++*at;
}

static void read_counters(struct counters *c)
{
    static char text[4096];
    long fd = SYS(openat, AT_FDCWD, "/proc/cpustat", O_RDONLY, 0);
    long n = fd < 0 ? 0 : SYS(read, fd, text, sizeof(text) - 1);
    char *at = text;

    *c = (struct counters){.sum = {0}};
    text[MAX(n, 0)] = 0;
    SYS(close, fd);
    while (*at && *at != '\n')
        at++;
    memcpy(c->names, text, MIN((size_t)(at - text), sizeof(c->names) - 1));
    for (at += *at != 0; *at;)
        add_row(c, &at);
}

static void print_counters(const struct bench *b, struct counters *before,
                           const struct counters *after)
{
    char *at = before->names;
    const char *name;

    next_word(&at);
    print("counters %s", b->name);
    for (u32 i = 0; i < COLUMNS && (name = next_word(&at)); i++) {
        u64 hundredths = (after->sum[i] - before->sum[i]) * 100 / b->n;
        if (hundredths)
            print(" %s=%lu.%02lu", name, hundredths / 100, hundredths % 100);
    }
    print("\n");
}

static const struct bench benches[] = {
    {"pipe_one_hart", bench_pipe_apart, 100, false},
    {"pipe_two_harts", bench_pipe_apart, 100, true},
    {"futex_one_hart", bench_futex_turns, 100, false},
    {"futex_two_harts", bench_futex_turns, 100, true},
    {"fork_others_idle", bench_fork, 50, false},
    {"shootdown_1", bench_shootdown_1, 10, false},
    {"shootdown_64", bench_shootdown_64, 10, false},
    {"shootdown_4096", bench_shootdown_4096, 3, false},
};

/* Once to warm up, and once that counts: the marks of the first are for nobody. */
static void run(const struct bench *b)
{
    static struct counters before, after;

    run_on(1);
    partner_cpu = b->apart ? 2 : 1;
    b->run(2);
    print("bench %s %lu\n", b->name, b->n);
    sys_sleep_ms(5);
    read_counters(&before);
    b->run(b->n);
    read_counters(&after);
    print_counters(b, &before, &after);
}

int main(int argc, char **argv)
{
    SYS(mount, "proc", "/proc", "proc", 0, 0);
    must("sched_getaffinity", SYS(sched_getaffinity, 0, sizeof(online), &online));
    for (size_t i = 0; i < ARRAY_SIZE(benches); i++) {
        for (int k = 1; k < argc; k++) {
            if (!strcmp(argv[k], benches[i].name))
                run(&benches[i]);
        }
    }
    print("smpbench: done\n");
    return 0;
}
