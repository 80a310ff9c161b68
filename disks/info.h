/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info.h - what a store is and where things are on its volumes, for people and as JSON. */
#ifndef LATCHKEY_DISKS_INFO_H
#define LATCHKEY_DISKS_INFO_H

#include "disks/store.h"
#include "emulator/base/bytes.h"

/* info_text - describe an open store in lines of text. No generation needs to be in use. */
void info_text(const struct store *store, struct byte_writer *writer);
/* info_json - the same as one JSON object and a newline. 64-bit values that are names are hex
 * strings. */
void info_json(const struct store *store, struct byte_writer *writer);

#endif
