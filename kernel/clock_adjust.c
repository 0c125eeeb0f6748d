/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Setting and adjusting the calendar.
 *
 * Nothing happens here while nothing is to be done: how large the error may be by now, and what a leap second
 * has come to, is found out when somebody asks. A timer is armed for the end of a second in which the clock is slewed, and
 * for a leap second, which the clock itself knows (time_set_leap): the timer tells those who wait.
 *
 * Lock: `clock adjust`, before the clock's own and the timer queues'. Listeners are told without it.
 */
#include <base/spinlock.h>
#include <kernel/caps.h>
#include <kernel/clock_adjust.h>
#include <kernel/clock_change.h>
#include <kernel/clock_rate.h>
#include <kernel/time.h>
#include <kernel/timer.h>
#include <lib/errno.h>

#define DAY         86400ul
#define ERROR_MOST  16000000 /* us: more cannot be told */
#define ERROR_DRIFT 500      /* us that the clock may be wrong by in a second */
#define TAI_MOST    100000

static struct spinlock lock = SPINLOCK_INIT("clock adjust");
static struct clock_rate rate = CLOCK_RATE_INIT;
static u64 rate_total = TIME_RATE_NOMINAL; /* what the clock was told */
static s32 status = STA_UNSYNC;
static s64 max_error = ERROR_MOST, estimated_error = ERROR_MOST; /* us */
static u64 error_since;                                          /* time_now_ns() of max_error */
static int state = TIME_OK;
static u64 leap_due;   /* time_now_ns(), in TIME_INS, TIME_DEL and TIME_OOP */
static u64 second_end; /* time_now_ns(), while the clock is slewed; else 0 */

/* Whoever waits for a date must be told, when the lock is released. */
struct news {
    bool told,
        jumped; /* jumped: it shows another time; else a leap second was planned, or is not to be */
};
static struct news news;

static void rings(struct timer *which);
static struct timer timer = {.fn = rings};

static struct news take_news(void)
{
    struct news taken = news;

    news = (struct news){0};
    return taken;
}

static void tell(struct news taken)
{
    if (taken.told)
        clock_tell(taken.jumped);
}

/* --- leap seconds, under the lock --- */

/* Lets the clock leap at the end of the day: back, when it would be midnight, or ahead, a second before. */
static void plan_leap(void)
{
    bool insert = status & STA_INS;
    u64 second = time_realtime_ns() / NSEC_PER_SEC + !insert;
    u64 at = (second - second % DAY + DAY - !insert) * NSEC_PER_SEC;

    leap_due = time_set_leap(at, insert ? -(s64)NSEC_PER_SEC : (s64)NSEC_PER_SEC);
    state = insert ? TIME_INS : TIME_DEL;
    news.told = true;
}

/* It has come, or is given up. */
static void end_leap(int next)
{
    time_set_leap(TIME_NEVER, 0);
    state = next;
    news.told = true;
}

static void await_leap(u64 now)
{
    bool insert = state == TIME_INS;

    if (now >= leap_due) {
        end_leap(insert ? TIME_OOP : TIME_WAIT);
        news.jumped = true;
    } else if (!(status & (insert ? STA_INS : STA_DEL))) {
        end_leap(TIME_OK);
    }
}

/* One step of what has become of it by `now`. */
static void follow_leap(u64 now)
{
    switch (state) {
    case TIME_OK:
        if (status & (STA_INS | STA_DEL))
            plan_leap();
        break;
    case TIME_INS:
    case TIME_DEL:
        await_leap(now);
        break;
    case TIME_OOP:
        if (now >= leap_due + NSEC_PER_SEC)
            state = TIME_WAIT;
        break;
    default:
        if (!(status & (STA_INS | STA_DEL)))
            state = TIME_OK;
    }
}

/* --- going on, under the lock --- */

static void set_max_error(s64 us, u64 now)
{
    max_error = us;
    error_since = now;
}

static void let_error_grow(u64 now)
{
    u64 seconds = (now - error_since) / NSEC_PER_SEC;

    error_since += seconds * NSEC_PER_SEC;
    max_error = MIN(max_error + (s64)MIN(seconds, 1ul << 32) * ERROR_DRIFT, (s64)ERROR_MOST + 1);
    if (max_error > ERROR_MOST) {
        max_error = ERROR_MOST;
        status |= STA_UNSYNC;
    }
}

