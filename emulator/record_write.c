/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_write.c - see record_write.h; the bytes: record_format.h. Called by recorder.c and
 * replay.c; calls pack.
 *
 * Invariants
 *  1. The first write that the host refuses is the last that is tried: the file ends with it.
 */
#include "emulator/record_write.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/record_format.h"

#define LOG_BYTES 32768u /* a frame of entries is written when it has so many */
#define DISK_CLUSTERS 128u /* a frame of clusters holds at most so many */

struct record_writer {
    int descriptor;
    char path[RECORD_TEXT_BYTES];
    struct byte_writer log;   /* raw bytes of the next LOG frame; empty: none begun */
    struct byte_writer index; /* of the frames so far */
    uint32_t frames;
    uint64_t offset, instructions;
    struct error error; /* why writing stopped; code ERROR_NONE: it did not */
};

static void bytes_out(struct record_writer *writer, const void *data, size_t size_bytes)
{
    for (const uint8_t *from = data; size_bytes > 0 && writer->error.code == ERROR_NONE;) {
        ssize_t part = write(writer->descriptor, from, size_bytes);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0) {
            (void)error_set(&writer->error, ERROR_IO, "%.150s: the trace cannot be written: %s",
                            writer->path, strerror(errno));
            return;
        }
        from += part;
        size_bytes -= (size_t)part;
        writer->offset += (uint64_t)part;
    }
}

static void frame_begin(struct record_writer *writer, struct byte_writer *raw,
                        enum record_frame kind)
{
    assert(raw->size_bytes == 0);
    write_u32(raw, kind);
    write_u32(raw, writer->frames);
}

/* Write the frame, and free its bytes. */
static void frame_end(struct record_writer *writer, struct byte_writer *raw)
{
    struct byte_writer packed = {0}, start = {0};
    assert(raw->size_bytes <= RECORD_FRAME_BYTES_MAX);
    assert(load_u32(raw->data + 4) == writer->frames);
    if (writer->frames < RECORD_INDEX_FRAMES_MAX) {
        write_u64(&writer->index, writer->offset);
        write_u32(&writer->index, load_u32(raw->data));
        write_u64(&writer->index, writer->instructions);
    }
    writer->frames++;
    pack_write(&packed, raw->data, raw->size_bytes);
    write_u32(&start, RECORD_FRAME_MAGIC);
    write_u64(&start, hash64(packed.data, packed.size_bytes));
    write_bytes(&start, packed.data, packed.size_bytes); /* one write, whole or not at all */
    bytes_out(writer, start.data, start.size_bytes);
    writer_finish(&start);
    writer_finish(&packed);
    writer_finish(raw);
}

static void digest_write(struct byte_writer *raw, struct digest digest)
{
    write_u64(raw, digest.low);
    write_u64(raw, digest.high);
}

static void fault_write(struct byte_writer *raw, const struct machine_fault *fault)
{
    write_u8(raw, (uint8_t)fault->disk);
    write_u8(raw, (uint8_t)fault->fault.kind);
    write_u64(raw, fault->fault.time_ns);
    write_u64(raw, fault->fault.sector);
    write_u64(raw, fault->fault.argument);
}

static void disk_write(struct byte_writer *raw, const struct record_disk *disk)
{
    write_string(raw, disk->path);
    write_string(raw, disk->overlay);
    write_u8(raw, (uint8_t)disk->timing);
    write_u8(raw, disk->write_through);
    write_u8(raw, disk->read_only);
    write_u64(raw, disk->sector_count);
    digest_write(raw, disk->digest);
}

static void head_write(struct byte_writer *raw, const struct record_head *head)
{
    write_string(raw, head->version);
    write_u32(raw, head->engine_version);
    digest_write(raw, head->program);
    write_string(raw, head->kernel_path);
    digest_write(raw, head->kernel);
    write_string(raw, head->initrd_path);
    digest_write(raw, head->initrd);
    write_u8(raw, head->append != NULL);
    write_string(raw, head->append ? head->append : "");
    write_u64(raw, head->ram_bytes);
    write_u64(raw, head->seed);
    write_u64(raw, head->clock_hz);
    write_u32(raw, head->display_width);
    write_u32(raw, head->display_height);
    write_u8(raw, head->amnesia);
    write_u8(raw, (uint8_t)(head->check | (unsigned)head->timing << 1));
    write_u64(raw, head->mark_spacing);
    write_u64(raw, head->glance_spacing);
    write_u8(raw, (uint8_t)head->disk_count);
    for (unsigned i = 0; i < head->disk_count; i++)
        disk_write(raw, &head->disks[i]);
    write_u32(raw, head->fault_count);
    for (unsigned i = 0; i < head->fault_count; i++)
        fault_write(raw, &head->faults[i]);
}

bool record_writer_open(struct record_writer **out, const char *path,
                        const struct record_head *head, struct error *error)
{
    *out = NULL;
    bool made;
    int descriptor =
        output_open(path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666, &made);
    if (descriptor < 0)
        return error_set(error, ERROR_IO, "%.150s: %s", path, strerror(errno));
    struct record_writer *writer = memory_zeroed(1, sizeof(*writer));
    struct byte_writer raw = {0};
    writer->descriptor = descriptor;
    (void)strncpy(writer->path, path, sizeof(writer->path) - 1);
    bytes_out(writer, RECORD_MAGIC, RECORD_MAGIC_BYTES);
    write_u32(&raw, RECORD_VERSION);
    bytes_out(writer, raw.data, raw.size_bytes);
    writer_finish(&raw);
    frame_begin(writer, &raw, RECORD_FRAME_HEAD);
    head_write(&raw, head);
    frame_end(writer, &raw);
    if (writer->error.code == ERROR_NONE) {
        *out = writer;
        return true;
    }
    (void)!record_writer_close(writer, error);
    if (made)
        (void)unlink(path);
    return false;
}

