/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_head.h - a machine's configuration as the head of a record. Used by recorder.c and
 * history.c. */
#ifndef LATCHKEY_EMULATOR_RECORD_HEAD_H
#define LATCHKEY_EMULATOR_RECORD_HEAD_H

#include "emulator/record.h"

/* record_head_fill - all but what is said of each disk; kernel and initrd are hashed.
 *
 * head     out, zeroed; owns append and faults then, also after failure.
 * Errors   ERROR_IO a file cannot be read; ERROR_USAGE a configuration that no trace holds.
 */
MUST_CHECK bool record_head_fill(struct record_head *head, const struct machine_config *config,
                                 struct error *error);
/* record_head_disk - what is said of a disk, but for the digest. Errors: ERROR_USAGE. */
MUST_CHECK bool record_head_disk(struct record_disk *told, const struct machine_disk *disk,
                                 uint64_t sector_count, struct error *error);

#endif
