/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply_files.h - the writer of apply.h that writes to the standby's images. Used by apply.c only.
 *
 * Invariants
 *  1. Each image is locked, as by a machine that has it for its disk.
 */
#ifndef LATCHKEY_DISKS_APPLY_FILES_H
#define LATCHKEY_DISKS_APPLY_FILES_H

#include "disks/apply.h"

struct apply_files {
    unsigned count;
    const char *paths[VOLUME_DISKS_MAX]; /* borrowed */
    int descriptors[VOLUME_DISKS_MAX];
};

/* apply_files_open - open the images of a store for writing. apply_files_close() is safe even after
 * failure.
 *
 * Errors  ERROR_IO the host refused, or an image is in use.
 */
MUST_CHECK bool apply_files_open(struct apply_files *files, const struct store *store,
                                 struct error *error);
void apply_files_close(struct apply_files *files);
/* apply_files_writer - to the files, once they are open; they must stay. */
struct apply_writer apply_files_writer(struct apply_files *files);

#endif
