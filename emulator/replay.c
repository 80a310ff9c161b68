/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay.c - see replay.h.
 *
 * Invariants
 *  1. Files of the host are opened for reading only, but for the bundle that is written, and a file
 *     is used only when its contents are what the trace says.
 */
#include "emulator/replay.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/bundle.h"
#include "emulator/cpu.h"
#include "emulator/record_format.h"
#include "emulator/record_identity.h"
#include "emulator/record_media.h"
#include "emulator/record_read.h"
#include "emulator/timeline_file.h"
#include "emulator/version.h"

#define DESCRIPTOR_PATH_BYTES 32u
#define KERNEL_PLACES 3u

/* A kernel or initrd: a copy in memory that has a name, so that it stays what it was. */
struct replay_part {
    int descriptor; /* -1: none */
    char path[DESCRIPTOR_PATH_BYTES];
};

struct replay_disk {
    struct disk_file file; /* not open when it is packed in */
    struct layers *layers;
};

struct replay {
    struct record record;
    struct replay_options options;
    struct replay_part kernel, initrd;
    struct replay_disk disks[BOARD_DISK_COUNT_MAX];
    uint32_t images_taken; /* bit per image of options */
    struct machine *machine;
    struct timeline *timeline;
};

static bool part_keep(struct replay_part *part, const uint8_t *data, size_t size_bytes,
                      struct error *error)
{
    part->descriptor = memfd_create("latchkey", MFD_CLOEXEC);
    (void)snprintf(part->path, sizeof(part->path), "/proc/self/fd/%d", part->descriptor);
    return (part->descriptor >= 0 && output_at(part->descriptor, data, size_bytes, 0)) ||
           error_set(error, ERROR_IO, "replay: no memory for a file: %s", strerror(errno));
}

/* Beside the trace, under its own name. */
static const char *beside(const struct replay *replay, const char *path, char kept[PATH_MAX])
{
    const char *trace = replay->options.trace_path, *slash = strrchr(trace, '/');
    const char *name = strrchr(path, '/');
    int folder = slash ? (int)(slash + 1 - trace) : 0;
    (void)snprintf(kept, PATH_MAX, "%.*s%s", folder, trace, name ? name + 1 : path);
    return kept;
}

/* The first of some files that has these contents. */
static bool part_find(struct replay_part *part, const char *const *paths, unsigned count,
                      struct digest digest, struct error *error)
{
    struct error why = {.code = ERROR_NONE};
    for (unsigned i = 0; i < count; i++) {
        uint8_t *data;
        size_t size_bytes;
        if (!paths[i])
            continue;
        if (!input_read(paths[i], RECORD_PART_BYTES_MAX, &data, &size_bytes,
                        why.code == ERROR_NONE ? &why : error))
            continue;
        bool same = digest_equal(record_bytes_digest(data, size_bytes), digest);
        bool kept = same && part_keep(part, data, size_bytes, error);
        free(data);
        if (same)
            return kept;
        (void)error_set(&why, ERROR_FORMAT, "%.150s: not the file that was recorded with",
                        paths[i]);
    }
    *error = why;
    return false;
}

/* Where the kernel may be. */
static void kernels_list(const struct replay *replay, char kept[PATH_MAX],
                         const char *paths[KERNEL_PLACES])
{
    const char *told = replay->record.head.kernel_path;
    paths[0] = replay->options.kernel_path;
    paths[1] = told;
    paths[2] = beside(replay, told, kept);
}

static bool parts_find(struct replay *replay, struct error *error)
{
    char kept[PATH_MAX];
    const char *kernels[KERNEL_PLACES];
    const struct record *record = &replay->record;
    const struct record_head *head = &record->head;
    const struct replay_options *options = &replay->options;
    if (record->bundled) {
        if (!digest_equal(record_bytes_digest(record->kernel.data, record->kernel.size_bytes),
                          head->kernel) ||
            (head->initrd_path[0] && !digest_equal(record_bytes_digest(record->initrd.data,
                                                                       record->initrd.size_bytes),
                                                   head->initrd)))
            return error_set(error, ERROR_FORMAT, "%.150s: what is packed in is damaged",
                             options->trace_path);
        return part_keep(&replay->kernel, record->kernel.data, record->kernel.size_bytes, error) &&
               (!head->initrd_path[0] || part_keep(&replay->initrd, record->initrd.data,
                                                   record->initrd.size_bytes, error));
    }
    kernels_list(replay, kept, kernels);
    if (!part_find(&replay->kernel, kernels, KERNEL_PLACES, head->kernel, error))
        return false;
    if (!head->initrd_path[0])
        return true;
    const char *const initrds[] = {options->initrd_path, head->initrd_path,
                                   beside(replay, head->initrd_path, kept)};
    return part_find(&replay->initrd, initrds, 3, head->initrd, error);
}

