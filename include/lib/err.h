/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors in pointers: a function that returns a pointer returns ERR_PTR(-Exxx) when it fails. */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include <lib/errno.h>
#include <lib/types.h>

/* A pointer that carries the negative error number `error`. */
static inline void *ERR_PTR(long error)
{
    return (void *)error;
}

/* The negative error number in a pointer for which IS_ERR holds. */
static inline long PTR_ERR(const void *ptr)
{
    return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
    return unlikely((unsigned long)ptr >= (unsigned long)-ERRNO_MAX);
}

/* For who has done with the pointer: its error, or 0. */
static inline int PTR_ERR_OR_ZERO(const void *ptr)
{
    return IS_ERR(ptr) ? (int)PTR_ERR(ptr) : 0;
}

static inline bool IS_ERR_OR_NULL(const void *ptr)
{
    return unlikely(!ptr) || IS_ERR(ptr);
}

#endif
