/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.c - figures of a run through cJSON. Called by session.c. Counts above 2^53 would lose digits as JSON
 * numbers; they are written as raw digits. */
#include "frontend/stats.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *stop_reason_text(enum machine_stop_reason reason)
{
    switch (reason) {
    case MACHINE_STOP_POWER_OFF:
        return "power-off";
    case MACHINE_STOP_RESET:
        return "reset";
    case MACHINE_STOP_INSTRUCTIONS:
        return "instructions";
    case MACHINE_STOP_CYCLES:
        return "cycles";
    case MACHINE_STOP_TIME:
        return "time";
    case MACHINE_STOP_CONSOLE:
        return "console";
    case MACHINE_STOP_TRACE:
        return "trace";
    case MACHINE_STOP_IDLE:
        return "idle";
    case MACHINE_STOP_FAULT:
        return "fault";
    }
    return "unknown";
}

static void count_add(cJSON *object, const char *name, uint64_t count)
{
    char digits[24];
    (void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
    (void)cJSON_AddRawToObject(object, name, digits);
}

static void disk_add(cJSON *disks, const struct disk_counters *counters)
{
    cJSON *disk = cJSON_CreateObject();
    count_add(disk, "read_requests", counters->read_requests);
    count_add(disk, "write_requests", counters->write_requests);
    count_add(disk, "flush_requests", counters->flush_requests);
    count_add(disk, "read_bytes", counters->read_bytes);
    count_add(disk, "write_bytes", counters->write_bytes);
    count_add(disk, "errors", counters->errors);
    count_add(disk, "busy_ns", counters->busy_ns);
    count_add(disk, "seek_ns", counters->seek_ns);
    count_add(disk, "transfer_ns", counters->transfer_ns);
    count_add(disk, "queue_depth_max", counters->queue_depth_max);
    cJSON_AddItemToArray(disks, disk);
}

static cJSON *stats_make(struct session *session)
{
    struct machine_stats stats = machine_stats(session->machine);
    uint64_t host_ns = host_clock_ns() - session->host_start_ns;
    char digest[33];
    cJSON *root = cJSON_CreateObject();
    digest_text(machine_digest(session->machine), digest);
    count_add(root, "instructions", stats.instructions);
    count_add(root, "events", stats.events);
    count_add(root, "cycles", stats.cycles);
    count_add(root, "virtual_time_ns", stats.virtual_time_ns);
    (void)cJSON_AddStringToObject(root, "digest", digest);
    count_add(root, "generation", stats.generation);
    (void)cJSON_AddNumberToObject(root, "mips",
                                  host_ns ? (double)stats.instructions * 1e3 / (double)host_ns : 0);
    (void)cJSON_AddStringToObject(root, "exit_reason", stop_reason_text(session->stop.reason));
    (void)cJSON_AddNumberToObject(root, "exit_code", session->stop.code);
    count_add(root, "traps", stats.traps);
    count_add(root, "interrupts", stats.interrupts);
    count_add(root, "sbi_calls", stats.sbi_calls);
    count_add(root, "device_accesses", stats.device_accesses);
    count_add(root, "engine_recycles", stats.recycles);
    (void)cJSON_AddBoolToObject(root, "fast_stores", stats.fast_stores);
    cJSON *disks = cJSON_AddArrayToObject(root, "disks");
    for (unsigned i = 0; i < stats.disk_count; i++)
        disk_add(disks, &stats.disks[i]);
    return root;
}

bool stats_write(struct session *session, struct error *error)
{
    const char *path = session->options->stats_path;
    cJSON *root = stats_make(session);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    FILE *file = fopen(path, "w");
    bool good = file && text && fputs(text, file) >= 0 && fputc('\n', file) != EOF;
    if (file && fclose(file) != 0)
        good = false;
    free(text);
    return good || error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
}
