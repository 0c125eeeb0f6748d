/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types and small macros that every file may use. Works for the kernel (freestanding) and for
 * host builds, where libc's headers supply what libc insists on owning. All of Quire is LP64: u64
 * is `unsigned long` in both worlds, so %lu and %lx print u64, paddr_t, vaddr_t and pfn_t alike.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if __STDC_HOSTED__
#include <sys/types.h>
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long s64;

/* A physical address, a virtual address, and a page frame number (physical address / 4096). */
typedef u64 paddr_t;
typedef unsigned long vaddr_t;
typedef u64 pfn_t;

#if !__STDC_HOSTED__
typedef long ssize_t;
#endif

#ifndef static_assert
#define static_assert _Static_assert
#endif

static_assert(sizeof(u64) == 8 && sizeof(void *) == 8, "Quire is LP64");

#define KiB 1024ul
#define MiB (1024ul * KiB)
#define GiB (1024ul * MiB)

#define BIT(n) (1ul << (n))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef MAX
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif

/* Alignment to a power of two; the result has the type of x. ALIGN_UP wraps to 0 at the top. */
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define ALIGN_UP(x, a)   ALIGN_DOWN((x) + (__typeof__(x))(a)-1, a)
#define is_aligned(x, a) (((unsigned long)(x) & ((unsigned long)(a)-1)) == 0)

/* The object of `type` whose member `member` lies at `ptr`. */
#define container_of(ptr, type, member)                      \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member) + \
                      0 * sizeof((ptr) == &((type *)0)->member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __printf_like(text, first) __attribute__((format(printf, text, first)))
#define __noreturn                 __attribute__((noreturn))
#define __section(name)            __attribute__((section(name)))
#ifndef __packed
#define __packed __attribute__((packed))
#endif
#ifndef __aligned
#define __aligned(n) __attribute__((aligned(n)))
#endif
#ifndef __used
#define __used __attribute__((used))
#endif
#ifndef __unused
#define __unused __attribute__((unused))
#endif
#ifndef __must_check
#define __must_check __attribute__((warn_unused_result))
#endif
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

/* One load or store that the compiler neither tears, repeats, merges nor drops. Orders nothing. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
