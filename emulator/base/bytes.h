/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bytes.h - bounded little-endian readers and writers: the only serializer of the host side.
 *
 * A writer grows its own buffer; a reader never runs past its end: after the first short read it is
 * failed, returns zeros, and stays failed, so that callers check once at the end.
 */
#ifndef LATCHKEY_BASE_BYTES_H
#define LATCHKEY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byte_writer {
    uint8_t *data; /* owned; NULL until the first write */
    size_t size_bytes;
    size_t capacity_bytes;
};

struct byte_reader {
    const uint8_t *data; /* borrowed */
    size_t size_bytes;
    size_t offset;
    bool failed; /* a read went past the end, or reader_fail() was called */
};

/* writer_finish - free the buffer; the writer is empty again. A zeroed writer is fine. */
void writer_finish(struct byte_writer *writer);
/* write_* - append a value, little-endian. Never fails (aborts when host memory is exhausted). */
void write_u8(struct byte_writer *writer, uint8_t value);
void write_u16(struct byte_writer *writer, uint16_t value);
void write_u32(struct byte_writer *writer, uint32_t value);
void write_u64(struct byte_writer *writer, uint64_t value);
void write_bytes(struct byte_writer *writer, const void *source, size_t size_bytes);
/* write_string - u32 length, then the bytes without NUL. */
void write_string(struct byte_writer *writer, const char *text);

/* reader_init - read from size_bytes bytes at data, which must outlive the reader. */
void reader_init(struct byte_reader *reader, const void *data, size_t size_bytes);
/* reader_fail - mark the input as malformed (a value was out of range). */
void reader_fail(struct byte_reader *reader);
/* reader_left - bytes not yet read; 0 once failed. */
size_t reader_left(const struct byte_reader *reader);
/* read_* - next value; 0 (or zeroed bytes) once failed. */
uint8_t read_u8(struct byte_reader *reader);
uint16_t read_u16(struct byte_reader *reader);
uint32_t read_u32(struct byte_reader *reader);
uint64_t read_u64(struct byte_reader *reader);
void read_bytes(struct byte_reader *reader, void *target, size_t size_bytes);
/* read_string - counterpart of write_string; target gets a NUL; too long for size_bytes fails. */
void read_string(struct byte_reader *reader, char *target, size_t size_bytes);

/* load_u16/32/64, store_u16/32/64 - unaligned little-endian access to memory the caller bounds. */
uint16_t load_u16(const void *source);
uint32_t load_u32(const void *source);
uint64_t load_u64(const void *source);
void store_u16(void *target, uint16_t value);
void store_u32(void *target, uint32_t value);
void store_u64(void *target, uint64_t value);

#endif
