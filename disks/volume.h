/* SPDX-License-Identifier: GPL-2.0-or-later */
/* volume.h - one volume opened for reading: its header and its blocks, from a file or from wherever
 * a source gets its bytes. Used by store.c, info.c and check.c; disk_id() by make.c too.
 *
 * Invariants
 *  1. Nothing in the file is trusted: a block is read only if it lies wholly in the file.
 *  2. header is a copy that passed its checksum, and its range_count is at most VOLUME_RANGES_MAX.
 */
#ifndef LATCHKEY_DISKS_VOLUME_H
#define LATCHKEY_DISKS_VOLUME_H

#include <stddef.h>

#include "disks/format.h"
#include "disks/names.h"
#include "emulator/base/error.h"

#define VOLUME_COPIES 2u /* of the header: block 0 and the last block */

/* Where the bytes of a volume come from when it is no file. */
struct volume_source {
    void *context;
    uint64_t size_bytes;
    /* Within size_bytes. false: these bytes cannot be read. */
    bool (*read)(void *context, uint64_t offset, void *target, size_t size_bytes);
};

struct volume {
    const char *path; /* borrowed */
    int descriptor;   /* -1: not open, or of a source */
    struct volume_source source; /* its context is the volume itself when it is a file's */
    uint64_t file_blocks; /* whole blocks in the file */
    uint64_t file_bytes;
    struct volume_header header;
    const char *copy_problem[VOLUME_COPIES]; /* NULL: that copy is good */
};

/* volume_open - open a volume by whichever copy of its header is good.
 *
 * volume   out: volume_close() is safe even after failure.
 * path     NUL-terminated; the caller keeps it while the volume is open.
 * Errors   ERROR_IO missing or unreadable; ERROR_FORMAT no copy of the header is good.
 */
MUST_CHECK bool volume_open(struct volume *volume, const char *path, struct error *error);
/* volume_open_source - the same for what is no file.
 *
 * name     for messages; the caller keeps it while the volume is open, and what source refers to.
 * Errors   ERROR_FORMAT no copy of the header is good.
 */
MUST_CHECK bool volume_open_source(struct volume *volume, const char *name,
                                   const struct volume_source *source, struct error *error);
/* volume_move - the volume is elsewhere from now on, and not open where it was. */
void volume_move(struct volume *target, struct volume *source);
/* volume_close - close the file. A volume that is not open, or no file, is fine. */
void volume_close(struct volume *volume);

/* volume_read - read one block. false: outside the file, or the host could not read it. */
MUST_CHECK bool volume_read(const struct volume *volume, uint64_t block, void *target);

/* volume_names - what its domains are called, if it says so. */
void volume_names(const struct volume *volume, struct names *names);

/* volume_header_problem - what is wrong with a copy of the header by itself; NULL: nothing. */
const char *volume_header_problem(const struct volume_header *header);

/* volume_range_problem - what is wrong with a range of the header; NULL: it can be used.
 *
 * A range that is fine lies between the two copies of the header and in the file, overlaps none
 * before it, and has the blocks that its objects need: so work on usable ranges is bounded by the
 * size of the file.
 */
const char *volume_range_problem(const struct volume *volume, uint32_t index);

/* disk_id - the 48-bit id in a key or directory entry, or the generation in a pot. */
uint64_t disk_id(const uint8_t object_id[6]);

/* range_kind_name - for people: "node pots", "pages" ... */
const char *range_kind_name(uint8_t kind);
/* range_holds_objects - does first_id..first_id + object_count - 1 name nodes or pages? */
bool range_holds_objects(uint8_t kind);

#endif
