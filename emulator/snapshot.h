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
/* snapshots_write - the pages of some snapshots, as bytes. numbers: out, by which snapshot_write()
 * names them; the caller frees it. snapshot_write - one snapshot; before: the one that was written
 * before it, NULL: none. */
void snapshots_write(const struct snapshots *snapshots, const struct snapshot *const *list,
                     size_t list_count, struct byte_writer *writer, uint32_t **numbers);
void snapshot_write(const struct snapshots *snapshots, const struct snapshot *snapshot,
                    const struct snapshot *before, const uint32_t *numbers,
                    struct byte_writer *writer);
/* snapshots_read - pages that were written; count: out, how many. They stay until
 * snapshots_read_end(), or as long as a snapshot has them. snapshot_read - one snapshot. All is
 * checked, whoever wrote the bytes, but the machine's state itself: snapshot_restore() does that.
 *
 * Errors   ERROR_FORMAT they are damaged, or of a machine with other RAM.
 */
struct snapshots_read {
    uint32_t *pages; /* of the pool, by number; page 0 is the page of zeros */
    size_t count;
};
MUST_CHECK bool snapshots_read(struct snapshots *snapshots, struct byte_reader *reader,
                               struct snapshots_read *read, struct error *error);
void snapshots_read_end(struct snapshots *snapshots, struct snapshots_read *read);
MUST_CHECK bool snapshot_read(struct snapshots *snapshots, const struct snapshots_read *read,
                              const struct snapshot *before, struct byte_reader *reader,
                              struct snapshot **snapshot, struct error *error);
/* snapshots_bytes - of memory, all together. */
size_t snapshots_bytes(const struct snapshots *snapshots);

#endif
