/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record_parse.c - contents of frames: what is outside its range fails the reader. Called by
 * record_read.c; calls bytes. */
#include "emulator/record_parse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/memory.h"
#include "emulator/clock.h"
#include "emulator/machine_mark.h"
#include "emulator/record_format.h"

#define RAM_BYTES_MIN (16ull << 20)
#define RAM_BYTES_MAX (8ull << 30)
#define SECTORS_MAX (1ull << 31) /* 1 TiB */

/* A number below limit. */
static uint8_t below_u8(struct byte_reader *content, unsigned limit)
{
    uint8_t value = read_u8(content);
    if (value < limit)
        return value;
    reader_fail(content);
    return 0;
}

static struct digest digest_read(struct byte_reader *content)
{
    uint64_t low = read_u64(content);
    return (struct digest){.low = low, .high = read_u64(content)};
}

static void fault_read(struct byte_reader *content, unsigned disk_count,
                       struct machine_fault *fault)
{
    fault->disk = below_u8(content, disk_count);
    fault->fault.kind = (enum disk_fault_kind)below_u8(content, DISK_FAULT_KINDS);
    fault->fault.time_ns = read_u64(content);
    fault->fault.sector = read_u64(content);
    fault->fault.argument = read_u64(content);
}

static void disk_read(struct byte_reader *content, struct record_disk *disk)
{
    read_string(content, disk->path, sizeof(disk->path));
    read_string(content, disk->overlay, sizeof(disk->overlay));
    disk->timing = (enum disk_timing)below_u8(content, DISK_TIMING_HDD + 1);
    disk->write_through = below_u8(content, 2);
    disk->read_only = below_u8(content, 2);
    disk->sector_count = read_u64(content);
    disk->digest = digest_read(content);
    if (disk->sector_count == 0 || disk->sector_count > SECTORS_MAX)
        reader_fail(content);
}

static void append_read(struct byte_reader *content, struct record_head *head)
{
    char *text = memory_zeroed(RECORD_APPEND_BYTES, 1);
    bool given = below_u8(content, 2);
    read_string(content, text, RECORD_APPEND_BYTES);
    if (given)
        head->append = memory_must(strdup(text));
    free(text);
}

static void faults_read(struct byte_reader *content, struct record_head *head)
{
    uint32_t count = read_u32(content);
    if (count > RECORD_FAULTS_MAX || (count > 0 && head->disk_count == 0)) {
        reader_fail(content);
        return;
    }
    if (count == 0 || content->failed)
        return;
    head->faults = memory_zeroed(count, sizeof(*head->faults));
    head->fault_count = count;
    for (uint32_t i = 0; i < count; i++)
        fault_read(content, head->disk_count, &head->faults[i]);
}

static void head_read(struct byte_reader *content, struct record_head *head)
{
    read_string(content, head->version, sizeof(head->version));
    head->engine_version = read_u32(content);
    head->program = digest_read(content);
    read_string(content, head->kernel_path, sizeof(head->kernel_path));
    head->kernel = digest_read(content);
    read_string(content, head->initrd_path, sizeof(head->initrd_path));
    head->initrd = digest_read(content);
    append_read(content, head);
    head->ram_bytes = read_u64(content);
    head->seed = read_u64(content);
    head->clock_hz = read_u64(content);
    head->display_width = read_u32(content);
    head->display_height = read_u32(content);
    head->amnesia = below_u8(content, 2);
    unsigned check = below_u8(content, 2 * TIMING_MODEL_COUNT);
    head->check = check % 2;
    head->timing = (enum timing_model)(check / 2);
    head->mark_spacing = read_u64(content);
    head->glance_spacing = read_u64(content);
    head->disk_count = below_u8(content, BOARD_DISK_COUNT_MAX + 1);
    for (unsigned i = 0; i < head->disk_count; i++)
        disk_read(content, &head->disks[i]);
    faults_read(content, head);
    if (head->ram_bytes < RAM_BYTES_MIN || head->ram_bytes > RAM_BYTES_MAX ||
        head->ram_bytes % (2 * MARK_RAM_BYTES) != 0 || head->clock_hz < CLOCK_HZ_MIN ||
        head->clock_hz > CLOCK_HZ_MAX || head->mark_spacing == 0 || head->glance_spacing == 0)
        reader_fail(content);
}

static void run_read(struct record_parser *parser, struct byte_reader *content,
                     struct machine_position *run)
{
    const struct machine_position *last = &parser->last;
    run->arrival = (enum machine_arrival)below_u8(content, ARRIVAL_COUNT);
    run->instructions = read_u64(content);
    run->events = read_u64(content);
    run->cycles = read_u64(content);
    if (run->arrival == ARRIVAL_NONE || run->instructions < last->instructions ||
        run->events < last->events || run->cycles < last->cycles)
        reader_fail(content);
    parser->last = *run;
}

