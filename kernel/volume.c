/* SPDX-License-Identifier: GPL-2.0-or-later */
/* volume.c - reads volume headers and keeps the range table. Called by restart at boot, by io for
 * every block, by whoever asks where one is; calls io and the block driver. Format: disks/format.h.
 * Invariants: volume.h. */
#include "kernel/volume.h"

#include "disks/checksum.h"
#include "kernel/driver/virtio_block.h"
#include "kernel/io.h"
#include "kernel/print.h"
#include "kernel/sum.h"

enum step { STEP_IN, STEP_COPYING, STEP_OUT };

static struct {
    unsigned count;
    unsigned stream; /* its range, if that is one */
    uint8_t disk_index[LIMIT_DISKS]; /* as its header says */
    uint32_t mounted;                /* bit per disk index */
    unsigned changes; /* of what is in step */
    uint8_t store_id[16];
    uint64_t made[LIMIT_DISKS]; /* generation that its header is of */
} volume;
static struct {
    struct volume_range ranges[LIMIT_RANGES];
    uint8_t disk[LIMIT_RANGES];
    uint8_t step[LIMIT_RANGES]; /* enum step */
    struct volume_header header; /* the one being read */
} known;

static bool header_valid(uint64_t block_count)
{
    const struct volume_header *header = &known.header;
    return memcmp(header->magic, VOLUME_MAGIC, sizeof(header->magic)) == 0 &&
           header->checksum == sum_after_own(header, BLOCK_BYTES, CHECKSUM_VOLUME) &&
           header->version == FORMAT_VERSION && header->range_count <= VOLUME_RANGES_MAX &&
           header->block_count <= block_count && header->disk_index <= VOLUME_STREAM;
}

static uint64_t range_blocks(const struct volume_range *range)
{
    return groups_of(range_objects_per_block(range->kind), range->object_count);
}

static bool range_valid(const struct volume_range *range, uint64_t block_count)
{
    if (range->start_block >= block_count || range->block_count > block_count - range->start_block)
        return false;
    if (range->first_id > OBJECT_ID_MAX || range->object_count > OBJECT_ID_MAX - range->first_id)
        return false;
    if (range->kind == RANGE_SPARE)
        return true;
    return range->plex < VOLUME_PLEXES && range_blocks(range) <= range->block_count;
}

static bool header_read(unsigned disk)
{
    uint64_t blocks = virtio_block_sectors(disk) / SECTORS_PER_BLOCK;
    if (blocks < 2)
        return false;
    return (io_volume_wait(disk, 0, &known.header) && header_valid(blocks)) ||
           (io_volume_wait(disk, blocks - 1, &known.header) && header_valid(blocks));
}

const char *volume_init(void)
{
    for (unsigned disk = 0; disk < virtio_block_count(); disk++) {
        if (!header_read(disk)) {
            print_line("disk %u: no volume header; not part of the store", disk);
            continue;
        }
        if (volume.mounted && memcmp(volume.store_id, known.header.store_id, 16) != 0) {
            print_line("disk %u: volume of another store; left alone", disk);
            continue;
        }
        memcpy(volume.store_id, known.header.store_id, 16);
        volume.disk_index[disk] = known.header.disk_index;
        volume.made[disk] = known.header.generation;
        if (volume.mounted >> known.header.disk_index & 1)
            return "two disks have the same place in it";
        volume.mounted |= 1u << known.header.disk_index;
        for (unsigned i = 0; i < known.header.range_count; i++) {
            if (!range_valid(&known.header.ranges[i], known.header.block_count))
                return "a range of the volume lies outside of it";
            if (volume.count == LIMIT_RANGES)
                return "the store has more ranges than the kernel has room for";
            if (known.header.ranges[i].kind == RANGE_STREAM)
                volume.stream = volume.count;
            known.disk[volume.count] = (uint8_t)disk;
            known.ranges[volume.count++] = known.header.ranges[i];
        }
    }
    if (!volume.mounted)
        return virtio_block_count() ? "no disk holds a volume" : "no disk";
    return NULL;
}

static bool holds(unsigned i, enum range_kind kind, unsigned plex, enum step worst)
{
    return known.ranges[i].kind == kind && known.ranges[i].plex == plex &&
           known.step[i] <= worst;
}

static bool home_find(enum range_kind kind, uint64_t object_id, unsigned plex, enum step worst,
                      struct volume_home *home)
{
    for (unsigned i = 0; i < volume.count; i++) {
        const struct volume_range *range = &known.ranges[i];
        if (!holds(i, kind, plex, worst) || object_id < range->first_id ||
            object_id - range->first_id >= range->object_count)
            continue;
        uint64_t per_block = range_objects_per_block(range->kind);
        uint64_t index = (object_id - range->first_id) / per_block;
        *home = (struct volume_home){.disk = known.disk[i],
                                     .block = range->start_block + index,
                                     .run = range_blocks(range) - index,
                                     .first_id = range->first_id + index * per_block};
        return true;
    }
    return false;
}

bool volume_home(enum range_kind kind, uint64_t object_id, unsigned plex, struct volume_home *home)
{
    return home_find(kind, object_id, plex, STEP_IN, home);
}

bool volume_home_any(enum range_kind kind, uint64_t object_id, struct volume_home *home)
{
    return volume_home(kind, object_id, 0, home) || volume_home(kind, object_id, 1, home);
}

bool volume_home_written(enum range_kind kind, uint64_t object_id, unsigned plex,
                         struct volume_home *home)
{
    return home_find(kind, object_id, plex, STEP_COPYING, home);
}

