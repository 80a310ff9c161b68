/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export_events.h - what happened when, kept for pictures of a run: traces and wave forms.
 *
 * Used by the frontend and tests. Calls ledger.h and machine.h. It listens; nothing flows back.
 *
 * Invariants
 *  1. At most EVENTS_MAX are kept, the first ones; how many came after is counted.
 *  2. Events are kept in the order in which they were told, which is not that of their times: a
 *     span is told when it ends.
 */
#ifndef LATCHKEY_EMULATOR_EXPORT_EVENTS_H
#define LATCHKEY_EMULATOR_EXPORT_EVENTS_H

#include "emulator/base/bytes.h"
#include "emulator/ledger.h"

#define EVENTS_MAX 2000000u

enum event_kind {
    EVENT_USER,   /* a domain in user mode */
    EVENT_KERNEL, /* an interval */
    EVENT_WAIT,   /* the hart waited */
    EVENT_ANNOUNCED,
    EVENT_DEVICE_LINE,
    EVENT_HART_LINES,
    EVENT_DISK_BEGUN,
    EVENT_DISK_ENDED,
};

struct export_event {
    uint64_t from, to; /* cycles; equal for what takes no time */
    uint64_t domain;   /* USER, KERNEL: whose */
    union {
        struct {
            struct ledger_path path;
            struct ledger_result result;
            uint64_t instructions, next; /* next: the domain that went on; 0: none */
            bool other_space;            /* it goes on in another address space */
        } kernel;
        struct {
            uint64_t argument;
            uint32_t kind; /* enum trace_kind */
        } announced;
        struct {
            uint32_t number; /* irq, or CPU_IRQ_* */
            bool level;
        } line;
        struct {
            uint64_t sector;
            uint32_t disk, tag, sector_count;
            uint8_t op;
            bool good;
        } disk;
    };
    enum event_kind kind;
};

struct export_events {
    struct machine *machine;
    struct names names; /* of domains */
    struct export_event *events;
    size_t count, capacity;
    uint64_t left_out;
};

/* export_events_open - begin to keep what machine does; it must outlive this or another
 * machine_probe_set().
 *
 * listener  out: for ledger_open(): the ledger's spans are kept, too.
 */
void export_events_open(struct export_events *events, struct machine *machine,
                        struct ledger_listener *listener);
void export_events_close(struct export_events *events);

/* export_trace - Chrome's trace event format, JSON, which Perfetto reads too: a track a domain, one
 * for each phase of the kernel, the requests of each disk. On a track, spans never overlap. */
void export_trace(const struct export_events *events, struct byte_writer *text);
/* export_vcd - value change dump, IEEE 1364-2005 clause 18: the lines of the devices and of the
 * hart, its mode, the phase, and which domain runs. */
void export_vcd(const struct export_events *events, struct byte_writer *text);

#endif
