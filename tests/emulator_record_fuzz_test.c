/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_record_fuzz_test.c - damaged traces: bytes flipped, parts cut out, doubled or cut off,
 * and frames with valid checksums that say what no writer says. Reading never crashes; a flipped
 * byte is always refused; what is read after the end was cut off is the beginning of what was
 * written.
 *
 * 3,000 of each; LATCHKEY_LONG=1 makes it 300,000. LATCHKEY_SEED=N repeats a run.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/input_file.h"
#include "emulator/machine_mark.h"
#include "emulator/record_format.h"
#include "emulator/record_read.h"
#include "emulator/record_write.h"
#include "tests/support_disks.h"

#define ROUNDS 3000u
#define ENTRIES 400u

struct trace {
    struct scratch scratch;
    uint8_t *bytes;
    size_t size_bytes;
};

static uint64_t rounds(void)
{
    return getenv("LATCHKEY_LONG") ? 100 * ROUNDS : ROUNDS;
}

static struct random random_start(void)
{
    const char *text = getenv("LATCHKEY_SEED");
    struct random random = {text ? strtoull(text, NULL, 10) : 1};
    fprintf(stderr, "seed %llu\n", (unsigned long long)random.state);
    return random;
}

static void head_make(struct record_head *head, struct machine_fault *fault)
{
    *fault = (struct machine_fault){.disk = 1, .fault = {.kind = DISK_FAULT_FLIP, .sector = 5}};
    strcpy(head->version, "9.9");
    strcpy(head->kernel_path, "kernel.elf");
    head->append = "words";
    head->ram_bytes = 16u << 20;
    head->clock_hz = 100000000;
    head->mark_spacing = head->glance_spacing = 1000;
    head->disk_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        strcpy(head->disks[i].path, "disk.img");
        head->disks[i].sector_count = 1003;
    }
    head->fault_count = 1;
    head->faults = fault;
}

static void entry_random(struct random *random, struct record_entry *entry, uint64_t at)
{
    *entry = (struct record_entry){.kind = (enum record_kind)(1 + random_below(random,
                                                                               RECORD_END - 1))};
    switch (entry->kind) {
    case RECORD_RUN:
        entry->run = (struct machine_position){at * 10, at, at * 11, ARRIVAL_CYCLE};
        break;
    case RECORD_INPUT:
        entry->input = (struct machine_input){.time_ns = at, .kind = INPUT_KEY, .code = 30};
        break;
    case RECORD_CUT:
        entry->cut = (struct power_cut){POWER_TORN, random_next(random)};
        break;
    case RECORD_FAULT:
        entry->fault = (struct machine_fault){.disk = 1, .fault = {.sector = at}};
        break;
    case RECORD_REPAIR:
        entry->disk = 1;
        break;
    case RECORD_REFUSED:
        entry->refused.disk = 1;
        entry->refused.operation = at;
        break;
    case RECORD_GLANCE:
        entry->glance = random_next(random);
        break;
    case RECORD_RESET:
    case RECORD_FLUSH:
    case RECORD_MARK:
    case RECORD_END:
    case RECORD_KIND_COUNT:
        break;
    }
}

/* A trace with every kind of frame and entry. */
static void trace_make(struct trace *trace, struct random *random)
{
    char path[SCRATCH_PATH_BYTES];
    struct record_writer *writer;
    struct error error;
    struct machine_fault fault;
    struct record_head *head = calloc(1, sizeof(*head));
    uint8_t data[2 * RECORD_CLUSTER_BYTES];
    uint32_t parts = mark_parts(16u << 20);
    uint64_t *hashes = calloc(parts, sizeof(*hashes));
    const struct record_entry end = {.kind = RECORD_END};
    cr_assert(head && hashes);
    head_make(head, &fault);
    scratch_make(&trace->scratch);
    scratch_file(&trace->scratch, "fuzz.trace", path);
    cr_assert(record_writer_open(&writer, path, head, &error), "%s", error.text);
    record_writer_bundle(writer);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)random_next(random);
    record_writer_file(writer, 0, &(struct record_file){data, 3000});
    record_writer_file(writer, 1, &(struct record_file){data, 500});
    for (uint64_t i = 0; i < ENTRIES; i++) {
        struct record_entry entry;
        entry_random(random, &entry, i);
        hashes[i % parts] = random_next(random);
        record_writer_entry(writer, &entry, hashes, parts);
        if (i % 100 == 50)
            record_writer_clusters(writer, 1, i / 50, data, 2);
    }
    record_writer_entry(writer, &end, NULL, 0);
    cr_assert(record_writer_close(writer, &error), "%s", error.text);
    cr_assert(input_read(path, 1u << 24, &trace->bytes, &trace->size_bytes, &error), "%s",
              error.text);
    free(head);
    free(hashes);
}

