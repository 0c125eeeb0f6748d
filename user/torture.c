/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * torture [-n OPERATIONS] [-p PROCESSES] [-t THREADS] [-s SEED]: does a translation, or a frame, outlive what
 * it belonged to? Threads of some processes map, fill, unmap, protect, move and fork at random, hop from cpu to
 * cpu, signal each other and lock each other out, while all of them read, write and call what lies there.
 *
 * What an access must give is known exactly. Memory lies in slots, and each slot has a sequence number: odd while
 * one thread changes the slot, even in between. An access between two reads of the same even number fell into a time
 * in which nothing changed: it must succeed or fault as the slot's description says. A translation that
 * outlived munmap shows as an access that succeeds, a frame given away as a word that nobody wrote there.
 *
 * A page's first words are counters, each written by one thread, upwards: a reader that finds less than what
 * the writer has announced as done sees an old frame. The other words are zero, or a function of the page's
 * generation. A forked child has this description as private memory, as it was at the fork, and compares.
 */
#include <abi/linux/mman.h>
#include <abi/linux/sched.h>
#include <abi/linux/signal.h>
#include <lib/bits.h>

#include "lib/random.h"
#include "lib/sys.h"
#include "lib/text.h"
#include "lib/thread.h"
#include "lib/try.h"

#define PAGE          4096ul
#define PAGE_WORDS    (PAGE / sizeof(u64))
#define SLOTS         8u
#define PAGES         16u /* of a slot */
#define MAX_THREADS   16u
#define MAX_PROCESSES 16u
#define MAX_CHILDREN  4u
#define STACK_SIZE    (16 * KiB)

/* Of a page's words: counters of all threads, then what one thread moves by system calls, then stamps. */
#define WORD_COUNTER(thread) (thread)
#define WORD_COPY(thread)    (MAX_THREADS + (thread))
#define FIRST_STAMP          (2 * MAX_THREADS)
#define WORD_CODE            FIRST_STAMP /* of a page with code: where the function begins */

/*
 * Two slots of three tables: each straddles the end of what a last-level table maps, and each pair has a
 * middle table of its own.
 */
#define SLOTS_AT   (16 * GiB)
#define SLOT_AT(i) (SLOTS_AT + (i) / 2 * GiB + ((i) % 2 + 1) * 2 * MiB - PAGES / 2 * PAGE)

#define POISON       0xf5f5f5f5f5f5f5f5ul /* what debug kernels leave in freed frames */
#define SIG_POKE     40
#define POKE_WAIT_NS (20 * 1000000000ul)

enum content { ZEROS, STAMPS, CODE };

struct page {
    u32 gen; /* of what lies there: new for each mapping and each emptying; 0: nothing */
    u8 prot;
    u8 content;
    bool shared;
};

struct slot {
    u64 seq; /* odd: somebody changes it */
    struct page page[PAGES];
    u64 done[PAGES][MAX_THREADS]; /* generation << 32 | the counter that is surely there */
    u64 copied[PAGES][MAX_THREADS];
};

struct worker {
    u32 index;
    struct random random;
    struct thread thread;
    char *stack;
    u64 count;   /* the counter that was or is being written */
    int pipe[2]; /* for words through the kernel */
    u64 locked;  /* times it held the locks */
    u64 poked;   /* signals received */
    long child[MAX_CHILDREN];
    bool victim[MAX_CHILDREN]; /* does not end by itself */
    u32 children;
};

/* One process: private memory, so that a forked child has all of it as it was. */
static struct slot slots[SLOTS];
static struct worker workers[MAX_THREADS];
static u32 threads;
static u32 next_gen = 1;
static struct lock lock;
static u64 locked;
static u64 pokes_sent;
static u64 finished; /* workers */
static u32 process;
static long pid;

/* All processes. */
struct board {
    u32 failed;
    struct lock lock;
    u64 locked;
    u64 locked_sum;
    u64 operations;
    u64 faults;
    u64 forks;
    u64 changes;
};
static struct board *board;

static u64 cpus; /* that we may run on */
static u32 processes = 2;
static u64 operations = 50000;
static u64 seed;

int main(int argc, char **argv);

static u64 add(u64 *to, u64 n)
{
    return __atomic_fetch_add(to, n, __ATOMIC_RELAXED);
}

