/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal.h - pages that survive between checkpoints: a domain asks, and is answered when the
 * page's contents are on the disk.
 *
 * The journal is a ring of blocks (RANGE_JOURNAL of disks/format.h). What waits when the disk is
 * ready goes out together, as one group and one request: the more ask at once, the more share a
 * write. A restart lays the groups that were written since the freeze of its checkpoint over that
 * checkpoint (journal_replay).
 *
 * Who calls: key_journal.c; checkpoint.c at the freeze and when a header is durable; restart.c;
 * dirty.c before a page changes; sched.c at its exits. Whom it calls: io, volume, pot, directory.
 *
 * Invariants
 *  1. One group is on its way at a time: written to every copy, then flushed. So a group that was
 *     acknowledged has no hole before it.
 *  2. A page that waits for its group, or is on its way, does not change.
 *  3. What the ring holds since the freeze of the newest durable header is not written over.
 *  4. What a page has in the journal, the next checkpoint holds, or something newer: then the ring
 *     is free.
 *  5. After a restart the first group waits for a checkpoint: a plex may lack what was replayed, so
 *     nothing that is acknowledged comes behind it in the ring.
 *  6. No page of a domain is written that would pass as a list of the ring.
 */
#ifndef LATCHKEY_KERNEL_JOURNAL_H
#define LATCHKEY_KERNEL_JOURNAL_H

#include "kernel/object.h"

/* Where a page stands. */
enum journal_state {
    JOURNAL_NONE,    /* it was changed since, or never asked for */
    JOURNAL_WAITS,   /* for the next group */
    JOURNAL_WRITING, /* in the group on its way */
    JOURNAL_DURABLE, /* its contents will survive */
};

/* journal_replay - at restart from this header: lay the pages of every good group since over the
 * committed directory. scratch: a block. NULL, or one line that says why it cannot be. */
const char *journal_replay(const struct ckpt_header *header, void *scratch);

/* journal_commit - the current domain wants a page to survive as it is. FETCH_PRESENT: it will;
 * FETCH_STALL: the domain waits, and asks again; FETCH_VOID: this store has no journal, or
 * the page looks like a part of one. */
enum fetch journal_commit(struct page_frame *page);
/* journal_page_changes - is about to. FETCH_STALL: it must not yet; the current domain waits. */
enum fetch journal_page_changes(struct page_frame *page);

/* journal_step - start the next group if one waits and can go. */
void journal_step(void);
/* journal_freeze - a checkpoint begins: put into its header where the journal stands. */
void journal_freeze(struct ckpt_header *header);
/* journal_committed - that header is durable: the ring before it is free. */
void journal_committed(void);
/* journal_restarts - of this store so far, this one included. */
uint64_t journal_restarts(void);

#endif
