/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_judge.c - see campaign_judge.h. */
#include "emulator/campaign_judge.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/check.h"
#include "disks/digest.h"
#include "emulator/base/memory.h"

struct source_disk {
    struct campaign_media *media;
    unsigned disk;
    bool newest;
};

static bool source_read(void *context, uint64_t offset, void *target, size_t size_bytes)
{
    const struct source_disk *source = context;
    assert(offset % DISK_SECTOR_BYTES == 0);
    assert(size_bytes % DISK_SECTOR_BYTES == 0);
    return campaign_media_read(source->media, source->disk, offset / DISK_SECTOR_BYTES, target,
                               size_bytes / DISK_SECTOR_BYTES, source->newest);
}

static void check_judge(struct store *store, struct campaign_offline *offline)
{
    struct check_report report;
    (void)check_store(store, &report);
    offline->whole = report.counts[FINDING_DAMAGE] == 0;
    for (size_t i = 0; i < report.count && !offline->whole && !offline->text[0]; i++)
        if (report.findings[i].kind == FINDING_DAMAGE)
            (void)snprintf(offline->text, sizeof(offline->text), "%.150s",
                           report.findings[i].text);
    check_report_finish(&report);
}

void campaign_judge_offline(struct campaign_media *media, bool newest, uint64_t generation,
                            struct campaign_offline *offline)
{
    const struct campaign_images *images = media->below->images;
    struct source_disk disks[BOARD_DISK_COUNT_MAX];
    struct volume_source sources[BOARD_DISK_COUNT_MAX];
    struct store_digest digest;
    const char *names[BOARD_DISK_COUNT_MAX];
    unsigned count = 0; /* of those that answer */
    struct error error;
    for (unsigned i = 0; i < images->count; i++) {
        if (!campaign_media_lives(media, i))
            continue;
        names[count] = images->names[i];
        disks[count] = (struct source_disk){media, i, newest};
        sources[count] = (struct volume_source){
            &disks[count], images->sector_count[i] * DISK_SECTOR_BYTES, source_read};
        count++;
    }
    *offline = (struct campaign_offline){.judged = true, .whole = generation > 0};
    struct store *store = memory_must(malloc(sizeof(*store)));
    bool good = store_open_sources(store, names, sources, count, &error);
    if (good && generation == 0)
        check_judge(store, offline);
    if (good && offline->whole) {
        good = digest_store(store, generation, &digest, &error);
        offline->digest = digest.digest;
        offline->generation = digest.generation;
    }
    if (!good) {
        offline->whole = false;
        (void)snprintf(offline->text, sizeof(offline->text), "%.150s", error.text);
    }
    store_close(store);
    free(store);
    offline->history = media->history;
}

/* The undisturbed run had this state, in this record or later. */
static bool state_known(const struct campaign_log *log, uint64_t from,
                        const struct campaign_offline *offline)
{
    for (uint64_t i = from; i < log->count; i++) {
        const struct campaign_record *record = &log->records[i];
        if (record->kind == RECORD_STATE && record->order == offline->generation &&
            memcmp(campaign_log_data(log, record), &offline->digest, sizeof(offline->digest)) == 0)
            return true;
    }
    return false;
}

enum campaign_outcome campaign_judge(const struct campaign_log *log,
                                     const struct campaign_event *event,
                                     const struct campaign_verdict *verdict,
                                     char text[CAMPAIGN_TEXT_BYTES])
{
    const struct campaign_offline *offline = &verdict->offline;
    const struct campaign_online *online = &verdict->online;
    text[0] = '\0';
    if (!offline->judged || online->outcome == OUTCOME_NONE) {
        (void)snprintf(text, CAMPAIGN_TEXT_BYTES, "the judge itself ended");
        return OUTCOME_NONE;
    }
    if (!offline->whole) {
        memcpy(text, offline->text, CAMPAIGN_TEXT_BYTES);
        return OUTCOME_DAMAGED;
    }
    if (offline->generation < event->promised) {
        (void)snprintf(text, CAMPAIGN_TEXT_BYTES,
                       "generation %" PRIu64 " is left, and %" PRIu64 " had been announced",
                       offline->generation, event->promised);
        return OUTCOME_LOST;
    }
    if (offline->generation > event->promised + 1 || !state_known(log, 0, offline)) {
        (void)snprintf(text, CAMPAIGN_TEXT_BYTES,
                       "generation %" PRIu64 ": a state that the system never had",
                       offline->generation);
        return OUTCOME_WRONG;
    }
    if (!state_known(log, event->state, offline)) {
        (void)snprintf(text, CAMPAIGN_TEXT_BYTES,
                       "generation %" PRIu64 ": what was called durable since is gone",
                       offline->generation);
        return OUTCOME_LOST;
    }
    if (online->outcome != OUTCOME_PASSED) {
        memcpy(text, online->text, CAMPAIGN_TEXT_BYTES);
        return online->outcome;
    }
    if (online->recalled < event->steps) {
        (void)snprintf(text, CAMPAIGN_TEXT_BYTES,
                       "step %" PRIu64 " had been called durable, and it goes on after %" PRIu64,
                       event->steps, online->recalled);
        return OUTCOME_LOST;
    }
    if (online->generation == offline->generation)
        return OUTCOME_PASSED;
    (void)snprintf(text, CAMPAIGN_TEXT_BYTES,
                   "restarted from generation %" PRIu64 ", where %" PRIu64 " is whole",
                   online->generation, offline->generation);
    return online->generation < event->promised ? OUTCOME_LOST : OUTCOME_WRONG;
}

const char *campaign_outcome_name(enum campaign_outcome outcome)
{
    static const char *const names[OUTCOME_COUNT] = {"unjudged",   "passed",        "damaged",
                                                     "lost",       "wrong",         "invariant",
                                                     "no-restart", "no-checkpoint"};
    return outcome < OUTCOME_COUNT ? names[outcome] : NULL;
}

bool campaign_outcome_is_liveness(enum campaign_outcome outcome)
{
    return outcome == OUTCOME_NO_RESTART || outcome == OUTCOME_NO_CHECKPOINT;
}
