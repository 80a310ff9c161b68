/* SPDX-License-Identifier: GPL-2.0-or-later */
/* area.h - the current area, block by block, and whether there is room for all that changes.
 *
 * Who calls: checkpoint.c, pageout.c and batch.c, which write to the area. Whom it calls: volume
 * for the size of the areas, object and directory for how much has changed.
 *
 * Invariants
 *  1. While area_room() holds, all that is dirty has a block in the current area and an entry in
 *     the directory, and so has what one kernel operation and a freeze may add.
 *  2. A block of an area is taken once in a generation.
 */
#ifndef LATCHKEY_KERNEL_AREA_H
#define LATCHKEY_KERNEL_AREA_H

#include "kernel/base.h"
#include "kernel/limits.h"

/* Nodes that one operation makes dirty, and a few more before anyone looks again (dirty.c). */
#define NODES_OF_OPERATION 32u

/* area_init - the smaller area has so many blocks, and one kernel operation and a freeze make so
 * many nodes dirty. */
void area_init(uint64_t blocks, uint32_t nodes_to_come);
/* area_size - blocks 0.. of an area that some disk has. */
uint64_t area_size(unsigned area);
/* area_begin - from now on this is the current one, with nothing in it. */
void area_begin(unsigned area);
/* area_frozen - what changes from now on goes to the next area; until area_begin(). */
void area_frozen(void);
/* area_next - the id of the first free block. area_take - the same, of so many that are not free
 * any more. area_last - the first of so many at the end of the area. */
uint64_t area_next(void);
uint64_t area_take(uint64_t count);
uint64_t area_last(uint64_t count);
/* area_directory_blocks - of a directory with so many entries. */
uint64_t area_directory_blocks(uint64_t entries);
/* area_room - for what is dirty, and if so asked for so many pages more that there is time to make
 * room. pages_room, nodes_room - there are clean frames left; half of them, if so asked. */
bool area_room(bool more);
bool pages_room(bool half);
bool nodes_room(bool half);
/* operation_room - where no freeze will ever come: there are clean frames for one operation more.
 */
bool operation_room(void);

#endif
