/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.h - the figures of a run as JSON (`--stats FILE.json`). Called by session.c and
 * replay_command.c, and by window_run.c for the rate. */
#ifndef LATCHKEY_FRONTEND_STATS_H
#define LATCHKEY_FRONTEND_STATS_H

#include "emulator/machine.h"

/* What the machine does not know about its run. */
struct stats_run {
    const char *exit_reason; /* see session.h */
    int exit_code;           /* of a power-off */
    uint64_t seed;
    uint64_t host_ns; /* spent in machine_run() */
};

/* stats_mips - million instructions a second of host time; 0 when no time went by. */
double stats_mips(uint64_t instructions, uint64_t host_ns);

/* stats_text - the JSON text; the caller frees it. */
char *stats_text(struct machine *machine, const struct stats_run *run);

/* stats_write - write the JSON to path, which is replaced. Errors: ERROR_IO. */
MUST_CHECK bool stats_write(struct machine *machine, const struct stats_run *run, const char *path,
                            struct error *error);

#endif
