/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a device tree says that a 16550's registers lie. Reads the tree and nothing else, so that a host
 * program (make dtcheck) gives the kernel's own answers.
 *
 * Source: Linux Documentation/devicetree/bindings/serial/8250.yaml.
 */
#pragma once

#include <lib/types.h>

struct fdt;

/*
 * Registers are 1 << *shift bytes apart (0 unless the tree says so) and are accessed *width bytes wide
 * (1 unless it says so). False: the driver cannot work with these; both are what the tree says.
 */
bool ns16550_read_layout(const struct fdt *fdt, int node, u32 *shift, u32 *width);
