/* SPDX-License-Identifier: BSD-2-Clause */
/* Between firmware and the kernel's own tables: early.c, boot.c. */
#pragma once

#include <lib/types.h>

/*
 * Why this hart must not turn its MMU on, as a line for early_puts(); NULL: it may. MMU off. thead.c
 */
const char *early_unfit(void);

/*
 * Maps the image and, one to one, the page that turn_on lies in; returns the value for satp. MMU off.
 */
u64 early_build_tables(paddr_t image, paddr_t turn_on);

/* satp value of the early tables, for secondary harts. */
u64 early_satp(void);

/* The physical address of something in the image (the image is contiguous in RAM). */
paddr_t image_to_phys(const void *p);

/*
 * Maps [pa, pa + size) at va in the early tables, whole pages, rights R or R|W. 0 or -ENOMEM.
 * Pages that are mapped already are left alone. Virtual mode only; no fence is needed by callers.
 */
int early_map(vaddr_t va, paddr_t pa, size_t size, bool writable);

/*
 * Whether hardware sets accessed and dirty bits: stores through an entry that has neither. Virtual mode,
 * interrupts off; the early tables are as before when it returns.
 */
bool early_sets_accessed_dirty(void);

/* Walks the early tables: true if no leaf is writable and executable. */
bool early_check(void);

void early_puts(const char *text);
void early_trap_report(u64 cause, u64 pc, u64 value);
__noreturn void boot_main(u64 hartid, paddr_t fdt_pa);
