/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree reader's walks and look-ups, on a blob that fdt_check has accepted. The index
 * answers for the nodes that it holds; for the others the structure block is walked.
 */
#include "fdt_internal.h"
#include <lib/errno.h>
#include <lib/fdt.h>
#include <lib/types.h>

/* --- nodes ---------------------------------------------------------------------------------- */

const struct fdt_index *fdt_index_of(const struct fdt *fdt, int node)
{
    u32 low = 0, high = fdt->index_count;

    while (high - low > 1) {
        u32 middle = (low + high) / 2;

        if (fdt->index[middle].offset <= (u32)node)
            low = middle;
        else
            high = middle;
    }
    return fdt->index[low].offset == (u32)node ? &fdt->index[low] : NULL;
}

/*
 * The node that follows in document order from the token at `offset` on, with *depth raised and
 * lowered by what lies between; -ENOENT at the tree's end.
 */
static int scan_for_node(const struct fdt *fdt, u32 offset, int *depth)
{
    for (;; offset = fdt_skip(fdt, offset)) {
        switch (be32_get(fdt_at(fdt, offset))) {
        case FDT_BEGIN_NODE:
            ++*depth;
            return (int)offset;
        case FDT_END_NODE:
            --*depth;
            break;
        case FDT_END:
            return -ENOENT;
        default:
            break;
        }
    }
}

/* The next node in document order, and *depth changed to its depth. */
static int next_node(const struct fdt *fdt, int node, int *depth)
{
    return scan_for_node(fdt, fdt_skip(fdt, (u32)node), depth);
}

/* The node at a place in the index, if the index knows that there is one. */
static int indexed(const struct fdt *fdt, u32 place)
{
    return place < fdt->index_count ? (int)fdt->index[place].offset : -ENOENT;
}

/* Whether the index holds the place, or all of the tree, so that what it lacks does not exist. */
static bool index_decides(const struct fdt *fdt, u32 place)
{
    return place < fdt->index_count || fdt->index_count == fdt->node_count;
}

int fdt_next_node(const struct fdt *fdt, int node)
{
    const struct fdt_index *entry;
    int depth = 0;

    if (node < 0)
        return FDT_ROOT;
    entry = fdt_index_of(fdt, node);
    if (entry && index_decides(fdt, (u32)(entry - fdt->index) + 1))
        return indexed(fdt, (u32)(entry - fdt->index) + 1);
    return next_node(fdt, node, &depth);
}

int fdt_first_child(const struct fdt *fdt, int node)
{
    int depth = 0;
    int child = next_node(fdt, node, &depth);

    return child >= 0 && depth == 1 ? child : -ENOENT;
}

/* The sibling when there is no help from the index: steps over the whole subtree. */
static int walk_to_sibling(const struct fdt *fdt, int node)
{
    int depth = 0;

    do {
        node = next_node(fdt, node, &depth);
    } while (node >= 0 && depth > 0);
    return node >= 0 && depth == 0 ? node : -ENOENT;
}

int fdt_next_sibling(const struct fdt *fdt, int node)
{
    const struct fdt_index *entry = fdt_index_of(fdt, node);

    if (!entry || !index_decides(fdt, entry->after))
        return walk_to_sibling(fdt, node);
    if (entry->after >= fdt->index_count || fdt->index[entry->after].parent != entry->parent)
        return -ENOENT;
    return (int)fdt->index[entry->after].offset;
}

/* The parent when the index does not know the node: walks down from the root. */
static int walk_to_parent(const struct fdt *fdt, int node)
{
    int path[FDT_MAX_DEPTH];
    int depth = 0;

    for (int at = FDT_ROOT; at >= 0; at = next_node(fdt, at, &depth)) {
        if (at == node)
            return depth ? path[depth - 1] : -ENOENT;
        path[depth] = at;
    }
    return -ENOENT;
}

int fdt_parent(const struct fdt *fdt, int node)
{
    const struct fdt_index *entry = fdt_index_of(fdt, node);

    if (node == FDT_ROOT)
        return -ENOENT;
    return entry ? (int)fdt->index[entry->parent].offset : walk_to_parent(fdt, node);
}

const char *fdt_node_name(const struct fdt *fdt, int node)
{
    return (const char *)fdt_at(fdt, (u32)node) + 4;
}

const char *fdt_node_path(const struct fdt *fdt, int node, char *buf, size_t size)
{
    int path[FDT_MAX_DEPTH];
    int depth = 0;

    for (; node > FDT_ROOT; node = fdt_parent(fdt, node))
        path[depth++] = node;
    strlcpy(buf, depth ? "" : "/", size);
    while (depth) {
        strlcat(buf, "/", size);
        strlcat(buf, fdt_node_name(fdt, path[--depth]), size);
    }
    return buf;
}

/* --- properties ----------------------------------------------------------------------------- */

