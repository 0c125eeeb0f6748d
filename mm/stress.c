/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stress bodies for the allocators: random allocations of random sizes, each filled with a
 * pattern of its own and checked before it is freed. Run on several cpus at once they show that no
 * two get the same memory. They own what they allocate; no locks.
 */
#include <base/log.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <lib/types.h>
#include <mm/drain.h>
#include <mm/page.h>
#include <mm/slab.h>

#define SLOTS 48

struct slot {
    u64 *memory;
    size_t words;
    u64 pattern;
};

/* xorshift64: all that is asked of it is to wander. */
static u64 next_random(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static u64 start_random(unsigned seed)
{
    return seed * 0x9e3779b97f4a7c15ul + 1;
}

static void fill(struct slot *s, u64 pattern)
{
    s->pattern = pattern;
    for (size_t i = 0; i < s->words; i++)
        s->memory[i] = pattern + i;
}

static int check(const struct slot *s, const char *who)
{
    for (size_t i = 0; i < s->words; i++)
        if (s->memory[i] != s->pattern + i) {
            log_err("%s: word %lu at %p is 0x%lx, not 0x%lx", who, i, (void *)s->memory,
                    s->memory[i], s->pattern + i);
            return -EIO;
        }
    return 0;
}

/* Mostly single pages, through the cpu's cache; blocks of up to 16 pages in between. */
static void buddy_take(struct slot *s, u64 random)
{
    unsigned order = random & 7 ? 0 : (random >> 8) % 5;
    struct page *p = page_alloc(order, 0, PAGE_KERNEL);

    if (!p)
        return;
    s->memory = page_to_virt(p);
    s->words = (PAGE_SIZE << order) / sizeof(u64);
    fill(s, random);
}

static int buddy_drop(struct slot *s)
{
    int rc = check(s, "buddy stress");
    struct page *p = virt_to_page(s->memory);

    if ((s->pattern >> 20) & 1) {
        page_get(p);
        page_put(p);
    }
    page_free(p, p->order);
    s->memory = NULL;
    return rc;
}

static void slab_take(struct slot *s, u64 random)
{
    size_t size = 1 + random % (random & 256 ? 2 * PAGE_SIZE : 512);

    s->memory = kmalloc(size);
    s->words = size / sizeof(u64);
    if (s->memory)
        fill(s, random);
}

static int slab_drop(struct slot *s)
{
    int rc = check(s, "slab stress");

    kfree(s->memory);
    s->memory = NULL;
    return rc;
}

struct body {
    void (*take)(struct slot *s, u64 random);
    int (*drop)(struct slot *s);
};

static int stress(const struct body *body, unsigned seed, unsigned rounds)
{
    struct slot slots[SLOTS];
    u64 random = start_random(seed);
    int rc = 0;

    memset(slots, 0, sizeof(slots));
    while (rounds-- && !rc) {
        struct slot *s = &slots[next_random(&random) % SLOTS];
        if (s->memory)
            rc = body->drop(s);
        else
            body->take(s, next_random(&random));
    }
    for (struct slot *s = slots; s < slots + SLOTS; s++)
        if (s->memory)
            rc = body->drop(s) ? -EIO : rc;
    return rc;
}

int buddy_stress(unsigned seed, unsigned rounds)
{
    return stress(&(struct body){buddy_take, buddy_drop}, seed, rounds);
}

int slab_stress(unsigned seed, unsigned rounds)
{
    return stress(&(struct body){slab_take, slab_drop}, seed, rounds);
}
