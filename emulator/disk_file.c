/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_file.c - struct disk_store over a host file. Called by machine.c; calls disk_overlay and
 * renewal.
 *
 * Invariants
 *  1. An image has one writer, or any number of readers (flock). A run with an overlay is a reader:
 *     nobody may change the image below it.
 *  2. After sync() returns true, what was written is on the host's disk (fdatasync).
 */
#include "emulator/disk_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/base/output_file.h"
#include "emulator/base/renewal.h"
#include "emulator/disk_overlay.h"

#define IMAGE_BYTES_MAX (1ll << 40)

static bool image_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct disk_file *file = context;
    size_t left = sector_count * DISK_SECTOR_BYTES;
    off_t offset = (off_t)(sector * DISK_SECTOR_BYTES);
    for (uint8_t *to = target; left > 0;) {
        ssize_t part = pread(file->descriptor, to, left, offset);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return false;
        to += part;
        offset += part;
        left -= (size_t)part;
    }
    return true;
}

static bool image_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    const struct disk_file *file = context;
    return output_at(file->descriptor, source, sector_count * DISK_SECTOR_BYTES,
                     sector * DISK_SECTOR_BYTES);
}

static bool image_sync(void *context)
{
    struct disk_file *file = context;
    return file->store.read_only || fdatasync(file->descriptor) == 0;
}

static bool overlaid_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct disk_file *file = context;
    return image_read(context, sector, target, sector_count) &&
           overlay_read(file->overlay, sector, target, sector_count);
}

static bool overlaid_write(void *context, uint64_t sector, const void *source,
                           size_t sector_count)
{
    struct disk_file *file = context;
    return overlay_write(file->overlay, sector, source, sector_count);
}

static bool overlaid_sync(void *context)
{
    struct disk_file *file = context;
    return overlay_sync(file->overlay);
}

static bool image_open(struct disk_file *file, const char *path, bool writable,
                       struct error *error)
{
    struct stat status;
    /* Opening a pipe must not wait for its other end. */
    int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    file->descriptor = open(path, (writable ? O_RDWR : O_RDONLY) | flags);
    if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0)
        return error_set(error, ERROR_IO, "%.150s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_IO, "%.150s: not a regular file", path);
    if (status.st_size == 0 || status.st_size % DISK_SECTOR_BYTES)
        return error_set(error, ERROR_FORMAT,
                         "%.150s: not a disk image: %lld bytes is not a multiple of 512", path,
                         (long long)status.st_size);
    if (status.st_size > IMAGE_BYTES_MAX)
        return error_set(error, ERROR_FORMAT, "%.150s: not a disk image: more than 1 TiB", path);
    if (flock(file->descriptor, (writable ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0)
        return error_set(error, ERROR_IO, "%.150s: in use by another run", path);
    file->store.sector_count = (uint64_t)status.st_size / DISK_SECTOR_BYTES;
    return renewal_finish(path, writable ? file->descriptor : -1, error);
}

bool disk_file_open(struct disk_file *file, const char *path, const char *overlay,
                    bool read_only, struct error *error)
{
    *file = (struct disk_file){.descriptor = -1};
    if (!image_open(file, path, !overlay && !read_only, error)) {
        if (file->descriptor >= 0)
            close(file->descriptor);
        return false;
    }
    file->store.context = file;
    file->store.read_only = read_only;
    file->store.read = overlay ? overlaid_read : image_read;
    file->store.write = overlay ? overlaid_write : image_write;
    file->store.sync = overlay ? overlaid_sync : image_sync;
    if (!overlay)
        return true;
    return overlay_open(&file->overlay, overlay, file->store.sector_count, image_read, file,
                        error);
}

bool disk_file_finish(struct disk_file *file)
{
    bool good = true;
    if (file->overlay)
        good = overlay_close(file->overlay);
    else if (file->store.sync)
        good = image_sync(file);
    if (file->store.sync)
        close(file->descriptor);
    *file = (struct disk_file){.descriptor = -1};
    return good;
}
