/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_disk_overlay_test.c - overlays against a model in memory: long random lives, damage, and
 * a host that refuses. Simple cases and truncation at every byte: emulator_disk_file_test.c. */
#include "emulator/disk_overlay.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support_device.h"

#define SECTOR_BYTES 512u
#define SECTORS 1500u /* 11 whole clusters and a part of one */

/* An image of SECTORS whose byte at sector s is a function of s and salt. */
struct image {
    uint8_t salt;
};

static bool image_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    const struct image *image = context;
    cr_assert_leq(sector + sector_count, SECTORS);
    for (size_t i = 0; i < sector_count; i++)
        memset((uint8_t *)target + i * SECTOR_BYTES, (int)((sector + i) * 7 + image->salt) & 0xff,
               SECTOR_BYTES);
    return true;
}

/* An overlay's file, in memory: what is tested here is not the host's disk. */
struct overlay_file {
    int descriptor;
    char path[32];
};

static struct overlay_file file_make(void)
{
    struct overlay_file file = {.descriptor = memfd_create("overlay", MFD_CLOEXEC)};
    cr_assert_geq(file.descriptor, 0);
    (void)snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.descriptor);
    return file;
}

static size_t file_read(const struct overlay_file *file, uint8_t *bytes, size_t size_max)
{
    ssize_t size_bytes = pread(file->descriptor, bytes, size_max, 0);
    cr_assert(size_bytes >= 0 && (size_t)size_bytes < size_max);
    return (size_t)size_bytes;
}

static void file_write(const struct overlay_file *file, const uint8_t *bytes, size_t size_bytes)
{
    cr_assert_eq(ftruncate(file->descriptor, 0), 0);
    cr_assert_eq(pwrite(file->descriptor, bytes, size_bytes, 0), (ssize_t)size_bytes);
}

static struct disk_overlay *must_open(const char *path, struct image *image)
{
    struct disk_overlay *overlay;
    struct error error;
    cr_assert(overlay_open(&overlay, path, SECTORS, image_read, image, &error), "%s", error.text);
    return overlay;
}

static bool sectors_read(struct disk_overlay *overlay, struct image *image, uint64_t sector,
                         uint8_t *target, size_t count)
{
    return image_read(image, sector, target, count) &&
           overlay_read(overlay, sector, target, count);
}

static void compare(struct disk_overlay *overlay, struct image *image, const uint8_t *model,
                    const char *when)
{
    uint8_t *bytes = malloc((size_t)SECTORS * SECTOR_BYTES);
    cr_assert(sectors_read(overlay, image, 0, bytes, SECTORS));
    for (size_t i = 0; i < SECTORS; i++)
        cr_assert_eq(memcmp(bytes + i * SECTOR_BYTES, model + i * SECTOR_BYTES, SECTOR_BYTES), 0,
                     "%s: sector %zu", when, i);
    free(bytes);
}

/* Write count sectors of noise or of one value, to the overlay and to the model. */
static void both_write(struct disk_overlay *overlay, uint8_t *model, struct fake_random *random)
{
    size_t count = 1 + fake_random_below(random, fake_random_below(random, 20) ? 8 : 400);
    uint64_t sector = fake_random_below(random, SECTORS - count + 1);
    uint8_t *place = model + sector * SECTOR_BYTES;
    bool noise = fake_random_below(random, 2);
    uint64_t value = fake_random_next(random);
    for (size_t i = 0; i < count * SECTOR_BYTES; i++)
        place[i] = (uint8_t)(noise ? fake_random_next(random) : value);
    cr_assert(overlay_write(overlay, sector, place, count));
}

Test(disk_overlay, a_long_random_life_is_remembered_whole)
{
    struct overlay_file file = file_make();
    uint64_t seed = fake_random_seed();
    struct fake_random random = {seed};
    struct image image = {3};
    uint8_t *model = malloc((size_t)SECTORS * SECTOR_BYTES);
    cr_assert(image_read(&image, 0, model, SECTORS));
    struct disk_overlay *overlay = must_open(file.path, &image);
    for (unsigned step = 0; step < 600; step++) {
        uint64_t what = fake_random_below(&random, 20);
        if (what == 0) {
            cr_assert(overlay_close(overlay));
            overlay = must_open(file.path, &image);
        } else if (what < 3) {
            cr_assert(overlay_sync(overlay));
        } else {
            both_write(overlay, model, &random);
        }
        if (step % 20 == 0)
            compare(overlay, &image, model, "during its life");
    }
    cr_assert(overlay_close(overlay));
    overlay = must_open(file.path, &image);
    compare(overlay, &image, model, "at its end");
    cr_assert(overlay_close(overlay));
    free(model);
    printf("seed %lu\n", seed);
}

