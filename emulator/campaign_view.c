/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_view.c - finds what a case holds in a sector. Invariants: campaign_view.h.
 *
 * All that a log did to one sector is a chain of marks, oldest first. A case resolves to the mark
 * whose data the sector holds, to what is below, or to one mark torn over another.
 */
#include "emulator/campaign_view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/campaign_fault.h"

#define NONE UINT32_MAX
#define HASH_UNREADABLE 0x756e7265616421ull /* any number */

struct mark {
    uint64_t record, order, request;
    const uint8_t *data;
    uint64_t hash;
    uint32_t next;
    uint8_t kind;
    bool first_half; /* of its request */
};

struct changed {
    uint64_t sector, hash_below;
    uint32_t first, last; /* marks */
    uint8_t disk;
    bool readable_below;
};

struct few {
    uint8_t count[2]; /* sectors, requests */
    uint64_t keys[2][CAMPAIGN_MASK_BITS];
};

struct campaign_index {
    const struct campaign_log *log;
    const struct campaign_events *events;
    const struct campaign_view *below;
    struct mark *marks;
    size_t mark_count, mark_capacity;
    struct changed *changed;
    size_t changed_count, changed_capacity;
    uint32_t *table; /* of changed, by disk and sector; a power of two */
    size_t table_size;
    struct few *few; /* by event */
};

/* What a sector holds. */
struct resolved {
    const struct mark *under; /* NULL: what is below the index */
    const struct mark *over;  /* torn over it; NULL: it is whole */
    const struct mark *before; /* what under replaced; NULL: what is below */
};

static size_t table_start(const struct campaign_index *index, unsigned disk, uint64_t sector)
{
    return campaign_mix(disk, sector) & (index->table_size - 1);
}

uint32_t campaign_index_find(const struct campaign_index *index, unsigned disk, uint64_t sector)
{
    size_t mask = index->table_size - 1;
    for (size_t at = table_start(index, disk, sector);; at = (at + 1) & mask) {
        uint32_t found = index->table[at];
        if (found == NONE)
            return CAMPAIGN_UNCHANGED;
        if (index->changed[found].sector == sector && index->changed[found].disk == disk)
            return found;
    }
}

uint32_t campaign_index_count(const struct campaign_index *index)
{
    return (uint32_t)index->changed_count;
}

/* --- building it --- */

static void table_fill(struct campaign_index *index, size_t size)
{
    free(index->table);
    index->table = memory_zeroed(size, sizeof(*index->table));
    index->table_size = size;
    memset(index->table, 0xff, size * sizeof(*index->table));
    for (size_t i = 0; i < index->changed_count; i++) {
        size_t at = table_start(index, index->changed[i].disk, index->changed[i].sector);
        while (index->table[at] != NONE)
            at = (at + 1) & (size - 1);
        index->table[at] = (uint32_t)i;
    }
}

static struct changed *changed_get(struct campaign_index *index, unsigned disk, uint64_t sector)
{
    uint32_t found = campaign_index_find(index, disk, sector);
    if (found != CAMPAIGN_UNCHANGED)
        return &index->changed[found];
    uint8_t below[DISK_SECTOR_BYTES];
    index->changed = memory_grow(index->changed, index->changed_count, &index->changed_capacity,
                                 sizeof(*index->changed));
    struct changed *added = &index->changed[index->changed_count++];
    *added = (struct changed){.sector = sector, .disk = (uint8_t)disk, .first = NONE, .last = NONE};
    added->readable_below = campaign_view_read(index->below, disk, sector, below);
    added->hash_below =
        added->readable_below ? hash64(below, sizeof(below)) : HASH_UNREADABLE;
    if (2 * index->changed_count > index->table_size) {
        table_fill(index, 2 * index->table_size);
        return added;
    }
    size_t at = table_start(index, disk, sector);
    while (index->table[at] != NONE)
        at = (at + 1) & (index->table_size - 1);
    index->table[at] = (uint32_t)index->changed_count - 1;
    return added;
}

static void mark_add(struct campaign_index *index, struct changed *changed, struct mark mark)
{
    mark.next = NONE;
    index->marks =
        memory_grow(index->marks, index->mark_count, &index->mark_capacity, sizeof(*index->marks));
    uint32_t added = (uint32_t)index->mark_count++;
    index->marks[added] = mark;
    if (changed->first == NONE)
        changed->first = added;
    else
        index->marks[changed->last].next = added;
    changed->last = added;
}