u32 fdt_prop_token(const struct fdt *fdt, u32 offset)
{
    u32 token;

    while ((token = be32_get(fdt_at(fdt, offset))) == FDT_NOP)
        offset += 4;
    return token == FDT_PROP ? offset : 0;
}

/* The first property of a node as a token's offset, or 0. */
static u32 first_prop(const struct fdt *fdt, int node)
{
    return fdt_prop_token(fdt, fdt_skip(fdt, (u32)node));
}

static u32 following_prop(const struct fdt *fdt, u32 prop)
{
    return fdt_prop_token(fdt, prop + fdt_prop_size(fdt_at(fdt, prop)));
}

bool fdt_get(const struct fdt *fdt, int node, const char *name, struct fdt_prop *out)
{
    for (u32 prop = first_prop(fdt, node); prop; prop = following_prop(fdt, prop)) {
        const u8 *token = fdt_at(fdt, prop);

        const char *found = fdt_prop_name(fdt, token);

        if (*found == *name && !strcmp(found, name)) { /* saves most of the calls */
            *out = fdt_prop_value(token);
            return true;
        }
    }
    *out = (struct fdt_prop){NULL, 0};
    return false;
}

bool fdt_has(const struct fdt *fdt, int node, const char *name)
{
    struct fdt_prop prop;

    return fdt_get(fdt, node, name, &prop);
}

const char *fdt_next_prop(const struct fdt *fdt, int node, u32 *pos, struct fdt_prop *out)
{
    u32 prop = *pos ? following_prop(fdt, *pos) : first_prop(fdt, node);

    if (!prop)
        return NULL;
    *pos = prop;
    *out = fdt_prop_value(fdt_at(fdt, prop));
    return fdt_prop_name(fdt, fdt_at(fdt, prop));
}

u32 fdt_cell(const struct fdt_prop *prop, u32 i)
{
    return be32_get(prop->data + 4 * i);
}

u64 fdt_cells64(const struct fdt_prop *prop, u32 i, u32 count)
{
    u64 value = 0;

    for (; count; count--)
        value = value << 32 | fdt_cell(prop, i++);
    return value;
}

int fdt_get_u32(const struct fdt *fdt, int node, const char *name, u32 *out)
{
    struct fdt_prop prop;

    if (!fdt_get(fdt, node, name, &prop))
        return -ENOENT;
    if (prop.len != 4)
        return -EINVAL;
    *out = fdt_cell(&prop, 0);
    return 0;
}

int fdt_get_u64(const struct fdt *fdt, int node, const char *name, u64 *out)
{
    struct fdt_prop prop;

    if (!fdt_get(fdt, node, name, &prop))
        return -ENOENT;
    if (prop.len != 4 && prop.len != 8)
        return -EINVAL;
    *out = fdt_cells64(&prop, 0, prop.len / 4);
    return 0;
}

const char *fdt_string(const struct fdt_prop *prop, u32 i)
{
    const char *s = (const char *)prop->data;
    const char *end = s + prop->len;

    while (s < end) {
        size_t len = strnlen(s, (size_t)(end - s));

        if (s + len == end)
            return NULL;
        if (!i--)
            return s;
        s += len + 1;
    }
    return NULL;
}

const char *fdt_get_string(const struct fdt *fdt, int node, const char *name)
{
    struct fdt_prop prop;

    return fdt_get(fdt, node, name, &prop) ? fdt_string(&prop, 0) : NULL;
}

bool fdt_strings_have(const struct fdt_prop *prop, const char *string)
{
    const char *p = (const char *)prop->data;
    const char *end = p + prop->len;

    while (p < end) {
        const char *want = string;

        for (; p < end && *p == *want; p++, want++) {
            if (!*want)
                return true;
        }
        while (p < end && *p)
            p++;
        p++;
    }
    return false;
}

bool fdt_compatible(const struct fdt *fdt, int node, const char *compatible)
{
    const struct fdt_index *entry = fdt_index_of(fdt, node);
    struct fdt_prop prop = {NULL, 0};

    if (!entry)
        fdt_get(fdt, node, "compatible", &prop);
    else if (entry->compatible)
        prop = fdt_prop_value(fdt_at(fdt, entry->compatible));
    return fdt_strings_have(&prop, compatible);
}

bool fdt_status_okay(const struct fdt *fdt, int node)
{
    struct fdt_prop prop;
    const char *status;

    if (!fdt_get(fdt, node, "status", &prop))
        return true;
    status = fdt_string(&prop, 0);
    return status && (!strcmp(status, "okay") || !strcmp(status, "ok"));
}

int fdt_erase_prop(const struct fdt *fdt, void *blob, int node, const char *name)
{
    struct fdt_prop prop;

    if (blob != fdt->blob)
        return -EINVAL;
    if (!fdt_get(fdt, node, name, &prop))
        return -ENOENT;
    memset((u8 *)blob + (prop.data - fdt->blob), 0, prop.len);
    return 0;
}

