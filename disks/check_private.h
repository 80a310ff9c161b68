/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_private.h - shared by the files check*.c only. */
#ifndef LATCHKEY_DISKS_CHECK_PRIVATE_H
#define LATCHKEY_DISKS_CHECK_PRIVATE_H

#include "disks/check.h"
#include "disks/counts.h"

struct check {
    struct store *store;
    struct check_report *report;
    bool whole; /* a checkpoint is in use, so that objects can be read */
    bool migrating; /* homes may be older than the directory, and one plex older than the other */
    struct counts nodes; /* all that are not all zero */
    struct counts pages; /* all with a count, or lost */
};

/* check_find - add a finding; printf format of "WHERE: WHAT". */
void check_find(struct check *check, enum finding_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* check_where - "block N" or, when there are several volumes, "volume V block N". */
struct check_where {
    char text[48];
};
struct check_where check_where(const struct check *check, uint64_t location);

/* check_header_problem - what is wrong with a checkpoint header that is good; check_entry_problem -
 * with an entry of the directory of a checkpoint in this area. NULL: nothing. Also used for what is
 * in a stream. */
const char *check_header_problem(const struct ckpt_header *header);
const char *check_entry_problem(const struct store *store, uint32_t area,
                                const struct directory_entry *entry);
/* check_checkpoint - checkpoint headers, the newest directory, its area, and the journal. */
void check_checkpoint(struct check *check);
/* check_pots_and_pages - both plexes of every pot, and every page; fills check->nodes and
 * check->pages. */
void check_pots_and_pages(struct check *check);
/* check_keys - every key of every node, then domains. */
void check_keys(struct check *check);

#endif
