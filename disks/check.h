/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - the offline checker: every structure of a store, without running the guest.
 *
 * What it looks at, in this order: header copies; ranges; names of domains; checkpoint headers;
 * both copies of the directory and what they place in the areas; node pots and page pots in both
 * plexes; pages; every key of every node as the restarted system would see it; the shape of
 * domains, and that those that run are listed.
 */
#ifndef LATCHKEY_DISKS_CHECK_H
#define LATCHKEY_DISKS_CHECK_H

#include <stddef.h>

#include "disks/store.h"

enum finding_kind {
    FINDING_NOTE,       /* legal, and worth knowing: domains can bring it about themselves */
    FINDING_REPAIRABLE, /* one copy is bad and the other good, or only names are lost */
    FINDING_DAMAGE,     /* something is lost or wrong */
    FINDING_KINDS
};

struct finding {
    enum finding_kind kind;
    char text[200]; /* "WHERE: WHAT", one line */
};

#define CHECK_FINDINGS_MAX 1000u /* kept; all are counted */

struct check_report {
    struct finding *findings;
    size_t count, capacity;
    uint64_t counts[FINDING_KINDS];
};

/* check_store - check an open store through its newest checkpoint.
 *
 * store   open; the generation in use is changed to the newest.
 * report  out: check_report_finish() frees it.
 * Returns true when there is nothing but notes.
 */
bool check_store(struct store *store, struct check_report *report);
void check_report_finish(struct check_report *report);

#endif
