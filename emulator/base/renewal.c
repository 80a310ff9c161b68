/* SPDX-License-Identifier: GPL-2.0-or-later */
/* renewal.c - see renewal.h. Calls pack, input_file, output_file and libc.
 *
 * Invariants
 *  1. While the file has its name, each of its sectors holds what it held or what it is to hold.
 */
#include "emulator/base/renewal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/input_file.h"
#include "emulator/base/output_file.h"
#include "emulator/base/pack.h"

#define PREPARED_SUFFIX ".new" /* after RENEWAL_SUFFIX */
#define HEAD_BYTES 12u
#define SECTOR_BYTES 512u
#define ITEM_BYTES (16u + SECTOR_BYTES)
#define END_BYTES 8u
#define FILE_BYTES_MAX ((size_t)1 << 36)

static const char magic[8] = {'L', 'K', 'R', 'E', 'N', 'E', 'W', '\n'};

static bool fail(const char *path, struct error *error)
{
    return error_set(error, ERROR_IO, "%.150s: %s", path, strerror(errno));
}

/* The name of the file; the image's own may be a link's. false: it can have none. */
static bool name_make(const char *image, const char *suffix, char path[PATH_MAX])
{
    char resolved[PATH_MAX];
    if (!realpath(image, resolved))
        return false;
    int length = snprintf(path, PATH_MAX, "%s" RENEWAL_SUFFIX "%s", resolved, suffix);
    if (length < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

void renewal_add(struct byte_writer *list, uint64_t sector, const void *old, const void *now)
{
    if (list->size_bytes == 0) {
        write_bytes(list, magic, sizeof(magic));
        write_u32(list, RENEWAL_VERSION);
    }
    write_u64(list, sector);
    write_u64(list, hash64(old, SECTOR_BYTES));
    write_bytes(list, now, SECTOR_BYTES);
}

bool renewal_prepare(const char *image, const struct byte_writer *list, struct error *error)
{
    char path[PATH_MAX];
    uint8_t end[END_BYTES];
    assert(list->size_bytes > HEAD_BYTES);
    if (!name_make(image, PREPARED_SUFFIX, path))
        return fail(image, error);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return fail(path, error);
    store_u64(end, hash64(list->data, list->size_bytes));
    bool good = output_at(descriptor, list->data, list->size_bytes, 0) &&
                output_at(descriptor, end, sizeof(end), list->size_bytes) &&
                fdatasync(descriptor) == 0;
    if (!good)
        (void)!fail(path, error);
    (void)close(descriptor); /* all is on the host's disk, or it does not matter */
    return good;
}

/* The names in the folder of a file are on the host's disk. */
static bool folder_sync(const char *path)
{
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/'); /* there is one: the name was resolved */
    assert(slash);
    slash[slash == folder] = '\0';
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0)
        (void)close(descriptor);
    return good;
}

bool renewal_commit(const char *image, struct error *error)
{
    char path[PATH_MAX], prepared[PATH_MAX];
    return (name_make(image, "", path) && name_make(image, PREPARED_SUFFIX, prepared) &&
            rename(prepared, path) == 0 && folder_sync(path)) ||
           fail(image, error);
}

void renewal_end(const char *image)
{
    char path[PATH_MAX];
    if (name_make(image, "", path))
        (void)unlink(path);
    if (name_make(image, PREPARED_SUFFIX, path))
        (void)unlink(path);
}

/* Is it all there, as it was written? */
static bool whole(const uint8_t *data, size_t size_bytes)
{
    if (size_bytes < HEAD_BYTES + END_BYTES ||
        (size_bytes - HEAD_BYTES - END_BYTES) % ITEM_BYTES != 0)
        return false;
    size_t body = size_bytes - END_BYTES;
    return memcmp(data, magic, sizeof(magic)) == 0 &&
           load_u32(data + sizeof(magic)) == RENEWAL_VERSION &&
           load_u64(data + body) == hash64(data, body);
}

/* May the sector be renewed, or was it? */
static bool item_fits(int descriptor, const uint8_t *item)
{
    uint8_t data[SECTOR_BYTES];
    uint64_t sector = load_u64(item);
    return sector < INT64_MAX / SECTOR_BYTES &&
           pread(descriptor, data, sizeof(data), (off_t)(sector * SECTOR_BYTES)) == SECTOR_BYTES &&
           (hash64(data, sizeof(data)) == load_u64(item + 8) ||
            memcmp(data, item + 16, SECTOR_BYTES) == 0);
}

static bool items_write(int descriptor, const uint8_t *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *item = items + i * ITEM_BYTES;
        if (!output_at(descriptor, item + 16, SECTOR_BYTES, load_u64(item) * SECTOR_BYTES))
            return false;
    }
    return fdatasync(descriptor) == 0;
}

bool renewal_finish(const char *image, int descriptor, struct error *error)
{
    char path[PATH_MAX];
    uint8_t *data;
    size_t size_bytes;
    if (!name_make(image, "", path))
        return true;
    if (access(path, F_OK) != 0) {
        if (descriptor >= 0)
            renewal_end(image); /* of one that was only prepared */
        return true;
    }
    if (descriptor < 0)
        return error_set(error, ERROR_IO,
                         "%.120s: it is being put back to an earlier moment, or that was cut "
                         "short; latchkey run finishes that, where it may write it",
                         image);
    if (!input_read(path, FILE_BYTES_MAX, &data, &size_bytes, error))
        return false;
    bool good = whole(data, size_bytes) ||
                error_set(error, ERROR_FORMAT,
                          "%.150s: damaged; without it the image is used as it is", path);
    size_t count = good ? (size_bytes - HEAD_BYTES - END_BYTES) / ITEM_BYTES : 0;
    for (size_t i = 0; i < count && good; i++)
        good = item_fits(descriptor, data + HEAD_BYTES + i * ITEM_BYTES) ||
               error_set(error, ERROR_FORMAT,
                         "%.150s: of another image than is there now, which without it is used as "
                         "it is",
                         path);
    good = good && (items_write(descriptor, data + HEAD_BYTES, count) || fail(image, error));
    free(data);
    if (good)
        renewal_end(image);
    return good;
}
