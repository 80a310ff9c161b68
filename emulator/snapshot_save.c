/* SPDX-License-Identifier: GPL-2.0-or-later */
/* snapshot_save.c - snapshots as bytes, and back; see snapshot.h. Called by timeline_file.c.
 *
 * Pages: u32 count, then of each u64 hash and its packed block (pack.h). A snapshot: u8 arrival,
 * u64 instructions, events, cycles; u32 bytes and the packed state as it is kept; then, packed, the
 * number of each page of RAM, by exclusive or with that of the snapshot before: what did not change
 * is zero, and takes no room.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/snapshot_state.h"

#define PAGE_PACKED_BYTES_MAX (PACK_HEADER_BYTES + PAGE_BYTES)

static bool damaged(struct error *error)
{
    return error_set(error, ERROR_FORMAT, "what is kept of the memory is damaged");
}

void snapshots_write(const struct snapshots *snapshots, const struct snapshot *const *list,
                     size_t list_count, struct byte_writer *writer, uint32_t **numbers)
{
    uint32_t count = 0;
    *numbers = memory_zeroed(snapshots->pool_count, sizeof(**numbers));
    for (size_t i = 0; i < list_count; i++)
        for (size_t page = 0; page < snapshots->page_count; page++)
            (*numbers)[list[i]->pages[page]] = 1;
    (*numbers)[0] = 0;
    for (size_t i = 1; i < snapshots->pool_count; i++)
        if ((*numbers)[i])
            (*numbers)[i] = ++count;
    write_u32(writer, count);
    for (size_t i = 1; i < snapshots->pool_count; i++) {
        const struct page *page = &snapshots->pool[i];
        if (!(*numbers)[i])
            continue;
        write_u64(writer, page->hash);
        write_bytes(writer, page->packed.data, page->packed.size_bytes);
    }
}

void snapshot_write(const struct snapshots *snapshots, const struct snapshot *snapshot,
                    const struct snapshot *before, const uint32_t *numbers,
                    struct byte_writer *writer)
{
    const struct machine_position *position = &snapshot->position;
    uint8_t *table = memory_zeroed(snapshots->page_count, sizeof(uint32_t));
    write_u8(writer, (uint8_t)position->arrival);
    write_u64(writer, position->instructions);
    write_u64(writer, position->events);
    write_u64(writer, position->cycles);
    write_u32(writer, (uint32_t)snapshot->state.size_bytes);
    write_bytes(writer, snapshot->state.data, snapshot->state.size_bytes);
    for (size_t i = 0; i < snapshots->page_count; i++)
        store_u32(table + i * sizeof(uint32_t),
                  numbers[snapshot->pages[i]] ^ (before ? numbers[before->pages[i]] : 0));
    pack_write(writer, table, snapshots->page_count * sizeof(uint32_t));
    free(table);
}

/* The bytes of the next packed block, which is whole. NULL: it is not, or too long. */
static const uint8_t *block_next(struct byte_reader *reader, size_t size_max, size_t *size_bytes)
{
    const uint8_t *block = reader->data + reader->offset;
    if (reader_left(reader) < PACK_HEADER_BYTES)
        return NULL;
    size_t packed = load_u32(block + sizeof(uint32_t));
    *size_bytes = PACK_HEADER_BYTES + packed;
    return packed <= size_max && *size_bytes <= reader_left(reader) ? block : NULL;
}

/* One page, unpacked to see that it is what it says. */
static bool page_read(struct snapshots *snapshots, struct byte_reader *reader, uint32_t *index,
                      struct error *error)
{
    uint8_t data[PAGE_BYTES];
    uint64_t hash = read_u64(reader);
    size_t size_bytes;
    const uint8_t *block = block_next(reader, PAGE_PACKED_BYTES_MAX, &size_bytes);
    if (!block || !pack_read(reader, data, sizeof(data), error) ||
        hash64(data, sizeof(data)) != hash)
        return damaged(error);
    *index = page_slot(snapshots);
    struct page *page = &snapshots->pool[*index];
    *page = (struct page){.hash = hash, .references = 1};
    write_bytes(&page->packed, block, size_bytes);
    snapshots->bytes += sizeof(*page) + page->packed.capacity_bytes;
    return true;
}

