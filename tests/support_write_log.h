/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_write_log.h - reads a log of writes as Linux's dm-log-writes lays it out, written from
 * the description of the format and sharing nothing with emulator/campaign_export.c. For tests. */
#ifndef LATCHKEY_TESTS_SUPPORT_WRITE_LOG_H
#define LATCHKEY_TESTS_SUPPORT_WRITE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WRITE_LOG_SECTOR 512u

struct write_log { /* read from its start on; ends the test when it is malformed */
    const unsigned char *bytes;
    size_t size_bytes, at;
    unsigned long long entries, taken;
};

struct write_log_entry {
    unsigned long long sector, sectors, flags;
    char mark[WRITE_LOG_SECTOR]; /* "" but of a mark */
    const unsigned char *data;   /* of a write */
};

/* write_log_open - check the head. */
void write_log_open(struct write_log *log, const void *bytes, size_t size_bytes);
/* write_log_next - false: that was all, and nothing is behind it. */
bool write_log_next(struct write_log *log, struct write_log_entry *entry);

#endif
