/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layers.c - see layers.h. A hash table by sector; each sector has a list of versions, newest
 * first. */
#include "emulator/layers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/base/pack.h"
#include "emulator/base/renewal.h"

#define NONE UINT32_MAX
#define TABLE_SLOTS_MIN 1024u
#define LAYERS_ITEM_BYTES (16u + DISK_SECTOR_BYTES)
#define RENEW_SECTORS 64u /* of the image at once */

struct version {
    uint64_t sector, write; /* the write that made it; 0: layers_under() */
    uint32_t older;         /* of the same sector; of a free one, the next that is free */
    uint8_t data[DISK_SECTOR_BYTES];
};

struct layers {
    struct disk_store store;
    const struct disk_store *below;
    bool live, attached; /* below is to hold the same, and does now */
    struct layers_place place;
    struct version *versions;
    size_t version_count, version_capacity, free_count;
    uint32_t free; /* a list of those that are not used */
    uint32_t *table; /* newest version of a sector, by hash; NONE: no sector */
    size_t slots, used;
    uint64_t *refused;
    size_t refused_count, refused_capacity;
};

static size_t slot_of(const struct layers *layers, uint64_t sector)
{
    size_t slot = (size_t)(sector * 0x9e3779b97f4a7c15u >> 20) & (layers->slots - 1);
    while (layers->table[slot] != NONE &&
           layers->versions[layers->table[slot]].sector != sector)
        slot = (slot + 1) & (layers->slots - 1);
    return slot;
}

static void table_resize(struct layers *layers, size_t slots)
{
    uint32_t *old = layers->table;
    size_t old_slots = layers->slots;
    layers->table = memory_must(malloc(slots * sizeof(*layers->table)));
    layers->slots = slots;
    memset(layers->table, 0xff, slots * sizeof(*layers->table));
    for (size_t i = 0; i < old_slots; i++)
        if (old[i] != NONE)
            layers->table[slot_of(layers, layers->versions[old[i]].sector)] = old[i];
    free(old);
}

static uint32_t version_new(struct layers *layers)
{
    if (layers->free != NONE) {
        uint32_t index = layers->free;
        layers->free = layers->versions[index].older;
        layers->free_count--;
        return index;
    }
    layers->versions = memory_grow(layers->versions, layers->version_count,
                                   &layers->version_capacity, sizeof(*layers->versions));
    assert(layers->version_count < NONE);
    return (uint32_t)layers->version_count++;
}

static void version_drop(struct layers *layers, uint32_t index)
{
    layers->versions[index].older = layers->free;
    layers->free = index;
    layers->free_count++;
}

/* Keep what write number `write` made of a sector, unless it is kept already. */
static void version_put(struct layers *layers, uint64_t sector, uint64_t write,
                        const uint8_t *data)
{
    if (4 * (layers->used + 1) > 3 * layers->slots)
        table_resize(layers, 2 * layers->slots);
    size_t slot = slot_of(layers, sector);
    uint32_t newer = NONE, at = layers->table[slot];
    if (at == NONE)
        layers->used++;
    for (; at != NONE && layers->versions[at].write > write; at = layers->versions[at].older)
        newer = at;
    if (at != NONE && layers->versions[at].write == write)
        return;
    uint32_t index = version_new(layers);
    struct version *made = &layers->versions[index];
    made->sector = sector;
    made->write = write;
    made->older = at;
    memcpy(made->data, data, DISK_SECTOR_BYTES);
    if (newer == NONE)
        layers->table[slot] = index;
    else
        layers->versions[newer].older = index;
}

/* The version that is seen from a place; NONE: what is below is. */
static uint32_t version_seen(const struct layers *layers, uint32_t newest, uint64_t writes)
{
    uint32_t at = newest;
    while (at != NONE && layers->versions[at].write > writes)
        at = layers->versions[at].older;
    return at;
}

/* One more operation; does the host refuse it? */
static bool operation_refused(struct layers *layers)
{
    uint64_t operation = layers->place.operations++;
    for (size_t i = 0; i < layers->refused_count; i++)
        if (layers->refused[i] == operation)
            return true;
    return false;
}

/* The host's answer to the newest operation, which the run goes on from. */
static bool told(struct layers *layers, bool good)
{
    if (!good && layers->attached)
        layers_refuse(layers, layers->place.operations - 1);
    return good;
}