/* --- finding nodes -------------------------------------------------------------------------- */

/* Whether a path component names the node; without a unit address it fits any. */
static bool name_fits(const char *name, const char *component, size_t len)
{
    if (strncmp(name, component, len))
        return false;
    return !name[len] || (name[len] == '@' && !memchr(component, '@', len));
}

static int find_child_n(const struct fdt *fdt, int node, const char *name, size_t len)
{
    int child;

    fdt_for_each_child (child, fdt, node) {
        if (name_fits(fdt_node_name(fdt, child), name, len))
            return child;
    }
    return -ENOENT;
}

int fdt_find_child(const struct fdt *fdt, int node, const char *name)
{
    return find_child_n(fdt, node, name, strlen(name));
}

/* Follows the components of [path, end) down from `node`; slashes may repeat. */
static int descend(const struct fdt *fdt, int node, const char *path, const char *end)
{
    while (node >= 0) {
        const char *slash;

        while (path < end && *path == '/')
            path++;
        if (path == end)
            break;
        slash = memchr(path, '/', (size_t)(end - path));
        if (!slash)
            slash = end;
        node = find_child_n(fdt, node, path, (size_t)(slash - path));
        path = slash;
    }
    return node;
}

/* The value of /aliases' property that is called [name, name + len). */
static const char *alias_n(const struct fdt *fdt, const char *name, size_t len)
{
    int aliases = fdt_find_child(fdt, FDT_ROOT, "aliases");
    struct fdt_prop value;
    const char *prop;
    u32 pos = 0;

    if (aliases < 0)
        return NULL;
    while ((prop = fdt_next_prop(fdt, aliases, &pos, &value))) {
        if (!strncmp(prop, name, len) && !prop[len])
            return fdt_string(&value, 0);
    }
    return NULL;
}

const char *fdt_alias(const struct fdt *fdt, const char *name)
{
    return alias_n(fdt, name, strlen(name));
}

int fdt_find_path_n(const struct fdt *fdt, const char *path, size_t len)
{
    const char *end = path + len;
    const char *slash, *alias;
    int node;

    if (!len)
        return -EINVAL;
    if (*path == '/')
        return descend(fdt, FDT_ROOT, path, end);
    slash = memchr(path, '/', len);
    if (!slash)
        slash = end;
    alias = alias_n(fdt, path, (size_t)(slash - path));
    if (!alias || *alias != '/') /* an alias of an alias would be a chance for a loop */
        return -ENOENT;
    node = descend(fdt, FDT_ROOT, alias, alias + strlen(alias));
    return descend(fdt, node, slash, end);
}

int fdt_find_path(const struct fdt *fdt, const char *path)
{
    return fdt_find_path_n(fdt, path, strlen(path));
}

/* The node's phandle, or 0. */
static u32 phandle_of(const struct fdt *fdt, int node)
{
    u32 phandle = 0;

    fdt_get_u32(fdt, node, "phandle", &phandle);
    return phandle;
}

int fdt_find_by_phandle(const struct fdt *fdt, u32 phandle)
{
    int node;

    if (!phandle || phandle == ~0u)
        return -ENOENT;
    for (u32 place = 0; place < fdt->index_count; place++) {
        if (fdt->index[place].phandle == phandle)
            return (int)fdt->index[place].offset;
    }
    node = fdt_next_node(fdt, (int)fdt->index[fdt->index_count - 1].offset);
    while (node >= 0 && phandle_of(fdt, node) != phandle)
        node = fdt_next_node(fdt, node);
    return node;
}

int fdt_next_compatible(const struct fdt *fdt, int from, const char *compatible)
{
    int node = fdt_next_node(fdt, from);

    while (node >= 0 && !fdt_compatible(fdt, node, compatible))
        node = fdt_next_node(fdt, node);
    return node;
}

int fdt_stdout(const struct fdt *fdt, const char **options)
{
    int chosen = fdt_find_child(fdt, FDT_ROOT, "chosen");
    const char *path, *colon;

    if (options)
        *options = NULL;
    if (chosen < 0)
        return -ENOENT;
    path = fdt_get_string(fdt, chosen, "stdout-path");
    if (!path)
        path = fdt_get_string(fdt, chosen, "linux,stdout-path");
    if (!path || !*path)
        return -ENOENT;
    colon = strchr(path, ':');
    if (colon && options)
        *options = colon + 1;
    return fdt_find_path_n(fdt, path, colon ? (size_t)(colon - path) : strlen(path));
}

bool fdt_reserved(const struct fdt *fdt, u32 i, u64 *addr, u64 *size)
{
    const u8 *entry = fdt->blob + fdt->reserve_offset + 16 * i;

    if (i >= fdt->reserve_count)
        return false;
    *addr = be64_get(entry);
    *size = be64_get(entry + 8);
    return true;
}
