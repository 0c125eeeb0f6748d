/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reader of flattened device trees (Devicetree Specification v0.4, chapter 5; versions that are
 * compatible with 17). The blob comes from outside: fdt_check validates all of it once, at any
 * alignment; every other function needs a struct fdt that it has filled and may then
 * trust the structure, but never a property's contents. The blob must stay where it is, unchanged
 * but for fdt_erase_prop. A struct fdt is read-only after fdt_check: any cpu may use it.
 *
 * A node is named by its offset in the structure block; negative values are errors. -ENOENT
 * always means "there is no such thing", other errors mean "it is there and makes no sense".
 */
#ifndef LIB_FDT_H
#define LIB_FDT_H

#include <lib/types.h>

#define FDT_MAX_DEPTH     32 /* nodes on a path, the root included; deeper trees are refused */
#define FDT_HEADER_SIZE   40 /* as many bytes does fdt_total_size look at */
#define FDT_IRQ_MAX_CELLS 4  /* cells of one interrupt specifier */
#define FDT_ROOT          0  /* the handle of the root node */
#ifndef FDT_INDEX_NODES
#define FDT_INDEX_NODES 256 /* nodes with fast look-up; further ones are found by walking */
#endif

/* What fdt_check has learnt about a node, in document order. */
struct fdt_index {
    u32 offset;     /* of the node */
    u32 phandle;    /* 0: none */
    u32 compatible; /* offset of that property's token, or 0 */
    u16 parent;     /* place of the parent in the index (the root's own is 0) */
    u16 after;      /* place of the first node behind the subtree, as far as the index reaches */
};

struct fdt {
    const u8 *blob;
    u32 total_size;
    u32 struct_offset; /* all offsets in bytes from the blob's start */
    u32 struct_size;
    u32 strings_offset;
    u32 strings_size;
    u32 reserve_offset;
    u32 reserve_count;
    u32 node_count;
    u32 index_count;
    const char *reason;                      /* after a failed fdt_check: what is wrong, */
    u32 where;                               /* and at which byte of the blob */
    struct fdt_index index[FDT_INDEX_NODES]; /* keep a struct fdt off the stack */
};

/* A property's value: big-endian cells, strings or bytes, at least 1-byte aligned. */
struct fdt_prop {
    const u8 *data;
    u32 len;
};

/* One interrupt: the controller's node and the specifier's cells. */
struct fdt_irq {
    int controller; /* negative: an empty place in interrupts-extended (phandle 0) */
    u32 count;
    u32 cells[FDT_IRQ_MAX_CELLS];
};

/* The blob's total size from its header, or -EINVAL when the magic is wrong. Reads 8 bytes. */
s64 fdt_total_size(const void *blob);

/*
 * Validates the whole blob, of which at most `max` bytes may be read: magic, version, bounds of all
 * blocks, nesting, names, the memory reservation map. 0, or a negative errno with out->reason and
 * out->where set: -EINVAL (not a device tree or a broken one), -EOPNOTSUPP (version), -E2BIG
 * (larger than max, or nested deeper than FDT_MAX_DEPTH).
 */
int fdt_check(const void *blob, size_t max, struct fdt *out);

/* Walks. All return a node, or -ENOENT at the end. */
int fdt_next_node(const struct fdt *fdt, int node); /* document order; -1 starts with the root */
int fdt_first_child(const struct fdt *fdt, int node);
int fdt_next_sibling(const struct fdt *fdt, int node);
int fdt_parent(const struct fdt *fdt, int node);

#define fdt_for_each_node(node, fdt) \
    for ((node) = FDT_ROOT; (node) >= 0; (node) = fdt_next_node(fdt, node))
#define fdt_for_each_child(child, fdt, node) \
    for ((child) = fdt_first_child(fdt, node); (child) >= 0; (child) = fdt_next_sibling(fdt, child))

/*
 * The node at `path`: absolute (/soc/serial@10000000), or beginning with an alias (serial0). A
 * component without a unit address finds the first node of that name with any. fdt_find_path_n
 * takes the path's length and needs no NUL. Errors: -ENOENT; -EINVAL for an empty path.
 */
int fdt_find_path(const struct fdt *fdt, const char *path);
int fdt_find_path_n(const struct fdt *fdt, const char *path, size_t len);

/* The child of `node` that is called `name`, with or without unit address. */
int fdt_find_child(const struct fdt *fdt, int node, const char *name);

int fdt_find_by_phandle(const struct fdt *fdt, u32 phandle);

