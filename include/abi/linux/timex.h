/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux riscv64: adjtimex(2). */
#ifndef ABI_LINUX_TIMEX_H
#define ABI_LINUX_TIMEX_H

#include <abi/linux/time.h>
#include <lib/types.h>

struct linux_timex {
    u32 modes;
    u32 pad0;
    s64 offset; /* us; ns with STA_NANO */
    s64 freq;   /* 2^-16 ppm */
    s64 maxerror;
    s64 esterror;
    s32 status;
    u32 pad1;
    s64 constant;
    s64 precision;
    s64 tolerance;
    struct linux_timeval time; /* tv_usec: ns with STA_NANO, or ADJ_NANO */
    s64 tick;                  /* us of one of a hundred parts of a second */
    s64 ppsfreq; /* from here to stbcnt: a signal each second, of which there is none here */
    s64 jitter;
    s32 shift;
    u32 pad2;
    s64 stabil;
    s64 jitcnt;
    s64 calcnt;
    s64 errcnt;
    s64 stbcnt;
    s32 tai;
    u32 pad3[11];
};

#define ADJ_OFFSET            0x0001
#define ADJ_FREQUENCY         0x0002
#define ADJ_MAXERROR          0x0004
#define ADJ_ESTERROR          0x0008
#define ADJ_STATUS            0x0010
#define ADJ_TIMECONST         0x0020
#define ADJ_TAI               0x0080
#define ADJ_SETOFFSET         0x0100
#define ADJ_MICRO             0x1000
#define ADJ_NANO              0x2000
#define ADJ_TICK              0x4000
#define ADJ_OFFSET_SINGLESHOT 0x8001 /* as adjtime(3) */
#define ADJ_OFFSET_SS_READ    0xa001
#define ADJ_SINGLE            0x8000 /* of both, the bit that is theirs alone, */
#define ADJ_SINGLE_READ       0x2000 /* and the one that they differ in */

#define STA_PLL      0x0001
#define STA_FLL      0x0008
#define STA_INS      0x0010
#define STA_DEL      0x0020
#define STA_UNSYNC   0x0040
#define STA_FREQHOLD 0x0080
#define STA_CLOCKERR 0x1000
#define STA_NANO     0x2000
#define STA_MODE     0x4000
#define STA_SETTABLE 0x00ff /* by programs */
#define STA_RONLY    0xff00

#define TIME_OK    0
#define TIME_INS   1 /* a leap second will be inserted at the end of the day, */
#define TIME_DEL   2 /* or left out */
#define TIME_OOP   3 /* it is under way */
#define TIME_WAIT  4 /* it is over */
#define TIME_ERROR 5 /* the clock is not synchronised */

#endif
