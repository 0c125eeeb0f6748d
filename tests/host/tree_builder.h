/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes flattened device trees for tests (Devicetree Specification v0.4, chapter 5): nodes in
 * order, properties of cells and strings. The result is not checked; it may be nonsense if the test
 * says so.
 */
#ifndef TREE_BUILDER_H
#define TREE_BUILDER_H

#include <lib/types.h>
#include <string.h>

#define TREE_STRUCT_MAX  65536
#define TREE_STRINGS_MAX 1024
#define TREE_RESERVE_MAX 64
#define TREE_HEADER      40

struct tree {
    u8 blob[TREE_HEADER + (TREE_RESERVE_MAX + 1) * 16 + TREE_STRUCT_MAX + TREE_STRINGS_MAX];
    u8 structs[TREE_STRUCT_MAX];
    char strings[TREE_STRINGS_MAX];
    u64 reserve[TREE_RESERVE_MAX][2];
    u32 struct_size, strings_size, reserves;
};

static inline void tree_put32(u8 *at, u32 v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (u8)(v >> (24 - 8 * i));
}

static inline void tree_cell(struct tree *t, u32 v)
{
    tree_put32(t->structs + t->struct_size, v);
    t->struct_size += 4;
}

static inline void tree_bytes(struct tree *t, const void *bytes, u32 n)
{
    memset(t->structs + t->struct_size, 0, n + 4);
    memcpy(t->structs + t->struct_size, bytes, n);
    t->struct_size += (n + 3) & ~3u;
}

static inline u32 tree_string(struct tree *t, const char *s)
{
    u32 at = 0;

    for (; at < t->strings_size; at += (u32)strlen(t->strings + at) + 1)
        if (!strcmp(t->strings + at, s))
            return at;
    strcpy(t->strings + at, s);
    t->strings_size += (u32)strlen(s) + 1;
    return at;
}

static inline void tree_open(struct tree *t, const char *name)
{
    tree_cell(t, 1);
    tree_bytes(t, name, (u32)strlen(name) + 1);
}

static inline void tree_close(struct tree *t)
{
    tree_cell(t, 2);
}

static inline void tree_prop(struct tree *t, const char *name, const void *value, u32 len)
{
    tree_cell(t, 3);
    tree_cell(t, len);
    tree_cell(t, tree_string(t, name));
    tree_bytes(t, value, len);
}

static inline void tree_prop_string(struct tree *t, const char *name, const char *value)
{
    tree_prop(t, name, value, (u32)strlen(value) + 1);
}

static inline void tree_prop_u32(struct tree *t, const char *name, u32 v)
{
    u8 cell[4];

    tree_put32(cell, v);
    tree_prop(t, name, cell, sizeof(cell));
}

/* `count` numbers of two cells each. */
static inline void tree_prop_u64s(struct tree *t, const char *name, const u64 *v, u32 count)
{
    u8 cells[8 * 16];

    for (u32 i = 0; i < count; i++) {
        tree_put32(cells + 8 * i, (u32)(v[i] >> 32));
        tree_put32(cells + 8 * i + 4, (u32)v[i]);
    }
    tree_prop(t, name, cells, 8 * count);
}

/* Opens the root, with two cells for addresses and two for sizes. */
static inline void tree_begin(struct tree *t)
{
    memset(t, 0, sizeof(*t));
    tree_open(t, "");
    tree_prop_u32(t, "#address-cells", 2);
    tree_prop_u32(t, "#size-cells", 2);
}

static inline void tree_memory(struct tree *t, const char *name, const u64 *reg, u32 ranges)
{
    tree_open(t, name);
    tree_prop_string(t, "device_type", "memory");
    tree_prop_u64s(t, "reg", reg, 2 * ranges);
    tree_close(t);
}

/* An entry of the header's reservation block. */
static inline void tree_reserve(struct tree *t, u64 start, u64 size)
{
    t->reserve[t->reserves][0] = start;
    t->reserve[t->reserves++][1] = size;
}

static inline void tree_put64(u8 *at, u64 v)
{
    tree_put32(at, (u32)(v >> 32));
    tree_put32(at + 4, (u32)v);
}

/* Closes the root and puts the pieces together. Returns the size of t->blob. */
static inline u32 tree_end(struct tree *t)
{
    u32 at = TREE_HEADER;
    u8 *b = t->blob;

    tree_close(t);
    tree_cell(t, 9);
    for (u32 i = 0; i <= t->reserves; i++, at += 16) {
        tree_put64(b + at, i < t->reserves ? t->reserve[i][0] : 0);
        tree_put64(b + at + 8, i < t->reserves ? t->reserve[i][1] : 0);
    }
    u32 structs = at, strings = at + t->struct_size, total = strings + t->strings_size;
    memcpy(b + structs, t->structs, t->struct_size);
    memcpy(b + strings, t->strings, t->strings_size);
    const u32 header[10] = {0xd00dfeed, total, structs, strings,         TREE_HEADER,
                            17,         16,    0,       t->strings_size, t->struct_size};
    for (int i = 0; i < 10; i++)
        tree_put32(b + 4 * i, header[i]);
    return total;
}

#endif
