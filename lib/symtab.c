/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of addresses: it runs while panicking, so it only reads, and trusts nothing that it reads.
 * Small rather than fast: both lists are walked from their beginnings.
 */
#include <lib/symtab.h>
#include <lib/types.h>

/* Where in the names we are: `at` for codes, and before those what is left of the pairs taken apart. */
struct reader {
    const struct symtab *table;
    const u8 *at;
    u32 depth;
    u8 later[SYMTAB_NEST_MOST];
};

static bool next_gap(const u8 **at, const u8 *end, u64 *gap)
{
    u64 halfwords = 0;

    for (u32 shift = 0; *at < end && shift < 32; shift += 7) {
        u8 byte = *(*at)++;

        halfwords |= (u64)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *gap = halfwords * 2;
            return true;
        }
    }
    return false;
}

/* How many functions begin at or before `offset`, and where the last does; 0 for none or nonsense. */
static u32 count_begun(const struct symtab *table, u64 offset, u64 *begin)
{
    const u8 *at = table->gaps;
    u64 next = 0, gap = 0;
    u32 count = 0;

    while (at < table->names) {
        if (!next_gap(&at, table->names, &gap))
            return 0;
        next += gap;
        if (next > offset)
            break;
        *begin = next;
        count++;
    }
    return count;
}

/* The two codes that `code` stands for; NULL if there is no such pair. Lower ones, so that it ends. */
static const u8 *pair_of(const struct symtab *table, u32 code)
{
    size_t letters = table->pairs - table->letters, pairs = (table->gaps - table->pairs) / 2;
    const u8 *pair = table->pairs + 2 * (code - letters);

    return code - letters < pairs && pair[0] < code && pair[1] < code ? pair : NULL;
}

/* The next letter of the text; -1 where the text ends or makes no sense. */
static int next_letter(struct reader *reader)
{
    const struct symtab *table = reader->table;
    u32 code;

    if (!reader->depth && reader->at == table->names_end)
        return -1;
    code = reader->depth ? reader->later[--reader->depth] : *reader->at++;
    while (code >= table->pairs - table->letters) {
        const u8 *pair = pair_of(table, code);

        if (!pair || reader->depth == SYMTAB_NEST_MOST)
            return -1;
        reader->later[reader->depth++] = pair[1];
        code = pair[0];
    }
    return table->letters[code];
}

/* A name that does not end is nonsense too: nested pairs can make a few bytes astronomically long. */
static bool read_name(struct reader *reader, char *name, size_t size)
{
    for (size_t length = 0; length <= SYMTAB_NAME_MOST; length++) {
        int letter = next_letter(reader);

        if (letter < 0)
            return false;
        name[MIN(length, size - 1)] = (char)letter; /* the last is the NUL */
        if (!letter)
            return true;
    }
    return false;
}

bool symtab_lookup(const struct symtab *table, vaddr_t addr, char *name, size_t size, u64 *delta)
{
    struct reader reader = {.table = table, .at = table->names};
    u64 offset = addr - table->base, begin = 0;
    u32 count;

    if (addr < table->base || addr >= table->end)
        return false;
    count = count_begun(table, offset, &begin);
    if (!count)
        return false;
    while (count--)
        if (!read_name(&reader, name, size))
            return false;
    *delta = offset - begin;
    return true;
}
