/* SPDX-License-Identifier: GPL-2.0-or-later */
/* migrate_pots.h - one of the passes of migrate.c: what the committed directory says about nodes
 * and pages comes into their pots, and these home, to one plex.
 *
 * Who calls: migrate.c. Whom it calls: directory, look, pot, io, volume.
 *
 * Invariants
 *  1. Pots that are in one plex only are in their shadows, durable, while they are written.
 *  2. A pot that is changed is the newer one of its plexes.
 *  3. What has no home on any disk that is there is left alone.
 */
#ifndef LATCHKEY_KERNEL_MIGRATE_POTS_H
#define LATCHKEY_KERNEL_MIGRATE_POTS_H

#include "kernel/base.h"

/* migrate_pots_begin - the directory's order is ready; the pots become those of this generation.
 * Plex 1 comes after plex 0. Generation 0: they are read only, and so made whole from what a cut
 * left of them; before it, no shadow may be written over. */
void migrate_pots_begin(unsigned plex, uint64_t generation);
/* migrate_pots_step - go on as far as it goes without waiting. HOME: all are, and durable. FAILED:
 * a pot is lost, or could not be written; nothing is under way any more. */
enum migrate_pots { MIGRATE_POTS_WAIT, MIGRATE_POTS_HOME, MIGRATE_POTS_FAILED };
MUST_CHECK enum migrate_pots migrate_pots_step(void);

#endif
