/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Implements <arch/mmio.h>. RVWMO orders device and memory accesses against one another only by
 * fences with the i and o bits (unprivileged specification, "Memory Ordering Instructions").
 */
#pragma once

#include <lib/types.h>

#define MMIO_ACCESS(bits, load, store)                                                           \
    static inline u##bits mmio_read##bits(const volatile void *reg)                              \
    {                                                                                            \
        u##bits v;                                                                               \
        __asm__ volatile(load " %0, 0(%1)\n\tfence i, ir" : "=r"(v) : "r"(reg) : "memory");      \
        return v;                                                                                \
    }                                                                                            \
    static inline void mmio_write##bits(volatile void *reg, u##bits v)                           \
    {                                                                                            \
        __asm__ volatile("fence iow, o\n\t" store " %0, 0(%1)" : : "r"(v), "r"(reg) : "memory"); \
    }

MMIO_ACCESS(8, "lbu", "sb")
MMIO_ACCESS(16, "lhu", "sh")
MMIO_ACCESS(32, "lwu", "sw")

#undef MMIO_ACCESS
