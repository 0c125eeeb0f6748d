/* SPDX-License-Identifier: BSD-2-Clause */
/* What this machine's cores are and can do, found out once at boot on the boot hart and logged in a line. */
#pragma once

#include <lib/types.h>

struct entry_page;
struct fdt;

/* What the tree is asked for. Sstc is used where firmware has opened it too; the others are only told. */
enum cpu_extension {
    EXT_SSTC,
    EXT_SVPBMT,
    EXT_SVINVAL,
    EXT_SVNAPOT,
    EXT_ZICBOZ,
    EXT_ZICBOM,
};

struct cpu_features {
    bool full_fences_only;  /* erratum CIP-1200: sfence.vma with an operand is not to be trusted */
    bool sign_extend_stval; /* erratum CIP-453: stval of fetch faults lacks its upper bits */
    bool sets_ad;           /* hardware sets accessed and dirty bits; nothing relies on it */
    bool sstc;              /* stimecmp works in S-mode */
    bool senvcfg;           /* the CSR exists */
    u32 asid_bits;          /* of satp, by trial */
    u32 extensions;         /* set of BIT(enum cpu_extension), as the tree lists them */
    u64 hwcap;              /* letters of the isa, as AT_HWCAP wants them */
    u64 vendor, arch, impl;
};

extern struct cpu_features cpu_features;

/* mmu.c: fills in what depends on isolation and ASIDs. */
void mmu_choose_trampoline(struct entry_page *entry);

/* mmu.c: satp of the kernel's root, for secondary harts. */
u64 mmu_kernel_satp(void);
