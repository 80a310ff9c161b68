/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_timing.c - the timing models `instant`, `ssd` and `hdd`; every constant is in the table
 * below.
 *
 * Called by disk.c; calls nothing.
 *
 * Invariants
 *  1. A rotation is a whole number of sector times, so that the sector after the last one is under
 *     the head exactly when the last one has passed: a sequential transfer never loses a rotation.
 *  2. Times depend on the arguments and the mechanism only.
 *
 * The hdd is a 3.5-inch drive of 500 GB and 7200 rpm of about 2009. An image smaller than that lies
 * at its outer edge, so that seeks within it are short. Tracks are all of one length, and track
 * skew is taken to hide head switches.
 */
#include "devices/disk_timing.h"

#include <assert.h>

/* hdd: geometry. 1600 sectors of 5208 ns make a rotation of 8.3328 ms (7200 rpm: 8.3333 ms) and 98
 * MB/s, a middle track of a drive whose data sheet promises 125 MB/s at the edge (Seagate Barracuda
 * 7200.12). */
#define HDD_SECTOR_NS 5208u
#define HDD_TRACK_SECTORS 1600u
#define HDD_ROTATION_NS ((uint64_t)HDD_SECTOR_NS * HDD_TRACK_SECTORS)
#define HDD_CYLINDER_SECTORS (4u * HDD_TRACK_SECTORS) /* two platters */
/* Seek: first cylinder 0.8 ms (ibid., track to track), then with the square root of the distance
 * (Ruemmler and Wilkes, "An introduction to disk drive modeling", IEEE Computer 27(3), 1994,
 * section "Seeking"), through 8.5 ms at a third of 152,600 cylinders (ibid., average seek). */
#define HDD_SEEK_MIN_NS 800000u
#define HDD_SEEK_ROOT_NS 34140u
/* Read-ahead: the drive goes on reading into its buffer, here for up to one track. */
#define HDD_AHEAD_SECTORS HDD_TRACK_SECTORS

struct timing_table {
    unsigned channels;
    bool sorts;
    uint64_t overhead_ns;         /* of a command */
    uint64_t interface_sector_ns; /* 512 bytes over the cable */
    uint64_t media_read_ns;       /* of an access: without moving parts */
    uint64_t media_sector_ns;     /* 512 bytes to or from flash */
    uint64_t barrier_ns;          /* until what was written is durable */
};

static const struct timing_table timing_tables[] = {
    [DISK_TIMING_INSTANT] = {.channels = 1},
    /* Intel SSD DC S3500 product specification (2013): read latency 50 us, write 65 us (of which 20
     * are taken to be the command), 500 MB/s over SATA at 6 Gb/s, 450 MB/s sustained writes. The
     * barrier is a page program of MLC flash (1.3 ms typical in vendors' data sheets), as in drives
     * whose cache is not kept alive by capacitors. Four channels: a quarter of such a drive's dies.
     */
    [DISK_TIMING_SSD] = {.channels = 4,
                         .overhead_ns = 20000,
                         .interface_sector_ns = 1024,
                         .media_read_ns = 30000,
                         .media_sector_ns = 1138,
                         .barrier_ns = 1300000},
    /* SATA at 3 Gb/s carries 300 MB/s; command overhead of 0.1 ms is an estimate. */
    [DISK_TIMING_HDD] = {.channels = 1,
                         .sorts = true,
                         .overhead_ns = 100000,
                         .interface_sector_ns = 1707,
                         .media_sector_ns = HDD_SECTOR_NS},
};

static const struct timing_table *timing_table(enum disk_timing timing)
{
    assert(timing == DISK_TIMING_INSTANT || timing == DISK_TIMING_SSD || timing == DISK_TIMING_HDD);
    return &timing_tables[timing];
}

unsigned disk_timing_channels(enum disk_timing timing)
{
    return timing_table(timing)->channels;
}

bool disk_timing_sorts(enum disk_timing timing)
{
    return timing_table(timing)->sorts;
}

void disk_timing_start(struct disk_mechanism *mechanism, uint64_t seed)
{
    *mechanism = (struct disk_mechanism){.ahead_ns = DISK_NOT_AHEAD};
    mechanism->phase_ns = seed % HDD_ROTATION_NS;
    assert(mechanism->phase_ns < HDD_ROTATION_NS);
}

/* Largest integer whose square is not above value. */
static uint64_t square_root(uint64_t value)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit != 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= value)
            root += bit;
    assert(root * root <= value);
    return root;
}

static uint64_t hdd_seek_ns(uint64_t from_sector, uint64_t to_sector)
{
    uint64_t from = from_sector / HDD_CYLINDER_SECTORS;
    uint64_t to = to_sector / HDD_CYLINDER_SECTORS;
    uint64_t distance = from < to ? to - from : from - to;
    if (distance == 0)
        return 0;
    return HDD_SEEK_MIN_NS + HDD_SEEK_ROOT_NS * square_root(distance - 1);
}

