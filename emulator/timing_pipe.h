/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing_pipe.h - the pipeline of the models inorder and cache: which results are not ready yet,
 * and who waits for them.
 *
 * Called by cpu_time.c. Calls nobody. Pure functions: the state of the pipeline is one number.
 *
 * Invariants
 *  1. pipe_step() looks at one instruction and at the state only, so a run of instructions costs
 *     the same however it is cut into pieces.
 *  2. A state of 0 means that nothing is outstanding.
 */
#ifndef LATCHKEY_EMULATOR_TIMING_PIPE_H
#define LATCHKEY_EMULATOR_TIMING_PIPE_H

#include <stdint.h>

#include "emulator/timing.h"

/* pipe_decode - what the pipeline must know of an instruction, its "op": registers read and written
 * (x0 is none, 32..63 are f0..f31) and its kind. insn: 16 bits in the low half if short. */
uint32_t pipe_decode(uint32_t insn, enum timing_model model);
/* pipe_step - issue it. Returns the cycles that it takes beyond the one that it counts for. */
unsigned pipe_step(uint64_t *state, uint32_t op);
/* pipe_drain - wait for all that is outstanding. */
unsigned pipe_drain(uint64_t *state);

#endif
