/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Self-tests that do to the kernel what a bug would: each must end in a panic whose line names the
 * fact. Coming back is the failure.
 */
#include <base/init.h>
#include <base/sections.h>
#include <lib/types.h>

/* In the kernel's half, in no region that anything is mapped in. */
#define WILD_ADDRESS 0xffffffff7ffff000ul

static volatile u32 *hide(vaddr_t address)
{
    __asm__ volatile("" : "+r"(address)); /* the compiler must not see what is wrong with it */
    return (volatile u32 *)address;
}

static const char *selftest_null(void)
{
    *hide(0) = 1;
    return "a store to address 0 went through";
}
SELFTEST("null", selftest_null);

static const char *selftest_wild(void)
{
    (void)*hide(WILD_ADDRESS);
    return "a load from nowhere went through";
}
SELFTEST("wild", selftest_wild);

static const char *selftest_text_write(void)
{
    *hide((vaddr_t)__text_start) = 0;
    return "a store to the kernel's text went through";
}
SELFTEST("text-write", selftest_text_write);

/* Returns at once, if it can be executed at all. */
static u32 code_in_data[] = {0x00008067};

static const char *selftest_data_exec(void)
{
    void (*jump)(void) = (void (*)(void))hide((vaddr_t)code_in_data);

    jump();
    return "code in the kernel's data was executed";
}
SELFTEST("data-exec", selftest_data_exec);

/* Each level needs a frame of its own; `depth` never gets there. */
static __noinline u64 overflow_the_stack(volatile u64 *depth)
{
    volatile u64 frame[32];

    for (unsigned i = 0; i < ARRAY_SIZE(frame); i++)
        frame[i] = *depth;
    if (*depth == ~0ul)
        return 0;
    frame[0]++;
    return overflow_the_stack(frame) + frame[1];
}

static const char *selftest_stack_overflow(void)
{
    volatile u64 depth = 0;

    overflow_the_stack(&depth);
    return "a recursion without end came to one";
}
SELFTEST("stack-overflow", selftest_stack_overflow);