bool layers_read_at(const struct layers *layers, uint64_t writes, uint64_t sector, void *target,
                    size_t sector_count)
{
    assert(sector + sector_count <= layers->store.sector_count);
    if (!layers->below)
        memset(target, 0, sector_count * DISK_SECTOR_BYTES);
    else if (!layers->below->read(layers->below->context, sector, target, sector_count))
        return false;
    for (size_t i = 0; i < sector_count && layers->used > 0; i++) {
        uint32_t newest = layers->table[slot_of(layers, sector + i)];
        uint32_t seen = version_seen(layers, newest, writes);
        if (seen != NONE)
            memcpy((uint8_t *)target + i * DISK_SECTOR_BYTES, layers->versions[seen].data,
                   DISK_SECTOR_BYTES);
    }
    return true;
}

static bool media_read(void *context, uint64_t sector, void *target, size_t sector_count)
{
    struct layers *layers = context;
    return !operation_refused(layers) &&
           told(layers, layers_read_at(layers, layers->place.writes, sector, target,
                                       sector_count));
}

static bool media_peek(void *context, uint64_t sector, void *target, size_t sector_count)
{
    const struct layers *layers = context;
    return layers_read_at(layers, layers->place.writes, sector, target, sector_count);
}

/* Keep what the image holds of sectors that were never written. */
static bool image_keep(struct layers *layers, uint64_t sector, size_t sector_count)
{
    size_t known = 0;
    while (known < sector_count && layers->table[slot_of(layers, sector + known)] != NONE)
        known++;
    if (known == sector_count)
        return true;
    uint8_t *data = memory_must(malloc(sector_count * DISK_SECTOR_BYTES));
    bool good = layers->below->read(layers->below->context, sector, data, sector_count);
    for (size_t i = known; good && i < sector_count; i++)
        if (layers->table[slot_of(layers, sector + i)] == NONE)
            version_put(layers, sector + i, 0, data + i * DISK_SECTOR_BYTES);
    free(data);
    return good;
}

/* The image follows. */
static bool image_write(struct layers *layers, uint64_t sector, const void *source,
                        size_t sector_count)
{
    return image_keep(layers, sector, sector_count) &&
           layers->below->write(layers->below->context, sector, source, sector_count);
}

static bool media_write(void *context, uint64_t sector, const void *source, size_t sector_count)
{
    struct layers *layers = context;
    assert(sector + sector_count <= layers->store.sector_count);
    if (operation_refused(layers))
        return false;
    if (layers->attached && !told(layers, image_write(layers, sector, source, sector_count)))
        return false;
    layers->place.writes++;
    for (size_t i = 0; i < sector_count; i++)
        version_put(layers, sector + i, layers->place.writes,
                    (const uint8_t *)source + i * DISK_SECTOR_BYTES);
    return true;
}

static bool media_sync(void *context)
{
    struct layers *layers = context;
    if (operation_refused(layers))
        return false;
    return !layers->attached || told(layers, layers->below->sync(layers->below->context));
}

struct layers *layers_create(const struct disk_store *below, uint64_t sector_count,
                             bool read_only)
{
    struct layers *layers = memory_zeroed(1, sizeof(*layers));
    layers->below = below;
    layers->free = NONE;
    layers->store = (struct disk_store){.context = layers, .sector_count = sector_count,
                                        .read_only = read_only, .read = media_read,
                                        .write = media_write, .sync = media_sync,
                                        .peek = media_peek};
    table_resize(layers, TABLE_SLOTS_MIN);
    return layers;
}

struct layers *layers_create_live(const struct disk_store *image)
{
    struct layers *layers = layers_create(image, image->sector_count, image->read_only);
    layers->live = layers->attached = true;
    return layers;
}

void layers_detach(struct layers *layers)
{
    layers->attached = false;
}

void layers_destroy(struct layers *layers)
{
    if (!layers)
        return;
    free(layers->versions);
    free(layers->table);
    free(layers->refused);
    free(layers);
}

const struct disk_store *layers_store(const struct layers *layers)
{
    return &layers->store;
}

void layers_under(struct layers *layers, uint64_t sector, const uint8_t *data,
                  size_t sector_count)
{
    assert(sector + sector_count <= layers->store.sector_count);
    for (size_t i = 0; i < sector_count; i++)
        version_put(layers, sector + i, 0, data + i * DISK_SECTOR_BYTES);
}

void layers_refuse(struct layers *layers, uint64_t operation)
{
    layers->refused = memory_grow(layers->refused, layers->refused_count,
                                  &layers->refused_capacity, sizeof(*layers->refused));
    layers->refused[layers->refused_count++] = operation;
}

