/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for programs without a C library: strings, numbers, output. */
#ifndef USER_TEXT_H
#define USER_TEXT_H

#include <stdarg.h>

#include <lib/types.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Decimal digits, or hexadecimal after 0x; stops at the first other character. */
u64 text_number(const char *s);

/*
 * Formats %s %c %d %ld %u %lu %x %lx %p %% into buf, always terminated; returns the length that
 * was wanted. A width and a leading 0 or - as in C.
 */
size_t text_vformat(char *buf, size_t size, const char *format, va_list args);
size_t text_format(char *buf, size_t size, const char *format, ...) __printf_like(3, 4);

/* Formats at most 511 characters and writes them to fd at once. */
void text_print(int fd, const char *format, ...) __printf_like(2, 3);

#define print(...) text_print(1, __VA_ARGS__)
#define warn(...)  text_print(2, __VA_ARGS__)

/* The value of `name` in an environment, or NULL. */
const char *text_env(const char *const *envp, const char *name);

#endif