bool volume_stream(enum range_kind kind, uint64_t id, unsigned count, uint64_t generation,
                   struct volume_home *home)
{
    const struct volume_range *range = &known.ranges[volume.stream];
    uint64_t at = kind == RANGE_CKPT_AREA ? 1 + AREA_ID_INDEX(id) : 0, end = range->first_id;
    if (kind == RANGE_JOURNAL) {
        at = end + id;
        end = range->object_count;
    }
    if (!volume_streams(true) || kind <= RANGE_HOMES_LAST || at + count > end)
        return false;
    uint64_t slot = generation % (range->block_count / range->object_count);
    home->disk = known.disk[volume.stream];
    home->block = range->start_block + slot * range->object_count + at;
    return true;
}

bool volume_streams(bool goes_on)
{
    unsigned index = volume.stream;
    bool there = known.ranges[index].kind == RANGE_STREAM && known.step[index] == STEP_IN;
    if (there && !goes_on)
        known.step[index] = STEP_OUT;
    return there && goes_on;
}

uint64_t volume_run(enum range_kind kind, uint64_t object_id)
{
    struct volume_home home;
    uint64_t run = UINT64_MAX;
    for (unsigned plex = 0; plex < VOLUME_PLEXES; plex++)
        if (home_find(kind, object_id, plex, STEP_OUT, &home))
            run = least(run, home.run);
    return run;
}

const struct volume_range *volume_range_at(unsigned index, uint8_t *disk)
{
    if (index >= volume.count)
        return NULL;
    *disk = known.disk[index];
    return &known.ranges[index];
}

const char *volume_kind_name(enum range_kind kind)
{
    static const char *const names[] = {
        [RANGE_NODES] = "node pot", [RANGE_PAGES] = "page", [RANGE_PAGE_POTS] = "page pot",
        [RANGE_CKPT_AREA] = "area block",
    };
    return kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : "block";
}

/* How many objects of a range are in step on other disks. */
static uint64_t elsewhere(unsigned index)
{
    const struct volume_range *range = &known.ranges[index];
    uint64_t end = range->first_id + range->object_count, count = 0;
    for (unsigned i = 0; i < volume.count; i++) {
        const struct volume_range *other = &known.ranges[i];
        uint64_t from = other->first_id > range->first_id ? other->first_id : range->first_id;
        uint64_t to = least(other->first_id + other->object_count, end);
        if (known.disk[i] != known.disk[index] && from < to &&
            holds(i, range->kind, !range->plex, STEP_IN))
            count += to - from;
    }
    return count;
}

uint32_t volume_mounted(void)
{
    return volume.mounted;
}

unsigned volume_changes(void)
{
    return volume.changes;
}

uint32_t volume_in_step(void)
{
    uint32_t mask = volume.mounted;
    for (unsigned i = 0; i < volume.count; i++)
        if (known.step[i] != STEP_IN)
            mask &= ~(1u << volume.disk_index[known.disk[i]]);
    return mask;
}

/* A disk that was not in step then has what is nowhere else, if those that were are all here. */
void volume_in_step_set(uint32_t mask, uint64_t generation)
{
    bool all_here = (mask & ~(volume.mounted | 1u << VOLUME_STREAM)) == 0;
    for (unsigned i = 0; i < volume.count; i++) {
        bool in_step = mask >> volume.disk_index[known.disk[i]] & 1 &&
                       volume.made[known.disk[i]] <= generation;
        known.step[i] = in_step ? STEP_IN : STEP_OUT;
    }
    for (unsigned i = 0; i < volume.count; i++)
        if (all_here && known.step[i] == STEP_OUT && elsewhere(i) == 0)
            known.step[i] = STEP_IN;
}

static bool covered(unsigned index)
{
    return elsewhere(index) >= known.ranges[index].object_count;
}

/* What is in this step, and may, comes one nearer to being in step. Returns how many ranges. */
static unsigned nearer(enum step step)
{
    unsigned count = 0;
    for (unsigned i = 0; i < volume.count; i++)
        if (known.step[i] == step && (step == STEP_COPYING || covered(i))) {
            known.step[i]--;
            count++;
        }
    return count;
}

unsigned volume_copy_begin(void)
{
    return nearer(STEP_OUT);
}

bool volume_copying(unsigned index)
{
    return index < volume.count && known.step[index] == STEP_COPYING;
}

unsigned volume_copy_end(void)
{
    volume.changes++;
    return nearer(STEP_COPYING);
}

bool volume_disk_used(unsigned disk)
{
    for (unsigned i = 0; i < volume.count; i++)
        if (known.disk[i] == disk && known.step[i] != STEP_OUT)
            return true;
    return false;
}

COLD bool volume_writable(void)
{
    for (unsigned disk = 0; disk < virtio_block_count(); disk++)
        if (volume_disk_used(disk) && virtio_block_read_only(disk))
            return false;
    return true;
}

/* Can the store go on without this range? Homes can be missing: what belongs there stays in the
 * checkpoint. */
static bool may_leave(unsigned index)
{
    enum range_kind kind = known.ranges[index].kind;
    return known.step[index] == STEP_COPYING || kind <= RANGE_HOMES_LAST ||
           kind == RANGE_STREAM || covered(index);
}

bool volume_disk_failed(unsigned disk)
{
    bool used = volume_disk_used(disk);
    volume.changes += used;
    for (unsigned i = 0; i < volume.count; i++)
        if (known.disk[i] == disk && known.step[i] != STEP_OUT && !may_leave(i))
            return false;
    for (unsigned i = 0; i < volume.count; i++)
        if (known.disk[i] == disk)
            known.step[i] = STEP_OUT;
    if (used)
        print_line("disk %u: it cannot be written; the store goes on without it", disk);
    return true;
}