static bool failed(void)
{
    return __atomic_load_n(&board->failed, __ATOMIC_RELAXED);
}

#define fail(...)                                              \
    do {                                                       \
        __atomic_store_n(&board->failed, 1, __ATOMIC_RELAXED); \
        print("torture: WRONG: " __VA_ARGS__);                 \
    } while (0)

/* The result of a call that must succeed. */
static long must(const char *what, long rc)
{
    if (rc < 0)
        fail("%s: error %ld\n", what, -rc);
    return rc;
}

/* --- what lies where --- */

static u64 *word_at(u32 slot, u32 page, u32 word)
{
    return (u64 *)(SLOT_AT((u64)slot) + page * PAGE) + word;
}

static u64 stamp(u32 gen, u32 word)
{
    return ((u64)gen << 16 | word) * 0x9e3779b97f4a7c15ul | 1;
}

/* lui a0, gen; addiw a0, a0, gen; ret: the code of a page returns its generation. */
static void write_code(u64 *to, u32 gen)
{
    u32 low = gen & 0xfff, high = (gen + 0x800) & 0xfffff000;

    to[0] = (u64)(low << 20 | 0x0005051b) << 32 | high | 0x537;
    to[1] = 0x00008067;
}

static void write_content(u32 slot, u32 index, const struct page *p)
{
    u64 *words = word_at(slot, index, 0);

    for (u32 i = FIRST_STAMP; i < PAGE_WORDS; i++)
        words[i] = stamp(p->gen, i);
    if (p->content == CODE)
        write_code(words + WORD_CODE, p->gen);
}

/* --- slots: changed by one thread at a time, looked at by all --- */

static bool try_to_own(struct slot *s)
{
    u64 seq = __atomic_load_n(&s->seq, __ATOMIC_RELAXED);

    return !(seq & 1) && __atomic_compare_exchange_n(&s->seq, &seq, seq + 1, false,
                                                     __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static void disown(struct slot *s)
{
    __atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_SEQ_CST);
}

/* Gives a page a new generation, in which no counter stands yet. */
static void set_page(struct slot *s, u32 index, struct page p)
{
    p.gen = p.gen ? __atomic_fetch_add(&next_gen, 1, __ATOMIC_RELAXED) : 0;
    s->page[index] = p;
    for (u32 t = 0; t < threads; t++) {
        __atomic_store_n(&s->done[index][t], (u64)p.gen << 32, __ATOMIC_SEQ_CST);
        __atomic_store_n(&s->copied[index][t], (u64)p.gen << 32, __ATOMIC_SEQ_CST);
    }
}

/* --- what an access must give --- */

struct access {
    u32 slot, index, word;
    u8 right; /* PROT_ bits that it needs */
    bool by_call;
    struct page page;
    long result; /* of try_, or of a system call that copies the word */
    u64 value;
};

static long expected(const struct access *a)
{
    if (a->page.gen && (a->page.prot & a->right) == a->right)
        return 0;
    if (a->by_call)
        return -EFAULT;
    return TRY_CODE(SIGSEGV, a->page.gen ? SEGV_ACCERR : SEGV_MAPERR);
}

static void report(const struct access *a, const char *what, u64 low, u64 high)
{
    u32 cpu = 0;

    SYS(getcpu, &cpu, 0, 0);
    fail(
        "process %u, cpu %u, %p (slot %u page %u word %u, generation %u, rights %u, content %u%s): right %u%s gave %lx, %s "
        "%lx to %lx, found %lx%s\n",
        process, cpu, (void *)word_at(a->slot, a->index, a->word), a->slot, a->index, a->word,
        a->page.gen, a->page.prot, a->page.content, a->page.shared ? ", shared" : "", a->right,
        a->by_call ? " by system call" : "", (u64)a->result, what, low, high, a->value,
        a->value == POISON ? " (a freed frame)" : "");
}

/* True when the access was done as it had to; a value is not looked at yet. */
static bool judge_result(const struct access *a)
{
    if (a->result == expected(a)) {
        if (a->result)
            add(&board->faults, 1);
        return !a->result;
    }
    report(a, "expected result", (u64)expected(a), (u64)expected(a));
    return false;
}

static void judge_value(const struct access *a, u64 low, u64 high)
{
    if (a->value < low || a->value > high)
        report(a, "expected", low, high);
}

static void judge_stamp(const struct access *a)
{
    u64 value = a->page.content == ZEROS ? 0 : stamp(a->page.gen, a->word);

    if (a->page.content != CODE || a->word > WORD_CODE + 1)
        judge_value(a, value, value);
}

/* --- accesses --- */

/* A random word, and what its slot says of it; the number to compare with, 0: the slot is being changed. */
static void choose(struct worker *w, struct access *a, u32 word, u64 *seq)
{
    struct slot *s;

    *a = (struct access){.slot = random_below(&w->random, SLOTS),
                         .index = random_below(&w->random, PAGES),
                         .word = word};
    s = &slots[a->slot];
    *seq = __atomic_load_n(&s->seq, __ATOMIC_ACQUIRE);
    a->page = s->page[a->index];
}

/* Whether what `choose` has seen was true all the time. */
static bool unchanged(const struct access *a, u64 seq)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !(seq & 1) && __atomic_load_n(&slots[a->slot].seq, __ATOMIC_RELAXED) == seq;
}

