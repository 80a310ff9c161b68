/* SPDX-License-Identifier: GPL-2.0-or-later */
/* media.h - the media of one disk, and a number that stands for all that was written to it. */
#ifndef LATCHKEY_EMULATOR_MEDIA_H
#define LATCHKEY_EMULATOR_MEDIA_H

#include "emulator/disk_file.h"

struct media {
    struct disk_store store; /* what the disk is given; its context is this struct */
    const struct disk_store *below; /* what holds the sectors: file.store, or the caller's */
    struct disk_file file;
    /* A hash over every write that reached the media since power-on, in order: equal media before
     * and equal histories mean equal media after. */
    uint64_t history;
};

/* media_open - as disk_file_open(). Must not move while open; media_finish() is safe even after
 * failure and on a zeroed struct.
 */
MUST_CHECK bool media_open(struct media *media, const char *path, const char *overlay,
                           bool read_only, struct error *error);
/* media_open_store - media that are no file; below must outlive them. */
void media_open_store(struct media *media, const struct disk_store *below);
bool media_finish(struct media *media);

#endif
