/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stats.c - figures to JSON. Called by session.c, window_run.c and replay_command.c; calls json.h
 * and machine.h.
 *
 * Invariants
 *  1. Counts are written as integers of any size, never through a double.
 */
#include "frontend/stats.h"

#include <assert.h>

#include "emulator/base/json.h"

double stats_mips(uint64_t instructions, uint64_t host_ns)
{
    return host_ns == 0 ? 0.0 : (double)instructions * 1e3 / (double)host_ns;
}

static void disk_add(cJSON *disks, const struct disk_counters *counters)
{
    cJSON *disk = cJSON_CreateObject();
    json_count_add(disk, "read_requests", counters->read_requests);
    json_count_add(disk, "write_requests", counters->write_requests);
    json_count_add(disk, "flush_requests", counters->flush_requests);
    json_count_add(disk, "read_bytes", counters->read_bytes);
    json_count_add(disk, "write_bytes", counters->write_bytes);
    json_count_add(disk, "errors", counters->errors);
    json_count_add(disk, "busy_ns", counters->busy_ns);
    json_count_add(disk, "seek_ns", counters->seek_ns);
    json_count_add(disk, "transfer_ns", counters->transfer_ns);
    json_count_add(disk, "queue_depth_max", counters->queue_depth_max);
    cJSON_AddItemToArray(disks, disk);
}

static void counts_add(cJSON *object, const struct machine_stats *stats)
{
    json_count_add(object, "instructions", stats->instructions);
    json_count_add(object, "events", stats->events);
    json_count_add(object, "cycles", stats->cycles);
    json_count_add(object, "virtual_time_ns", stats->virtual_time_ns);
    json_count_add(object, "traps", stats->traps);
    json_count_add(object, "interrupts", stats->interrupts);
    json_count_add(object, "sbi_calls", stats->sbi_calls);
    json_count_add(object, "device_accesses", stats->device_accesses);
    json_count_add(object, "recycles", stats->recycles);
    json_count_add(object, "blocks_translated", stats->blocks_translated);
    json_count_add(object, "generation", stats->generation);
    json_count_add(object, "phase", stats->phase);
    cJSON_AddBoolToObject(object, "fast_stores", stats->fast_stores);
}

/* MCPI: cycles waited for memory, over instructions. */
static double per_instruction(uint64_t cycles, uint64_t instructions)
{
    return instructions == 0 ? 0.0 : (double)cycles / (double)instructions;
}

static void mode_add(cJSON *timing, const char *name, const struct timing_counts *counts,
                     unsigned mode)
{
    cJSON *object = cJSON_AddObjectToObject(timing, name);
    uint64_t instructions = counts->instructions[mode];
    json_count_add(object, "instructions", instructions);
    json_count_add(object, "fetch_cycles", counts->fetch_cycles[mode]);
    json_count_add(object, "data_cycles", counts->data_cycles[mode]);
    cJSON_AddNumberToObject(object, "mcpi_fetch",
                            per_instruction(counts->fetch_cycles[mode], instructions));
    cJSON_AddNumberToObject(object, "mcpi_data",
                            per_instruction(counts->data_cycles[mode], instructions));
}

static void side_add(cJSON *timing, const char *name, const struct timing_side *side)
{
    cJSON *object = cJSON_AddObjectToObject(timing, name);
    json_count_add(object, "tlb_misses", side->tlb_misses);
    json_count_add(object, "l1_misses", side->l1_misses);
    json_count_add(object, "l2_misses", side->l2_misses);
}

static void timing_add(cJSON *object, const struct machine_stats *stats)
{
    cJSON *timing = cJSON_AddObjectToObject(object, "timing");
    cJSON_AddStringToObject(timing, "model", timing_name(stats->timing));
    if (stats->timing == TIMING_INSN)
        return;
    json_count_add(timing, "stall_cycles", stats->timing_counts.stall_cycles);
    json_count_add(timing, "mispredictions", stats->timing_counts.mispredictions);
    if (stats->timing != TIMING_CACHE)
        return;
    mode_add(timing, "user", &stats->timing_counts, 0);
    mode_add(timing, "kernel", &stats->timing_counts, 1);
    side_add(timing, "fetch", &stats->timing_counts.fetch);
    side_add(timing, "data", &stats->timing_counts.data);
}

char *stats_text(struct machine *machine, const struct stats_run *run)
{
    struct machine_stats stats = machine_stats(machine);
    char digest[33];
    digest_text(machine_digest(machine), digest);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "exit_reason", run->exit_reason);
    cJSON_AddNumberToObject(object, "exit_code", run->exit_code);
    json_count_add(object, "seed", run->seed);
    counts_add(object, &stats);
    timing_add(object, &stats);
    cJSON_AddStringToObject(object, "digest", digest);
    cJSON_AddNumberToObject(object, "mips", stats_mips(stats.instructions, run->host_ns));
    cJSON_AddNumberToObject(object, "host_seconds", (double)run->host_ns / 1e9);
    cJSON *disks = cJSON_AddArrayToObject(object, "disks");
    for (unsigned i = 0; i < stats.disk_count; i++)
        disk_add(disks, &stats.disks[i]);
    return json_text(object);
}

bool stats_write(struct machine *machine, const struct stats_run *run, const char *path,
                 struct error *error)
{
    assert(run->exit_reason);
    return json_write(stats_text(machine, run), path, error);
}
