/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/libfdt_oracle.c lib/string_extra.c
// libs: -lfdt
/*
 * The same comparison with libfdt when the reader's index holds only the first few nodes: what big
 * trees meet in the kernel.
 */
#define FDT_INDEX_NODES 5
#define MUTANTS         800
#include "test_lib_fdt_libfdt.c"
