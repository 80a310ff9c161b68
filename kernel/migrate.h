/* SPDX-License-Identifier: GPL-2.0-or-later */
/* migrate.h - brings what the committed checkpoint has in its area home.
 *
 * Who calls: checkpoint.c. Whom it calls: directory, object, pot, io, volume.
 *
 * Invariants
 *  1. Homes get the committed version only: from the area or the journal, or from a frame that has
 *     not changed since. A cut at any moment leaves every object in one good version: pages are
 *     there, and one plex of each pot is whole, or its shadow is.
 *  2. Migrating once more, after a restart, gives the same homes.
 *  3. What has no home on any disk that is there goes into the next checkpoint, and so on, until
 *     its disk is back. A disk that leaves on the way makes migration begin again.
 */
#ifndef LATCHKEY_KERNEL_MIGRATE_H
#define LATCHKEY_KERNEL_MIGRATE_H

#include "kernel/base.h"

/* migrate_begin - the committed directory, of this generation, is to be brought home. */
void migrate_begin(uint64_t generation);
/* migrate_step - go on as far as it goes without waiting. true: all is at home and durable. */
MUST_CHECK bool migrate_step(void);

#endif
