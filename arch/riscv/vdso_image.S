/* SPDX-License-Identifier: BSD-2-Clause */
/* The vDSO (arch/riscv/vdso), as a file in the image: vdso.c copies it to a page of its own. */
    .section .rodata.vdso, "a"
    .balign 8
    .globl vdso_image, vdso_image_end
vdso_image:
    .incbin VDSO_PATH
vdso_image_end:
