/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pot.h - the pots in memory: blocks that hold 15 nodes, or the counts and checksums of 255 pages.
 *
 * Invariants
 *  1. A present pot passed its checksum, from one plex or the other.
 *  2. Pots are copies of the disk and may be dropped at any time while they are not being read or
 *     changed.
 */
#ifndef LATCHKEY_KERNEL_POT_H
#define LATCHKEY_KERNEL_POT_H

#include "kernel/object.h"

enum pot_state { POT_FREE, POT_READING, POT_PRESENT, POT_BAD };

/* pot_init - buffers for count pots, LIMIT_POTS_MIN to LIMIT_POTS, at [start, ...); returns the
 * first address after them. */
uint64_t pot_init(uint64_t start, unsigned count);
/* pot_node - the disk form of a node. Valid until the next pot_* call. */
enum fetch pot_node(uint64_t object_id, const struct disk_node **node);
/* pot_page - count, flags and checksum of a page. */
enum fetch pot_page(uint64_t object_id, const struct page_pot_entry **entry);

struct pot {
    enum pot_state state;
    enum range_kind kind;
    uint64_t first_id;
    bool used;
    bool changing; /* not to be taken */
    bool fresh;    /* who waited for it has not come yet */
    uint8_t *data;
    struct queue waiters;
};

/* pot_get - the pot that describes an object. look: if it is read, the newer one of its plexes. Who
 * is to change and write it says so at once (changing): it stays until pot_changed(). pot_seal -
 * its block, with its generation and checksum. pot_spare - so many may be held so at a time. */
unsigned pot_spare(void);
enum fetch pot_get(enum range_kind kind, uint64_t object_id, bool look, struct pot **pot);
void *pot_seal(struct pot *pot, uint64_t generation);
void pot_changed(struct pot *pot);

/* pot_make - one for a block of the current area, empty, to be filled and written: it stays until
 * pot_changed(). NULL: none can be taken. pot_put - a node into it: its place and counts are put
 * into the entry. */
struct pot *pot_make(uint64_t area_id);
void pot_put(struct pot *pot, unsigned place, const struct node_frame *node,
             struct directory_entry *entry);
/* pot_drop - it is not written after all. */
void pot_drop(struct pot *pot);
/* pot_area_forget - another area becomes the current one: what was read of it is of an older
 * generation. */
void pot_area_forget(void);

/* The nodes of the last freeze, packed as they are written to the area, stay in memory until the
 * next. pot_area_begin - a freeze: from now on pots go to this area id and those after it.
 * pot_area_take - a place for a node. pot_area_fill - its contents go there; the place and the
 * node's counts are put into the entry. pot_area_next - a node whose place was taken and is not
 * filled, or NULL: look again; false: all are. pot_area_count - blocks in use. pot_area_seal -
 * block index, ready to be written. */
void pot_area_begin(uint64_t first_id);
struct disk_node *pot_area_take(struct node_frame *node);
void pot_area_fill(struct disk_node *place, const struct node_frame *node,
                   struct directory_entry *entry);
MUST_CHECK bool pot_area_next(struct node_frame **node);
uint32_t pot_area_count(void);
void *pot_area_seal(uint32_t index, uint64_t generation);
/* pot_area_node - the disk form of a node that the directory places in an area. Valid until the
 * next pot_* call. */
enum fetch pot_area_node(const struct directory_entry *entry, const struct disk_node **node);
/* pot_area_init - room for so many nodes of one freeze; returns the first address after it. */
uint64_t pot_area_init(uint64_t start, uint32_t node_count);

#endif
