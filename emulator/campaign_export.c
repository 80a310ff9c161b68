/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_export.c - see campaign_export.h. */
#include "emulator/campaign_export.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "devices/disk.h"
#include "emulator/base/output_file.h"
#include "emulator/machine.h"

#define LOG_MAGIC 0x6a736677736872ull
#define LOG_VERSION 1u
#define FLAG_FLUSH 1u
#define FLAG_MARK 8u
#define MARK_BYTES 64u

static void sector_fill(struct byte_writer *file)
{
    static const uint8_t zeros[DISK_SECTOR_BYTES];
    size_t used = file->size_bytes % DISK_SECTOR_BYTES;
    if (used > 0)
        write_bytes(file, zeros, DISK_SECTOR_BYTES - used);
}

static void entry_add(struct byte_writer *file, const struct campaign_record *record,
                      uint64_t flags, const char *mark)
{
    bool writes = record->kind == RECORD_ENTERED;
    write_u64(file, writes ? record->sector : 0);
    write_u64(file, writes ? record->sector_count : 0);
    write_u64(file, flags);
    write_u64(file, strlen(mark));
    write_bytes(file, mark, strlen(mark));
    sector_fill(file);
}

/* What the trace port announced; false: it is no mark. */
static bool mark_text(const struct campaign_record *record, unsigned *begun, char text[MARK_BYTES])
{
    if (record->order == TRACE_COMMITTED || record->order == TRACE_RESTARTED)
        (void)snprintf(text, MARK_BYTES, "%s=%" PRIu64,
                       record->order == TRACE_COMMITTED ? "committed" : "restarted",
                       record->sector);
    else if (record->order == TRACE_PHASE_ENTER && record->phase < TRACE_PHASE_COUNT)
        (void)snprintf(text, MARK_BYTES, "%s-%u", machine_phase_name(record->phase),
                       ++begun[record->phase]);
    else
        return false;
    return true;
}

void campaign_export(const struct campaign_log *log, unsigned disk, struct byte_writer *file)
{
    unsigned begun[TRACE_PHASE_COUNT] = {0};
    char mark[MARK_BYTES];
    uint64_t count = 0;
    size_t head = file->size_bytes;
    assert(head % DISK_SECTOR_BYTES == 0);
    write_u64(file, LOG_MAGIC);
    write_u64(file, LOG_VERSION);
    write_u64(file, 0); /* entries; they are counted below */
    write_u32(file, DISK_SECTOR_BYTES);
    sector_fill(file);
    for (uint64_t i = 0; i < log->count; i++) {
        const struct campaign_record *record = &log->records[i];
        bool here = record->disk == disk;
        if (record->kind == RECORD_ENTERED && here && record->sector_count > 0) {
            entry_add(file, record, 0, "");
            write_bytes(file, campaign_log_data(log, record), record->data_bytes);
        } else if (record->kind == RECORD_FLUSHED && here) {
            entry_add(file, record, FLAG_FLUSH, "");
        } else if (record->kind == RECORD_TRACE && mark_text(record, begun, mark)) {
            entry_add(file, record, FLAG_MARK, mark);
        } else {
            continue;
        }
        count++;
    }
    store_u64(file->data + head + 16, count);
}

bool campaign_export_path(const char *path, unsigned disk, char name[CAMPAIGN_EXPORT_PATH_BYTES],
                          struct error *error)
{
    int length = disk == 0 ? snprintf(name, CAMPAIGN_EXPORT_PATH_BYTES, "%s", path)
                           : snprintf(name, CAMPAIGN_EXPORT_PATH_BYTES, "%s-%u", path, disk);
    return (length >= 0 && (size_t)length < CAMPAIGN_EXPORT_PATH_BYTES) ||
           error_set(error, ERROR_IO, "%.100s: the name is too long", path);
}

bool campaign_export_write(const struct campaign_log *log, unsigned disks, const char *path,
                           struct error *error)
{
    bool good = true;
    for (unsigned disk = 0; disk < disks && good; disk++) {
        char name[CAMPAIGN_EXPORT_PATH_BYTES];
        struct byte_writer file = {0};
        campaign_export(log, disk, &file);
        good = campaign_export_path(path, disk, name, error) &&
               output_write(name, file.data, file.size_bytes, error);
        writer_finish(&file);
    }
    return good;
}
