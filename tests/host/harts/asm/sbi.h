/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for RISC-V's <asm/sbi.h>: the calls that fence on other harts. */
#pragma once

#include <lib/types.h>

int sbi_remote_fence_i(u64 mask, u64 base, vaddr_t start, size_t size);
int sbi_remote_sfence(u64 mask, u64 base, vaddr_t start, size_t size);
