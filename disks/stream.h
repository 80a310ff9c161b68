/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stream.h - a stream read offline: which generations are in it, and every block that one of them
 * wrote. Used by apply and info; add lays one out.
 *
 * Invariants
 *  1. Nothing in it is trusted: a header counts in the slot of its generation only, and a block is
 *     given out only if the directory of its generation, the header, or a group of the journal that
 *     follows on a header, says what it is and it is that.
 *  2. The kernel may write to it meanwhile: what is overwritten while it is read fails its
 *     checksum.
 */
#ifndef LATCHKEY_DISKS_STREAM_H
#define LATCHKEY_DISKS_STREAM_H

#include "disks/store.h"

struct stream {
    const struct volume *volume; /* borrowed */
    struct volume_range range;
    uint64_t slots;
    uint64_t oldest, newest; /* generations that follow each other; 0: there is none */
};

/* stream_use - the stream of an open store; its volume must stay open.
 *
 * Errors  ERROR_USAGE there is none among its volumes; ERROR_FORMAT its range is not one.
 */
MUST_CHECK bool stream_use(const struct store *store, struct stream *stream, struct error *error);
/* stream_header - of this generation. false: it is not in the stream. */
MUST_CHECK bool stream_header(const struct stream *stream, uint64_t generation,
                              struct ckpt_header *header);
/* stream_block - where the first block of its slot is on the volume. */
uint64_t stream_block(const struct stream *stream, uint64_t generation);

/* What is done with a block of a generation, which is good. */
struct stream_taker {
    void *context;
    bool (*take)(void *context, uint64_t area_id, const void *block); /* false: it has set error */
};
/* stream_pass - read and examine all of one generation: both copies of its directory, and what they
 * place in its area.
 *
 * standby  the store that it is for: all that it holds must have a home there.
 * taker    gets each block of the area once or more; NULL: it is only examined.
 * Errors   ERROR_FORMAT what is wrong with it; what the taker says.
 */
MUST_CHECK bool stream_pass(const struct stream *stream, const struct store *standby,
                            uint64_t generation, const struct stream_taker *taker,
                            struct error *error);

/* stream_journal - read the journal as it follows on this header: all groups from its journal_block
 * and journal_sequence on.
 *
 * slot     large: allocate it. out: where the blocks of these groups can be read, as of a store.
 * journal  out: store_journal_finish() frees it. Its pages are not filled.
 */
void stream_journal(const struct stream *stream, const struct ckpt_header *header,
                    struct store *slot, struct store_journal *journal);

#endif
