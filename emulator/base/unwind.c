/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unwind.c - reads call frame information: DWARF 5, section 6.4. Invariants: unwind.h. */
#include "emulator/base/unwind.h"

#include "emulator/base/bytes.h"

#define REGISTER_RA 1u
#define REGISTER_SP 2u
#define COMMON_ENTRY UINT32_MAX /* the id of one that others refer to */
#define REMEMBERED_MAX 4u
#define INSTRUCTIONS_MAX 10000u

/* Section 6.4.2; the first three have an operand in their low six bits. */
enum frame_instruction {
    ADVANCE = 0x40,
    OFFSET = 0x80,
    RESTORE = 0xc0,
    NOP = 0x00,
    ADVANCE_1 = 0x02,
    ADVANCE_2 = 0x03,
    ADVANCE_4 = 0x04,
    OFFSET_EXTENDED = 0x05,
    RESTORE_EXTENDED = 0x06,
    SAME_VALUE = 0x08,
    REMEMBER = 0x0a,
    RESTORE_STATE = 0x0b,
    DEFINE = 0x0c,
    DEFINE_REGISTER = 0x0d,
    DEFINE_OFFSET = 0x0e,
    DEFINE_OFFSET_FACTORED = 0x13
};

/* Where the registers of the caller are. */
struct row {
    uint64_t base_register, base_offset; /* their sum is the caller's sp */
    bool saved[UNWIND_REGISTERS];
    int64_t offset[UNWIND_REGISTERS]; /* of those, from there */
};

struct entry {
    struct byte_reader program;
    uint64_t start, bytes; /* of code */
    struct byte_reader common;
    uint64_t code_align;
    int64_t data_align;
};

struct running {
    const struct entry *entry;
    uint64_t at, wanted; /* addresses */
    struct row row, initial;
    struct row remembered[REMEMBERED_MAX];
    unsigned remembered_count;
};

