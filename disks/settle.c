/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle.c - see settle.h. Calls counts. */
#include "disks/settle.h"

#include "disks/volume.h"
#include "kernel/abi.h"

#define KEY_BIT(type) (1u << (type))
#define KEYS_TO_NODES                                                                              \
    (KEY_BIT(KEY_SEGMENT) | KEY_BIT(KEY_NODE) | KEY_BIT(KEY_METER) | KEY_BIT(KEY_FETCH) |          \
     KEY_BIT(KEY_START) | KEY_BIT(KEY_DOMAIN) | KEY_BIT(KEY_SENSE) | KEY_BIT(KEY_FRONT_END))

struct disk_key settle_key(const struct counts *pages, const struct counts *nodes,
                           struct disk_key key)
{
    uint64_t id = disk_id(key.object_id), count;
    if (key.type == KEY_PAGE)
        count = counts_find(pages, id).allocation_count;
    else if (key.type == KEY_RESUME)
        count = counts_find(nodes, id).call_count;
    else if (key.type < KEY_TYPE_COUNT && (KEYS_TO_NODES >> key.type & 1))
        count = counts_find(nodes, id).allocation_count;
    else
        return key;
    return key.count == count ? key : (struct disk_key){0};
}
