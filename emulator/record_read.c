/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_read.c - see record_read.h; the bytes: record_format.h. Called by replay.c; calls pack.
 * What the entries say is checked in record_parse.c.
 *
 * Invariants
 *  1. No byte is used that no checksum covers, but to find the checksum.
 *  2. What is left out because the end is missing is only what is behind the last whole frame.
 */
#include "emulator/record_read.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "emulator/record_format.h"
#include "emulator/record_parse.h"

#define FRAME_BYTES_MIN (RECORD_FRAME_START_BYTES + PACK_HEADER_BYTES)
#define START_BYTES (RECORD_MAGIC_BYTES + 4u)

struct record_reader {
    struct record_parser parser;
    const char *name;
    struct byte_reader bytes;  /* the whole file */
    struct byte_writer index;  /* what the index must say */
    uint64_t raw_bytes;        /* unpacked so far */
    uint64_t index_offset;     /* of the tail; 0: there is none */
    uint32_t frames;
    struct error *error;
};

static bool damaged(struct record_reader *reader, const char *why)
{
    return error_set(reader->error, ERROR_FORMAT, "%.120s: frame %u at byte %zu: %s", reader->name,
                     reader->frames, reader->bytes.offset, why);
}

/* Is the file a whole one? Then index_offset is set, and the tail is not among the bytes. */
static void tail_read(struct record_reader *reader)
{
    struct byte_reader *bytes = &reader->bytes;
    if (bytes->size_bytes < START_BYTES + RECORD_TAIL_BYTES)
        return;
    const uint8_t *tail = bytes->data + bytes->size_bytes - RECORD_TAIL_BYTES;
    if (memcmp(tail, RECORD_TAIL_MAGIC, RECORD_MAGIC_BYTES) != 0 ||
        load_u64(tail + 16) != hash64(tail, 16))
        return;
    bytes->size_bytes -= RECORD_TAIL_BYTES;
    reader->index_offset = load_u64(tail + 8);
}

/* Are the bytes left the beginning of a frame, or of the tail, that was not written to its end? */
static bool half_written(const struct record_reader *reader)
{
    uint8_t magic[4];
    size_t left = reader_left(&reader->bytes);
    const uint8_t *at = reader->bytes.data + reader->bytes.offset;
    if (reader->index_offset != 0)
        return false;
    if (left < RECORD_TAIL_BYTES && memcmp(at, RECORD_TAIL_MAGIC, left < 8 ? left : 8) == 0)
        return true;
    store_u32(magic, RECORD_FRAME_MAGIC);
    if (memcmp(at, magic, left < 4 ? left : 4) != 0)
        return false;
    if (left < FRAME_BYTES_MIN)
        return true;
    at += RECORD_FRAME_START_BYTES;
    uint32_t raw_bytes = load_u32(at), packed_bytes = load_u32(at + 4);
    return raw_bytes <= RECORD_FRAME_BYTES_MAX && packed_bytes <= raw_bytes &&
           packed_bytes > left - FRAME_BYTES_MIN;
}

/* Unpack the next frame; the caller frees it. NULL: error is set. */
static uint8_t *frame_unpack(struct record_reader *reader, size_t *size_bytes)
{
    struct byte_reader at = reader->bytes;
    struct error why;
    if (reader_left(&at) < FRAME_BYTES_MIN || read_u32(&at) != RECORD_FRAME_MAGIC) {
        (void)damaged(reader, "no frame begins here");
        return NULL;
    }
    uint64_t expected = read_u64(&at);
    const uint8_t *packed = at.data + at.offset;
    uint32_t raw_bytes = load_u32(packed), packed_bytes = load_u32(packed + 4);
    if (packed_bytes > reader_left(&at) - PACK_HEADER_BYTES ||
        hash64(packed, packed_bytes + PACK_HEADER_BYTES) != expected) {
        (void)damaged(reader, "its checksum is wrong");
        return NULL;
    }
    if (raw_bytes > RECORD_FRAME_BYTES_MAX || raw_bytes < RECORD_FRAME_HEAD_BYTES ||
        reader->raw_bytes + raw_bytes > RECORD_RAW_BYTES_MAX) {
        (void)damaged(reader, "its length is out of range");
        return NULL;
    }
    uint8_t *raw = memory_must(malloc(raw_bytes));
    if (!pack_read(&at, raw, raw_bytes, &why)) {
        (void)damaged(reader, why.text);
        free(raw);
        return NULL;
    }
    reader->bytes.offset = at.offset;
    reader->raw_bytes += raw_bytes;
    *size_bytes = raw_bytes;
    return raw;
}

