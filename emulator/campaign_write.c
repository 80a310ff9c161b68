/* SPDX-License-Identifier: GPL-2.0-or-later */
/* campaign_write.c - see campaign_write.h. */
#include "emulator/campaign_write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "disks/volume.h"
#include "emulator/base/unwind.h"
#include "emulator/cpu.h"

#define CALLERS_MAX 12u
#define BLOCK_SECTORS (BLOCK_BYTES / SECTOR_BYTES)

/* Numbers that a child leaves. */
enum { NUMBER_INSTRUCTIONS, NUMBER_COUNT, NUMBER_PC, NUMBERS = NUMBER_PC + CALLERS_MAX };
static_assert(NUMBERS <= CAMPAIGN_CHILD_NUMBERS, "they fit");

struct sending {
    struct campaign_machine *machine;
    const struct campaign_record *record;
    uint64_t instructions; /* of the newest like it; UINT64_MAX: none yet */
};

/* --- who sent it --- */

static void sent(void *context, unsigned disk, uint64_t sector, uint32_t sector_count)
{
    struct sending *sending = context;
    const struct campaign_record *record = sending->record;
    if (disk == record->disk && sector == record->sector && sector_count == record->sector_count)
        sending->instructions = machine_instructions(sending->machine->machine);
}

static void run_to(struct campaign_machine *machine, uint64_t instructions)
{
    struct machine_until until = machine_until_never();
    until.instructions = instructions;
    (void)machine_run(machine->machine, &until);
}

/* A disk may take what waits in its queue much later than it was sent. */
static bool doorbell_find(struct campaign_machine *machine, const void *job_context,
                          uint64_t *numbers, struct error *error)
{
    struct sending sending = {machine, job_context, UINT64_MAX};
    machine->media.sent = sent;
    machine->media.sent_context = &sending;
    run_to(machine, sending.record->instructions + 1);
    numbers[NUMBER_INSTRUCTIONS] = sending.instructions;
    return sending.instructions != UINT64_MAX ||
           error_set(error, ERROR_FORMAT, "campaign: a write of the run is not there again");
}

static bool guest_read(void *context, uint64_t addr, uint64_t *value)
{
    struct cpu *cpu = context;
    uint64_t physical;
    if (addr % sizeof(*value) != 0 || !cpu_translate(cpu, addr, &physical) ||
        physical < BOARD_RAM_BASE || physical - BOARD_RAM_BASE >= cpu_ram_bytes(cpu))
        return false;
    *value = load_u64(cpu_ram(cpu) + (physical - BOARD_RAM_BASE));
    return true;
}

static bool callers_find(struct campaign_machine *machine, const void *job_context,
                         uint64_t *numbers, struct error *error)
{
    const uint64_t *instructions = job_context;
    struct cpu *cpu = machine_cpu(machine->machine);
    struct unwind_memory memory = {cpu, guest_read};
    struct unwind_frame frame;
    struct elf_file elf;
    struct error ignored;
    (void)error;
    assert(*instructions > 0);
    run_to(machine, *instructions - 1); /* it is about to be sent */
    frame.pc = cpu_pc_get(cpu);
    for (unsigned i = 0; i < UNWIND_REGISTERS; i++)
        frame.x[i] = cpu_x_get(cpu, i);
    numbers[NUMBER_PC] = frame.pc;
    unsigned count = 1;
    if (elf_file_open(&elf, machine->setup->kernel_path, &ignored))
        while (count < CALLERS_MAX && unwind_caller(&elf, &memory, count == 1, &frame))
            numbers[NUMBER_PC + count++] = frame.pc;
    elf_file_finish(&elf);
    numbers[NUMBER_COUNT] = count;
    return true;
}

/* "a < b < c": a called by b, and so on; as many as there is room for. */
static void callers_name(const char *kernel_path, const uint64_t *pc, uint64_t count,
                         char callers[CAMPAIGN_CALLERS_BYTES])
{
    struct elf_file elf;
    struct error ignored;
    char name[ELF_NAME_BYTES];
    size_t used = 0;
    callers[0] = '\0';
    bool good = elf_file_open(&elf, kernel_path, &ignored);
    for (uint64_t i = 0; i < count && good; i++) {
        /* A return address may be behind the end of the function that called. */
        good = elf_function_at(&elf, i == 0 ? pc[i] : pc[i] - 1, name) &&
               used + strlen(name) + 4 < CAMPAIGN_CALLERS_BYTES;
        if (good)
            used += (size_t)snprintf(callers + used, CAMPAIGN_CALLERS_BYTES - used, "%s%s",
                                     i == 0 ? "" : " < ", name);
    }
    elf_file_finish(&elf);
}