bool snapshots_read(struct snapshots *snapshots, struct byte_reader *reader,
                    struct snapshots_read *read, struct error *error)
{
    uint32_t count = read_u32(reader);
    *read = (struct snapshots_read){.count = 1};
    if (reader->failed || count > reader_left(reader) / PACK_HEADER_BYTES)
        return damaged(error);
    read->pages = memory_zeroed((size_t)count + 1, sizeof(*read->pages));
    for (; read->count <= count; read->count++)
        if (!page_read(snapshots, reader, &read->pages[read->count], error))
            return false;
    return true;
}

void snapshots_read_end(struct snapshots *snapshots, struct snapshots_read *read)
{
    for (size_t i = 1; read->pages && i < read->count; i++)
        page_release(snapshots, read->pages[i]);
    free(read->pages);
    *read = (struct snapshots_read){.pages = NULL};
}

static bool position_read(struct byte_reader *reader, struct machine_position *position)
{
    unsigned arrival = read_u8(reader);
    position->arrival = (enum machine_arrival)arrival;
    position->instructions = read_u64(reader);
    position->events = read_u64(reader);
    position->cycles = read_u64(reader);
    return !reader->failed && arrival < ARRIVAL_COUNT;
}

/* The table of a snapshot: numbers, which are checked, become pages of the pool. */
static bool table_read(struct snapshots *snapshots, const struct snapshots_read *read,
                       const struct snapshot *before, struct byte_reader *reader,
                       struct snapshot *snapshot, struct error *error)
{
    size_t size_bytes = snapshots->page_count * sizeof(uint32_t);
    uint8_t *table = memory_zeroed(snapshots->page_count, sizeof(uint32_t));
    uint32_t *numbers = memory_zeroed(snapshots->pool_count, sizeof(*numbers));
    bool good = pack_read(reader, table, size_bytes, error);
    for (size_t i = 1; before && i < read->count; i++)
        numbers[read->pages[i]] = (uint32_t)i;
    for (size_t i = 0; good && i < snapshots->page_count; i++) {
        uint32_t number = load_u32(table + i * sizeof(uint32_t)) ^
                          (before ? numbers[before->pages[i]] : 0);
        good = number < read->count;
        snapshot->pages[i] = good ? read->pages[number] : 0;
    }
    free(numbers);
    free(table);
    return good || damaged(error);
}

bool snapshot_read(struct snapshots *snapshots, const struct snapshots_read *read,
                   const struct snapshot *before, struct byte_reader *reader,
                   struct snapshot **out, struct error *error)
{
    struct snapshot *snapshot = memory_zeroed(
        1, sizeof(*snapshot) + snapshots->page_count * sizeof(snapshot->pages[0]));
    bool good = position_read(reader, &snapshot->position);
    size_t state_bytes = read_u32(reader);
    good = good && !reader->failed && state_bytes <= reader_left(reader) &&
           state_bytes >= sizeof(uint32_t);
    if (good) {
        write_bytes(&snapshot->state, reader->data + reader->offset, state_bytes);
        reader->offset += state_bytes;
    }
    if (!good || !table_read(snapshots, read, before, reader, snapshot, error)) {
        writer_finish(&snapshot->state);
        free(snapshot);
        return good ? false : damaged(error);
    }
    for (size_t i = 0; i < snapshots->page_count; i++)
        snapshots->pool[snapshot->pages[i]].references++;
    snapshots->bytes += snapshot->state.capacity_bytes +
                        snapshots->page_count * sizeof(snapshot->pages[0]);
    *out = snapshot;
    return true;
}
