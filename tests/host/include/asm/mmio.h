/* SPDX-License-Identifier: BSD-2-Clause */
/* Device registers in host tests: the test that uses a driver supplies the device. */
#pragma once

#include <lib/types.h>

u8 mmio_read8(const volatile void *reg);
u16 mmio_read16(const volatile void *reg);
u32 mmio_read32(const volatile void *reg);
void mmio_write8(volatile void *reg, u8 value);
void mmio_write16(volatile void *reg, u16 value);
void mmio_write32(volatile void *reg, u32 value);
