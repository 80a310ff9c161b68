/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_unit.h - a run of neighbouring cases, judged together by one worker.
 *
 * Used by campaign_level.c, campaign_minimise.c and campaign_reads.c. Calls campaign_machine.c,
 * campaign_judge.c and the media.
 *
 * Invariants
 *  1. The result of a case does not depend on the unit that it is in.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_UNIT_H
#define LATCHKEY_EMULATOR_CAMPAIGN_UNIT_H

#include "emulator/campaign_machine.h"

/* A logged run, and all that can be cut off it. */
struct campaign_level {
    const struct campaign_log *log;
    const struct campaign_events *events;
    struct campaign_index *index; /* cases with faults add to it */
    const struct campaign_view *below; /* the media that the run began with */
    uint64_t media;                    /* a number for all that they hold; 0: the images' */
};

struct campaign_result {
    enum campaign_outcome outcome;
    uint8_t phase;
    uint64_t instructions; /* of the event */
    uint64_t generation;   /* that is left */
    struct digest digest;  /* of its state */
    uint64_t media;        /* a number for all that is left, the same however it came about */
    uint64_t recovery;     /* a number for all that the restart saw of it */
    uint64_t restart_ns;
    char text[CAMPAIGN_TEXT_BYTES]; /* why it did not pass */
};

/* campaign_unit_run - judge cases, which are in the order of their events. Children of this process
 * do it; it does not change the machine.
 *
 * results  out: one a case.
 * Errors   ERROR_IO the host refused memory or processes; ERROR_FORMAT a case was run twice and
 *          ended differently.
 */
MUST_CHECK bool campaign_unit_run(struct campaign_machine *machine,
                                  const struct campaign_level *level,
                                  const struct campaign_case *cases, uint32_t count,
                                  struct campaign_result *results, struct error *error);
/* campaign_unit_reads - judge cases of one event only to see what is read.
 *
 * pending  at the event.
 * reads    bits are added: n, the n-th cached write was read in part or whole.
 * Errors   as above.
 */
MUST_CHECK bool campaign_unit_reads(struct campaign_machine *machine,
                                    const struct campaign_level *level,
                                    const struct campaign_case *cases, uint32_t count,
                                    const struct campaign_pending *pending, uint64_t *reads,
                                    struct error *error);

#endif
