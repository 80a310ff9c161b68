/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_overlay.c - the overlay file. Called by disk_file.c; calls pack.
 *
 * The file: a header of 40 bytes (magic "LKOVERLY", u32 version, u32 cluster bytes, u64 sectors of
 * the image, u64 hash of the image, u64 XXH3-64 of the 32 bytes before), then records. A record
 * whose u64 tag is below COMMIT_TAG is that cluster, packed (pack.h). One with tag COMMIT_TAG ends
 * a sync: u64 low half of the XXH3-128 of all records since the last commit mark follows.
 *
 * The hash of the image is that of its first 16 MiB: enough to notice that an image was made anew
 * or changed below its overlay, and quick.
 *
 * Invariants
 *  1. offsets[c] is where cluster c's newest packed bytes begin, 0 if there are none.
 *  2. Changed clusters are whole in memory until they are appended.
 *  3. On opening, records count up to the last commit mark before which all is as it was written;
 *     what follows is cut off. So whatever part of the last sync reached the host's disk, the
 *     overlay is as after one of its syncs.
 */
#include "emulator/disk_overlay.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/base/memory.h"
#include "emulator/base/output_file.h"
#include "emulator/base/pack.h"

#define SECTOR_BYTES 512u
#define CLUSTER_BYTES 65536u
#define CLUSTER_SECTORS (CLUSTER_BYTES / SECTOR_BYTES)
#define HEADER_BYTES 40u
#define COMMIT_BYTES 16u
#define IMAGE_HASH_SECTORS 32768u /* 16 MiB */
#define OVERLAY_VERSION 1u
#define COMMIT_TAG UINT64_MAX
/* Changed clusters kept in memory before they are written out without a commit mark: 32 MiB. */
#define CHANGED_MAX 512u

static const uint8_t magic[8] = {'L', 'K', 'O', 'V', 'E', 'R', 'L', 'Y'};

struct disk_overlay {
    int descriptor;
    uint64_t sector_count, cluster_count;
    uint64_t end;        /* of the file */
    uint64_t *offsets;   /* by cluster */
    uint8_t **changed;   /* by cluster: its bytes, if changed since they were last written */
    uint64_t changed_list[CHANGED_MAX];
    unsigned changed_count;
    struct digest_state *group; /* of the records after the last commit mark; NULL: none */
    bool unsynced;              /* something was appended after the last good fdatasync */
    uint64_t unpacked_cluster;  /* whose bytes are in unpacked[]; UINT64_MAX: none */
    uint8_t unpacked[CLUSTER_BYTES];
    overlay_base_read base_read;
    void *context;
};

/* As much of [offset, offset + size) as there is. */
static size_t read_at(int descriptor, uint8_t *target, size_t size_bytes, uint64_t offset)
{
    size_t done = 0;
    while (done < size_bytes) {
        ssize_t part = pread(descriptor, target + done, size_bytes - done, (off_t)(offset + done));
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            break;
        done += (size_t)part;
    }
    return done;
}

/* Nothing counts as appended unless all of it was written. */
static bool append(struct disk_overlay *overlay, const void *source, size_t size_bytes)
{
    if (!output_at(overlay->descriptor, source, size_bytes, overlay->end))
        return false;
    overlay->end += size_bytes;
    overlay->unsynced = true;
    return true;
}

static bool image_hash(const struct disk_overlay *overlay, uint64_t *hash)
{
    struct digest_state *state = digest_create();
    uint8_t *bytes = memory_must(malloc(CLUSTER_BYTES));
    uint64_t sectors = overlay->sector_count;
    bool good = true;
    if (sectors > IMAGE_HASH_SECTORS)
        sectors = IMAGE_HASH_SECTORS;
    for (uint64_t at = 0; good && at < sectors; at += CLUSTER_SECTORS) {
        size_t part = sectors - at < CLUSTER_SECTORS ? (size_t)(sectors - at) : CLUSTER_SECTORS;
        good = overlay->base_read(overlay->context, at, bytes, part);
        if (good)
            digest_add(state, bytes, part * SECTOR_BYTES);
    }
    *hash = digest_end(state).low;
    free(bytes);
    return good;
}

