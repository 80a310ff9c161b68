/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_disk_file_test.c - raw images and overlays: what is written is there, also after a
 * crash. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/disk_file.h"

#define SECTORS 1000u

struct files {
    int overlay_fd; /* in memory */
    char image[32], overlay[40];
};

static void files_make(struct files *files)
{
    strcpy(files->image, "test-disk-XXXXXX");
    int descriptor = mkstemp(files->image);
    cr_assert_geq(descriptor, 0);
    for (unsigned i = 0; i < SECTORS; i++) {
        uint8_t sector[512];
        memset(sector, (int)(i & 0xff), sizeof(sector));
        cr_assert_eq(write(descriptor, sector, 512), 512);
    }
    close(descriptor);
    files->overlay_fd = memfd_create("overlay", MFD_CLOEXEC);
    cr_assert_geq(files->overlay_fd, 0);
    (void)snprintf(files->overlay, sizeof(files->overlay), "/proc/self/fd/%d", files->overlay_fd);
}

static void files_remove(const struct files *files)
{
    (void)unlink(files->image);
    (void)close(files->overlay_fd);
}

static void sector_write(struct disk_file *disk, uint64_t sector, int value)
{
    uint8_t bytes[512];
    memset(bytes, value, sizeof(bytes));
    cr_assert(disk->store.write(disk->store.context, sector, bytes, 1));
}

static int sector_read(struct disk_file *disk, uint64_t sector)
{
    uint8_t bytes[512];
    cr_assert(disk->store.read(disk->store.context, sector, bytes, 1));
    for (unsigned i = 1; i < 512; i++)
        cr_assert_eq(bytes[i], bytes[0]);
    return bytes[0];
}

static long size_of(const char *path)
{
    struct stat status;
    cr_assert_eq(stat(path, &status), 0);
    return (long)status.st_size;
}

Test(disk_file, writes_reach_the_image_and_two_writers_are_refused)
{
    struct files files;
    struct disk_file first, second;
    struct error error;
    files_make(&files);
    cr_assert(disk_file_open(&first, files.image, NULL, false, &error), "%s", error.text);
    cr_assert_eq(first.store.sector_count, SECTORS);
    cr_assert_not(disk_file_open(&second, files.image, NULL, false, &error));
    cr_assert_eq(error.code, ERROR_IO);
    cr_assert(strstr(error.text, "in use"));
    sector_write(&first, 999, 0x77);
    cr_assert(first.store.sync(first.store.context));
    cr_assert(disk_file_finish(&first));
    cr_assert(disk_file_open(&first, files.image, NULL, true, &error));
    cr_assert_eq(sector_read(&first, 999), 0x77);
    cr_assert(disk_file_finish(&first));
    files_remove(&files);
}

Test(disk_file, readers_share_an_image_and_keep_writers_out)
{
    struct files files;
    struct disk_file first, second, writer;
    struct error error;
    files_make(&files);
    cr_assert(disk_file_open(&first, files.image, NULL, true, &error), "%s", error.text);
    cr_assert(disk_file_open(&second, files.image, files.overlay, false, &error));
    cr_assert_not(disk_file_open(&writer, files.image, NULL, false, &error),
                  "the image may not change below an overlay");
    cr_assert(disk_file_finish(&first));
    cr_assert_not(disk_file_open(&writer, files.image, NULL, false, &error));
    cr_assert(disk_file_finish(&second));
    cr_assert(disk_file_open(&writer, files.image, NULL, false, &error), "%s", error.text);
    cr_assert_not(disk_file_open(&first, files.image, NULL, true, &error));
    cr_assert(disk_file_finish(&writer));
    files_remove(&files);
}

Test(disk_file, bad_images_get_one_clear_line)
{
    struct disk_file disk;
    struct error error;
    cr_assert_not(disk_file_open(&disk, "no-such-image", NULL, false, &error));
    cr_assert_eq(error.code, ERROR_IO);
    cr_assert_not(disk_file_open(&disk, ".", NULL, true, &error));
    cr_assert_eq(error.code, ERROR_IO);
    FILE *file = fopen("test-odd.img", "w");
    cr_assert(file && fputs("odd", file) >= 0 && fclose(file) == 0);
    cr_assert_not(disk_file_open(&disk, "test-odd.img", NULL, false, &error));
    cr_assert_eq(error.code, ERROR_FORMAT);
    cr_assert_eq(truncate("test-odd.img", 0), 0);
    cr_assert_not(disk_file_open(&disk, "test-odd.img", NULL, false, &error), "empty");
    cr_assert_eq(error.code, ERROR_FORMAT);
    if (truncate("test-odd.img", (1ll << 40) + 512) == 0) {
        cr_assert_not(disk_file_open(&disk, "test-odd.img", NULL, true, &error), "too large");
        cr_assert_eq(error.code, ERROR_FORMAT);
    }
    unlink("test-odd.img");
}