/* --- what it holds --- */

static bool image_read(void *context, uint64_t offset, void *target, size_t size_bytes)
{
    memcpy(target, (const uint8_t *)context + offset, size_bytes);
    return true;
}

static const struct volume_range *range_find(const struct volume *volume, uint64_t block)
{
    for (uint32_t i = 0; i < volume->header.range_count; i++) {
        const struct volume_range *range = &volume->header.ranges[i];
        if (!volume_range_problem(volume, i) && block >= range->start_block &&
            block - range->start_block < range->block_count)
            return range;
    }
    return NULL;
}

static void range_tell(const struct volume_range *range, uint64_t block, uint32_t sector_count,
                       const uint8_t *data, char holds[CAMPAIGN_HOLDS_BYTES])
{
    uint64_t each = range_objects_per_block(range->kind), blocks = sector_count / BLOCK_SECTORS;
    uint64_t first = range->first_id + (block - range->start_block) * each;
    uint64_t last = first + (blocks ? blocks : 1) * each - 1;
    char kind[40];
    bool area = range->kind == RANGE_CKPT_AREA, header = range->kind == RANGE_CKPT_HEADER;
    (void)snprintf(kind, sizeof(kind), area ? "%s %u, blocks" : "%s",
                   range_kind_name(range->kind), AREA_ID_AREA(first));
    first = area ? AREA_ID_INDEX(first) : first;
    last = area ? AREA_ID_INDEX(last) : last;
    if (header)
        (void)snprintf(holds, CAMPAIGN_HOLDS_BYTES, "%s %" PRIu64 ", plex %u, generation %" PRIu64,
                       kind, first, range->plex,
                       load_u64(data + offsetof(struct ckpt_header, generation)));
    else
        (void)snprintf(holds, CAMPAIGN_HOLDS_BYTES, "%s %" PRIu64 "..%" PRIu64 ", plex %u", kind,
                       first, last, range->plex);
}

void campaign_write_holds(const struct campaign_images *images, unsigned disk, uint64_t sector,
                          uint32_t sector_count, const uint8_t *data,
                          char holds[CAMPAIGN_HOLDS_BYTES])
{
    const struct volume_source source = {images->bytes[disk],
                                         images->sector_count[disk] * DISK_SECTOR_BYTES,
                                         image_read};
    struct volume volume;
    struct error ignored;
    uint64_t block = sector / BLOCK_SECTORS;
    const struct volume_range *range = NULL;
    if (volume_open_source(&volume, images->names[disk], &source, &ignored))
        range = range_find(&volume, block);
    if (range && sector_count > 0)
        range_tell(range, block, sector_count, data, holds);
    else
        (void)snprintf(holds, CAMPAIGN_HOLDS_BYTES, "block %" PRIu64, block);
    volume_close(&volume);
}

bool campaign_write_describe(struct campaign_machine *machine, const struct campaign_level *level,
                             const struct campaign_record *record, struct campaign_write *write,
                             struct error *error)
{
    uint64_t numbers[NUMBERS] = {0};
    assert(record->kind == RECORD_ENTERED);
    assert(!machine->media.log);
    write->disk = record->disk;
    write->sector = record->sector;
    write->sector_count = record->sector_count;
    campaign_write_holds(level->below->images, record->disk, record->sector, record->sector_count,
                         campaign_log_data(level->log, record), write->holds);
    machine->media.below = level->below;
    bool good = campaign_machine_child(machine, record, doorbell_find, numbers, NUMBERS, error);
    write->instructions = numbers[NUMBER_INSTRUCTIONS];
    good = good && campaign_machine_child(machine, &write->instructions, callers_find, numbers,
                                          NUMBERS, error);
    machine->media.below = machine->images;
    write->pc = numbers[NUMBER_PC];
    if (good)
        callers_name(machine->setup->kernel_path, numbers + NUMBER_PC, numbers[NUMBER_COUNT],
                     write->callers);
    write->known = good;
    return good;
}
