/* SPDX-License-Identifier: GPL-2.0-or-later */
/* power.h - the power fails: what each disk's cache leaves on its media, as a policy says.
 *
 * Called by the machine for all its disks; calls disk_power_cut(). Policies: what a real drive may
 * do with the writes that it has taken and not made durable.
 */
#ifndef LATCHKEY_EMULATOR_POWER_H
#define LATCHKEY_EMULATOR_POWER_H

#include "devices/disk.h"

enum power_policy {
    POWER_KEEP,   /* every write that the disk has taken reached the media */
    POWER_DROP,   /* every write since the last flush is lost */
    POWER_PREFIX, /* the first so many, in order; how many is drawn */
    POWER_SUBSET, /* each is drawn by itself */
    POWER_TORN,   /* a prefix, and of the sector after it only the first bytes */
    POWER_POLICY_COUNT
};

struct power_cut {
    enum power_policy policy;
    uint64_t seed; /* equal seeds leave equal media */
};

/* power_policy_name - "keep", ...; NULL past the end. */
const char *power_policy_name(enum power_policy policy);

/* power_cut_disk - cut the power of one disk.
 *
 * index    its number in the machine: each disk draws for itself.
 * Returns  false when the host refused a read or write of the media.
 */
bool power_cut_disk(struct disk *disk, unsigned index, const struct power_cut *cut);

#endif