static void record_index(struct campaign_index *index, uint64_t number)
{
    const struct campaign_record *record = &index->log->records[number];
    bool has_data = record->kind == RECORD_ENTERED || record->kind == RECORD_WRITTEN;
    if (!has_data && record->kind != RECORD_SETTLED)
        return;
    uint32_t count = has_data ? record->sector_count : 1;
    const uint8_t *data = campaign_log_data(index->log, record);
    for (uint32_t i = 0; i < count; i++, data += DISK_SECTOR_BYTES)
        mark_add(index, changed_get(index, record->disk, record->sector + i),
                 (struct mark){.record = number, .kind = record->kind,
                               .order = record->order + i, .request = record->order,
                               .first_half = campaign_first_half(i, record->sector_count),
                               .data = has_data ? data : NULL,
                               .hash = has_data ? hash64(data, DISK_SECTOR_BYTES) : 0});
}

/* What the masks of SUBSET count. */
static void few_find(struct campaign_index *index)
{
    struct campaign_pending pending = {0};
    uint64_t record = 0;
    index->few = memory_zeroed(index->events->count, sizeof(*index->few));
    for (size_t i = 0; i < index->events->count; i++) {
        for (; record < index->events->list[i].records; record++)
            campaign_pending_follow(&pending, &index->log->records[record]);
        struct few *few = &index->few[i];
        for (unsigned requests = 0; requests < 2; requests++)
            few->count[requests] =
                (uint8_t)campaign_pending_few(&pending, requests, few->keys[requests]);
    }
    campaign_pending_finish(&pending);
}

struct campaign_index *campaign_index_create(const struct campaign_log *log,
                                             const struct campaign_events *events,
                                             const struct campaign_view *below)
{
    struct campaign_index *index = memory_zeroed(1, sizeof(*index));
    index->log = log;
    index->events = events;
    index->below = below;
    table_fill(index, 1024);
    for (uint64_t i = 0; i < log->count; i++)
        record_index(index, i);
    few_find(index);
    return index;
}

void campaign_index_destroy(struct campaign_index *index)
{
    if (!index)
        return;
    free(index->marks);
    free(index->changed);
    free(index->table);
    free(index->few);
    free(index);
}

/* --- what a case holds --- */

static bool mask_has(const struct campaign_index *index, const struct campaign_case *which,
                     uint64_t key)
{
    bool requests = which->choice != CHOICE_MASK;
    const struct few *few = &index->few[which->event];
    for (unsigned i = 0; i < few->count[requests] && i < CAMPAIGN_MASK_BITS; i++)
        if (few->keys[requests][i] == key)
            return which->argument >> i & 1;
    return false;
}

static bool choice_keeps(const struct campaign_index *index, const struct campaign_case *which,
                         uint64_t sector_key, uint64_t request_key, bool first_half)
{
    switch ((enum campaign_choice)which->choice) {
    case CHOICE_MASK:
        return mask_has(index, which, sector_key);
    case CHOICE_REQUESTS:
        return mask_has(index, which, request_key);
    case CHOICE_LOSE:
        return which->argument != request_key;
    case CHOICE_ONLY:
        return which->argument == request_key;
    case CHOICE_DRAW:
        return campaign_mix(which->argument, sector_key) >> 63;
    case CHOICE_DRAW_REQUESTS:
        return campaign_mix(which->argument, request_key) >> 63;
    case CHOICE_HALVES:
        return first_half && mask_has(index, which, request_key);
    case CHOICE_COUNT:
        break;
    }
    assert(!"a choice that is none");
    return false;
}

/* Does this cached write reach the media, whole? */
static bool keeps(const struct campaign_index *index, const struct campaign_case *which,
                  unsigned disk, const struct mark *mark)
{
    switch ((enum campaign_policy)which->policy) {
    case CAMPAIGN_KEEP:
        return true;
    case CAMPAIGN_DROP:
        return false;
    case CAMPAIGN_PREFIX:
        if (which->apart)
            return mark->order < which->orders[disk];
        /* fallthrough */
    case CAMPAIGN_TORN:
    case CAMPAIGN_GARBAGE:
        return disk == which->disk ? mark->order < which->argument : which->others;
    case CAMPAIGN_SUBSET:
    case CAMPAIGN_MISREPORT:
        return choice_keeps(index, which, campaign_pending_key(disk, mark->order),
                            campaign_pending_key(disk, mark->request), mark->first_half);
    case CAMPAIGN_POLICY_COUNT:
        break;
    }
    assert(!"a policy that is none");
    return false;
}

