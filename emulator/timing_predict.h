/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing_predict.h - the branch predictor of the models inorder and cache.
 *
 * Called by cpu_time.h, at the end of every block: so it is all inline. Calls nobody.
 *
 * A jump or branch whose target is not known, or a branch that was mostly not taken lately, is
 * predicted to go on to the next instruction. Addresses are virtual, as in hardware.
 */
#ifndef LATCHKEY_EMULATOR_TIMING_PREDICT_H
#define LATCHKEY_EMULATOR_TIMING_PREDICT_H

#include <stdint.h>

#include "emulator/cpu_decode.h"
#include "emulator/timing.h"

#define PREDICT_TAKEN 2u /* a direction from here on */
#define PREDICT_MAX 3u

struct predict_target {
    uint64_t tag; /* address of the jump or branch, with bit 0 set; 0: none */
    uint64_t addr;
};

struct predictor {
    struct predict_target targets[TIMING_TARGETS];
    uint64_t returns[TIMING_RETURNS]; /* 0: none */
    uint8_t directions[TIMING_DIRECTIONS];
    uint32_t return_at; /* where the newest one is */
};

/* Was a jump's target known? It is now. */
static inline bool predict_target(struct predict_target *target, uint64_t pc, uint64_t next)
{
    bool known = target->tag == (pc | 1) && target->addr == next;
    if (!known)
        *target = (struct predict_target){pc | 1, next};
    return known;
}

/* Is a branch predicted as it went, with nothing to learn from it? */
static inline bool predict_certain(const struct predictor *predictor, uint64_t pc, uint64_t behind,
                                   uint64_t next)
{
    unsigned direction = predictor->directions[(pc >> 1) % TIMING_DIRECTIONS];
    if (next == behind)
        return direction == 0;
    const struct predict_target *target = &predictor->targets[(pc >> 1) % TIMING_TARGETS];
    return direction == PREDICT_MAX && target->tag == (pc | 1);
}

/* What a branch does to its direction: the new one in bits 0 and 1; whether the prediction was
 * right, and whether there was nothing to learn. By direction, taken << 2, target known << 3. */
#define PREDICT_RIGHT 4u
#define PREDICT_CERTAIN 8u
static const uint8_t predict_directions[16] = {
    12, 4, 5, 6, 1, 2, 3, 3,  /* target not known: goes on */
    12, 4, 1, 2, 1, 2, 7, 15, /* known */
};

/* Whether a branch is taken the host often cannot predict either: so nothing here asks that.
 * Returns PREDICT_RIGHT and PREDICT_CERTAIN, and more. */
static inline unsigned predict_branch(struct predictor *predictor, uint64_t pc, uint64_t behind,
                                  uint64_t next)
{
    uint8_t *direction = &predictor->directions[(pc >> 1) % TIMING_DIRECTIONS];
    struct predict_target *target = &predictor->targets[(pc >> 1) % TIMING_TARGETS];
    unsigned taken = next != behind, known = target->tag == (pc | 1);
    unsigned learned = predict_directions[*direction | taken << 2 | known << 3];
    *direction = learned & PREDICT_MAX;
    if (__builtin_expect(taken & ~known, 0))
        *target = (struct predict_target){pc | 1, next};
    return learned;
}

static inline void predict_push(struct predictor *predictor, uint64_t addr)
{
    uint32_t at = predictor->return_at + 1;
    predictor->return_at = at == TIMING_RETURNS ? 0 : at;
    predictor->returns[predictor->return_at] = addr;
}

static inline uint64_t predict_pop(struct predictor *predictor)
{
    uint32_t at = predictor->return_at;
    uint64_t addr = predictor->returns[at];
    predictor->returns[at] = 0;
    predictor->return_at = (at == 0 ? TIMING_RETURNS : at) - 1;
    return addr;
}

/* predict_jump - the jump at pc, behind which `behind` lies, went on at next. Was that foreseen? */
static inline bool predict_jump(struct predictor *predictor, enum decode_end end, uint64_t pc,
                           uint64_t behind, uint64_t next)
{
    if (end == DECODE_RETURN)
        return predict_pop(predictor) == next;
    if (end == DECODE_CALL)
        predict_push(predictor, behind);
    return predict_target(&predictor->targets[(pc >> 1) % TIMING_TARGETS], pc, next);
}

#endif
