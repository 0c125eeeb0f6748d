/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device tree says of its harts: which of them can run the kernel, what they can do, how fast
 * their clock counts. Reads the tree and nothing else, so that a host program (make dtcheck) gives the
 * kernel's own answers. Pure functions of a checked tree; callable by anybody at any time.
 */
#pragma once

#include <lib/types.h>

struct fdt;

/* Whether the node is a cpu at all (/cpus has other children: cpu-map). */
bool hart_is_cpu(const struct fdt *fdt, int node);

/* The hart's id, from reg; false when that makes no sense. */
bool hart_id(const struct fdt *fdt, int node, u64 *id);

/* Whether riscv,isa-extensions, or else riscv,isa, lists the extension. */
bool hart_has(const struct fdt *fdt, int node, const char *extension);

/*
 * Why a cpu node's hart cannot run the kernel by itself, in words; NULL: it can. Sources: Linux
 * Documentation/devicetree/bindings/riscv/cpus.yaml (status, mmu-type).
 */
const char *hart_unusable(const struct fdt *fdt, int node);

/*
 * Whether threads of the hart `boot` can move to the hart `node`: it knows all one-letter extensions
 * that `boot` knows. Old trees present the small core of a SiFive or StarFive chip as one of the
 * large ones, and only its isa (rv64imac) tells them apart.
 */
bool hart_is_like(const struct fdt *fdt, int node, int boot);

/* Ticks per second: of /cpus, or else of the boot hart's node. 0: none that makes sense. */
u64 hart_timebase(const struct fdt *fdt, int cpus, int boot);
