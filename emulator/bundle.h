/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bundle.h - a trace with all in it that it needs: kernel, initrd, and the disks as they were
 * before the run. Used by replay.c and history.c. Calls record_write, record_media, layers.
 */
#ifndef LATCHKEY_EMULATOR_BUNDLE_H
#define LATCHKEY_EMULATOR_BUNDLE_H

#include "emulator/timeline.h"

/* All borrowed. */
struct bundle {
    const struct record_head *head;
    const struct record *record; /* its entries, */
    size_t entry_count;          /* so many of them, */
    struct timeline *timeline;   /* and where this stands, as the end; NULL: nothing more */
    const char *kernel_path, *initrd_path; /* what they hold is what head says; NULL: none */
    const struct layers *layers[BOARD_DISK_COUNT_MAX];
    /* Of an image that is nothing but a file: its holes are zeros, and were. -1: not so. */
    int descriptors[BOARD_DISK_COUNT_MAX];
};

/* bundle_here - of a history up to the present of its timeline. */
struct bundle bundle_here(const struct record *record, struct timeline *timeline);
/* bundle_write - make the file, or replace it.
 *
 * Errors   ERROR_IO the host refused; what could be written is there, and is no trace.
 */
MUST_CHECK bool bundle_write(const struct bundle *bundle, const char *path, struct error *error);
/* bundle_digest - of a disk before the run, as record_media_digest(). Errors: ERROR_IO. */
MUST_CHECK bool bundle_digest(const struct bundle *bundle, unsigned disk, struct digest *digest,
                              struct error *error);

#endif
