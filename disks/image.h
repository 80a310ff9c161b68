/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image.h - a store being built in memory, and writing it as a volume (format.h). Used by make.c.
 * */
#ifndef LATCHKEY_DISKS_IMAGE_H
#define LATCHKEY_DISKS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "disks/format.h"
#include "emulator/base/error.h"

#define IMAGE_RUNNING_MAX 4096u

struct image {
    struct disk_node *nodes; /* by id; node_count + 1 of them */
    uint8_t **pages;         /* by id; NULL: all zero */
    uint64_t node_count, page_count;
    uint64_t node_next, page_next; /* next id to give out */
    uint64_t area_blocks, seed;
    char label[32];
    uint64_t running[IMAGE_RUNNING_MAX]; /* root nodes of the domains that run at the start */
    uint32_t running_count;
};

/* image_init - an empty store. image_finish frees it; a zeroed image is fine. */
void image_init(struct image *image, uint64_t node_count, uint64_t page_count);
void image_finish(struct image *image);
/* image_node_new - give out a node, all data key 0. 0: none is left. */
uint64_t image_node_new(struct image *image);
struct disk_node *image_node(struct image *image, uint64_t id);
/* image_page_new - give out a page with a copy of size_bytes (0..4096) bytes. 0: none is left. */
uint64_t image_page_new(struct image *image, const uint8_t *data, size_t size_bytes);

/* disk_key_object - a key to an object. disk_key_number - a data key. disk_key_id - the object id.
 * */
struct disk_key disk_key_object(uint8_t type, uint8_t data_byte, uint64_t id, uint64_t count);
struct disk_key disk_key_number(uint64_t number);
uint64_t disk_key_id(const struct disk_key *key);

/* image_write - write the volume; see make.h for how. */
MUST_CHECK bool image_write(const struct image *image, const char *path, struct error *error);

/* image_layout - the ranges of a volume for a store of this size, in block order. Returns the
 * number of blocks of the volume; ranges needs room for VOLUME_RANGES_MAX. */
uint64_t image_layout(const struct image *image, struct volume_range *ranges,
                      uint32_t *range_count);

#endif
