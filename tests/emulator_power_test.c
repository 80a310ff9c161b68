/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_power_test.c - what a power cut leaves on the media, policy by policy, over a disk that
 * has just taken a request: sector i is to hold bytes i + 1. */
#include "emulator/power.h"

#include <criterion/criterion.h>
#include <string.h>

#define WRITES 40u

struct rig {
    uint8_t media[WRITES][DISK_SECTOR_BYTES];
    struct disk_store store;
    struct disk_config config;
    struct disk *disk;
};

static bool rig_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct rig *rig = context;
    memcpy(target, rig->media[sector], sector_count * DISK_SECTOR_BYTES);
    return true;
}

static bool rig_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    struct rig *rig = context;
    memcpy(rig->media[sector], source, sector_count * DISK_SECTOR_BYTES);
    return true;
}

static bool rig_sync(void *context)
{
    return context != NULL;
}

static bool rig_fetch(void *context, uint32_t tag, size_t offset, void *target, size_t size_bytes)
{
    (void)context;
    (void)tag;
    uint8_t *bytes = target;
    for (size_t i = 0; i < size_bytes; i++)
        bytes[i] = (uint8_t)((offset + i) / DISK_SECTOR_BYTES + 1);
    return true;
}

static bool rig_deliver(void *context, uint32_t tag, size_t offset, const void *source,
                        size_t size_bytes)
{
    (void)context;
    (void)tag;
    (void)offset;
    (void)source;
    (void)size_bytes;
    return false;
}

static void rig_done(void *context, uint32_t tag, enum disk_status status)
{
    (void)context;
    (void)tag;
    (void)status;
    cr_assert_fail("nothing is completed before the cut");
}

/* Write, cut, and count what is whole, what is torn, and whether what is whole comes first. */
static void cut(struct rig *rig, enum power_policy policy, uint64_t seed)
{
    *rig = (struct rig){.store = {.context = rig, .sector_count = WRITES, .read = rig_read,
                                  .write = rig_write, .sync = rig_sync}};
    rig->config = (struct disk_config){.store = &rig->store, .timing = DISK_TIMING_HDD};
    const struct disk_client client = {
        .context = rig, .fetch = rig_fetch, .deliver = rig_deliver, .done = rig_done};
    rig->disk = disk_create(&rig->config, &client);
    const struct disk_request request = {.op = DISK_WRITE, .sector_count = WRITES};
    disk_submit(rig->disk, &request, 0);
    cr_assert_eq(disk_cached_sectors(rig->disk), WRITES);
    const struct power_cut power_cut = {.policy = policy, .seed = seed};
    cr_assert(power_cut_disk(rig->disk, 0, &power_cut));
    cr_assert_eq(disk_cached_sectors(rig->disk), 0);
    disk_destroy(rig->disk);
}

static bool is_whole(const struct rig *rig, unsigned sector)
{
    return rig->media[sector][0] == sector + 1 &&
           rig->media[sector][DISK_SECTOR_BYTES - 1] == sector + 1;
}

static unsigned whole_count(const struct rig *rig)
{
    unsigned count = 0;
    for (unsigned i = 0; i < WRITES; i++)
        count += is_whole(rig, i);
    return count;
}

static unsigned touched_count(const struct rig *rig)
{
    unsigned count = 0;
    for (unsigned i = 0; i < WRITES; i++)
        count += rig->media[i][0] != 0;
    return count;
}

static bool is_prefix(const struct rig *rig)
{
    unsigned count = whole_count(rig);
    for (unsigned i = 0; i < count; i++)
        if (!is_whole(rig, i))
            return false;
    return true;
}

Test(power, keep_keeps_all_and_drop_loses_all)
{
    struct rig rig;
    cut(&rig, POWER_KEEP, 1);
    cr_assert_eq(whole_count(&rig), WRITES);
    cut(&rig, POWER_DROP, 1);
    cr_assert_eq(touched_count(&rig), 0);
}

Test(power, a_prefix_has_every_length_and_no_hole)
{
    struct rig rig;
    bool seen[WRITES + 1] = {false};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        cut(&rig, POWER_PREFIX, seed);
        cr_assert(is_prefix(&rig), "seed %llu", (unsigned long long)seed);
        cr_assert_eq(touched_count(&rig), whole_count(&rig));
        seen[whole_count(&rig)] = true;
    }
    for (unsigned length = 0; length <= WRITES; length++)
        cr_assert(seen[length], "no cut left %u writes", length);
}

Test(power, a_torn_write_follows_a_prefix)
{
    struct rig rig;
    unsigned torn = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        cut(&rig, POWER_TORN, seed);
        cr_assert(is_prefix(&rig), "seed %llu", (unsigned long long)seed);
        cr_assert_leq(touched_count(&rig), whole_count(&rig) + 1);
        torn += touched_count(&rig) > whole_count(&rig);
    }
    cr_assert_gt(torn, 150);
}

Test(power, a_subset_has_holes_and_equal_seeds_are_equal)
{
    static struct rig rig, again;
    unsigned holes = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        cut(&rig, POWER_SUBSET, seed);
        cut(&again, POWER_SUBSET, seed);
        cr_assert_arr_eq(rig.media, again.media, sizeof(rig.media));
        holes += !is_prefix(&rig);
    }
    cr_assert_gt(holes, 90);
}