/* The index must say what was found. */
static bool index_check(struct record_reader *reader, struct byte_reader *content)
{
    size_t size_bytes = reader->index.size_bytes;
    return read_u32(content) == reader->frames && reader_left(content) == size_bytes &&
           (size_bytes == 0 ||
            memcmp(content->data + content->offset, reader->index.data, size_bytes) == 0);
}

static void index_extend(struct record_reader *reader, uint64_t offset, uint32_t kind)
{
    if (reader->frames >= RECORD_INDEX_FRAMES_MAX)
        return;
    write_u64(&reader->index, offset);
    write_u32(&reader->index, kind);
    write_u64(&reader->index, reader->parser.last.instructions);
}

/* Take the next frame. last: out, it was the index. */
static bool frame_read(struct record_reader *reader, bool *last)
{
    size_t size_bytes = 0;
    uint64_t offset = reader->bytes.offset;
    uint8_t *raw = frame_unpack(reader, &size_bytes);
    if (!raw)
        return false;
    struct byte_reader content;
    reader_init(&content, raw, size_bytes);
    uint32_t kind = read_u32(&content), number = read_u32(&content);
    *last = kind == RECORD_FRAME_INDEX;
    bool good = number == reader->frames && (kind == RECORD_FRAME_HEAD) == (number == 0);
    if (good && *last)
        good = index_check(reader, &content);
    else if (good)
        good = record_parse(&reader->parser, kind, &content);
    free(raw);
    if (!good) {
        reader->bytes.offset = offset;
        return damaged(reader, "it says what cannot be");
    }
    if (!*last)
        index_extend(reader, offset, kind);
    reader->frames++;
    return true;
}

static bool frames_read(struct record_reader *reader)
{
    bool last = false;
    while (reader_left(&reader->bytes) > 0 && !half_written(reader)) {
        uint64_t offset = reader->bytes.offset;
        if (last)
            return damaged(reader, "it is behind the last");
        if (!frame_read(reader, &last))
            return false;
        if (last && reader->index_offset != 0 && reader->index_offset != offset)
            return damaged(reader, "the end does not belong to this trace");
    }
    if (reader->index_offset != 0 && !last)
        return damaged(reader, "the end does not belong to this trace");
    if (reader->frames == 0)
        return damaged(reader, "the trace ends before its head");
    return true;
}

bool record_read(struct record *record, const char *name, const uint8_t *data, size_t size_bytes,
                 struct error *error)
{
    struct record_reader reader = {.parser.record = record, .name = name, .error = error};
    uint8_t magic[RECORD_MAGIC_BYTES];
    record_init(record);
    if (size_bytes == 0)
        return error_set(error, ERROR_FORMAT, "%.150s: not a trace: it is empty", name);
    reader_init(&reader.bytes, data, size_bytes);
    read_bytes(&reader.bytes, magic, sizeof(magic));
    uint32_t version = read_u32(&reader.bytes);
    if (reader.bytes.failed || memcmp(magic, RECORD_MAGIC, sizeof(magic)) != 0)
        return error_set(error, ERROR_FORMAT, "%.150s: not a trace", name);
    if (version != RECORD_VERSION)
        return error_set(error, ERROR_FORMAT, "%.150s: a trace of format %u; this is format %u",
                         name, version, RECORD_VERSION);
    tail_read(&reader);
    bool good = frames_read(&reader);
    writer_finish(&reader.index);
    record->complete = good && reader.parser.ended;
    return good;
}

bool record_read_file(struct record *record, const char *path, struct error *error)
{
    uint8_t *data;
    size_t size_bytes;
    record_init(record);
    if (!input_read(path, RECORD_FILE_BYTES_MAX, &data, &size_bytes, error))
        return false;
    bool good = record_read(record, path, data, size_bytes, error);
    free(data);
    return good;
}
