/* SPDX-License-Identifier: GPL-2.0-or-later */
/* divergence.h - two timelines that begin alike and end differently: after which instruction, and
 * in what. Called by replay_command.c and tests. */
#ifndef LATCHKEY_EMULATOR_DIVERGENCE_H
#define LATCHKEY_EMULATOR_DIVERGENCE_H

#include "emulator/timeline.h"

#define DIVERGENCE_TEXT_BYTES 4096u

struct divergence {
    bool found; /* false: they are the same up to the end of the interval */
    struct machine_position equal; /* the last place where they were, on the left */
    uint64_t instructions;         /* where they are not: one further */
    char text[DIVERGENCE_TEXT_BYTES]; /* what differs there, a line each, "left, right" */
};

struct divergence_sides {
    struct timeline *left, *right; /* only one is run at a time */
    void *context;
    void (*prepare)(void *context); /* before either goes on from a loaded state; NULL: nothing */
};

/* divergence_find - bisect.
 *
 * state         where both are the same; taken over, and freed.
 * instructions  up to where.
 * Errors        as timeline_load() and timeline_seek(); the run of a side that cannot go further
 *               than to some place is no error: they differ there.
 */
MUST_CHECK bool divergence_find(const struct divergence_sides *sides, struct timeline_state *state,
                                uint64_t instructions, struct divergence *divergence,
                                struct error *error);

#endif
