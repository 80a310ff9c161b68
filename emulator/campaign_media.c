/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_media.c - undecided media. Invariants: campaign_media.h. Calls the view and fork(). */
#include "emulator/campaign_media.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disks/format.h"
#include "emulator/base/memory.h"
#include "emulator/campaign_fault.h"

#define NONE UINT32_MAX
#define DISK_SHIFT 48u /* images are far smaller than 2^48 sectors */
#define READ_CHANGED_MAX DISK_REQUEST_SECTORS_MAX

/* --- what was written --- */

static uint64_t sector_key(unsigned disk, uint64_t sector)
{
    assert(sector >> DISK_SHIFT == 0);
    return (uint64_t)disk << DISK_SHIFT | sector;
}

static size_t sectors_start(const struct campaign_sectors *sectors, uint64_t key)
{
    return campaign_mix(key, 0) & (sectors->table_size - 1);
}

static uint8_t *sectors_find(const struct campaign_sectors *sectors, uint64_t key)
{
    if (sectors->count == 0)
        return NULL;
    for (size_t at = sectors_start(sectors, key);; at = (at + 1) & (sectors->table_size - 1)) {
        uint32_t slot = sectors->table[at];
        if (slot == NONE)
            return NULL;
        if (sectors->keys[slot] == key)
            return sectors->data + (size_t)slot * DISK_SECTOR_BYTES;
    }
}

static void sectors_place(struct campaign_sectors *sectors, uint32_t slot)
{
    size_t at = sectors_start(sectors, sectors->keys[slot]);
    while (sectors->table[at] != NONE)
        at = (at + 1) & (sectors->table_size - 1);
    sectors->table[at] = slot;
}

static void sectors_grow(struct campaign_sectors *sectors)
{
    sectors->capacity = sectors->capacity ? 2 * sectors->capacity : 256;
    sectors->table_size = 2 * sectors->capacity;
    sectors->keys = memory_must(
        realloc(sectors->keys, sectors->capacity * sizeof(*sectors->keys)));
    sectors->data = memory_must(realloc(sectors->data, sectors->capacity * DISK_SECTOR_BYTES));
    sectors->table = memory_must(
        realloc(sectors->table, sectors->table_size * sizeof(*sectors->table)));
    memset(sectors->table, 0xff, sectors->table_size * sizeof(*sectors->table));
    for (uint32_t slot = 0; slot < sectors->count; slot++)
        sectors_place(sectors, slot);
}

static void sectors_put(struct campaign_sectors *sectors, unsigned disk, uint64_t sector,
                        const uint8_t *source, size_t sector_count)
{
    for (size_t i = 0; i < sector_count; i++, source += DISK_SECTOR_BYTES) {
        uint64_t key = sector_key(disk, sector + i);
        uint8_t *data = sectors_find(sectors, key);
        if (!data) {
            if (sectors->count == sectors->capacity)
                sectors_grow(sectors);
            uint32_t slot = (uint32_t)sectors->count++;
            sectors->keys[slot] = key;
            sectors_place(sectors, slot);
            data = sectors->data + (size_t)slot * DISK_SECTOR_BYTES;
        }
        memcpy(data, source, DISK_SECTOR_BYTES);
    }
}

static void sectors_finish(struct campaign_sectors *sectors)
{
    free(sectors->keys);
    free(sectors->table);
    free(sectors->data);
    *sectors = (struct campaign_sectors){0};
}

/* --- a set of cases splits --- */

/* A case of the set, by what it holds in the sectors of one read. */
struct held {
    uint64_t hash;
    uint32_t member;
};

static int held_order(const void *left, const void *right)
{
    const struct held *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->member < b->member ? -1 : a->member > b->member;
}

static void members_take(struct campaign_media *media, const struct held *held, uint32_t count)
{
    assert(count > 0);
    assert(count <= media->member_count);
    for (uint32_t i = 0; i < count; i++)
        media->members[i] = held[i].member;
    media->member_count = count;
}

enum campaign_child campaign_child_wait(pid_t child)
{
    static const int falls[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return CHILD_LOST;
    for (size_t i = 0; i < sizeof(falls) / sizeof(falls[0]); i++)
        if (WIFSIGNALED(status) && WTERMSIG(status) == falls[i])
            return CHILD_FELL;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CHILD_GOOD : CHILD_LOST;
}

/* The child goes on with these. Returns whether this is the child. */
static bool part_fork(struct campaign_media *media, const struct held *held, uint32_t count)
{
    pid_t parent = getpid(), child = fork();
    if (child < 0) {
        media->host_failed = true;
        return false;
    }
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        members_take(media, held, count);
        return true;
    }
    if (campaign_child_wait(child) == CHILD_LOST)
        media->host_failed = true;
    return false;
}

