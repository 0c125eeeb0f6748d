/* SPDX-License-Identifier: BSD-2-Clause */
/* The build id, the linker's SHA-1 over the image in its ELF note (gABI, "Note Section"), and the date. */
#include <base/build.h>
#include <lib/types.h>

extern const u8 __build_id_start[], __build_id_end[];

#define NOTE_HEADER 16 /* sizes of name and value, type, "GNU\0" */
#define ID_MOST     20

const char *build_id(void)
{
    static char text[2 * ID_MOST + 1];
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;
    for (const u8 *p = __build_id_start + NOTE_HEADER; p < __build_id_end && len < 2 * ID_MOST;
         p++) {
        text[len++] = digits[*p >> 4];
        text[len++] = digits[*p & 15];
    }
    text[len] = '\0';
    return text;
}

u64 build_date(void)
{
    return BUILD_DATE;
}
