/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_fault.c - see campaign_fault.h. Calls the layout and the judge. */
#include "emulator/campaign_fault.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/format.h"
#include "emulator/base/memory.h"

#define SPOTS_WRITTEN 3u /* of each range, of what the run writes there ... */
#define SPOTS_OTHER 1u   /* ... and of any */
#define SECTOR_BITS (8 * DISK_SECTOR_BYTES)

/* --- where --- */

static uint64_t block_of(uint64_t sector)
{
    return sector - sector % CAMPAIGN_FAULT_SECTORS;
}

/* When the run first writes this block. */
static uint64_t first_written(const struct campaign_log *log, unsigned disk, uint64_t sector)
{
    for (uint64_t i = 0; i < log->count; i++) {
        const struct campaign_record *record = &log->records[i];
        if (record->kind == RECORD_ENTERED && record->disk == disk &&
            record->sector < sector + CAMPAIGN_FAULT_SECTORS &&
            sector < record->sector + record->sector_count)
            return i;
    }
    return UINT64_MAX;
}

static void spot_add(struct campaign_spots *spots, const struct campaign_log *log, unsigned disk,
                     uint64_t sector)
{
    for (size_t i = 0; i < spots->count; i++)
        if (spots->list[i].disk == disk && spots->list[i].sector == sector)
            return;
    spots->list = memory_grow(spots->list, spots->count, &spots->capacity, sizeof(*spots->list));
    spots->list[spots->count++] = (struct campaign_spot){
        .disk = (uint8_t)disk, .sector = sector, .written = first_written(log, disk, sector)};
}

/* Of all writes of the log to this place, some; each is as likely as any. */
static void written_draw(struct campaign_spots *spots, const struct campaign_log *log,
                         const struct campaign_place *place, uint64_t seed)
{
    uint64_t drawn[SPOTS_WRITTEN] = {0}, seen = 0;
    for (uint64_t i = 0; i < log->count; i++) {
        const struct campaign_record *record = &log->records[i];
        if (record->kind != RECORD_ENTERED || record->disk != place->disk ||
            record->sector - place->sector >= place->sector_count)
            continue;
        uint64_t number = seen++, random = campaign_mix(seed, number);
        uint64_t within = campaign_mix(random, 1) % record->sector_count;
        uint64_t at = number < SPOTS_WRITTEN ? number : random % (number + 1);
        if (at < SPOTS_WRITTEN)
            drawn[at] = block_of(record->sector + within);
    }
    for (uint64_t i = 0; i < seen && i < SPOTS_WRITTEN; i++)
        spot_add(spots, log, place->disk, drawn[i]);
}

void campaign_spots_find(const struct campaign_log *log, const struct campaign_request *request,
                         struct campaign_spots *spots)
{
    const struct campaign_layout *layout = request->layout;
    *spots = (struct campaign_spots){0};
    for (size_t i = 0; layout && request->faults && i < layout->count; i++) {
        const struct campaign_place *place = &layout->list[i];
        uint64_t seed = campaign_mix(request->seed, campaign_mix(place->disk, place->sector));
        written_draw(spots, log, place, seed);
        for (unsigned other = 0; other < SPOTS_OTHER; other++)
            spot_add(spots, log, place->disk,
                     block_of(place->sector + campaign_mix(seed, other) % place->sector_count));
    }
}

void campaign_spots_finish(struct campaign_spots *spots)
{
    free(spots->list);
    *spots = (struct campaign_spots){0};
}

/* --- which --- */

