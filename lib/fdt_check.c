/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Validation of a flattened device tree: one pass over the blob, in which nothing is believed
 * before it is checked, and which ends because every token moves it forward. On the way it notes
 * parent, phandle and `compatible` of the first FDT_INDEX_NODES nodes, so that the reader need not
 * search.
 */
#include "fdt_internal.h"
#include <lib/errno.h>
#include <lib/fdt.h>
#include <lib/types.h>

#define MAGIC   0xd00dfeedu
#define VERSION 17

/* Devicetree Specification v0.4, section 5.2: offsets of the header's fields. */
enum header {
    OFF_MAGIC = 0,
    OFF_TOTALSIZE = 4,
    OFF_STRUCT = 8,
    OFF_STRINGS = 12,
    OFF_RESERVE = 16,
    OFF_VERSION = 20,
    OFF_LAST_COMPATIBLE = 24,
    OFF_STRINGS_SIZE = 32,
    OFF_STRUCT_SIZE = 36,
};

#define NO_INDEX 0xffffu /* a node that is not in the index */

static_assert(FDT_INDEX_NODES > 0 && FDT_INDEX_NODES < NO_INDEX, "places fit in u16");

/* The state of the pass over the structure block. */
struct pass {
    struct fdt *fdt;
    u32 pos;       /* of the token, in the structure block */
    u32 next;      /* where the next one must be */
    u32 names_end; /* one past the last offset of a terminated string in the strings block */
    u32 depth;     /* open nodes */
    bool children; /* the open node has had a child: no more properties */
    u16 path[FDT_MAX_DEPTH]; /* places of the open nodes in the index */
};

static int fail(struct fdt *fdt, int error, u32 where, const char *reason)
{
    fdt->reason = reason;
    fdt->where = where;
    return error;
}

static int fail_here(const struct pass *pass, const char *reason)
{
    return fail(pass->fdt, -EINVAL, pass->fdt->struct_offset + pass->pos, reason);
}

s64 fdt_total_size(const void *blob)
{
    const u8 *header = blob;

    return be32_get(header + OFF_MAGIC) == MAGIC ? (s64)be32_get(header + OFF_TOTALSIZE) : -EINVAL;
}

/* Whether [offset, offset + size) lies behind the header and inside the blob. */
static bool block_fits(const struct fdt *fdt, u32 offset, u32 size)
{
    return offset >= FDT_HEADER_SIZE && offset <= fdt->total_size &&
           size <= fdt->total_size - offset;
}

static int check_header(struct fdt *fdt, size_t max)
{
    const u8 *header = fdt->blob;

    if (max < FDT_HEADER_SIZE)
        return fail(fdt, -EINVAL, 0, "shorter than its header");
    if (be32_get(header + OFF_MAGIC) != MAGIC)
        return fail(fdt, -EINVAL, OFF_MAGIC, "wrong magic number");
    fdt->total_size = be32_get(header + OFF_TOTALSIZE);
    if (fdt->total_size < FDT_HEADER_SIZE || fdt->total_size > INT32_MAX)
        return fail(fdt, -EINVAL, OFF_TOTALSIZE, "impossible total size");
    if (fdt->total_size > max)
        return fail(fdt, -E2BIG, OFF_TOTALSIZE, "total size exceeds the space it may have");
    if (be32_get(header + OFF_VERSION) < VERSION)
        return fail(fdt, -EOPNOTSUPP, OFF_VERSION, "version older than 17");
    if (be32_get(header + OFF_LAST_COMPATIBLE) > VERSION)
        return fail(fdt, -EOPNOTSUPP, OFF_LAST_COMPATIBLE, "version not compatible with 17");
    return 0;
}

static int check_blocks(struct fdt *fdt)
{
    const u8 *header = fdt->blob;

    fdt->struct_offset = be32_get(header + OFF_STRUCT);
    fdt->struct_size = be32_get(header + OFF_STRUCT_SIZE);
    fdt->strings_offset = be32_get(header + OFF_STRINGS);
    fdt->strings_size = be32_get(header + OFF_STRINGS_SIZE);
    if (!block_fits(fdt, fdt->struct_offset, fdt->struct_size))
        return fail(fdt, -EINVAL, OFF_STRUCT, "structure block outside the blob");
    if (!is_aligned(fdt->struct_offset, 4))
        return fail(fdt, -EINVAL, OFF_STRUCT, "structure block misaligned");
    if (!block_fits(fdt, fdt->strings_offset, fdt->strings_size))
        return fail(fdt, -EINVAL, OFF_STRINGS, "strings block outside the blob");
    return 0;
}

/* Section 5.3: pairs of address and size up to a pair of zeros. */
static int check_reserve_map(struct fdt *fdt)
{
    u32 pos = be32_get(fdt->blob + OFF_RESERVE);

    fdt->reserve_offset = pos;
    if (!block_fits(fdt, pos, 0) || !is_aligned(pos, 8))
        return fail(fdt, -EINVAL, OFF_RESERVE, "memory reservation map outside the blob");
    for (; fdt->total_size - pos >= 16; pos += 16) {
        u64 addr = be64_get(fdt->blob + pos), size = be64_get(fdt->blob + pos + 8);

        if (!addr && !size)
            return 0;
        if (addr + size < addr)
            return fail(fdt, -EINVAL, pos, "memory reservation wraps around");
        fdt->reserve_count++;
    }
    return fail(fdt, -EINVAL, pos, "memory reservation map does not end");
}

