/* SPDX-License-Identifier: BSD-2-Clause */
/* What libc does not have (everywhere): for the kernel and for host builds alike. */
#include <lib/string.h>
#include <lib/types.h>

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t len = strlen(src);

    if (size) {
        size_t n = MIN(len, size - 1);

        memcpy(dst, src, n);
        dst[n] = '\0';
    }
    return len;
}

size_t strlcat(char *dst, const char *src, size_t size)
{
    size_t used = strnlen(dst, size);

    if (used == size)
        return size + strlen(src);
    return used + strlcpy(dst + used, src, size - used);
}

void *mem_find_not(const void *p, int c, size_t n)
{
    typedef u64 __attribute__((may_alias)) word;
    const u8 *s = p;
    word pattern = (u8)c * 0x0101010101010101ul;

    if (is_aligned(s, sizeof(word))) {
        while (n >= sizeof(word) && *(const word *)(const void *)s == pattern) {
            s += sizeof(word);
            n -= sizeof(word);
        }
    }
    for (; n; n--, s++) {
        if (*s != (u8)c)
            return (void *)(unsigned long)s;
    }
    return NULL;
}
