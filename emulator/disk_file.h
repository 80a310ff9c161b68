/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_file.h - the media behind a disk: a raw image file, alone or under an overlay.
 *
 * With an overlay the image is only read; what is written goes to the overlay file
 * (disk_overlay.h).
 */
#ifndef LATCHKEY_EMULATOR_DISK_FILE_H
#define LATCHKEY_EMULATOR_DISK_FILE_H

#include "devices/disk.h"
#include "emulator/base/error.h"

struct disk_overlay;

struct disk_file {
    struct disk_store store; /* what the disk is given; its context is this struct */
    struct disk_overlay *overlay; /* NULL: none */
    int descriptor;               /* of the image; -1: not open */
};

/* disk_file_open - use a host file as media; a renewal of it that was cut short (renewal.h) is
 * finished first.
 *
 * file        out; disk_file_finish() is safe even after failure. Must not move while open.
 * path        raw image; its size must be a multiple of 512 bytes, not 0, at most 1 TiB.
 * overlay     path of the overlay, made if missing; NULL: none.
 * read_only   the guest may not write.
 * Errors      ERROR_IO missing, unreadable, not writable, in use by another run, or only to be read
 *             with such a renewal;
 *             ERROR_FORMAT wrong size, or the overlay does not belong to this image.
 */
MUST_CHECK bool disk_file_open(struct disk_file *file, const char *path, const char *overlay,
                               bool read_only, struct error *error);
/* disk_file_finish - sync and close. Returns false when the host refused the sync. */
bool disk_file_finish(struct disk_file *file);

#endif
