/* SPDX-License-Identifier: GPL-2.0-or-later */
/* look.h - of which generation is plex 1 of the pots that migration will change next? An older plex
 * 0 passes its check, too, if a disk lost what was written there, or put it elsewhere.
 *
 * io.c looks at plex 1 of a pot each time it reads one. Migration reads many in a row, and the arm
 * would go from one plex to the other for each few; so many are looked at here at once.
 *
 * Who calls: migrate_pots.c. Whom it calls: directory, io, volume.
 *
 * Invariants
 *  1. Nothing is changed. What is found is a hint: it is the first sector that is read, unchecked.
 *  2. Pots are in the order of homes, each once.
 */
#ifndef LATCHKEY_KERNEL_LOOK_H
#define LATCHKEY_KERNEL_LOOK_H

#include "kernel/base.h"

/* look_begin - the order is ready; at the first pot again. Nothing is under way. */
void look_begin(void);
/* look_step - look at some more if none is left to be taken. true: some are, or there are no more.
 * false: something must be waited for. */
MUST_CHECK bool look_step(void);
/* look_take - the next pot's generation; 0: it is not known. false: look_step() first. */
MUST_CHECK bool look_take(uint64_t *generation);

#endif