bool layers_refused(const struct layers *layers, size_t index, uint64_t *operation)
{
    if (index >= layers->refused_count)
        return false;
    *operation = layers->refused[index];
    return true;
}

struct layers_place layers_place(const struct layers *layers)
{
    return layers->place;
}

void layers_go(struct layers *layers, struct layers_place place)
{
    layers->place = place;
}

/* Look at every version; those that `kept` says no to are forgotten. */
static void versions_filter(struct layers *layers,
                            bool (*kept)(const struct layers *layers, uint64_t newer,
                                         const struct version *version, const void *argument),
                            const void *argument)
{
    for (size_t slot = 0; slot < layers->slots; slot++) {
        uint32_t last = NONE, at = layers->table[slot];
        uint64_t newer = UINT64_MAX; /* the write that covers it */
        while (at != NONE) {
            uint32_t older = layers->versions[at].older;
            uint64_t write = layers->versions[at].write;
            bool keep = kept(layers, newer, &layers->versions[at], argument);
            newer = write;
            if (keep) {
                last = at;
            } else {
                if (last == NONE)
                    layers->table[slot] = older;
                else
                    layers->versions[last].older = older;
                version_drop(layers, at);
            }
            at = older;
        }
    }
    layers->used = 0;
    for (size_t slot = 0; slot < layers->slots; slot++)
        layers->used += layers->table[slot] != NONE;
    table_resize(layers, layers->slots); /* sectors without versions leave no gaps */
}

static bool not_later(const struct layers *layers, uint64_t newer, const struct version *version,
                      const void *argument)
{
    (void)newer;
    (void)argument;
    return version->write <= layers->place.writes;
}

void layers_forget(struct layers *layers)
{
    versions_filter(layers, not_later, NULL);
}

void layers_branch(struct layers *layers)
{
    layers_forget(layers);
    while (layers->refused_count > 0 &&
           layers->refused[layers->refused_count - 1] >= layers->place.operations)
        layers->refused_count--;
}

static int sector_order(const void *left, const void *right)
{
    const struct version *const *first = left, *const *second = right;
    return ((*first)->sector > (*second)->sector) - ((*first)->sector < (*second)->sector);
}

/* What is seen now of every sector that was ever written, by sector. The caller frees it. */
static const struct version **versions_now(const struct layers *layers, size_t *count)
{
    const struct version **list = memory_zeroed(layers->used + 1, sizeof(*list));
    *count = 0;
    for (size_t slot = 0; slot < layers->slots; slot++) {
        uint32_t at = version_seen(layers, layers->table[slot], layers->place.writes);
        if (at != NONE)
            list[(*count)++] = &layers->versions[at];
    }
    qsort(list, *count, sizeof(*list), sector_order);
    return list;
}

static int number_order(const void *left, const void *right)
{
    const uint64_t *first = left, *second = right;
    return (*first > *second) - (*first < *second);
}

uint64_t *layers_sectors(const struct layers *layers, size_t *count)
{
    uint64_t *sectors = memory_zeroed(layers->used + 1, sizeof(*sectors));
    *count = 0;
    for (size_t slot = 0; slot < layers->slots; slot++)
        if (layers->table[slot] != NONE)
            sectors[(*count)++] = layers->versions[layers->table[slot]].sector;
    qsort(sectors, *count, sizeof(*sectors), number_order);
    return sectors;
}

/* Make `count` sectors of the image, one after the other, what they are here; or only list those
 * that it is not. list: NULL, make them. */
static bool run_renew(const struct layers *layers, const struct version *const *versions,
                      size_t count, struct byte_writer *list)
{
    uint8_t old[RENEW_SECTORS * DISK_SECTOR_BYTES], now[RENEW_SECTORS * DISK_SECTOR_BYTES];
    const struct disk_store *image = layers->below;
    assert(count <= RENEW_SECTORS);
    for (size_t i = 0; i < count; i++)
        memcpy(now + i * DISK_SECTOR_BYTES, versions[i]->data, DISK_SECTOR_BYTES);
    if (!image->read(image->context, versions[0]->sector, old, count))
        return false;
    for (size_t at = 0; list && at < count * DISK_SECTOR_BYTES; at += DISK_SECTOR_BYTES)
        if (memcmp(old + at, now + at, DISK_SECTOR_BYTES) != 0)
            renewal_add(list, versions[at / DISK_SECTOR_BYTES]->sector, old + at, now + at);
    return list || memcmp(old, now, count * DISK_SECTOR_BYTES) == 0 ||
           image->write(image->context, versions[0]->sector, now, count);
}

