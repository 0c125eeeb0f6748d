/* SPDX-License-Identifier: BSD-2-Clause */
// includes: tests/host/harts arch/riscv/include
/*
 * Shootdown by interleaving: the kernel's own arch/riscv/{spaces,icache,fence}.c on harts that are
 * coroutines and change places, by a seeded choice, before every atomic operation and every fence.
 *
 * The harts are as strict as the specification lets them be. They cache leaves and pointers to tables
 * under the ASID in satp, walk ahead of the program, forget nothing by themselves, and keep stored
 * entries in a buffer until a fence. A fence by address spares pointers. Instructions are fetched
 * through a cache that only fence.i clears. What is freed too early shows at once: a hart that uses a
 * frame which is not (any more) where it believes, that walks a table that is none, or fetches what a
 * frame held before, ends the test.
 */
#include <arch/mmu.h>
#include <base/atomic.h>
#include <base/panic.h>
#include <base/percpu.h>
#include <lib/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include <cmocka.h>

#include "../../arch/riscv/fence.c"
#include "../../arch/riscv/icache.c"
#include "../../arch/riscv/spaces.c"

#define HARTS_MOST  4
#define SPACES      4
#define PAGES       3
#define FRAMES      64
#define BUFFER_MOST 16
#define STACK_BYTES (256 * KiB)
#define ASIDS       (MMU_ASIDS_MOST + 1)

/* A frame: user memory at one place of one space, or a table. Number 0 is none. */
struct frame {
    bool used, table;
    u32 space, page;
    u32 version;        /* of its contents, by who filled it; */
    u32 stored;         /* as memory has it */
    u32 entries[PAGES]; /* of a table: frame numbers */
};

/* An address space as mm/ would have it. */
struct space {
    struct mmu_space mmu;
    u32 table; /* the root's only entry */
    u32 users; /* references */
    bool live, locked;
};

struct store {
    u32 *where, value;
};

/* What a hart has cached. */
struct model_hart {
    ucontext_t context;
    u8 *stack;
    u32 tables[ASIDS], leaves[ASIDS][PAGES]; /* by ASID; 0: not cached */
    u32 fetched[FRAMES];                     /* versions + 1; 0: not cached */
    struct store buffer[BUFFER_MOST];
    u32 stores;
    struct space *active;   /* what the program of this hart runs in */
    struct mmu_space *root; /* satp now; NULL: the kernel's */
    struct mmu_space *next; /* and at the next return to user mode */
    u64 asid, next_asid;
};

struct cpu cpu_table[CPU_MAX];
struct cpu *model_cpu = &cpu_table[0];
u32 mmu_asids;
bool mmu_pti;

static struct model_hart model[HARTS_MOST];
static struct frame frames[FRAMES];
static struct space spaces[SPACES];
static struct mmu_space kernel_space = {.kernel = true};
static u32 hart_count;
static u64 random_state, steps_left, uses;
static bool running; /* coroutines run; without, a step is nothing */
static ucontext_t main_context;

/* Calls into firmware: which cpus were asked, by how many calls. */
static u32 asked_cpus, calls;

/* --- what the kernel files need ------------------------------------------------------------------- */

u32 cpu_count(void)
{
    return hart_count;
}

u32 cpu_online_set(void)
{
    return (1u << hart_count) - 1;
}

void panic(const char *format, ...)
{
    fprintf(stderr, "panic: %s\n", format);
    abort();
}

static u32 choose(u32 n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (u32)(random_state >> 20) % n;
}

static __attribute__((noreturn)) void fail_at(const char *what, u32 hart, u32 number)
{
    fprintf(stderr, "harts: %s: hart %u, frame %u (isolation %d, %u ASIDs, %u harts)\n", what, hart,
            number, mmu_pti, mmu_asids, hart_count);
    abort();
}

/* --- memory and caches ----------------------------------------------------------------------------- */

static struct model_hart *here(void)
{
    return &model[cpu_id()];
}

static void drain_one(struct model_hart *h)
{
    *h->buffer[0].where = h->buffer[0].value;
    memmove(h->buffer, h->buffer + 1, --h->stores * sizeof(h->buffer[0]));
}

