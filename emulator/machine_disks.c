/* SPDX-License-Identifier: GPL-2.0-or-later */
/* machine_disks.c - the machine's disks: opened, kept, cut off and damaged. Called by machine.c
 * and through machine.h; calls media, disk and power. */
#include <assert.h>
#include <stdio.h>

#include "devices/virtio_block.h"
#include "emulator/machine_state.h"

/* NULL: the machine was not made to its end. */
static struct disk *disk_of(struct machine *machine, unsigned index)
{
    assert(index < machine->config.disk_count);
    struct virtio_block *block = machine->bus.states[BOARD_INDEX_BLOCK_0 + index];
    return block ? virtio_block_disk(block) : NULL;
}

static void tap_entered(void *context, uint64_t order, uint64_t sector, uint32_t sector_count,
                        const uint8_t *data)
{
    struct machine_tap *tap = context;
    if (tap->next)
        tap->next->entered(tap->next->context, order, sector, sector_count, data);
    machine_write_taken(tap->machine, tap->disk);
}

static void tap_settled(void *context, uint64_t order, uint64_t sector)
{
    struct machine_tap *tap = context;
    if (tap->next)
        tap->next->settled(tap->next->context, order, sector);
}

static void tap_submitted(void *context, uint64_t sector, uint32_t sector_count)
{
    struct machine_tap *tap = context;
    if (tap->next && tap->next->submitted)
        tap->next->submitted(tap->next->context, sector, sector_count);
}

static void tap_begun(void *context, const struct disk_request *request)
{
    const struct machine_tap *tap = context;
    const struct machine_probe *probe = &tap->machine->probe;
    if (probe->disk_begun)
        probe->disk_begun(probe->context, tap->disk, request);
}

static void tap_ended(void *context, const struct disk_request *request, bool good)
{
    const struct machine_tap *tap = context;
    const struct machine_probe *probe = &tap->machine->probe;
    if (probe->disk_ended)
        probe->disk_ended(probe->context, tap->disk, request, good);
}

static const struct disk_observer *tap_make(struct machine *machine, unsigned disk)
{
    struct machine_tap *tap = &machine->taps[disk];
    *tap = (struct machine_tap){.machine = machine, .disk = disk,
                                .observer = {tap, tap_entered, tap_settled, tap_submitted,
                                             tap_begun, tap_ended},
                                .next = machine->config.disks[disk].observer};
    return &tap->observer;
}

bool machine_disks_open(struct machine *machine, struct error *error)
{
    for (unsigned i = 0; i < machine->config.disk_count; i++) {
        const struct machine_disk *disk = &machine->config.disks[i];
        struct disk_config *config = &machine->device_configs.disks[i];
        if (disk->media)
            media_open_store(&machine->media[i], disk->media);
        else if (!media_open(&machine->media[i], disk->path, disk->overlay, disk->read_only,
                             error))
            return false;
        *config = (struct disk_config){.store = &machine->media[i].store,
                                       .timing = disk->timing,
                                       .write_through = disk->write_through,
                                       .observer = tap_make(machine, i),
                                       .seed = machine->config.seed + i};
        (void)snprintf(config->serial, sizeof(config->serial), "latchkey%u", i);
    }
    return true;
}

const struct disk_store *machine_media(const struct machine *machine, unsigned disk)
{
    return disk < machine->config.disk_count ? &machine->media[disk].store : NULL;
}

bool machine_flush(struct machine *machine, struct error *error)
{
    bool good = true;
    machine_tell(machine, &(struct machine_act){.kind = ACT_FLUSH});
    for (unsigned i = 0; i < machine->config.disk_count; i++) {
        struct disk *disk = disk_of(machine, i);
        if (!disk || (disk_faults_due(disk, machine_time_ns(machine)) && disk_flush_now(disk)))
            continue;
        const struct machine_disk *made = &machine->config.disks[i];
        good = error_set(error, ERROR_IO, "%.180s: what the guest wrote cannot be kept",
                         made->overlay ? made->overlay : made->path);
    }
    return good;
}

bool machine_power_cut(struct machine *machine, const struct power_cut *cut, struct error *error)
{
    for (unsigned i = 0; i < machine->config.disk_count; i++)
        if (!disk_faults_due(disk_of(machine, i), machine_time_ns(machine)) ||
            !power_cut_disk(disk_of(machine, i), i, cut))
            return error_set(error, ERROR_IO, "%s: the media cannot be written",
                             machine->config.disks[i].path);
    machine->ended = true;
    machine->end = (struct machine_stop){.reason = MACHINE_STOP_POWER_CUT};
    machine_tell(machine, &(struct machine_act){.kind = ACT_CUT, .cut = cut});
    return true;
}

bool machine_disk_fault(struct machine *machine, const struct machine_fault *fault,
                        struct error *error)
{
    if (fault->disk >= machine->config.disk_count)
        return error_set(error, ERROR_LIMIT, "fault: there is no disk %u", fault->disk);
    if (!disk_fault_add(disk_of(machine, fault->disk), &fault->fault))
        return error_set(error, ERROR_LIMIT, "fault: disk %u has no such place, or %u faults",
                         fault->disk, DISK_FAULTS_MAX);
    machine_tell(machine, &(struct machine_act){.kind = ACT_FAULT, .fault = fault});
    return true;
}

void machine_disk_repair(struct machine *machine, unsigned disk)
{
    disk_faults_clear(disk_of(machine, disk));
    machine_tell(machine, &(struct machine_act){.kind = ACT_REPAIR, .disk = disk});
}

bool machine_disks_damage(struct machine *machine, const struct machine_config *config,
                          struct error *error)
{
    for (unsigned i = 0; i < config->fault_count; i++)
        if (!machine_disk_fault(machine, &config->faults[i], error))
            return false;
    machine->config.faults = NULL; /* the caller's */
    return true;
}
