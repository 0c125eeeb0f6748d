/* SPDX-License-Identifier: BSD-2-Clause */
/* Device tree blobs for tests: compiled from dts/test/, or asked of an emulator. */
#ifndef FDT_BLOBS_H
#define FDT_BLOBS_H

#include <lib/endian.h>
#include <lib/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct blob {
    u8 *data; /* exactly `size` bytes from malloc: the sanitizer sees one too many */
    size_t size;
};

/* All that a command prints; size 0 when it fails. */
static inline struct blob blob_from_command(const char *command)
{
    struct blob blob = {malloc(4 << 20), 0};
    FILE *pipe = popen(command, "r");
    size_t n;

    while (pipe && (n = fread(blob.data + blob.size, 1, (4 << 20) - blob.size, pipe)) > 0)
        blob.size += n;
    if (!pipe || pclose(pipe))
        blob.size = 0;
    blob.data = realloc(blob.data, blob.size ? blob.size : 1);
    return blob;
}

/* Compiles dts/test/NAME.dts; the tests run at the top of the source tree. */
static inline struct blob blob_from_dts(const char *name)
{
    char command[200];

    snprintf(command, sizeof(command), "dtc -q -q -I dts -O dtb -o - dts/test/%s.dts", name);
    return blob_from_command(command);
}

static inline struct blob blob_copy(const struct blob *from, size_t size)
{
    struct blob blob = {malloc(size ? size : 1), size};

    memcpy(blob.data, from->data, size < from->size ? size : from->size);
    return blob;
}

static inline void blob_free(struct blob *blob)
{
    free(blob->data);
    *blob = (struct blob){NULL, 0};
}

static inline void be32_put(void *at, u32 value)
{
    u8 *p = at;

    p[0] = (u8)(value >> 24);
    p[1] = (u8)(value >> 16);
    p[2] = (u8)(value >> 8);
    p[3] = (u8)value;
}

#endif
