/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_fault.h - a cut, and besides a disk that is not what it should be: which cases there
 * are, and what they are held to.
 *
 * A fault is there when the power comes back: a sector that cannot be read, a bit that flipped, a
 * block whose last write was lost although the disk had said that it was durable, or went to a
 * neighbour, or a disk that answers no more. Faults are put where it matters: a sample of each kind
 * of range of each disk, of what the run wrote there and of what it did not.
 *
 * Used by campaign_case.c for the list, by campaign_level.c for what somebody names, by
 * campaign_view.c and campaign_media.c for what a disk holds then, and by campaign_unit.c for what
 * is asked of a restart.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_FAULT_H
#define LATCHKEY_EMULATOR_CAMPAIGN_FAULT_H

#include "emulator/campaign_judge.h"

#define CAMPAIGN_FAULT_SECTORS 8u /* of a block: what is lost or goes astray at once */

/* Where faults may be. */
struct campaign_spot {
    uint8_t disk;
    uint64_t sector;  /* the first of its block */
    uint64_t written; /* record of the log that first writes it; UINT64_MAX: none */
};
struct campaign_spots {
    struct campaign_spot *list;
    size_t count, capacity;
};

/* campaign_spots_find - drawn with the request's seed. campaign_spots_finish frees them. */
void campaign_spots_find(const struct campaign_log *log, const struct campaign_request *request,
                         struct campaign_spots *spots);
void campaign_spots_finish(struct campaign_spots *spots);

/* campaign_faults_list - give all cases with a fault of an event to add.
 *
 * records  of the log that have happened by then.
 */
void campaign_faults_list(const struct campaign_spots *spots,
                          const struct campaign_request *request, uint32_t event, uint64_t records,
                          void *context,
                          void (*add)(void *context, const struct campaign_case *added));

/* campaign_fault_fits - is its place on these images? */
bool campaign_fault_fits(const struct campaign_case *which, const struct campaign_images *images);
/* campaign_fault_is - is this the fault of a case? campaign_fault_kills - is this disk dead? */
bool campaign_fault_is(const struct campaign_case *which, enum disk_fault_kind kind);
bool campaign_fault_kills(const struct campaign_case *which, unsigned disk);
/* campaign_fault_hits - may the fault of a case change this sector? Of a dead disk: no. */
bool campaign_fault_hits(const struct campaign_case *which, unsigned disk, uint64_t sector);

/* campaign_judge_fault - the outcome of a case with a fault.
 *
 * A mirrored store is held to what one without a fault is. Else what is left must be right, or be
 * refused with a reason: by the offline check, and by a system that does not restart, or that traps
 * the domain that touches it; then the case has passed, with a text. What nobody can know is
 * excused: that the only copy of something is older than it should be.
 *
 * layout   of the images.
 * others   as campaign_judge.
 */
enum campaign_outcome campaign_judge_fault(const struct campaign_layout *layout,
                                           const struct campaign_log *log,
                                           const struct campaign_event *event,
                                           const struct campaign_case *which,
                                           const struct campaign_verdict *verdict,
                                           char text[CAMPAIGN_TEXT_BYTES]);

#endif
