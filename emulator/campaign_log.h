/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_log.h - what happened to the disks of a run, in order, with the data: enough to say for
 * any moment of it what a power cut would have left.
 *
 * The run is another process; the log lies in memory that both see. Written by campaign_machine.c
 * and campaign_media.c, read by whatever asks what happened: campaign_case.c, campaign_view.c, the
 * judge, the plan, the export.
 *
 * Invariants
 *  1. Records stay as they were appended; one that is full takes no more, and says so.
 */
#ifndef LATCHKEY_EMULATOR_CAMPAIGN_LOG_H
#define LATCHKEY_EMULATOR_CAMPAIGN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/error.h"
#include "emulator/base/pack.h"

enum campaign_record_kind {
    RECORD_ENTERED, /* sectors entered a disk's cache; order of the first; data */
    RECORD_WRITTEN, /* sectors on the media changed; data */
    RECORD_SETTLED, /* a sector left the cache: order, sector */
    RECORD_FLUSHED, /* a flush is complete */
    RECORD_TRACE,   /* the trace port announced: order is the kind, sector the argument */
    RECORD_PROMISE, /* the workload printed that what it had done is durable; order is the step */
    RECORD_STATE,   /* what a restart of all that was written so far would see: order is the
                       generation; its digest is the data. sector_count: not 0, it might also see
                       this, as something was not flushed yet */
    RECORD_KINDS
};

struct campaign_record {
    uint8_t kind, disk;
    uint8_t phase; /* enum trace_phase; 0: none */
    uint32_t sector_count;
    uint64_t instructions; /* when it happened */
    uint64_t sector, order;
    uint64_t data; /* where in the bytes of the log; data_bytes of them */
    uint32_t data_bytes;
};

struct campaign_log {
    uint64_t count, bytes_used;
    bool full;
    uint64_t instructions; /* when the run ended */
    struct campaign_record *records; /* all of it is in one mapping */
    uint8_t *bytes;
};

/* campaign_log_create - an empty log that children of this process share.
 *
 * Errors   ERROR_IO no memory for it.
 */
MUST_CHECK bool campaign_log_create(struct campaign_log **log, struct error *error);
void campaign_log_destroy(struct campaign_log *log); /* NULL is fine */
/* campaign_log_clear - empty again. */
void campaign_log_clear(struct campaign_log *log);
/* campaign_log_add - append a record; size_bytes of data are copied. */
void campaign_log_add(struct campaign_log *log, const struct campaign_record *record,
                      const void *data, uint32_t size_bytes);
/* campaign_log_data - the data of a record. */
const uint8_t *campaign_log_data(const struct campaign_log *log,
                                 const struct campaign_record *record);
/* campaign_log_digest - of all records: equal runs have equal ones. */
struct digest campaign_log_digest(const struct campaign_log *log);

#endif
