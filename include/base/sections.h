/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the parts of the kernel image lie: symbols of the linker script (virtual addresses).
 *
 * Each part starts at a page boundary, so that each can have rights of its own.
 */
#pragma once

#include <lib/types.h>

extern char __image_start[], __image_end[];   /* everything, header to the end of bss */
extern char __text_start[], __text_end[];     /* RX; contains the trampoline page */
extern char __rodata_start[], __rodata_end[]; /* R */
extern char __data_start[], __data_end[];     /* RW: data and bss */
extern char __bss_start[], __bss_end[];
extern char __trampoline_start[], __trampoline_end[]; /* exactly one page, inside text */
extern char __initramfs_start[],
    __initramfs_end[]; /* page aligned, R, given back after unpacking */
