/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether programs' addresses are chosen at random: where stack, mappings, heap and images that can go
 * anywhere begin. `norandmaps` on the command line switches it off for all programs,
 * personality(ADDR_NO_RANDOMIZE) for one and its children.
 */
#pragma once

#include <lib/types.h>

/* As Linux's kernel.randomize_va_space: nothing; all but the heap; all. */
enum { RANDOMIZE_NOTHING, RANDOMIZE_PLACES, RANDOMIZE_HEAP_TOO };
extern u32 randomize_va_space;

/*
 * Whether the current process's next program is to be placed so; level: one of the above. secure: its personality has no
 * say in it.
 */
bool randomize_wanted(u32 level, bool secure);
