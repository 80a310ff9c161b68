/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_disks.h - scratch folders, small programs, images made from recipe text, and damage done
 * to them on purpose. Used by the disks_* tests.
 *
 * What goes wrong on the host (no space, no folder) ends the test at once.
 */
#ifndef LATCHKEY_TESTS_SUPPORT_DISKS_H
#define LATCHKEY_TESTS_SUPPORT_DISKS_H

#include "disks/check.h"
#include "disks/format.h"
#include "disks/recipe.h"
#include "disks/store.h"

#define SCRATCH_PATH_BYTES 256u

struct scratch {
    char folder[SCRATCH_PATH_BYTES];
};

/* scratch_make - a new folder. scratch_remove - it and the files in it. */
void scratch_make(struct scratch *scratch);
void scratch_remove(struct scratch *scratch);
/* scratch_file - the path of a file in the folder. */
void scratch_file(const struct scratch *scratch, const char *name, char path[SCRATCH_PATH_BYTES]);
/* scratch_write - a file with these bytes. */
void scratch_write(const struct scratch *scratch, const char *name, const void *data,
                   size_t size_bytes);
/* scratch_program - an executable "program.elf": a page of code at 0x10000, a page of data and two
 * of zeros at 0x20000. */
void scratch_program(const struct scratch *scratch);

/* recipe_make - make the image NAME from recipe text. false: error says why. */
bool recipe_make(const struct scratch *scratch, const char *text, const char *name,
                 struct error *error);
/* The recipe that most tests use: two domains, a segment, a node, keys of most types. */
extern const char sample_recipe[];
/* sample_make - make it as "sample.img"; path: out. */
void sample_make(const struct scratch *scratch, char path[SCRATCH_PATH_BYTES]);

/* store_opened - open one image and use its newest checkpoint; free with store_dropped. */
struct store *store_opened(const char *path);
void store_dropped(struct store *store);
/* image_check - open and check an image. false: it cannot be opened, or there are findings. */
bool image_check(const char *path, struct check_report *report);

/* block_load, block_save - a block of an image file. */
void block_load(const char *path, uint64_t block, void *target);
void block_save(const char *path, uint64_t block, const void *source);
/* seal_* - set the checksum that format.h asks for. */
void seal_header(struct volume_header *header);
void seal_ckpt(struct ckpt_header *header);
void seal_directory(struct directory_block *block);
void seal_node_pot(struct node_pot *pot, uint64_t first_id);
void seal_area_pot(struct node_pot *pot, uint64_t area_id);
void seal_page_pot(struct page_pot *pot, uint64_t first_id);

/* range_of - the range of one kind and plex (or place, then of plex 0) of a single-volume image. */
struct volume_range range_of(const char *path, enum range_kind kind, uint64_t plex_or_place);
/* node_change - call change() on a node of both plexes, or one (plexes: bit 0, bit 1), and reseal.
 */
void node_change(const char *path, uint64_t id, unsigned plexes,
                 void (*change)(struct disk_node *node, const void *argument),
                 const void *argument);

/* A small generator, so that a test's seed says everything. */
struct random {
    uint64_t state;
};
/* random_next - 64 bits. random_below - 0..limit - 1. */
uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t limit);

#endif
