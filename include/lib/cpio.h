/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reader of cpio archives in the newc format (magic 070701), as initramfs images use it: several
 * archives one after the other, with zeros between them. The archive comes from outside and is
 * checked entry by entry. Entries point into the archive, which must stay.
 *
 * Hard links: every name of a file is an entry with the same ino and device and nlink > 1; the
 * body is with the last of them, the others have size 0. To join them is the caller's part.
 */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include <lib/types.h>

struct cpio_reader {
    const u8 *data;
    size_t size;
    size_t pos;         /* of the next header */
    bool in_archive;    /* an archive has begun and its trailer has not been seen */
    const char *reason; /* after -EINVAL: what is wrong, */
    size_t where;       /* and at which byte */
};

#define CPIO_MODE_TYPE   0170000u /* the mode's file type; values as in Linux's S_IFMT */
#define CPIO_MODE_FIFO   0010000u
#define CPIO_MODE_CHAR   0020000u
#define CPIO_MODE_DIR    0040000u
#define CPIO_MODE_BLOCK  0060000u
#define CPIO_MODE_FILE   0100000u
#define CPIO_MODE_LINK   0120000u
#define CPIO_MODE_SOCKET 0140000u

struct cpio_entry {
    const char *name; /* NUL-terminated, no leading / or ./; "." is the root itself */
    size_t name_len;
    u32 ino;
    u32 mode; /* one of the seven file types and the permissions */
    u32 uid;
    u32 gid;
    u32 nlink;
    u32 mtime; /* seconds */
    u32 dev_major;
    u32 dev_minor;
    u32 rdev_major;
    u32 rdev_minor;
    const u8 *data; /* a file's contents, a symbolic link's target (not terminated) */
    u32 size;
};

/* Starts to read the archive at `data`. */
void cpio_init(struct cpio_reader *reader, const void *data, size_t size);

/*
 * The next entry. 1: *out is filled; 0: the end; -EINVAL: the archive is broken there, with
 * reader->reason and reader->where set (and every further call says the same). Every component of a
 * name is a real one: neither empty nor "." nor ".."; a symbolic link's target is not empty and has
 * no NUL; only files and links have a body.
 */
int cpio_next(struct cpio_reader *reader, struct cpio_entry *out);

#endif