/*
 * Begins the next second of slewing, if one is over, or there is something to be slewed and none has begun. It is one
 * of the counter's: as long on the clock as the rate says.
 */
static void slew(u64 now)
{
    if (second_end > now)
        return;
    second_end = clock_rate_second(&rate) ? now + (clock_rate_total(&rate) >> 32) : 0;
}

static void set_rate(void)
{
    u64 total = clock_rate_total(&rate);

    if (total == rate_total)
        return;
    rate_total = total;
    time_set_rate(total);
    timer_rate_changed();
}

static void set_timer(void)
{
    u64 next = second_end ? second_end : TIME_NEVER;

    if (state == TIME_INS || state == TIME_DEL)
        next = MIN(next, leap_due);
    if (next == TIME_NEVER)
        timer_cancel_nowait(&timer);
    else
        timer_set_ns(&timer, next);
}

/* Does all that is due. */
static void go_on(void)
{
    u64 now = time_now_ns();
    int before;

    let_error_grow(now);
    do {
        before = state;
        follow_leap(now);
    } while (state != before);
    slew(now);
    set_rate();
    set_timer();
}

static void rings(struct timer *which)
{
    struct news taken;

    (void)which;
    spin_lock_nested(&lock);
    go_on();
    taken = take_news();
    spin_unlock_nested(&lock);
    tell(taken);
}

/* --- setting --- */

/* A leap second that was to come is not any more: it is planned anew, from where the calendar is. */
static void forget_leap(void)
{
    if (state == TIME_INS || state == TIME_DEL)
        state = TIME_OK;
    else if (state == TIME_OOP)
        state = TIME_WAIT;
}

/* Under the lock: the calendar shows another time. */
static void jumped(void)
{
    forget_leap();
    news = (struct news){.told = true, .jumped = true};
}

void clock_set(u64 ns)
{
    irqflags_t flags = spin_lock(&lock);
    struct news taken;

    time_set_realtime(ns);
    jumped();
    rate.offset = rate.single = rate.slew = 0;
    second_end = 0;
    status |= STA_UNSYNC;
    set_max_error(ERROR_MOST, time_now_ns());
    estimated_error = ERROR_MOST;
    go_on();
    taken = take_news();
    spin_unlock(&lock, flags);
    tell(taken);
}

/* --- adjtimex --- */

static int check_single(u32 modes)
{
    if (!(modes & ADJ_OFFSET))
        return -EINVAL;
    return modes & ADJ_SINGLE_READ || caps_have(CAP_SYS_TIME) ? 0 : -EPERM;
}

/* The part of a second is not negative, so that what is before 1970 can be said in one way only. */
static int check_step(const struct linux_timex *tx)
{
    s64 parts = tx->modes & ADJ_NANO ? (s64)NSEC_PER_SEC : (s64)NSEC_PER_SEC / 1000;
    s64 most = (s64)(TIME_REALTIME_LIMIT / NSEC_PER_SEC);

    if (!caps_have(CAP_SYS_TIME))
        return -EPERM;
    if (tx->time.tv_usec < 0 || tx->time.tv_usec >= parts)
        return -EINVAL;
    return tx->time.tv_sec < most && tx->time.tv_sec > -most ? 0 : -EINVAL;
}

/* With 32 bits behind the point it must be a number of 64 bits. */
#define FREQ_LIMIT ((s64)((~0ul >> 1) / (1000 << 16)))

static int check(const struct linux_timex *tx)
{
    u32 modes = tx->modes;
    int err = 0;

    if (modes & ADJ_SINGLE)
        err = check_single(modes);
    else if (modes && !caps_have(CAP_SYS_TIME))
        err = -EPERM;
    else if (modes & ADJ_TICK && (tx->tick < 9000 || tx->tick > 11000))
        err = -EINVAL;
    if (!err && modes & ADJ_SETOFFSET)
        err = check_step(tx);
    if (!err && modes & ADJ_FREQUENCY && (tx->freq > FREQ_LIMIT || tx->freq < -FREQ_LIMIT))
        err = -EINVAL;
    return err;
}

