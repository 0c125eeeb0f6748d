/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device tree says of a PLIC. Reads the tree and nothing else, so that a host program
 * (make dtcheck) gives the kernel's own answers. Pure functions of a checked tree.
 *
 * Source: Linux Documentation/devicetree/bindings/interrupt-controller/sifive,plic-1.0.0.yaml.
 */
#pragma once

#include <lib/types.h>

struct fdt;

/* How many sources it has (numbered from 1 on), or 0 when riscv,ndev makes no sense. */
u32 plic_sources(const struct fdt *fdt, int node);

/* The place to which a PLIC delivers interrupts for one hart in S-mode. */
struct plic_context {
    u32 number;
    u64 hartid;
};

/* Where a walk over the entries of interrupts-extended is; begins as {0}. */
struct plic_walk {
    u32 position;
    u32 entry;
};

/*
 * The next S-mode context; false behind the last. Never computed: entry i of
 * interrupts-extended is context i, of the hart whose interrupt controller it names; 9 is that hart's
 * S-mode external interrupt, everything else (11, or 0xffffffff after OpenSBI) is M-mode's.
 */
bool plic_next_context(const struct fdt *fdt, int node, struct plic_walk *walk,
                       struct plic_context *out);
