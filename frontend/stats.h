/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.h - the figures of a run as JSON (--stats). */
#ifndef LATCHKEY_FRONTEND_STATS_H
#define LATCHKEY_FRONTEND_STATS_H

#include "frontend/session.h"

/* stats_write - write options->stats_path.
 * Errors   ERROR_IO the file cannot be written. */
MUST_CHECK bool stats_write(struct session *session, struct error *error);
/* stop_reason_text - "power-off", "instructions", ...: the exit_reason of the figures. */
const char *stop_reason_text(enum machine_stop_reason reason);

#endif
