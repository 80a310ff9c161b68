/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bytes.c - the bounded little-endian serializer. Called by every save, load and file format on the
 * host side; calls libc.
 *
 * Invariants
 *  1. offset <= size_bytes in a reader; once failed it stays failed and hands out zeros.
 *  2. size_bytes <= capacity_bytes in a writer.
 */
#include "emulator/base/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the host is little-endian");

uint16_t load_u16(const void *source)
{
    uint16_t value;
    memcpy(&value, source, sizeof(value));
    return value;
}

uint32_t load_u32(const void *source)
{
    uint32_t value;
    memcpy(&value, source, sizeof(value));
    return value;
}

uint64_t load_u64(const void *source)
{
    uint64_t value;
    memcpy(&value, source, sizeof(value));
    return value;
}

void store_u16(void *target, uint16_t value)
{
    memcpy(target, &value, sizeof(value));
}

void store_u32(void *target, uint32_t value)
{
    memcpy(target, &value, sizeof(value));
}

void store_u64(void *target, uint64_t value)
{
    memcpy(target, &value, sizeof(value));
}

void writer_finish(struct byte_writer *writer)
{
    free(writer->data);
    *writer = (struct byte_writer){0};
}

/* Room for size_bytes more; returns where they go. */
static uint8_t *writer_reserve(struct byte_writer *writer, size_t size_bytes)
{
    assert(writer->size_bytes <= writer->capacity_bytes);
    assert(size_bytes <= SIZE_MAX / 4 - writer->size_bytes);
    size_t needed = writer->size_bytes + size_bytes;
    if (needed > writer->capacity_bytes) {
        size_t capacity = writer->capacity_bytes ? writer->capacity_bytes : 256;
        while (capacity < needed)
            capacity *= 2;
        writer->data = memory_must(realloc(writer->data, capacity));
        writer->capacity_bytes = capacity;
    }
    uint8_t *target = writer->data + writer->size_bytes;
    writer->size_bytes = needed;
    return target;
}

void write_bytes(struct byte_writer *writer, const void *source, size_t size_bytes)
{
    if (size_bytes == 0)
        return;
    memcpy(writer_reserve(writer, size_bytes), source, size_bytes);
}

void write_u8(struct byte_writer *writer, uint8_t value)
{
    *writer_reserve(writer, sizeof(value)) = value;
}

void write_u16(struct byte_writer *writer, uint16_t value)
{
    store_u16(writer_reserve(writer, sizeof(value)), value);
}

void write_u32(struct byte_writer *writer, uint32_t value)
{
    store_u32(writer_reserve(writer, sizeof(value)), value);
}

void write_u64(struct byte_writer *writer, uint64_t value)
{
    store_u64(writer_reserve(writer, sizeof(value)), value);
}

void write_string(struct byte_writer *writer, const char *text)
{
    size_t size_bytes = strlen(text);
    assert(size_bytes <= UINT32_MAX);
    write_u32(writer, (uint32_t)size_bytes);
    write_bytes(writer, text, size_bytes);
}

void reader_init(struct byte_reader *reader, const void *data, size_t size_bytes)
{
    assert(data || size_bytes == 0);
    *reader = (struct byte_reader){.data = data, .size_bytes = size_bytes};
}

void reader_fail(struct byte_reader *reader)
{
    reader->failed = true;
}

size_t reader_left(const struct byte_reader *reader)
{
    assert(reader->offset <= reader->size_bytes);
    return reader->failed ? 0 : reader->size_bytes - reader->offset;
}

void read_bytes(struct byte_reader *reader, void *target, size_t size_bytes)
{
    if (size_bytes == 0)
        return;
    if (size_bytes > reader_left(reader)) {
        reader->failed = true;
        memset(target, 0, size_bytes);
        return;
    }
    memcpy(target, reader->data + reader->offset, size_bytes);
    reader->offset += size_bytes;
}

uint8_t read_u8(struct byte_reader *reader)
{
    uint8_t value;
    read_bytes(reader, &value, sizeof(value));
    return value;
}

uint16_t read_u16(struct byte_reader *reader)
{
    uint8_t bytes[2];
    read_bytes(reader, bytes, sizeof(bytes));
    return load_u16(bytes);
}

uint32_t read_u32(struct byte_reader *reader)
{
    uint8_t bytes[4];
    read_bytes(reader, bytes, sizeof(bytes));
    return load_u32(bytes);
}

uint64_t read_u64(struct byte_reader *reader)
{
    uint8_t bytes[8];
    read_bytes(reader, bytes, sizeof(bytes));
    return load_u64(bytes);
}

void read_string(struct byte_reader *reader, char *target, size_t size_bytes)
{
    assert(size_bytes > 0);
    uint32_t length = read_u32(reader);
    if (length >= size_bytes) {
        reader->failed = true;
        length = 0;
    }
    read_bytes(reader, target, length);
    target[length] = '\0';
}
