/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_renewal_test.c - sectors of an image that change together: whatever is cut short or
 * damaged, all of them or none. */
#include "emulator/base/renewal.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/input_file.h"
#include "tests/support_disks.h"

#define SECTORS 64u
#define SECTOR_BYTES 512u
#define IMAGE_BYTES ((size_t)SECTORS * SECTOR_BYTES)
#define FILE_BYTES_MAX ((size_t)1 << 20)
#define CHANGED 3u

static const uint64_t changed[CHANGED] = {2, 30, 63};

struct world {
    struct scratch scratch;
    char image[SCRATCH_PATH_BYTES], renewal[SCRATCH_PATH_BYTES];
    uint8_t old[IMAGE_BYTES], now[IMAGE_BYTES];
    int descriptor; /* of the image */
};

static void image_put(const struct world *world, const uint8_t *data)
{
    cr_assert_eq(pwrite(world->descriptor, data, IMAGE_BYTES, 0), (ssize_t)IMAGE_BYTES);
}

static void image_expect(const struct world *world, const uint8_t *data, const char *what)
{
    uint8_t image[IMAGE_BYTES];
    cr_assert_eq(pread(world->descriptor, image, IMAGE_BYTES, 0), (ssize_t)IMAGE_BYTES);
    cr_assert(memcmp(image, data, IMAGE_BYTES) == 0, "%s", what);
}

/* An image, and a renewal of it that is committed. */
static struct world *world_make(void)
{
    struct error error;
    struct byte_writer list = {0};
    struct world *world = calloc(1, sizeof(*world));
    cr_assert(world);
    scratch_make(&world->scratch);
    for (size_t i = 0; i < IMAGE_BYTES; i++)
        world->old[i] = (uint8_t)(i % 251);
    memcpy(world->now, world->old, IMAGE_BYTES);
    scratch_write(&world->scratch, "image", world->old, IMAGE_BYTES);
    scratch_file(&world->scratch, "image", world->image);
    scratch_file(&world->scratch, "image" RENEWAL_SUFFIX, world->renewal);
    world->descriptor = open(world->image, O_RDWR);
    cr_assert_geq(world->descriptor, 0);
    for (unsigned i = 0; i < CHANGED; i++) {
        size_t at = changed[i] * SECTOR_BYTES;
        memset(world->now + at, (int)(200 + i), SECTOR_BYTES);
        renewal_add(&list, changed[i], world->old + at, world->now + at);
    }
    cr_assert(renewal_prepare(world->image, &list, &error), "%s", error.text);
    cr_assert(renewal_finish(world->image, world->descriptor, &error), "%s", error.text);
    image_expect(world, world->old, "what was not committed was done");
    cr_assert_not(renewal_commit(world->image, &error), "what was not committed is still there");
    cr_assert(renewal_prepare(world->image, &list, &error), "%s", error.text);
    cr_assert(renewal_commit(world->image, &error), "%s", error.text);
    writer_finish(&list);
    return world;
}

static void world_free(struct world *world)
{
    (void)close(world->descriptor);
    scratch_remove(&world->scratch);
    free(world);
}

Test(renewal, is_finished_from_wherever_it_was_cut_short)
{
    for (unsigned done = 0; done <= CHANGED; done++) {
        struct error error;
        struct world *world = world_make();
        for (unsigned i = 0; i < done; i++) {
            size_t at = changed[i] * SECTOR_BYTES;
            cr_assert_eq(pwrite(world->descriptor, world->now + at, SECTOR_BYTES, (off_t)at),
                         SECTOR_BYTES);
        }
        cr_expect_not(renewal_finish(world->image, -1, &error), "who only reads is not told");
        cr_assert(renewal_finish(world->image, world->descriptor, &error), "%s", error.text);
        image_expect(world, world->now, "it was not finished");
        cr_expect_neq(access(world->renewal, F_OK), 0, "it would be done again");
        image_put(world, world->old);
        cr_assert(renewal_finish(world->image, -1, &error), "%s", error.text);
        image_expect(world, world->old, "it was done again");
        world_free(world);
    }
}

Test(renewal, one_that_is_damaged_or_of_another_image_changes_nothing)
{
    struct error error;
    uint8_t *data;
    size_t size_bytes;
    struct world *world = world_make();
    cr_assert(input_read(world->renewal, FILE_BYTES_MAX, &data, &size_bytes, &error));
    for (size_t size = 0; size < size_bytes; size += size < 64 ? 1 : 37) {
        scratch_write(&world->scratch, "image" RENEWAL_SUFFIX, data, size);
        cr_expect_not(renewal_finish(world->image, world->descriptor, &error), "%zu bytes", size);
        cr_expect_eq(error.code, ERROR_FORMAT);
        image_expect(world, world->old, "a part of it was done");
    }
    for (size_t at = 0; at < size_bytes; at += 29) {
        data[at] ^= 0x10;
        scratch_write(&world->scratch, "image" RENEWAL_SUFFIX, data, size_bytes);
        cr_expect_not(renewal_finish(world->image, world->descriptor, &error), "byte %zu", at);
        image_expect(world, world->old, "a part of it was done");
        data[at] ^= 0x10;
    }
    scratch_write(&world->scratch, "image" RENEWAL_SUFFIX, data, size_bytes);
    world->old[changed[CHANGED - 1] * SECTOR_BYTES + 7] ^= 1; /* the last sector is another */
    image_put(world, world->old);
    cr_expect_not(renewal_finish(world->image, world->descriptor, &error));
    image_expect(world, world->old, "a part of it was done");
    cr_assert_eq(ftruncate(world->descriptor, IMAGE_BYTES - SECTOR_BYTES), 0);
    cr_expect_not(renewal_finish(world->image, world->descriptor, &error), "behind the end");
    free(data);
    world_free(world);
}
