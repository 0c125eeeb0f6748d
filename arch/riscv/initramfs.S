/* SPDX-License-Identifier: BSD-2-Clause */
/* The initramfs that is part of the image; an initrd from the boot loader replaces it. */
    .section .initramfs, "a"
    .balign 4096
    .globl __initramfs_start, __initramfs_end
__initramfs_start:
    .incbin INITRAMFS_PATH
__initramfs_end:
