/* SPDX-License-Identifier: GPL-2.0-or-later */
/* renewal.h - many sectors of a disk image that change together: all of them or none, also when the
 * program is killed on the way. What they are to be is first a file beside the image; who opens the
 * image next finds it there.
 *
 * Used by history.c (renews), layers.c (lists the sectors), disk_file.c and disks/volume.c (open
 * images), disks/image.c and add.c (make images).
 *
 * The file has the image's name and RENEWAL_SUFFIX. All numbers are little-endian: "LKRENEW\n", u32
 * RENEWAL_VERSION; of each sector u64 number, u64 hash (hash64()) of what it held, and 512 bytes
 * that it is to hold; at the end the hash64() of all before it.
 */
#ifndef LATCHKEY_BASE_RENEWAL_H
#define LATCHKEY_BASE_RENEWAL_H

#include "emulator/base/bytes.h"
#include "emulator/base/error.h"

#define RENEWAL_SUFFIX ".renewal"
#define RENEWAL_VERSION 1u

/* renewal_add - one more sector, to a list that begins empty. */
void renewal_add(struct byte_writer *list, uint64_t sector, const void *old, const void *now);

/* renewal_prepare - write the list beside the image, where it means nothing yet. renewal_commit -
 * from now on whoever opens the image renews it first. Both are durable. renewal_end - it is
 * renewed, or is to stay as it is after renewal_prepare() alone. Who calls them has the image
 * locked (disk_file.h), and writes the sectors between renewal_commit() and renewal_end().
 *
 * Errors   ERROR_IO the host refused.
 */
MUST_CHECK bool renewal_prepare(const char *image, const struct byte_writer *list,
                                struct error *error);
MUST_CHECK bool renewal_commit(const char *image, struct error *error);
void renewal_end(const char *image);

/* renewal_finish - renew an image whose renewal was cut short; nothing, if there is none. What was
 * only prepared goes.
 *
 * descriptor   of the image, which may be written and is locked; -1: it is only to be read.
 * Errors       ERROR_IO the host refused, or it may only be read; ERROR_FORMAT the file is damaged,
 *              or the image is not the one that was to be renewed: it stays as it is.
 */
MUST_CHECK bool renewal_finish(const char *image, int descriptor, struct error *error);

#endif