/* A fault of this kind at a spot. false: it would be none. */
static bool fault_make(const struct campaign_layout *layout, const struct campaign_spot *spot,
                       enum disk_fault_kind kind, uint64_t records, uint64_t random,
                       struct campaign_case *made)
{
    uint64_t after = spot->sector + CAMPAIGN_FAULT_SECTORS;
    made->fault = (uint8_t)(1 + kind);
    made->fault_disk = spot->disk;
    made->fault_sector = spot->sector;
    switch (kind) {
    case DISK_FAULT_FLIP:
        made->fault_sector += random % CAMPAIGN_FAULT_SECTORS;
        made->fault_argument = random / CAMPAIGN_FAULT_SECTORS % SECTOR_BITS;
        return true;
    case DISK_FAULT_UNREADABLE:
        made->fault_sector += random % CAMPAIGN_FAULT_SECTORS;
        return true;
    case DISK_FAULT_LOST:
        return spot->written < records;
    case DISK_FAULT_MISDIRECTED:
        if (random % 2 || !campaign_layout_find(layout, spot->disk, after))
            after -= 2 * CAMPAIGN_FAULT_SECTORS; /* no block is before a volume's header */
        made->fault_argument = after;
        return spot->sector > 0 && spot->written < records;
    case DISK_FAULT_DEAD:
    case DISK_FAULT_KINDS:
        break;
    }
    return false;
}

/* Headers use their first sector only: there it matters. */
static bool is_header(const struct campaign_layout *layout, const struct campaign_spot *spot)
{
    const struct campaign_place *place = campaign_layout_find(layout, spot->disk, spot->sector);
    return place && place->kind == RANGE_CKPT_HEADER;
}

void campaign_faults_list(const struct campaign_spots *spots,
                          const struct campaign_request *request, uint32_t event, uint64_t records,
                          void *context,
                          void (*add)(void *context, const struct campaign_case *added))
{
    for (unsigned policy = CAMPAIGN_KEEP; policy <= CAMPAIGN_DROP; policy++) {
        struct campaign_case made = {.event = event, .policy = (uint8_t)policy};
        for (size_t i = 0; i < spots->count; i++)
            for (unsigned kind = 0; kind < DISK_FAULT_DEAD; kind++) {
                const struct campaign_spot *spot = &spots->list[i];
                uint64_t random =
                    campaign_mix(campaign_mix(request->seed, event), campaign_mix(i, kind));
                made.fault_argument = 0;
                if (is_header(request->layout, spot))
                    random -= random % CAMPAIGN_FAULT_SECTORS;
                if ((request->faults >> kind & 1) &&
                    fault_make(request->layout, spot, (enum disk_fault_kind)kind, records, random,
                               &made))
                    add(context, &made);
            }
        made.fault = 1 + DISK_FAULT_DEAD;
        made.fault_sector = made.fault_argument = 0;
        for (unsigned disk = 0; request->disks > 1 && disk < request->disks; disk++) {
            made.fault_disk = (uint8_t)disk;
            if (request->faults >> DISK_FAULT_DEAD & 1)
                add(context, &made);
        }
    }
}

bool campaign_fault_fits(const struct campaign_case *which, const struct campaign_images *images)
{
    if (!which->fault || campaign_fault_is(which, DISK_FAULT_DEAD))
        return which->fault_disk < images->count;
    uint64_t last = which->fault_sector;
    if (campaign_fault_is(which, DISK_FAULT_MISDIRECTED) && which->fault_argument > last)
        last = which->fault_argument;
    return which->fault_disk < images->count &&
           last - last % CAMPAIGN_FAULT_SECTORS + CAMPAIGN_FAULT_SECTORS <=
               images->sector_count[which->fault_disk] &&
           (which->fault_sector != which->fault_argument ||
            !campaign_fault_is(which, DISK_FAULT_MISDIRECTED));
}

bool campaign_fault_is(const struct campaign_case *which, enum disk_fault_kind kind)
{
    return which->fault == 1 + kind;
}

bool campaign_fault_kills(const struct campaign_case *which, unsigned disk)
{
    return campaign_fault_is(which, DISK_FAULT_DEAD) && which->fault_disk == disk;
}

