/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_overlay.c - the overlay file. Called by disk_file.c; calls pack.
 *
 * The file: a header of 32 bytes (magic "LKOVERLY", u32 version, u32 cluster bytes, u64 sectors of
 * the image, u64 XXH3-64 of the 24 bytes before), then records: u64 tag, and for a cluster its
 * packed bytes (pack.h). A tag below COMMIT_TAG is a cluster number; COMMIT_TAG ends a sync and has
 * no more bytes.
 *
 * Invariants
 *  1. offsets[c] is where cluster c's newest packed bytes begin, 0 if there are none.
 *  2. Changed clusters are whole in memory until the next sync; a commit mark follows only after
 *     them.
 *  3. On opening, records count up to the last commit mark; what follows it is cut off.
 */
#include "emulator/disk_overlay.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/base/pack.h"

#define SECTOR_BYTES 512u
#define CLUSTER_BYTES 65536u
#define CLUSTER_SECTORS (CLUSTER_BYTES / SECTOR_BYTES)
#define HEADER_BYTES 32u
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
    bool unsynced; /* clusters were appended after the last commit mark */
    overlay_base_read base_read;
    void *context;
};

static void *must_have(void *memory)
{
    if (!memory) {
        fputs("latchkey: host memory: exhausted\n", stderr);
        abort();
    }
    return memory;
}

static bool append(struct disk_overlay *overlay, const void *source, size_t size_bytes)
{
    ssize_t done = pwrite(overlay->descriptor, source, size_bytes, (off_t)overlay->end);
    if (done != (ssize_t)size_bytes)
        return false;
    overlay->end += size_bytes;
    return true;
}

static bool header_write(struct disk_overlay *overlay)
{
    struct byte_writer writer = {0};
    write_bytes(&writer, magic, sizeof(magic));
    write_u32(&writer, OVERLAY_VERSION);
    write_u32(&writer, CLUSTER_BYTES);
    write_u64(&writer, overlay->sector_count);
    write_u64(&writer, hash64(writer.data, writer.size_bytes));
    assert(writer.size_bytes == HEADER_BYTES);
    overlay->end = 0;
    bool good = append(overlay, writer.data, writer.size_bytes) &&
                fdatasync(overlay->descriptor) == 0;
    writer_finish(&writer);
    return good;
}

