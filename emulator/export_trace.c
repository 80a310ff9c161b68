/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_trace.c - events in Chrome's trace event format ("Trace Event Format", The Chromium
 * Authors; what ui.perfetto.dev says of it). Called through export_events.h.
 *
 * Processes: 1 the domains, a thread each; 2 the kernel's phases; 3 the disks. Times are
 * microseconds with three decimals, that is whole nanoseconds, rounded down: what meets in one
 * cycle meets in the picture.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/base/text.h"
#include "emulator/clock.h"
#include "emulator/export_events.h"

#define PROCESS_DOMAINS 1u
#define PROCESS_PHASES 2u
#define PROCESS_DISKS 3u
#define THREADS_A_PROCESS UINT64_C(1000000000) /* readers want numbers that differ in all of them */
#define TAGS_MAX 64u /* in flight, of one disk (disk.h) */

struct writer {
    struct byte_writer *text;
    const struct names *names;
    uint64_t clock_hz;
    struct ledger_accounts domains; /* that have a track: its number is 1 + index; else empty */
    uint64_t phase_from[TRACE_PHASE_COUNT]; /* 1 + cycle; 0: it is not under way */
    struct {
        uint64_t serial; /* 0: no request has this tag */
    } tags[BOARD_DISK_COUNT_MAX][TAGS_MAX];
    uint64_t serial, end; /* end: cycle of the last event */
    bool some;            /* events are there already */
};

static void time_add(struct writer *writer, const char *name, uint64_t ns)
{
    text_add(writer->text, ",\"%s\":%" PRIu64 ".%03u", name, ns / 1000, (unsigned)(ns % 1000));
}

static uint64_t ns_of(const struct writer *writer, uint64_t cycle)
{
    return clock_ns(cycle, writer->clock_hz);
}

/* An event up to its time; the caller ends it with what is its own. */
static void begin(struct writer *writer, char type, unsigned process, uint64_t thread)
{
    text_add(writer->text, "%s{\"ph\":\"%c\",\"pid\":%u,\"tid\":%" PRIu64,
             writer->some ? ",\n" : "", type, process,
             (process - PROCESS_DOMAINS) * THREADS_A_PROCESS + thread);
    writer->some = true;
}

static void name_add(struct writer *writer, unsigned process, uint64_t thread, const char *what,
                     const char *name)
{
    begin(writer, 'M', process, thread);
    text_add(writer->text, ",\"name\":\"%s\",\"args\":{\"name\":\"%s\"}}", what, name);
}

static uint64_t track_of(struct writer *writer, uint64_t domain)
{
    size_t known = writer->domains.count;
    const struct ledger_account *account = ledger_account_place(&writer->domains, domain);
    uint64_t track = (uint64_t)(account - writer->domains.accounts) + 1;
    char text[NAMES_DOMAIN_BYTES] = "nobody";
    if (writer->domains.count == known)
        return track;
    if (domain)
        names_domain(writer->names, domain, text);
    name_add(writer, PROCESS_DOMAINS, track, "thread_name", text);
    return track;
}

static void span_begin(struct writer *writer, unsigned process, uint64_t thread, uint64_t from,
                       uint64_t to)
{
    uint64_t start = ns_of(writer, from);
    begin(writer, 'X', process, thread);
    time_add(writer, "ts", start);
    time_add(writer, "dur", ns_of(writer, to) - start);
}

static void kernel_add(struct writer *writer, const struct export_event *event)
{
    char path[LEDGER_PATH_BYTES], result[LEDGER_TEXT_BYTES];
    uint64_t track = track_of(writer, event->domain);
    ledger_path_text(&event->kernel.path, path);
    ledger_result_text(&event->kernel.result, result);
    span_begin(writer, PROCESS_DOMAINS, track, event->from, event->to);
    text_add(writer->text, ",\"cat\":\"kernel\",\"name\":\"%s\",\"args\":{\"result\":\"%s\","
                           "\"instructions\":%" PRIu64 ",\"cycles\":%" PRIu64 ",\"next\":%" PRIu64
                           ",\"space\":\"%s\"}}",
             path, result, event->kernel.instructions, event->to - event->from,
             event->kernel.next, event->kernel.other_space ? "other" : "same");
}

static void phase_end(struct writer *writer, uint32_t phase, uint64_t cycle)
{
    if (!writer->phase_from[phase])
        return;
    span_begin(writer, PROCESS_PHASES, phase, writer->phase_from[phase] - 1, cycle);
    text_add(writer->text, ",\"cat\":\"phase\",\"name\":\"%s\"}", machine_phase_name(phase));
    writer->phase_from[phase] = 0;
}

