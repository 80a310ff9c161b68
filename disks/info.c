/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info.c - describes headers only: it reads no object, so that it works on a store with any damage
 * that leaves one header copy. Called by the disk command. */
#include "disks/info.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/stream.h"
#include "emulator/base/json.h"

static const char *const place_names[] = {"absent", "empty", "good", "bad"};

static void line(struct byte_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void line(struct byte_writer *writer, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    assert(length >= 0);
    write_bytes(writer, text, strlen(text));
    write_bytes(writer, "\n", 1);
}

static void store_id_text(const struct store *store, char text[33])
{
    for (unsigned i = 0; i < 16; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", store->volumes[0].header.store_id[i]);
}

/* The label, which the header check made sure is text. */
static void label_text(const struct store *store, char text[33])
{
    memcpy(text, store->volumes[0].header.label, 32);
    text[32] = '\0';
}

static uint64_t objects(const struct store *store, enum range_kind kind)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < store->range_count; i++)
        if (store->ranges[i].range.kind == kind && store->ranges[i].range.plex == 0)
            count += store->ranges[i].range.object_count;
    return count;
}

static void range_line(struct byte_writer *writer, const struct volume *volume, uint32_t index)
{
    const struct volume_range *range = &volume->header.ranges[index];
    const char *problem = volume_range_problem(volume, index);
    char what[80] = "";
    if (range_holds_objects(range->kind) || range->kind == RANGE_JOURNAL)
        (void)snprintf(what, sizeof(what), " plex %u  ids %" PRIu64 "..%" PRIu64, range->plex,
                       range->first_id,
                       (range->first_id + range->object_count - 1));
    else if (range->kind == RANGE_CKPT_AREA)
        (void)snprintf(what, sizeof(what), " %u plex %u  ids %" PRIu64 "..%" PRIu64,
                       AREA_ID_AREA(range->first_id), range->plex,
                       (uint64_t)AREA_ID_INDEX(range->first_id),
                       (uint64_t)AREA_ID_INDEX(range->first_id + range->object_count - 1));
    else if (range->kind == RANGE_STREAM)
        (void)snprintf(what, sizeof(what), " slots of %" PRIu64 " blocks", range->object_count);
    else if (range->kind != RANGE_SPARE)
        (void)snprintf(what, sizeof(what), " %" PRIu64 " plex %u", range->first_id,
                       range->plex);
    line(writer, "  blocks %8" PRIu64 "..%-8" PRIu64 " %s%s%s%s", range->start_block,
         (range->start_block + range->block_count - 1), range_kind_name(range->kind), what,
         problem ? "  UNUSABLE: " : "", problem ? problem : "");
}

static void volume_lines(struct byte_writer *writer, const struct volume *volume)
{
    const struct volume_header *header = &volume->header;
    char name[32] = "stream";
    if (header->disk_index != VOLUME_STREAM)
        (void)snprintf(name, sizeof(name), "volume %u of %u", header->disk_index,
                       header->disk_count);
    line(writer, "%s: %s, %" PRIu64 " blocks, header generation %" PRIu64, name, volume->path,
         header->block_count, header->generation);
    for (unsigned copy = 0; copy < VOLUME_COPIES; copy++)
        if (volume->copy_problem[copy])
            line(writer, "  header in %s: %s", copy ? "last block" : "block 0",
                 volume->copy_problem[copy]);
    for (uint32_t i = 0; i < header->range_count; i++)
        range_line(writer, volume, i);
}

static void place_line(struct byte_writer *writer, const struct store_place *place,
                       unsigned index, unsigned plex)
{
    const struct ckpt_header *header = &place->header;
    if (place->state != PLACE_GOOD) {
        line(writer, "checkpoint %u plex %u: %s", index, plex, place_names[place->state]);
        return;
    }
    line(writer,
         "checkpoint %u plex %u: generation %" PRIu64 " in area %u, migrated to %" PRIu64
         ", %" PRIu64 " directory entries,"
         " time %" PRIu64 " ns, restarts %" PRIu64 ", journal at %" PRIu64,
         index, plex, header->generation, header->area, header->migrated_generation,
         header->directory_entries, header->system_time_ns, header->restart_count,
         header->journal_block);
}

static void stream_lines(struct byte_writer *writer, const struct store *store)
{
    struct stream stream;
    struct error error;
    volume_lines(writer, &store->stream);
    if (stream_use(store, &stream, &error))
        line(writer, "  %" PRIu64 " slots, generations %" PRIu64 "..%" PRIu64, stream.slots,
             stream.oldest, stream.newest);
}

static void names_of_store(const struct store *store, struct names *names)
{
    *names = (struct names){.count = 0};
    for (unsigned i = 0; i < store->volume_count && names->count == 0; i++)
        volume_names(&store->volumes[i], names);
}

static void domain_lines(struct byte_writer *writer, const struct store *store)
{
    struct names names;
    names_of_store(store, &names);
    for (unsigned i = 0; i < names.count; i++)
        line(writer, "domain %" PRIu64 ": %s", names.entries[i].object_id, names.entries[i].name);
}

static void domains_json(cJSON *object, const struct store *store)
{
    struct names names;
    names_of_store(store, &names);
    cJSON *list = cJSON_AddArrayToObject(object, "domains");
    for (unsigned i = 0; i < names.count; i++) {
        cJSON *domain = cJSON_CreateObject();
        json_count_add(domain, "root", names.entries[i].object_id);
        cJSON_AddStringToObject(domain, "name", names.entries[i].name);
        cJSON_AddItemToArray(list, domain);
    }
}