Test(disk_overlay, a_changed_byte_is_never_taken_for_what_was_written)
{
    struct overlay_file file = file_make();
    static uint8_t const values[] = {0x11, 0x22, 0x33};
    struct image image = {3};
    struct error error;
    uint8_t whole[8192], sector[SECTOR_BYTES];
    struct disk_overlay *overlay = must_open(file.path, &image);
    for (unsigned i = 0; i < 3; i++) {
        memset(sector, values[i], sizeof(sector));
        cr_assert(overlay_write(overlay, 200, sector, 1));
        cr_assert(overlay_sync(overlay));
    }
    cr_assert(overlay_close(overlay));
    size_t size_bytes = file_read(&file, whole, sizeof(whole));
    unsigned refused = 0, older = 0;
    for (size_t at = 0; at < size_bytes; at++) {
        whole[at] ^= 0x40;
        file_write(&file, whole, size_bytes);
        whole[at] ^= 0x40;
        if (!overlay_open(&overlay, file.path, SECTORS, image_read, &image, &error)) {
            cr_assert_eq(error.code, ERROR_FORMAT);
            refused++;
            continue;
        }
        cr_assert(sectors_read(overlay, &image, 200, sector, 1));
        cr_assert(sector[0] == (uint8_t)(200 * 7 + 3) || sector[0] == 0x11 || sector[0] == 0x22,
                  "byte %zu changed: 0x%02x", at, sector[0]);
        older++;
        cr_assert(overlay_close(overlay));
    }
    cr_assert_eq(refused, 40, "any byte of the header");
    cr_assert_eq(refused + older, size_bytes);
}

Test(disk_overlay, the_marks_alone_do_not_make_a_sync)
{
    struct overlay_file file = file_make();
    struct image image = {3};
    uint8_t whole[8192], sector[SECTOR_BYTES] = {0};
    struct disk_overlay *overlay = must_open(file.path, &image);
    cr_assert(overlay_write(overlay, 0, sector, 1));
    cr_assert(overlay_sync(overlay));
    size_t before = file_read(&file, whole, sizeof(whole));
    sector[0] = 1;
    cr_assert(overlay_write(overlay, 1000, sector, 1));
    cr_assert(overlay_close(overlay));
    size_t size_bytes = file_read(&file, whole, sizeof(whole));
    /* The host lost power: the end of the last sync reached its disk, the middle did not. */
    memset(whole + before + 40, 0, 40);
    file_write(&file, whole, size_bytes);
    overlay = must_open(file.path, &image);
    cr_assert(sectors_read(overlay, &image, 0, sector, 1));
    cr_assert_eq(sector[5], 0, "the first sync is there");
    cr_assert(sectors_read(overlay, &image, 1000, sector, 1));
    cr_assert_eq(sector[5], (uint8_t)(1000 * 7 + 3), "the second is not");
    cr_assert(overlay_close(overlay));
    cr_assert_eq(file_read(&file, whole, sizeof(whole)), before, "it was cut off");
}

Test(disk_overlay, an_image_that_changed_below_it_is_noticed)
{
    struct overlay_file file = file_make();
    struct image image = {3}, other = {4};
    struct disk_overlay *overlay;
    struct error error;
    cr_assert(overlay_close(must_open(file.path, &image)));
    cr_assert_not(overlay_open(&overlay, file.path, SECTORS, image_read, &other, &error));
    cr_assert_eq(error.code, ERROR_FORMAT);
    cr_assert(strstr(error.text, "another image, or of one that has changed"), "%s", error.text);
    cr_assert(overlay_close(must_open(file.path, &image)), "and the right one still fits");
}

Test(disk_overlay, one_run_at_a_time)
{
    struct overlay_file file = file_make();
    struct image image = {3};
    struct disk_overlay *second;
    struct error error;
    struct disk_overlay *first = must_open(file.path, &image);
    cr_assert_not(overlay_open(&second, file.path, SECTORS, image_read, &image, &error));
    cr_assert_eq(error.code, ERROR_IO);
    cr_assert(strstr(error.text, "in use"), "%s", error.text);
    cr_assert(overlay_close(first));
    cr_assert_not(overlay_open(&second, ".", SECTORS, image_read, &image, &error));
    cr_assert_eq(error.code, ERROR_IO);
}

static void file_limit(rlim_t bytes)
{
    const struct rlimit limit = {bytes, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(disk_overlay, when_the_host_is_full_nothing_that_was_synced_is_lost_and_it_can_go_on)
{
    struct overlay_file file = file_make();
    struct fake_random random = {5};
    struct image image = {3};
    uint8_t *model = malloc((size_t)SECTORS * SECTOR_BYTES);
    (void)signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit fails with EFBIG */
    cr_assert(image_read(&image, 0, model, SECTORS));
    struct disk_overlay *overlay = must_open(file.path, &image);
    both_write(overlay, model, &random);
    cr_assert(overlay_sync(overlay));
    file_limit((rlim_t)lseek(file.descriptor, 0, SEEK_END) + 100000);
    for (size_t i = 0; i < (size_t)SECTORS * SECTOR_BYTES; i++)
        model[i] = (uint8_t)fake_random_next(&random);
    cr_assert(overlay_write(overlay, 0, model, SECTORS));
    cr_assert_not(overlay_sync(overlay));
    cr_assert_not(overlay_sync(overlay), "nor when tried again");
    compare(overlay, &image, model, "while the host is full");
    file_limit(RLIM_INFINITY);
    cr_assert(overlay_sync(overlay));
    cr_assert(overlay_close(overlay));
    overlay = must_open(file.path, &image);
    compare(overlay, &image, model, "after");
    cr_assert(overlay_close(overlay));
    free(model);
}
