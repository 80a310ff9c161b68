/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_log.c - see campaign_log.h. Calls the host's memory. */
#include "emulator/campaign_log.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Room, not memory: the host gives pages as they are used. */
#define RECORDS_MAX (1u << 20)
#define BYTES_MAX (1ull << 30)
#define MAPPING_BYTES (sizeof(struct campaign_log) + RECORDS_BYTES + BYTES_MAX)
#define RECORDS_BYTES (RECORDS_MAX * sizeof(struct campaign_record))

static_assert(sizeof(struct campaign_log) % 8 == 0, "records follow the log");
static_assert(sizeof(struct campaign_record) % 8 == 0, "and each other");

bool campaign_log_create(struct campaign_log **log, struct error *error)
{
    void *mapping = mmap(NULL, MAPPING_BYTES, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return error_set(error, ERROR_IO, "campaign: no memory for its log: %s", strerror(errno));
    *log = mapping;
    (*log)->records = (struct campaign_record *)(*log + 1);
    (*log)->bytes = (uint8_t *)((*log)->records + RECORDS_MAX);
    return true;
}

void campaign_log_destroy(struct campaign_log *log)
{
    if (log)
        (void)munmap(log, MAPPING_BYTES);
}

void campaign_log_clear(struct campaign_log *log)
{
    log->count = log->bytes_used = log->instructions = 0;
    log->full = false;
}

void campaign_log_add(struct campaign_log *log, const struct campaign_record *record,
                      const void *data, uint32_t size_bytes)
{
    if (log->full || log->count == RECORDS_MAX || size_bytes > BYTES_MAX - log->bytes_used) {
        log->full = true;
        return;
    }
    struct campaign_record *added = &log->records[log->count];
    *added = *record;
    added->data = log->bytes_used;
    added->data_bytes = size_bytes;
    if (size_bytes > 0)
        memcpy(log->bytes + log->bytes_used, data, size_bytes);
    log->bytes_used += size_bytes;
    log->count++;
}

const uint8_t *campaign_log_data(const struct campaign_log *log,
                                 const struct campaign_record *record)
{
    assert(record->data + record->data_bytes <= log->bytes_used);
    return log->bytes + record->data;
}

struct digest campaign_log_digest(const struct campaign_log *log)
{
    struct digest_state *state = digest_create();
    for (uint64_t i = 0; i < log->count; i++) {
        const struct campaign_record *record = &log->records[i];
        uint8_t bytes[43] = {record->kind, record->disk, record->phase};
        store_u64(bytes + 3, record->sector_count);
        store_u64(bytes + 11, record->instructions);
        store_u64(bytes + 19, record->sector);
        store_u64(bytes + 27, record->order);
        store_u64(bytes + 35, record->data_bytes);
        digest_add(state, bytes, sizeof(bytes));
        digest_add(state, campaign_log_data(log, record), record->data_bytes);
    }
    return digest_end(state);
}