static void input_read_from(struct byte_reader *content, struct machine_input *input)
{
    input->time_ns = read_u64(content);
    input->kind = (enum machine_input_kind)below_u8(content, INPUT_WHEEL + 1);
    input->code = read_u16(content);
    input->x = (int32_t)read_u32(content);
    input->y = (int32_t)read_u32(content);
    input->down = below_u8(content, 2);
}

static void mark_read(struct record_parser *parser, struct byte_reader *content)
{
    const struct record_entry entry = {.kind = RECORD_MARK};
    uint32_t parts = record_parts(parser->record);
    if (reader_left(content) < parts * sizeof(uint64_t)) {
        reader_fail(content);
        return;
    }
    uint64_t *hashes = memory_zeroed(parts, sizeof(*hashes));
    for (uint32_t i = 0; i < parts; i++)
        hashes[i] = read_u64(content);
    record_add(parser->record, &entry, hashes);
    free(hashes);
}

static void entry_read(struct record_parser *parser, struct byte_reader *content)
{
    struct record_entry entry = {.kind = (enum record_kind)below_u8(content, RECORD_KIND_COUNT)};
    unsigned disk_count = parser->record->head.disk_count;
    switch (entry.kind) {
    case RECORD_RUN:
        run_read(parser, content, &entry.run);
        break;
    case RECORD_INPUT:
        input_read_from(content, &entry.input);
        break;
    case RECORD_CUT:
        entry.cut.policy = (enum power_policy)below_u8(content, POWER_POLICY_COUNT);
        entry.cut.seed = read_u64(content);
        break;
    case RECORD_FAULT:
        fault_read(content, disk_count, &entry.fault);
        break;
    case RECORD_REPAIR:
        entry.disk = below_u8(content, disk_count);
        break;
    case RECORD_REFUSED:
        entry.refused.disk = below_u8(content, disk_count);
        entry.refused.operation = read_u64(content);
        break;
    case RECORD_GLANCE:
        entry.glance = read_u64(content);
        break;
    case RECORD_MARK:
        mark_read(parser, content);
        return;
    case RECORD_END:
        parser->ended = true;
        break;
    case RECORD_RESET:
    case RECORD_FLUSH:
        break;
    case RECORD_KIND_COUNT:
    default:
        reader_fail(content);
    }
    if (!content->failed)
        record_add(parser->record, &entry, NULL);
}

static void clusters_read(struct record_parser *parser, struct byte_reader *content)
{
    const struct record_head *head = &parser->record->head;
    uint8_t data[RECORD_CLUSTER_BYTES];
    while (reader_left(content) > 0 && !content->failed) {
        unsigned disk = below_u8(content, head->disk_count);
        uint64_t index = read_u64(content);
        read_bytes(content, data, sizeof(data));
        uint64_t last = (head->disks[disk].sector_count - 1) / RECORD_CLUSTER_SECTORS;
        if (content->failed || index > last)
            reader_fail(content);
        else
            record_cluster_add(parser->record, disk, index, data);
    }
}

/* A part of a file; the parts come in order. */
static void file_read(struct record_parser *parser, struct byte_reader *content)
{
    struct record *record = parser->record;
    struct record_file *file = below_u8(content, 2) == 0 ? &record->kernel : &record->initrd;
    uint64_t size_bytes = read_u64(content), offset = read_u64(content);
    size_t part = reader_left(content);
    if (content->failed || part == 0 || offset != file->size_bytes ||
        size_bytes > RECORD_PART_BYTES_MAX || offset + part > size_bytes) {
        reader_fail(content);
        return;
    }
    file->data = memory_must(realloc(file->data, offset + part));
    read_bytes(content, file->data + offset, part);
    file->size_bytes = offset + part;
}

bool record_parse(struct record_parser *parser, uint32_t kind, struct byte_reader *content)
{
    assert(kind != RECORD_FRAME_INDEX);
    if (parser->ended && kind == RECORD_FRAME_LOG)
        return false;
    switch (kind) {
    case RECORD_FRAME_HEAD:
        head_read(content, &parser->record->head);
        break;
    case RECORD_FRAME_LOG:
        while (reader_left(content) > 0 && !parser->ended)
            entry_read(parser, content);
        break;
    case RECORD_FRAME_DISK:
        if (parser->record->head.disk_count == 0)
            return false;
        clusters_read(parser, content);
        break;
    case RECORD_FRAME_FILE:
        file_read(parser, content);
        break;
    case RECORD_FRAME_BUNDLE:
        parser->record->bundled = true;
        break;
    default:
        return false;
    }
    return !content->failed && reader_left(content) == 0;
}