static u32 any_stamp(struct worker *w)
{
    return FIRST_STAMP + random_below(&w->random, PAGE_WORDS - FIRST_STAMP);
}

static void read_stamp(struct worker *w)
{
    struct access a;
    u64 seq;

    choose(w, &a, any_stamp(w), &seq);
    a.right = PROT_READ;
    a.result = try_load(word_at(a.slot, a.index, a.word), &a.value);
    if (unchanged(&a, seq) && judge_result(&a))
        judge_stamp(&a);
}

static void call_code(struct worker *w)
{
    struct access a;
    u64 seq;

    choose(w, &a, WORD_CODE, &seq);
    a.right = PROT_EXEC;
    /* What is executable holds code, unless the slot has changed since, to something else. */
    if (a.page.content != CODE && a.page.prot & PROT_EXEC)
        return;
    a.result = try_call(word_at(a.slot, a.index, a.word), &a.value);
    if (unchanged(&a, seq) && judge_result(&a))
        judge_value(&a, a.page.gen, a.page.gen);
}

static void read_counter(struct worker *w)
{
    u32 of = random_below(&w->random, threads);
    struct access a;
    u64 seq, done, most;

    choose(w, &a, WORD_COUNTER(of), &seq);
    a.right = PROT_READ;
    done = __atomic_load_n(&slots[a.slot].done[a.index][of], __ATOMIC_ACQUIRE);
    a.result = try_load(word_at(a.slot, a.index, a.word), &a.value);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    most = __atomic_load_n(&workers[of].count, __ATOMIC_RELAXED);
    if (unchanged(&a, seq) && judge_result(&a))
        judge_value(&a, done & ~0u, most);
}

