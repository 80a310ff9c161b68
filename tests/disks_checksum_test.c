/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disks_checksum_test.c - what checksum.h promises, measured. */
#include "disks/checksum.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support_disks.h"

#define SEED 20260101u /* of the random bytes in this file */

static void fill(uint8_t *bytes, size_t size_bytes, uint64_t seed)
{
    struct random random = {seed};
    for (size_t i = 0; i < size_bytes; i++)
        bytes[i] = (uint8_t)random_next(&random);
}

Test(checksum, finds_every_flipped_bit_of_a_page)
{
    uint8_t page[BLOCK_BYTES];
    fill(page, sizeof(page), SEED);
    uint64_t good = checksum64(page, sizeof(page), 1);
    for (unsigned bit = 0; bit < 8 * BLOCK_BYTES; bit++) {
        page[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_neq(checksum64(page, sizeof(page), 1), good, "bit %u", bit);
        page[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

Test(checksum, finds_every_flipped_pair_of_bits_of_a_short_page)
{
    uint8_t bytes[64] = {0};
    uint64_t good = checksum64(bytes, sizeof(bytes), 1);
    for (unsigned first = 0; first < 512; first++)
        for (unsigned second = first + 1; second < 512; second++) {
            bytes[first / 8] ^= (uint8_t)(1u << first % 8);
            bytes[second / 8] ^= (uint8_t)(1u << second % 8);
            cr_assert_neq(checksum64(bytes, sizeof(bytes), 1), good, "%u and %u", first, second);
            memset(bytes, 0, sizeof(bytes));
        }
}

Test(checksum, finds_two_hundred_thousand_errors_of_a_few_bits)
{
    uint8_t page[BLOCK_BYTES];
    struct random random = {SEED};
    fill(page, sizeof(page), SEED);
    uint64_t good = checksum64(page, sizeof(page), 1);
    for (unsigned round = 0; round < 200000; round++) {
        unsigned bits[8], count = 2 + (unsigned)random_below(&random, 7);
        uint64_t near = random_below(&random, 8 * BLOCK_BYTES - 1024);
        for (unsigned i = 0; i < count; i++) {
            bits[i] = (unsigned)(near + random_below(&random, 1024));
            page[bits[i] / 8] ^= (uint8_t)(1u << bits[i] % 8);
        }
        bool same = checksum64(page, sizeof(page), 1) == good;
        for (unsigned i = 0; i < count; i++)
            page[bits[i] / 8] ^= (uint8_t)(1u << bits[i] % 8);
        if (same) { /* the flips may have undone each other */
            unsigned left = 0;
            for (unsigned i = 0; i < count; i++)
                for (unsigned j = 0; j < count; j++)
                    left += bits[i] == bits[j];
            cr_assert_neq(left, count, "seed %u round %u", SEED, round);
        }
    }
}

/* Flip one bit in every word: each of the 64 result bits must flip in about half of the cases. */
Test(checksum, any_flipped_bit_changes_about_half_of_the_result)
{
    uint8_t page[BLOCK_BYTES];
    unsigned flips[64] = {0}, cases = 0;
    fill(page, sizeof(page), SEED + 1);
    uint64_t good = checksum64(page, sizeof(page), 1);
    for (unsigned bit = 0; bit < 8 * BLOCK_BYTES; bit += 5, cases++) {
        page[bit / 8] ^= (uint8_t)(1u << bit % 8);
        uint64_t changed = checksum64(page, sizeof(page), 1) ^ good;
        page[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_geq(__builtin_popcountll(changed), 8, "bit %u", bit);
        for (unsigned i = 0; i < 64; i++)
            flips[i] += (unsigned)(changed >> i & 1);
    }
    for (unsigned i = 0; i < 64; i++) /* half of 6554 is 3277; a twentieth is 8 deviations */
        cr_assert(flips[i] > cases * 9 / 20 && flips[i] < cases * 11 / 20, "result bit %u: %u", i,
                  flips[i]);
}

Test(checksum, depends_on_every_bit_of_the_seed)
{
    uint8_t page[BLOCK_BYTES];
    fill(page, sizeof(page), SEED + 2);
    uint64_t good = checksum64(page, sizeof(page), 7);
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t changed = checksum64(page, sizeof(page), 7 ^ 1ull << bit) ^ good;
        cr_assert_geq(__builtin_popcountll(changed), 8, "seed bit %u", bit);
    }
}

Test(checksum, finds_words_and_sectors_that_changed_places)
{
    uint8_t page[BLOCK_BYTES], swapped[BLOCK_BYTES];
    static const unsigned sizes[] = {8, 32, 512, 2048};
    fill(page, sizeof(page), SEED + 3);
    uint64_t good = checksum64(page, sizeof(page), 1);
    for (unsigned s = 0; s < 4; s++)
        for (unsigned from = 0; from + sizes[s] <= BLOCK_BYTES; from += sizes[s])
            for (unsigned to = from + sizes[s]; to + sizes[s] <= BLOCK_BYTES;
                 to += sizes[s] * (sizes[s] < 512 ? 13 : 1)) {
                memcpy(swapped, page, sizeof(page));
                memcpy(swapped + from, page + to, sizes[s]);
                memcpy(swapped + to, page + from, sizes[s]);
                cr_assert_neq(checksum64(swapped, sizeof(swapped), 1), good, "%u bytes %u %u",
                              sizes[s], from, to);
            }
}

Test(checksum, finds_a_block_of_the_same_bytes_with_another_identity)
{
    uint8_t page[BLOCK_BYTES] = {0};
    static const uint64_t kinds[] = {CHECKSUM_NODE_POT, CHECKSUM_PAGE_POT, CHECKSUM_PAGE,
                                     CHECKSUM_DIRECTORY};
    uint64_t sums[4 * 256];
    for (unsigned kind = 0; kind < 4; kind++)
        for (unsigned id = 0; id < 256; id++)
            sums[kind * 256 + id] =
                checksum64(page, sizeof(page), checksum_seed(kinds[kind], id));
    for (unsigned i = 0; i < 4 * 256; i++)
        for (unsigned j = i + 1; j < 4 * 256; j++)
            cr_assert_neq(sums[i], sums[j], "%u and %u", i, j);
}

Test(checksum, tells_lengths_of_zeros_apart)
{
    uint8_t page[BLOCK_BYTES] = {0};
    for (size_t left = 0; left <= 512; left += 8)
        for (size_t right = left + 8; right <= 512; right += 8)
            cr_assert_neq(checksum64(page, left, 1), checksum64(page, right, 1), "%zu and %zu",
                          left, right);
}

Test(checksum, does_not_depend_on_where_the_bytes_are)
{
    _Alignas(64) uint8_t room[BLOCK_BYTES + 64];
    uint8_t page[BLOCK_BYTES];
    fill(page, sizeof(page), SEED + 4);
    uint64_t good = checksum64(page, sizeof(page), 1);
    for (unsigned offset = 8; offset < 64; offset += 8) {
        memcpy(room + offset, page, sizeof(page));
        cr_assert_eq(checksum64(room + offset, sizeof(page), 1), good);
    }
}

/* What is on disks must stay readable: these values are part of the format. */
Test(checksum, has_the_values_of_format_1)
{
    uint8_t page[BLOCK_BYTES];
    for (unsigned i = 0; i < BLOCK_BYTES; i++)
        page[i] = (uint8_t)(i * 7 + i / 256);
    cr_expect_eq(checksum64(page, 0, 0), 0x81675e4c04dffc73ull);
    cr_expect_eq(checksum64(page, 504, 1), 0x04ba06721a8a7aa1ull);
    uint64_t seed = checksum_seed(CHECKSUM_PAGE, 42);
    cr_expect_eq(checksum64(page, BLOCK_BYTES, seed), 0x2ff5634e54536befull);
}