/* The process stands for those that hold the same afterwards. */
static void members_split(struct campaign_media *media, struct held *held)
{
    uint32_t count = media->member_count, largest = 0, largest_count = 0;
    qsort(held, count, sizeof(*held), held_order);
    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && held[end].hash == held[first].hash;)
            end++;
        if (end - first <= largest_count)
            continue;
        largest = first;
        largest_count = end - first;
    }
    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && held[end].hash == held[first].hash;)
            end++;
        if (first != largest && part_fork(media, &held[first], end - first))
            return;
    }
    members_take(media, &held[largest], largest_count);
}

/* Make all members hold the same in these changed sectors, which no read has met before. */
static void sectors_decide(struct campaign_media *media, const uint32_t *changed, uint32_t count)
{
    struct held *held = memory_zeroed(media->member_count, sizeof(*held));
    bool differ = false;
    for (uint32_t i = 0; i < media->member_count; i++) {
        uint32_t member = media->members[i];
        held[i].member = member;
        for (uint32_t j = 0; j < count; j++)
            held[i].hash = campaign_mix(
                held[i].hash,
                campaign_content_hash(media->index, changed[j], &media->cases[member]));
        differ = differ || held[i].hash != held[0].hash;
    }
    if (differ)
        members_split(media, held);
    free(held);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t seen = campaign_index_history(media->index, changed[i],
                                               &media->cases[media->members[0]]);
        media->decided[changed[i]] = true;
        if (seen)
            media->history = campaign_mix(media->history, seen);
    }
}

bool campaign_media_lives(struct campaign_media *media, unsigned disk)
{
    if (!media->index || media->lives[disk] || media->dead[disk])
        return !media->dead[disk];
    struct held *held = memory_zeroed(media->member_count, sizeof(*held));
    bool differ = false;
    for (uint32_t i = 0; i < media->member_count; i++) {
        held[i].member = media->members[i];
        held[i].hash = campaign_fault_kills(&media->cases[media->members[i]], disk);
        differ = differ || held[i].hash != held[0].hash;
    }
    if (differ)
        members_split(media, held);
    free(held);
    media->dead[disk] = campaign_fault_kills(&media->cases[media->members[0]], disk);
    media->lives[disk] = !media->dead[disk];
    if (media->dead[disk])
        media->history = campaign_mix(media->history, disk);
    return media->lives[disk];
}

/* --- reading and writing --- */

/* What a sector held before the writes that are undone; NULL: none of them was there. */
static uint8_t *undone(const struct campaign_media *media, uint64_t key)
{
    for (size_t i = 0; i < media->undo_count && media->undone > 0; i++)
        if (media->undo[i].key == key && media->undo[i].write + media->undone >= media->undo_writes)
            return media->undo[i].data;
    return NULL;
}

static uint8_t *overlaid(const struct campaign_media *media, unsigned disk, uint64_t sector,
                         bool newest)
{
    uint64_t key = sector_key(disk, sector);
    uint8_t *data = newest ? undone(media, key) : NULL;
    if (newest && !data)
        data = sectors_find(&media->newest, key);
    return data ? data : sectors_find(&media->written, key);
}

static uint32_t changed_at(const struct campaign_media *media, unsigned disk, uint64_t sector)
{
    return media->index ? campaign_index_find(media->index, disk, sector) : CAMPAIGN_UNCHANGED;
}

bool campaign_media_read(struct campaign_media *media, unsigned disk, uint64_t sector,
                         void *target, size_t sector_count, bool newest)
{
    uint32_t fresh[READ_CHANGED_MAX], fresh_count = 0;
    uint8_t *to = target;
    bool readable = true;
    assert(sector_count <= READ_CHANGED_MAX);
    media->reads++;
    if (!campaign_media_lives(media, disk))
        return false;
    for (uint64_t at = sector; at < sector + sector_count && media->index; at++) {
        uint32_t changed = changed_at(media, disk, at);
        if (changed != CAMPAIGN_UNCHANGED && !media->decided[changed] &&
            !overlaid(media, disk, at, newest))
            fresh[fresh_count++] = changed;
    }
    if (fresh_count > 0)
        sectors_decide(media, fresh, fresh_count);
    for (uint64_t at = sector; at < sector + sector_count; at++, to += DISK_SECTOR_BYTES) {
        const uint8_t *data = overlaid(media, disk, at, newest);
        uint32_t changed = changed_at(media, disk, at);
        if (data)
            memcpy(to, data, DISK_SECTOR_BYTES);
        else if (changed != CAMPAIGN_UNCHANGED)
            readable = campaign_content_read(media->index, changed,
                                             &media->cases[media->members[0]], to) &&
                       readable;
        else
            readable = campaign_view_read(media->below, disk, at, to) && readable;
    }
    return readable && !media->host_failed;
}

static void record_log(struct campaign_media_disk *disk, enum campaign_record_kind kind,
                       uint64_t sector, uint64_t order, uint32_t sector_count,
                       const uint8_t *data)
{
    struct campaign_media *media = disk->media;
    if (!media->log)
        return;
    struct campaign_record record = {.kind = (uint8_t)kind, .disk = (uint8_t)disk->index,
                                     .sector = sector, .order = order,
                                     .sector_count = sector_count};
    media->stamp(media->context, &record);
    campaign_log_add(media->log, &record, data, data ? sector_count * DISK_SECTOR_BYTES : 0);
}

