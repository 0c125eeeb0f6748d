/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up: what the layers above give to kernel/main.c. (What arch/ calls, kernel_main and
 * smp_secondary_main, is declared in <arch/boot.h> and <arch/smp.h>.)
 */
#pragma once

#include <lib/types.h>

struct trap_frame;
struct boot_info;
struct fdt;

/*
 * pid 1's program: loads it into the current process and fills in the trap frame. Registered by
 * the layer that knows about programs, at INIT_FS at the latest. Does not return on failure.
 */
void init_program_register(void (*start)(struct trap_frame *tf));

/* The validated device tree, for the whole life of the kernel. */
const struct fdt *boot_fdt(void);

/* The initial file system that was handed over, or the embedded one; len 0: none. INIT_FS on. */
const void *boot_initrd(size_t *len);

/* The initial file system has been unpacked: its frames are ordinary RAM from now on. */
void boot_initrd_done(void);

/* Random bytes that firmware has given (len 0: none). Wiped before pid 1 starts. */
const void *boot_rng_seed(size_t *len);
