/* SPDX-License-Identifier: GPL-2.0-or-later */
/* power.c - policies of a power cut. Contract: power.h. */
#include "emulator/power.h"

#include <assert.h>
#include <stddef.h>

struct drawing {
    enum power_policy policy;
    uint64_t random;
    uint64_t kept; /* writes of a prefix that are left to keep */
    bool torn;     /* the one after it is still to come */
};

/* SplitMix64 (Steele, Lea and Flood 2014): every seed is a good one. */
static uint64_t draw(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

/* How many bytes of this write reach the media. */
static uint32_t keep(void *context, const struct disk_cached_write *write)
{
    struct drawing *drawing = context;
    (void)write;
    switch (drawing->policy) {
    case POWER_KEEP:
        return DISK_SECTOR_BYTES;
    case POWER_DROP:
        return 0;
    case POWER_SUBSET:
        return draw(&drawing->random) >> 63 ? DISK_SECTOR_BYTES : 0;
    case POWER_PREFIX:
    case POWER_TORN:
        if (drawing->kept > 0) {
            drawing->kept--;
            return DISK_SECTOR_BYTES;
        }
        if (!drawing->torn)
            return 0;
        drawing->torn = false;
        return 1 + (uint32_t)(draw(&drawing->random) % (DISK_SECTOR_BYTES - 1));
    case POWER_POLICY_COUNT:
        break;
    }
    assert(!"a policy that is none");
    return 0;
}

const char *power_policy_name(enum power_policy policy)
{
    static const char *const names[POWER_POLICY_COUNT] = {"keep", "drop", "prefix", "subset",
                                                          "torn"};
    return policy < POWER_POLICY_COUNT ? names[policy] : NULL;
}

bool power_cut_disk(struct disk *disk, unsigned index, const struct power_cut *cut)
{
    assert(cut->policy < POWER_POLICY_COUNT);
    struct drawing drawing = {.policy = cut->policy, .random = cut->seed + index,
                              .torn = cut->policy == POWER_TORN};
    drawing.kept = draw(&drawing.random) % ((uint64_t)disk_cached_sectors(disk) + 1);
    return disk_power_cut(disk, keep, &drawing);
}
