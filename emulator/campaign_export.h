/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_export.h - the writes of a logged run in the format of Linux's dm-log-writes, so that
 * its tools (replay-log of xfstests) can put them onto a copy of the image, as far as one likes.
 *
 * The file is a row of sectors of 512 bytes, numbers little-endian: a head of magic
 * 0x6a736677736872, version 1, count of entries (64 bits each), size of a sector (32 bits); then
 * per entry a sector of {first sector, sectors, flags, bytes of a mark's text} (64 bits each) and
 * the text, and after it the data of a write. (Linux, the device mapper target "log-writes";
 * xfstests, replay-log.) Entries are in the order in which the disk took the writes, a flush is one
 * with the FLUSH flag. Marks: restarted=G, committed=G of a generation; PHASE-N where a phase
 * begins for the N-th time.
 *
 * Called by campaign.c. Calls the log and the host's files.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_EXPORT_H
#define LATCHKEY_EMULATOR_CAMPAIGN_EXPORT_H

#include "emulator/base/bytes.h"
#include "emulator/campaign_log.h"

/* campaign_export - append the writes of one disk, and all marks. */
void campaign_export(const struct campaign_log *log, unsigned disk, struct byte_writer *file);
#define CAMPAIGN_EXPORT_PATH_BYTES 4096u
/* campaign_export_path - the file of a disk: path, path-1, ...
 *
 * Errors   ERROR_IO the name is too long.
 */
MUST_CHECK bool campaign_export_path(const char *path, unsigned disk,
                                     char name[CAMPAIGN_EXPORT_PATH_BYTES], struct error *error);
/* campaign_export_write - to files: path of disk 0, path-1 of disk 1, ...
 *
 * Errors   ERROR_IO as output_write; the name is too long.
 */
MUST_CHECK bool campaign_export_write(const struct campaign_log *log, unsigned disks,
                                      const char *path, struct error *error);

#endif
