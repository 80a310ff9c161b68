/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input_queue.c - a sorted array; additions are nearly always at its end. Called by machine.c. */
#include "emulator/input_queue.h"

#include <assert.h>
#include <string.h>

bool input_queue_add(struct input_queue *queue, const struct machine_input *input)
{
    assert(queue->count <= INPUT_QUEUE_EVENTS);
    if (queue->count == INPUT_QUEUE_EVENTS)
        return false;
    unsigned at = queue->count++;
    for (; at > 0 && queue->events[at - 1].time_ns > input->time_ns; at--)
        queue->events[at] = queue->events[at - 1];
    queue->events[at] = *input;
    return true;
}

uint64_t input_queue_next_ns(const struct input_queue *queue)
{
    return queue->count ? queue->events[0].time_ns : UINT64_MAX;
}

bool input_queue_take(struct input_queue *queue, uint64_t now_ns, struct machine_input *input)
{
    if (queue->count == 0 || queue->events[0].time_ns > now_ns)
        return false;
    *input = queue->events[0];
    queue->count--;
    memmove(queue->events, queue->events + 1, queue->count * sizeof(queue->events[0]));
    return true;
}

void input_queue_save(const struct input_queue *queue, struct byte_writer *writer)
{
    write_u32(writer, queue->count);
    for (unsigned i = 0; i < queue->count; i++) {
        const struct machine_input *input = &queue->events[i];
        write_u64(writer, input->time_ns);
        write_u8(writer, (uint8_t)input->kind);
        write_u16(writer, input->code);
        write_u32(writer, (uint32_t)input->x);
        write_u32(writer, (uint32_t)input->y);
        write_u8(writer, input->down);
    }
}

void input_queue_load(struct input_queue *queue, struct byte_reader *reader)
{
    uint32_t count = read_u32(reader);
    queue->count = 0;
    if (count > INPUT_QUEUE_EVENTS) {
        reader_fail(reader);
        return;
    }
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct machine_input input = {.time_ns = read_u64(reader)};
        uint8_t kind = read_u8(reader);
        if (kind > INPUT_WHEEL)
            reader_fail(reader);
        input.kind = (enum machine_input_kind)kind;
        input.code = read_u16(reader);
        input.x = (int32_t)read_u32(reader);
        input.y = (int32_t)read_u32(reader);
        input.down = read_u8(reader) != 0;
        (void)input_queue_add(queue, &input);
    }
}
