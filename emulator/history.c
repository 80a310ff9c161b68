/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history.c - see history.h. */
#include "emulator/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/base/renewal.h"
#include "emulator/bundle.h"
#include "emulator/cpu.h"
#include "emulator/disk_file.h"
#include "emulator/record_head.h"
#include "emulator/record_identity.h"

/* A snapshot hashes all RAM, 8 GB/s, and packs what is new of it; between two the machine runs at
 * most some 1.2 G instructions a second: 6 a byte of RAM make that less than four hundredths. */
#define INSTRUCTIONS_A_BYTE 6u

struct history {
    struct record record;
    struct disk_file files[BOARD_DISK_COUNT_MAX];
    struct layers *layers[BOARD_DISK_COUNT_MAX];
    struct timeline *timeline; /* NULL: not attached */
    size_t budget_bytes;
};

static bool disk_take(struct history *history, unsigned index, struct machine_disk *disk,
                      struct error *error)
{
    struct disk_file *file = &history->files[index];
    if (disk->media)
        return error_set(error, ERROR_USAGE, "%s: media that are no file have no history",
                         disk->path);
    if (!disk_file_open(file, disk->path, disk->overlay, disk->read_only, error) ||
        !record_head_disk(&history->record.head.disks[index], disk, file->store.sector_count,
                          error))
        return false;
    history->layers[index] = layers_create_live(&file->store);
    disk->media = layers_store(history->layers[index]);
    return true;
}

bool history_open(struct history **out, struct machine_config *config, size_t budget_bytes,
                  struct error *error)
{
    struct history *history = memory_zeroed(1, sizeof(*history));
    *out = NULL;
    history->budget_bytes = budget_bytes;
    record_init(&history->record);
    for (unsigned i = 0; i < BOARD_DISK_COUNT_MAX; i++)
        history->files[i].descriptor = -1;
    bool good = record_head_fill(&history->record.head, config, error);
    for (unsigned i = 0; i < config->disk_count && good; i++)
        good = disk_take(history, i, &config->disks[i], error);
    if (!good) {
        (void)history_close(history);
        return false;
    }
    *out = history;
    return true;
}

void history_attach(struct history *history, struct machine *machine,
                    const struct timeline_follower *follower)
{
    struct record_head *head = &history->record.head;
    struct timeline_config config = {.machine = machine, .disk_count = head->disk_count,
                                     .record = &history->record,
                                     .budget_bytes = history->budget_bytes, .forgets = true};
    assert(!history->timeline);
    if (follower)
        config.follower = *follower;
    memcpy(config.layers, history->layers, sizeof(config.layers));
    head->engine_version = cpu_facts(machine_cpu(machine)).engine_version;
    head->mark_spacing = head->glance_spacing = UINT64_MAX; /* there is one mark, at the end */
    history->timeline = timeline_create(&config);
    timeline_branch(history->timeline);
    history_hurry(history, false);
}

void history_hurry(struct history *history, bool hurries)
{
    uint64_t spacing = history->record.head.ram_bytes * (hurries ? INSTRUCTIONS_A_BYTE : 1);
    timeline_spacing(history->timeline, spacing > TIMELINE_SPACING ? spacing : 0);
}

struct timeline *history_timeline(struct history *history)
{
    return history->timeline;
}

const struct record *history_record(const struct history *history)
{
    return &history->record;
}

/* The images are about to be put back: say so beside them. false: not all could be told. An overlay
 * needs no such thing: it is as after one of its syncs. */
static bool renewals_commit(const struct history *history)
{
    struct error ignored;
    const struct record_head *head = &history->record.head;
    bool good = true, renews[BOARD_DISK_COUNT_MAX] = {false};
    for (unsigned i = 0; i < head->disk_count && good; i++) {
        struct byte_writer list = {0};
        good = history->files[i].overlay || layers_renewal(history->layers[i], &list);
        renews[i] = list.size_bytes > 0;
        good = good && (!renews[i] || renewal_prepare(head->disks[i].path, &list, &ignored));
        writer_finish(&list);
    }
    for (unsigned i = 0; i < head->disk_count && good; i++) /* of a store at nearly one moment */
        good = !renews[i] || renewal_commit(head->disks[i].path, &ignored);
    return good;
}

static void renewals_end(const struct history *history)
{
    for (unsigned i = 0; i < history->record.head.disk_count; i++)
        if (!history->files[i].overlay && !history->files[i].store.read_only)
            renewal_end(history->record.head.disks[i].path);
}

bool history_continue(struct history *history, struct error *error)
{
    if (timeline_live(history->timeline))
        return true;
    if (!renewals_commit(history))
        renewals_end(history);
    bool good = timeline_continue(history->timeline, error);
    if (good)
        renewals_end(history);
    else /* if renewals stand, who opens the images next puts them back: nothing is written here */
        for (unsigned i = 0; i < history->record.head.disk_count; i++)
            layers_detach(history->layers[i]);
    return good;
}

static bool part_same(const char *path, struct digest expected, struct error *error)
{
    struct digest digest;
    return !*path || (record_file_digest(path, &digest, error) &&
                      (digest_equal(digest, expected) ||
                       error_set(error, ERROR_IO, "%.150s: not what the run began with", path)));
}

bool history_save(struct history *history, const char *path, struct error *error)
{
    struct record_head *head = &history->record.head;
    struct bundle bundle = bundle_here(&history->record, history->timeline);
    bundle.kernel_path = head->kernel_path;
    bundle.initrd_path = head->initrd_path[0] ? head->initrd_path : NULL;
    if (timeline_begin(history->timeline) != 0)
        return error_set(error, ERROR_LIMIT, "%.150s: the beginning of the run is forgotten", path);
    bool good = part_same(head->kernel_path, head->kernel, error) &&
                part_same(head->initrd_path, head->initrd, error);
    for (unsigned i = 0; i < head->disk_count; i++) {
        bundle.layers[i] = history->layers[i];
        bundle.descriptors[i] = history->files[i].overlay ? -1 : history->files[i].descriptor;
        good = good && bundle_digest(&bundle, i, &head->disks[i].digest, error);
    }
    return good && bundle_write(&bundle, path, error);
}

void history_detach(struct history *history)
{
    timeline_destroy(history->timeline);
    history->timeline = NULL;
}

bool history_close(struct history *history)
{
    bool good = true;
    if (!history)
        return true;
    assert(!history->timeline);
    for (unsigned i = 0; i < BOARD_DISK_COUNT_MAX; i++) {
        good = disk_file_finish(&history->files[i]) && good;
        layers_destroy(history->layers[i]);
    }
    record_finish(&history->record);
    free(history);
    return good;
}