static void entry_write(struct byte_writer *raw, const struct record_entry *entry,
                        const uint64_t *hashes, uint32_t parts)
{
    write_u8(raw, (uint8_t)entry->kind);
    switch (entry->kind) {
    case RECORD_RUN:
        write_u8(raw, (uint8_t)entry->run.arrival);
        write_u64(raw, entry->run.instructions);
        write_u64(raw, entry->run.events);
        write_u64(raw, entry->run.cycles);
        return;
    case RECORD_INPUT:
        write_u64(raw, entry->input.time_ns);
        write_u8(raw, (uint8_t)entry->input.kind);
        write_u16(raw, entry->input.code);
        write_u32(raw, (uint32_t)entry->input.x);
        write_u32(raw, (uint32_t)entry->input.y);
        write_u8(raw, entry->input.down);
        return;
    case RECORD_CUT:
        write_u8(raw, (uint8_t)entry->cut.policy);
        write_u64(raw, entry->cut.seed);
        return;
    case RECORD_FAULT:
        fault_write(raw, &entry->fault);
        return;
    case RECORD_REPAIR:
        write_u8(raw, (uint8_t)entry->disk);
        return;
    case RECORD_REFUSED:
        write_u8(raw, (uint8_t)entry->refused.disk);
        write_u64(raw, entry->refused.operation);
        return;
    case RECORD_GLANCE:
        write_u64(raw, entry->glance);
        return;
    case RECORD_MARK:
        for (uint32_t i = 0; i < parts; i++)
            write_u64(raw, hashes[i]);
        return;
    case RECORD_RESET:
    case RECORD_FLUSH:
    case RECORD_END:
    case RECORD_KIND_COUNT:
        return;
    }
}

void record_writer_entry(struct record_writer *writer, const struct record_entry *entry,
                         const uint64_t *hashes, uint32_t parts)
{
    if (writer->log.size_bytes == 0)
        frame_begin(writer, &writer->log, RECORD_FRAME_LOG);
    entry_write(&writer->log, entry, hashes, parts);
    if (entry->kind == RECORD_RUN)
        writer->instructions = entry->run.instructions;
    if (entry->kind == RECORD_MARK || entry->kind == RECORD_CUT || entry->kind == RECORD_REFUSED ||
        writer->log.size_bytes >= LOG_BYTES)
        record_writer_flush(writer);
}

void record_writer_flush(struct record_writer *writer)
{
    if (writer->log.size_bytes > 0)
        frame_end(writer, &writer->log);
}

void record_writer_clusters(struct record_writer *writer, unsigned disk, uint64_t index,
                            const uint8_t *data, size_t count)
{
    record_writer_flush(writer); /* frames are numbered as they begin */
    for (size_t done = 0; done < count;) {
        struct byte_writer raw = {0};
        frame_begin(writer, &raw, RECORD_FRAME_DISK);
        for (size_t i = 0; i < DISK_CLUSTERS && done < count; i++, done++) {
            write_u8(&raw, (uint8_t)disk);
            write_u64(&raw, index + done);
            write_bytes(&raw, data + done * RECORD_CLUSTER_BYTES, RECORD_CLUSTER_BYTES);
        }
        frame_end(writer, &raw);
    }
}

void record_writer_bundle(struct record_writer *writer)
{
    struct byte_writer raw = {0};
    record_writer_flush(writer);
    frame_begin(writer, &raw, RECORD_FRAME_BUNDLE);
    frame_end(writer, &raw);
}

void record_writer_file(struct record_writer *writer, unsigned which,
                        const struct record_file *file)
{
    const size_t part_max = RECORD_FRAME_BYTES_MAX / 2;
    record_writer_flush(writer);
    for (size_t offset = 0; offset < file->size_bytes; offset += part_max) {
        struct byte_writer raw = {0};
        size_t left = file->size_bytes - offset;
        frame_begin(writer, &raw, RECORD_FRAME_FILE);
        write_u8(&raw, (uint8_t)which);
        write_u64(&raw, file->size_bytes);
        write_u64(&raw, offset);
        write_bytes(&raw, file->data + offset, left < part_max ? left : part_max);
        frame_end(writer, &raw);
    }
}

static void end_write(struct record_writer *writer)
{
    struct byte_writer raw = {0};
    record_writer_flush(writer);
    uint64_t offset = writer->offset;
    frame_begin(writer, &raw, RECORD_FRAME_INDEX);
    write_u32(&raw, writer->frames);
    write_bytes(&raw, writer->index.data, writer->index.size_bytes);
    frame_end(writer, &raw);
    write_bytes(&raw, RECORD_TAIL_MAGIC, RECORD_MAGIC_BYTES);
    write_u64(&raw, offset);
    write_u64(&raw, hash64(raw.data, raw.size_bytes));
    bytes_out(writer, raw.data, raw.size_bytes);
    writer_finish(&raw);
}

bool record_writer_close(struct record_writer *writer, struct error *error)
{
    end_write(writer);
    if (close(writer->descriptor) != 0 && writer->error.code == ERROR_NONE)
        (void)error_set(&writer->error, ERROR_IO, "%.150s: the trace cannot be written: %s",
                        writer->path, strerror(errno));
    bool good = writer->error.code == ERROR_NONE;
    if (!good)
        *error = writer->error;
    writer_finish(&writer->log);
    writer_finish(&writer->index);
    free(writer);
    return good;
}
