/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listing.h - both copies of a checkpoint's directory, on their way to the area: what changed, then
 * the domains that were running.
 *
 * Who calls: checkpoint.c, in its phase DIRECTORY. Whom it calls: directory, batch.
 */
#ifndef LATCHKEY_KERNEL_LISTING_H
#define LATCHKEY_KERNEL_LISTING_H

#include "kernel/base.h"

struct ckpt_header;

/* listing_begin - the header, which stays where it is, says how long the copies are and where they
 * go. listing_write - goes on with it. true: all is written. */
void listing_begin(const struct ckpt_header *header);
MUST_CHECK bool listing_write(void);

#endif
