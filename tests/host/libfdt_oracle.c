/* SPDX-License-Identifier: BSD-2-Clause */
/* The thin wrapper around libfdt that the differential tests of the device tree reader ask. */
#include "libfdt_oracle.h"
#include <libfdt.h>

bool oracle_accepts(const void *blob, size_t size)
{
    return size >= FDT_V1_SIZE && fdt_check_full(blob, size) == 0 && fdt_version(blob) >= 17;
}

int oracle_next_node(const void *blob, int node)
{
    return fdt_next_node(blob, node, NULL);
}

int oracle_first_child(const void *blob, int node)
{
    return fdt_first_subnode(blob, node);
}

int oracle_next_sibling(const void *blob, int node)
{
    return node ? fdt_next_subnode(blob, node) : -FDT_ERR_NOTFOUND;
}

int oracle_parent(const void *blob, int node)
{
    return fdt_parent_offset(blob, node);
}

const char *oracle_name(const void *blob, int node)
{
    return fdt_get_name(blob, node, NULL);
}

int oracle_path(const void *blob, int node, char *buf, int size)
{
    return fdt_get_path(blob, node, buf, size);
}

int oracle_find_path(const void *blob, const char *path)
{
    return fdt_path_offset(blob, path);
}

int oracle_find_by_phandle(const void *blob, uint32_t phandle)
{
    return fdt_node_offset_by_phandle(blob, phandle);
}

int oracle_next_compatible(const void *blob, int from, const char *compatible)
{
    return fdt_node_offset_by_compatible(blob, from, compatible);
}

bool oracle_compatible(const void *blob, int node, const char *compatible)
{
    return fdt_node_check_compatible(blob, node, compatible) == 0;
}

uint32_t oracle_phandle(const void *blob, int node)
{
    return fdt_get_phandle(blob, node);
}

const void *oracle_get(const void *blob, int node, const char *name, int *len)
{
    return fdt_getprop(blob, node, name, len);
}

const void *oracle_prop(const void *blob, int node, int i, const char **name, int *len)
{
    int prop;

    fdt_for_each_property_offset (prop, blob, node) {
        if (!i--)
            return fdt_getprop_by_offset(blob, prop, name, len);
    }
    return NULL;
}

int oracle_reserved_count(const void *blob)
{
    return fdt_num_mem_rsv(blob);
}

void oracle_reserved(const void *blob, int i, uint64_t *addr, uint64_t *size)
{
    fdt_get_mem_rsv(blob, i, addr, size);
}

void oracle_nop_first_prop(void *blob, int node)
{
    int prop = fdt_first_property_offset(blob, node);
    const char *name;

    if (prop >= 0 && fdt_getprop_by_offset(blob, prop, &name, NULL))
        fdt_nop_property(blob, node, name);
}

size_t oracle_pack(void *blob)
{
    fdt_pack(blob);
    return fdt_totalsize(blob);
}
