/* SPDX-License-Identifier: BSD-2-Clause */
// sources: tests/host/libfdt_oracle.c lib/string_extra.c
// libs: -lfdt
/* Any bytes as a device tree: refused or read as libfdt reads them, never a step outside. */
#include "fdt_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct blob given = {(u8 *)(unsigned long)data, size};
    struct blob blob = blob_copy(&given, size); /* of exactly this size, wherever malloc puts it */

    /* The fuzzer would waste its time to guess the size that the header must name. */
    if (size >= FDT_HEADER_SIZE)
        be32_put(blob.data + 4, (u32)size);
    compare(&blob);
    blob_free(&blob);
    return 0;
}
