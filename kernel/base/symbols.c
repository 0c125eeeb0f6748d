/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of function names that scripts/symtab.py makes and the linker puts behind the text. */
#include <base/sections.h>
#include <base/symbols.h>
#include <lib/fmt.h>
#include <lib/symtab.h>

extern const u32 symtab_count;
extern const u32 symtab_offsets[], symtab_name_offsets[];
extern const char symtab_names[];

/* The function that holds `inside`, and how far behind its beginning `addr` is. */
static const char *format(vaddr_t inside, vaddr_t addr, char *buf, size_t size)
{
    struct symtab table = {.base = (vaddr_t)__text_start,
                           .end = (vaddr_t)__text_end,
                           .count = symtab_count,
                           .offsets = symtab_offsets,
                           .name_offsets = symtab_name_offsets,
                           .names = symtab_names};
    u64 offset = 0;
    const char *name = symtab_lookup(&table, inside, &offset);
    if (name)
        fmt_snprintf(buf, size, "%s+0x%lx", name, offset + (addr - inside));
    else
        fmt_snprintf(buf, size, "0x%016lx", addr);
    return buf;
}

const char *symbol_format(vaddr_t addr, char *buf, size_t size)
{
    return format(addr, addr, buf, size);
}

const char *symbol_format_return(vaddr_t addr, char *buf, size_t size)
{
    return format(addr - 1, addr, buf, size);
}