void model_fence(void)
{
    while (here()->stores)
        drain_one(here());
}

/* Into the store buffer: others see it later. */
static void store(u32 *where, u32 value)
{
    if (here()->stores == BUFFER_MOST)
        drain_one(here());
    here()->buffer[here()->stores++] = (struct store){where, value};
}

static struct space *space_of(const struct mmu_space *mmu)
{
    return container_of(mmu, struct space, mmu);
}

/* As the walker does: the pointer and the leaf are cached on the way. 0: nothing is mapped. */
static u32 translate(u32 hart, u32 page)
{
    struct model_hart *h = &model[hart];
    u32 *table = &h->tables[h->asid], *leaf = &h->leaves[h->asid][page];

    if (*leaf)
        return *leaf;
    if (!space_of(h->root)->live)
        fail_at("walks the root of a space that has ended", hart, 0);
    if (!*table)
        *table = space_of(h->root)->table;
    if (!frames[*table].used || !frames[*table].table)
        fail_at("walks a table that is none any more", hart, *table);
    return *leaf = frames[*table].entries[page];
}

static u32 fetch(u32 hart, u32 frame)
{
    u32 *cached = &model[hart].fetched[frame];

    if (!*cached)
        *cached = frames[frame].stored + 1;
    return *cached - 1;
}

/* Whatever satp allows may happen ahead of the program. */
static void speculate(u32 hart)
{
    if (!model[hart].root)
        return;
    u32 frame = translate(hart, choose(PAGES));
    if (frame)
        fetch(hart, frame);
}

/* The program loads from, and fetches from, a page. */
static void use(u32 page)
{
    u32 hart = cpu_id(), number = translate(hart, page);
    const struct frame *f = &frames[number];

    if (!number)
        return;
    uses++;
    if (!f->used || f->table || &spaces[f->space] != here()->active || f->page != page)
        fail_at("a stale translation is used", hart, number);
    if (fetch(hart, number) != f->version)
        fail_at("old instructions are fetched", hart, number);
}

/* --- fences ------------------------------------------------------------------------------------------ */

static void drop_asid(struct model_hart *h, u64 asid)
{
    h->tables[asid] = 0;
    memset(h->leaves[asid], 0, sizeof(h->leaves[asid]));
}

static void drop_page(struct model_hart *h, u64 asid, vaddr_t va)
{
    if (va / PAGE_SIZE < PAGES)
        h->leaves[asid][va / PAGE_SIZE] = 0;
}

static void drop_all(struct model_hart *h)
{
    for (u64 asid = 0; asid < ASIDS; asid++)
        drop_asid(h, asid);
}

void model_fence_asid(u64 asid)
{
    model_step();
    drop_asid(here(), asid);
}

void model_fence_asid_page(u64 asid, vaddr_t va)
{
    model_step();
    drop_page(here(), asid, va);
}

void model_fence_all(void)
{
    model_step();
    drop_all(here());
}

void model_fence_page(vaddr_t va)
{
    model_step();
    for (u64 asid = 0; asid < ASIDS; asid++)
        drop_page(here(), asid, va);
}

void model_fence_fetch(void)
{
    model_step();
    model_fence();
    memset(here()->fetched, 0, sizeof(here()->fetched));
}

static u32 cpu_of_hartid(u64 hartid)
{
    for (u32 cpu = 0; cpu < hart_count; cpu++)
        if (cpu_table[cpu].arch.hartid == hartid)
            return cpu;
    fail_at("firmware is asked for a hart that does not exist", cpu_id(), 0);
}

static void fence_remote(struct model_hart *h, vaddr_t start, size_t size)
{
    if (size == ~0ul)
        drop_all(h);
    else
        for (vaddr_t va = start; va < start + size; va += PAGE_SIZE)
            for (u64 asid = 0; asid < ASIDS; asid++)
                drop_page(h, asid, va);
}

int sbi_remote_sfence(u64 mask, u64 base, vaddr_t start, size_t size)
{
    calls++;
    for (; mask; mask &= mask - 1) {
        u32 cpu = cpu_of_hartid(base + bits_lowest(mask));
        model_step();
        asked_cpus |= 1u << cpu;
        fence_remote(&model[cpu], start, size);
    }
    return 0;
}

