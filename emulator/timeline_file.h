/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timeline_file.h - the snapshots of a timeline as a file, so that who replays a trace another time
 * is far along at once. For replay.c.
 *
 * All numbers are little-endian. "LKSNAPS\n", u32 TIMELINE_FILE_VERSION; the version of the program
 * (string), the digests of its file and of the trace, u32 engine version; the pages and, of each
 * disk, the layers (snapshot.h, layers.h: packed, and checksummed each); u32 count of snapshots;
 * each with u64 the next entry of the record, of each disk u64 writes and operations, and what
 * snapshot_save.c says. At the end the XXH3-128 of all before it.
 */
#ifndef LATCHKEY_EMULATOR_TIMELINE_FILE_H
#define LATCHKEY_EMULATOR_TIMELINE_FILE_H

#include "emulator/timeline.h"

#define TIMELINE_FILE_MAGIC "LKSNAPS\n"
#define TIMELINE_FILE_VERSION 1u
#define TIMELINE_FILE_BYTES_MAX ((size_t)1 << 36)

/* timeline_file_write - all snapshots that are kept, but the first, which who replays has.
 *
 * trace    the digest of the trace's file.
 * Errors   ERROR_IO the host refused; what was there stays.
 */
MUST_CHECK bool timeline_file_write(const struct timeline *timeline, struct digest trace,
                                    const char *path, struct error *error);
/* timeline_file_read - into a timeline that was just created; those for which there is no room in
 * its budget go.
 *
 * Errors   ERROR_IO it cannot be read; ERROR_FORMAT it is no such file, is damaged, or was made by
 *          another version or build of the program, or from another trace. The timeline may only be
 *          destroyed then.
 */
MUST_CHECK bool timeline_file_read(struct timeline *timeline, struct digest trace,
                                   const char *path, struct error *error);

#endif
