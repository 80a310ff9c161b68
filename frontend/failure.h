/* SPDX-License-Identifier: GPL-2.0-or-later */
/* failure.h - how a command says what went wrong. Called by all commands; calls error.h. */
#ifndef LATCHKEY_FRONTEND_FAILURE_H
#define LATCHKEY_FRONTEND_FAILURE_H

#include "emulator/base/error.h"

/* failure_tell - one line on stderr. Returns the exit status. */
int failure_tell(const struct error *error);

#endif
