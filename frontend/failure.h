/* SPDX-License-Identifier: GPL-2.0-or-later */
/* failure.h - how a command says what went wrong. Called by main.c and all commands; calls error.h.
 */
#ifndef LATCHKEY_FRONTEND_FAILURE_H
#define LATCHKEY_FRONTEND_FAILURE_H

#include "emulator/base/error.h"

/* failure_tell - one line on stderr. Returns the exit status. */
int failure_tell(const struct error *error);

/* failure_of_output - what was printed on stdout must have been taken, or that is what went wrong.
 *
 * status   the exit status if it was.
 * Returns  the exit status; a full disk and the like were told.
 */
int failure_of_output(int status);

#endif