/* The next node behind `from` (-1: from the root on) that is compatible with `compatible`. */
int fdt_next_compatible(const struct fdt *fdt, int from, const char *compatible);

/* The node's name with unit address; "" for the root. */
const char *fdt_node_name(const struct fdt *fdt, int node);

/* Writes the node's full path into buf, for messages; cut when it does not fit. Returns buf. */
const char *fdt_node_path(const struct fdt *fdt, int node, char *buf, size_t size);

/* Looks a property up. false: not there, and *out is empty (NULL, 0). */
bool fdt_get(const struct fdt *fdt, int node, const char *name, struct fdt_prop *out);
bool fdt_has(const struct fdt *fdt, int node, const char *name);

/*
 * The next property of a node: *pos is 0 for the first one. Returns its name, NULL at the end.
 */
const char *fdt_next_prop(const struct fdt *fdt, int node, u32 *pos, struct fdt_prop *out);

/*
 * Cell `i` of a value, which must be inside it; `count` (1..2) cells from cell `i` on as a number.
 */
u32 fdt_cell(const struct fdt_prop *prop, u32 i);
u64 fdt_cells64(const struct fdt_prop *prop, u32 i, u32 count);

/* A property that is one cell. -ENOENT, or -EINVAL for another length; *out unchanged then. */
int fdt_get_u32(const struct fdt *fdt, int node, const char *name, u32 *out);

/* A number of one or two cells, as rates and addresses outside `reg` come. Errors as above. */
int fdt_get_u64(const struct fdt *fdt, int node, const char *name, u64 *out);

/* String `i` of a string list; NULL when there are fewer or it is not terminated. */
const char *fdt_string(const struct fdt_prop *prop, u32 i);
const char *fdt_get_string(const struct fdt *fdt, int node, const char *name);

/* Whether a string list holds `string`; whether the node's `compatible` does. */
bool fdt_strings_have(const struct fdt_prop *prop, const char *string);
bool fdt_compatible(const struct fdt *fdt, int node, const char *compatible);

/* Whether `status` is absent, "okay" or "ok". Says nothing about the parents. */
bool fdt_status_okay(const struct fdt *fdt, int node);

/*
 * Entry `i` of the node's `reg`, as the cpu sees it: translated through the `ranges` of all buses
 * above (section 2.3.8). Size is 0 when #size-cells is 0. Errors: -ENOENT (no such
 * entry), -EINVAL (lengths or address arithmetic make no sense), -EOPNOTSUPP (more than two
 * cells), -ENXIO (a bus above has no ranges or none that covers the entry).
 */
int fdt_reg(const struct fdt *fdt, int node, u32 i, u64 *addr, u64 *size);

/* The same without translation: a cpu's reg, an address on a bus of its own. */
int fdt_reg_raw(const struct fdt *fdt, int node, u32 i, u64 *addr, u64 *size);

/* The path in /aliases for `name`, or NULL. */
const char *fdt_alias(const struct fdt *fdt, const char *name);

/*
 * The node of /chosen's stdout-path (or linux,stdout-path), and in *options what follows the ':'
 * (NULL: nothing does). `options` may be NULL. Errors: -ENOENT.
 */
int fdt_stdout(const struct fdt *fdt, const char **options);

/* Entry `i` of the header's memory reservation map; false behind the last one. */
bool fdt_reserved(const struct fdt *fdt, u32 i, u64 *addr, u64 *size);

/*
 * The controller that the node's `interrupts` go to (section 2.4): its own or an ancestor's
 * interrupt-parent, else the nearest ancestor with #interrupt-cells. -ENOENT, -EINVAL, -ELOOP.
 */
int fdt_irq_parent(const struct fdt *fdt, int node);

/*
 * The next interrupt of a node, from interrupts-extended or else from interrupts; *pos is 0 for the
 * first. 1: *out is filled; 0: no more; -EINVAL (lengths or phandles make no sense), -EOPNOTSUPP
 * (more than FDT_IRQ_MAX_CELLS). fdt_irq_get takes the i-th and returns 0 or -ENOENT too.
 */
int fdt_irq_next(const struct fdt *fdt, int node, u32 *pos, struct fdt_irq *out);
int fdt_irq_get(const struct fdt *fdt, int node, u32 i, struct fdt_irq *out);

/*
 * Overwrites a property's value with zeros in place, as /chosen's rng-seed must be once it is
 * used. `blob` is the same blob, writable. -ENOENT, or -EINVAL for another blob.
 */
int fdt_erase_prop(const struct fdt *fdt, void *blob, int node, const char *name);

#endif