bool campaign_fault_hits(const struct campaign_case *which, unsigned disk, uint64_t sector)
{
    if (!which->fault || which->fault_disk != disk || campaign_fault_is(which, DISK_FAULT_DEAD))
        return false;
    if (campaign_fault_is(which, DISK_FAULT_FLIP) ||
        campaign_fault_is(which, DISK_FAULT_UNREADABLE))
        return sector == which->fault_sector;
    return sector - which->fault_sector < CAMPAIGN_FAULT_SECTORS ||
           (campaign_fault_is(which, DISK_FAULT_MISDIRECTED) &&
            sector - which->fault_argument < CAMPAIGN_FAULT_SECTORS);
}

/* --- what it is held to --- */

static bool hits_journal(const struct campaign_layout *layout, const struct campaign_case *which)
{
    const struct campaign_place *place =
        campaign_layout_find(layout, which->fault_disk, which->fault_sector);
    return place && place->kind == RANGE_JOURNAL;
}

/* Can nobody know that what is there is older than it should be? */
static bool is_excused(const struct campaign_layout *layout, const struct campaign_case *which)
{
    return campaign_fault_is(which, DISK_FAULT_LOST) ||
           campaign_fault_is(which, DISK_FAULT_MISDIRECTED) || hits_journal(layout, which);
}

/* A checkpoint with fewer of the groups of the journal than it ever had: the first that is damaged
 * ends the replay, as one that was cut short would. */
static bool is_shortened(const struct campaign_event *event,
                         const struct campaign_verdict *verdict)
{
    return verdict->online.outcome == OUTCOME_PASSED &&
           verdict->online.generation == verdict->offline.generation &&
           verdict->offline.generation >= event->promised &&
           verdict->offline.generation <= event->promised + 1;
}

/* The offline check refuses it. What does the system do? */
static enum campaign_outcome refused_judge(const struct campaign_event *event,
                                           const struct campaign_verdict *verdict,
                                           char text[CAMPAIGN_TEXT_BYTES])
{
    const struct campaign_online *online = &verdict->online;
    if (online->wrong || (online->generation > 0 && online->generation < event->promised)) {
        (void)snprintf(text, CAMPAIGN_TEXT_BYTES,
                       "restarted from generation %" PRIu64 " of %" PRIu64
                       ", which is damaged: %.90s",
                       online->generation, event->promised,
                       online->text[0] ? online->text : verdict->offline.text);
        return OUTCOME_WRONG;
    }
    if (online->endless && online->generation == 0) {
        (void)snprintf(text, CAMPAIGN_TEXT_BYTES, "%.150s", online->text);
        return OUTCOME_NO_RESTART;
    }
    (void)snprintf(text, CAMPAIGN_TEXT_BYTES, "refused: %.140s",
                   verdict->offline.text[0] ? verdict->offline.text : online->text);
    return OUTCOME_PASSED;
}

enum campaign_outcome campaign_judge_fault(const struct campaign_layout *layout,
                                           const struct campaign_log *log,
                                           const struct campaign_event *event,
                                           const struct campaign_case *which,
                                           const struct campaign_verdict *verdict,
                                           char text[CAMPAIGN_TEXT_BYTES])
{
    struct campaign_event excused = *event;
    bool judged = verdict->offline.judged && verdict->online.outcome != OUTCOME_NONE;
    assert(which->fault > 0);
    if (layout->mirrored || !judged)
        return campaign_judge(log, event, verdict, text);
    if (!verdict->offline.whole)
        return refused_judge(event, verdict, text);
    if (!is_excused(layout, which))
        return campaign_judge(log, event, verdict, text);
    excused.state = excused.steps = 0;
    if (verdict->offline.generation < event->promised)
        excused.promised = verdict->offline.generation;
    enum campaign_outcome outcome = campaign_judge(log, &excused, verdict, text);
    if (outcome != OUTCOME_WRONG || !hits_journal(layout, which) || !is_shortened(event, verdict))
        return outcome;
    (void)snprintf(text, CAMPAIGN_TEXT_BYTES, "refused: what the journal has from there on");
    return OUTCOME_PASSED;
}
