/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resync.h - brings a disk in step that was away, or is new: copies what the other plexes have,
 * while the store is in use.
 *
 * Who calls: restart.c begins it, sched.c lets it go on. Whom it calls: volume, io, and
 * object for frames.
 *
 * Invariants
 *  1. From resync_begin() on every write goes to the copy too; while blocks are on their way from
 *     one plex to the other, nobody writes them (io_hold()).
 *  2. The copy is read only after all of it was written and flushed; after a restart, only if the
 *     header that counts says that it was.
 */
#ifndef LATCHKEY_KERNEL_RESYNC_H
#define LATCHKEY_KERNEL_RESYNC_H

#include "kernel/base.h"

/* resync_begin - at restart: what is not in step, and is on other disks, is to be copied. */
void resync_begin(void);
/* resync_step - go on as far as it goes without waiting; after every io_poll(). */
void resync_step(void);

#endif
