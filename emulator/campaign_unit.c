/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_unit.c - judges the cases of a unit. Contract: campaign_unit.h.
 *
 * All cases start as one set, in one child that looks at them offline and one that restarts them;
 * these split (campaign_media.h), and each process writes the verdict of the cases that it ends
 * with to memory that all share.
 */
#include "emulator/campaign_unit.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "emulator/base/memory.h"
#include "emulator/campaign_fault.h"

#define WATCH_ONE_IN 20u /* so many of those that differ are run a second time: 5 % */

struct unit {
    struct campaign_machine *machine;
    const struct campaign_level *level;
    const struct campaign_case *cases;
    uint32_t count;
    struct campaign_verdict *verdicts; /* shared; a second half for what is run twice */
    struct campaign_result *results;
    const struct campaign_pending *pending; /* NULL: nobody asks what is read */
    _Atomic uint64_t *reads;                /* shared */
    struct error *error;
};

/* What this process has read of the writes that were in a cache. */
static uint64_t reads_of(const struct unit *unit)
{
    const struct campaign_media *media = &unit->machine->media;
    uint64_t keys[CAMPAIGN_MASK_BITS], reads = 0;
    unsigned count = campaign_pending_few(unit->pending, true, keys);
    for (unsigned disk = 0; disk < BOARD_DISK_COUNT_MAX; disk++) {
        const struct campaign_cached_list *cached = &unit->pending->disks[disk];
        for (size_t i = 0; i < cached->count; i++) {
            uint32_t number = campaign_index_find(media->index, disk, cached->list[i].sector);
            uint64_t key = campaign_pending_key(disk, cached->list[i].request);
            for (unsigned bit = 0; bit < count && media->decided[number]; bit++)
                reads |= (uint64_t)(keys[bit] == key) << bit;
        }
    }
    return reads;
}

/* In a child: the members of its media end here. */
static void verdicts_write(const struct unit *unit, bool online, uint32_t offset)
{
    struct campaign_media *media = &unit->machine->media;
    struct campaign_verdict verdict;
    if (online)
        campaign_machine_restart(unit->machine, &verdict.online);
    else
        campaign_judge_offline(media, false, 0, &verdict.offline);
    if (unit->pending)
        atomic_fetch_or(unit->reads, reads_of(unit));
    for (uint32_t i = 0; i < media->member_count && !media->host_failed; i++) {
        struct campaign_verdict *target = &unit->verdicts[offset + media->members[i]];
        if (online)
            target->online = verdict.online;
        else
            target->offline = verdict.offline;
    }
}

/* Judge these members, offline or online, in children. */
static bool members_judge(const struct unit *unit, const uint32_t *members, uint32_t count,
                          bool online, uint32_t offset)
{
    struct campaign_media *media = &unit->machine->media;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        if (!online)
            campaign_machine_leave(unit->machine);
        media->below = unit->level->below;
        campaign_media_doubt(media, unit->level->index, unit->cases, members, count);
        verdicts_write(unit, online, offset);
        _exit(media->host_failed);
    }
    if (child < 0)
        return error_set(unit->error, ERROR_IO, "campaign: no process: %s", strerror(errno));
    return campaign_child_wait(child) != CHILD_LOST ||
           error_set(unit->error, ERROR_IO,
                     "campaign: a process that judged was ended, or could not be made");
}

static bool offline_equal(const struct campaign_offline *left,
                          const struct campaign_offline *right)
{
    return left->whole == right->whole && left->generation == right->generation &&
           left->digest.low == right->digest.low && left->digest.high == right->digest.high &&
           left->history == right->history && strcmp(left->text, right->text) == 0;
}

static bool online_equal(const struct campaign_online *left, const struct campaign_online *right)
{
    return left->outcome == right->outcome && left->generation == right->generation &&
           left->history == right->history && left->restart_ns == right->restart_ns &&
           left->instructions == right->instructions &&
           left->recalled == right->recalled && left->wrong == right->wrong &&
           left->endless == right->endless && strcmp(left->text, right->text) == 0;
}

static uint64_t history_of(const struct unit *unit, uint32_t index, bool online)
{
    const struct campaign_verdict *verdict = &unit->verdicts[index];
    return online ? verdict->online.history : verdict->offline.history;
}

/* Is this drawn, and the first of its kind? */
static bool watch_drawn(const struct unit *unit, uint32_t index, bool online)
{
    uint64_t history = history_of(unit, index, online);
    const struct campaign_verdict *verdict = &unit->verdicts[index];
    if (online ? verdict->online.outcome == OUTCOME_NONE : !verdict->offline.judged)
        return false;
    if (campaign_mix(history, online) % WATCH_ONE_IN != 0)
        return false;
    for (uint32_t i = 0; i < index; i++)
        if (history_of(unit, i, online) == history)
            return false;
    return true;
}

