/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_campaign_export_test.c - a made-up log of two disks as dm-log-writes has it. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/board.h"
#include "devices/disk.h"
#include "emulator/campaign_export.h"
#include "tests/support_write_log.h"

static void add(struct campaign_log *log, struct campaign_record record, const char *data)
{
    campaign_log_add(log, &record, data, data ? record.sector_count * DISK_SECTOR_BYTES : 0);
}

static struct campaign_log *log_make(void)
{
    static const char data[2 * DISK_SECTOR_BYTES] = "two sectors";
    struct campaign_log *log;
    struct error error;
    cr_assert(campaign_log_create(&log, &error), "%s", error.text);
    add(log, (struct campaign_record){.kind = RECORD_STATE, .order = 1}, NULL);
    add(log, (struct campaign_record){.kind = RECORD_TRACE, .order = TRACE_RESTARTED, .sector = 1},
        NULL);
    add(log, (struct campaign_record){.kind = RECORD_TRACE, .order = TRACE_PHASE_ENTER,
                                      .phase = TRACE_PHASE_COMMIT}, NULL);
    add(log, (struct campaign_record){.kind = RECORD_ENTERED, .sector = 40, .sector_count = 2,
                                      .order = 5}, data);
    add(log, (struct campaign_record){.kind = RECORD_ENTERED, .disk = 1, .sector = 7,
                                      .sector_count = 1, .order = 9}, data);
    add(log, (struct campaign_record){.kind = RECORD_SETTLED, .sector = 40, .sector_count = 1,
                                      .order = 5}, NULL);
    add(log, (struct campaign_record){.kind = RECORD_WRITTEN, .sector = 40, .sector_count = 2},
        data);
    add(log, (struct campaign_record){.kind = RECORD_FLUSHED}, NULL);
    add(log, (struct campaign_record){.kind = RECORD_TRACE, .order = TRACE_COMMITTED, .sector = 2},
        NULL);
    add(log, (struct campaign_record){.kind = RECORD_TRACE, .order = TRACE_PHASE_LEAVE}, NULL);
    add(log, (struct campaign_record){.kind = RECORD_TRACE, .order = TRACE_PHASE_ENTER,
                                      .phase = TRACE_PHASE_COMMIT}, NULL);
    return log;
}

struct expected {
    unsigned long long sector, sectors, flags;
    const char *mark;
};

static void export_expect(const struct campaign_log *made, unsigned disk,
                          const struct expected *expected, size_t count)
{
    struct byte_writer file = {0};
    struct write_log log;
    struct write_log_entry entry;
    size_t found = 0;
    campaign_export(made, disk, &file);
    write_log_open(&log, file.data, file.size_bytes);
    for (; write_log_next(&log, &entry); found++) {
        cr_assert_lt(found, count);
        cr_expect_eq(entry.sector, expected[found].sector, "entry %zu", found);
        cr_expect_eq(entry.sectors, expected[found].sectors, "entry %zu", found);
        cr_expect_eq(entry.flags, expected[found].flags, "entry %zu", found);
        cr_expect_str_eq(entry.mark, expected[found].mark, "entry %zu", found);
        if (entry.sectors > 0)
            cr_expect_str_eq((const char *)entry.data, "two sectors");
    }
    cr_expect_eq(found, count);
    writer_finish(&file);
}

Test(campaign_export, writes_flushes_and_marks_are_in_the_order_of_the_run)
{
    static const struct expected first[] = {
        {0, 0, 8, "restarted=1"}, {0, 0, 8, "commit-1"}, {40, 2, 0, ""},
        {0, 0, 1, ""},            {0, 0, 8, "committed=2"}, {0, 0, 8, "commit-2"}};
    static const struct expected second[] = {{0, 0, 8, "restarted=1"},
                                             {0, 0, 8, "commit-1"},
                                             {7, 1, 0, ""},
                                             {0, 0, 8, "committed=2"},
                                             {0, 0, 8, "commit-2"}};
    struct campaign_log *log = log_make();
    export_expect(log, 0, first, sizeof(first) / sizeof(first[0]));
    export_expect(log, 1, second, sizeof(second) / sizeof(second[0]));
    campaign_log_destroy(log);
}

Test(campaign_export, a_run_without_writes_is_a_head_alone)
{
    struct campaign_log *log;
    struct error error;
    cr_assert(campaign_log_create(&log, &error), "%s", error.text);
    export_expect(log, 0, NULL, 0);
    cr_expect_not(campaign_export_write(log, 1, "no-such-folder/log", &error));
    cr_expect_eq(error.code, ERROR_IO);
    campaign_log_destroy(log);
}