static void trace_finish(struct trace *trace)
{
    scratch_remove(&trace->scratch);
    free(trace->bytes);
}

/* Exactly so many bytes on the heap, so that a read past them is noticed. */
static uint8_t *copy_of(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t *copy = malloc(size_bytes ? size_bytes : 1);
    cr_assert(copy);
    memcpy(copy, bytes, size_bytes);
    return copy;
}

Test(record_fuzz, a_whole_trace_is_read_as_it_was_written, .timeout = 60)
{
    struct trace trace;
    struct record record;
    struct error error;
    struct random random = random_start();
    trace_make(&trace, &random);
    cr_assert(record_read(&record, "fuzz", trace.bytes, trace.size_bytes, &error), "%s",
              error.text);
    cr_expect(record.complete);
    cr_expect(record.bundled);
    cr_expect_eq(record.entry_count, ENTRIES + 1);
    cr_expect_eq(record.cluster_count, 8);
    cr_expect_eq(record.kernel.size_bytes, 3000);
    cr_expect_eq(record.initrd.size_bytes, 500);
    cr_expect_str_eq(record.head.append, "words");
    cr_expect_eq(record.head.faults[0].fault.sector, 5);
    record_finish(&record);
    trace_finish(&trace);
}

Test(record_fuzz, a_flipped_bit_anywhere_is_refused_with_the_place, .timeout = 600)
{
    struct trace trace;
    struct record record;
    struct error error;
    struct random random = random_start();
    trace_make(&trace, &random);
    for (uint64_t i = 0; i < rounds(); i++) {
        size_t at = random_below(&random, trace.size_bytes);
        uint8_t bit = (uint8_t)(1u << random_below(&random, 8));
        uint8_t *copy = copy_of(trace.bytes, trace.size_bytes);
        copy[at] ^= bit;
        bool good = record_read(&record, "fuzz", copy, trace.size_bytes, &error);
        cr_assert(!good || !record.complete, "bit 0x%x of byte %zu of %zu changed nothing", bit,
                  at, trace.size_bytes);
        cr_assert(good || strncmp(error.text, "fuzz: ", 6) == 0, "%s", error.text);
        record_finish(&record);
        free(copy);
    }
    trace_finish(&trace);
}

Test(record_fuzz, a_trace_without_its_end_is_read_up_to_there, .timeout = 600)
{
    struct trace trace;
    struct record record, whole;
    struct error error;
    struct random random = random_start();
    trace_make(&trace, &random);
    cr_assert(record_read(&whole, "fuzz", trace.bytes, trace.size_bytes, &error));
    for (uint64_t i = 0; i < rounds() / 10; i++) {
        size_t size_bytes = random_below(&random, trace.size_bytes);
        uint8_t *copy = copy_of(trace.bytes, size_bytes);
        if (record_read(&record, "fuzz", copy, size_bytes, &error)) {
            cr_assert_leq(record.entry_count, whole.entry_count);
            cr_assert(record.complete == (record.entry_count == whole.entry_count));
            for (size_t k = 0; k < record.entry_count; k++)
                cr_assert_eq(record.entries[k].kind, whole.entries[k].kind);
        } else {
            cr_assert_lt(size_bytes, 400, "%zu bytes: %s", size_bytes, error.text);
        }
        record_finish(&record);
        free(copy);
    }
    record_finish(&whole);
    trace_finish(&trace);
}

