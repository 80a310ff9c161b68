/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_layout.h - what lies where on the images of a campaign: the ranges of their volume
 * headers, in sectors.
 *
 * Used by campaign_media.c, which wants to know what can change what a restart sees, and by
 * campaign_fault.c, which puts faults there. Calls disks/ for the store.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_LAYOUT_H
#define LATCHKEY_EMULATOR_CAMPAIGN_LAYOUT_H

#include "emulator/campaign_view.h"

#define CAMPAIGN_KIND_VOLUME 0u /* of the header of a volume; others: enum range_kind */

struct campaign_place {
    uint8_t disk, kind, plex;
    uint64_t sector, sector_count;
};

struct campaign_layout {
    struct campaign_place *list;
    size_t count, capacity;
    bool mirrored; /* all is on two disks */
};

/* campaign_layout_read - of these images. campaign_layout_finish frees it, also after failure.
 *
 * Errors   ERROR_FORMAT they are not the volumes of one store.
 */
MUST_CHECK bool campaign_layout_read(struct campaign_layout *layout,
                                     const struct campaign_images *images, struct error *error);
void campaign_layout_finish(struct campaign_layout *layout);

/* campaign_layout_find - what a sector belongs to; NULL: nothing. */
const struct campaign_place *campaign_layout_find(const struct campaign_layout *layout,
                                                  unsigned disk, uint64_t sector);
/* campaign_layout_states - can a write there change what a restart sees, while the rest of the
 * kernel is right? Homes are overlaid by the checkpoint that is brought to them, and areas are read
 * through a header. */
bool campaign_layout_states(const struct campaign_layout *layout, unsigned disk, uint64_t sector);

#endif
