/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seals: promises about a file that whoever it is handed to can rely on (fcntl F_ADD_SEALS). Only ever added.
 *
 * The inode's lock guards `bits` and covers whatever they forbid: writes, changes of size, and the step from
 * "may this be mapped for writing" to its being counted. `writers` is atomic: mappings come and go without it.
 */
#pragma once

#include <lib/types.h>

struct file;

struct seals {
    u32 bits;    /* F_SEAL_* */
    s32 writers; /* shared mappings that are or may become writable, and those under way */
};

/* Whether the size may change so: 0, -EPERM. */
int seals_check_resize(const struct seals *seals, u64 from, u64 to);

/*
 * Whether *len bytes may be written at pos of a file of that size; what would make it grow although it must not
 * is cut off, a page at a time as Linux does. 0, -EPERM.
 */
int seals_check_write(const struct seals *seals, u64 pos, u64 size, size_t *len);

/* Whether bytes may be changed at all. 0, -EPERM. */
int seals_check_change(const struct seals *seals);

/* Whether permissions may change so. 0, -EPERM. */
int seals_check_mode(const struct seals *seals, u32 from, u32 to);

/* Counts a new writable mapping, unless that is forbidden. */
bool seals_claim(struct seals *seals);

/* F_ADD_SEALS: -EINVAL (unknown, or a file without seals), -EPERM, -EBUSY (mapped for writing). F_GET_SEALS. */
int file_add_seals(struct file *file, u32 bits);
int file_get_seals(struct file *file);
