/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff.h - what two stores hold that is not the same, object by object, as a restarted system would
 * see them: nothing exactly when their digests are equal (digest.h).
 */
#ifndef LATCHKEY_DISKS_DIFF_H
#define LATCHKEY_DISKS_DIFF_H

#include "disks/store.h"

#define DIFF_ENTRIES_MAX 1000u
#define DIFF_SIDES 2u

enum diff_kind {
    DIFF_PAGE,    /* counts, bytes */
    DIFF_NODE,    /* counts, call_counts */
    DIFF_KEY,     /* of node id: slot, keys */
    DIFF_RUNNING, /* the domain runs in one of them: side */
};
struct diff_entry {
    enum diff_kind kind;
    uint64_t id;
    uint64_t counts[DIFF_SIDES], call_counts[DIFF_SIDES];
    uint32_t first_byte, byte_count; /* of a page, that differ */
    unsigned slot, side;
    struct disk_key keys[DIFF_SIDES]; /* void ones as data key 0 */
};
struct diff_report {
    struct diff_entry *entries; /* the first DIFF_ENTRIES_MAX; pages, nodes, domains; by id */
    size_t count, capacity;
    uint64_t generations[DIFF_SIDES];
    uint64_t page_count, node_count, running_count; /* that differ */
};

/* diff_stores - compare the newest checkpoints of two open stores. What one does not have is all
 * zero there.
 *
 * report   out; diff_report_finish() frees it, also after failure.
 * Errors   ERROR_FORMAT an object cannot be read.
 */
MUST_CHECK bool diff_stores(struct store *const stores[DIFF_SIDES], struct diff_report *report,
                            struct error *error);
void diff_report_finish(struct diff_report *report);

#endif
