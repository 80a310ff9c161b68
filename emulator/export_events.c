/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_events.c - listens to a ledger and to a machine's insides. Called back by both; see
 * export_events.h. */
#include "emulator/export_events.h"

#include <assert.h>
#include <stdlib.h>

#include "emulator/base/memory.h"

static void event_add(struct export_events *events, const struct export_event *event)
{
    assert(event->from <= event->to);
    if (events->count == EVENTS_MAX) {
        events->left_out++;
        return;
    }
    events->events = memory_grow(events->events, events->count, &events->capacity,
                                 sizeof(*events->events));
    events->events[events->count++] = *event;
}

/* What happens now and takes no time. */
static void moment_add(struct export_events *events, struct export_event event)
{
    event.from = event.to = machine_cycles(events->machine);
    event_add(events, &event);
}

static void interval(void *context, const struct ledger_interval *interval)
{
    event_add(context,
              &(struct export_event){
                  .kind = EVENT_KERNEL,
                  .from = interval->from.cycles,
                  .to = interval->to.cycles,
                  .domain = interval->before.domain,
                  .kernel = {.path = *interval->path,
                             .result = *interval->result,
                             .instructions =
                                 interval->to.instructions - interval->from.instructions,
                             .next = interval->after.domain,
                             .other_space = interval->satp_before != interval->satp_after}});
}

static void stay(void *context, struct ledger_who who, const struct cpu_place *from,
                 const struct cpu_place *to)
{
    event_add(context, &(struct export_event){.kind = EVENT_USER,
                                              .from = from->cycles,
                                              .to = to->cycles,
                                              .domain = who.domain});
}

static void waited(void *context, uint64_t from_cycle, uint64_t to_cycle)
{
    event_add(context,
              &(struct export_event){.kind = EVENT_WAIT, .from = from_cycle, .to = to_cycle});
}

static void announced(void *context, uint32_t kind, uint64_t argument)
{
    moment_add(context, (struct export_event){.kind = EVENT_ANNOUNCED,
                                              .announced = {.kind = kind, .argument = argument}});
}

static void device_line(void *context, uint32_t irq, bool level)
{
    moment_add(context, (struct export_event){.kind = EVENT_DEVICE_LINE,
                                              .line = {.number = irq, .level = level}});
}

static void hart_lines(void *context, uint32_t mask, bool level)
{
    moment_add(context, (struct export_event){.kind = EVENT_HART_LINES,
                                              .line = {.number = mask, .level = level}});
}

static struct export_event disk_event(enum event_kind kind, unsigned disk,
                                      const struct disk_request *request, bool good)
{
    return (struct export_event){.kind = kind,
                                 .disk = {.sector = request->sector,
                                          .disk = disk,
                                          .tag = request->tag,
                                          .sector_count = request->sector_count,
                                          .op = (uint8_t)request->op,
                                          .good = good}};
}

static void disk_begun(void *context, unsigned disk, const struct disk_request *request)
{
    moment_add(context, disk_event(EVENT_DISK_BEGUN, disk, request, true));
}

static void disk_ended(void *context, unsigned disk, const struct disk_request *request, bool good)
{
    moment_add(context, disk_event(EVENT_DISK_ENDED, disk, request, good));
}

void export_events_open(struct export_events *events, struct machine *machine,
                        struct ledger_listener *listener)
{
    assert(machine);
    *events = (struct export_events){.machine = machine};
    const struct machine_probe probe = {.context = events, .announced = announced,
                                        .device_line = device_line, .hart_lines = hart_lines,
                                        .disk_begun = disk_begun, .disk_ended = disk_ended};
    machine_probe_set(machine, &probe);
    domain_names_read(machine, &events->names);
    *listener = (struct ledger_listener){
        .context = events, .interval = interval, .stay = stay, .waited = waited};
}

void export_events_close(struct export_events *events)
{
    if (events->machine)
        machine_probe_set(events->machine, NULL);
    free(events->events);
    *events = (struct export_events){.machine = NULL};
}
