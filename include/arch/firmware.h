/* SPDX-License-Identifier: BSD-2-Clause */
/* What firmware can do for a driver: a console of last resort, power. */
#pragma once

#include <lib/types.h>

/* Prints text, which lies in the image or the direct map. May be slow; any context. */
void arch_firmware_write(const char *text, size_t len);

/* One byte of console input, or -1. */
int arch_firmware_getchar(void);

/* Power off, cold reset. Return only if firmware cannot. */
void arch_firmware_off(void);
void arch_firmware_reset(void);

/*
 * Whether firmware is so old that one cannot ask it if it can switch off; and the call that it has for that.
 * Firmware that cannot may stop this cpu in it for good, so whoever calls has said so before.
 */
bool arch_firmware_is_old(void);
void arch_firmware_off_blindly(void);