static void header_make(const struct disk_overlay *overlay, uint64_t image, uint8_t *header)
{
    memcpy(header, magic, sizeof(magic));
    store_u32(header + 8, OVERLAY_VERSION);
    store_u32(header + 12, CLUSTER_BYTES);
    store_u64(header + 16, overlay->sector_count);
    store_u64(header + 24, image);
    store_u64(header + 32, hash64(header, 32));
}

static bool header_check(const struct disk_overlay *overlay, const uint8_t *wanted,
                         const char *path, struct error *error)
{
    uint8_t header[HEADER_BYTES];
    if (read_at(overlay->descriptor, header, sizeof(header), 0) != sizeof(header) ||
        memcmp(header, magic, sizeof(magic)) != 0 || load_u64(header + 32) != hash64(header, 32))
        return error_set(error, ERROR_FORMAT, "%.150s: not an overlay", path);
    if (memcmp(header, wanted, 16) != 0)
        return error_set(error, ERROR_FORMAT, "%.150s: overlay of another version", path);
    if (memcmp(header, wanted, sizeof(header)) != 0)
        return error_set(error, ERROR_FORMAT,
                         "%.150s: overlay of another image, or of one that has changed", path);
    return true;
}

/* One record read from the file; bytes holds all of it. */
struct record {
    uint64_t tag;
    size_t size_bytes;
    uint8_t bytes[8 + PACK_HEADER_BYTES + CLUSTER_BYTES];
};

/* false: at offset there is no whole record. */
static bool record_read(const struct disk_overlay *overlay, uint64_t offset, struct record *record)
{
    size_t got = read_at(overlay->descriptor, record->bytes, sizeof(record->bytes), offset);
    if (got < COMMIT_BYTES)
        return false;
    record->tag = load_u64(record->bytes);
    record->size_bytes = COMMIT_BYTES;
    if (record->tag == COMMIT_TAG)
        return true;
    if (got < 8 + PACK_HEADER_BYTES || record->tag >= overlay->cluster_count ||
        load_u32(record->bytes + 8) != CLUSTER_BYTES ||
        load_u32(record->bytes + 12) > CLUSTER_BYTES)
        return false;
    record->size_bytes = 8 + PACK_HEADER_BYTES + load_u32(record->bytes + 12);
    return record->size_bytes <= got;
}

/* The clusters of a group of records whose commit mark has not been seen yet. */
struct pending {
    struct {
        uint64_t cluster, offset;
    } *items;
    size_t count, capacity;
};

static void pending_add(struct pending *pending, uint64_t cluster, uint64_t offset)
{
    pending->items =
        memory_grow(pending->items, pending->count, &pending->capacity, sizeof(*pending->items));
    pending->items[pending->count].cluster = cluster;
    pending->items[pending->count++].offset = offset;
}

/* Apply the records up to the last good commit mark, and cut off the rest. */
static bool records_scan(struct disk_overlay *overlay)
{
    struct record *record = memory_must(malloc(sizeof(*record)));
    struct digest_state *group = digest_create();
    struct pending pending = {.count = 0};
    uint64_t offset = HEADER_BYTES;
    overlay->end = HEADER_BYTES;
    while (record_read(overlay, offset, record)) {
        if (record->tag != COMMIT_TAG) {
            digest_add(group, record->bytes, record->size_bytes);
            pending_add(&pending, record->tag, offset + 8);
        } else {
            uint64_t hash = digest_end(group).low;
            group = digest_create();
            if (hash != load_u64(record->bytes + 8))
                break;
            for (size_t i = 0; i < pending.count; i++)
                overlay->offsets[pending.items[i].cluster] = pending.items[i].offset;
            pending.count = 0;
            overlay->end = offset + COMMIT_BYTES;
        }
        offset += record->size_bytes;
    }
    (void)digest_end(group);
    free(pending.items);
    free(record);
    return ftruncate(overlay->descriptor, (off_t)overlay->end) == 0;
}

/* A file that ends within its header, and begins like one: the run that made it did not get far. */
static bool header_begun(const struct disk_overlay *overlay, const uint8_t *wanted,
                         uint64_t file_bytes)
{
    uint8_t header[HEADER_BYTES];
    return file_bytes < HEADER_BYTES &&
           read_at(overlay->descriptor, header, file_bytes, 0) == file_bytes &&
           memcmp(header, wanted, file_bytes) == 0;
}

