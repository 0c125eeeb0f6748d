/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The direct map of host tests: a reserved piece of the host's address space in which
 * host_add_ram() makes parts usable. A constant address, so that it can stand in constants; above all
 * that the sanitizer's runtime uses.
 */
#pragma once

#include <lib/types.h>

#define DIRECT_BASE 0x200000000000ul
#define DIRECT_SIZE (252ul << 30)
