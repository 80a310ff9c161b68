/* SPDX-License-Identifier: GPL-2.0-or-later */
/* area.c - see area.h. */
#include "kernel/area.h"

#include "kernel/directory.h"
#include "kernel/object.h"
#include "kernel/volume.h"

#define PAGES_TO_COME 8u /* what one operation makes dirty */
#define PAGES_OF_OPERATION 6u /* two strings, a page key and its source */
#define FRAMES_SPARE 16u /* frames that are left for reading when all others are dirty or frozen */

static struct {
    unsigned area;
    bool frozen;
    uint32_t nodes_to_come;
    uint64_t blocks, used; /* of it, and of what is taken */
} current;

COLD void area_init(uint64_t blocks, uint32_t nodes_to_come)
{
    current.blocks = blocks;
    current.nodes_to_come = nodes_to_come;
}

COLD uint64_t area_size(unsigned area)
{
    struct volume_home home;
    uint64_t count = 0;
    while (volume_home_any(RANGE_CKPT_AREA, AREA_ID(area, count), &home))
        count += home.run;
    return count;
}

void area_begin(unsigned area)
{
    current.area = area;
    current.used = 0;
    current.frozen = false;
}

void area_frozen(void)
{
    current.frozen = true;
}

uint64_t area_next(void)
{
    return AREA_ID(current.area, current.used);
}

uint64_t area_take(uint64_t count)
{
    uint64_t first = area_next();
    current.used += count;
    kassert(current.used <= current.blocks);
    return first;
}

uint64_t area_last(uint64_t count)
{
    kassert(current.used + SHADOW_BLOCKS + count <= current.blocks);
    return AREA_ID(current.area, current.blocks - count);
}

uint64_t area_directory_blocks(uint64_t entries)
{
    return entries ? groups_of(DIRECTORY_ENTRIES, entries) : 1;
}

bool area_room(bool more)
{
    uint64_t nodes = object_changes.dirty_nodes + current.nodes_to_come;
    uint64_t pages = object_changes.dirty_pages + PAGES_TO_COME, used = 0, present = 0;
    if (more)
        pages += least(current.blocks, objects.page_count) / 4;
    uint64_t entries = pages + 2 * nodes;
    if (!current.frozen) {
        used = current.used;
        present = directory_count(DIRECTORY_WORKING);
    }
    present += entries + directory_count(DIRECTORY_OF_DOMAINS);
    used += pages + groups_of(POT_NODES, nodes) + 2 * area_directory_blocks(present);
    used += SHADOW_BLOCKS;
    entries += object_changes.frozen_pages + 2 * object_changes.frozen_nodes;
    return used <= current.blocks && entries <= directory_room();
}

bool pages_room(bool half)
{
    uint64_t pages = object_changes.dirty_pages << half;
    return pages + PAGES_TO_COME + object_changes.frozen_pages + FRAMES_SPARE <=
           objects.page_count;
}

bool nodes_room(bool half)
{
    uint64_t nodes = object_changes.dirty_nodes << half;
    return nodes + current.nodes_to_come + object_changes.frozen_nodes + FRAMES_SPARE <=
           objects.node_count;
}

bool operation_room(void)
{
    return object_changes.dirty_pages + PAGES_OF_OPERATION <= objects.page_count &&
           object_changes.dirty_nodes + NODES_OF_OPERATION <= objects.node_count;
}
