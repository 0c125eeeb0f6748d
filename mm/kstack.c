/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel stacks: slots, owners, and a cache of dead stacks that stay mapped.
 *
 * owners[] is a table of pages of pointers, made as slots are needed and never freed; NULL is a
 * free slot. A dead stack in the cache is owned by dead_name. Lock: kstack_lock guards slots and
 * cache; it is not held while the kernel's table is changed. Readers for panic take none.
 */
#include <base/panic.h>
#include <base/spinlock.h>
#include <lib/errno.h>
#include <mm/kstack.h>
#include <mm/kvm.h>
#include <mm/page.h>

#define SLOTS_PER_PAGE (PAGE_SIZE / sizeof(char *))
#define SLOT_PAGES     64u
#define SLOTS          (SLOT_PAGES * SLOTS_PER_PAGE)
#define STACK_PAGES    (KSTACK_BYTES / PAGE_SIZE)
#define CACHE_MAX      32u /* dead stacks kept mapped: */
#define CACHE_LOW      16u /* how many are left when a batch of them is unmapped */

static_assert(SLOTS * KSTACK_STRIDE <= KSTACK_SIZE, "all slots lie in the area of stacks");
static_assert(KSTACK_STRIDE == 2 * KSTACK_BYTES, "one address bit tells the stack from its guard");

static struct spinlock kstack_lock = SPINLOCK_INIT("kernel stacks");
static const char **owners[SLOT_PAGES];
static u32 first_free; /* no slot below is free */
static u32 used;
static u32 cache[CACHE_MAX];
static u32 cached;

static const char dead_name[] = "a thread that has ended";

static const char **owner_of(u32 slot)
{
    const char **page = owners[slot / SLOTS_PER_PAGE];

    return page ? &page[slot % SLOTS_PER_PAGE] : NULL;
}

/* The lowest byte of the mapped half. */
static vaddr_t slot_base(u32 slot)
{
    return KSTACK_BASE + slot * KSTACK_STRIDE + KSTACK_BYTES;
}

/* Makes the page of owners that holds `slot`. The lock is held. */
static const char **make_owners(u32 slot)
{
    struct page *page = page_alloc(0, PA_ZERO, PAGE_KERNEL);

    if (!page)
        return NULL;
    owners[slot / SLOTS_PER_PAGE] = page_to_virt(page);
    return owner_of(slot);
}

/* Takes a dead stack, which is mapped. False: there is none. */
static bool take_cached(u32 *slot, const char *owner)
{
    irqflags_t irq = spin_lock(&kstack_lock);
    bool found = cached > 0;

    if (found) {
        *slot = cache[--cached];
        *owner_of(*slot) = owner;
        used++;
    }
    spin_unlock(&kstack_lock, irq);
    return found;
}

/* Takes a free slot, which is not mapped. 0 or -ENOMEM. */
static int take_free(u32 *slot, const char *owner)
{
    irqflags_t irq = spin_lock(&kstack_lock);
    const char **entry = NULL;

    for (; first_free < SLOTS; first_free++) {
        entry = owner_of(first_free);
        if (!entry)
            entry = make_owners(first_free);
        if (!entry || !*entry)
            break;
        entry = NULL;
    }
    if (entry) {
        *slot = first_free++;
        *entry = owner;
        used++;
    }
    spin_unlock(&kstack_lock, irq);
    return entry ? 0 : -ENOMEM;
}

/* Makes n slots free, which are not mapped any more. The lock is held. */
static void release_slots(const u32 *slots, u32 n)
{
    for (u32 i = 0; i < n; i++) {
        *owner_of(slots[i]) = NULL;
        first_free = MIN(first_free, slots[i]);
    }
}

static void put_pages(struct page **pages, size_t n)
{
    while (n--)
        page_put(pages[n]);
}

static int map_stack(u32 slot)
{
    struct page *pages[STACK_PAGES];

    for (size_t i = 0; i < STACK_PAGES; i++) {
        pages[i] = page_alloc(0, 0, PAGE_KSTACK);
        if (!pages[i]) {
            put_pages(pages, i);
            return -ENOMEM;
        }
    }
    int err = kvm_map_pages(slot_base(slot), pages, STACK_PAGES);
    if (err)
        put_pages(pages, STACK_PAGES);
    return err;
}

static int new_stack(u32 *slot, const char *owner)
{
    int err = take_free(slot, owner);

    if (err)
        return err;
    err = map_stack(*slot);
    if (err) {
        irqflags_t irq = spin_lock(&kstack_lock);
        release_slots(slot, 1);
        used--;
        spin_unlock(&kstack_lock, irq);
    }
    return err;
}

int kstack_alloc(struct kstack *out, const char *owner)
{
    u32 slot;

    if (!take_cached(&slot, owner)) {
        int err = new_stack(&slot, owner);
        if (err)
            return err;
    }
    out->slot = slot;
    out->top = slot_base(slot) + KSTACK_BYTES;
    return 0;
}

/* Unmaps and frees stacks that were taken out of the cache; one flush for the batch. */
static void unmap_batch(const u32 *slots, u32 n)
{
    vaddr_t bases[CACHE_MAX];

    for (u32 i = 0; i < n; i++)
        bases[i] = slot_base(slots[i]);
    kvm_unmap_free(bases, n, KSTACK_BYTES);
    irqflags_t irq = spin_lock(&kstack_lock);
    release_slots(slots, n);
    spin_unlock(&kstack_lock, irq);
}

/* Takes dead stacks out of the cache until `keep` are left. The lock is held. */
static u32 take_batch(u32 *slots, u32 keep)
{
    u32 n = 0;

    while (cached > keep)
        slots[n++] = cache[--cached];
    return n;
}

void kstack_free(const struct kstack *stack)
{
    u32 batch[CACHE_MAX];
    u32 n = 0;
    irqflags_t irq = spin_lock(&kstack_lock);

    ASSERT(owner_of(stack->slot) && *owner_of(stack->slot));
    *owner_of(stack->slot) = dead_name;
    used--;
    if (cached == CACHE_MAX)
        n = take_batch(batch, CACHE_LOW);
    cache[cached++] = stack->slot;
    spin_unlock(&kstack_lock, irq);
    if (n)
        unmap_batch(batch, n);
}

void kstack_set_owner(u32 slot, const char *owner)
{
    WRITE_ONCE(*owner_of(slot), owner);
}

const char *kstack_owner(vaddr_t addr)
{
    u64 slot = (addr - KSTACK_BASE) / KSTACK_STRIDE;
    const char **owner = addr >= KSTACK_BASE && slot < SLOTS ? owner_of((u32)slot) : NULL;

    return owner ? READ_ONCE(*owner) : NULL;
}

size_t kstack_drain(void)
{
    u32 batch[CACHE_MAX];
    irqflags_t irq = spin_lock(&kstack_lock);
    u32 n = take_batch(batch, 0);

    spin_unlock(&kstack_lock, irq);
    if (n)
        unmap_batch(batch, n);
    return n * STACK_PAGES;
}

void kstack_count(u32 *in_use, u32 *dead)
{
    irqflags_t irq = spin_lock(&kstack_lock);

    *in_use = used;
    *dead = cached;
    spin_unlock(&kstack_lock, irq);
}
