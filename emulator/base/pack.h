/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pack.h - length + checksum + LZ4 block; the only door to lz4 and xxhash on the host side.
 *
 * Packed form, little-endian: u32 raw bytes, u32 packed bytes, u64 XXH3-64 of the raw bytes, then
 * the LZ4 block (or the raw bytes themselves when packed bytes == raw bytes).
 */
#ifndef LATCHKEY_BASE_PACK_H
#define LATCHKEY_BASE_PACK_H

#include "emulator/base/bytes.h"
#include "emulator/base/error.h"

#define PACK_HEADER_BYTES 16u
#define PACK_RAW_BYTES_MAX (64u << 20)

/* pack_write - append one packed block of size_bytes (0..PACK_RAW_BYTES_MAX) bytes. */
void pack_write(struct byte_writer *writer, const void *source, size_t size_bytes);

/* pack_read - unpack the next block into target.
 *
 * Errors   ERROR_FORMAT truncated, wrong length, bad LZ4 data or checksum; size_bytes must equal
 *          the raw size.
 */
MUST_CHECK bool pack_read(struct byte_reader *reader, void *target, size_t size_bytes,
                          struct error *error);

/* A 128-bit running digest (XXH3-128). */
struct digest {
    uint64_t low, high;
};
struct digest_state; /* owned by digest_create/digest_end */

/* digest_create - begin a digest; digest_now returns the value so far; digest_end returns it and
 * frees the state. */
struct digest_state *digest_create(void);
void digest_add(struct digest_state *state, const void *source, size_t size_bytes);
struct digest digest_now(const struct digest_state *state);
struct digest digest_end(struct digest_state *state);
/* digest_text - 32 lower-case hex digits and a NUL. */
void digest_text(struct digest digest, char text[33]);
/* hash64 - XXH3-64 of a buffer, for content addressing inside one process. */
uint64_t hash64(const void *source, size_t size_bytes);

#endif
