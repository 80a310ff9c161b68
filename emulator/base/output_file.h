/* SPDX-License-Identifier: GPL-2.0-or-later */
/* output_file.h - files that a run leaves behind: pictures, figures.
 *
 * Used by frontend, bench, and what keeps images. A name that cannot be written, or that is
 * something else than a file, is found before the run, and nothing that exists is harmed by a write
 * that fails.
 */
#ifndef LATCHKEY_BASE_OUTPUT_FILE_H
#define LATCHKEY_BASE_OUTPUT_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "emulator/base/error.h"

/* output_check - can a file be written at path? Changes nothing.
 *
 * Errors   ERROR_IO a folder, a missing folder above it, one without permission, a block device, an
 *          image that a run writes to.
 */
MUST_CHECK bool output_check(const char *path, struct error *error);

/* output_in_use - is it an image that a run writes to (emulator/disk_file.h)? Who only reads one
 * keeps what he has when it is replaced. */
bool output_in_use(const char *path);

/* output_same - do two names mean one file, or would they, if it existed? */
bool output_same(const char *path, const char *other);

/* output_write - make the file at path hold size_bytes bytes.
 *
 * A regular file is replaced as a whole or, when that fails, stays as it was. A terminal, pipe or
 * other device gets the bytes; a pipe that nobody reads is an error and no wait.
 *
 * Errors   ERROR_IO as output_check, or the host refused the write.
 */
MUST_CHECK bool output_write(const char *path, const void *bytes, size_t size_bytes,
                             struct error *error);

/* output_open - open(), and make the file if there is none.
 *
 * made      out: there was none, so it may be removed by who cannot use it.
 * Returns   the descriptor; -1: the host refused, errno says why.
 */
int output_open(const char *path, int flags, mode_t mode, bool *made);

/* output_at - write bytes into an open file. false: the host refused, errno says why; some may have
 * been written. */
MUST_CHECK bool output_at(int descriptor, const void *bytes, size_t size_bytes, uint64_t offset);

#endif
