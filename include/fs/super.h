/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making file systems: from the name of a type and options to a super with a root, which whoever
 * mounts it gives a place. The struct itself is in <fs/inode.h>.
 */
#pragma once

#include <fs/inode.h>

/* Makes a type known, at start-up; the struct must stay for ever. */
void fs_type_register(struct fs_type *type);

/* The type of that name, or NULL. */
const struct fs_type *fs_type_find(const char *name);

/* Prints /proc/filesystems. */
void fs_type_print(struct fmt_sink *sink);

/*
 * A file system with a root that is mounted nowhere yet, or ERR_PTR(-ENODEV: type is NULL; -ENOMEM).
 * `source` is what /proc/mounts shows; NULL and empty: "none". Copies what it is given. May sleep.
 */
struct super *super_make(const struct fs_type *type, const char *source,
                         const struct fs_config *config);

/* The end of one that is mounted nowhere: nobody finds its files any more; those that are open stay. */
void super_drop(struct super *super);

/*
 * Changes the options in force to what is given in `config`, as far as the type lets them be changed later.
 * -EINVAL: a limit that is passed already; then nothing changes.
 */
int super_reconfigure(struct super *super, const struct fs_config *config);