/* The same with all that was ever written. */
static bool image_renew(const struct layers *layers, struct byte_writer *list)
{
    size_t count;
    bool good = true;
    const struct version **versions = versions_now(layers, &count);
    for (size_t first = 0, end; first < count && good; first = end) {
        for (end = first + 1; end < count && end - first < RENEW_SECTORS &&
                              versions[end]->sector == versions[end - 1]->sector + 1;)
            end++;
        good = run_renew(layers, versions + first, end - first, list);
    }
    free(versions);
    return good;
}

bool layers_renewal(const struct layers *layers, struct byte_writer *list)
{
    return !layers->live || layers->attached || image_renew(layers, list);
}

bool layers_attach(struct layers *layers)
{
    layers_branch(layers);
    if (!layers->live || layers->attached)
        return true;
    layers->attached = image_renew(layers, NULL);
    return layers->attached && layers->below->sync(layers->below->context);
}

bool layers_settle(const struct layers *layers, const struct disk_store *target)
{
    bool good = true;
    assert(target->sector_count == layers->store.sector_count);
    for (size_t slot = 0; slot < layers->slots && good; slot++) {
        uint32_t at = version_seen(layers, layers->table[slot], layers->place.writes);
        if (at != NONE && layers->versions[at].write != 0)
            good = target->write(target->context, layers->versions[at].sector,
                                 layers->versions[at].data, 1);
    }
    return good && target->sync(target->context);
}

void layers_write(const struct layers *layers, struct byte_writer *writer)
{
    uint32_t count = 0, packed = 0;
    struct byte_writer block = {0};
    for (size_t slot = 0; slot < layers->slots; slot++)
        for (uint32_t at = layers->table[slot]; at != NONE; at = layers->versions[at].older)
            count += layers->versions[at].write != 0;
    write_u32(writer, count);
    for (size_t slot = 0; slot < layers->slots; slot++)
        for (uint32_t at = layers->table[slot]; at != NONE; at = layers->versions[at].older) {
            if (layers->versions[at].write == 0)
                continue;
            write_u64(&block, layers->versions[at].sector);
            write_u64(&block, layers->versions[at].write);
            write_bytes(&block, layers->versions[at].data, DISK_SECTOR_BYTES);
            if (++packed % LAYERS_BLOCK != 0 && packed < count)
                continue;
            pack_write(writer, block.data, block.size_bytes);
            block.size_bytes = 0;
        }
    writer_finish(&block);
}

bool layers_read(struct layers *layers, struct byte_reader *reader, struct error *error)
{
    uint8_t *block = memory_zeroed(LAYERS_BLOCK, LAYERS_ITEM_BYTES);
    uint32_t left = read_u32(reader);
    bool good = !reader->failed;
    while (good && left > 0) {
        uint32_t part = left < LAYERS_BLOCK ? left : LAYERS_BLOCK;
        good = pack_read(reader, block, part * LAYERS_ITEM_BYTES, error);
        for (uint32_t i = 0; good && i < part; i++) {
            const uint8_t *item = block + i * LAYERS_ITEM_BYTES;
            uint64_t sector = load_u64(item), write = load_u64(item + 8);
            good = sector < layers->store.sector_count && write != 0;
            if (good)
                version_put(layers, sector, write, item + 16);
        }
        left -= part;
    }
    free(block);
    return good || error_set(error, ERROR_FORMAT, "what is kept of a disk is damaged");
}

size_t layers_bytes(const struct layers *layers)
{
    return (layers->version_count - layers->free_count) * sizeof(struct version) +
           layers->slots * sizeof(*layers->table);
}

struct places {
    const struct layers_place *list;
    size_t count;
};

/* Is there a place from which it is seen: at or after its write, and before the one that covers it?
 */
static bool seen(const struct layers *layers, uint64_t newer, const struct version *version,
                 const void *argument)
{
    const struct places *places = argument;
    uint64_t present = layers->place.writes;
    if (version->write <= present && present < newer)
        return true;
    size_t low = 0, high = places->count; /* the first place not before the write */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places->list[middle].writes < version->write)
            low = middle + 1;
        else
            high = middle;
    }
    return low < places->count && places->list[low].writes < newer;
}

void layers_thin(struct layers *layers, const struct layers_place *places, size_t count)
{
    const struct places argument = {places, count};
    versions_filter(layers, seen, &argument);
}