int sbi_remote_fence_i(u64 mask, u64 base, vaddr_t start, size_t size)
{
    (void)start, (void)size;
    calls++;
    for (; mask; mask &= mask - 1) {
        u32 cpu = cpu_of_hartid(base + bits_lowest(mask));
        model_step();
        asked_cpus |= 1u << cpu;
        memset(model[cpu].fetched, 0, sizeof(model[cpu].fetched));
    }
    return 0;
}

/* --- roots, as arch/riscv/mmu.c and the trampolines do it ------------------------------------------ */

static void set_root(struct mmu_space *root, u64 asid)
{
    model_step();
    here()->root = root;
    here()->asid = asid;
    if (!mmu_asids)
        drop_all(here());
}

void mmu_take_root(const struct mmu_space *space, u64 asid)
{
    here()->next = (struct mmu_space *)(vaddr_t)space;
    here()->next_asid = asid;
    if (!mmu_pti)
        set_root(here()->next, asid);
}

void mmu_leave_root(void)
{
    set_root(NULL, 0);
}

/* --- the harts' programs --------------------------------------------------------------------------- */

void model_step(void)
{
    u32 from = cpu_id();

    if (!running)
        return;
    speculate(choose(hart_count));
    if (here()->stores && choose(8) == 0)
        drain_one(here());
    if (choose(2))
        return;
    if (!steps_left || !--steps_left)
        setcontext(&main_context);
    u32 to = choose(hart_count);
    model_cpu = &cpu_table[to];
    if (to != from)
        swapcontext(&model[from].context, &model[to].context);
}

static u32 new_frame(u32 space, u32 page, bool table)
{
    u32 number = 0;

    for (u32 i = choose(FRAMES), n = 0; n < FRAMES && !number; n++, i++)
        if (i % FRAMES && !frames[i % FRAMES].used)
            number = i % FRAMES;
    assert_true(number);
    struct frame *f = &frames[number];
    f->used = true;
    f->table = table;
    f->space = space;
    f->page = page;
    f->version++;
    memset(f->entries, 0, sizeof(f->entries));
    store(&f->stored, f->version);
    return number;
}

static void lock_space(struct space *s)
{
    while (s->locked)
        model_step();
    s->locked = true;
}

static u32 *entry_of(const struct space *s, u32 page)
{
    return &frames[s->table].entries[page];
}

/* A reference on a space that lives, or NULL. */
static struct space *take_any(void)
{
    struct space *s = &spaces[choose(SPACES)];

    if (!s->live)
        return NULL;
    s->users++;
    return s;
}

/* Another frame, or none, at a page. Returns the old one. */
static u32 change_page(struct space *s, struct mmu_flush *fl, u32 page, u32 number)
{
    u32 old = *entry_of(s, page);

    if (number) {
        mmu_code_changed();
        mmu_sync_code(&s->mmu);
    }
    store(entry_of(s, page), number);
    if (old)
        mmu_flush_note(fl, page * PAGE_SIZE, 0);
    return old;
}

/* The same entries in another table. Returns the old one. */
static u32 change_table(struct space *s, struct mmu_flush *fl)
{
    u32 old = s->table, number = new_frame((u32)(s - spaces), 0, true);

    for (u32 page = 0; page < PAGES; page++)
        store(&frames[number].entries[page], frames[old].entries[page]);
    store(&s->table, number);
    mmu_flush_table(fl);
    return old;
}

/* As munmap, a fault, or the end of a table. What the operation itself reads it has stored itself. */
static void change(void)
{
    struct space *s = take_any();
    struct mmu_flush fl;
    u32 old, page = choose(PAGES), what = choose(4);

    if (!s)
        return;
    lock_space(s);
    mmu_flush_begin(&fl, &s->mmu);
    if (what == 0)
        old = change_table(s, &fl);
    else
        old = change_page(s, &fl, page, what == 1 ? 0 : new_frame((u32)(s - spaces), page, false));
    if (choose(4) == 0) /* a part of a large operation */
        mmu_flush_note(&fl, FLUSH_PAGES_MOST * PAGE_SIZE * 2, 0);
    mmu_flush_end(&fl);
    if (old)
        frames[old].used = false;
    model_fence(); /* the lock's release */
    s->locked = false;
    s->users--;
}

