/* SPDX-License-Identifier: GPL-2.0-or-later */
/* add.h - one more volume for a store that exists: room for more objects, second homes for what has
 * one only, or the successor of a volume that was lost. */
#ifndef LATCHKEY_DISKS_ADD_H
#define LATCHKEY_DISKS_ADD_H

#include "disks/store.h"

struct add_request {
    uint64_t node_count, page_count; /* new objects, with ids after those of the store; or 0 */
    /* New pages have two homes, and every range that has no second plex on the volumes given gets
     * it on the new one. */
    bool mirror;
    /* Not 0: the volume is a stream with so many slots, and nothing else. It begins with the newest
     * generation, whose standby is a copy of the volumes as they are. */
    uint64_t stream_slots;
};

/* add_volume - write the new volume of an open store. The other volumes are not changed: a kernel
 * takes the new one in when it starts with it, and fills second homes from the first (format.h,
 * disks_known).
 *
 * store    open, with the newest checkpoint in use. With a volume missing and mirror asked for, the
 *          new one takes its number; else the next.
 * path     must not exist; written whole or not at all.
 * Errors   ERROR_USAGE nothing to add, more than a stream, or the path exists; ERROR_LIMIT the
 *          store has all volumes or ids that it may have; ERROR_FORMAT the checker finds damage;
 *          ERROR_IO the host refused.
 */
MUST_CHECK bool add_volume(struct store *store, const struct add_request *request,
                           const char *path, struct error *error);

#endif
