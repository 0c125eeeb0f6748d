/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in text, with errors that cannot be overlooked. */
#ifndef LIB_NUM_H
#define LIB_NUM_H

#include <lib/types.h>

/*
 * Reads digits of `base` (2..36; 0: decimal, or hexadecimal after 0x, octal after 0) at *text, at
 * most up to `end` (NULL: up to the NUL) into *out and moves *text behind them. No white space and
 * no sign is skipped. -EINVAL: no digit there; -ERANGE: does not fit. *text and *out are unchanged
 * then.
 */
int num_scan_u64(const char **text, const char *end, unsigned base, u64 *out);

/* The whole NUL-terminated string is one number. Errors: -EINVAL, -ERANGE; *out unchanged then. */
int num_parse_u64(const char *text, unsigned base, u64 *out);
int num_parse_s64(const char *text, unsigned base, s64 *out); /* an optional + or - in front */

/*
 * As num_parse_u64 with base 0, and an optional suffix K, M, G or T (either case; powers of 1024).
 */
int num_parse_size(const char *text, u64 *out);

#endif
