/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libfdt says about a blob, under names that clash neither with its own nor with our reader's.
 * Negative results are libfdt's errors; only "not found" is compared.
 */
#ifndef LIBFDT_ORACLE_H
#define LIBFDT_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool oracle_accepts(const void *blob, size_t size);
int oracle_next_node(const void *blob, int node); /* -1: the first */
int oracle_first_child(const void *blob, int node);
int oracle_next_sibling(const void *blob, int node);
int oracle_parent(const void *blob, int node);
const char *oracle_name(const void *blob, int node);
int oracle_path(const void *blob, int node, char *buf, int size);
int oracle_find_path(const void *blob, const char *path);
int oracle_find_by_phandle(const void *blob, uint32_t phandle);
int oracle_next_compatible(const void *blob, int from, const char *compatible);
bool oracle_compatible(const void *blob, int node, const char *compatible);
uint32_t oracle_phandle(const void *blob, int node);
const void *oracle_get(const void *blob, int node, const char *name, int *len);
/* Property number i of the node; NULL behind the last. */
const void *oracle_prop(const void *blob, int node, int i, const char **name, int *len);
int oracle_reserved_count(const void *blob);
void oracle_reserved(const void *blob, int i, uint64_t *addr, uint64_t *size);
/* Removes the node's first property, if it has any, as it is done in place: by nops. */
void oracle_nop_first_prop(void *blob, int node);
/* Shrinks the blob to what it holds; returns the new size. */
size_t oracle_pack(void *blob);

#endif
