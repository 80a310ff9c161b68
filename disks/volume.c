/* SPDX-License-Identifier: GPL-2.0-or-later */
/* volume.c - opens a volume file and judges its header. Called by store.c and check.c; calls
 * renewal and the host's files. Invariants: volume.h. */
#include "disks/volume.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disks/checksum.h"
#include "emulator/base/renewal.h"

#define BLOCKS_MIN 4u /* header, something, header copy: less cannot be a volume */
#define BLOCKS_MAX (1ull << 50) /* locations have 56 bits; the host's file offsets 63 */

static bool file_read(void *context, uint64_t offset, void *target, size_t size_bytes)
{
    const struct volume *volume = context;
    uint8_t *bytes = target;
    size_t done = 0;
    assert(volume->descriptor >= 0);
    while (done < size_bytes) {
        ssize_t count = pread(volume->descriptor, bytes + done, size_bytes - done,
                              (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

bool volume_read(const struct volume *volume, uint64_t block, void *target)
{
    assert(volume->source.read);
    return block < volume->file_blocks &&
           volume->source.read(volume->source.context, block * BLOCK_BYTES, target, BLOCK_BYTES);
}

static bool all_zero(const void *bytes, size_t size_bytes)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size_bytes; i++)
        if (at[i])
            return false;
    return true;
}

/* Text, then only zeros. */
static bool label_good(const uint8_t label[32])
{
    size_t length = strnlen((const char *)label, 32);
    for (size_t i = 0; i < length; i++)
        if (label[i] < 0x20 || label[i] == 0x7f)
            return false;
    return all_zero(label + length, 32 - length);
}

const char *volume_header_problem(const struct volume_header *header)
{
    if (memcmp(header->magic, VOLUME_MAGIC, sizeof(header->magic)) != 0)
        return "it is not a volume header";
    if (header->checksum !=
        checksum64((const uint8_t *)header + 8, BLOCK_BYTES - 8, CHECKSUM_VOLUME))
        return "its checksum is wrong";
    if (header->version != FORMAT_VERSION)
        return "it is of another version of the format";
    if (header->range_count > VOLUME_RANGES_MAX)
        return "it has too many ranges";
    if (header->disk_count == 0 || header->disk_count > VOLUME_DISKS_MAX)
        return "its number of volumes is out of range";
    if (header->disk_index >= header->disk_count && header->disk_index != VOLUME_STREAM)
        return "its index is not one of the store's volumes";
    if (header->block_count < BLOCKS_MIN || header->block_count > BLOCKS_MAX)
        return "its number of blocks is out of range";
    if (header->generation == 0)
        return "it has no generation";
    if (!label_good(header->label))
        return "its label is not text";
    if (!all_zero(header->reserved_0, sizeof(header->reserved_0)) ||
        !all_zero(header->reserved_1, sizeof(header->reserved_1)))
        return "a reserved byte is not zero";
    if (!all_zero(header->ranges + header->range_count,
                  sizeof(header->ranges[0]) * (VOLUME_RANGES_MAX - header->range_count)))
        return "there is something after its last range";
    return NULL;
}

uint64_t disk_id(const uint8_t object_id[6])
{
    uint64_t id = 0;
    memcpy(&id, object_id, 6);
    return id;
}

const char *range_kind_name(uint8_t kind)
{
    static const char *const names[] = {"unknown",   "node pots",         "pages",
                                        "page pots", "checkpoint header", "checkpoint area",
                                        "spare",     "journal",           "stream"};
    return names[kind <= RANGE_KIND_LAST ? kind : 0];
}

bool range_holds_objects(uint8_t kind)
{
    return kind == RANGE_NODES || kind == RANGE_PAGES || kind == RANGE_PAGE_POTS;
}

static const char *objects_problem(const struct volume_range *range)
{
    uint64_t per_block = range_objects_per_block(range->kind);
    if (range->plex > 1)
        return "its plex is neither 0 nor 1";
    if (range->first_id == 0 || range->object_count == 0)
        return "it has no objects";
    if (range->first_id > OBJECT_ID_MAX ||
        range->object_count - 1 > OBJECT_ID_MAX - range->first_id)
        return "its object ids are out of range";
    if ((range->object_count - 1) / per_block + 1 != range->block_count)
        return "its blocks are not what its objects need";
    return NULL;
}

static const char *checkpoint_range_problem(const struct volume_range *range)
{
    uint64_t index = range->first_id;
    if (range->kind == RANGE_CKPT_HEADER && (range->first_id > 1 || range->block_count != 1))
        return "its place is neither 0 nor 1, or not one block";
    if (range->kind == RANGE_CKPT_AREA) {
        if (range->first_id < AREA_ID(0, 0) || AREA_ID_AREA(range->first_id) > 1)
            return "it belongs to neither area 0 nor 1";
        index = AREA_ID_INDEX(range->first_id);
    }
    if (range->plex > 1)
        return "its plex is neither 0 nor 1";
    if (range->object_count != range->block_count)
        return "it does not have as many ids as blocks";
    return range->block_count > (1ull << AREA_ID_SHIFT) - index ? "its ids are out of range" : NULL;
}

static const char *stream_problem(const struct volume *volume, const struct volume_range *range)
{
    if (volume->header.disk_index != VOLUME_STREAM || volume->header.range_count != 1)
        return "its volume is no stream, or more than that";
    if (range->plex != 0 || range->first_id < 2 || range->first_id > range->object_count)
        return "its slots are not divided";
    if (range->block_count % range->object_count != 0)
        return "its blocks are not a number of slots";
    uint64_t slots = range->block_count / range->object_count;
    return slots < STREAM_SLOTS_MIN || slots > STREAM_SLOTS_MAX
               ? "its number of slots is out of range"
               : NULL;
}

static bool overlap(const struct volume_range *left, const struct volume_range *right)
{
    return left->start_block < right->start_block + right->block_count &&
           right->start_block < left->start_block + left->block_count;
}

const char *volume_range_problem(const struct volume *volume, uint32_t index)
{
    const struct volume_header *header = &volume->header;
    assert(index < header->range_count);
    const struct volume_range *range = &header->ranges[index];
    if (range->kind == 0 || range->kind > RANGE_KIND_LAST)
        return "its kind is unknown";
    if (!all_zero(range->reserved, sizeof(range->reserved)))
        return "a reserved byte is not zero";
    if (range->block_count == 0)
        return "it has no blocks";
    if (range->start_block == 0 || range->start_block >= header->block_count - 1 ||
        range->block_count > header->block_count - 1 - range->start_block)
        return "it lies outside of the volume";
    if (range->start_block + range->block_count > volume->file_blocks)
        return "it goes beyond the end of the file";
    for (uint32_t i = 0; i < index; i++) {
        const struct volume_range *other = &header->ranges[i];
        if (other->block_count <= header->block_count &&
            other->start_block <= header->block_count && overlap(range, other))
            return "it overlaps another range";
    }
    if (range_holds_objects(range->kind))
        return objects_problem(range);
    if (range->kind == RANGE_STREAM)
        return stream_problem(volume, range);
    return range->kind == RANGE_SPARE ? NULL : checkpoint_range_problem(range);
}

void volume_names(const struct volume *volume, struct names *names)
{
    struct names_block block;
    uint64_t at = names_at(volume->header.block_count);
    if (at == 0 || !volume_read(volume, at, &block) || !names_read(names, &block))
        *names = (struct names){.count = 0};
}

static const char *copy_read(struct volume *volume, uint64_t block, struct volume_header *header)
{
    return volume_read(volume, block, header) ? volume_header_problem(header)
                                              : "it cannot be read";
}

/* The second copy is in the last block of the volume; when the first is bad, of the file. */
static bool header_read(struct volume *volume, struct error *error)
{
    struct volume_header copy;
    volume->copy_problem[0] = copy_read(volume, 0, &volume->header);
    bool first = volume->copy_problem[0] == NULL;
    uint64_t last = first ? volume->header.block_count : volume->file_blocks;
    volume->copy_problem[1] = copy_read(volume, last ? last - 1 : 0, &copy);
    if (!volume->copy_problem[1] && copy.block_count != last)
        volume->copy_problem[1] = "it is not in the last block of its volume";
    if (first)
        return true;
    volume->header = copy;
    return volume->copy_problem[1] == NULL ||
           error_set(error, ERROR_FORMAT, "%s: not a volume: block 0: %s; last block: %s",
                     volume->path, volume->copy_problem[0], volume->copy_problem[1]);
}

static bool source_use(struct volume *volume, const struct volume_source *source,
                       struct error *error)
{
    volume->source = *source;
    volume->file_bytes = source->size_bytes;
    volume->file_blocks = volume->file_bytes / BLOCK_BYTES;
    if (volume->file_blocks == 0)
        return error_set(error, ERROR_FORMAT, "%s: not a volume: it is only %llu bytes long",
                         volume->path, (unsigned long long)volume->file_bytes);
    return header_read(volume, error);
}

bool volume_open_source(struct volume *volume, const char *name,
                        const struct volume_source *source, struct error *error)
{
    assert(source->read);
    *volume = (struct volume){.path = name, .descriptor = -1};
    return source_use(volume, source, error);
}

bool volume_open(struct volume *volume, const char *path, struct error *error)
{
    struct stat status;
    *volume = (struct volume){.path = path, .descriptor = -1};
    volume->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (volume->descriptor < 0)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    if (fstat(volume->descriptor, &status) != 0)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_IO, "%s: not a regular file", path);
    if (!renewal_finish(path, -1, error))
        return false;
    const struct volume_source file = {.context = volume, .size_bytes = (uint64_t)status.st_size,
                                       .read = file_read};
    return source_use(volume, &file, error);
}

void volume_move(struct volume *target, struct volume *source)
{
    *target = *source;
    if (source->source.context == source)
        target->source.context = target;
    *source = (struct volume){.descriptor = -1};
}

void volume_close(struct volume *volume)
{
    if (volume->path && volume->descriptor >= 0)
        close(volume->descriptor);
    volume->path = NULL;
    volume->descriptor = -1;
}
