/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions: the Linux image header, entry from firmware, turning on the MMU.
 *
 * Firmware enters with a0 = hart id, a1 = device tree, satp = 0, everything else undefined
 * (Linux Documentation/arch/riscv/boot.rst). The image lies at any 2 MiB boundary: until satp is
 * set, nothing here or in early.c may use an absolute address. Code is pc-relative (medany).
 */
#include <asm/csr.h>
#include <asm/offsets.h>

    .section .head.text, "ax"
    .globl _start
_start:
    /* Documentation/arch/riscv/boot-image-header.rst; 64 bytes, little endian */
    .option push
    .option norvc
    j start                             /* 0x00 code0 */
    nop                                 /* 0x04 code1 */
    .option pop
    .dword 0x200000                     /* 0x08 text_offset: RAM base + 2 MiB, clear of firmware */
    .dword __image_size                 /* 0x10 image_size, bss included */
    .dword 0                            /* 0x18 flags: little endian */
    .word 0x00000002                    /* 0x20 version 0.2 */
    .word 0                             /* 0x24 res1 */
    .dword 0                            /* 0x28 res2 */
    .ascii "RISCV\0\0\0"                /* 0x30 magic */
    .ascii "RSC\x05"                    /* 0x38 magic2, the one that U-Boot tests */
    .word 0                             /* 0x3c res3: no PE header */
    .globl _header_end
_header_end:

start:
    /* Firmware's interrupts, trap vector, FPU, SUM and MXR are whatever they are: make them ours. */
    csrw sie, zero
    la t0, early_trap
    csrw stvec, t0
    li t0, SSTATUS_SIE | SSTATUS_SPP | SSTATUS_FS | SSTATUS_VS | SSTATUS_SUM | SSTATUS_MXR
    csrc sstatus, t0
    csrw satp, zero
    csrw sscratch, zero

    /*
     * One hart boots. OpenSBI up to 1.1 lets a hart that is being started leave for the address of the
     * first boot, if it looks between two of its stores (sbi_hsm_hart_start marks it before it notes where
     * to go), and old firmware sends all harts at once: whoever comes second is told apart here.
     */
    la t0, boot_taken
    li t1, 1
    amoswap.w.aqrl t1, t1, (t0)
    bnez t1, second_entry

    mv s2, a0
    mv s3, a1

    /* RAM is noise. bss starts and ends at multiples of 64 (kernel.lds.S). */
    la t0, __bss_start
    la t1, __bss_end
1:  sd zero, 0(t0)
    sd zero, 8(t0)
    sd zero, 16(t0)
    sd zero, 24(t0)
    sd zero, 32(t0)
    sd zero, 40(t0)
    sd zero, 48(t0)
    sd zero, 56(t0)
    addi t0, t0, 64
    bltu t0, t1, 1b

    la sp, boot_stack_top
    li fp, 0
    call early_unfit
    bnez a0, unfit
    la a0, _start
    la a1, early_turn_on
    call early_build_tables             /* a0 = satp */

    la t0, boot_virtual
    la t1, _start
    sub t0, t0, t1
    li a1, IMAGE_BASE_VA
    add a1, a1, t0
    tail early_turn_on

/*
 * Turns the MMU on and goes on at the virtual address a1. Runs in the one identity-mapped page.
 * If the core ignores the write (no Sv39) satp reads back as it was, and we say so. The first fence puts
 * the stores of the tables before the walks: the very next instruction is fetched through them.
 */
    .balign 64
    .globl early_turn_on
early_turn_on:
    sfence.vma
    csrw satp, a0
    sfence.vma
    csrr t0, satp
    bne t0, a0, 1f
    jr a1
1:  la a0, no_sv39
unfit:                                  /* a0: what to say */
    call early_puts
2:  wfi
    j 2b

boot_virtual:
    la t0, trap_early_entry
    csrw stvec, t0
    la sp, boot_stack_top
    la tp, cpu_table
    li fp, 0
    mv a0, s2
    mv a1, s3
    call boot_main
    unimp

/* Before there is a kernel to handle it: say what happened, by firmware alone, and stop. */
    .balign 4
early_trap:
    la sp, boot_stack_top
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    call early_trap_report
3:  wfi
    j 3b

/*
 * A secondary hart: a0 = hart id, a1 = physical address of its struct hart_start. Registers and
 * CSRs as undefined as above.
 */
    .balign 4
    .globl secondary_start
secondary_start:
    csrw sie, zero
    la t0, early_trap
    csrw stvec, t0
    li t0, SSTATUS_SIE | SSTATUS_SPP | SSTATUS_FS | SSTATUS_VS | SSTATUS_SUM | SSTATUS_MXR
    csrc sstatus, t0
    csrw sscratch, zero
    ld s1, START_KERNEL_SATP(a1)
    ld sp, START_STACK(a1)
    ld tp, START_CPU(a1)
    ld a0, START_EARLY_SATP(a1)
    ld a1, START_ENTRY(a1)
    j early_turn_on

    .globl secondary_virtual
secondary_virtual:
    csrw satp, s1                       /* the image is mapped alike in both */
    sfence.vma
    la t0, trap_kernel_entry
    csrw stvec, t0
    li fp, 0
    call arch_cpu_init
    call smp_secondary_main
    unimp

/*
 * Not the first hart at the front door: a0 = hart id. If the kernel is starting it, it goes on as if it
 * had come the right way; else it sleeps for ever, touching nothing.
 */
second_entry:
    la a1, hart_starts
    li t0, HART_STARTS
1:  ld t1, START_HARTID(a1)
    ld t2, START_STACK(a1)
    beqz t2, 2f
    beq t1, a0, secondary_start
2:  addi a1, a1, START_SIZE
    addi t0, t0, -1
    bnez t0, 1b
3:  wfi
    j 3b

/* Read before bss is cleared, by harts that come unasked: so in data. */
    .section .data
    .balign 8
    .globl hart_starts
hart_starts:
    .skip HART_STARTS * START_SIZE
boot_taken:
    .word 0

    .section .rodata
no_sv39:
    .asciz "\nQuire: this hart has no Sv39 translation; stopped.\n"

    .section .bss.boot_stack, "aw", @nobits
    .balign 4096
boot_stack:
    .skip 8192
boot_stack_top:
