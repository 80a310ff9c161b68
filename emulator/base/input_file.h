/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input_file.h - files that are read whole: kernels, programs, recipes, scripts. What is written is
 * output_file.h's.
 */
#ifndef LATCHKEY_BASE_INPUT_FILE_H
#define LATCHKEY_BASE_INPUT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "emulator/base/error.h"

/* input_read - read a regular file.
 *
 * path         NUL-terminated.
 * size_max     in bytes.
 * data         out: its bytes, and a zero byte behind them; the caller frees it. NULL on failure.
 * size_bytes   out: without the zero byte.
 * Errors       ERROR_IO missing, unreadable, or no regular file; ERROR_FORMAT larger than size_max.
 */
MUST_CHECK bool input_read(const char *path, size_t size_max, uint8_t **data, size_t *size_bytes,
                           struct error *error);

#endif
