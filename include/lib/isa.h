/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks extensions up in the strings with which device trees describe a RISC-V cpu: riscv,isa
 * ("rv64imafdc_zicsr_sstc") and the string list riscv,isa-extensions. Only text; what an
 * extension means is not known here.
 */
#ifndef LIB_ISA_H
#define LIB_ISA_H

#include <lib/types.h>

/*
 * Whether riscv,isa string `isa` names extension `ext`: one letter ("d"; g stands for imafd) or
 * a word ("sstc"). Case does not matter, versions ("zicsr2p0") are skipped.
 */
bool isa_has(const char *isa, const char *ext);

/* The same for a list of NUL-terminated strings of `len` bytes in all. */
bool isa_list_has(const void *list, size_t len, const char *ext);

/* The register width that riscv,isa begins with: 32, 64 or 128; 0 when it makes no sense. */
unsigned isa_xlen(const char *isa);

#endif