static void free_tables(struct space *s)
{
    for (u32 page = 0; page < PAGES; page++)
        if (*entry_of(s, page))
            frames[*entry_of(s, page)].used = false;
    frames[s->table].used = false;
}

static void make_space(struct space *s)
{
    s->mmu = (struct mmu_space){.root = 0};
    s->table = new_frame((u32)(s - spaces), 0, true);
    model_fence();
    s->live = true;
}

/* The end of a space that nobody holds any more, and another one at the same place. */
static void end_any(void)
{
    struct space *s = &spaces[choose(SPACES)];

    if (!s->live || s->users)
        return;
    s->live = false;
    mmu_space_retire(&s->mmu);
    free_tables(s);
    make_space(s);
}

static void activate(struct space *to)
{
    struct space *old = here()->active;

    mmu_activate(to ? &to->mmu : &kernel_space);
    here()->active = to;
    if (old)
        old->users--;
}

/* User mode for a while. */
static void run_program(void)
{
    if (!here()->active)
        return;
    if (mmu_pti)
        set_root(here()->next, here()->next_asid);
    for (u32 n = choose(12); n; n--) {
        use(choose(PAGES));
        model_step();
    }
    if (mmu_pti)
        set_root(NULL, 0);
}

static void hart_main(void)
{
    spaces_init_cpu();
    for (;;) {
        u32 what = choose(16);
        if (what < 3)
            activate(take_any());
        else if (what == 3)
            activate(NULL);
        else if (what == 4)
            end_any();
        else if (what < 9)
            change();
        else
            run_program();
        model_step();
    }
}

/* --- setting up -------------------------------------------------------------------------------------- */

static void reset(u32 count, bool pti, u32 asids)
{
    static const u64 hartids[HARTS_MOST] = {3, 1, 200, 4};

    hart_count = count;
    mmu_pti = pti;
    mmu_asids = asids;
    icache_generation = calls = asked_cpus = 0;
    running = false;
    memset(harts, 0, sizeof(harts));
    memset(mmu_counters, 0, sizeof(mmu_counters));
    memset(icache_seen, 0, sizeof(icache_seen));
    memset(frames, 0, sizeof(frames));
    memset(spaces, 0, sizeof(spaces));
    for (u32 cpu = 0; cpu < HARTS_MOST; cpu++) {
        u8 *stack = model[cpu].stack;
        model[cpu] = (struct model_hart){.stack = stack};
        cpu_table[cpu] = (struct cpu){.id = cpu, .arch = {.hartid = hartids[cpu]}};
    }
    model_cpu = &cpu_table[0];
    for (u32 i = 0; i < SPACES; i++)
        make_space(&spaces[i]);
}

static void start_hart(u32 cpu)
{
    struct model_hart *h = &model[cpu];

    if (!h->stack)
        h->stack = malloc(STACK_BYTES);
    getcontext(&h->context);
    h->context.uc_stack.ss_sp = h->stack;
    h->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&h->context, hart_main, 0);
}

static void interleave(u32 count, bool pti, u32 asids, u64 steps)
{
    volatile bool begun = false;

    reset(count, pti, asids);
    for (u32 cpu = 0; cpu < count; cpu++)
        start_hart(cpu);
    steps_left = steps;
    uses = 0;
    getcontext(&main_context);
    if (!begun) {
        begun = running = true;
        setcontext(&model[0].context);
    }
    running = false;
    model_cpu = &cpu_table[0];
    assert_true(uses > steps / 100); /* it was about something */
}

static void interleave_all(bool pti)
{
    static const u32 asids[] = {0, 1, 2, MMU_ASIDS_MOST};
    const char *given = getenv("QUIRE_SEED");
    u64 seed = given ? strtoul(given, NULL, 0) : (u64)time(NULL);

    fprintf(stderr, "QUIRE_SEED=%lu\n", seed);
    random_state = seed * 0x9e3779b97f4a7c15ul + 1;
    for (unsigned i = 0; i < ARRAY_SIZE(asids); i++)
        for (u32 count = 2; count <= HARTS_MOST; count++)
            interleave(count, pti, asids[i], 60000);
}