/* Determinism watch: some are judged again, alone, without any fork on the way. */
static bool unit_watch(const struct unit *unit, bool online)
{
    for (uint32_t i = 0; i < unit->count; i++) {
        const struct campaign_verdict *first = &unit->verdicts[i];
        const struct campaign_verdict *second = &unit->verdicts[unit->count + i];
        if (!watch_drawn(unit, i, online))
            continue;
        if (!members_judge(unit, &i, 1, online, unit->count))
            return false;
        if (online ? online_equal(&first->online, &second->online)
                   : offline_equal(&first->offline, &second->offline))
            continue;
        char name[CAMPAIGN_NAME_BYTES];
        campaign_case_name(&unit->cases[i], name);
        return error_set(unit->error, ERROR_FORMAT,
                         "campaign: case %s: two runs of it end differently", name);
    }
    return true;
}

static void results_fill(const struct unit *unit)
{
    uint64_t *hashes = memory_zeroed(unit->count, sizeof(*hashes));
    campaign_media_hashes(unit->level->index, unit->cases, unit->count, hashes);
    for (uint32_t i = 0; i < unit->count; i++) {
        const struct campaign_verdict *verdict = &unit->verdicts[i];
        const struct campaign_event *event =
            &unit->level->events->list[unit->cases[i].event];
        struct campaign_result *result = &unit->results[i];
        *result = (struct campaign_result){.phase = event->phase,
                                           .instructions = event->instructions,
                                           .generation = verdict->offline.generation,
                                           .digest = verdict->offline.digest,
                                           .media = unit->level->media + hashes[i],
                                           .recovery = verdict->online.history,
                                           .restart_ns = verdict->online.restart_ns};
        const struct campaign_case *which = &unit->cases[i];
        result->outcome =
            which->fault ? campaign_judge_fault(unit->machine->layout, unit->level->log, event,
                                                which, verdict, result->text)
                         : campaign_judge(unit->level->log, event, verdict, result->text);
    }
    free(hashes);
}

static void *shared_room(size_t size_bytes, struct error *error)
{
    void *mapping = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                         0);
    if (mapping != MAP_FAILED)
        return mapping;
    (void)error_set(error, ERROR_IO, "campaign: no memory: %s", strerror(errno));
    return NULL;
}

/* Judge all cases, and watch some of them. */
static bool unit_judge(const struct unit *unit)
{
    uint32_t *members = memory_zeroed(unit->count, sizeof(*members));
    for (uint32_t i = 0; i < unit->count; i++)
        members[i] = i;
    bool good = members_judge(unit, members, unit->count, false, 0) &&
                members_judge(unit, members, unit->count, true, 0) &&
                (unit->pending || (unit_watch(unit, false) && unit_watch(unit, true)));
    free(members);
    return good;
}

bool campaign_unit_run(struct campaign_machine *machine, const struct campaign_level *level,
                       const struct campaign_case *cases, uint32_t count,
                       struct campaign_result *results, struct error *error)
{
    struct unit unit = {.machine = machine, .level = level, .cases = cases, .count = count,
                        .results = results, .error = error};
    size_t size_bytes = 2 * (size_t)count * sizeof(*unit.verdicts);
    assert(count > 0);
    void *mapping = shared_room(size_bytes, error);
    if (!mapping)
        return false;
    unit.verdicts = mapping;
    bool good = unit_judge(&unit);
    if (good)
        results_fill(&unit);
    (void)munmap(mapping, size_bytes);
    return good;
}

bool campaign_unit_reads(struct campaign_machine *machine, const struct campaign_level *level,
                         const struct campaign_case *cases, uint32_t count,
                         const struct campaign_pending *pending, uint64_t *reads,
                         struct error *error)
{
    struct unit unit = {.machine = machine, .level = level, .cases = cases, .count = count,
                        .pending = pending, .error = error};
    size_t verdict_bytes = (size_t)count * sizeof(*unit.verdicts);
    size_t size_bytes = verdict_bytes + sizeof(*unit.reads);
    assert(count > 0);
    uint8_t *mapping = shared_room(size_bytes, error);
    if (!mapping)
        return false;
    unit.verdicts = (struct campaign_verdict *)mapping;
    unit.reads = (_Atomic uint64_t *)(mapping + verdict_bytes);
    bool good = unit_judge(&unit);
    *reads |= *unit.reads;
    (void)munmap(mapping, size_bytes);
    return good;
}
