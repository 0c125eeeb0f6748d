/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host machine whose memory management is up: RAM, the real page allocator, the real slab.
 * Once per test program.
 */
#pragma once

#include <lib/types.h>

/* One bank of `size` bytes at 0x80000000, and page_init(). Ends the program when that fails. */
void mm_machine_boot(size_t size);

/* Free pages, with every cache of pages, tables and objects drained. */
u64 mm_machine_free_pages(void);
