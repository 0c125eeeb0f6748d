/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the device tree reader share: tokens of the structure block, and steps over
 * them that trust a blob which fdt_check has accepted. Offsets are those of node handles: from the
 * structure block's start.
 */
#ifndef LIB_FDT_INTERNAL_H
#define LIB_FDT_INTERNAL_H

#include <lib/endian.h>
#include <lib/fdt.h>
#include <lib/string.h>

/* Devicetree Specification v0.4, section 5.4.1. */
enum fdt_token {
    FDT_BEGIN_NODE = 1, /* name, NUL, padding to 4 */
    FDT_END_NODE = 2,
    FDT_PROP = 3, /* u32 length, u32 name's offset in the strings block, value, padding to 4 */
    FDT_NOP = 4,
    FDT_END = 9,
};

#define FDT_PROP_HEADER 12 /* the token included */

/* Bytes that the node's token and name take. */
static inline u32 fdt_begin_size(const u8 *token)
{
    return 4 + ALIGN_UP((u32)strlen((const char *)token + 4) + 1, 4u);
}

/* Bytes that a property takes. */
static inline u32 fdt_prop_size(const u8 *token)
{
    return FDT_PROP_HEADER + ALIGN_UP(be32_get(token + 4), 4u);
}

static inline const u8 *fdt_at(const struct fdt *fdt, u32 offset)
{
    return fdt->blob + fdt->struct_offset + offset;
}

/* The offset behind the token at `offset`. */
static inline u32 fdt_skip(const struct fdt *fdt, u32 offset)
{
    const u8 *token = fdt_at(fdt, offset);

    switch (be32_get(token)) {
    case FDT_BEGIN_NODE:
        return offset + fdt_begin_size(token);
    case FDT_PROP:
        return offset + fdt_prop_size(token);
    default:
        return offset + 4;
    }
}

static inline const char *fdt_prop_name(const struct fdt *fdt, const u8 *token)
{
    return (const char *)fdt->blob + fdt->strings_offset + be32_get(token + 8);
}

static inline struct fdt_prop fdt_prop_value(const u8 *token)
{
    return (struct fdt_prop){token + FDT_PROP_HEADER, be32_get(token + 4)};
}

/* The offset of the first property token at or behind `offset` in the same node, or 0. */
u32 fdt_prop_token(const struct fdt *fdt, u32 offset);

/* The node's entry in the index, or NULL when the index does not reach so far. */
const struct fdt_index *fdt_index_of(const struct fdt *fdt, int node);

#endif
