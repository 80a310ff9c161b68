/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot.h - whole machines kept in memory: each page of RAM once, packed, however many snapshots
 * hold it. Used by timeline.c and timeline_keep.c. */
#ifndef LATCHKEY_EMULATOR_SNAPSHOT_H
#define LATCHKEY_EMULATOR_SNAPSHOT_H

#include "emulator/machine.h"

struct snapshots; /* of one machine */
struct snapshot;

/* snapshots_create - none yet; the machine must outlive them. */
struct snapshots *snapshots_create(struct machine *machine);
void snapshots_destroy(struct snapshots *snapshots); /* after its snapshots; NULL is fine */

/* snapshot_take - the machine as it stands. like: one that is mostly the same; NULL: none. */
struct snapshot *snapshot_take(struct snapshots *snapshots, const struct snapshot *like);
/* snapshot_restore - the machine as it stood then.
 *
 * Errors   ERROR_FORMAT the snapshot is damaged; the machine must be destroyed.
 */
MUST_CHECK bool snapshot_restore(struct snapshots *snapshots, const struct snapshot *snapshot,
                                 struct error *error);
void snapshot_drop(struct snapshots *snapshots, struct snapshot *snapshot);
struct machine_position snapshot_position(const struct snapshot *snapshot);
/* snapshots_bytes - of memory, all together. */
size_t snapshots_bytes(const struct snapshots *snapshots);

#endif
