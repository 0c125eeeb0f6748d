/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's side of the vDSO, which is built in arch/riscv/vdso and lies in rodata as a file. */
#include <arch/mmu.h>
#include <arch/vdso.h>
#include <lib/string.h>

/* In the file and so in the page: vdso.lds; e_entry in an ELF header. */
#define CLOCK_OFFSET 0xfc0
#define ENTRY_OFFSET 24

static_assert(CLOCK_OFFSET + sizeof(struct vdso_clock) <= PAGE_SIZE, "the clock ends the page");

extern const u8 vdso_image[];

struct vdso_clock *arch_vdso_make(void *page)
{
    memcpy(page, vdso_image, PAGE_SIZE);
    return (void *)((u8 *)page + CLOCK_OFFSET);
}

u64 arch_vdso_sigreturn(void)
{
    u64 offset;

    memcpy(&offset, vdso_image + ENTRY_OFFSET, sizeof(offset));
    return offset;
}