bool campaign_case_keeps(const struct campaign_index *index, const struct campaign_case *which,
                         unsigned disk, const struct campaign_cached *cached)
{
    const struct mark mark = {.order = cached->order, .request = cached->request,
                              .first_half = cached->first_half};
    return keeps(index, which, disk, &mark);
}

static void under_set(struct resolved *resolved, const struct mark *mark)
{
    if (resolved->under && resolved->under->hash != mark->hash)
        resolved->before = resolved->under;
    resolved->under = mark;
}

static struct resolved resolve(const struct campaign_index *index, const struct changed *changed,
                               const struct campaign_case *which)
{
    struct resolved resolved = {0};
    uint64_t records = index->events->list[which->event].records, settled = 0;
    bool honest = which->policy != CAMPAIGN_MISREPORT;
    const struct mark *mark;
    for (uint32_t at = changed->first; honest && at != NONE; at = mark->next) {
        mark = &index->marks[at];
        if (mark->record >= records)
            break;
        if (mark->kind == RECORD_WRITTEN)
            under_set(&resolved, mark);
        if (mark->kind == RECORD_SETTLED && mark->order >= settled)
            settled = mark->order + 1;
    }
    bool tears = which->policy == CAMPAIGN_TORN || which->policy == CAMPAIGN_GARBAGE;
    for (uint32_t at = changed->first; at != NONE; at = mark->next) {
        mark = &index->marks[at];
        if (mark->record >= records)
            break;
        if (mark->kind != RECORD_ENTERED || mark->order < settled)
            continue;
        if (tears && changed->disk == which->disk && mark->order == which->argument)
            resolved.over = mark;
        else if (keeps(index, which, changed->disk, mark))
            under_set(&resolved, mark);
    }
    return resolved;
}

static bool below_read(const struct campaign_index *index, const struct changed *changed,
                       uint8_t target[DISK_SECTOR_BYTES])
{
    return campaign_view_read(index->below, changed->disk, changed->sector, target);
}

static bool resolved_read(const struct campaign_index *index, const struct changed *changed,
                          const struct campaign_case *which, const struct resolved *resolved,
                          uint8_t target[DISK_SECTOR_BYTES])
{
    bool readable = true;
    if (resolved->under)
        memcpy(target, resolved->under->data, DISK_SECTOR_BYTES);
    else
        readable = below_read(index, changed, target);
    if (!resolved->over)
        return readable;
    if (which->policy == CAMPAIGN_TORN) {
        assert(which->bytes < DISK_SECTOR_BYTES);
        if (!readable)
            return false;
        memcpy(target, resolved->over->data, which->bytes);
        return true;
    }
    for (unsigned i = 0; i < DISK_SECTOR_BYTES; i++)
        target[i] = (uint8_t)campaign_mix(which->argument, i);
    return which->bytes > 0;
}

static bool sound_read(const struct campaign_index *index, const struct changed *changed,
                       const struct campaign_case *which, uint8_t target[DISK_SECTOR_BYTES])
{
    struct resolved resolved = resolve(index, changed, which);
    return resolved_read(index, changed, which, &resolved, target);
}

/* A sector that the fault of a case hits. */
static bool fault_read(const struct campaign_index *index, const struct changed *changed,
                       const struct campaign_case *which, uint8_t target[DISK_SECTOR_BYTES])
{
    if (campaign_fault_is(which, DISK_FAULT_UNREADABLE))
        return false;
    if (campaign_fault_is(which, DISK_FAULT_FLIP)) {
        bool readable = sound_read(index, changed, which, target);
        target[which->fault_argument / 8] ^= (uint8_t)(1u << which->fault_argument % 8);
        return readable;
    }
    if (changed->sector - which->fault_sector < CAMPAIGN_FAULT_SECTORS) {
        struct resolved resolved = resolve(index, changed, which);
        if (resolved.under)
            resolved.under = resolved.before;
        return resolved_read(index, changed, which, &resolved, target);
    }
    uint64_t from = which->fault_sector + (changed->sector - which->fault_argument);
    uint32_t number = campaign_index_find(index, changed->disk, from);
    assert(number != CAMPAIGN_UNCHANGED);
    return sound_read(index, &index->changed[number], which, target);
}

