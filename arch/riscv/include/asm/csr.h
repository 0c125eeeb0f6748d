/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control and status registers: names for the bits that the kernel uses, and access.
 *
 * Source: RISC-V privileged specification 1.12, chapter "Supervisor-Level ISA".
 */
#pragma once

/* clang's assembler knows no suffixes. */
#ifdef __ASSEMBLER__
#define UL(x) x
#else
#define UL(x) x##ul
#endif

/* sstatus */
#define SSTATUS_SIE        (UL(1) << 1)
#define SSTATUS_SPIE       (UL(1) << 5)
#define SSTATUS_SPP        (UL(1) << 8)
#define SSTATUS_VS         (UL(3) << 9)
#define SSTATUS_FS         (UL(3) << 13)
#define SSTATUS_FS_OFF     (UL(0) << 13)
#define SSTATUS_FS_INITIAL (UL(1) << 13)
#define SSTATUS_FS_CLEAN   (UL(2) << 13)
#define SSTATUS_FS_DIRTY   (UL(3) << 13)
#define SSTATUS_SUM        (UL(1) << 18)
#define SSTATUS_MXR        (UL(1) << 19)
#define SSTATUS_UXL_64     (UL(2) << 32)

/* sie, sip */
#define SIE_SSIE (UL(1) << 1)
#define SIE_STIE (UL(1) << 5)
#define SIE_SEIE (UL(1) << 9)

/* scounteren */
#define SCOUNTEREN_TM (UL(1) << 1)

/* scause */
#define SCAUSE_INTERRUPT   (UL(1) << 63)
#define IRQ_S_SOFT         1
#define IRQ_S_TIMER        5
#define IRQ_S_EXTERNAL     9
#define CAUSE_FETCH_ALIGN  0
#define CAUSE_FETCH_ACCESS 1
#define CAUSE_ILLEGAL      2
#define CAUSE_BREAKPOINT   3
#define CAUSE_LOAD_ALIGN   4
#define CAUSE_LOAD_ACCESS  5
#define CAUSE_STORE_ALIGN  6
#define CAUSE_STORE_ACCESS 7
#define CAUSE_USER_ECALL   8
#define CAUSE_FETCH_PAGE   12
#define CAUSE_LOAD_PAGE    13
#define CAUSE_STORE_PAGE   15

/* satp */
#define SATP_MODE_SV39  (UL(8) << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  (UL(0xffff) << SATP_ASID_SHIFT)
#define SATP_PPN_MASK   ((UL(1) << 44) - 1)

/* Numbers of CSRs that old assemblers do not know by name. */
#define CSR_SENVCFG     0x10a
#define CSR_STIMECMP    0x14d
#define CSR_TH_SXSTATUS 0x5c0 /* T-Head's own */

#ifndef __ASSEMBLER__

#define CSR_STRING(csr) #csr
#define CSR_NAME(csr)   CSR_STRING(csr)

#define csr_read(csr)                                                           \
    ({                                                                          \
        unsigned long csr_v;                                                    \
        __asm__ volatile("csrr %0, " CSR_NAME(csr) : "=r"(csr_v) : : "memory"); \
        csr_v;                                                                  \
    })
#define csr_write(csr, v) \
    __asm__ volatile("csrw " CSR_NAME(csr) ", %0" : : "rK"((unsigned long)(v)) : "memory")
#define csr_set(csr, v) \
    __asm__ volatile("csrs " CSR_NAME(csr) ", %0" : : "rK"((unsigned long)(v)) : "memory")
#define csr_clear(csr, v) \
    __asm__ volatile("csrc " CSR_NAME(csr) ", %0" : : "rK"((unsigned long)(v)) : "memory")
#define csr_read_clear(csr, v)                             \
    ({                                                     \
        unsigned long csr_v;                               \
        __asm__ volatile("csrrc %0, " CSR_NAME(csr) ", %1" \
                         : "=r"(csr_v)                     \
                         : "rK"((unsigned long)(v))        \
                         : "memory");                      \
        csr_v;                                             \
    })
#define csr_swap(csr, v)                                   \
    ({                                                     \
        unsigned long csr_v;                               \
        __asm__ volatile("csrrw %0, " CSR_NAME(csr) ", %1" \
                         : "=r"(csr_v)                     \
                         : "rK"((unsigned long)(v))        \
                         : "memory");                      \
        csr_v;                                             \
    })

#endif
