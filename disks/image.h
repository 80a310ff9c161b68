/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image.h - a store being built in memory, and writing it out (format.h). Used by make.c. */
#ifndef LATCHKEY_DISKS_IMAGE_H
#define LATCHKEY_DISKS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disks/format.h"
#include "disks/names.h"
#include "emulator/base/error.h"

#define IMAGE_RUNNING_MAX 4096u

struct image {
    struct disk_node **pots; /* POT_NODES nodes each, ids from 1 on; NULL: all zero */
    uint8_t **pages;         /* by id; NULL: all zero */
    uint64_t node_count, page_count;
    uint64_t node_next, page_next; /* next id to give out */
    uint64_t area_blocks, journal_blocks, seed;
    unsigned volume_count; /* 1..VOLUME_DISKS_MAX */
    bool mirror; /* pages have two homes; so have areas and journal where there are two volumes */
    char label[32];
    uint64_t running[IMAGE_RUNNING_MAX]; /* root nodes of the domains that run at the start */
    uint32_t running_count;
    struct names names; /* of domains */
};

/* image_init - an empty store on one volume. image_finish frees it; a zeroed image is fine. */
void image_init(struct image *image, uint64_t node_count, uint64_t page_count);
void image_finish(struct image *image);
/* image_node_new - give out a node, all data key 0. 0: none is left. */
uint64_t image_node_new(struct image *image);
/* image_node - a node for writing, given out or reserved; it stays where it is. */
struct disk_node *image_node(struct image *image, uint64_t id);
/* image_page_new - give out a page with a copy of size_bytes (0..4096) bytes. 0: none is left. */
uint64_t image_page_new(struct image *image, const uint8_t *data, size_t size_bytes);

/* disk_key_object - a key to an object. */
struct disk_key disk_key_object(uint8_t type, uint8_t data_byte, uint64_t id, uint64_t count);
/* disk_key_number - a data key. */
struct disk_key disk_key_number(uint64_t number);

/* image_write - write all volumes; see make.h for how. */
MUST_CHECK bool image_write(const struct image *image, const char *path, struct error *error);

/* image_volume_path - the file of a volume: path itself for volume 0, else "-1" .. "-3" before its
 * last extension.
 *
 * target   out, room bytes.
 * Returns  false when it does not fit.
 */
MUST_CHECK bool image_volume_path(const char *path, unsigned volume, char *target, size_t room);

/* image_layout - the ranges of one volume, in block order.
 *
 * ranges   out: room for VOLUME_RANGES_MAX.
 * Returns  the number of blocks of the volume.
 */
uint64_t image_layout(const struct image *image, unsigned volume, struct volume_range *ranges,
                      uint32_t *range_count);

#endif
