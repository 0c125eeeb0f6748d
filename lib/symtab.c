/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of addresses, by bisection: it runs while panicking, so it only reads. */
#include <lib/symtab.h>
#include <lib/types.h>

const char *symtab_lookup(const struct symtab *table, vaddr_t addr, u64 *delta)
{
    u64 offset = addr - table->base;
    u32 low = 0, high = table->count;

    if (addr < table->base || addr >= table->end)
        return NULL;
    while (low < high) {
        u32 middle = low + (high - low) / 2;

        if (table->offsets[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return NULL;
    *delta = offset - table->offsets[low - 1];
    return table->names + table->name_offsets[low - 1];
}