static void interleaved_with_isolation(void **state)
{
    (void)state;
    interleave_all(true);
}

static void interleaved_without_isolation(void **state)
{
    (void)state;
    interleave_all(false);
}

/* --- what exactness means, case by case ------------------------------------------------------------- */

static void on(u32 cpu)
{
    model_cpu = &cpu_table[cpu];
}

static void activate_on(u32 cpu, struct mmu_space *space)
{
    on(cpu);
    mmu_activate(space);
    on(0);
}

/* A live page of the first space is changed by cpu 0. */
static void flush_pages(u32 pages)
{
    struct mmu_flush fl;

    asked_cpus = calls = 0;
    mmu_flush_begin(&fl, &spaces[0].mmu);
    for (u32 i = 0; i < pages; i++)
        mmu_flush_note(&fl, i * PAGE_SIZE, 0);
    mmu_flush_end(&fl);
}

static void only_harts_that_run_the_space_are_asked(void **state)
{
    (void)state;
    reset(4, true, 15);
    activate_on(0, &spaces[0].mmu);
    activate_on(1, &spaces[0].mmu);
    activate_on(2, &spaces[0].mmu);
    activate_on(3, &spaces[1].mmu);
    flush_pages(1);
    assert_int_equal(asked_cpus, 1 << 1 | 1 << 2);
    assert_int_equal(calls, 2); /* hart ids 1 and 200 do not go into one mask */
    activate_on(1, &kernel_space);
    activate_on(2, &spaces[1].mmu);
    flush_pages(1);
    assert_int_equal(asked_cpus, 0);
    assert_int_equal(mmu_counters[0].avoided, 2);
    flush_pages(1); /* they remember nothing any more */
    assert_int_equal(mmu_counters[0].avoided, 2);
    assert_int_equal(mmu_counters[0].sent, 1);
    assert_int_equal(mmu_counters[0].asked, 2);
    assert_int_equal(mmu_counters[1].received, 1);
    assert_int_equal(mmu_counters[3].received, 0);
}

/* Back in the space: a fence if it has changed, none if not. */
static void a_hart_that_comes_back_fences_when_it_must(void **state)
{
    (void)state;
    reset(2, true, 15);
    activate_on(1, &spaces[0].mmu);
    assert_int_equal(mmu_counters[1].entry_fences, 1);
    activate_on(1, &kernel_space);
    activate_on(1, &spaces[0].mmu);
    activate_on(1, &spaces[1].mmu);
    activate_on(1, &spaces[0].mmu);
    assert_int_equal(mmu_counters[1].entry_fences, 2); /* of the other space */
    activate_on(1, &spaces[1].mmu);
    flush_pages(1);
    activate_on(1, &spaces[0].mmu);
    assert_int_equal(mmu_counters[1].entry_fences, 3);
    activate_on(1, &spaces[1].mmu);
    assert_int_equal(mmu_counters[1].entry_fences, 3);
}

static void an_asid_that_changes_hands_is_fenced(void **state)
{
    (void)state;
    reset(1, true, 2);
    for (u32 round = 1; round <= 3; round++)
        for (u32 i = 0; i < 3; i++) {
            activate_on(0, &spaces[i].mmu);
            assert_int_equal(mmu_counters[0].entry_fences, (round - 1) * 3 + i + 1);
        }
    assert_int_equal(spaces[0].mmu.cpus, 0); /* evicted */
}

/* Every way to another root fences everything: there is nothing to be spared. */
static void without_asids_nobody_remembers(void **state)
{
    (void)state;
    reset(2, true, 0);
    activate_on(1, &spaces[0].mmu);
    assert_int_equal(spaces[0].mmu.cpus, SPACE_RUNNING(1));
    activate_on(1, &kernel_space);
    assert_int_equal(spaces[0].mmu.cpus, 0);
}