static uint64_t read_unsigned(struct byte_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = read_u8(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    reader_fail(reader);
    return 0;
}

static int64_t read_signed(struct byte_reader *reader)
{
    size_t start = reader->offset;
    uint64_t value = read_unsigned(reader);
    size_t bits = 7 * (reader->offset - start);
    if (bits < 64 && !reader->failed && value >> (bits - 1) & 1)
        value |= UINT64_MAX << bits;
    return (int64_t)value;
}

/* --- entries --- */

static bool common_read(struct entry *entry, const struct elf_section *section, uint32_t offset)
{
    struct byte_reader reader;
    if (offset >= section->size_bytes)
        return false;
    reader_init(&reader, section->data + offset, section->size_bytes - offset);
    uint32_t length = read_u32(&reader);
    if (length > reader_left(&reader) || read_u32(&reader) != COMMON_ENTRY)
        return false;
    reader.size_bytes = length + sizeof(length);
    uint8_t version = read_u8(&reader);
    if (read_u8(&reader) != 0) /* an augmentation: nobody knows what it changes */
        return false;
    if (version >= 4)
        (void)read_u16(&reader); /* sizes of an address and of a segment */
    entry->code_align = read_unsigned(&reader);
    entry->data_align = read_signed(&reader);
    uint64_t return_register = version == 1 ? read_u8(&reader) : read_unsigned(&reader);
    entry->common = reader;
    return !reader.failed && return_register == REGISTER_RA;
}

/* The entry of the code that has this address. */
static bool entry_find(const struct elf_section *section, uint64_t addr, struct entry *entry)
{
    struct byte_reader reader;
    reader_init(&reader, section->data, section->size_bytes);
    while (reader_left(&reader) > 2 * sizeof(uint32_t)) {
        uint32_t length = read_u32(&reader);
        if (length > reader_left(&reader))
            return false;
        struct byte_reader program = reader;
        program.size_bytes = reader.offset + length;
        reader.offset += length;
        uint32_t common = read_u32(&program);
        if (common == COMMON_ENTRY)
            continue;
        uint64_t start = read_u64(&program), bytes = read_u64(&program);
        if (program.failed || addr < start || addr - start >= bytes)
            continue;
        *entry = (struct entry){.program = program, .start = start, .bytes = bytes};
        return common_read(entry, section, common);
    }
    return false;
}

/* --- programs --- */

static void register_offset(struct running *running, struct byte_reader *program, uint64_t number)
{
    int64_t offset = (int64_t)read_unsigned(program) * running->entry->data_align;
    if (number >= UNWIND_REGISTERS)
        return; /* of floating point */
    running->row.saved[number] = true;
    running->row.offset[number] = offset;
}

static void register_restore(struct running *running, uint64_t number)
{
    if (number >= UNWIND_REGISTERS)
        return;
    running->row.saved[number] = running->initial.saved[number];
    running->row.offset[number] = running->initial.offset[number];
}

static void state_change(struct running *running, struct byte_reader *program, bool remember)
{
    if (remember && running->remembered_count < REMEMBERED_MAX)
        running->remembered[running->remembered_count++] = running->row;
    else if (!remember && running->remembered_count > 0)
        running->row = running->remembered[--running->remembered_count];
    else
        reader_fail(program);
}

static void advance(struct running *running, uint64_t by)
{
    running->at += by * running->entry->code_align;
}

static void plain_run(struct running *running, struct byte_reader *program, uint8_t code)
{
    switch (code) {
    case NOP:
        break;
    case ADVANCE_1:
        advance(running, read_u8(program));
        break;
    case ADVANCE_2:
        advance(running, read_u16(program));
        break;
    case ADVANCE_4:
        advance(running, read_u32(program));
        break;
    case OFFSET_EXTENDED: {
        uint64_t number = read_unsigned(program);
        register_offset(running, program, number);
        break;
    }
    case RESTORE_EXTENDED:
    case SAME_VALUE:
        register_restore(running, read_unsigned(program));
        break;
    case REMEMBER:
    case RESTORE_STATE:
        state_change(running, program, code == REMEMBER);
        break;
    case DEFINE:
        running->row.base_register = read_unsigned(program);
        running->row.base_offset = read_unsigned(program);
        break;
    case DEFINE_REGISTER:
        running->row.base_register = read_unsigned(program);
        break;
    case DEFINE_OFFSET:
        running->row.base_offset = read_unsigned(program);
        break;
    case DEFINE_OFFSET_FACTORED:
        running->row.base_offset =
            (uint64_t)(read_signed(program) * running->entry->data_align);
        break;
    default:
        reader_fail(program);
    }
}

/* Up to the address that is wanted. */
static bool program_run(struct running *running, struct byte_reader program)
{
    for (unsigned i = 0; i < INSTRUCTIONS_MAX && reader_left(&program) > 0; i++) {
        uint8_t code = read_u8(&program), operand = code & 0x3f;
        struct row before = running->row;
        switch (code & 0xc0) {
        case ADVANCE:
            advance(running, operand);
            break;
        case OFFSET:
            register_offset(running, &program, operand);
            break;
        case RESTORE:
            register_restore(running, operand);
            break;
        default:
            plain_run(running, &program, code);
        }
        if (running->at > running->wanted) {
            running->row = before;
            return !program.failed;
        }
    }
    return !program.failed;
}

bool unwind_caller(const struct elf_file *elf, const struct unwind_memory *memory, bool innermost,
                   struct unwind_frame *frame)
{
    struct entry entry;
    struct unwind_frame caller = *frame;
    uint64_t addr = innermost ? frame->pc : frame->pc - 1;
    if (!entry_find(&elf->frames, addr, &entry))
        return false;
    struct running running = {.entry = &entry, .at = entry.start, .wanted = addr};
    if (!program_run(&running, entry.common))
        return false;
    running.initial = running.row;
    if (!program_run(&running, entry.program) || running.row.base_register >= UNWIND_REGISTERS)
        return false;
    uint64_t base = frame->x[running.row.base_register] + running.row.base_offset;
    for (unsigned i = 1; i < UNWIND_REGISTERS; i++)
        if (running.row.saved[i] &&
            !memory->read(memory->context, base + (uint64_t)running.row.offset[i], &caller.x[i]))
            return false;
    if (!running.row.saved[REGISTER_SP])
        caller.x[REGISTER_SP] = base;
    caller.pc = caller.x[REGISTER_RA];
    if (caller.pc == frame->pc && base == frame->x[REGISTER_SP])
        return false; /* it would never end */
    *frame = caller;
    return true;
}
