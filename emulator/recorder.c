/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recorder.c - see recorder.h. Listens to the machine; calls record_write and record_media.
 *
 * Invariants
 *  1. A position is written before the first entry that belongs there, and once.
 */
#include "emulator/recorder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/cpu.h"
#include "emulator/machine_mark.h"
#include "emulator/record_head.h"
#include "emulator/record_identity.h"
#include "emulator/record_media.h"

/* A mark hashes all RAM, 8 GB/s; between two the machine runs at most some 1.2 G instructions a
 * second: 16 a byte of RAM make that a hundredth. */
#define INSTRUCTIONS_A_BYTE 16u
#define SPACING_MIN (1ull << 28)
#define GLANCES_A_MARK 256u

struct recorder {
    const char *path;        /* the caller's */
    struct record_head head;
    struct machine *machine; /* NULL: not attached, or ended */
    struct record_writer *writer;
    struct record_media media[BOARD_DISK_COUNT_MAX];
    unsigned disk_count;
    struct machine_position written; /* the newest that is in the trace */
    uint64_t mark_spacing, glance_spacing, mark_next, glance_next;
    uint64_t *hashes;
    uint32_t parts;
};

uint64_t recorder_spacing(uint64_t ram_bytes)
{
    uint64_t spacing = ram_bytes * INSTRUCTIONS_A_BYTE;
    return spacing < SPACING_MIN ? SPACING_MIN : spacing;
}

static void position_write(struct recorder *recorder)
{
    struct record_entry entry = {.kind = RECORD_RUN, .run = machine_position(recorder->machine)};
    if (entry.run.arrival == ARRIVAL_NONE || machine_at(recorder->machine, &recorder->written))
        return;
    record_writer_entry(recorder->writer, &entry, NULL, 0);
    recorder->written = entry.run;
}

static void mark_write(struct recorder *recorder)
{
    const struct record_entry entry = {.kind = RECORD_MARK};
    machine_mark(recorder->machine, recorder->hashes);
    record_writer_entry(recorder->writer, &entry, recorder->hashes, recorder->parts);
}

static void glance_write(struct recorder *recorder)
{
    const struct record_entry entry = {.kind = RECORD_GLANCE,
                                       .glance = machine_glance(recorder->machine)};
    record_writer_entry(recorder->writer, &entry, NULL, 0);
}

static void heard(void *context, const struct machine_act *act)
{
    struct recorder *recorder = context;
    struct record_entry entry;
    position_write(recorder);
    record_entry_of(&entry, act);
    record_writer_entry(recorder->writer, &entry, NULL, 0);
    if (act->kind == ACT_CUT || act->kind == ACT_RESET)
        mark_write(recorder);
}

uint64_t recorder_next(const struct recorder *recorder)
{
    return recorder->glance_next < recorder->mark_next ? recorder->glance_next
                                                       : recorder->mark_next;
}

/* The next multiple of spacing. */
static uint64_t multiple_after(uint64_t instructions, uint64_t spacing)
{
    return instructions > UINT64_MAX - 2 * spacing ? UINT64_MAX
                                                   : (instructions / spacing + 1) * spacing;
}

void recorder_visit(struct recorder *recorder)
{
    uint64_t now = machine_instructions(recorder->machine);
    if (now < recorder_next(recorder))
        return;
    position_write(recorder);
    if (now >= recorder->mark_next) {
        mark_write(recorder);
    } else {
        glance_write(recorder);
    }
    recorder->mark_next = multiple_after(now, recorder->mark_spacing);
    recorder->glance_next = multiple_after(now, recorder->glance_spacing);
}

