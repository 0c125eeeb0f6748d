/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers (see include/fs/rng.h).
 *
 * The state is one 256-bit key. Each request runs ChaCha20 under it; the first half of the first
 * block becomes the next key at once ("fast key erasure"), so that what was given out cannot be
 * computed from a later state. Input is absorbed by XOR into the key and one run of the cipher.
 * The counter's low bits go in with each request. A spinlock guards the key.
 */
#include <fs/rng.h>

#include <base/spinlock.h>
#include <kernel/time.h>
#include <lib/chacha20.h>
#include <lib/string.h>

#define KEY_BYTES 32u

static struct spinlock rng_lock = SPINLOCK_INIT("rng");
static u32 rng_key[KEY_BYTES / 4];
static bool seeded;

/* Replaces the key; writes the other half of the block, 32 fresh bytes, to `out`. */
static void next_block(u8 out[KEY_BYTES])
{
    u64 now = time_now_ticks();
    const u32 nonce[3] = {(u32)now, (u32)(now >> 32), 0};
    u8 block[CHACHA20_BLOCK];

    chacha20_block(rng_key, 0, nonce, block);
    memcpy(rng_key, block, KEY_BYTES);
    memcpy(out, block + KEY_BYTES, KEY_BYTES);
    memset(block, 0, sizeof(block));
}

static void absorb(const u8 *bytes, size_t len)
{
    u8 mix[KEY_BYTES];

    memcpy(mix, rng_key, KEY_BYTES);
    for (size_t i = 0; i < len; i++)
        mix[i] ^= bytes[i];
    memcpy(rng_key, mix, KEY_BYTES);
    next_block(mix);
    memset(mix, 0, sizeof(mix));
}

void rng_add(const void *bytes, size_t len, bool trusted)
{
    const u8 *from = bytes;
    irqflags_t flags = spin_lock(&rng_lock);

    for (size_t part; len; from += part, len -= part) {
        part = MIN(len, (size_t)KEY_BYTES);
        absorb(from, part);
    }
    seeded |= trusted;
    spin_unlock(&rng_lock, flags);
}

/* The stream of one request: blocks under a key that nobody else ever sees. */
static void stream(u32 key[KEY_BYTES / 4], u8 *to, size_t len)
{
    static const u32 nonce[3];
    u8 block[CHACHA20_BLOCK];

    for (u32 counter = 0; len; counter++) {
        size_t part = MIN(len, sizeof(block));
        chacha20_block(key, counter, nonce, block);
        memcpy(to, block, part);
        to += part;
        len -= part;
    }
    memset(block, 0, sizeof(block));
}

void rng_bytes(void *buf, size_t len)
{
    u8 fresh[KEY_BYTES];
    u32 key[KEY_BYTES / 4];
    irqflags_t flags = spin_lock(&rng_lock);

    next_block(fresh);
    spin_unlock(&rng_lock, flags);
    if (len <= sizeof(fresh)) {
        memcpy(buf, fresh, len);
    } else {
        memcpy(key, fresh, sizeof(key));
        stream(key, buf, len);
        memset(key, 0, sizeof(key));
    }
    memset(fresh, 0, sizeof(fresh));
}

bool rng_seeded(void)
{
    return READ_ONCE(seeded);
}