static bool header_check(const struct disk_overlay *overlay, const char *path,
                         struct error *error)
{
    uint8_t header[HEADER_BYTES];
    if (pread(overlay->descriptor, header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
        memcmp(header, magic, sizeof(magic)) != 0 ||
        load_u64(header + 24) != hash64(header, 24))
        return error_set(error, ERROR_FORMAT, "%.150s: not an overlay", path);
    if (load_u32(header + 8) != OVERLAY_VERSION || load_u32(header + 12) != CLUSTER_BYTES)
        return error_set(error, ERROR_FORMAT, "%.150s: overlay of another version", path);
    if (load_u64(header + 16) != overlay->sector_count)
        return error_set(error, ERROR_FORMAT, "%.150s: overlay of an image of another size", path);
    return true;
}

/* The record at offset: its tag and length. false: it is cut off, or no record. */
static bool record_read(const struct disk_overlay *overlay, uint64_t offset, uint64_t file_bytes,
                        uint64_t *tag, uint64_t *length)
{
    uint8_t head[8 + PACK_HEADER_BYTES];
    if (file_bytes - offset < 8)
        return false;
    ssize_t got = pread(overlay->descriptor, head, sizeof(head), (off_t)offset);
    if (got < 8)
        return false;
    *tag = load_u64(head);
    *length = 8;
    if (*tag == COMMIT_TAG)
        return true;
    if (got < (ssize_t)sizeof(head) || *tag >= overlay->cluster_count ||
        load_u32(head + 8) != CLUSTER_BYTES || load_u32(head + 12) > CLUSTER_BYTES)
        return false;
    *length = sizeof(head) + load_u32(head + 12);
    return *length <= file_bytes - offset;
}

/* Apply the records up to the last commit mark, and cut off the rest. */
static bool records_scan(struct disk_overlay *overlay, uint64_t file_bytes)
{
    struct pending {
        uint64_t cluster, offset;
    } *pending = NULL;
    size_t count = 0, capacity = 0;
    uint64_t offset = HEADER_BYTES, tag, length;
    overlay->end = HEADER_BYTES;
    while (record_read(overlay, offset, file_bytes, &tag, &length)) {
        if (tag == COMMIT_TAG) {
            for (size_t i = 0; i < count; i++)
                overlay->offsets[pending[i].cluster] = pending[i].offset;
            count = 0;
            overlay->end = offset + length;
        } else {
            if (count == capacity) {
                capacity = capacity ? 2 * capacity : 64;
                pending = must_have(realloc(pending, capacity * sizeof(*pending)));
            }
            pending[count++] = (struct pending){tag, offset + 8};
        }
        offset += length;
    }
    free(pending);
    return ftruncate(overlay->descriptor, (off_t)overlay->end) == 0;
}

static bool file_open(struct disk_overlay *overlay, const char *path, struct error *error)
{
    struct stat status;
    overlay->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (overlay->descriptor < 0 || fstat(overlay->descriptor, &status) != 0)
        return error_set(error, ERROR_IO, "%.150s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_IO, "%.150s: not a regular file", path);
    if (flock(overlay->descriptor, LOCK_EX | LOCK_NB) != 0)
        return error_set(error, ERROR_IO, "%.150s: in use by another run", path);
    if (status.st_size == 0)
        return header_write(overlay) ||
               error_set(error, ERROR_IO, "%.150s: cannot be written", path);
    if (!header_check(overlay, path, error))
        return false;
    return records_scan(overlay, (uint64_t)status.st_size) ||
           error_set(error, ERROR_IO, "%.150s: cannot be written", path);
}

bool overlay_open(struct disk_overlay **out, const char *path, uint64_t sector_count,
                  overlay_base_read base_read, void *context, struct error *error)
{
    struct disk_overlay *overlay = must_have(calloc(1, sizeof(*overlay)));
    overlay->descriptor = -1;
    overlay->sector_count = sector_count;
    overlay->cluster_count = (sector_count + CLUSTER_SECTORS - 1) / CLUSTER_SECTORS;
    overlay->offsets = must_have(calloc(overlay->cluster_count, sizeof(*overlay->offsets)));
    overlay->changed = must_have(calloc(overlay->cluster_count, sizeof(*overlay->changed)));
    overlay->base_read = base_read;
    overlay->context = context;
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
    ssize_t got = pread(overlay->descriptor, packed, sizeof(packed),
                        (off_t)overlay->offsets[cluster]);
    if (got < (ssize_t)PACK_HEADER_BYTES)
        return false;
    reader_init(&reader, packed, (size_t)got);
    return pack_read(&reader, target, CLUSTER_BYTES, &error);
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
    uint8_t unpacked[CLUSTER_BYTES];
    assert(sector + sector_count <= overlay->sector_count);
    for (uint8_t *to = target; sector_count > 0;) {
        uint64_t cluster = sector / CLUSTER_SECTORS;
        size_t part = sectors_in_cluster(sector, sector_count);
        const uint8_t *bytes = overlay->changed[cluster];
        if (!bytes && overlay->offsets[cluster]) {
            if (!cluster_unpack(overlay, cluster, unpacked))
                return false;
            bytes = unpacked;
        }
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
    writer_finish(&writer);
    if (!good)
        return false;
    overlay->offsets[cluster] = offset;
    free(overlay->changed[cluster]);
    overlay->changed[cluster] = NULL;
    overlay->unsynced = true;
    return true;
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
    uint8_t *bytes = must_have(calloc(1, CLUSTER_BYTES));
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

bool overlay_sync(struct disk_overlay *overlay)
{
    uint8_t mark[8];
    store_u64(mark, COMMIT_TAG);
    if (!changed_append(overlay))
        return false;
    if (overlay->unsynced && !append(overlay, mark, sizeof(mark)))
        return false;
    overlay->unsynced = false;
    return fdatasync(overlay->descriptor) == 0;
}

bool overlay_close(struct disk_overlay *overlay)
{
    bool good = overlay_sync(overlay);
    for (uint64_t cluster = 0; cluster < overlay->cluster_count; cluster++)
        free(overlay->changed[cluster]);
    close(overlay->descriptor);
    free(overlay->changed);
    free(overlay->offsets);
    free(overlay);
    return good;
}