/* Open a disk, and say what is on it. */
static bool disk_take(struct recorder *recorder, struct machine_disk *disk,
                      struct record_disk *told, struct error *error)
{
    struct record_media *media = &recorder->media[recorder->disk_count++];
    if (disk->media)
        return error_set(error, ERROR_USAGE, "%.150s: media that are no file cannot be recorded",
                         disk->path);
    if (!record_media_open(media, recorder->disk_count - 1, disk->path, disk->overlay,
                           disk->read_only, error) ||
        !record_head_disk(told, disk, media->store.sector_count, error))
        return false;
    disk->media = &media->store;
    const struct record_data all = {.descriptor = disk->overlay ? -1 : media->file.descriptor};
    return record_media_digest(&media->file.store, &all,
                               disk->path, &told->digest, error);
}

static bool head_fill(struct recorder *recorder, struct machine_config *config,
                      struct record_head *head, struct error *error)
{
    if (!record_head_fill(head, config, error))
        return false;
    for (unsigned i = 0; i < config->disk_count; i++)
        if (!disk_take(recorder, &config->disks[i], &head->disks[i], error))
            return false;
    return true;
}

static void spacing_set(struct recorder *recorder, const struct recorder_options *options,
                        struct record_head *head)
{
    uint64_t spacing = options->mark_spacing, glance = options->glance_spacing;
    if (spacing == 0)
        spacing = recorder_spacing(head->ram_bytes);
    if (glance == 0)
        glance = spacing / GLANCES_A_MARK < RECORDER_GLANCE_MIN ? RECORDER_GLANCE_MIN
                                                                : spacing / GLANCES_A_MARK;
    recorder->mark_next = recorder->mark_spacing = head->mark_spacing = spacing;
    recorder->glance_next = recorder->glance_spacing = head->glance_spacing = glance;
}

bool recorder_open(struct recorder **out, const struct recorder_options *options,
                   struct machine_config *config, struct error *error)
{
    struct recorder *recorder = memory_zeroed(1, sizeof(*recorder));
    *out = NULL;
    recorder->path = options->path;
    if (!head_fill(recorder, config, &recorder->head, error)) {
        (void)recorder_close(recorder);
        return false;
    }
    spacing_set(recorder, options, &recorder->head);
    recorder->parts = mark_parts(recorder->head.ram_bytes);
    recorder->hashes = memory_zeroed(recorder->parts, sizeof(*recorder->hashes));
    *out = recorder;
    return true;
}

bool recorder_attach(struct recorder *recorder, struct machine *machine, struct error *error)
{
    const struct machine_listener listener = {.context = recorder, .heard = heard};
    assert(!recorder->machine);
    assert(machine_position(machine).arrival == ARRIVAL_NONE);
    recorder->head.engine_version = cpu_facts(machine_cpu(machine)).engine_version;
    if (!record_writer_open(&recorder->writer, recorder->path, &recorder->head, error))
        return false;
    recorder->machine = machine;
    machine_listen(machine, &listener);
    for (unsigned i = 0; i < recorder->disk_count; i++)
        record_media_start(&recorder->media[i], recorder->writer);
    glance_write(recorder); /* the kernel's hash stands for RAM */
    return true;
}

bool recorder_end(struct recorder *recorder, struct error *error)
{
    const struct record_entry end = {.kind = RECORD_END};
    assert(recorder->machine);
    position_write(recorder);
    mark_write(recorder);
    record_writer_entry(recorder->writer, &end, NULL, 0);
    machine_listen(recorder->machine, NULL);
    for (unsigned i = 0; i < recorder->disk_count; i++)
        record_media_start(&recorder->media[i], NULL);
    recorder->machine = NULL;
    struct record_writer *writer = recorder->writer;
    recorder->writer = NULL;
    return record_writer_close(writer, error);
}

bool recorder_close(struct recorder *recorder)
{
    bool good = true;
    struct error ignored;
    if (!recorder)
        return true;
    if (recorder->writer)
        (void)!record_writer_close(recorder->writer, &ignored);
    for (unsigned i = 0; i < recorder->disk_count; i++)
        good = record_media_finish(&recorder->media[i]) && good;
    free(recorder->head.append);
    free(recorder->head.faults);
    free(recorder->hashes);
    free(recorder);
    return good;
}
