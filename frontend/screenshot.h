/* SPDX-License-Identifier: GPL-2.0-or-later */
/* screenshot.h - the screen as a PNG; the only door to libpng. */
#ifndef LATCHKEY_FRONTEND_SCREENSHOT_H
#define LATCHKEY_FRONTEND_SCREENSHOT_H

#include "emulator/machine.h"

/* screenshot_write - write what the guest last flushed. A machine without a scanout gives a black
 * picture of 1024 x 768, so that a script always finds a file.
 *
 * Errors   ERROR_IO the file cannot be written; nothing is left behind then.
 */
MUST_CHECK bool screenshot_write(const char *path, const struct machine *machine,
                                 struct error *error);

#endif
