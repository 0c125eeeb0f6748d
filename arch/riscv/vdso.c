/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's side of the vDSO, which is built in arch/riscv/vdso and lies in rodata as a file. */
#include <arch/mmu.h>
#include <arch/vdso.h>
#include <lib/string.h>

/* Of e_entry, in an ELF header. */
#define ENTRY_OFFSET 24

extern const u8 vdso_image[];

void arch_vdso_make(void *page)
{
    memcpy(page, vdso_image, PAGE_SIZE);
}

u64 arch_vdso_sigreturn(void)
{
    u64 offset;

    memcpy(&offset, vdso_image + ENTRY_OFFSET, sizeof(offset));
    return offset;
}
