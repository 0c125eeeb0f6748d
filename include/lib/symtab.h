/* SPDX-License-Identifier: BSD-2-Clause */
/* The name of the function that an address lies in, from a table made when the kernel is linked. */
#ifndef LIB_SYMTAB_H
#define LIB_SYMTAB_H

#include <lib/types.h>

/*
 * Functions by ascending offset from `base`; function i ends where i + 1 begins, the last at `end`.
 */
struct symtab {
    vaddr_t base;
    vaddr_t end;
    u32 count;
    const u32 *offsets;
    const u32 *name_offsets; /* into names */
    const char *names;       /* NUL-terminated each */
};

/*
 * The name for `addr`, and in *delta how far into the function it is; NULL outside [base, end)
 * or before the first function. Pure: usable in a panic.
 */
const char *symtab_lookup(const struct symtab *table, vaddr_t addr, u64 *delta);

#endif
