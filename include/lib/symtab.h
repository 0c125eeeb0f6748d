/* SPDX-License-Identifier: BSD-2-Clause */
/* The name of the function that an address lies in, from a table made when the kernel is linked. */
#ifndef LIB_SYMTAB_H
#define LIB_SYMTAB_H

#include <lib/types.h>

#define SYMTAB_NEST_MOST 8
#define SYMTAB_NAME_MOST 255

/*
 * Bytes in four parts; each ends where the next begins. scripts/symtab.py makes them.
 *
 * Functions by ascending address: a gap for each, from the function before (the first from `base`)
 * in halfwords, seven bits a byte, the lowest first, the top bit set on all but the last. A
 * function ends where the next begins, the last at `end`.
 *
 * Their names in the same order, at most SYMTAB_NAME_MOST letters and a NUL each, are one text in
 * codes. With n letters, a code below n is a letter; n + i is pair i, two codes that are both lower
 * than it, nested at most SYMTAB_NEST_MOST deep. The NUL is one of the letters.
 */
struct symtab {
    vaddr_t base;
    vaddr_t end;
    const u8 *letters;
    const u8 *pairs;
    const u8 *gaps;
    const u8 *names;
    const u8 *names_end;
};

/*
 * Writes the name for `addr`, cut to `size` (at least 1) with its NUL, and to *delta how many bytes
 * into the function it is. False outside [base, end), before the first function, and where the
 * table breaks the rules above, which it may do in any way; then *delta is untouched and the name
 * means nothing. Pure, with little stack: usable in a panic. Reads all names before the one it wants:
 * not for what is done often.
 */
bool symtab_lookup(const struct symtab *table, vaddr_t addr, char *name, size_t size, u64 *delta);

#endif
