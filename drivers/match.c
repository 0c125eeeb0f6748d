/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which driver a node of the device tree wants.
 *
 * A node's `compatible` lists names from the most to the least specific one; the first one that some
 * driver knows decides. Reads the tree and nothing else: host programs use it too.
 */
#include <drivers/driver.h>
#include <lib/string.h>

static bool knows(const struct driver *d, const char *name)
{
    for (const char *const *c = d->compatible; *c; c++)
        if (!strcmp(*c, name))
            return true;
    return false;
}

const struct driver *driver_match(const struct fdt *fdt, int node, const struct driver *first,
                                  const struct driver *end, const char **by)
{
    struct fdt_prop names;
    if (!fdt_get(fdt, node, "compatible", &names))
        return NULL;
    const char *name;
    for (u32 i = 0; (name = fdt_string(&names, i)); i++)
        for (const struct driver *d = first; d < end; d++)
            if (knows(d, name)) {
                if (by)
                    *by = name;
                return d;
            }
    return NULL;
}
