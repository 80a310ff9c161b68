/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_identity.h - by what a trace knows again what it was recorded with, and acts as entries.
 */
#ifndef LATCHKEY_EMULATOR_RECORD_IDENTITY_H
#define LATCHKEY_EMULATOR_RECORD_IDENTITY_H

#include "emulator/record.h"

/* record_program_digest - of this program's file; zeros when it cannot be read. */
struct digest record_program_digest(void);
/* record_file_digest - of a file's bytes. Errors: ERROR_IO. */
MUST_CHECK bool record_file_digest(const char *path, struct digest *digest, struct error *error);
/* record_bytes_digest - of bytes. */
struct digest record_bytes_digest(const void *data, size_t size_bytes);
bool digest_equal(struct digest left, struct digest right);

/* record_entry_of - an act as an entry. record_entry_do - and an entry as an act: what a RUN,
 * GLANCE or MARK says is not done here. Errors: as the machine's. */
void record_entry_of(struct record_entry *entry, const struct machine_act *act);
MUST_CHECK bool record_entry_do(const struct record_entry *entry, struct machine *machine,
                                struct error *error);

#endif