static void announced_add(struct writer *writer, const struct export_event *event)
{
    uint64_t argument = event->announced.argument;
    static const char *const names[TRACE_KIND_COUNT] = {
        [TRACE_MARK] = "mark",           [TRACE_COMMITTED] = "committed",
        [TRACE_RESTARTED] = "restarted", [TRACE_VERDICT] = "verdict",
        [TRACE_PANIC] = "panic",         [TRACE_FIRST_DOMAIN] = "first domain"};
    uint32_t kind = event->announced.kind;
    if ((kind == TRACE_PHASE_ENTER || kind == TRACE_PHASE_LEAVE) &&
        argument < TRACE_PHASE_COUNT) {
        phase_end(writer, (uint32_t)argument, event->from);
        if (kind == TRACE_PHASE_ENTER)
            writer->phase_from[argument] = event->from + 1;
        return;
    }
    if (kind >= TRACE_KIND_COUNT || !names[kind])
        return;
    begin(writer, 'i', PROCESS_PHASES, 0);
    time_add(writer, "ts", ns_of(writer, event->from));
    text_add(writer->text, ",\"s\":\"g\",\"name\":\"%s %" PRIu64 "\"}", names[kind], argument);
}

/* Requests of one disk overlap: they are asynchronous spans, each with a number of its own. */
static void disk_add(struct writer *writer, const struct export_event *event)
{
    static const char *const names[] = {"read", "write", "flush"};
    unsigned disk = event->disk.disk, tag = event->disk.tag;
    bool begins = event->kind == EVENT_DISK_BEGUN;
    assert(disk < BOARD_DISK_COUNT_MAX);
    if (tag >= TAGS_MAX || (!begins && !writer->tags[disk][tag].serial))
        return;
    if (begins)
        writer->tags[disk][tag].serial = ++writer->serial;
    begin(writer, begins ? 'b' : 'e', PROCESS_DISKS, disk);
    time_add(writer, "ts", ns_of(writer, event->from));
    text_add(writer->text, ",\"cat\":\"disk%u\",\"id\":%" PRIu64 ",\"name\":\"%s\",\"args\":"
                           "{\"sector\":%" PRIu64 ",\"sectors\":%u,\"good\":%s}}",
             disk, writer->tags[disk][tag].serial,
             event->disk.op < 3 ? names[event->disk.op] : "?", event->disk.sector,
             event->disk.sector_count, event->disk.good ? "true" : "false");
    if (!begins)
        writer->tags[disk][tag].serial = 0;
}

static void event_write(struct writer *writer, const struct export_event *event)
{
    uint64_t track;
    switch (event->kind) {
    case EVENT_USER:
        track = track_of(writer, event->domain);
        span_begin(writer, PROCESS_DOMAINS, track, event->from, event->to);
        text_add(writer->text, ",\"cat\":\"user\",\"name\":\"user\"}");
        break;
    case EVENT_KERNEL:
        kernel_add(writer, event);
        break;
    case EVENT_WAIT:
        track = track_of(writer, 0);
        span_begin(writer, PROCESS_DOMAINS, track, event->from, event->to);
        text_add(writer->text, ",\"cat\":\"wait\",\"name\":\"wait\"}");
        break;
    case EVENT_ANNOUNCED:
        announced_add(writer, event);
        break;
    case EVENT_DISK_BEGUN:
    case EVENT_DISK_ENDED:
        disk_add(writer, event);
        break;
    case EVENT_DEVICE_LINE:
    case EVENT_HART_LINES:
        break;
    }
}

static void tracks_name(struct writer *writer)
{
    name_add(writer, PROCESS_DOMAINS, 0, "process_name", "domains");
    name_add(writer, PROCESS_PHASES, 0, "process_name", "kernel");
    name_add(writer, PROCESS_DISKS, 0, "process_name", "disks");
    for (uint32_t phase = 1; phase < TRACE_PHASE_COUNT; phase++)
        name_add(writer, PROCESS_PHASES, phase, "thread_name", machine_phase_name(phase));
}

void export_trace(const struct export_events *events, struct byte_writer *text)
{
    struct writer *writer = memory_zeroed(1, sizeof(*writer));
    writer->text = text;
    ledger_accounts_init(&writer->domains);
    writer->names = &events->names;
    writer->clock_hz = machine_clock_hz(events->machine);
    text_add(text, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"clock_hz\":%" PRIu64
                   ",\"events_left_out\":%" PRIu64 "},\n\"traceEvents\":[\n",
             writer->clock_hz, events->left_out);
    tracks_name(writer);
    for (size_t i = 0; i < events->count; i++) {
        event_write(writer, &events->events[i]);
        if (events->events[i].to > writer->end)
            writer->end = events->events[i].to;
    }
    for (uint32_t phase = 1; phase < TRACE_PHASE_COUNT; phase++)
        phase_end(writer, phase, writer->end);
    text_add(text, "\n]}\n");
    ledger_accounts_finish(&writer->domains);
    free(writer);
}
