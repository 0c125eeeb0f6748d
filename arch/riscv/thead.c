/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * T-Head's C906, C910 and first C920: their page table entries hold memory types of T-Head's own in bits
 * 63 to 59 where firmware has turned that on (MAEE), and all zero means "not cached" there. Ordinary entries
 * would mix cached and uncached views of the same memory, so the kernel must not turn paging on.
 *
 * Called by head.S with the MMU off: nothing here may hold an absolute pointer.
 *
 * Sources: Linux arch/riscv/errata/thead/errata.c (identities, th.sxstatus), T-Head's document
 * "XuanTie-C910-UserManual", control register SXSTATUS.
 */
#include <asm/csr.h>
#include <asm/early.h>
#include <asm/sbi.h>

#define VENDOR_THEAD  0x5b7
#define SXSTATUS_MAEE BIT(21)

/* probe.S */
bool csr_try_read_sxstatus(u64 *value);

/*
 * These cores leave marchid and mimpid 0; later ones of T-Head's have numbers, and the standard's
 * page-based memory types. A core that claims to be one and has no such register is not believed either.
 */
const char *early_unfit(void)
{
    u64 status;
    if ((u64)sbi_base_call(SBI_BASE_VENDOR, 0) != VENDOR_THEAD ||
        (u64)sbi_base_call(SBI_BASE_ARCH, 0) || (u64)sbi_base_call(SBI_BASE_IMPL, 0))
        return NULL;
    if (csr_try_read_sxstatus(&status) && !(status & SXSTATUS_MAEE))
        return NULL;
    return "\nQuire: T-Head C9xx core with page attributes of its own (th.sxstatus.MAEE), which this kernel "
           "does not handle; stopped.\n";
}