Test(disk_overlay, the_image_stays_and_the_overlay_remembers)
{
    struct files files;
    struct disk_file disk;
    struct error error;
    files_make(&files);
    cr_assert(disk_file_open(&disk, files.image, files.overlay, false, &error), "%s", error.text);
    sector_write(&disk, 5, 0xaa);
    sector_write(&disk, 999, 0xbb);
    cr_assert_eq(sector_read(&disk, 5), 0xaa);
    cr_assert_eq(sector_read(&disk, 6), 6);
    cr_assert(disk.store.sync(disk.store.context));
    sector_write(&disk, 5, 0xcc);
    cr_assert(disk_file_finish(&disk));
    cr_assert(disk_file_open(&disk, files.image, files.overlay, false, &error), "%s", error.text);
    cr_assert_eq(sector_read(&disk, 5), 0xcc);
    cr_assert_eq(sector_read(&disk, 999), 0xbb);
    cr_assert(disk_file_finish(&disk));
    cr_assert(disk_file_open(&disk, files.image, NULL, true, &error));
    cr_assert_eq(sector_read(&disk, 5), 5, "the image itself");
    cr_assert(disk_file_finish(&disk));
    files_remove(&files);
}

Test(disk_overlay, cut_off_anywhere_it_is_at_one_of_its_syncs)
{
    struct files files;
    struct disk_file disk;
    struct error error;
    long sizes[4];
    files_make(&files);
    for (int sync = 0; sync < 4; sync++) {
        cr_assert(disk_file_open(&disk, files.image, files.overlay, false, &error));
        if (sync > 0) {
            sector_write(&disk, 1, 0x10 + sync);
            sector_write(&disk, 700, 0x20 + sync);
        }
        cr_assert(disk_file_finish(&disk));
        sizes[sync] = size_of(files.overlay);
    }
    uint8_t whole[1 << 16];
    ssize_t length = pread(files.overlay_fd, whole, sizeof(whole), 0);
    cr_assert_eq(length, sizes[3]);
    for (long cut = 0; cut <= sizes[3]; cut++) {
        cr_assert_eq(ftruncate(files.overlay_fd, 0), 0);
        cr_assert_eq(pwrite(files.overlay_fd, whole, (size_t)cut, 0), cut);
        int expected = 0;
        while (expected < 3 && cut >= sizes[expected + 1])
            expected++;
        cr_assert(disk_file_open(&disk, files.image, files.overlay, false, &error), "cut %ld: %s",
                  cut, error.text);
        cr_assert_eq(sector_read(&disk, 1), expected ? 0x10 + expected : 1, "cut %ld", cut);
        cr_assert_eq(sector_read(&disk, 700), expected ? 0x20 + expected : 700 & 0xff);
        cr_assert(disk_file_finish(&disk));
    }
    files_remove(&files);
}

Test(disk_overlay, one_of_another_image_or_of_nothing_is_refused)
{
    struct files files;
    struct disk_file disk;
    struct error error;
    files_make(&files);
    cr_assert(disk_file_open(&disk, files.image, files.overlay, false, &error));
    cr_assert(disk_file_finish(&disk));
    cr_assert_eq(truncate(files.image, 512 * (SECTORS + 1)), 0);
    cr_assert_not(disk_file_open(&disk, files.image, files.overlay, false, &error));
    cr_assert_eq(error.code, ERROR_FORMAT);
    cr_assert(strstr(error.text, "another image"), "%s", error.text);
    FILE *file = fopen(files.overlay, "w");
    cr_assert(file && fputs("this is no overlay, but a text that is long enough", file) >= 0);
    (void)fclose(file);
    cr_assert_not(disk_file_open(&disk, files.image, files.overlay, false, &error));
    cr_assert_eq(error.code, ERROR_FORMAT);
    cr_assert(strstr(error.text, "not an overlay"));
    files_remove(&files);
}
