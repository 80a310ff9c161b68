/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pageout.h - objects that have been dirty for longest go to the current area before the next
 * checkpoint, so that more can change than there is memory for.
 *
 * Who calls: checkpoint.c, while nothing is frozen. Whom it calls: object for what is dirty, pot,
 * batch and area to write it, directory to find it again.
 *
 * Invariants
 *  1. What is in the working directory is the newest version of an object, unless its frame is
 *     dirty; the checkpoint lists it without writing it again.
 *  2. Of the current area nothing is needed by a restart before it is committed, and everything in
 *     it was written before the flush that comes first: a cut in between loses nothing.
 */
#ifndef LATCHKEY_KERNEL_PAGEOUT_H
#define LATCHKEY_KERNEL_PAGEOUT_H

#include "kernel/base.h"

/* pageout_due - memory is short of clean frames. */
bool pageout_due(void);
/* pageout_step - send what there is, as far as that goes without waiting. false: nothing is under
 * way, and nothing can be sent. */
bool pageout_step(void);
/* pageout_ended - send what was gathered. false: it must be waited for. */
bool pageout_ended(void);

#endif
