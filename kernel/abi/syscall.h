/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a system call's handler is written, and what the dispatcher needs to know of it.
 *
 *   SYSCALL3(read, int, fd, vaddr_t, buf, size_t, len)
 *   {
 *       ...
 *       return bytes or -EXXX;
 *   }
 *
 * defines `long sys_read(struct trap_frame *)`, which takes from the frame the arguments it needs,
 * cut to the declared types as Linux does. User addresses are vaddr_t and are reached through
 * <mm/usercopy.h> only. A handler decodes and checks everything, reserves what it needs,
 * and only then acts. Interrupts are on; handlers may sleep. Results -ERESTART* are settled at the
 * return to user mode (kernel/signal.c).
 */
#pragma once

#include <arch/trap.h>
#include <lib/errno.h>
#include <lib/types.h>

/* Every handler's prototype, so that a handler that is not in the table does not compile. */
#define COMPLETE(number, name, pointers)     long sys_##name(struct trap_frame *tf);
#define PARTIAL(number, name, pointers, how) long sys_##name(struct trap_frame *tf);
#define ABSENT(number, name, group)
#define UNUSED(first, last)
#include <abi/syscalls.def>
#undef COMPLETE
#undef PARTIAL
#undef ABSENT
#undef UNUSED

/* For the few that work on the frame itself. */
#define SYSCALL_FRAME(name) long sys_##name(struct trap_frame *tf)

#define SYSCALL0(name)                           \
    static __always_inline long do_##name(void); \
    long sys_##name(struct trap_frame *tf)       \
    {                                            \
        (void)tf;                                \
        return do_##name();                      \
    }                                            \
    static __always_inline long do_##name(void)

#define SYSCALL1(name, t0, a0)                    \
    static __always_inline long do_##name(t0 a0); \
    long sys_##name(struct trap_frame *tf)        \
    {                                             \
        return do_##name((t0)tf_arg(tf, 0));      \
    }                                             \
    static __always_inline long do_##name(t0 a0)

#define SYSCALL2(name, t0, a0, t1, a1)                          \
    static __always_inline long do_##name(t0 a0, t1 a1);        \
    long sys_##name(struct trap_frame *tf)                      \
    {                                                           \
        return do_##name((t0)tf_arg(tf, 0), (t1)tf_arg(tf, 1)); \
    }                                                           \
    static __always_inline long do_##name(t0 a0, t1 a1)

#define SYSCALL3(name, t0, a0, t1, a1, t2, a2)                                     \
    static __always_inline long do_##name(t0 a0, t1 a1, t2 a2);                    \
    long sys_##name(struct trap_frame *tf)                                         \
    {                                                                              \
        return do_##name((t0)tf_arg(tf, 0), (t1)tf_arg(tf, 1), (t2)tf_arg(tf, 2)); \
    }                                                                              \
    static __always_inline long do_##name(t0 a0, t1 a1, t2 a2)

#define SYSCALL4(name, t0, a0, t1, a1, t2, a2, t3, a3)                            \
    static __always_inline long do_##name(t0 a0, t1 a1, t2 a2, t3 a3);            \
    long sys_##name(struct trap_frame *tf)                                        \
    {                                                                             \
        return do_##name((t0)tf_arg(tf, 0), (t1)tf_arg(tf, 1), (t2)tf_arg(tf, 2), \
                         (t3)tf_arg(tf, 3));                                      \
    }                                                                             \
    static __always_inline long do_##name(t0 a0, t1 a1, t2 a2, t3 a3)

#define SYSCALL5(name, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4)                    \
    static __always_inline long do_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4);     \
    long sys_##name(struct trap_frame *tf)                                        \
    {                                                                             \
        return do_##name((t0)tf_arg(tf, 0), (t1)tf_arg(tf, 1), (t2)tf_arg(tf, 2), \
                         (t3)tf_arg(tf, 3), (t4)tf_arg(tf, 4));                   \
    }                                                                             \
    static __always_inline long do_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4)

#define SYSCALL6(name, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)               \
    static __always_inline long do_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5); \
    long sys_##name(struct trap_frame *tf)                                           \
    {                                                                                \
        return do_##name((t0)tf_arg(tf, 0), (t1)tf_arg(tf, 1), (t2)tf_arg(tf, 2),    \
                         (t3)tf_arg(tf, 3), (t4)tf_arg(tf, 4), (t5)tf_arg(tf, 5));   \
    }                                                                                \
    static __always_inline long do_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4, t5 a5)
