/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checkpoint.h - the checkpoint: all that changed since the last, on disk as of one moment.
 *
 * Who calls: sched.c, at its kernel exits; restart.c and main.c at boot; key_checkpoint.c. Whom it
 * calls: dirty.c and pot for what changed, batch, listing, io, directory, migrate, pageout.
 *
 * Invariants
 *  1. Between checkpoint_full() being false and the next kernel exit, one kernel operation cannot
 *     change more than the current area, the directory and the area pots have room for.
 *  2. Nothing is written into the area of the newest committed checkpoint before the next one is
 *     committed.
 */
#ifndef LATCHKEY_KERNEL_CHECKPOINT_H
#define LATCHKEY_KERNEL_CHECKPOINT_H

#include "kernel/base.h"
#include "kernel/limits.h"
#include "kernel/queue.h"

/* For all to read. */
struct checkpoint_facts {
    bool able;            /* the store has all that a checkpoint needs: there will be more */
    uint64_t generation;  /* the newest that is committed */
    struct queue waiters; /* domains that wait for the next; woken then */
};
extern struct checkpoint_facts checkpoint_facts;

/* checkpoint_start - the store is read through this header. checkpoint_restarted - its directory is
 * in memory, and what the journal has. */
void checkpoint_start(const struct ckpt_header *header);
void checkpoint_restarted(void);
/* checkpoint_interval - milliseconds from one freeze to the next when something changes; 0: only
 * when memory or area run short. Says in one line why there are no checkpoints, if so. */
void checkpoint_interval(uint64_t interval_ms);
/* checkpoint_step_due - is there something for checkpoint_step() to do? */
bool checkpoint_step_due(void);
/* checkpoint_step - go on as far as it goes without waiting, or until its time is up: domains then
 * have their turn until checkpoint_alarm(). No domain is current, no kernel operation under way. */
void checkpoint_step(void);
/* checkpoint_written - a disk has answered: the store ends if it could not write. */
void checkpoint_written(bool good);
/* checkpoint_time_is_up - the present step has had its time. */
bool checkpoint_time_is_up(void);
/* checkpoint_full - so much has changed that no domain may run before the next freeze. */
bool checkpoint_full(void);
/* checkpoint_no_space - the store takes no checkpoints, and as much has changed as memory has room
 * for: nothing that has not changed yet may do so any more. */
bool checkpoint_no_space(void);
/* checkpoint_alarm - time at which a step is due without any event; UINT64_MAX: none. */
uint64_t checkpoint_alarm(void);
/* checkpoint_generation_of - the one that what is at this area id belongs to; of blocks of the
 * journal, the newest. */
uint64_t checkpoint_generation_of(uint64_t location);
/* checkpoint_shadow - area id of the shadows (disks/format.h) of the newest, while it is brought
 * home. */
uint64_t checkpoint_shadow(void);
/* checkpoint_force - freeze as soon as migration allows. Returns the generation that it will be; 0:
 * this store takes no checkpoints. */
uint64_t checkpoint_force(void);
/* checkpoint_can_go_on - checkpoint_step() has something to do that no event announces. */
bool checkpoint_can_go_on(void);
/* checkpoint_phase - enum trace_phase of what is going on; 0: nothing. */
uint64_t checkpoint_phase(void);
/* checkpoint_interval_ns, checkpoint_interval_set - from one freeze to the next; 0: none by
 * time. */
uint64_t checkpoint_interval_ns(void);
void checkpoint_interval_set(uint64_t interval_ns);

#endif