/* How much of the strings block is followed by a NUL: a name beginning there is terminated. */
static u32 find_names_end(const struct fdt *fdt)
{
    const u8 *strings = fdt->blob + fdt->strings_offset;
    u32 n = fdt->strings_size;

    while (n && strings[n - 1])
        n--;
    return n;
}

static u32 bytes_left(const struct pass *pass)
{
    return pass->fdt->struct_size - pass->pos;
}

/* Files the node that begins here in the index, if there is room. */
static u16 add_to_index(const struct pass *pass)
{
    struct fdt *fdt = pass->fdt;

    if (fdt->index_count == FDT_INDEX_NODES)
        return NO_INDEX;
    fdt->index[fdt->index_count] = (struct fdt_index){
        .offset = pass->pos,
        .parent = pass->depth ? pass->path[pass->depth - 1] : 0,
    };
    return (u16)fdt->index_count++;
}

static int check_begin_node(struct pass *pass)
{
    const char *name = (const char *)fdt_at(pass->fdt, pass->pos) + 4;
    u32 room = bytes_left(pass) - 4;
    size_t len = strnlen(name, room);

    if (len == room)
        return fail_here(pass, "node name does not end");
    if (!pass->depth && pass->fdt->node_count)
        return fail_here(pass, "second root node");
    if (!len != !pass->depth)
        return fail_here(pass, len ? "root node has a name" : "node has no name");
    if (pass->depth == FDT_MAX_DEPTH)
        return fail(pass->fdt, -E2BIG, pass->fdt->struct_offset + pass->pos, "nested too deeply");
    pass->next = pass->pos + 4 + ALIGN_UP((u32)len + 1, 4u);
    pass->path[pass->depth] = add_to_index(pass);
    pass->depth++;
    pass->children = false;
    pass->fdt->node_count++;
    return 0;
}

static int check_end_node(struct pass *pass)
{
    u16 place;

    if (!pass->depth)
        return fail_here(pass, "end of a node that has not begun");
    place = pass->path[--pass->depth];
    if (place != NO_INDEX)
        pass->fdt->index[place].after = (u16)pass->fdt->index_count;
    pass->children = true;
    return 0;
}

/* Notes what the index wants to know of a property of the open node. */
static void index_prop(struct pass *pass, const u8 *token)
{
    const char *name = fdt_prop_name(pass->fdt, token);
    u16 place = pass->path[pass->depth - 1];
    struct fdt_index *node;

    if (place == NO_INDEX)
        return;
    node = &pass->fdt->index[place];
    if (*name == 'c' && !node->compatible && !strcmp(name, "compatible"))
        node->compatible = pass->pos;
    if (*name == 'p' && !node->phandle && be32_get(token + 4) == 4 && !strcmp(name, "phandle"))
        node->phandle = be32_get(token + FDT_PROP_HEADER);
}

static int check_prop(struct pass *pass)
{
    const u8 *token = fdt_at(pass->fdt, pass->pos);
    u32 room = bytes_left(pass);
    u32 len;

    if (!pass->depth)
        return fail_here(pass, "property outside any node");
    if (pass->children)
        return fail_here(pass, "property behind a child node");
    if (room < FDT_PROP_HEADER || (len = be32_get(token + 4)) > room - FDT_PROP_HEADER)
        return fail_here(pass, "property exceeds the structure block");
    if (be32_get(token + 8) >= pass->names_end)
        return fail_here(pass, "property name outside the strings block or not terminated");
    pass->next = pass->pos + FDT_PROP_HEADER + ALIGN_UP(len, 4u);
    index_prop(pass, token);
    return 0;
}

/* Checks the token that the pass stands at. 1: it is the end of the tree. */
static int check_token(struct pass *pass)
{
    if (bytes_left(pass) < 4)
        return fail_here(pass, "structure block ends inside the tree");
    pass->next = pass->pos + 4;
    switch (be32_get(fdt_at(pass->fdt, pass->pos))) {
    case FDT_BEGIN_NODE:
        return check_begin_node(pass);
    case FDT_END_NODE:
        return check_end_node(pass);
    case FDT_PROP:
        return check_prop(pass);
    case FDT_NOP:
        return 0;
    case FDT_END:
        return pass->depth ? fail_here(pass, "tree ends inside a node") : 1;
    default:
        return fail_here(pass, "unknown token");
    }
}

static int check_structure(struct fdt *fdt)
{
    struct pass pass = {.fdt = fdt, .names_end = find_names_end(fdt)};
    int result;

    if (fdt->struct_size >= 4 && be32_get(fdt_at(fdt, 0)) != FDT_BEGIN_NODE)
        return fail_here(&pass, "tree does not begin with a node");
    while (!(result = check_token(&pass))) {
        if (pass.next > fdt->struct_size)
            return fail_here(&pass, "padding exceeds the structure block");
        pass.pos = pass.next;
    }
    return result < 0 ? result : 0;
}

int fdt_check(const void *blob, size_t max, struct fdt *out)
{
    int error;

    *out = (struct fdt){.blob = blob};
    error = check_header(out, max);
    if (!error)
        error = check_blocks(out);
    if (!error)
        error = check_reserve_map(out);
    if (!error)
        error = check_structure(out);
    return error;
}
