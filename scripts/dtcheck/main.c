/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dtcheck [--json] [--image FILE] TREE.dtb
 *
 * Exit status: 0 where Quire would boot, 1 where it would not, 2 when the file is no device tree.
 */
#include "dtcheck.h"
#include <lib/endian.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST (16 * MiB)
#define IMAGE_SIZE_OFFSET \
    16 /* in the header: Linux, Documentation/arch/riscv/boot-image-header.rst */

static struct fdt fdt;
static struct machine machine;

/* At most FILE_MOST bytes of a file, or NULL. */
static u8 *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    u8 *data = f ? malloc(FILE_MOST) : NULL;
    *size = data ? fread(data, 1, FILE_MOST, f) : 0;
    if (f)
        fclose(f);
    return data;
}

/* The memory that the image takes, from its header; 0 when there is none. */
static u64 image_size(const char *path)
{
    u8 header[64];
    u64 size = 0;
    FILE *f = path ? fopen(path, "rb") : NULL;
    if (f && fread(header, 1, sizeof(header), f) == sizeof(header) &&
        !memcmp(header + 56, "RSC\5", 4))
        memcpy(&size, header + IMAGE_SIZE_OFFSET, sizeof(size));
    if (f)
        fclose(f);
    return size < GiB ? size : 0;
}

static int check(const char *path, const char *image, bool json)
{
    size_t size;
    u8 *blob = read_file(path, &size);
    if (!blob || !size) {
        fprintf(stderr, "dtcheck: %s cannot be read\n", path);
        return 2;
    }
    if (fdt_check(blob, size, &fdt)) {
        fprintf(stderr, "dtcheck: %s is no usable device tree: %s (byte %u)\n", path, fdt.reason,
                fdt.where);
        return 2;
    }
    machine_read(&machine, &fdt, image_size(image));
    (json ? json_print : report_print)(&machine, stdout);
    int status = machine_boots(&machine) ? 0 : 1;
    machine_free(&machine);
    free(blob);
    return status;
}

int main(int argc, char **argv)
{
    const char *tree = NULL, *image = NULL;
    bool json = false, wrong = false;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = true;
        else if (!strcmp(argv[i], "--image") && i + 1 < argc)
            image = argv[++i];
        else if (tree)
            wrong = true;
        else
            tree = argv[i];
    }
    if (!tree || wrong) {
        fprintf(stderr, "usage: dtcheck [--json] [--image build/Image] TREE.dtb\n");
        return 2;
    }
    return check(tree, image, json);
}
