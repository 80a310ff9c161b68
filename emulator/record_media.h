/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_media.h - a disk's media while a run is recorded: what the run is about to overwrite goes
 * into the trace first, so that the trace finds what was there before, although the image is
 * changed. And the digest by which a replay knows an image.
 */
#ifndef LATCHKEY_EMULATOR_RECORD_MEDIA_H
#define LATCHKEY_EMULATOR_RECORD_MEDIA_H

#include "emulator/disk_file.h"
#include "emulator/record_write.h"

struct record_media {
    struct disk_store store; /* what the machine is given; its context is this struct */
    struct disk_file file;
    struct record_writer *writer; /* NULL: nothing is recorded yet, or any more */
    unsigned disk;
    uint64_t operations;
    uint8_t *kept; /* a bit for each cluster that is in the trace */
};

/* record_media_open - as disk_file_open(). record_media_finish() is safe even after failure, and on
 * a zeroed struct; false: the host refused the sync. Must not move while open. */
MUST_CHECK bool record_media_open(struct record_media *media, unsigned disk, const char *path,
                                  const char *overlay, bool read_only, struct error *error);
bool record_media_finish(struct record_media *media);
/* record_media_start - from now on, all that is done to it goes to the trace. */
void record_media_start(struct record_media *media, struct record_writer *writer);

/* Where a disk's media may hold anything but zeros: what is no hole of the image file below, and
 * sectors that lie over it. */
struct record_data {
    int descriptor; /* -1: anywhere */
    const uint64_t *sectors; /* layers_sectors() */
    size_t sector_count;
};

/* record_media_digest - of all clusters that are not zero, and their places.
 *
 * Errors   ERROR_IO the host refused a read; path is for the message.
 */
MUST_CHECK bool record_media_digest(const struct disk_store *store,
                                    const struct record_data *where,
                                    const char *path, struct digest *digest, struct error *error);

/* record_cluster_sectors - of a cluster; the last may be shorter. */
uint32_t record_cluster_sectors(uint64_t sector_count, uint64_t index);
/* record_cluster_next - the first from index on, of count, that may hold anything; count: none. */
uint64_t record_cluster_next(const struct record_data *data, uint64_t index, uint64_t count);
/* record_cluster_zero - are they all zero? */
bool record_cluster_zero(const uint8_t data[RECORD_CLUSTER_BYTES]);

#endif
