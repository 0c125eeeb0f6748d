/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of function names that scripts/symtab.py makes and the linker puts behind the text. */
#include <base/sections.h>
#include <base/symbols.h>
#include <lib/fmt.h>
#include <lib/symtab.h>

extern const u8 symtab_letters[], symtab_pairs[], symtab_gaps[], symtab_names[], symtab_end[];

static const struct symtab functions = {.base = (vaddr_t)__text_start,
                                        .end = (vaddr_t)__text_end,
                                        .letters = symtab_letters,
                                        .pairs = symtab_pairs,
                                        .gaps = symtab_gaps,
                                        .names = symtab_names,
                                        .names_end = symtab_end};

/* The function that holds `inside`, and how far behind its beginning `addr` is. */
static const char *format(vaddr_t inside, vaddr_t addr, char *buf, size_t size)
{
    char name[SYMBOL_TEXT_MAX];
    u64 offset = 0;
    if (symtab_lookup(&functions, inside, name, sizeof(name), &offset))
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