/* Cut out, double, or overwrite a stretch. */
static size_t stretch_damage(struct random *random, const struct trace *trace, uint8_t *target)
{
    size_t from = random_below(random, trace->size_bytes);
    size_t length = random_below(random, trace->size_bytes - from);
    size_t to = random_below(random, trace->size_bytes - length);
    memcpy(target, trace->bytes, trace->size_bytes);
    switch (random_below(random, 3)) {
    case 0:
        memmove(target + from, target + from + length, trace->size_bytes - from - length);
        return trace->size_bytes - length;
    case 1:
        memcpy(target + from + length, trace->bytes + from, trace->size_bytes - from);
        return trace->size_bytes + length;
    default:
        memmove(target + to, trace->bytes + from, length);
        return trace->size_bytes;
    }
}

Test(record_fuzz, stretches_moved_or_lost_never_crash_the_reader, .timeout = 600)
{
    struct trace trace;
    struct record record;
    struct error error;
    struct random random = random_start();
    trace_make(&trace, &random);
    uint8_t *target = malloc(2 * trace.size_bytes);
    cr_assert(target);
    for (uint64_t i = 0; i < rounds(); i++) {
        size_t size_bytes = stretch_damage(&random, &trace, target);
        uint8_t *copy = copy_of(target, size_bytes);
        bool same = size_bytes == trace.size_bytes && !memcmp(copy, trace.bytes, size_bytes);
        bool good = record_read(&record, "fuzz", copy, size_bytes, &error);
        cr_assert(!good || same || !record.complete || record.entry_count == ENTRIES + 1);
        record_finish(&record);
        free(copy);
    }
    free(target);
    trace_finish(&trace);
}

/* A frame with a good checksum around bytes that are partly random. */
static void frame_forge(struct random *random, struct byte_writer *bytes, uint32_t number)
{
    struct byte_writer raw = {0};
    uint32_t kind = number == 0 ? RECORD_FRAME_HEAD
                                : (uint32_t)random_below(random, RECORD_FRAME_COUNT + 1);
    write_u32(&raw, kind);
    write_u32(&raw, number);
    for (uint64_t left = random_below(random, 200); left > 0; left--)
        write_u8(&raw, (uint8_t)(random_below(random, 3) ? random_below(random, 12)
                                                         : random_next(random)));
    struct byte_writer packed = {0};
    pack_write(&packed, raw.data, raw.size_bytes);
    write_u32(bytes, RECORD_FRAME_MAGIC);
    write_u64(bytes, hash64(packed.data, packed.size_bytes));
    write_bytes(bytes, packed.data, packed.size_bytes);
    writer_finish(&packed);
    writer_finish(&raw);
}

Test(record_fuzz, frames_that_say_what_no_writer_says_never_crash_the_reader, .timeout = 600)
{
    struct trace trace;
    struct record record;
    struct error error;
    struct random random = random_start();
    trace_make(&trace, &random);
    const uint8_t *head = trace.bytes + RECORD_MAGIC_BYTES + 4 + RECORD_FRAME_START_BYTES;
    size_t start = (size_t)(head - trace.bytes) + PACK_HEADER_BYTES + load_u32(head + 4);
    for (uint64_t i = 0; i < rounds(); i++) {
        struct byte_writer bytes = {0};
        bool real_head = random_below(&random, 8) != 0;
        write_bytes(&bytes, trace.bytes, real_head ? start : RECORD_MAGIC_BYTES + 4);
        for (uint32_t number = real_head; number < 4; number++)
            frame_forge(&random, &bytes, number);
        uint8_t *copy = copy_of(bytes.data, bytes.size_bytes);
        if (record_read(&record, "fuzz", copy, bytes.size_bytes, &error))
            cr_assert_leq(record.head.disk_count, BOARD_DISK_COUNT_MAX);
        record_finish(&record);
        free(copy);
        writer_finish(&bytes);
    }
    trace_finish(&trace);
}