/* What was there before the run lies over what is there now. */
static struct layers *layers_make(const struct replay *replay, unsigned disk,
                                  const struct disk_store *below)
{
    const struct record *record = &replay->record;
    const struct record_disk *told = &record->head.disks[disk];
    struct layers *layers = layers_create(below, told->sector_count, told->read_only);
    for (size_t i = 0; i < record->cluster_count; i++) {
        const struct record_cluster *cluster = &record->clusters[i];
        if (cluster->disk == disk)
            layers_under(layers, cluster->index * RECORD_CLUSTER_SECTORS, cluster->data,
                         record_cluster_sectors(told->sector_count, cluster->index));
    }
    return layers;
}

/* Is it the disk? Then it stays open. */
static bool disk_try(struct replay *replay, unsigned index, const char *path, const char *overlay,
                     struct error *error)
{
    const struct record_disk *told = &replay->record.head.disks[index];
    struct replay_disk *disk = &replay->disks[index];
    struct digest digest;
    struct record_data where = {.descriptor = -1};
    if (overlay && access(overlay, F_OK) != 0)
        overlay = NULL; /* it was new, or is gone: what was below it is what there is */
    if (!disk_file_open(&disk->file, path, overlay, true, error)) {
        (void)disk_file_finish(&disk->file);
        return false;
    }
    if (disk->file.store.sector_count != told->sector_count) {
        (void)error_set(error, ERROR_FORMAT, "%.150s: not the image that was recorded with", path);
    } else {
        disk->layers = layers_make(replay, index, &disk->file.store);
        uint64_t *over = layers_sectors(disk->layers, &where.sector_count);
        where.sectors = over;
        where.descriptor = overlay ? -1 : disk->file.descriptor;
        bool good =
            record_media_digest(layers_store(disk->layers), &where, path, &digest, error);
        free(over);
        if (good) {
            layers_go(disk->layers, (struct layers_place){.writes = 0});
            if (digest_equal(digest, told->digest))
                return true;
            (void)error_set(error, ERROR_FORMAT,
                            "%.120s: not the image that was recorded with, before or after the "
                            "run; a bundle (--bundle) needs no image",
                            path);
        }
        layers_destroy(disk->layers);
        disk->layers = NULL;
    }
    (void)disk_file_finish(&disk->file);
    return false;
}

static bool disk_find(struct replay *replay, unsigned index, struct error *error)
{
    char kept[PATH_MAX];
    struct error ignored, given;
    const struct record_disk *told = &replay->record.head.disks[index];
    const char *overlay = told->overlay[0] ? told->overlay : NULL;
    bool named = false; /* is there an image that no other disk took? */
    for (unsigned i = 0; i < replay->options.image_count; i++) {
        bool first = !named && !(replay->images_taken >> i & 1);
        named = named || first;
        if (disk_try(replay, index, replay->options.images[i], NULL, first ? &given : &ignored)) {
            replay->images_taken |= 1u << i;
            return true;
        }
    }
    if (disk_try(replay, index, told->path, overlay, error) ||
        disk_try(replay, index, beside(replay, told->path, kept), NULL, &ignored))
        return true;
    if (named)
        *error = given; /* it is what the user asks about */
    return false;
}

/* All of a disk that is packed in. */
static bool disk_unpack(struct replay *replay, unsigned index, struct error *error)
{
    struct digest digest;
    const struct record_data anywhere = {.descriptor = -1};
    struct replay_disk *disk = &replay->disks[index];
    disk->layers = layers_make(replay, index, NULL);
    if (!record_media_digest(layers_store(disk->layers), &anywhere, replay->options.trace_path,
                             &digest, error))
        return false;
    layers_go(disk->layers, (struct layers_place){.writes = 0});
    return digest_equal(digest, replay->record.head.disks[index].digest) ||
           error_set(error, ERROR_FORMAT, "%.150s: what is packed in is damaged",
                     replay->options.trace_path);
}

static bool disks_find(struct replay *replay, struct error *error)
{
    const struct record *record = &replay->record;
    for (unsigned i = 0; i < record->head.disk_count; i++)
        if (!(record->bundled ? disk_unpack(replay, i, error) : disk_find(replay, i, error)))
            return false;
    for (size_t i = 0; i < record->entry_count; i++)
        if (record->entries[i].kind == RECORD_REFUSED)
            layers_refuse(replay->disks[record->entries[i].refused.disk].layers,
                          record->entries[i].refused.operation);
    return true;
}