/* Bring the span under the head and let it pass. */
static struct disk_cost hdd_access(struct disk_mechanism *mechanism, struct disk_span span,
                                   uint64_t now_ns)
{
    uint64_t seek_ns = hdd_seek_ns(mechanism->head_sector, span.sector);
    uint64_t angle_ns = (now_ns + seek_ns + mechanism->phase_ns) % HDD_ROTATION_NS;
    uint64_t wanted_ns = span.sector % HDD_TRACK_SECTORS * HDD_SECTOR_NS;
    uint64_t wait_ns = (wanted_ns + HDD_ROTATION_NS - angle_ns) % HDD_ROTATION_NS;
    struct disk_cost cost;
    cost.seek_ns = seek_ns + wait_ns;
    cost.transfer_ns = (uint64_t)span.sector_count * HDD_SECTOR_NS;
    cost.total_ns = cost.seek_ns + cost.transfer_ns;
    mechanism->head_sector = span.sector + span.sector_count;
    mechanism->ahead_ns = DISK_NOT_AHEAD;
    return cost;
}

struct disk_cost disk_timing_interface(enum disk_timing timing, uint32_t sector_count)
{
    const struct timing_table *table = timing_table(timing);
    uint64_t total_ns = table->overhead_ns + table->interface_sector_ns * sector_count;
    return (struct disk_cost){.total_ns = total_ns};
}

/* Is the span what the drive is reading ahead, or about to? Then when is its last sector in the
 * buffer? */
static bool hdd_ahead(const struct disk_mechanism *mechanism, struct disk_span span,
                      uint64_t *ready_ns)
{
    if (mechanism->ahead_ns == DISK_NOT_AHEAD || span.sector < mechanism->ahead_sector)
        return false;
    uint64_t first = span.sector - mechanism->ahead_sector;
    if (first + span.sector_count > HDD_AHEAD_SECTORS)
        return false;
    *ready_ns = mechanism->ahead_ns + (first + span.sector_count) * HDD_SECTOR_NS;
    return true;
}

static struct disk_cost hdd_read(struct disk_mechanism *mechanism, struct disk_span span,
                                 uint64_t now_ns)
{
    struct disk_cost cost = disk_timing_interface(DISK_TIMING_HDD, span.sector_count);
    uint64_t electronics_ns = cost.total_ns;
    uint64_t ready_ns;
    if (hdd_ahead(mechanism, span, &ready_ns)) {
        uint64_t wait_ns = ready_ns > now_ns ? ready_ns - now_ns : 0;
        cost.transfer_ns = wait_ns;
        cost.total_ns += wait_ns;
        uint64_t used = span.sector + span.sector_count - mechanism->ahead_sector;
        uint64_t full_ns = (HDD_AHEAD_SECTORS - used) * HDD_SECTOR_NS;
        mechanism->head_sector = span.sector + span.sector_count;
        /* However long the drive was idle, it was not further ahead than its buffer is long. */
        mechanism->ahead_ns = ready_ns + full_ns < now_ns ? now_ns - full_ns : ready_ns;
    } else {
        cost = hdd_access(mechanism, span, now_ns);
        mechanism->ahead_ns = now_ns + cost.total_ns;
        cost.total_ns += electronics_ns;
    }
    mechanism->ahead_sector = mechanism->head_sector;
    return cost;
}

struct disk_cost disk_timing_read(enum disk_timing timing, struct disk_mechanism *mechanism,
                                  struct disk_span span, uint64_t now_ns)
{
    const struct timing_table *table = timing_table(timing);
    if (timing == DISK_TIMING_HDD)
        return hdd_read(mechanism, span, now_ns);
    struct disk_cost cost = disk_timing_interface(timing, span.sector_count);
    cost.transfer_ns = cost.total_ns - table->overhead_ns;
    cost.total_ns += table->media_read_ns;
    return cost;
}

struct disk_cost disk_timing_write(enum disk_timing timing, struct disk_mechanism *mechanism,
                                   struct disk_span span, uint64_t now_ns)
{
    if (timing == DISK_TIMING_HDD)
        return hdd_access(mechanism, span, now_ns);
    uint64_t transfer_ns = timing_table(timing)->media_sector_ns * span.sector_count;
    return (struct disk_cost){.total_ns = transfer_ns, .transfer_ns = transfer_ns};
}

struct disk_cost disk_timing_barrier(enum disk_timing timing, bool anything_written)
{
    uint64_t total_ns = anything_written ? timing_table(timing)->barrier_ns : 0;
    return (struct disk_cost){.total_ns = total_ns};
}
