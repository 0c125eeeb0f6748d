/* SPDX-License-Identifier: BSD-2-Clause */
/* Saving and loading the floating-point registers; sstatus.FS is on. a0: struct fpu_state. */
#include <asm/offsets.h>

.macro EACH op
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op f\n, FPU_F+8*\n(a0)
    .endr
.endm

    .text
    .globl fpu_save
fpu_save:
    EACH fsd
    frcsr t0
    sw t0, FPU_FCSR(a0)
    ret

    .globl fpu_load
fpu_load:
    EACH fld
    lw t0, FPU_FCSR(a0)
    fscsr t0
    ret
