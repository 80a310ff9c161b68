/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle.h - keys of a store as its domains see them. Used by digest.c and diff.c. */
#ifndef LATCHKEY_DISKS_SETTLE_H
#define LATCHKEY_DISKS_SETTLE_H

#include "disks/counts.h"
#include "disks/format.h"

/* settle_key - a void key is data key 0: that is what it is to every domain, and the kernel
 * replaces it when it meets it, which makes no difference. pages, nodes: of the store. */
struct disk_key settle_key(const struct counts *pages, const struct counts *nodes,
                           struct disk_key key);

#endif
