/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Implements <arch/trap.h>: the trap frame.
 *
 * x[n] is register n (x[0] is unused and holds the original a0 of a system call, for restarts).
 */
#pragma once

#define TRAP_FRAME_SIZE 288

#ifndef __ASSEMBLER__

#include <asm/csr.h>
#include <lib/types.h>

struct trap_frame {
    u64 x[32];
    u64 pc;
    u64 status; /* sstatus */
    u64 cause;  /* scause; for frames of the kernel's own making: ~0 */
    u64 value;  /* stval */
};

static_assert(sizeof(struct trap_frame) == TRAP_FRAME_SIZE, "frame size known to assembly");
static_assert(TRAP_FRAME_SIZE % 16 == 0, "the stack stays 16-byte aligned (psABI)");

enum { REG_ORIG_A0 = 0, REG_RA, REG_SP, REG_GP, REG_TP, REG_S0 = 8, REG_A0 = 10, REG_A7 = 17 };

static inline u64 tf_syscall_nr(const struct trap_frame *tf)
{
    return tf->x[REG_A7];
}

static inline u64 tf_arg(const struct trap_frame *tf, unsigned n)
{
    return tf->x[REG_A0 + n];
}

static inline void tf_set_arg(struct trap_frame *tf, unsigned n, u64 value)
{
    tf->x[REG_A0 + n] = value;
}

static inline s64 tf_result(const struct trap_frame *tf)
{
    return (s64)tf->x[REG_A0];
}

static inline void tf_set_result(struct trap_frame *tf, s64 value)
{
    tf->x[REG_A0] = (u64)value;
}

static inline vaddr_t tf_pc(const struct trap_frame *tf)
{
    return tf->pc;
}

static inline void tf_set_pc(struct trap_frame *tf, vaddr_t pc)
{
    tf->pc = pc;
}

static inline vaddr_t tf_sp(const struct trap_frame *tf)
{
    return tf->x[REG_SP];
}

static inline void tf_set_sp(struct trap_frame *tf, vaddr_t sp)
{
    tf->x[REG_SP] = sp;
}

static inline void tf_set_tls(struct trap_frame *tf, vaddr_t tls)
{
    tf->x[REG_TP] = tls;
}

static inline bool tf_from_user(const struct trap_frame *tf)
{
    return !(tf->status & SSTATUS_SPP);
}

/* True if the frame was made by a system call (and not by a fault or an interrupt). */
static inline bool tf_is_syscall(const struct trap_frame *tf)
{
    return tf->cause == CAUSE_USER_ECALL;
}

/* Goes back to the ecall instruction (4 bytes, there is no compressed one) with a0 as it was. */
static inline void tf_restart_syscall(struct trap_frame *tf)
{
    tf->pc -= 4;
    tf->x[REG_A0] = tf->x[REG_ORIG_A0];
    tf->cause = ~0ul;
}

/* The same, but the call made again is restart_syscall(2) or whatever number is given. */
static inline void tf_restart_as(struct trap_frame *tf, u64 nr)
{
    tf_restart_syscall(tf);
    tf->x[REG_A7] = nr;
}

/* The call is over and is not to be restarted (signal delivery has dealt with it). */
static inline void tf_clear_syscall(struct trap_frame *tf)
{
    tf->cause = ~0ul;
}

#endif