/* Notes that a number surely stands in a page, if that still has the contents that it was written to. */
static void note(u64 *entry, u32 gen, u64 count)
{
    u64 old = __atomic_load_n(entry, __ATOMIC_RELAXED);

    while (old >> 32 == gen &&
           !__atomic_compare_exchange_n(entry, &old, (u64)gen << 32 | count, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        ;
}

static void write_counter(struct worker *w)
{
    struct access a;
    u64 seq;

    choose(w, &a, WORD_COUNTER(w->index), &seq);
    a.right = PROT_READ | PROT_WRITE;
    __atomic_store_n(&w->count, w->count + 1, __ATOMIC_SEQ_CST);
    a.result = try_store(word_at(a.slot, a.index, a.word), w->count);
    if (unchanged(&a, seq) && judge_result(&a))
        note(&slots[a.slot].done[a.index][w->index], a.page.gen, w->count);
}

/* --- the kernel's accesses: a word into a pipe and out of it --- */

static void copy_in(struct worker *w)
{
    u64 *entry, copied, seq;
    struct access a;

    choose(w, &a, WORD_COPY(w->index), &seq);
    a.right = PROT_READ;
    a.by_call = true;
    entry = &slots[a.slot].copied[a.index][w->index];
    copied = __atomic_load_n(entry, __ATOMIC_RELAXED);
    a.result = SYS(write, w->pipe[1], word_at(a.slot, a.index, a.word), sizeof(u64));
    if (a.result == sizeof(u64)) {
        a.result = 0;
        must("read from a pipe", SYS(read, w->pipe[0], &a.value, sizeof(u64)));
    }
    if (unchanged(&a, seq) && judge_result(&a))
        judge_value(&a, copied & ~0u, w->count);
}

static void copy_out(struct worker *w)
{
    struct access a;
    u64 seq, rest;

    choose(w, &a, WORD_COPY(w->index), &seq);
    a.right = PROT_READ | PROT_WRITE;
    a.by_call = true;
    __atomic_store_n(&w->count, w->count + 1, __ATOMIC_SEQ_CST);
    must("write to a pipe", SYS(write, w->pipe[1], &w->count, sizeof(u64)));
    a.result = SYS(read, w->pipe[0], word_at(a.slot, a.index, a.word), sizeof(u64));
    if (a.result == sizeof(u64))
        a.result = 0;
    else
        must("read after a fault", SYS(read, w->pipe[0], &rest, sizeof(u64)));
    if (unchanged(&a, seq) && judge_result(&a))
        note(&slots[a.slot].copied[a.index][w->index], a.page.gen, w->count);
}

/* --- changes --- */

struct range {
    u32 slot, from, count;
};

static char *start_of(const struct range *r)
{
    return (char *)word_at(r->slot, r->from, 0);
}

static bool all_mapped(const struct range *r)
{
    for (u32 i = 0; i < r->count; i++) {
        if (!slots[r->slot].page[r->from + i].gen)
            return false;
    }
    return true;
}

static void map(struct worker *w, const struct range *r)
{
    bool shared = random_one_in(&w->random, 4);
    struct page p = {.gen = 1, .prot = PROT_READ | PROT_WRITE, .shared = shared};

    must("mmap", SYS(mmap, start_of(r), r->count * PAGE, PROT_READ | PROT_WRITE,
                     MAP_FIXED | MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE), -1, 0));
    for (u32 i = 0; i < r->count; i++)
        set_page(&slots[r->slot], r->from + i, p);
}

static void unmap(const struct range *r)
{
    must("munmap", SYS(munmap, start_of(r), r->count * PAGE));
    for (u32 i = 0; i < r->count; i++)
        set_page(&slots[r->slot], r->from + i, (struct page){0});
}

/* Never a right to execute what is no code: any word may be called. */
static void protect(struct worker *w, const struct range *r)
{
    static const u8 rights[] = {0, PROT_READ, PROT_READ | PROT_WRITE};
    u8 prot = rights[random_below(&w->random, ARRAY_SIZE(rights))];

    must("mprotect", SYS(mprotect, start_of(r), r->count * PAGE, prot));
    for (u32 i = 0; i < r->count; i++)
        slots[r->slot].page[r->from + i].prot = prot;
}

/* Private pages are zero from then on; shared ones are only looked up anew. */
static void empty(const struct range *r)
{
    struct slot *s = &slots[r->slot];

    must("madvise", SYS(madvise, start_of(r), r->count * PAGE, MADV_DONTNEED));
    for (u32 i = r->from; i < r->from + r->count; i++) {
        struct page p = s->page[i];

        p.content = ZEROS;
        if (!p.shared)
            set_page(s, i, p);
    }
}

/* New contents for one page; what was counted in it stays. */
static void fill(struct worker *w, const struct range *r)
{
    struct slot *s = &slots[r->slot];
    struct page p = s->page[r->from];
    char *at = start_of(r);

    if (p.prot != (PROT_READ | PROT_WRITE))
        must("mprotect", SYS(mprotect, at, PAGE, PROT_READ | PROT_WRITE));
    p.content = random_one_in(&w->random, 3) ? CODE : STAMPS;
    p.prot = p.content == CODE ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE;
    write_content(r->slot, r->from, &p);
    if (p.content == CODE) {
        must("mprotect", SYS(mprotect, at, PAGE, p.prot));
        must("flush_icache", SYS(riscv_flush_icache, at, at + PAGE, 0));
    }
    s->page[r->from] = p;
}

/* One page of a slot that is ours to a place in another that is ours. */
static void move_to(const struct range *r, u32 slot, u32 index)
{
    struct slot *from = &slots[r->slot], *to = &slots[slot];

    must("mremap", SYS(mremap, start_of(r), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                       word_at(slot, index, 0)));
    to->page[index] = from->page[r->from];
    for (u32 t = 0; t < threads; t++) {
        __atomic_store_n(&to->done[index][t], from->done[r->from][t], __ATOMIC_SEQ_CST);
        __atomic_store_n(&to->copied[index][t], from->copied[r->from][t], __ATOMIC_SEQ_CST);
    }
    set_page(from, r->from, (struct page){0});
}

static void move(struct worker *w, const struct range *r)
{
    u32 slot = random_below(&w->random, SLOTS);

    if (slot == r->slot || !try_to_own(&slots[slot]))
        return;
    move_to(r, slot, random_below(&w->random, PAGES));
    disown(&slots[slot]);
}

static void change(struct worker *w)
{
    struct range r = {.slot = random_below(&w->random, SLOTS), .count = 1};

    if (random_one_in(&w->random, 3))
        r.count += random_below(&w->random, PAGES);
    r.from = random_below(&w->random, PAGES - r.count + 1);
    if (!try_to_own(&slots[r.slot]))
        return;
    add(&board->changes, 1);
    u32 kind = all_mapped(&r) ? random_below(&w->random, 8) : 0;
    if (kind < 2)
        map(w, &r);
    else if (kind == 2)
        unmap(&r);
    else if (kind == 3)
        empty(&r);
    else if (kind == 4)
        move(w, &r);
    else if (kind == 5)
        fill(w, &r);
    else
        protect(w, &r);
    disown(&slots[r.slot]);
}

/* --- a forked child: everything as it was, and nobody else's --- */

/* One page as its description says. A shared one the parent goes on writing to: its counters grow. */
static void check_page(struct worker *w, struct access *a, u64 *seen, bool again)
{
    const struct slot *s = &slots[a->slot];

    a->page = s->page[a->index];
    a->word = any_stamp(w);
    a->result = try_load(word_at(a->slot, a->index, a->word), &a->value);
    if (!judge_result(a))
        return;
    if (!a->page.shared)
        judge_stamp(a);
    a->word = WORD_COUNTER(a->index % threads);
    a->result = try_load(word_at(a->slot, a->index, a->word), &a->value);
    judge_value(a, s->done[a->index][a->word] & ~0u,
                a->page.shared ? ~0ul : workers[a->word].count);
    if (!a->page.shared && again)
        judge_value(a, *seen, *seen);
    *seen = a->value;
}

static void check_pages(struct worker *w, u64 *seen, bool again)
{
    for (u32 i = 0; i < SLOTS * PAGES && !failed(); i++) {
        struct access a = {.slot = i / PAGES, .index = i % PAGES, .right = PROT_READ};

        check_page(w, &a, &seen[i], again);
    }
}

/* What the child writes to private pages the parent must never see, so it writes what fits nowhere. */
static void spoil_pages(struct worker *w)
{
    for (u32 i = 0; i < SLOTS * PAGES; i += 1 + random_below(&w->random, 8)) {
        struct access a = {.slot = i / PAGES, .index = i % PAGES, .right = PROT_READ | PROT_WRITE};

        a.page = slots[a.slot].page[a.index];
        a.word = any_stamp(w);
        if (a.page.shared)
            continue;
        a.result = try_store(word_at(a.slot, a.index, a.word), ~i);
        if (!judge_result(&a))
            continue;
        a.result = try_load(word_at(a.slot, a.index, a.word), &a.value);
        judge_value(&a, ~i, ~i);
    }
}

static void hop(struct worker *w);

__noreturn static void child(struct worker *w, bool victim)
{
    static const char *const argv[] = {"/bin/nop", NULL};
    static const char *const envp[] = {NULL};
    static u64 seen[SLOTS * PAGES];

    w->random = random_seeded(random_next(&w->random) ^ (u64)SYS(getpid));
    check_pages(w, seen, false);
    do {
        hop(w);
        check_pages(w, seen, true);
    } while (victim && !failed());
    spoil_pages(w);
    if (!failed() && random_one_in(&w->random, 4)) {
        SYS(execve, argv[0], argv, envp);
        fail("exec of %s\n", argv[0]);
    }
    sys_exit(failed());
}

/* Waits for the child that was made first. */
static void reap(struct worker *w)
{
    if (w->victim[0])
        must("kill", SYS(kill, w->child[0], SIGKILL));
    long status = sys_wait(w->child[0]);
    if (status != (w->victim[0] ? SIGKILL : 0) && !failed())
        fail("child %ld ended with %lx\n", w->child[0], status);
    w->children--;
    for (u32 i = 0; i < w->children; i++) {
        w->child[i] = w->child[i + 1];
        w->victim[i] = w->victim[i + 1];
    }
}

static void fork_a_child(struct worker *w)
{
    bool victim = random_one_in(&w->random, 4);

    if (w->children == MAX_CHILDREN)
        reap(w);
    for (u32 i = 0; i < SLOTS; i++) {
        while (!try_to_own(&slots[i]))
            SYS(sched_yield);
    }
    long born = sys_fork();
    if (born == 0)
        child(w, victim);
    for (u32 i = 0; i < SLOTS; i++)
        disown(&slots[i]);
    if (must("fork", born) < 0)
        return;
    add(&board->forks, 1);
    w->victim[w->children] = victim;
    w->child[w->children++] = born;
}

/* --- other things that threads do to each other --- */

/* To one cpu, or wherever the kernel likes. */
static void hop(struct worker *w)
{
    u64 wanted = cpus;

    if (!random_one_in(&w->random, 3)) {
        u32 left = random_below(&w->random, (u32)bits_count(cpus));
        while (left--)
            wanted &= wanted - 1;
        wanted &= -wanted;
    }
    must("sched_setaffinity", SYS(sched_setaffinity, 0, sizeof(wanted), &wanted));
}

static void count_poke(int sig)
{
    struct worker *w;

    (void)sig;
    __asm__("mv %0, tp" : "=r"(w));
    __atomic_fetch_add(&w->poked, 1, __ATOMIC_RELAXED);
}

/* A queued signal to a thread of ours: each that was sent must arrive. */
static void poke(struct worker *w)
{
    struct worker *to = &workers[random_below(&w->random, threads)];
    u32 tid = __atomic_load_n(&to->thread.tid, __ATOMIC_RELAXED);

    if (!tid)
        return;
    long rc = SYS(tgkill, pid, tid, SIG_POKE);
    if (!rc)
        add(&pokes_sent, 1);
    else if (rc != -EAGAIN)
        must("tgkill", rc);
}

static void lock_out(struct worker *w)
{
    bool all = random_one_in(&w->random, 2);
    struct lock *l = all ? &board->lock : &lock;
    volatile u64 *count = all ? &board->locked : &locked;

    lock_take(l);
    u64 n = *count;
    if (random_one_in(&w->random, 8))
        SYS(sched_yield);
    *count = n + 1;
    lock_release(l);
    w->locked += all ? 1ul << 32 : 1;
}

/* --- a worker, and its process --- */

static void check_tp(const struct worker *w)
{
    const struct worker *tp;

    __asm__ volatile("mv %0, tp" : "=r"(tp));
    if (tp != w)
        fail("tp is %p, not %p\n", (const void *)tp, (const void *)w);
}

static void operate(struct worker *w)
{
    u32 kind = random_below(&w->random, 200);

    if (kind < 50)
        read_stamp(w);
    else if (kind < 80)
        read_counter(w);
    else if (kind < 110)
        write_counter(w);
    else if (kind < 120)
        call_code(w);
    else if (kind < 126)
        copy_in(w);
    else if (kind < 132)
        copy_out(w);
    else if (kind < 190)
        change(w);
    else if (kind < 193)
        hop(w);
    else if (kind < 196)
        lock_out(w);
    else if (kind < 199)
        poke(w);
    else
        fork_a_child(w);
}

static u64 pokes_received(void)
{
    u64 sum = 0;

    for (u32 i = 0; i < threads; i++)
        sum += __atomic_load_n(&workers[i].poked, __ATOMIC_RELAXED);
    return sum;
}

/* Signals may still be on their way to a thread: it stays until all of the process are there. */
static void wait_for_pokes(void)
{
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) < threads && !failed())
        sys_sleep_ms(1);
    for (u64 until = sys_now() + POKE_WAIT_NS; sys_now() < until && !failed(); sys_sleep_ms(1)) {
        if (pokes_received() == pokes_sent)
            return;
    }
    if (!failed())
        fail("%lu signals were sent, %lu arrived\n", pokes_sent, pokes_received());
}

static void work(void *arg)
{
    u64 mine = operations / processes / threads;
    struct worker *w = arg;

    must("pipe", SYS(pipe2, w->pipe, 0));
    for (u64 i = 0; i < mine && !failed(); i++) {
        operate(w);
        check_tp(w);
        add(&board->operations, 1);
    }
    while (w->children)
        reap(w);
    SYS(close, w->pipe[0]);
    SYS(close, w->pipe[1]);
    add(&finished, 1);
    wait_for_pokes();
}

static void start_threads(void)
{
    workers[0].thread.tid = (u32)SYS(gettid);
    for (u32 i = 1; i < threads; i++) {
        struct worker *w = &workers[i];

        w->stack = (char *)must("mmap", SYS(mmap, 0, STACK_SIZE, PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        must("clone", thread_start(&w->thread, w->stack, STACK_SIZE, work, w, (u64)w));
    }
}

static void join_threads(void)
{
    for (u32 i = 1; i < threads; i++) {
        thread_join(&workers[i].thread);
        SYS(munmap, workers[i].stack, STACK_SIZE);
    }
}

static void sum_up(void)
{
    u64 sum = 0;

    for (u32 i = 0; i < threads; i++) {
        sum += workers[i].locked & ~0u;
        add(&board->locked_sum, workers[i].locked >> 32);
    }
    if (sum != locked && !failed())
        fail("the lock was held %lu times, and %lu were counted\n", sum, locked);
}

__noreturn static void run_process(u32 number)
{
    struct linux_sigaction action = {.sa_handler = (u64)count_poke, .sa_flags = SA_RESTART};

    process = number;
    pid = SYS(getpid);
    try_init();
    SYS(rt_sigaction, SIG_POKE, &action, 0, sizeof(u64));
    for (u32 i = 0; i < threads; i++) {
        workers[i].index = i;
        workers[i].random = random_seeded(seed + number * MAX_THREADS + i);
    }
    __asm__ volatile("mv tp, %0" ::"r"(&workers[0]));
    start_threads();
    work(&workers[0]);
    join_threads();
    sum_up();
    sys_exit(failed());
}

/* --- all of it --- */

static bool read_arguments(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        u64 value;

        if (i + 1 == argc || argv[i][0] != '-')
            return false;
        value = text_number(argv[i + 1]);
        if (argv[i][1] == 'n')
            operations = value;
        else if (argv[i][1] == 'p')
            processes = (u32)value;
        else if (argv[i][1] == 't')
            threads = (u32)value;
        else if (argv[i][1] == 's')
            seed = value;
        else
            return false;
    }
    return processes - 1 < MAX_PROCESSES && threads - 1 < MAX_THREADS;
}

static void prepare(void)
{
    must("sched_getaffinity", SYS(sched_getaffinity, 0, sizeof(cpus), &cpus));
    threads = MIN((u32)bits_count(cpus), MAX_THREADS);
    SYS(getrandom, &seed, 4, 0);
    board = (struct board *)SYS(mmap, 0, ALIGN_UP(sizeof(*board), PAGE), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void run_all(void)
{
    long pids[MAX_PROCESSES];

    for (u32 i = 0; i < processes; i++) {
        pids[i] = sys_fork();
        if (pids[i] == 0)
            run_process(i);
    }
    for (u32 i = 0; i < processes; i++) {
        long status = must("fork", pids[i]) < 0 ? pids[i] : sys_wait(pids[i]);
        if (status && !failed())
            fail("process %u ended with %lx\n", i, status);
    }
    if (board->locked != board->locked_sum && !failed())
        fail("the common lock was held %lu times, and %lu were counted\n", board->locked_sum,
             board->locked);
}

int main(int argc, char **argv)
{
    prepare();
    if (!read_arguments(argc, argv)) {
        print("usage: torture [-n OPERATIONS] [-p PROCESSES] [-t THREADS] [-s SEED]\n");
        return 2;
    }
    print("torture: seed %lu, %u processes of %u threads, %d cpus\n", seed, processes, threads,
          bits_count(cpus));
    run_all();
    print("torture: %lu operations, %lu changes, %lu faults, %lu forks: %s\n", board->operations,
          board->changes, board->faults, board->forks, failed() ? "FAILED" : "all good");
    return (int)failed();
}
