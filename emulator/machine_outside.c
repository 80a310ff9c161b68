/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_outside.c - what comes to a machine from outside, where it stood then, and how another
 * comes to the same place. Called through machine.h; calls cpu and the input queue.
 *
 * Invariants
 *  1. Acts are told in the order in which they were done, and between two of them only
 *     machine_run() changes the machine.
 */
#include <assert.h>

#include "emulator/machine_state.h"

void machine_listen(struct machine *machine, const struct machine_listener *listener)
{
    assert(!listener || listener->heard);
    machine->listener = listener ? *listener : (struct machine_listener){0};
}

void machine_probe_set(struct machine *machine, const struct machine_probe *probe)
{
    assert(machine);
    machine->probe = probe ? *probe : (struct machine_probe){0};
}

void machine_line_set(struct machine *machine, uint32_t mask, bool level)
{
    cpu_irq_set(machine->cpu, mask, level);
    if (machine->probe.hart_lines)
        machine->probe.hart_lines(machine->probe.context, mask, level);
}

void machine_tell(struct machine *machine, const struct machine_act *act)
{
    if (machine->listener.heard)
        machine->listener.heard(machine->listener.context, act);
}

bool machine_input(struct machine *machine, const struct machine_input *input)
{
    if (!input_queue_add(&machine->inputs, input))
        return false;
    machine_deadline_renew(machine);
    machine_tell(machine, &(struct machine_act){.kind = ACT_INPUT, .input = input});
    return true;
}

struct machine_position machine_position(const struct machine *machine)
{
    return (struct machine_position){.instructions = cpu_instructions(machine->cpu),
                                     .events = cpu_events(machine->cpu),
                                     .cycles = cpu_cycles(machine->cpu),
                                     .arrival = machine->arrival};
}

void machine_arrival_set(struct machine *machine, enum machine_arrival arrival)
{
    assert(arrival < ARRIVAL_COUNT);
    machine->arrival = arrival;
}

bool machine_at(const struct machine *machine, const struct machine_position *position)
{
    struct machine_position here = machine_position(machine);
    return here.instructions == position->instructions && here.events == position->events &&
           here.cycles == position->cycles && here.arrival == position->arrival;
}

struct machine_stop machine_arrive(struct machine *machine, const struct machine_position *position,
                                   const struct machine_until *until)
{
    struct machine_until to = *until;
    uint64_t limit = position->instructions;
    assert(position->arrival != ARRIVAL_NONE);
    assert(position->arrival < ARRIVAL_COUNT);
    if (position->arrival != ARRIVAL_INSTRUCTION && limit < UINT64_MAX)
        limit++; /* so that it ends, whatever machine this is */
    if (limit < to.instructions)
        to.instructions = limit;
    if (position->arrival == ARRIVAL_CYCLE && position->cycles < to.cycles)
        to.cycles = position->cycles;
    return machine_go(machine, &to);
}
