/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree reader beside libfdt: all that both can say about one blob must be the same. Node
 * handles are offsets in both, so they compare directly. What differs aborts.
 *
 * The reader is included, under other names where libfdt has the same ones.
 */
#ifndef FDT_COMPARE_H
#define FDT_COMPARE_H

#define fdt_next_node  quire_fdt_next_node
#define fdt_string     quire_fdt_string
#define fdt_get_string quire_fdt_get_string
#include "../../lib/fdt.c"
#include "../../lib/fdt_check.c"
#include "../../lib/fdt_irq.c"
#include "../../lib/fdt_reg.c"

#include "fdt_blobs.h"
#include "libfdt_oracle.h"
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

static struct fdt tree; /* of the blob under comparison */

/* Both name the same node, or both say that there is none. */
#define CHECK_SAME_NODE(ours, theirs) CHECK(node_or_none(ours) == node_or_none(theirs))

static int node_or_none(int node)
{
    return node >= 0 ? node : -1;
}

static void compare_walks(const u8 *blob, int node)
{
    CHECK_SAME_NODE(fdt_next_node(&tree, node), oracle_next_node(blob, node));
    CHECK_SAME_NODE(fdt_first_child(&tree, node), oracle_first_child(blob, node));
    CHECK_SAME_NODE(fdt_next_sibling(&tree, node), oracle_next_sibling(blob, node));
    CHECK_SAME_NODE(fdt_parent(&tree, node), oracle_parent(blob, node));
    CHECK(!strcmp(fdt_node_name(&tree, node), oracle_name(blob, node)));
}

static void compare_paths(const u8 *blob, int node)
{
    char ours[512], theirs[512];

    if (oracle_path(blob, node, theirs, sizeof(theirs)))
        return;
    fdt_node_path(&tree, node, ours, sizeof(ours));
    CHECK(!strcmp(ours, theirs));
    CHECK_SAME_NODE(fdt_find_path(&tree, ours), oracle_find_path(blob, ours));
    if (strrchr(ours, '@')) { /* and without the last unit address */
        *strrchr(ours, '@') = '\0';
        CHECK_SAME_NODE(fdt_find_path(&tree, ours), oracle_find_path(blob, ours));
    }
}

static void compare_props(const u8 *blob, int node)
{
    struct fdt_prop ours;
    const char *name, *their_name;
    const void *theirs;
    int i = 0, len;
    u32 pos = 0;

    while ((name = fdt_next_prop(&tree, node, &pos, &ours))) {
        theirs = oracle_prop(blob, node, i++, &their_name, &len);
        CHECK(ours.data == theirs);
        CHECK(ours.len == (u32)len);
        CHECK(!strcmp(name, their_name));
        CHECK(fdt_get(&tree, node, name, &ours));
        CHECK(ours.data == oracle_get(blob, node, name, &len));
        CHECK(ours.len == (u32)len);
    }
    CHECK(!oracle_prop(blob, node, i, &their_name, &len));
}

/*
 * Where libfdt itself goes astray there is nothing to compare: with a slash in a name its paths are
 * wrong, and it reads past a `compatible` that is not terminated or when asked for "".
 */
static bool libfdt_can_read(void)
{
    struct fdt_prop prop;
    int node;

    fdt_for_each_node (node, &tree) {
        if (strchr(fdt_node_name(&tree, node), '/'))
            return false;
        if (fdt_get(&tree, node, "compatible", &prop) && prop.len && prop.data[prop.len - 1])
            return false;
    }
    return true;
}

static void compare_compatible(const u8 *blob, int node)
{
    struct fdt_prop prop;
    const char *string;

    if (!fdt_get(&tree, node, "compatible", &prop))
        return;
    for (u32 i = 0; (string = fdt_string(&prop, i)); i++) {
        if (!*string)
            continue;
        CHECK(fdt_compatible(&tree, node, string));
        CHECK(oracle_compatible(blob, node, string));
        CHECK_SAME_NODE(fdt_next_compatible(&tree, -1, string),
                        oracle_next_compatible(blob, -1, string));
        CHECK_SAME_NODE(fdt_next_compatible(&tree, node, string),
                        oracle_next_compatible(blob, node, string));
    }
}

static void compare_phandle(const u8 *blob, int node)
{
    u32 phandle;

    if (fdt_get_u32(&tree, node, "phandle", &phandle))
        return;
    CHECK(phandle == oracle_phandle(blob, node));
    CHECK_SAME_NODE(fdt_find_by_phandle(&tree, phandle), oracle_find_by_phandle(blob, phandle));
}

/* What libfdt has no word for must at least not go astray. */
static void exercise(int node)
{
    char buf[16];
    struct fdt_irq irq;
    u64 addr, size;
    u32 pos = 0;

    for (u32 i = 0; !fdt_reg(&tree, node, i, &addr, &size); i++)
        CHECK(!fdt_reg_raw(&tree, node, i, &addr, &size));
    while (fdt_irq_next(&tree, node, &pos, &irq) == 1)
        CHECK(irq.count <= FDT_IRQ_MAX_CELLS);
    fdt_status_okay(&tree, node);
    fdt_node_path(&tree, node, buf, sizeof(buf));
}

static void compare_reservations(const u8 *blob)
{
    int count = oracle_reserved_count(blob);
    u64 addr, size, their_addr, their_size;

    /* For libfdt a size of zero ends the map; in the specification the address must be zero too. */
    if (tree.reserve_count != (u32)count)
        CHECK(fdt_reserved(&tree, (u32)count, &addr, &size) && !size);
    for (int i = 0; i < count; i++) {
        CHECK(fdt_reserved(&tree, (u32)i, &addr, &size));
        oracle_reserved(blob, i, &their_addr, &their_size);
        CHECK(addr == their_addr && size == their_size);
    }
}

/* Whether both accept the blob; then they must agree on all of it. */
static bool compare(const struct blob *blob)
{
    int error = fdt_check(blob->data, blob->size, &tree);
    u32 count = 0;
    int node;

    CHECK(!error == !tree.reason);
    if (error)
        return false;
    fdt_for_each_node (node, &tree) {
        exercise(node);
        count++;
    }
    CHECK(count == tree.node_count);
    fdt_stdout(&tree, NULL);
    if (!oracle_accepts(blob->data, blob->size) || !libfdt_can_read())
        return false;
    compare_reservations(blob->data);
    fdt_for_each_node (node, &tree) {
        compare_walks(blob->data, node);
        compare_paths(blob->data, node);
        compare_props(blob->data, node);
        compare_compatible(blob->data, node);
        compare_phandle(blob->data, node);
    }
    return true;
}

#endif
