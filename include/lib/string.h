/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and strings. In the kernel the standard names are ours (lib/memory.c, lib/string.c); host
 * builds use libc's, and take from here only what libc lacks. No function makes a wide access
 * that is not naturally aligned: boards trap them to firmware, slowly or for good.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <lib/types.h>

#if __STDC_HOSTED__
#include <string.h>
#else
/* As in the C standard. */
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#endif

/*
 * As in the BSDs: copy (append) at most size - 1 bytes and always terminate when size > 0. Return
 * the length that was wanted; a result >= size says that it was cut.
 */
size_t strlcpy(char *dst, const char *src, size_t size);
size_t strlcat(char *dst, const char *src, size_t size);

/* The first byte of [p, p + n) that is not `c`, or NULL: the check of a poison pattern. */
void *mem_find_not(const void *p, int c, size_t n);

/* Clears or copies one 4096-byte page; pointers 8-byte aligned, pages not overlapping. */
void page_zero(void *page);
void page_copy(void *dst, const void *src);

#endif