static bool machine_make(struct replay *replay, bool careful, struct machine **machine,
                         struct error *error)
{
    const struct record_head *head = &replay->record.head;
    struct machine_config config = {
        .ram_bytes = head->ram_bytes, .seed = head->seed, .clock_hz = head->clock_hz,
        .kernel_path = replay->kernel.path,
        .initrd_path = replay->initrd.descriptor >= 0 ? replay->initrd.path : NULL,
        .append = head->append, .disk_count = head->disk_count, .faults = head->faults,
        .fault_count = head->fault_count, .display_width = head->display_width,
        .display_height = head->display_height, .amnesia = head->amnesia, .check = head->check,
        .timing = head->timing, .step_mode = careful, .slow_stores = careful,
        .console = replay->options.console};
    for (unsigned i = 0; i < head->disk_count; i++)
        config.disks[i] = (struct machine_disk){.path = head->disks[i].path,
                                                .timing = head->disks[i].timing,
                                                .write_through = head->disks[i].write_through,
                                                .read_only = head->disks[i].read_only,
                                                .media = layers_store(replay->disks[i].layers)};
    if (!machine_create(machine, &config, error))
        return false;
    uint32_t engine = cpu_facts(machine_cpu(*machine)).engine_version;
    return engine == head->engine_version ||
           error_set(error, ERROR_FORMAT,
                     "%.150s: recorded on version %u.%u of the engine; this is %u.%u",
                     replay->options.trace_path, head->engine_version >> 8,
                     head->engine_version & 0xff, engine >> 8, engine & 0xff);
}

static struct timeline *timeline_make(struct replay *replay, struct machine *machine)
{
    struct timeline_config config = {.machine = machine,
                                     .disk_count = replay->record.head.disk_count,
                                     .record = &replay->record,
                                     .budget_bytes = replay->options.budget_bytes,
                                     .check = replay->options.check,
                                     .follower = replay->options.follower};
    for (unsigned i = 0; i < config.disk_count; i++)
        config.layers[i] = replay->disks[i].layers;
    return timeline_create(&config);
}

/* Those of another time, if there are any. */
static bool snapshots_take(struct replay *replay, struct error *error)
{
    struct digest trace;
    const char *path = replay->options.snapshots_path;
    return !path || access(path, F_OK) != 0 ||
           (record_file_digest(replay->options.trace_path, &trace, error) &&
            timeline_file_read(replay->timeline, trace, path, error));
}

bool replay_snapshots(struct replay *replay, const char *path, struct error *error)
{
    struct digest trace;
    return record_file_digest(replay->options.trace_path, &trace, error) &&
           timeline_file_write(replay->timeline, trace, path, error);
}

bool replay_open(struct replay **out, const struct replay_options *options, struct error *error)
{
    struct replay *replay = memory_zeroed(1, sizeof(*replay));
    *out = NULL;
    replay->options = *options;
    replay->kernel.descriptor = replay->initrd.descriptor = -1;
    bool good = record_read_file(&replay->record, options->trace_path, error);
    if (good && strcmp(replay->record.head.version, LATCHKEY_VERSION) != 0)
        good = error_set(error, ERROR_FORMAT, "%.100s: recorded by version %.40s; this is %s",
                         options->trace_path, replay->record.head.version, LATCHKEY_VERSION);
    good = good && parts_find(replay, error) && disks_find(replay, error) &&
           machine_make(replay, options->careful, &replay->machine, error);
    if (good)
        replay->timeline = timeline_make(replay, replay->machine);
    if (!good || !snapshots_take(replay, error)) {
        replay_close(replay);
        return false;
    }
    *out = replay;
    return true;
}

void replay_close(struct replay *replay)
{
    if (!replay)
        return;
    timeline_destroy(replay->timeline);
    machine_destroy(replay->machine);
    for (unsigned i = 0; i < BOARD_DISK_COUNT_MAX; i++) {
        if (replay->disks[i].layers)
            (void)disk_file_finish(&replay->disks[i].file);
        layers_destroy(replay->disks[i].layers);
    }
    if (replay->kernel.descriptor >= 0)
        (void)close(replay->kernel.descriptor);
    if (replay->initrd.descriptor >= 0)
        (void)close(replay->initrd.descriptor);
    record_finish(&replay->record);
    free(replay);
}

struct machine *replay_machine(struct replay *replay)
{
    return replay->machine;
}

const char *replay_kernel_path(const struct replay *replay)
{
    return replay->kernel.path;
}

