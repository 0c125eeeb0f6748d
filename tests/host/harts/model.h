/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the headers in this folder, which stand in for the machine's, ask of the test that includes
 * them (tests/host/test_arch_spaces.c): harts as coroutines, which change places before every atomic
 * operation and every fence.
 */
#pragma once

#include <lib/types.h>

struct cpu;
extern struct cpu *model_cpu; /* of the hart that runs */

/* Another hart may go on here. */
void model_step(void);

/* fence rw, rw: what the running hart has stored is visible to all. */
void model_fence(void);

/* The fences of <asm/fence.h>. */
void model_fence_asid(u64 asid);
void model_fence_asid_page(u64 asid, vaddr_t va);
void model_fence_all(void);
void model_fence_page(vaddr_t va);
void model_fence_fetch(void);
