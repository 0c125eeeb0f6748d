/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine made of host memory, for unit tests of portable code: physical RAM anywhere in 252 GiB,
 * cpus, an interrupt flag, a log that is kept, and a panic that a test can expect.
 */
#pragma once

#include <lib/types.h>
#include <setjmp.h>

/* Tests change nothing between setjmp() and the panic, which gcc cannot see. */
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/* Takes all RAM away, cpu 0 runs this thread, interrupts are on, the log is empty. */
void host_reset(void);

/* Makes [pa, pa + size) usable (whole pages), full of noise as far as noise_limit reaches. */
void host_add_ram(paddr_t pa, size_t size);
extern size_t host_noise_limit;

/* Touching [pa, pa + size) is a crash from now on: what must never be mapped. */
void host_forbid(paddr_t pa, size_t size);

/* This host thread is cpu `id` from now on. */
void host_set_cpu(u32 id);

/* Whether the log since host_reset() (or host_log_clear) contains the text. */
bool host_log_has(const char *text);
void host_log_clear(void);

/* The counter stands at this value until it is given another; 0: it runs (nanoseconds). */
void host_hold_ticks(u64 ticks);

/* The seed of a random test: $QUIRE_SEED, else from the clock; printed. */
u64 host_seed(void);

/* splitmix64: small, good, and the same everywhere. */
u64 host_random(u64 *state);

/*
 * Runs a statement that must panic: evaluates to true when it did. host_panic_text holds the text
 * then. Locks that the statement took stay taken: set the machine up again afterwards.
 */
#define host_panics(statement)          \
    ({                                  \
        volatile bool host_did = true;  \
        host_panic_expected = true;     \
        if (!setjmp(host_panic_jump)) { \
            statement;                  \
            host_did = false;           \
        }                               \
        host_panic_expected = false;    \
        host_irq_on = true;             \
        host_did;                       \
    })
extern jmp_buf host_panic_jump;
extern bool host_panic_expected;
extern char host_panic_text[256];
extern __thread bool host_irq_on;
