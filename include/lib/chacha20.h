/* SPDX-License-Identifier: BSD-2-Clause */
/* The ChaCha20 block function (RFC 8439, section 2.3): the generator behind random numbers. */
#ifndef LIB_CHACHA20_H
#define LIB_CHACHA20_H

#include <lib/types.h>

#define CHACHA20_BLOCK 64

/* Writes the 64 bytes of key stream for the 256-bit `key`, block `counter` and 96-bit `nonce`. */
void chacha20_block(const u32 key[8], u32 counter, const u32 nonce[3], u8 out[CHACHA20_BLOCK]);

#endif
