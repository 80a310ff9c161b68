/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input_queue.h - outside events waiting for their virtual time, in order of time, then of arrival.
 */
#ifndef LATCHKEY_EMULATOR_INPUT_QUEUE_H
#define LATCHKEY_EMULATOR_INPUT_QUEUE_H

#include "emulator/machine.h"

#define INPUT_QUEUE_EVENTS 4096u

struct input_queue {
    struct machine_input events[INPUT_QUEUE_EVENTS]; /* sorted by time_ns */
    unsigned count;
};

/* input_queue_add - false: full. */
bool input_queue_add(struct input_queue *queue, const struct machine_input *input);
/* input_queue_next_ns - when the first event is due; UINT64_MAX: none. */
uint64_t input_queue_next_ns(const struct input_queue *queue);
/* input_queue_take - the first event, if it is due at now_ns. */
bool input_queue_take(struct input_queue *queue, uint64_t now_ns, struct machine_input *input);
void input_queue_save(const struct input_queue *queue, struct byte_writer *writer);
void input_queue_load(struct input_queue *queue, struct byte_reader *reader);

#endif
