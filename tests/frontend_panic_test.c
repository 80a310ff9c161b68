/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frontend_panic_test.c - a kernel that stops because it is wrong says where, and its file says
 * what that means: the records of kernel.elf, and a run of a kernel that was made to stop. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/elf_file.h"
#include "tests/support_command.h"
#include "tests/support_symbol.h"

#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"
#define EBREAK 0x9002u /* the short one */

static struct elf_file kernel_open(void)
{
    struct elf_file elf;
    struct error error;
    cr_assert(elf_file_open(&elf, KERNEL, &error), "%s", error.text);
    cr_assert_gt(elf.panics_bytes, 0);
    return elf;
}

/* The bytes of the file that are loaded at this address. */
static uint8_t *loaded_at(const struct elf_file *elf, uint64_t addr)
{
    for (unsigned i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        if (addr >= segment->virtual_addr && addr - segment->virtual_addr < segment->data_bytes)
            return elf->image + (segment->data - elf->image) + (addr - segment->virtual_addr);
    }
    return NULL;
}

Test(panic, every_record_of_the_kernel_names_a_stop_and_its_line)
{
    struct elf_file elf = kernel_open();
    unsigned count = 0;
    for (size_t at = 0; at < elf.panics_bytes; count++) {
        uint64_t addr;
        memcpy(&addr, elf.panics + at, sizeof(addr));
        const char *text = (const char *)elf.panics + at + sizeof(addr);
        at += sizeof(addr) + strlen(text) + 1;
        cr_assert_eq(strncmp(text, "kernel/", 7), 0, "%s", text);
        cr_assert(strstr(text, ": what must hold does not: ") || strstr(text, "-0"), "%s", text);
        const uint8_t *code = addr ? loaded_at(&elf, addr) : NULL;
        if (!code) /* of a function that is not in the kernel */
            continue;
        cr_assert_eq(code[0] | code[1] << 8, EBREAK, "%s", text);
        cr_assert_not_null(elf_panic_text(&elf, addr));
    }
    cr_assert_gt(count, 100);
    cr_assert_null(elf_panic_text(&elf, 1));
    elf_file_finish(&elf);
}

Test(panic, records_that_are_cut_off_say_nothing)
{
    struct elf_file elf = kernel_open();
    uint64_t addr;
    memcpy(&addr, elf.panics, sizeof(addr));
    cr_assert_not_null(elf_panic_text(&elf, addr));
    for (elf.panics_bytes = 0; elf.panics_bytes < 12; elf.panics_bytes++)
        cr_assert_null(elf_panic_text(&elf, addr));
    elf_file_finish(&elf);
}

Test(panic, the_program_says_why_the_kernel_stopped)
{
    struct elf_file elf = kernel_open();
    struct command_result *result;
    char *path = command_file("panic.elf"), text[300], where[40], command[600];
    /* A copy of the kernel that stops at its first system call, for the first of the reasons. */
    uint64_t addr = symbol_addr("kernel.elf", "trap_call");
    uint8_t *code = loaded_at(&elf, addr);
    cr_assert_not_null(code);
    code[0] = (uint8_t)(EBREAK & 0xff);
    code[1] = (uint8_t)(EBREAK >> 8);
    memcpy(elf.image + (elf.panics - elf.image), &addr, sizeof(addr));
    snprintf(text, sizeof(text), "guest: panic: %s", elf_panic_text(&elf, addr));
    snprintf(where, sizeof(where), "panic: at 0x%llx", (unsigned long long)addr);
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(elf.image, 1, elf.image_bytes, file) == elf.image_bytes);
    (void)fclose(file);

    snprintf(command, sizeof(command), "./latchkey run --headless --kernel %s shared-first.img",
             path);
    result = command_run(command);
    cr_expect_eq(result->status, 1, "status %d", result->status);
    cr_expect(command_one_line(result, text), "%s, not %s", result->errors, text);
    cr_expect(strstr(result->output, where), "%s", result->output);
    cr_expect(strstr(result->output, "\ncurrent: domain "), "%s", result->output);
    free(result);
    (void)remove(path);
    free(path);
    elf_file_finish(&elf);
}
