/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_write.h - writes a trace, frame by frame, so that at any time what happened so far is in
 * the file. */
#ifndef LATCHKEY_EMULATOR_RECORD_WRITE_H
#define LATCHKEY_EMULATOR_RECORD_WRITE_H

#include "emulator/record.h"

struct record_writer;

/* record_writer_open - make the file, or empty it, and write the head.
 *
 * path, head   head is read during the call only.
 * Errors       ERROR_IO it cannot be written.
 */
MUST_CHECK bool record_writer_open(struct record_writer **writer, const char *path,
                                   const struct record_head *head, struct error *error);
/* record_writer_entry - append an entry; it is in the file after the next mark, cut, end or so many
 * entries, or record_writer_flush(). hashes: of a RECORD_MARK, parts of them. */
void record_writer_entry(struct record_writer *writer, const struct record_entry *entry,
                         const uint64_t *hashes, uint32_t parts);
/* record_writer_clusters - some of one disk, one after the other from index on: in the file at
 * once. data: RECORD_CLUSTER_BYTES each. */
void record_writer_clusters(struct record_writer *writer, unsigned disk, uint64_t index,
                            const uint8_t *data, size_t count);
/* record_writer_bundle - what follows makes the trace a bundle. record_writer_file: which 0 the
 * kernel, 1 the initrd. */
void record_writer_bundle(struct record_writer *writer);
void record_writer_file(struct record_writer *writer, unsigned which,
                        const struct record_file *file);
void record_writer_flush(struct record_writer *writer);
/* record_writer_close - write the index and the tail.
 *
 * Errors   ERROR_IO the host refused this or an earlier write; what could be written is there.
 */
MUST_CHECK bool record_writer_close(struct record_writer *writer, struct error *error);

#endif
