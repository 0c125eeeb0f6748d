/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frames behind a program's large leaf (2 MiB). Private to mm/pt*.c and mm/uvm*.c.
 *
 * They are 512 single anonymous pages that happen to lie together: each has a struct page, and a
 * reference for each entry that maps it, large or small. So a large leaf can become a table of small
 * ones, or be shared copy-on-write, without a word to anybody who holds one of the pages. Only when
 * all of them have one reference left do they become a block again, and go back as one.
 *
 * Locks: none; a count that was seen to be one under the table spinlock stays one as long as that is
 * held (see uvm_large.c).
 */
#pragma once

#include <lib/types.h>
#include <mm/page.h>
#include <mm/pt.h>

#define LARGE_LEVEL 1u
#define LARGE_ORDER MMU_INDEX_BITS
#define LARGE_PAGES MMU_ENTRIES
#define LARGE_SIZE  (PAGE_SIZE * LARGE_PAGES)

/*
 * Zeroed pages, each with one reference; the first of them. NULL when there is no block of this size at
 * once, or memory is short: nobody waits or gives anything up for it. May yield.
 */
struct page *large_alloc(void);

/* Whether each of the pages is an anonymous one with one reference. */
bool large_is_sole(const struct page *first);

/* One more reference to each, or one less. The last ones free them. */
void large_get(struct page *first);
void large_put(struct page *first);

/* Counts n leaves more (or, n < 0, less) in a program's table, and in the machine. */
void large_count(struct pt *pt, s32 n);
