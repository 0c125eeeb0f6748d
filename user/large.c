/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * large [ROUNDS]: threads, one for each cpu, that share 16 MiB of fresh memory in 2 MiB pages and split them
 * under each other: each writes, reads, protects, empties and forks over pages of its own, which lie between those of
 * the others. Whatever one of them does to a page, the others' are what they were.
 */
#include <abi/linux/mman.h>

#include "lib/random.h"
#include "lib/sys.h"
#include "lib/text.h"
#include "lib/thread.h"

#define PAGE       4096ul
#define AT         (3ul << 30)
#define SIZE       (16 * MiB)
#define PAGES      (SIZE / PAGE)
#define STACK_SIZE (32 * KiB)
#define WORKERS    8u
#define STEPS      300u

static struct worker {
    struct thread thread;
    u32 index;
    struct random random;
    u64 values[PAGES / 2]; /* what its pages hold */
} workers[WORKERS];
static u32 count; /* of workers */
static u32 wrong;

static void must(bool good, const char *what)
{
    if (good)
        return;
    warn("large: %s failed\n", what);
    sys_exit(2);
}

/* The n-th page of a worker; they take turns, page by page. */
static u64 *page_of(const struct worker *w, u64 n)
{
    return (u64 *)(AT + (n * count + w->index) * PAGE);
}

static void expect(const struct worker *w, u64 n, const char *where)
{
    u64 found = *page_of(w, n);

    if (found == w->values[n])
        return;
    __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
    warn("large: page %lu of worker %u is %lx, not %lx, %s\n", n, w->index, found, w->values[n],
         where);
}

static void write_page(struct worker *w, u64 n)
{
    w->values[n] = random_next(&w->random);
    *page_of(w, n) = w->values[n];
}

static void protect_page(struct worker *w, u64 n)
{
    must(!SYS(mprotect, page_of(w, n), PAGE, PROT_READ), "mprotect");
    expect(w, n, "read-only");
    must(!SYS(mprotect, page_of(w, n), PAGE, PROT_READ | PROT_WRITE), "mprotect");
    write_page(w, n);
}

static void empty_page(struct worker *w, u64 n)
{
    must(!SYS(madvise, page_of(w, n), PAGE, MADV_DONTNEED), "madvise");
    w->values[n] = 0;
}

/* The child has what its parent had, and keeps to itself what it writes. */
static void fork_over(struct worker *w, u64 n, u64 pages)
{
    long pid = sys_fork();

    must(pid >= 0, "fork");
    if (!pid) {
        for (u64 i = 0; i < pages; i += 17)
            expect(w, i, "in a child");
        *page_of(w, n) = ~0ul;
        sys_exit(__atomic_load_n(&wrong, __ATOMIC_RELAXED) != 0);
    }
    write_page(w, n);
    must(sys_wait(pid) == 0, "a child");
}

static void step(struct worker *w)
{
    u64 pages = PAGES / count;
    u64 n = random_below(&w->random, (u32)pages);
    u32 choice = random_below(&w->random, 64);

    expect(w, n, "before");
    if (choice == 0)
        fork_over(w, n, pages);
    else if (choice < 4)
        protect_page(w, n);
    else if (choice < 8)
        empty_page(w, n);
    else if (choice < 36)
        write_page(w, n);
    expect(w, n, "after");
}

static void work(void *arg)
{
    struct worker *w = arg;

    for (u32 i = 0; i < STEPS; i++)
        step(w);
    for (u64 n = 0; n < PAGES / count; n++)
        expect(w, n, "at the end");
}

/* What the line after `name` of our smaps says, in KiB, summed over all regions. */
static u64 smaps_sum(const char *name)
{
    static char text[64 * KiB];
    long fd = SYS(openat, -100, "/proc/self/smaps", 0, 0), n;
    u64 sum = 0;
    size_t have = 0;

    while (fd >= 0 && (n = SYS(read, fd, text + have, sizeof(text) - 1 - have)) > 0)
        have += (size_t)n;
    SYS(close, fd);
    text[have] = 0;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, strlen(name)))
            continue;
        for (line += strlen(name); *line == ' ';)
            line++;
        sum += text_number(line);
    }
    return sum;
}

static void map_afresh(void)
{
    long at;

    SYS(munmap, AT, SIZE);
    at =
        SYS(mmap, AT, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    must(at == (long)AT, "mmap");
}

static void run_round(u32 round)
{
    static char stacks[WORKERS][STACK_SIZE] __aligned(16);

    map_afresh();
    for (u32 i = 0; i < count; i++) {
        struct worker *w = &workers[i];
        memset(w->values, 0, sizeof(w->values));
        w->index = i;
        w->random = random_seeded(round * WORKERS + i);
        must(!thread_start(&w->thread, stacks[i], STACK_SIZE, work, w, 0), "clone");
    }
    for (u32 i = 0; i < count; i++)
        thread_join(&workers[i].thread);
}

static u32 count_cpus(void)
{
    u64 cpus = 0;
    u32 n = 0;

    must(SYS(sched_getaffinity, 0, sizeof(cpus), &cpus) > 0, "sched_getaffinity");
    for (; cpus; cpus &= cpus - 1)
        n++;
    return n;
}

int main(int argc, char **argv)
{
    u32 rounds = argc > 1 ? (u32)text_number(argv[1]) : 20;

    map_afresh();
    for (u64 at = AT; at < AT + SIZE; at += PAGE)
        *(u64 *)at = at;
    u64 large = smaps_sum("AnonHugePages:");
    count = MIN(MAX(count_cpus(), 2u), WORKERS);
    for (u32 round = 0; round < rounds; round++)
        run_round(round);
    print("large: %u rounds, %u threads, %lu KiB in 2 MiB pages at first, %u wrong words\n", rounds,
          count, large, wrong);
    return wrong != 0;
}
