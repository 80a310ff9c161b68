/* SPDX-License-Identifier: GPL-2.0-or-later */
/* digest.h - one number for everything that a restarted system would see.
 *
 * Two stores with equal digests hold the same objects: every node with its keys and counts, every
 * page with its bytes and count, and the same running domains. Where an object lies (at home, in
 * which plex, in a checkpoint area), how a page of zeros is marked, and volumes, labels and
 * generations do not matter.
 */
#ifndef LATCHKEY_DISKS_DIGEST_H
#define LATCHKEY_DISKS_DIGEST_H

#include "disks/store.h"
#include "emulator/base/pack.h"

struct store_digest {
    struct digest digest;
    uint64_t generation;
    uint64_t node_count, page_count; /* that are not all zero */
    uint64_t running_count;
};

/* digest_store - the digest of a store as of a checkpoint.
 *
 * store       open; its generation in use is changed.
 * generation  0: the newest.
 * Errors      ERROR_FORMAT no such checkpoint; an object cannot be read; or a home that it needs
 *             was overwritten by a later one, so that the generation is no longer whole.
 */
MUST_CHECK bool digest_store(struct store *store, uint64_t generation,
                             struct store_digest *result, struct error *error);

#endif
