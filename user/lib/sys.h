/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls without a C library: SYS(name, arguments...) makes the call and returns what the
 * kernel returned, -errno included. Arguments of any integer or pointer type.
 */
#ifndef USER_SYS_H
#define USER_SYS_H

#include <abi/syscall_nr.h>
#include <lib/errno.h>
#include <lib/types.h>

/* Each form sets only the registers that it needs, so that benchmarks measure the call alone. */
#define SYS_ASM(...)                                                          \
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), ##__VA_ARGS__ : "memory"); \
    return a0

static inline long sys0(long nr)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0");

    __asm__ volatile("ecall" : "=r"(a0) : "r"(a7) : "memory");
    return a0;
}

static inline long sys1(long nr, long v0)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = v0;

    SYS_ASM();
}

static inline long sys2(long nr, long v0, long v1)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = v0;
    register long a1 __asm__("a1") = v1;

    SYS_ASM("r"(a1));
}

static inline long sys3(long nr, long v0, long v1, long v2)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = v0;
    register long a1 __asm__("a1") = v1;
    register long a2 __asm__("a2") = v2;

    SYS_ASM("r"(a1), "r"(a2));
}

static inline long sys4(long nr, long v0, long v1, long v2, long v3)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = v0;
    register long a1 __asm__("a1") = v1;
    register long a2 __asm__("a2") = v2;
    register long a3 __asm__("a3") = v3;

    SYS_ASM("r"(a1), "r"(a2), "r"(a3));
}

static inline long sys6(long nr, long v0, long v1, long v2, long v3, long v4, long v5)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = v0;
    register long a1 __asm__("a1") = v1;
    register long a2 __asm__("a2") = v2;
    register long a3 __asm__("a3") = v3;
    register long a4 __asm__("a4") = v4;
    register long a5 __asm__("a5") = v5;

    SYS_ASM("r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5));
}

#define SYS_0(nr)                sys0(nr)
#define SYS_1(nr, a)             sys1(nr, (long)(a))
#define SYS_2(nr, a, b)          sys2(nr, (long)(a), (long)(b))
#define SYS_3(nr, a, b, c)       sys3(nr, (long)(a), (long)(b), (long)(c))
#define SYS_4(nr, a, b, c, d)    sys4(nr, (long)(a), (long)(b), (long)(c), (long)(d))
#define SYS_5(nr, a, b, c, d, e) SYS_6(nr, a, b, c, d, e, 0)
#define SYS_6(nr, a, b, c, d, e, f) \
    sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define SYS_PICK(a, b, c, d, e, f, g, form, ...) form
#define SYS(name, ...)                                                          \
    SYS_PICK(0, ##__VA_ARGS__, SYS_6, SYS_5, SYS_4, SYS_3, SYS_2, SYS_1, SYS_0) \
    (NR_##name, ##__VA_ARGS__)

/* What fork, wait and friends come down to. */
static inline long sys_fork(void)
{
    return SYS(clone, 17 /* SIGCHLD */, 0, 0, 0, 0);
}

__noreturn static inline void sys_exit(int status)
{
    for (;;)
        SYS(exit_group, status);
}

/* Waits for child `pid` (-1: any); its status word, or a negative error. */
static inline long sys_wait(long pid)
{
    int status;
    long rc;

    do
        rc = SYS(wait4, pid, &status, 0, 0);
    while (rc == -EINTR);
    return rc < 0 ? rc : status;
}

/* Nanoseconds of the monotonic clock. */
u64 sys_now(void);

void sys_sleep_ms(u64 ms);

#endif
