/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Panic: the end of the kernel on a broken invariant, and nothing else.
 *
 * Stops the other cpus and prints one line `panic: ...`, what each cpu ran, the registers in words and
 * a backtrace with function names; then does what panic=N asks for. Re-entrant: a second panic on a
 * cpu prints one polled line and stops.
 */
#pragma once

#include <lib/types.h>

struct trap_frame;

__noreturn void panic(const char *format, ...) __printf_like(1, 2);

/* The same with the registers of a trap instead of the caller's. */
__noreturn void panic_trap(struct trap_frame *tf, const char *format, ...) __printf_like(2, 3);

/* The same with more to say: explain(arg) prints to log_raw_sink(), behind the line. */
__noreturn void panic_explain(void (*explain)(const void *arg), const void *arg, const char *format,
                              ...) __printf_like(3, 4);

/* Cheap checks that stay in every build. */
#define ASSERT(cond)                                                          \
    do {                                                                      \
        if (unlikely(!(cond)))                                                \
            panic("assertion failed: %s (%s:%d)", #cond, __FILE__, __LINE__); \
    } while (0)

/* Dear checks, in DEBUG=1 builds. The expression is compiled always, evaluated only there. */
#if DEBUG
#define DEBUG_ASSERT(cond) ASSERT(cond)
#else
#define DEBUG_ASSERT(cond) ((void)sizeof(!(cond)))
#endif

/*
 * Hooks of the layers above, each optional. what_runs writes a description of what a cpu runs
 * ("pid 3 sh") into buf; stack_owner names the owner of the kernel stack (or its guard) that
 * holds addr, or returns NULL; reset resets the machine (for panic=N).
 */
struct panic_hooks {
    void (*what_runs)(u32 cpu, char *buf, size_t len);
    const char *(*stack_owner)(vaddr_t addr);
    void (*reset)(void);
};
extern struct panic_hooks panic_hooks;

/* panic=N of the command line: seconds until reset; 0 stay; negative: at once. */
void panic_set_timeout(long seconds);
