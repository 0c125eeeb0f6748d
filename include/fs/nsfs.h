/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Namespaces as files: where the links in /proc/PID/ns lead. Such a file keeps its namespace alive and setns(2)
 * takes it.
 */
#pragma once

#include <kernel/namespace.h>
#include <lib/types.h>

struct dentry;
struct file;
struct inode;

/* A nameless dentry of the namespace, referenced, which takes a reference on that. ERR_PTR(-ENOMEM). */
struct dentry *nsfs_dentry(struct ns *ns);

/* The namespace that a file or inode stands for, borrowed from it, or NULL: it is none. */
struct ns *nsfs_ns_of_file(const struct file *file);
struct ns *nsfs_ns_of(const struct inode *inode);

/* What links show of one: "uts:[4026531840]". Returns the length. */
size_t nsfs_name(const struct ns *ns, char *buf, size_t size);
