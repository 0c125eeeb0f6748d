/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses that may fault, and say so: each returns 0 when it was done, or how it was refused, the signal
 * in bits 8 and up and its si_code below. A fault whose reported address is not the one that was accessed
 * is TRY_WRONG_ADDRESS. Any other fault of the program is still its end.
 */
#ifndef USER_TRY_H
#define USER_TRY_H

#include <lib/types.h>

#define TRY_CODE(signal, code) ((signal) << 8 | (code))
#define TRY_WRONG_ADDRESS      0x10000l

/* Installs the handlers of SIGSEGV, SIGBUS and SIGILL; once, for all threads and for children. */
void try_init(void);

long try_load(const u64 *addr, u64 *value);
long try_store(u64 *addr, u64 value);

/* Calls the code at an address, which takes nothing, touches no stack, and returns a value. */
long try_call(const void *code, u64 *value);

#endif
