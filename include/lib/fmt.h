/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted print. Understands %d %i %u %x %X %o %c %s %p %% with the flags - 0 + space #, width
 * and precision (numbers or *), and the lengths hh h l ll z t j. Anything else is printed as
 * it stands, so that a wrong format is seen and never reads a wrong argument. %p prints
 * 0x and 16 digits; %s of NULL prints (null). Allocates nothing, needs about 300 bytes of stack.
 */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <lib/types.h>
#include <stdarg.h>

/* Where the text goes: embed it in a struct of your own. `put` gets n >= 1 bytes, no NUL. */
struct fmt_sink {
    void (*put)(struct fmt_sink *sink, const char *text, size_t n);
};

/* Print into a sink; return the number of bytes put. */
size_t fmt_v(struct fmt_sink *sink, const char *format, va_list args) __printf_like(2, 0);
size_t fmt_print(struct fmt_sink *sink, const char *format, ...) __printf_like(2, 3);

/*
 * Print into a buffer of `size` bytes, terminated whenever size > 0. Return the length that the
 * whole text has, without the NUL: a result >= size says that it was cut.
 */
size_t fmt_vsnprintf(char *buf, size_t size, const char *format, va_list args) __printf_like(3, 0);
size_t fmt_snprintf(char *buf, size_t size, const char *format, ...) __printf_like(3, 4);

/* Likewise, but return the number of bytes that are in the buffer now, without the NUL. */
size_t fmt_scnprintf(char *buf, size_t size, const char *format, ...) __printf_like(3, 4);

#endif
