/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a new program's parts go: at random, unless somebody has asked for places that stay the same.
 *
 *   stack      its top in the upper 16 GiB of the user half, and the first byte in a page
 *   mappings   below the stack's room, by up to 512 MiB more
 *   heap       up to 32 MiB behind the image
 *   image      one that can go anywhere: in 16 GiB at two thirds of the user half
 *
 * Stack and mappings move together, so that mostly one GiB, and so one table of the second level, holds
 * both: a fork copies and an exit frees a table less.
 */
#include "exec.h"

#include <arch/mmu.h>
#include <fs/rng.h>
#include <kernel/randomize.h>
#include <lib/types.h>

#define STACK_PAGES (16 * GiB / PAGE_SIZE)
#define MMAP_PAGES  (512 * MiB / PAGE_SIZE)
#define HEAP_PAGES  (32 * MiB / PAGE_SIZE)
#define IMAGE_PAGES (16 * GiB / PAGE_SIZE)

/* A page of nothing above the stack, so that no pointer into it wraps into the kernel's half. */
#define STACK_TOP (USER_TOP - PAGE_SIZE)

/* Where images go that can go anywhere: far above fixed ones, far below stack and mappings. */
#define BASE_ANYWHERE ALIGN_DOWN(USER_TOP / 3 * 2, PAGE_SIZE)

/* Less than `limit`, a power of two. */
static u64 random_below(u64 limit)
{
    u64 number;

    rng_bytes(&number, sizeof(number));
    return number & (limit - 1);
}

void exec_place(struct exec_places *places, bool secure)
{
    bool all = randomize_wanted(RANDOMIZE_PLACES, secure);

    *places = (struct exec_places){.stack_top = STACK_TOP, .top = USER_TOP, .image = BASE_ANYWHERE};
    if (!all)
        return;
    places->stack_top -= random_below(STACK_PAGES) * PAGE_SIZE;
    places->stack_skew = random_below(PAGE_SIZE) & ~15ul;
    places->top = places->stack_top - random_below(MMAP_PAGES) * PAGE_SIZE;
    places->image += random_below(IMAGE_PAGES) * PAGE_SIZE;
    if (randomize_wanted(RANDOMIZE_HEAP_TOO, secure))
        places->heap_gap = random_below(HEAP_PAGES) * PAGE_SIZE;
}