void info_text(const struct store *store, struct byte_writer *writer)
{
    char id[33], label[33];
    assert(store->volume_count > 0);
    store_id_text(store, id);
    label_text(store, label);
    line(writer, "store %s, id %s, format %u", label, id, store->volumes[0].header.version);
    line(writer, "%" PRIu64 " nodes, %" PRIu64 " pages", objects(store, RANGE_NODES),
         objects(store, RANGE_PAGES));
    for (unsigned i = 0; i < STORE_PLACES * STORE_PLEXES; i++)
        place_line(writer, &store->places[i / STORE_PLEXES][i % STORE_PLEXES], i / STORE_PLEXES,
                   i % STORE_PLEXES);
    for (unsigned i = 0; i < store->volume_count; i++)
        volume_lines(writer, &store->volumes[i]);
    if (store->stream.path)
        stream_lines(writer, store);
    domain_lines(writer, store);
}

static void range_json(cJSON *ranges, const struct volume *volume, uint32_t index)
{
    const struct volume_range *range = &volume->header.ranges[index];
    const char *problem = volume_range_problem(volume, index);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "kind", range_kind_name(range->kind));
    json_count_add(object, "plex", range->plex);
    json_count_add(object, "first_id", range->first_id);
    json_count_add(object, "object_count", range->object_count);
    json_count_add(object, "start_block", range->start_block);
    json_count_add(object, "block_count", range->block_count);
    if (problem)
        cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddItemToArray(ranges, object);
}

static void volume_json(cJSON *volumes, const struct volume *volume)
{
    static const char *const names[VOLUME_COPIES] = {"header_problem", "header_copy_problem"};
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "path", volume->path);
    json_count_add(object, "index", volume->header.disk_index);
    json_count_add(object, "block_count", volume->header.block_count);
    json_count_add(object, "generation", volume->header.generation);
    for (unsigned copy = 0; copy < VOLUME_COPIES; copy++)
        if (volume->copy_problem[copy])
            cJSON_AddStringToObject(object, names[copy], volume->copy_problem[copy]);
    cJSON *ranges = cJSON_AddArrayToObject(object, "ranges");
    for (uint32_t i = 0; i < volume->header.range_count; i++)
        range_json(ranges, volume, i);
    cJSON_AddItemToArray(volumes, object);
}

static void place_json(cJSON *places, const struct store_place *place, unsigned index)
{
    cJSON *object = cJSON_CreateObject();
    json_count_add(object, "place", index / STORE_PLEXES);
    json_count_add(object, "plex", index % STORE_PLEXES);
    cJSON_AddStringToObject(object, "state", place_names[place->state]);
    if (place->state == PLACE_GOOD) {
        json_count_add(object, "generation", place->header.generation);
        json_count_add(object, "area", place->header.area);
        json_count_add(object, "migrated_generation", place->header.migrated_generation);
        json_count_add(object, "directory_entries", place->header.directory_entries);
        json_count_add(object, "system_time_ns", place->header.system_time_ns);
        json_count_add(object, "calendar_ns", place->header.calendar_ns);
        json_count_add(object, "restart_count", place->header.restart_count);
        json_count_add(object, "journal_block", place->header.journal_block);
        json_count_add(object, "journal_sequence", place->header.journal_sequence);
        json_count_add(object, "disks_in_step", (uint64_t)place->header.disks_in_step);
    }
    cJSON_AddItemToArray(places, object);
}

static void stream_json(cJSON *object, const struct store *store)
{
    struct stream stream;
    struct error error;
    cJSON *holder = cJSON_AddObjectToObject(object, "stream");
    cJSON_AddStringToObject(holder, "path", store->stream.path);
    if (!stream_use(store, &stream, &error))
        return;
    json_count_add(holder, "slots", stream.slots);
    json_count_add(holder, "oldest", stream.oldest);
    json_count_add(holder, "newest", stream.newest);
}

void info_json(const struct store *store, struct byte_writer *writer)
{
    char id[33], label[33];
    assert(store->volume_count > 0);
    store_id_text(store, id);
    label_text(store, label);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "label", label);
    cJSON_AddStringToObject(object, "store_id", id);
    json_count_add(object, "format", store->volumes[0].header.version);
    json_count_add(object, "volume_count", store->disk_count);
    json_count_add(object, "node_count", objects(store, RANGE_NODES));
    json_count_add(object, "page_count", objects(store, RANGE_PAGES));
    cJSON *places = cJSON_AddArrayToObject(object, "checkpoints");
    for (unsigned i = 0; i < STORE_PLACES * STORE_PLEXES; i++)
        place_json(places, &store->places[i / STORE_PLEXES][i % STORE_PLEXES], i);
    cJSON *volumes = cJSON_AddArrayToObject(object, "volumes");
    for (unsigned i = 0; i < store->volume_count; i++)
        volume_json(volumes, &store->volumes[i]);
    if (store->stream.path)
        stream_json(object, store);
    domains_json(object, store);
    char *text = json_text(object);
    write_bytes(writer, text, strlen(text));
    write_bytes(writer, "\n", 1);
    free(text);
}