/* The open file: an overlay that was there, or is made now. */
static bool file_take(struct disk_overlay *overlay, const char *path, struct error *error)
{
    struct stat status;
    if (overlay->descriptor < 0 || fstat(overlay->descriptor, &status) != 0)
        return error_set(error, ERROR_IO, "%.150s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_IO, "%.150s: not a regular file", path);
    if (flock(overlay->descriptor, LOCK_EX | LOCK_NB) != 0)
        return error_set(error, ERROR_IO, "%.150s: in use by another run", path);
    uint8_t header[HEADER_BYTES];
    uint64_t image;
    if (!image_hash(overlay, &image))
        return error_set(error, ERROR_IO, "%.150s: its image cannot be read", path);
    header_make(overlay, image, header);
    bool good;
    if (header_begun(overlay, header, (uint64_t)status.st_size))
        good = append(overlay, header, sizeof(header)) && overlay_sync(overlay);
    else if (header_check(overlay, header, path, error))
        good = records_scan(overlay);
    else
        return false;
    return good || error_set(error, ERROR_IO, "%.150s: cannot be written: %s", path,
                             strerror(errno));
}

/* What was made for nothing does not stay, unless somebody else has it by now. */
static bool file_open(struct disk_overlay *overlay, const char *path, struct error *error)
{
    bool made;
    overlay->descriptor = output_open(path, O_RDWR | O_CLOEXEC, 0644, &made);
    if (file_take(overlay, path, error))
        return true;
    if (made && flock(overlay->descriptor, LOCK_EX | LOCK_NB) == 0)
        (void)unlink(path);
    return false;
}

bool overlay_open(struct disk_overlay **out, const char *path, uint64_t sector_count,
                  overlay_base_read base_read, void *context, struct error *error)
{
    struct disk_overlay *overlay = memory_zeroed(1, sizeof(*overlay));
    overlay->descriptor = -1;
    overlay->sector_count = sector_count;
    overlay->cluster_count = (sector_count + CLUSTER_SECTORS - 1) / CLUSTER_SECTORS;
    overlay->offsets = memory_zeroed(overlay->cluster_count, sizeof(*overlay->offsets));
    overlay->changed = memory_zeroed(overlay->cluster_count, sizeof(*overlay->changed));
    overlay->base_read = base_read;
    overlay->context = context;
    overlay->unpacked_cluster = UINT64_MAX;
    if (file_open(overlay, path, error)) {
        *out = overlay;
        return true;
    }
    if (overlay->descriptor >= 0)
        close(overlay->descriptor);
    free(overlay->offsets);
    free(overlay->changed);
    free(overlay);
    *out = NULL;
    return false;
}

static bool cluster_unpack(struct disk_overlay *overlay, uint64_t cluster, uint8_t *target)
{
    uint8_t packed[PACK_HEADER_BYTES + CLUSTER_BYTES];
    struct byte_reader reader;
    struct error error;
    size_t got = read_at(overlay->descriptor, packed, sizeof(packed), overlay->offsets[cluster]);
    reader_init(&reader, packed, got);
    return pack_read(&reader, target, CLUSTER_BYTES, &error);
}

/* The cluster's present bytes; NULL in *bytes: the image has them. Returns false when the host
 * refused. */
static bool cluster_bytes(struct disk_overlay *overlay, uint64_t cluster, const uint8_t **bytes)
{
    *bytes = overlay->changed[cluster];
    if (*bytes || !overlay->offsets[cluster])
        return true;
    *bytes = overlay->unpacked;
    if (overlay->unpacked_cluster == cluster)
        return true;
    overlay->unpacked_cluster = UINT64_MAX;
    if (!cluster_unpack(overlay, cluster, overlay->unpacked))
        return false;
    overlay->unpacked_cluster = cluster;
    return true;
}

/* How many of count sectors from sector on are in its cluster. */
static size_t sectors_in_cluster(uint64_t sector, size_t count)
{
    size_t left = CLUSTER_SECTORS - (size_t)(sector % CLUSTER_SECTORS);
    return count < left ? count : left;
}

bool overlay_read(struct disk_overlay *overlay, uint64_t sector, void *target,
                  size_t sector_count)
{
    assert(sector + sector_count <= overlay->sector_count);
    for (uint8_t *to = target; sector_count > 0;) {
        uint64_t cluster = sector / CLUSTER_SECTORS;
        size_t part = sectors_in_cluster(sector, sector_count);
        const uint8_t *bytes;
        if (!cluster_bytes(overlay, cluster, &bytes))
            return false;
        if (bytes)
            memcpy(to, bytes + sector % CLUSTER_SECTORS * SECTOR_BYTES, part * SECTOR_BYTES);
        to += part * SECTOR_BYTES;
        sector += part;
        sector_count -= part;
    }
    return true;
}

static bool cluster_append(struct disk_overlay *overlay, uint64_t cluster)
{
    struct byte_writer writer = {0};
    write_u64(&writer, cluster);
    pack_write(&writer, overlay->changed[cluster], CLUSTER_BYTES);
    uint64_t offset = overlay->end + 8;
    bool good = append(overlay, writer.data, writer.size_bytes);
    if (good) {
        if (!overlay->group)
            overlay->group = digest_create();
        digest_add(overlay->group, writer.data, writer.size_bytes);
        overlay->offsets[cluster] = offset;
        free(overlay->changed[cluster]);
        overlay->changed[cluster] = NULL;
        if (overlay->unpacked_cluster == cluster)
            overlay->unpacked_cluster = UINT64_MAX;
    }
    writer_finish(&writer);
    return good;
}

static bool changed_append(struct disk_overlay *overlay)
{
    while (overlay->changed_count > 0) {
        if (!cluster_append(overlay, overlay->changed_list[overlay->changed_count - 1]))
            return false;
        overlay->changed_count--;
    }
    return true;
}

/* The cluster's bytes in memory, to be changed. NULL: the host refused. */
static uint8_t *cluster_change(struct disk_overlay *overlay, uint64_t cluster)
{
    if (overlay->changed[cluster])
        return overlay->changed[cluster];
    if (overlay->changed_count == CHANGED_MAX && !changed_append(overlay))
        return NULL;
    uint8_t *bytes = memory_zeroed(1, CLUSTER_BYTES);
    uint64_t first = cluster * CLUSTER_SECTORS, left = overlay->sector_count - first;
    bool good = overlay->offsets[cluster]
                    ? cluster_unpack(overlay, cluster, bytes)
                    : overlay->base_read(overlay->context, first, bytes,
                                         left < CLUSTER_SECTORS ? left : CLUSTER_SECTORS);
    if (!good) {
        free(bytes);
        return NULL;
    }
    overlay->changed[cluster] = bytes;
    overlay->changed_list[overlay->changed_count++] = cluster;
    return bytes;
}

bool overlay_write(struct disk_overlay *overlay, uint64_t sector, const void *source,
                   size_t sector_count)
{
    assert(sector + sector_count <= overlay->sector_count);
    for (const uint8_t *from = source; sector_count > 0;) {
        size_t part = sectors_in_cluster(sector, sector_count);
        uint8_t *bytes = cluster_change(overlay, sector / CLUSTER_SECTORS);
        if (!bytes)
            return false;
        memcpy(bytes + sector % CLUSTER_SECTORS * SECTOR_BYTES, from, part * SECTOR_BYTES);
        from += part * SECTOR_BYTES;
        sector += part;
        sector_count -= part;
    }
    return true;
}

/* The mark that makes the group count. If it cannot be written the group stays open. */
static bool group_commit(struct disk_overlay *overlay)
{
    uint8_t mark[COMMIT_BYTES];
    if (!overlay->group)
        return true;
    store_u64(mark, COMMIT_TAG);
    store_u64(mark + 8, digest_now(overlay->group).low);
    if (!append(overlay, mark, sizeof(mark)))
        return false;
    (void)digest_end(overlay->group);
    overlay->group = NULL;
    return true;
}

bool overlay_sync(struct disk_overlay *overlay)
{
    if (!changed_append(overlay) || !group_commit(overlay))
        return false;
    if (overlay->unsynced && fdatasync(overlay->descriptor) != 0)
        return false;
    overlay->unsynced = false;
    return true;
}

bool overlay_close(struct disk_overlay *overlay)
{
    bool good = overlay_sync(overlay);
    for (uint64_t cluster = 0; cluster < overlay->cluster_count; cluster++)
        free(overlay->changed[cluster]);
    if (overlay->group)
        (void)digest_end(overlay->group);
    close(overlay->descriptor);
    free(overlay->changed);
    free(overlay->offsets);
    free(overlay);
    return good;
}
