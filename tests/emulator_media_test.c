/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_media_test.c - the history of a disk's media. */
#include "emulator/media.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define SECTORS 400u

static void image_make(char path[32])
{
    strcpy(path, "test-media-XXXXXX");
    int descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(ftruncate(descriptor, SECTORS * DISK_SECTOR_BYTES), 0);
    (void)close(descriptor);
}

struct step {
    uint64_t sector;
    size_t count;
    int value;
};

/* The history after these writes to an empty image. */
static uint64_t history_of(const struct step *steps, size_t count, bool overlaid)
{
    static const char overlay[] = "test-media.over";
    uint8_t bytes[4 * DISK_SECTOR_BYTES];
    char path[32];
    struct media media;
    struct error error;
    image_make(path);
    (void)unlink(overlay);
    cr_assert(media_open(&media, path, overlaid ? overlay : NULL, false, &error), "%s",
              error.text);
    cr_assert_eq(media.history, 0);
    for (size_t i = 0; i < count; i++) {
        memset(bytes, steps[i].value, sizeof(bytes));
        cr_assert(media.store.write(media.store.context, steps[i].sector, bytes, steps[i].count));
        cr_assert(media.store.read(media.store.context, steps[i].sector, bytes, steps[i].count));
        cr_assert_eq(bytes[0], (uint8_t)steps[i].value);
    }
    cr_assert(media.store.sync(media.store.context));
    uint64_t history = media.history;
    cr_assert(media_finish(&media));
    (void)unlink(path);
    (void)unlink(overlay);
    return history;
}

Test(media, equal_writes_give_equal_histories_with_and_without_an_overlay)
{
    static const struct step steps[] = {{0, 1, 1}, {399, 1, 2}, {127, 4, 3}};
    uint64_t direct = history_of(steps, 3, false);
    cr_assert_neq(direct, 0);
    cr_assert_eq(direct, history_of(steps, 3, false));
    cr_assert_eq(direct, history_of(steps, 3, true));
}

Test(media, another_sector_value_count_or_order_gives_another_history)
{
    static const struct step variants[][2] = {
        {{5, 1, 1}, {6, 1, 2}}, {{5, 1, 1}, {7, 1, 2}}, {{5, 1, 1}, {6, 1, 3}},
        {{5, 1, 1}, {6, 2, 2}}, {{6, 1, 2}, {5, 1, 1}},
    };
    uint64_t histories[5];
    for (unsigned i = 0; i < 5; i++) {
        histories[i] = history_of(variants[i], 2, false);
        for (unsigned j = 0; j < i; j++)
            cr_assert_neq(histories[i], histories[j], "%u and %u", i, j);
    }
}

Test(media, a_refused_write_leaves_the_history)
{
    char path[32];
    uint8_t bytes[DISK_SECTOR_BYTES] = {0};
    struct media media;
    struct error error;
    image_make(path);
    cr_assert(media_open(&media, path, NULL, true, &error), "%s", error.text);
    cr_assert(media.store.read_only);
    cr_assert_not(media.store.write(media.store.context, 0, bytes, 1), "the host refuses");
    cr_assert_eq(media.history, 0);
    cr_assert(media_finish(&media));
    (void)unlink(path);
}