/* Whoever evicts it afterwards would write into freed memory. */
static void a_space_that_has_ended_is_in_no_table(void **state)
{
    (void)state;
    reset(2, true, 15);
    activate_on(0, &spaces[0].mmu);
    activate_on(1, &spaces[0].mmu);
    activate_on(0, &kernel_space);
    activate_on(1, &kernel_space);
    asked_cpus = 0;
    mmu_space_retire(&spaces[0].mmu);
    assert_int_equal(asked_cpus, 0);
    for (u32 cpu = 0; cpu < 2; cpu++)
        for (u32 asid = 0; asid < ASIDS; asid++)
            assert_ptr_not_equal(harts[cpu].asids[asid], &spaces[0].mmu);
}

static void long_ranges_become_the_whole_space(void **state)
{
    (void)state;
    reset(2, true, 15);
    activate_on(0, &spaces[0].mmu);
    activate_on(1, &spaces[0].mmu);
    flush_pages(FLUSH_PAGES_MOST);
    assert_int_equal(mmu_counters[0].pages, FLUSH_PAGES_MOST);
    assert_int_equal(mmu_counters[0].whole, 0);
    flush_pages(FLUSH_PAGES_MOST + 1);
    assert_int_equal(mmu_counters[0].pages, FLUSH_PAGES_MOST);
    assert_int_equal(mmu_counters[0].whole, 1);
    assert_int_equal(calls, 1);
}

/* Both harts have cached the kernel's second page, and that it is in a table. */
static void cache_kernel_page(void)
{
    for (u32 cpu = 0; cpu < 2; cpu++)
        model[cpu].tables[0] = model[cpu].leaves[0][1] = 1;
}

/* What was not there may be cached as such, and the kernel cannot ask again: here at once, elsewhere by generation. */
static void what_is_new_to_the_kernel_is_fenced_here(void **state)
{
    struct mmu_flush fl;

    (void)state;
    reset(2, true, 15);
    cache_kernel_page();
    asked_cpus = 0;
    mmu_flush_begin(&fl, &kernel_space);
    fl.added = true;
    mmu_flush_end(&fl);
    assert_int_equal(model[0].tables[0], 0);
    assert_int_equal(model[0].leaves[0][1], 0);
    assert_int_equal(asked_cpus, 0);
}

static void what_changes_for_the_kernel_is_fenced_everywhere(void **state)
{
    struct mmu_flush fl;

    (void)state;
    reset(2, true, 15);
    cache_kernel_page();
    mmu_flush_begin(&fl, &kernel_space);
    mmu_flush_note(&fl, PAGE_SIZE, 0);
    mmu_flush_end(&fl);
    assert_int_equal(model[0].leaves[0][1], 0);
    assert_int_equal(model[1].leaves[0][1], 0);
}

/* New code: whoever runs the space fetches anew, once; others when they come. */
static void code_is_fetched_anew_where_it_can_run(void **state)
{
    (void)state;
    reset(4, true, 15);
    activate_on(0, &spaces[0].mmu);
    activate_on(1, &spaces[0].mmu);
    activate_on(3, &spaces[1].mmu);
    mmu_code_changed();
    mmu_sync_code(&spaces[0].mmu);
    assert_int_equal(asked_cpus, 1 << 1);
    asked_cpus = 0;
    mmu_sync_code(&spaces[0].mmu);
    assert_int_equal(asked_cpus, 0);
    assert_int_equal(icache_seen[3], 0);
    activate_on(3, &spaces[0].mmu);
    assert_int_equal(icache_seen[3], icache_generation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_harts_that_run_the_space_are_asked),
        cmocka_unit_test(a_hart_that_comes_back_fences_when_it_must),
        cmocka_unit_test(an_asid_that_changes_hands_is_fenced),
        cmocka_unit_test(without_asids_nobody_remembers),
        cmocka_unit_test(a_space_that_has_ended_is_in_no_table),
        cmocka_unit_test(long_ranges_become_the_whole_space),
        cmocka_unit_test(what_is_new_to_the_kernel_is_fenced_here),
        cmocka_unit_test(what_changes_for_the_kernel_is_fenced_everywhere),
        cmocka_unit_test(code_is_fetched_anew_where_it_can_run),
        cmocka_unit_test(interleaved_with_isolation),
        cmocka_unit_test(interleaved_without_isolation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
