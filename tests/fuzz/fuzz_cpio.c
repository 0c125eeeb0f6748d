/* SPDX-License-Identifier: BSD-2-Clause */
// sources: lib/cpio.c lib/string_extra.c
/* Any bytes as a cpio archive: every entry lies inside, and no name leads out of the root. */
#include <lib/cpio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_name(const char *name, size_t len)
{
    char copy[4096], *save;

    check(len > 0 && len < sizeof(copy) && strlen(name) == len && name[0] != '/');
    strcpy(copy, name);
    for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save))
        check(strcmp(part, "..") && (strcmp(part, ".") || !strcmp(name, ".")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    size_t entries = 0;
    int result;

    cpio_init(&reader, data, size);
    while ((result = cpio_next(&reader, &entry)) == 1) {
        check_name(entry.name, entry.name_len);
        check(!entry.size || (entry.data >= data && entry.data <= data + size &&
                              entry.size <= (size_t)(data + size - entry.data)));
        check(++entries <= size / 112);
    }
    check((result < 0) == (reader.reason != NULL) && reader.where <= size);
    return 0;
}
