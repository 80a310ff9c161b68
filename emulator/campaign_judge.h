/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_judge.h - what a cut left: looked at offline, and held against what the undisturbed run
 * had promised.
 *
 * Used by campaign_machine.c and campaign_unit.c. Calls disks/ for check and digest.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_JUDGE_H
#define LATCHKEY_EMULATOR_CAMPAIGN_JUDGE_H

#include "emulator/campaign_media.h"

#define CAMPAIGN_TEXT_BYTES 160u

enum campaign_outcome {
    OUTCOME_NONE, /* not judged */
    OUTCOME_PASSED,
    /* Something was lost or is wrong. */
    OUTCOME_DAMAGED,   /* the offline check found damage */
    OUTCOME_LOST,      /* a checkpoint that had been announced is gone */
    OUTCOME_WRONG,     /* the state is none that the system had */
    OUTCOME_INVARIANT, /* the restarted system does what the workload forbids */
    /* Nothing may be lost, but it does not go on. */
    OUTCOME_NO_RESTART,
    OUTCOME_NO_CHECKPOINT,
    OUTCOME_COUNT
};

/* What is on the media. */
struct campaign_offline {
    bool judged, whole; /* whole: it was checked without damage, and digested */
    uint64_t generation;
    struct digest digest;
    uint64_t history; /* of the media */
    char text[CAMPAIGN_TEXT_BYTES]; /* what is wrong */
};

/* What the restarted system did. */
struct campaign_online {
    uint8_t outcome;
    bool wrong;   /* the workload said that its invariant does not hold */
    bool endless; /* it took too long */
    uint64_t generation; /* restarted from; 0: it did not */
    uint64_t recalled;   /* the last step that it says is there; of a workload that has steps */
    uint64_t history;    /* of the media */
    uint64_t restart_ns, instructions; /* until it had restarted; until the next checkpoint */
    char text[CAMPAIGN_TEXT_BYTES];
};

struct campaign_verdict {
    struct campaign_offline offline;
    struct campaign_online online;
};

/* campaign_judge_offline - check and digest what the media hold. May return in several processes,
 * as campaign_media_read() does.
 *
 * newest      with what is still in caches, while logging.
 * generation  0: the newest there is. Another is only digested, not checked.
 */
void campaign_judge_offline(struct campaign_media *media, bool newest, uint64_t generation,
                            struct campaign_offline *offline);

/* campaign_judge - the outcome of a case.
 *
 * log      of the undisturbed run: the states that it had.
 * text     out: why, unless it passed.
 */
enum campaign_outcome campaign_judge(const struct campaign_log *log,
                                     const struct campaign_event *event,
                                     const struct campaign_verdict *verdict,
                                     char text[CAMPAIGN_TEXT_BYTES]);

/* campaign_outcome_name - "passed", ...; NULL past the end. campaign_outcome_is_liveness - nothing
 * is lost as far as one can see, but the system does not go on. */
const char *campaign_outcome_name(enum campaign_outcome outcome);
bool campaign_outcome_is_liveness(enum campaign_outcome outcome);

#endif
