/* SPDX-License-Identifier: BSD-2-Clause */
/* From the device tree's cpu nodes to logical cpus (harts.c). */
#pragma once

#include <lib/types.h>

struct fdt;

/* features.c: identities, extensions, errata, from the boot hart's node. */
void features_probe(const struct fdt *fdt, int node);