static uint64_t bytes_hash(bool readable, const uint8_t bytes[DISK_SECTOR_BYTES])
{
    return readable ? hash64(bytes, DISK_SECTOR_BYTES) : HASH_UNREADABLE;
}

uint64_t campaign_content_hash(const struct campaign_index *index, uint32_t number,
                               const struct campaign_case *which)
{
    const struct changed *changed = &index->changed[number];
    struct resolved resolved = resolve(index, changed, which);
    uint8_t bytes[DISK_SECTOR_BYTES];
    if (campaign_fault_hits(which, changed->disk, changed->sector))
        return bytes_hash(fault_read(index, changed, which, bytes), bytes);
    if (!resolved.over)
        return resolved.under ? resolved.under->hash : changed->hash_below;
    return bytes_hash(resolved_read(index, changed, which, &resolved, bytes), bytes);
}

uint64_t campaign_index_history(const struct campaign_index *index, uint32_t number,
                                const struct campaign_case *which)
{
    const struct changed *changed = &index->changed[number];
    uint64_t content = campaign_content_hash(index, number, which);
    if (changed->first == NONE && content == changed->hash_below)
        return 0;
    return campaign_mix(campaign_mix(changed->disk, changed->sector), content);
}

void campaign_index_touch(struct campaign_index *index, const struct campaign_case *which)
{
    const struct campaign_images *images = index->below->images;
    const uint64_t firsts[2] = {which->fault_sector, which->fault_argument};
    for (unsigned i = 0; i < 2; i++) {
        uint64_t first = firsts[i] - firsts[i] % CAMPAIGN_FAULT_SECTORS;
        for (uint64_t at = first; at < first + CAMPAIGN_FAULT_SECTORS; at++)
            if (campaign_fault_hits(which, which->fault_disk, at) &&
                which->fault_disk < images->count && at < images->sector_count[which->fault_disk])
                (void)changed_get(index, which->fault_disk, at);
    }
}

bool campaign_content_read(const struct campaign_index *index, uint32_t number,
                           const struct campaign_case *which, uint8_t target[DISK_SECTOR_BYTES])
{
    const struct changed *changed = &index->changed[number];
    return campaign_fault_hits(which, changed->disk, changed->sector)
               ? fault_read(index, changed, which, target)
               : sound_read(index, changed, which, target);
}

bool campaign_view_read(const struct campaign_view *view, unsigned disk, uint64_t sector,
                        uint8_t target[DISK_SECTOR_BYTES])
{
    for (; view->below; view = view->below) {
        uint32_t changed = view->index ? campaign_index_find(view->index, disk, sector)
                                       : CAMPAIGN_UNCHANGED;
        if (view->index && campaign_fault_kills(&view->which, disk))
            return false;
        if (changed != CAMPAIGN_UNCHANGED)
            return campaign_content_read(view->index, changed, &view->which, target);
    }
    assert(disk < view->images->count);
    assert(sector < view->images->sector_count[disk]);
    memcpy(target, view->images->bytes[disk] + sector * DISK_SECTOR_BYTES, DISK_SECTOR_BYTES);
    return true;
}

/* --- all that the media hold --- */

/* Hashes of sectors are summed, so that only those that a case may change are looked at. */
static uint64_t sector_hash(const struct changed *changed, uint64_t content)
{
    return campaign_mix(campaign_mix(changed->disk, changed->sector), content) -
           campaign_mix(campaign_mix(changed->disk, changed->sector), changed->hash_below);
}

struct hashing {
    const struct campaign_index *index;
    struct campaign_pending pending;
    uint64_t record;
    uint64_t *settled;      /* of each changed sector, what its content on the media is */
    uint64_t sum;           /* of all settled */
    uint32_t *doubtful;     /* changed sectors with something in a cache, each once */
    uint32_t *seen;         /* event + 1 in which it was last put there */
    size_t doubtful_count;
};

