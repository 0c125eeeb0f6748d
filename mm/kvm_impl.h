/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the kernel's table share: the parts of the image. */
#pragma once

#include <arch/mmu.h>
#include <lib/types.h>

/* A run of the image's pages with equal rights. */
struct image_part {
    const char *name;
    vaddr_t start, end;
    prot_t prot;
};

#define IMAGE_PARTS 3

/* Part number i, in ascending order. */
struct image_part kvm_image_part(unsigned i);

/* Where a byte of the image lies in RAM. */
paddr_t kvm_image_pa(vaddr_t va);

/* PROT_G where kernel mappings are the same in every table (isolation off), else 0. */
prot_t kvm_global(void);
