/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This hart's own fences. Privileged specification, "Supervisor Memory-Management Fence Instruction"
 * (sfence.vma); unprivileged specification, "Zifencei" (fence.i).
 */
#pragma once

#include <asm/features.h>
#include <lib/types.h>

/* All translations that this hart has cached. */
static inline void fence_all(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

/* Those under one ASID but global ones. Only where there are ASIDs: fences of such cores can be trusted. */
static inline void fence_asid(u64 asid)
{
    __asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

/* One page under one ASID; the same. */
static inline void fence_asid_page(u64 asid, vaddr_t va)
{
    __asm__ volatile("sfence.vma %0, %1" : : "r"(va), "r"(asid) : "memory");
}

/* One page in every address space, global or not. */
static inline void fence_page(vaddr_t va)
{
    if (cpu_features.full_fences_only)
        fence_all();
    else
        __asm__ volatile("sfence.vma %0" : : "r"(va) : "memory");
}

/* Instruction fetch sees what this hart's stores and loads have seen. */
static inline void fence_fetch(void)
{
    __asm__ volatile("fence.i" : : : "memory");
}
