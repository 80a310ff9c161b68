/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pack.c - packed blocks and digests; the only file that includes lz4.h and xxhash.h.
 *
 * Called by the overlay, snapshots and digests. Form of a packed block: pack.h.
 *
 * Invariants
 *  1. pack_read() writes target only inside size_bytes, whatever the input says.
 *  2. Equal input bytes give equal packed bytes (LZ4 default level, fixed acceleration).
 */
#include "emulator/base/pack.h"

#include <assert.h>
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "emulator/base/memory.h"

struct digest_state {
    XXH3_state_t *xxh3;
};

void pack_write(struct byte_writer *writer, const void *source, size_t size_bytes)
{
    assert(size_bytes <= PACK_RAW_BYTES_MAX);
    int raw_bytes = (int)size_bytes;
    int bound = LZ4_compressBound(raw_bytes);
    char *packed = memory_must(malloc((size_t)bound));
    int packed_bytes = LZ4_compress_default(source, packed, raw_bytes, bound);
    bool stored = packed_bytes <= 0 || packed_bytes >= raw_bytes;
    write_u32(writer, (uint32_t)size_bytes);
    write_u32(writer, stored ? (uint32_t)size_bytes : (uint32_t)packed_bytes);
    write_u64(writer, hash64(source, size_bytes));
    write_bytes(writer, stored ? source : packed, stored ? size_bytes : (size_t)packed_bytes);
    free(packed);
}

bool pack_read(struct byte_reader *reader, void *target, size_t size_bytes, struct error *error)
{
    assert(size_bytes <= PACK_RAW_BYTES_MAX);
    uint32_t raw_bytes = read_u32(reader);
    uint32_t packed_bytes = read_u32(reader);
    uint64_t expected = read_u64(reader);
    if (reader->failed || packed_bytes > reader_left(reader))
        return error_set(error, ERROR_FORMAT, "packed block: truncated");
    if (raw_bytes != size_bytes || packed_bytes > raw_bytes)
        return error_set(error, ERROR_FORMAT, "packed block: wrong length");
    const char *packed = (const char *)reader->data + reader->offset;
    reader->offset += packed_bytes;
    if (packed_bytes == raw_bytes) {
        if (raw_bytes > 0)
            memcpy(target, packed, raw_bytes);
    } else if (LZ4_decompress_safe(packed, target, (int)packed_bytes, (int)raw_bytes) !=
               (int)raw_bytes) {
        return error_set(error, ERROR_FORMAT, "packed block: not LZ4 data");
    }
    if (hash64(target, raw_bytes) != expected)
        return error_set(error, ERROR_FORMAT, "packed block: checksum mismatch");
    return true;
}

struct digest_state *digest_create(void)
{
    struct digest_state *state = memory_must(malloc(sizeof(*state)));
    state->xxh3 = memory_must(XXH3_createState());
    if (XXH3_128bits_reset(state->xxh3) != XXH_OK)
        abort();
    return state;
}

void digest_add(struct digest_state *state, const void *source, size_t size_bytes)
{
    assert(source || size_bytes == 0);
    if (size_bytes > 0 && XXH3_128bits_update(state->xxh3, source, size_bytes) != XXH_OK)
        abort();
}

struct digest digest_now(const struct digest_state *state)
{
    XXH128_hash_t hash = XXH3_128bits_digest(state->xxh3);
    return (struct digest){.low = hash.low64, .high = hash.high64};
}

struct digest digest_end(struct digest_state *state)
{
    struct digest digest = digest_now(state);
    XXH3_freeState(state->xxh3);
    free(state);
    return digest;
}

void digest_text(struct digest digest, char text[33])
{
    (void)snprintf(text, 33, "%016llx%016llx", (unsigned long long)digest.high,
                   (unsigned long long)digest.low);
}

uint64_t hash64(const void *source, size_t size_bytes)
{
    assert(source || size_bytes == 0);
    return size_bytes == 0 ? XXH3_64bits("", 0) : XXH3_64bits(source, size_bytes);
}
