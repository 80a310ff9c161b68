/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_read.h - a trace's bytes checked and taken apart. */
#ifndef LATCHKEY_EMULATOR_RECORD_READ_H
#define LATCHKEY_EMULATOR_RECORD_READ_H

#include "emulator/record.h"

/* record_read - all of a trace.
 *
 * record   out; record_finish() it, also after failure. complete false: the end is missing, and
 *          record holds what is before that.
 * name     for messages.
 * Errors   ERROR_FORMAT not a trace, of another version, or damaged: which frame, at which byte.
 */
MUST_CHECK bool record_read(struct record *record, const char *name, const uint8_t *data,
                            size_t size_bytes, struct error *error);

/* record_read_file - the same from a file. Errors: ERROR_IO too. */
MUST_CHECK bool record_read_file(struct record *record, const char *path, struct error *error);

#endif