/* From here on under the lock. */
static int step(const struct linux_timex *tx)
{
    s64 part = tx->modes & ADJ_NANO ? tx->time.tv_usec : tx->time.tv_usec * 1000;
    int err = time_step_realtime(tx->time.tv_sec * (s64)NSEC_PER_SEC + part);

    if (!err)
        jumped();
    return err;
}

static void set_status(s32 wanted, u64 now)
{
    if (status & STA_PLL && !(wanted & STA_PLL)) {
        end_leap(TIME_OK);
        status = 0;
    }
    if (!(status & STA_PLL) && wanted & STA_PLL)
        rate.updated = now / NSEC_PER_SEC;
    status = (status & STA_RONLY) | (wanted & STA_SETTABLE);
}

static void set_offset(s64 offset, u64 now)
{
    bool fll;

    if (!(status & STA_PLL))
        return;
    if (!(status & STA_NANO))
        offset = MIN(MAX(offset, -1000000l), 1000000l) * 1000;
    fll = clock_rate_set_offset(&rate, offset, now / NSEC_PER_SEC, (u32)status);
    status = fll ? status | STA_MODE : status & ~STA_MODE;
}

static s64 as_error(s64 us)
{
    return MIN(MAX(us, 0l), (s64)ERROR_MOST);
}

static void set_modes(const struct linux_timex *tx, u64 now)
{
    u32 modes = tx->modes;

    if (modes & ADJ_STATUS)
        set_status(tx->status, now);
    if (modes & ADJ_NANO)
        status |= STA_NANO;
    if (modes & ADJ_MICRO)
        status &= ~STA_NANO;
    if (modes & ADJ_FREQUENCY)
        clock_rate_set_frequency(&rate, tx->freq);
    if (modes & ADJ_MAXERROR)
        set_max_error(as_error(tx->maxerror), now);
    if (modes & ADJ_ESTERROR)
        estimated_error = as_error(tx->esterror);
    if (modes & ADJ_TIMECONST)
        clock_rate_set_constant(&rate, tx->constant, status & STA_NANO);
    if (modes & ADJ_OFFSET)
        set_offset(tx->offset, now);
    if (modes & ADJ_TICK)
        rate.tick = tx->tick;
}

static void set_tai(const struct linux_timex *tx)
{
    if (!(tx->modes & ADJ_TAI) || tx->constant < 0 || tx->constant > TAI_MOST)
        return;
    time_set_tai((s32)tx->constant);
    news.told = true;
}

/* Returns what is still to be slewed away; of adjtime's, what was before this. */
static s64 change(const struct linux_timex *tx)
{
    s64 left = rate.single;

    if (!(tx->modes & ADJ_SINGLE)) {
        set_modes(tx, time_now_ns());
        set_tai(tx);
        return clock_rate_offset(&rate) / (status & STA_NANO ? 1 : 1000);
    }
    if (!(tx->modes & ADJ_SINGLE_READ))
        rate.single = tx->offset;
    return left;
}

static void report(struct linux_timex *tx, s64 offset)
{
    u64 now = time_realtime_ns();
    s64 part = (s64)(now % NSEC_PER_SEC);

    *tx = (struct linux_timex){
        .modes = tx->modes,
        .offset = offset,
        .freq = clock_rate_frequency(&rate),
        .maxerror = max_error,
        .esterror = estimated_error,
        .status = status,
        .constant = rate.constant,
        .precision = 1,
        .tolerance = CLOCK_FREQ_MOST,
        .time = {(s64)(now / NSEC_PER_SEC), status & STA_NANO ? part : part / 1000},
        .tick = rate.tick,
        .tai = time_tai(),
    };
}

int clock_adjust(struct linux_timex *tx)
{
    struct news taken;
    irqflags_t flags;
    s64 offset;
    int result = check(tx);

    if (result)
        return result;
    flags = spin_lock(&lock);
    go_on();
    if (tx->modes & ADJ_SETOFFSET)
        result = step(tx);
    if (!result) {
        offset = change(tx);
        go_on();
        report(tx, offset);
        result = status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : state;
    }
    taken = take_news();
    spin_unlock(&lock, flags);
    tell(taken);
    return result;
}
