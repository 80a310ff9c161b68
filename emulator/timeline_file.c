/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timeline_file.c - see timeline_file.h. Calls timeline_keep, snapshot, layers. */
#include "emulator/timeline_file.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/cpu.h"
#include "emulator/record_identity.h"
#include "emulator/timeline_state.h"
#include "emulator/version.h"

#define MAGIC_BYTES 8u
#define END_BYTES 16u /* the digest of all */

static void digest_write(struct byte_writer *writer, struct digest digest)
{
    write_u64(writer, digest.low);
    write_u64(writer, digest.high);
}

static struct digest digest_read(struct byte_reader *reader)
{
    uint64_t low = read_u64(reader);
    return (struct digest){.low = low, .high = read_u64(reader)};
}

/* --- write --- */

static void kept_write(const struct timeline *timeline, size_t index, const uint32_t *numbers,
                       struct byte_writer *writer)
{
    const struct kept *kept = &timeline->kept[index];
    write_u64(writer, kept->entry);
    for (unsigned i = 0; i < timeline->config.disk_count; i++) {
        write_u64(writer, kept->places[i].writes);
        write_u64(writer, kept->places[i].operations);
    }
    snapshot_write(timeline->snapshots, kept->snapshot,
                   index > 1 ? timeline->kept[index - 1].snapshot : NULL, numbers, writer);
}

static void pages_write(const struct timeline *timeline, struct byte_writer *writer,
                        uint32_t **numbers)
{
    size_t count = timeline->kept_count - 1;
    const struct snapshot **list = memory_zeroed(count + 1, sizeof(*list));
    for (size_t i = 0; i < count; i++)
        list[i] = timeline->kept[i + 1].snapshot;
    snapshots_write(timeline->snapshots, list, count, writer, numbers);
    free(list);
}

bool timeline_file_write(const struct timeline *timeline, struct digest trace, const char *path,
                         struct error *error)
{
    uint32_t *numbers;
    struct byte_writer writer = {0};
    write_bytes(&writer, TIMELINE_FILE_MAGIC, MAGIC_BYTES);
    write_u32(&writer, TIMELINE_FILE_VERSION);
    write_string(&writer, LATCHKEY_VERSION);
    digest_write(&writer, record_program_digest());
    digest_write(&writer, trace);
    write_u32(&writer, cpu_facts(machine_cpu(timeline->machine)).engine_version);
    pages_write(timeline, &writer, &numbers);
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        layers_write(timeline->config.layers[i], &writer);
    write_u32(&writer, (uint32_t)(timeline->kept_count - 1));
    for (size_t i = 1; i < timeline->kept_count; i++)
        kept_write(timeline, i, numbers, &writer);
    digest_write(&writer, record_bytes_digest(writer.data, writer.size_bytes));
    bool good = output_write(path, writer.data, writer.size_bytes, error);
    free(numbers);
    writer_finish(&writer);
    return good;
}

/* --- read --- */

static bool head_read(const struct timeline *timeline, struct digest trace,
                      struct byte_reader *reader, const char *path, struct error *error)
{
    char magic[MAGIC_BYTES], version[RECORD_TEXT_BYTES];
    read_bytes(reader, magic, sizeof(magic));
    if (reader->failed || memcmp(magic, TIMELINE_FILE_MAGIC, sizeof(magic)) != 0)
        return error_set(error, ERROR_FORMAT, "%.150s: not a file of snapshots", path);
    uint32_t format = read_u32(reader);
    read_string(reader, version, sizeof(version));
    struct digest program = digest_read(reader), of = digest_read(reader);
    uint32_t engine = read_u32(reader);
    if (reader->failed || format != TIMELINE_FILE_VERSION || strcmp(version, LATCHKEY_VERSION) != 0)
        return error_set(error, ERROR_FORMAT, "%.150s: snapshots of another version", path);
    if (!digest_equal(program, record_program_digest()) ||
        engine != cpu_facts(machine_cpu(timeline->machine)).engine_version)
        return error_set(error, ERROR_FORMAT,
                         "%.150s: snapshots that another build of the program took", path);
    return digest_equal(of, trace) ||
           error_set(error, ERROR_FORMAT, "%.150s: snapshots of another trace", path);
}

/* Does it come after the one before, and within the record? */
static bool kept_fits(const struct timeline *timeline, const struct kept *kept)
{
    const struct kept *before = &timeline->kept[timeline->kept_count - 1];
    bool fits = kept->entry >= before->entry && kept->entry <= timeline->record->entry_count &&
                kept->position.instructions > before->position.instructions &&
                kept->position.cycles >= before->position.cycles &&
                kept->position.events >= before->position.events &&
                kept->position.instructions <= record_last(timeline->record).instructions;
    for (unsigned i = 0; i < timeline->config.disk_count; i++)
        fits = fits && kept->places[i].writes >= before->places[i].writes &&
               kept->places[i].operations >= before->places[i].operations;
    return fits;
}

static bool kept_read(struct timeline *timeline, const struct snapshots_read *read,
                      struct byte_reader *reader, struct error *error)
{
    struct kept kept = {.entry = read_u64(reader)};
    size_t last = timeline->kept_count - 1;
    for (unsigned i = 0; i < timeline->config.disk_count; i++) {
        kept.places[i].writes = read_u64(reader);
        kept.places[i].operations = read_u64(reader);
    }
    if (!snapshot_read(timeline->snapshots, read, last > 0 ? timeline->kept[last].snapshot : NULL,
                       reader, &kept.snapshot, error))
        return false;
    kept.position = snapshot_position(kept.snapshot);
    if (!kept_fits(timeline, &kept)) {
        snapshot_drop(timeline->snapshots, kept.snapshot);
        return error_set(error, ERROR_FORMAT, "a snapshot lies where the run never was");
    }
    keep_append(timeline, &kept);
    return true;
}

static bool parts_read(struct timeline *timeline, struct byte_reader *reader, struct error *error)
{
    struct snapshots_read read;
    bool good = snapshots_read(timeline->snapshots, reader, &read, error);
    for (unsigned i = 0; i < timeline->config.disk_count && good; i++)
        good = layers_read(timeline->config.layers[i], reader, error);
    uint32_t count = read_u32(reader);
    for (uint32_t i = 0; i < count && good; i++)
        good = kept_read(timeline, &read, reader, error);
    snapshots_read_end(timeline->snapshots, &read);
    if (good && (reader->failed || reader_left(reader) > 0))
        good = error_set(error, ERROR_FORMAT, "it is longer or shorter than it says");
    return good;
}

bool timeline_file_read(struct timeline *timeline, struct digest trace, const char *path,
                        struct error *error)
{
    uint8_t *data;
    size_t size_bytes;
    struct byte_reader reader, end;
    struct error why;
    assert(timeline->kept_count == 1);
    assert(timeline->entry == 0);
    if (!input_read(path, TIMELINE_FILE_BYTES_MAX, &data, &size_bytes, error))
        return false;
    size_t body = size_bytes < END_BYTES ? 0 : size_bytes - END_BYTES;
    reader_init(&reader, data, body);
    reader_init(&end, data + body, size_bytes - body);
    bool good = head_read(timeline, trace, &reader, path, error);
    if (good && !digest_equal(digest_read(&end), record_bytes_digest(data, body)))
        good = error_set(error, ERROR_FORMAT, "%.150s: damaged", path);
    else if (good && !parts_read(timeline, &reader, &why))
        good = error_set(error, ERROR_FORMAT, "%.150s: damaged: %.80s", path, why.text);
    free(data);
    if (good)
        keep_budget(timeline);
    return good;
}
