/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply.h - brings a standby forward: a copy of a store as of one generation becomes that store as
 * of each later one that a stream holds, and gets what was journalled since.
 *
 * Who calls: the disk command and tests. Whom it calls: stream and store; a writer, which is the
 * images' files.
 *
 * Invariants
 *  1. A standby that is cut off at any write, with any of what was written since the last flush
 *     lost, is as of the generation before or the one after, and can be brought forward again. Of
 *     what was journalled since the newest it then has all up to some group.
 *  2. Nothing is written before all generations to come were examined whole; each block is examined
 *     again as it is copied.
 */
#ifndef LATCHKEY_DISKS_APPLY_H
#define LATCHKEY_DISKS_APPLY_H

#include "disks/store.h"

/* What takes the standby's blocks. Its volumes read back what was written at once. */
struct apply_writer {
    void *context;
    /* Write at this block of the volume with this path: a block, or a sector of its beginning. */
    bool (*write)(void *context, const char *path, uint64_t block, const void *source,
                  size_t size_bytes, struct error *error);
    /* All that was written is durable. */
    bool (*flush)(void *context, struct error *error);
};

struct apply_report {
    uint64_t from, to; /* generation of the standby before, and after */
};

/* apply_stream - bring a standby to the newest generation of a stream.
 *
 * paths    all volumes of the standby, and the stream, in any order.
 * writer   NULL: the files, which nobody else may write meanwhile. The stream may be in use.
 * report   out, even after failure: to is what the standby is at.
 * Errors   as store_open; ERROR_USAGE there is no stream, or not all of the standby; ERROR_FORMAT
 *          the stream has not all generations that are missing, something in it or in the standby
 *          is bad, or the standby was used on its own; ERROR_IO the host refused.
 */
MUST_CHECK bool apply_stream(const char *const *paths, unsigned path_count,
                             const struct apply_writer *writer, struct apply_report *report,
                             struct error *error);

#endif
