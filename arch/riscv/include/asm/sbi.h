/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Supervisor binary interface: the calls into firmware that the kernel makes.
 *
 * Source: RISC-V SBI specification 2.0; numbers of extensions and functions as listed there.
 * Errors of firmware come back as negative errno values, never ignored.
 */
#pragma once

#include <lib/types.h>

#define SBI_EXT_BASE              0x10
#define SBI_BASE_SPEC             0 /* functions of BASE: the SBI's version, whose firmware, its version, */
#define SBI_BASE_FIRMWARE         1
#define SBI_BASE_FIRMWARE_VERSION 2
#define SBI_BASE_PROBE            3 /* whether it has an extension, */
#define SBI_BASE_VENDOR           4 /* mvendorid, marchid, mimpid */
#define SBI_BASE_ARCH             5
#define SBI_BASE_IMPL             6
#define SBI_EXT_TIME              0x54494d45
#define SBI_EXT_IPI               0x735049
#define SBI_EXT_RFENCE            0x52464e43
#define SBI_EXT_HSM               0x48534d
#define SBI_EXT_SRST              0x53525354
#define SBI_EXT_DBCN              0x4442434e
#define SBI_DBCN_WRITE_BYTE       2
#define SBI_LEGACY_SET_TIMER      0
#define SBI_LEGACY_PUTCHAR        1
#define SBI_LEGACY_GETCHAR        2
#define SBI_LEGACY_CLEAR_IPI      3
#define SBI_LEGACY_SEND_IPI       4
#define SBI_LEGACY_REMOTE_FENCE_I 5
#define SBI_LEGACY_REMOTE_SFENCE  6
#define SBI_LEGACY_SHUTDOWN       8

struct sbi_result {
    long error;
    long value;
};

/* Chapter "Binary Encoding": a7 extension, a6 function; all registers but a0 and a1 survive. */
static inline struct sbi_result sbi_call(u64 ext, u64 fn, u64 arg0, u64 arg1, u64 arg2, u64 arg3)
{
    register u64 a0 __asm__("a0") = arg0;
    register u64 a1 __asm__("a1") = arg1;
    register u64 a2 __asm__("a2") = arg2;
    register u64 a3 __asm__("a3") = arg3;
    register u64 a6 __asm__("a6") = fn;
    register u64 a7 __asm__("a7") = ext;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
    return (struct sbi_result){.error = (long)a0, .value = (long)a1};
}

/* What a function of the BASE extension tells; 0 where firmware is too old to have it. With the MMU off too. */
static inline long sbi_base_call(u64 fn, u64 arg)
{
    struct sbi_result r = sbi_call(SBI_EXT_BASE, fn, arg, 0, 0, 0);
    return r.error ? 0 : r.value;
}

/* Chapter "Legacy Extensions", console putchar: works from the first instruction on. */
static inline void sbi_legacy_putchar(char c)
{
    sbi_call(SBI_LEGACY_PUTCHAR, 0, (u8)c, 0, 0, 0);
}

/* True if firmware offers the extension. Asked once per extension at boot, remembered. */
bool sbi_has(u64 ext);

/* Probes the extensions: what sbi_has() knows. Boot hart, once. */
void sbi_probe(void);

/* The same, and logs what firmware this is. */
void sbi_init(void);

/* Arms the hart's timer (TIME, or the legacy call). */
void sbi_set_timer(u64 ticks);

/* Interrupts a hart. */
void sbi_send_ipi(u64 hartid);

/*
 * fence.i or sfence.vma on the harts of mask (bit n is hart base + n), acknowledged: OpenSBI returns
 * when all have done it. start = 0, size = -1: the whole space (fence.i has no range). 0 or a negative errno.
 */
int sbi_remote_fence_i(u64 mask, u64 base, vaddr_t start, size_t size);
int sbi_remote_sfence(u64 mask, u64 base, vaddr_t start, size_t size);

/* HSM: starts a stopped hart at a physical address with a1 = opaque. */
int sbi_hart_start(u64 hartid, paddr_t entry, u64 opaque);
