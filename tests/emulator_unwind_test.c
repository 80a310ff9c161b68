/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_unwind_test.c - callers are found by call frame information that was written by hand, in
 * the words of DWARF 5, section 6.4, and what is no such information is refused. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/bytes.h"
#include "emulator/base/memory.h"
#include "emulator/base/unwind.h"
#include "tests/support_symbol.h"

#define STACK 0x1000u
#define CODE 0x8000u

/* Every doubleword of memory holds its own address. */
static bool address_read(void *context, uint64_t addr, uint64_t *value)
{
    (void)context;
    *value = addr;
    return addr % 8 == 0;
}

static const struct unwind_memory memory = {NULL, address_read};

static void block_write(struct byte_writer *section, uint32_t id, const uint8_t *bytes, size_t size)
{
    write_u32(section, (uint32_t)size + 4);
    write_u32(section, id);
    write_bytes(section, bytes, size);
}

/* A common entry: sp is the base. One function of 32 bytes: after 4 it has moved sp by 32 and saved
 * ra and s0; from 16 to 20 it is as at its begin, and then as before. */
static void section_write(struct byte_writer *section)
{
    static const uint8_t common[] = {3, 0, 1, 0x78, 1, 0x0c, 2, 0};
    static const uint8_t program[] = {0x44, 0x81, 1, 0x88, 2, 0x0e, 32,        /* saved */
                                      0x4c, 0x0a, 0x0e, 0, 0xc1, 0xc8,         /* undone */
                                      0x44, 0x0b, 0x13, 0x7c};                 /* 32, factored */
    struct byte_writer entry = {0};
    write_u64(&entry, CODE);
    write_u64(&entry, 32);
    write_bytes(&entry, program, sizeof(program));
    block_write(section, UINT32_MAX, common, sizeof(common));
    block_write(section, 0, entry.data, entry.size_bytes);
    writer_finish(&entry);
}

static bool unwind(const void *section, size_t size_bytes, bool innermost,
                   struct unwind_frame *frame, uint64_t pc)
{
    const struct elf_file elf = {.frames = {section, size_bytes}};
    *frame = (struct unwind_frame){.pc = pc, .x = {[1] = 0x7000, [2] = STACK, [8] = 88}};
    return unwind_caller(&elf, &memory, innermost, frame);
}

static void expect_saved(const struct byte_writer *section, uint64_t pc)
{
    struct unwind_frame frame;
    cr_assert(unwind(section->data, section->size_bytes, true, &frame, pc));
    cr_expect_eq(frame.pc, STACK + 32 - 8);
    cr_expect_eq(frame.x[8], STACK + 32 - 16);
    cr_expect_eq(frame.x[2], STACK + 32);
}

static void expect_unsaved(const struct byte_writer *section, uint64_t pc)
{
    struct unwind_frame frame;
    cr_assert(unwind(section->data, section->size_bytes, true, &frame, pc));
    cr_expect_eq(frame.pc, 0x7000);
    cr_expect_eq(frame.x[8], 88);
    cr_expect_eq(frame.x[2], STACK);
}

Test(unwind, a_caller_is_found_wherever_the_function_stands)
{
    struct byte_writer section = {0};
    struct unwind_frame frame;
    section_write(&section);
    expect_unsaved(&section, CODE);
    expect_saved(&section, CODE + 4);
    expect_saved(&section, CODE + 15);
    expect_unsaved(&section, CODE + 16);
    expect_saved(&section, CODE + 20);
    expect_saved(&section, CODE + 31);
    cr_expect_not(unwind(section.data, section.size_bytes, true, &frame, CODE + 32));
    cr_expect_eq(frame.pc, CODE + 32, "it is as it was");
    cr_expect_not(unwind(section.data, section.size_bytes, true, &frame, CODE - 1));
    /* A call may be the last that a function does. */
    cr_expect(unwind(section.data, section.size_bytes, false, &frame, CODE + 32));
    cr_expect_not(unwind(section.data, section.size_bytes, false, &frame, CODE));
    writer_finish(&section);
}

/* Cut anywhere, and with every byte changed to every value: an answer or none, and no more. */
Test(unwind, what_is_no_such_information_is_refused, .timeout = 60)
{
    struct byte_writer section = {0};
    struct unwind_frame frame;
    section_write(&section);
    for (size_t size = 0; size < section.size_bytes; size++) {
        uint8_t *cut = memory_must(malloc(size + 1)); /* so that a sanitizer sees its end */
        memcpy(cut, section.data, size);
        cr_expect_not(unwind(cut, size, true, &frame, CODE + 4), "%zu bytes", size);
        free(cut);
    }
    for (size_t at = 0; at < section.size_bytes; at++) {
        uint8_t was = section.data[at];
        for (unsigned value = 0; value < 256; value++) {
            section.data[at] = (uint8_t)value;
            (void)unwind(section.data, section.size_bytes, true, &frame, CODE + 21);
        }
        section.data[at] = was;
    }
    expect_saved(&section, CODE + 21);
    writer_finish(&section);
}

Test(unwind, a_function_is_known_by_its_addresses)
{
    struct elf_file elf;
    struct error error;
    char name[ELF_NAME_BYTES];
    cr_assert(elf_file_open(&elf, LATCHKEY_BUILD_DIR "/kernel.elf", &error), "%s", error.text);
    uint64_t addr = symbol_addr("kernel.elf", "io_write");
    for (uint64_t inside = addr; inside < addr + 8; inside += 2) {
        cr_assert(elf_function_at(&elf, inside, name));
        cr_expect_str_eq(name, "io_write");
    }
    cr_expect(!elf_function_at(&elf, addr - 1, name) || strcmp(name, "io_write") != 0);
    cr_expect_not(elf_function_at(&elf, 0, name));
    for (size_t size = 0; size < elf.symbols.size_bytes; size += 7) {
        struct elf_file cut = elf;
        cut.symbols.size_bytes = size;
        cut.names.size_bytes = size % 50; /* most names begin behind the end */
        if (elf_function_at(&cut, addr, name))
            cr_expect_lt(strlen(name), 50);
    }
    elf_file_finish(&elf);
}
