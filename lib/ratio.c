/* SPDX-License-Identifier: BSD-2-Clause */
/* Long division, a bit at a time: rarely done, and short. */
#include <lib/ratio.h>

typedef unsigned __int128 wide;

/* Brings down the next bit, which is 0: the bit of the quotient. rest < from before and after. */
static bool next_bit(wide *rest, wide from)
{
    bool carry = *rest >> 127;

    *rest <<= 1;
    if (!carry && *rest < from)
        return false;
    *rest -= from;
    return true;
}

struct ratio ratio_make(u64 to, u64 from)
{
    struct ratio r = {.whole = to / from};
    wide rest = to % from;

    for (unsigned i = 0; i < 64; i++)
        r.fraction = r.fraction << 1 | next_bit(&rest, from);
    return r;
}

/* 2^128 / (r * 2^64) has the 64 bits behind the point that are wanted: a one, and 128 zeros. */
struct ratio ratio_inverse(struct ratio r)
{
    wide from = (wide)r.whole << 64 | r.fraction;
    wide rest = 1;
    wide quotient = 0;

    for (unsigned i = 0; i < 128; i++)
        quotient = quotient << 1 | next_bit(&rest, from);
    return (struct ratio){.whole = (u64)(quotient >> 64), .fraction = (u64)quotient};
}
