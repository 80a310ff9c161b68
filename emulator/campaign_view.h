/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_view.h - what the media hold in a case: for every sector, from the images, the log and
 * the case's policy.
 *
 * Views lie on each other: the lowest is the images as they were given; one above it is a case of a
 * logged run that began with what is below. So cuts nest.
 *
 * Used by campaign_media.c and campaign_unit.c.
 *
 * Invariants
 *  1. A view never changes; what a case holds is a function of the case.
 *  2. Two cases with equal campaign_content_hash() of a sector hold the same bytes there.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_VIEW_H
#define LATCHKEY_EMULATOR_CAMPAIGN_VIEW_H

#include "devices/board.h"
#include "devices/disk.h"
#include "emulator/campaign_case.h"
#include "emulator/campaign_pending.h"

/* The images, whole and in memory. */
struct campaign_images {
    unsigned count;
    const char *names[BOARD_DISK_COUNT_MAX]; /* borrowed */
    uint8_t *bytes[BOARD_DISK_COUNT_MAX];
    uint64_t sector_count[BOARD_DISK_COUNT_MAX];
    struct digest digests[BOARD_DISK_COUNT_MAX];
};

/* campaign_images_read - read them; campaign_images_finish frees them, also after failure.
 *
 * Errors   ERROR_IO missing, unreadable, in use by a run that may write; ERROR_FORMAT no whole
 *          number of sectors; ERROR_LIMIT more than 4 GiB.
 */
MUST_CHECK bool campaign_images_read(struct campaign_images *images, const char *const *paths,
                                     unsigned count, struct error *error);
void campaign_images_finish(struct campaign_images *images);

struct campaign_index;

struct campaign_view {
    const struct campaign_images *images;
    const struct campaign_view *below;  /* NULL: the images are */
    const struct campaign_index *index; /* NULL: as below */
    struct campaign_case which;
};

/* campaign_view_read - one sector. false: it cannot be read. */
bool campaign_view_read(const struct campaign_view *view, unsigned disk, uint64_t sector,
                        uint8_t target[DISK_SECTOR_BYTES]);

/* campaign_view_save - what all disks hold, as images: path of disk 0, path-1 of disk 1, ... What
 * cannot be read is zeros there.
 *
 * Errors   ERROR_IO as output_write; the name is too long.
 */
MUST_CHECK bool campaign_view_save(const struct campaign_view *view, const char *path,
                                   struct error *error);

/* campaign_index_create - find all that a log did to each sector. log, events and below must
 * outlive the index. */
struct campaign_index *campaign_index_create(const struct campaign_log *log,
                                             const struct campaign_events *events,
                                             const struct campaign_view *below);
void campaign_index_destroy(struct campaign_index *index); /* NULL is fine */

#define CAMPAIGN_UNCHANGED UINT32_MAX

/* campaign_index_find - the number of a sector that the log changed; CAMPAIGN_UNCHANGED: of none.
 * campaign_index_count - how many there are. */
uint32_t campaign_index_find(const struct campaign_index *index, unsigned disk, uint64_t sector);
uint32_t campaign_index_count(const struct campaign_index *index);
/* campaign_index_touch - a case with a fault is to be looked at: what that changes is a changed
 * sector from now on. */
void campaign_index_touch(struct campaign_index *index, const struct campaign_case *which);
/* campaign_index_history - a number for what a case holds in a changed sector and where that is; 0:
 * neither the log nor the case changes it. */
uint64_t campaign_index_history(const struct campaign_index *index, uint32_t changed,
                                const struct campaign_case *which);
/* campaign_content_hash - of what a case holds in a changed sector. */
uint64_t campaign_content_hash(const struct campaign_index *index, uint32_t changed,
                               const struct campaign_case *which);
/* campaign_content_read - what it holds. false: it cannot be read. */
bool campaign_content_read(const struct campaign_index *index, uint32_t changed,
                           const struct campaign_case *which, uint8_t target[DISK_SECTOR_BYTES]);
/* campaign_case_keeps - does this sector, cached at the case's event, reach the media whole? */
bool campaign_case_keeps(const struct campaign_index *index, const struct campaign_case *which,
                         unsigned disk, const struct campaign_cached *cached);
/* campaign_media_hashes - a number for all that the media hold in each of some cases, which are in
 * the order of their events. */
void campaign_media_hashes(const struct campaign_index *index, const struct campaign_case *cases,
                           size_t count, uint64_t *hashes);

#endif