/* A write to the journal begins: it may be lost, and a header that comes after it not. */
static void undo_keep(struct campaign_media *media, unsigned disk, uint64_t sector,
                      uint32_t sector_count)
{
    const struct campaign_place *place =
        media->layout ? campaign_layout_find(media->layout, disk, sector) : NULL;
    if (!place || place->kind != RANGE_JOURNAL)
        return;
    for (uint32_t i = 0; i < sector_count; i++) {
        media->undo = memory_grow(media->undo, media->undo_count, &media->undo_capacity,
                                  sizeof(*media->undo));
        struct campaign_undo *undo = &media->undo[media->undo_count++];
        undo->key = sector_key(disk, sector + i);
        undo->write = media->undo_writes;
        (void)campaign_media_read(media, disk, sector + i, undo->data, 1, true);
    }
    media->undo_writes++;
}

/* A disk was flushed: what it took is not lost any more. */
static void undo_forget(struct campaign_media *media, unsigned disk)
{
    size_t kept = 0;
    for (size_t i = 0; i < media->undo_count; i++)
        if (media->undo[i].key >> DISK_SHIFT != disk)
            media->undo[kept++] = media->undo[i];
    media->undo_count = kept;
    if (kept == 0)
        media->undo_writes = 0;
}

static bool store_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct campaign_media_disk *disk = context;
    return campaign_media_read(disk->media, disk->index, sector, target, sector_count, false);
}

static bool store_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    struct campaign_media_disk *disk = context;
    assert(sector_count <= DISK_REQUEST_SECTORS_MAX);
    if (!campaign_media_lives(disk->media, disk->index))
        return false;
    sectors_put(&disk->media->written, disk->index, sector, source, sector_count);
    record_log(disk, RECORD_WRITTEN, sector, 0, (uint32_t)sector_count, source);
    return true;
}

static bool store_sync(void *context)
{
    struct campaign_media_disk *disk = context;
    record_log(disk, RECORD_FLUSHED, 0, 0, 0, NULL);
    if (disk->media->log && disk->media->flushed && disk->media->unflushed)
        disk->media->flushed(disk->media->context);
    disk->media->unflushed = false;
    undo_forget(disk->media, disk->index);
    return true;
}

static void observe_entered(void *context, uint64_t order, uint64_t sector, uint32_t sector_count,
                            const uint8_t *data)
{
    struct campaign_media_disk *disk = context;
    struct campaign_media *media = disk->media;
    if (media->log && media->flushed && media->unflushed)
        media->flushed(media->context); /* what a cut here may leave is no state after a flush */
    media->unflushed = !media->layout || campaign_layout_states(media->layout, disk->index, sector);
    if (media->log)
        undo_keep(media, disk->index, sector, sector_count);
    if (media->log)
        sectors_put(&disk->media->newest, disk->index, sector, data, sector_count);
    record_log(disk, RECORD_ENTERED, sector, order, sector_count, data);
}

static void observe_settled(void *context, uint64_t order, uint64_t sector)
{
    record_log(context, RECORD_SETTLED, sector, order, 1, NULL);
}

static void observe_submitted(void *context, uint64_t sector, uint32_t sector_count)
{
    const struct campaign_media_disk *disk = context;
    struct campaign_media *media = disk->media;
    if (media->sent)
        media->sent(media->sent_context, disk->index, sector, sector_count);
}

void campaign_media_open(struct campaign_media *media, const struct campaign_view *below)
{
    *media = (struct campaign_media){.below = below};
    for (unsigned i = 0; i < below->images->count; i++) {
        struct campaign_media_disk *disk = &media->disks[i];
        *disk = (struct campaign_media_disk){.media = media, .index = i};
        disk->store = (struct disk_store){.context = disk,
                                          .sector_count = below->images->sector_count[i],
                                          .read = store_read,
                                          .write = store_write,
                                          .sync = store_sync};
        disk->observer = (struct disk_observer){.context = disk, .entered = observe_entered,
                                                .settled = observe_settled,
                                                .submitted = observe_submitted};
    }
}

void campaign_media_doubt(struct campaign_media *media, const struct campaign_index *index,
                          const struct campaign_case *cases, const uint32_t *members,
                          uint32_t member_count)
{
    assert(!media->index);
    assert(member_count > 0);
    media->index = index;
    media->cases = cases;
    media->members = memory_zeroed(member_count, sizeof(*media->members));
    memcpy(media->members, members, member_count * sizeof(*members));
    media->member_count = member_count;
    media->decided = memory_zeroed(campaign_index_count(index) + 1, sizeof(*media->decided));
}

void campaign_media_close(struct campaign_media *media)
{
    sectors_finish(&media->written);
    sectors_finish(&media->newest);
    free(media->members);
    free(media->decided);
    free(media->undo);
    *media = (struct campaign_media){0};
}
