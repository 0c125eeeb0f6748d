/* SPDX-License-Identifier: BSD-2-Clause */
/* Names for addresses of the kernel's text, for panics: reads only, no locks. */
#pragma once

#include <lib/types.h>

/* Long enough for what these write; longer names are cut. */
#define SYMBOL_TEXT_MAX 64

/* Writes "function+0x1c", or the bare address where nothing is known. Returns buf. */
const char *symbol_format(vaddr_t addr, char *buf, size_t size);

/* The same for a return address: a call that does not return may be the last of its function. */
const char *symbol_format_return(vaddr_t addr, char *buf, size_t size);
