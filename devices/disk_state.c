/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_state.c - a disk to bytes and back: everything but the media.
 *
 * Called by virtio_block.c (disk_save, disk_load, disk_pending_tags); calls disk_cache.c and
 * base/bytes.c.
 *
 * Invariants
 *  1. save, load, save gives equal bytes.
 *  2. load takes only what disk.c could have brought about, as far as memory safety depends on it;
 *     else it fails the reader and leaves no request in flight.
 */
#include "devices/disk_state.h"

#include <assert.h>

uint64_t disk_pending_tags(const struct disk *disk)
{
    uint64_t tags = 0;
    assert(disk->pending_count <= DISK_PENDING_MAX);
    for (uint32_t index = 0; index < disk->pending_count; index++) {
        uint32_t tag = disk->pending[index].request.tag;
        tags = tag < 64 ? tags | (uint64_t)1 << tag : UINT64_MAX;
    }
    return tags;
}

static void counters_save(const struct disk_counters *counters, struct byte_writer *writer)
{
    write_u64(writer, counters->read_requests);
    write_u64(writer, counters->write_requests);
    write_u64(writer, counters->flush_requests);
    write_u64(writer, counters->read_bytes);
    write_u64(writer, counters->write_bytes);
    write_u64(writer, counters->errors);
    write_u64(writer, counters->busy_ns);
    write_u64(writer, counters->seek_ns);
    write_u64(writer, counters->transfer_ns);
    write_u64(writer, counters->queue_depth_max);
}

static void counters_load(struct disk_counters *counters, struct byte_reader *reader)
{
    counters->read_requests = read_u64(reader);
    counters->write_requests = read_u64(reader);
    counters->flush_requests = read_u64(reader);
    counters->read_bytes = read_u64(reader);
    counters->write_bytes = read_u64(reader);
    counters->errors = read_u64(reader);
    counters->busy_ns = read_u64(reader);
    counters->seek_ns = read_u64(reader);
    counters->transfer_ns = read_u64(reader);
    counters->queue_depth_max = read_u64(reader);
}

void disk_save(const struct disk *disk, struct byte_writer *writer)
{
    assert(!disk->advancing);
    disk_cache_save(&disk->cache, writer);
    write_u64(writer, disk->free_ns);
    write_u64(writer, disk->random);
    write_u64(writer, disk->mechanism.phase_ns);
    write_u64(writer, disk->mechanism.head_sector);
    write_u64(writer, disk->mechanism.ahead_sector);
    write_u64(writer, disk->mechanism.ahead_ns);
    counters_save(&disk->counters, writer);
    write_u32(writer, disk->pending_count);
    for (uint32_t index = 0; index < disk->pending_count; index++) {
        const struct disk_pending *pending = &disk->pending[index];
        write_u8(writer, (uint8_t)pending->request.op);
        write_u8(writer, pending->request.durable);
        write_u32(writer, pending->request.tag);
        write_u64(writer, pending->request.sector);
        write_u32(writer, pending->request.sector_count);
        write_u64(writer, pending->arrival_ns);
        write_u8(writer, pending->serving);
        write_u64(writer, pending->finish_ns);
        write_u8(writer, pending->failed);
        write_u64(writer, pending->order_first);
        write_u64(writer, pending->order_end);
    }
    disk_faults_save(&disk->faults, writer);
}

static bool flag_load(struct byte_reader *reader)
{
    uint8_t value = read_u8(reader);
    if (value > 1)
        reader_fail(reader);
    return value == 1;
}

static void pending_load(const struct disk *disk, struct disk_pending *pending,
                         struct byte_reader *reader)
{
    uint8_t op = read_u8(reader);
    if (op > DISK_FLUSH)
        reader_fail(reader);
    pending->request.op = op == DISK_READ ? DISK_READ : op == DISK_WRITE ? DISK_WRITE : DISK_FLUSH;
    pending->request.durable = flag_load(reader);
    pending->request.tag = read_u32(reader);
    pending->request.sector = read_u64(reader);
    pending->request.sector_count = read_u32(reader);
    pending->arrival_ns = read_u64(reader);
    pending->serving = flag_load(reader);
    pending->finish_ns = read_u64(reader);
    pending->failed = flag_load(reader);
    pending->order_first = read_u64(reader);
    pending->order_end = read_u64(reader);
    /* What is being served has passed the test, or is marked as failed. */
    if (pending->serving && !pending->failed && !disk_request_is_valid(disk, &pending->request))
        reader_fail(reader);
}

/* Count what is served, and refuse what pending_begin() cannot have brought about. */
static void serving_load(struct disk *disk, struct byte_reader *reader)
{
    bool flush = false;
    disk->serving_count = 0;
    for (uint32_t index = 0; index < disk->pending_count; index++) {
        const struct disk_pending *pending = &disk->pending[index];
        disk->serving_count += pending->serving;
        flush = flush || (pending->serving && pending->request.op == DISK_FLUSH);
        for (uint32_t other = 0; other < index; other++)
            if (disk->pending[other].request.tag == pending->request.tag)
                reader_fail(reader);
    }
    disk->flushing = flush;
    if (disk->serving_count > disk_timing_channels(disk->config.timing) ||
        (flush && disk->serving_count > 1))
        reader_fail(reader);
}

void disk_load(struct disk *disk, struct byte_reader *reader)
{
    assert(!disk->advancing);
    disk_cancel(disk);
    disk_cache_load(&disk->cache, disk->config.store->sector_count, reader);
    disk->free_ns = read_u64(reader);
    disk->random = read_u64(reader);
    disk->mechanism.phase_ns = read_u64(reader);
    disk->mechanism.head_sector = read_u64(reader);
    disk->mechanism.ahead_sector = read_u64(reader);
    disk->mechanism.ahead_ns = read_u64(reader);
    counters_load(&disk->counters, reader);
    uint32_t pending_count = read_u32(reader);
    if (pending_count > DISK_PENDING_MAX)
        reader_fail(reader);
    for (uint32_t index = 0; index < pending_count && !reader->failed; index++)
        pending_load(disk, &disk->pending[index], reader);
    if (reader->failed)
        return;
    disk->pending_count = pending_count;
    serving_load(disk, reader);
    disk_faults_load(&disk->faults, disk->config.store->sector_count, reader);
    if (reader->failed)
        disk_cancel(disk);
}
