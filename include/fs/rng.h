/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers: ChaCha20 with fast key erasure, seeded from what firmware hands over and from
 * timer jitter.
 */
#pragma once

#include <lib/types.h>

/* Stirs bytes into the key. `trusted` bytes (a seed from firmware) make the generator seeded. */
void rng_add(const void *bytes, size_t len, bool trusted);

/* Fills a kernel buffer. Never fails, never sleeps; any context. */
void rng_bytes(void *buf, size_t len);

/* Whether a trusted seed was given. */
bool rng_seeded(void);
