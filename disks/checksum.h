/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checksum.h - the 64-bit checksum of every block on disk; shared by the kernel and the tools.
 *
 * Freestanding, header-only, no libc. Four lanes eat eight bytes each per round, so that a core
 * with a pipelined multiplier works on four products at once; a page takes 128 rounds.
 *
 * What it must do: find every flipped bit, lost or stale sector, and swapped or misplaced block
 * (the seed is the block's identity, format.h). It is not cryptographic: an adversary who can write
 * the disk can forge it.
 *
 * The constants are odd numbers with about half their bits set, made from the binary digits of the
 * square roots of 2, 3, 5 and 7, and of pi for the finish; nothing depends on their exact values.
 */
#ifndef LATCHKEY_DISKS_CHECKSUM_H
#define LATCHKEY_DISKS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_LANE_0 0x6a09e667f3bcc909ull
#define CHECKSUM_LANE_1 0xbb67ae8584caa73bull
#define CHECKSUM_LANE_2 0x3c6ef372fe94f82bull
#define CHECKSUM_LANE_3 0xa54ff53a5f1d36f1ull
#define CHECKSUM_FINISH 0x243f6a8885a308d3ull

/* Both of these are in the loop, and are part of it even where the compiler is told to be small. */
#define CHECKSUM_INLINE static inline __attribute__((always_inline))

CHECKSUM_INLINE uint64_t checksum_word(const uint8_t *source)
{
    uint64_t word;
    __builtin_memcpy(&word, __builtin_assume_aligned(source, sizeof(word)), sizeof(word));
    return word;
}

/* One step of one lane: a bijection of the lane for every word, and of the word for every lane, so
 * that a single changed word always changes the lane. A product carries a changed bit upwards only;
 * the top bit would stay alone and a second flipped bit in the next word could cancel it. Hence the
 * fold, which brings the upper half down, and a second product, which spreads it again. */
CHECKSUM_INLINE uint64_t checksum_step(uint64_t lane, uint64_t word, uint64_t multiplier)
{
    lane = (lane ^ word) * multiplier;
    return (lane ^ lane >> 32) * CHECKSUM_FINISH;
}

/* Mix all bits into all bits. */
static inline uint64_t checksum_mix(uint64_t value)
{
    value ^= value >> 32;
    value *= CHECKSUM_FINISH;
    value ^= value >> 29;
    value *= CHECKSUM_LANE_1;
    value ^= value >> 32;
    return value;
}

/* checksum64 - checksum of a buffer.
 *
 * source      aligned to 8 bytes.
 * size_bytes  a multiple of 8.
 * seed        CHECKSUM_* of the block's kind, plus its identity as format.h says for each kind.
 * Returns     64 bits; never depends on anything but the bytes, their number and the seed.
 */
static inline uint64_t checksum64(const void *source, size_t size_bytes, uint64_t seed)
{
    const uint8_t *at = source;
    uint64_t lanes[4] = {
        checksum_mix(seed ^ CHECKSUM_LANE_0),
        checksum_mix(seed ^ CHECKSUM_LANE_1),
        checksum_mix(seed ^ CHECKSUM_LANE_2),
        checksum_mix(seed ^ CHECKSUM_LANE_3),
    };
    size_t left = size_bytes;
    for (; left >= 32; left -= 32, at += 32) {
        lanes[0] = checksum_step(lanes[0], checksum_word(at), CHECKSUM_LANE_0);
        lanes[1] = checksum_step(lanes[1], checksum_word(at + 8), CHECKSUM_LANE_1);
        lanes[2] = checksum_step(lanes[2], checksum_word(at + 16), CHECKSUM_LANE_2);
        lanes[3] = checksum_step(lanes[3], checksum_word(at + 24), CHECKSUM_LANE_3);
    }
    for (; left >= 8; left -= 8, at += 8)
        lanes[0] = checksum_step(lanes[0], checksum_word(at), CHECKSUM_LANE_2);
    uint64_t sum = checksum_mix(lanes[0] + size_bytes);
    sum = checksum_mix(sum ^ lanes[1]);
    sum = checksum_mix(sum ^ lanes[2]);
    return checksum_mix(sum ^ lanes[3]);
}

/* checksum_seed - the seed for a block of one kind with one identity (first object id, or
 * generation). */
static inline uint64_t checksum_seed(uint64_t kind, uint64_t identity)
{
    return checksum_mix(kind) ^ (identity * CHECKSUM_LANE_2);
}

#endif
