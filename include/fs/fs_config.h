/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the options of mount(2) and fsconfig(2) say: a value for each option that was given.
 *
 * All options that any file system has are in one table (fs/fs_config.c); a type names those that
 * it knows. What is in force is kept in the super and shown in /proc/mounts. No locks: a config
 * belongs to who fills it in.
 */
#pragma once

#include <lib/types.h>

struct fmt_sink;
struct fs_type;

enum fs_option {
    FS_OPTION_SIZE,    /* bytes that files may hold; 0: no limit */
    FS_OPTION_INODES,  /* files, directories, links at once; 0: no limit */
    FS_OPTION_MODE,    /* the root's permissions */
    FS_OPTION_UID,     /* the root's owner */
    FS_OPTION_GID,     /* its group; of proc: the group that hidepid does not hold up */
    FS_OPTION_HIDEPID, /* enum fs_hidepid */
    FS_OPTION_SUBSET,  /* 1: /proc without the files of no process */
    FS_OPTIONS
};

/* /proc's directories of processes that one may not look into; the numbers are Linux's. */
enum fs_hidepid {
    HIDEPID_OFF = 0,
    HIDEPID_NOACCESS = 1,
    HIDEPID_INVISIBLE = 2,
    HIDEPID_PTRACEABLE = 4
};

struct fs_config {
    u64 value[FS_OPTIONS];
    u32 given;     /* BIT(enum fs_option) of those that have a value */
    bool readonly; /* "ro" */
};

static inline u64 fs_config_get(const struct fs_config *config, enum fs_option option, u64 usual)
{
    u32 given = __atomic_load_n(&config->given, __ATOMIC_ACQUIRE);

    return given & BIT(option) ? READ_ONCE(config->value[option]) : usual;
}

/*
 * Sets one option; value NULL: it was given without one. -EINVAL: the type does not know it (those that
 * ignore what they do not know: 0), or that is no value for it.
 */
int fs_config_set(struct fs_config *config, const struct fs_type *type, const char *key,
                  const char *value);

/* The same for "key=value,key,..."; the text, which may be NULL, is cut up. What was set before an error stays set. */
int fs_config_parse(struct fs_config *config, const struct fs_type *type, char *text);

/* Prints ",key=value" for each option that has a value, as /proc/mounts shows them. */
void fs_config_print(const struct fs_config *config, struct fmt_sink *sink);
