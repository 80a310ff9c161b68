/* SPDX-License-Identifier: GPL-2.0-or-later */
/* support_write_log.c - see support_write_log.h. Called by tests of the export. */
#include "tests/support_write_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_MARK 8u
#define FLAGS_ALL 31u

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "write log: %s\n", what);
    abort();
}

static unsigned long long number(const struct write_log *log, size_t at, unsigned bytes)
{
    unsigned long long value = 0;
    must(at + bytes <= log->size_bytes, "ends within a number");
    for (unsigned i = bytes; i-- > 0;)
        value = value << 8 | log->bytes[at + i];
    return value;
}

void write_log_open(struct write_log *log, const void *bytes, size_t size_bytes)
{
    *log = (struct write_log){.bytes = bytes, .size_bytes = size_bytes, .at = WRITE_LOG_SECTOR};
    must(size_bytes % WRITE_LOG_SECTOR == 0, "no whole sectors");
    must(number(log, 0, 8) == 0x6a736677736872ull, "no magic number");
    must(number(log, 8, 8) == 1, "version");
    must(number(log, 24, 4) == WRITE_LOG_SECTOR, "sector size");
    log->entries = number(log, 16, 8);
}

bool write_log_next(struct write_log *log, struct write_log_entry *entry)
{
    if (log->taken == log->entries) {
        must(log->at == log->size_bytes, "something is behind the last entry");
        return false;
    }
    size_t at = log->at;
    must(at + WRITE_LOG_SECTOR <= log->size_bytes, "ends before its last entry");
    *entry = (struct write_log_entry){.sector = number(log, at, 8),
                                      .sectors = number(log, at + 8, 8),
                                      .flags = number(log, at + 16, 8)};
    unsigned long long length = number(log, at + 24, 8);
    must(entry->flags <= FLAGS_ALL, "unknown flags");
    must(entry->flags != 0 || entry->sectors > 0, "an entry that says nothing");
    must(length < WRITE_LOG_SECTOR - 32, "a mark that does not fit");
    must((entry->flags == FLAG_MARK) == (length > 0), "text without a mark, or none");
    memcpy(entry->mark, log->bytes + at + 32, length);
    for (size_t i = 32 + length; i < WRITE_LOG_SECTOR; i++)
        must(log->bytes[at + i] == 0, "the rest of an entry is not zero");
    entry->data = log->bytes + at + WRITE_LOG_SECTOR;
    log->at = at + WRITE_LOG_SECTOR + entry->sectors * WRITE_LOG_SECTOR;
    must(entry->sectors < 1u << 20 && log->at <= log->size_bytes, "ends within data");
    log->taken++;
    return true;
}
