/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path lookup: from text to dentries. Follows symbolic links (40 at most), mount points and
 * "..", stays inside the process's root.
 *
 * `at` is where relative paths start, NULL for the current directory (AT_FDCWD). Everything that
 * is handed out is referenced. Common errors: -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -ENOMEM.
 */
#pragma once

#include <fs/dentry.h>

#define LOOKUP_FOLLOW    1u /* follow a symbolic link in the last place */
#define LOOKUP_DIRECTORY 2u /* the result must be a directory, else -ENOTDIR */
#define LOOKUP_EMPTY     4u /* an empty path means `at` itself (AT_EMPTY_PATH) */

/* Finds what the path names. */
int path_lookup(struct dentry *at, const char *path, unsigned flags, struct dentry **out);

/* The last step of a path, for callers that make or remove a name. */
struct path_last {
    struct dentry *dir;   /* the directory, referenced */
    struct dentry *found; /* what has that name there now, referenced, or NULL */
    struct name name;     /* points into `path` or into `link` */
    bool slashes;         /* the name was followed by slashes */
    bool special;         /* the path ends in "/", "." or "..": found is set, name is not */
    char *link;           /* memory of the text of links followed, or NULL */
};

/*
 * Walks to the last component and looks for it. With LOOKUP_FOLLOW a symbolic link there is
 * followed, so `dir` and `name` are where the link leads. Only the last name may be missing.
 * path_last_put() releases everything.
 */
int path_last(struct dentry *at, const char *path, unsigned flags, struct path_last *out);
void path_last_put(struct path_last *last);
