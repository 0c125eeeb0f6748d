/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers: one access each, of exactly the width asked for, ordered against memory.
 *
 * <asm/mmio.h> supplies mmio_read8/16/32(const volatile void *) and mmio_write8/16/32(volatile void *,
 * value). A write is ordered behind all earlier memory and device writes of this cpu; what follows a
 * read is ordered behind it. Never an ordinary pointer access, never memcpy: devices see the width.
 */
#pragma once

#include <lib/types.h>

#include <asm/mmio.h>