static void hashing_follow(struct hashing *hashing, uint32_t event)
{
    const struct campaign_index *index = hashing->index;
    for (; hashing->record < index->events->list[event].records; hashing->record++) {
        const struct campaign_record *record = &index->log->records[hashing->record];
        campaign_pending_follow(&hashing->pending, record);
        if (record->kind != RECORD_WRITTEN)
            continue;
        const uint8_t *data = campaign_log_data(index->log, record);
        for (uint32_t i = 0; i < record->sector_count; i++, data += DISK_SECTOR_BYTES) {
            uint32_t number = campaign_index_find(index, record->disk, record->sector + i);
            const struct changed *changed = &index->changed[number];
            hashing->sum -= sector_hash(changed, hashing->settled[number]);
            hashing->settled[number] = hash64(data, DISK_SECTOR_BYTES);
            hashing->sum += sector_hash(changed, hashing->settled[number]);
        }
    }
    hashing->doubtful_count = 0;
    for (unsigned disk = 0; disk < BOARD_DISK_COUNT_MAX; disk++) {
        const struct campaign_cached_list *cached = &hashing->pending.disks[disk];
        for (size_t i = 0; i < cached->count; i++) {
            uint32_t number = campaign_index_find(index, disk, cached->list[i].sector);
            if (hashing->seen[number] != event + 1)
                hashing->doubtful[hashing->doubtful_count++] = number;
            hashing->seen[number] = event + 1;
        }
    }
}

/* What the fault of a case adds to the sum of all else. */
static uint64_t fault_hash(const struct hashing *hashing, const struct campaign_case *which)
{
    const struct campaign_index *index = hashing->index;
    const uint64_t firsts[2] = {which->fault_sector, which->fault_argument};
    uint64_t sum = 0;
    if (campaign_fault_is(which, DISK_FAULT_DEAD))
        return campaign_mix(HASH_UNREADABLE, which->fault_disk);
    for (unsigned i = 0; i < (campaign_fault_is(which, DISK_FAULT_MISDIRECTED) ? 2 : 1); i++) {
        uint64_t first = firsts[i] - firsts[i] % CAMPAIGN_FAULT_SECTORS;
        for (uint64_t at = first; at < first + CAMPAIGN_FAULT_SECTORS; at++) {
            uint32_t number = campaign_index_find(index, which->fault_disk, at);
            if (number == CAMPAIGN_UNCHANGED || hashing->seen[number] == which->event + 1 ||
                !campaign_fault_hits(which, which->fault_disk, at))
                continue;
            const struct changed *changed = &index->changed[number];
            sum += sector_hash(changed, campaign_content_hash(index, number, which)) -
                   sector_hash(changed, hashing->settled[number]);
        }
    }
    return sum;
}

static uint64_t case_hash(const struct hashing *hashing, const struct campaign_case *which)
{
    const struct campaign_index *index = hashing->index;
    bool all = which->policy == CAMPAIGN_MISREPORT;
    uint64_t sum = all ? 0 : hashing->sum;
    size_t count = all ? index->changed_count : hashing->doubtful_count;
    for (size_t i = 0; i < count; i++) {
        uint32_t number = all ? (uint32_t)i : hashing->doubtful[i];
        const struct changed *changed = &index->changed[number];
        sum += sector_hash(changed, campaign_content_hash(index, number, which));
        if (!all)
            sum -= sector_hash(changed, hashing->settled[number]);
    }
    return which->fault && !all ? sum + fault_hash(hashing, which) : sum;
}

void campaign_media_hashes(const struct campaign_index *index, const struct campaign_case *cases,
                           size_t count, uint64_t *hashes)
{
    size_t changed_count = index->changed_count ? index->changed_count : 1;
    struct hashing hashing = {.index = index};
    hashing.settled = memory_zeroed(changed_count, sizeof(*hashing.settled));
    hashing.doubtful = memory_zeroed(changed_count, sizeof(*hashing.doubtful));
    hashing.seen = memory_zeroed(changed_count, sizeof(*hashing.seen));
    for (size_t i = 0; i < index->changed_count; i++)
        hashing.settled[i] = index->changed[i].hash_below;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || cases[i].event != cases[i - 1].event)
            hashing_follow(&hashing, cases[i].event);
        hashes[i] = case_hash(&hashing, &cases[i]);
    }
    campaign_pending_finish(&hashing.pending);
    free(hashing.settled);
    free(hashing.doubtful);
    free(hashing.seen);
}