bool replay_kernel_file(const struct replay *replay, char path[PATH_MAX])
{
    char kept[PATH_MAX];
    struct digest digest;
    struct error ignored;
    const char *paths[KERNEL_PLACES];
    kernels_list(replay, kept, paths);
    for (unsigned i = 0; i < KERNEL_PLACES; i++)
        if (paths[i] && record_file_digest(paths[i], &digest, &ignored) &&
            digest_equal(digest, replay->record.head.kernel)) {
            (void)snprintf(path, PATH_MAX, "%s", paths[i]);
            return true;
        }
    return false;
}

bool replay_to(struct replay *replay, const struct machine_until *until, struct error *error)
{
    struct timeline_stop stop;
    if (!timeline_run(replay->timeline, until, &stop, error))
        return false;
    return stop.reason == TIMELINE_STOPPED ||
           error_set(error, ERROR_LIMIT,
                     "--to: the trace ends before that, at instruction %" PRIu64,
                     machine_instructions(replay->machine));
}

bool replay_whole(const struct replay *replay, struct error *error)
{
    return replay->record.complete ||
           error_set(error, ERROR_FORMAT,
                     "%.100s: its end is missing; replayed up to instruction %" PRIu64,
                     replay->options.trace_path, machine_instructions(replay->machine));
}

struct timeline *replay_timeline(struct replay *replay)
{
    return replay->timeline;
}

const struct record *replay_record(const struct replay *replay)
{
    return &replay->record;
}

bool replay_twin(struct replay *replay, bool careful, struct replay_twin *twin,
                 struct error *error)
{
    *twin = (struct replay_twin){.machine = NULL};
    if (!machine_make(replay, careful, &twin->machine, error)) {
        replay_twin_close(twin);
        return false;
    }
    twin->timeline = timeline_make(replay, twin->machine);
    timeline_check(twin->timeline, false);
    return true;
}

void replay_twin_close(struct replay_twin *twin)
{
    timeline_destroy(twin->timeline);
    machine_destroy(twin->machine);
    *twin = (struct replay_twin){.machine = NULL};
}

void replay_media_forget(struct replay *replay)
{
    for (unsigned i = 0; i < replay->record.head.disk_count; i++)
        layers_forget(replay->disks[i].layers);
}

bool replay_uses(const struct replay *replay, const char *path)
{
    char kernel[PATH_MAX], initrd[PATH_MAX], image[PATH_MAX];
    const struct record_head *head = &replay->record.head;
    const struct replay_options *options = &replay->options;
    const char *const parts[] = {options->kernel_path,
                                 options->initrd_path,
                                 head->kernel_path,
                                 head->initrd_path,
                                 beside(replay, head->kernel_path, kernel),
                                 beside(replay, head->initrd_path, initrd)};
    if (access(path, F_OK) != 0)
        return false;
    if (output_same(path, options->trace_path))
        return true;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i] && *parts[i] && output_same(path, parts[i]))
            return true;
    for (unsigned i = 0; i < head->disk_count; i++) {
        const struct record_disk *told = &head->disks[i];
        if (output_same(path, told->path) ||
            (told->overlay[0] && output_same(path, told->overlay)) ||
            output_same(path, beside(replay, told->path, image)))
            return true;
    }
    for (unsigned i = 0; i < options->image_count; i++)
        if (output_same(path, options->images[i]))
            return true;
    return false;
}

/* What a bundle has beside the entries. */
static void bundle_fill(const struct replay *replay, struct bundle *bundle)
{
    bundle->kernel_path = replay->kernel.path;
    bundle->initrd_path = replay->initrd.descriptor >= 0 ? replay->initrd.path : NULL;
    for (unsigned i = 0; i < replay->record.head.disk_count; i++) {
        const struct disk_file *file = &replay->disks[i].file;
        bundle->layers[i] = replay->disks[i].layers;
        bundle->descriptors[i] = file->store.read && !file->overlay ? file->descriptor : -1;
    }
}

bool replay_bundle(struct replay *replay, const char *path, struct error *error)
{
    struct bundle bundle = {.head = &replay->record.head, .record = &replay->record,
                            .entry_count = replay->record.entry_count};
    bundle_fill(replay, &bundle);
    if (replay_uses(replay, path))
        return error_set(error, ERROR_USAGE, "--bundle %.150s: the replay uses this file", path);
    return output_check(path, error) && bundle_write(&bundle, path, error);
}

bool replay_save(struct replay *replay, const char *path, struct error *error)
{
    struct bundle bundle = bundle_here(&replay->record, replay->timeline);
    bundle_fill(replay, &bundle);
    return bundle_write(&bundle, path, error);
}
