/* SPDX-License-Identifier: GPL-2.0-or-later */
/* volume.h - the volumes of the store: which block of which disk is the home of an object.
 *
 * Invariants
 *  1. Every range in the table was checked against its volume's size when it was read.
 *  2. Node and page-pot ranges have both plexes, or the boot said that one is missing.
 */
#ifndef LATCHKEY_KERNEL_VOLUME_H
#define LATCHKEY_KERNEL_VOLUME_H

#include "kernel/base.h"
#include "kernel/limits.h"

#define VOLUME_PLEXES 2u

struct volume_home {
    uint8_t disk;
    uint64_t block;
    uint64_t first_id; /* of the pot; the id itself for a page */
};

/* volume_init - read the headers of all disks. NULL, or one line that says why there is no
 * store. */
const char *volume_init(void);
/* volume_home - where a copy of an object (or of its pot) lies. false: no such id in that plex. */
MUST_CHECK bool volume_home(enum range_kind kind, uint64_t object_id, unsigned plex,
                            struct volume_home *home);
/* volume_range - the index-th range over all volumes; NULL past the end. */
const struct volume_range *volume_range_at(unsigned index, uint8_t *disk);

#endif
