/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_loader_test.c - kernels and initrds go where they say, and nothing from a file goes
 * anywhere else. */
#include "emulator/loader.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "devices/board.h"
#include "emulator/base/bytes.h"

#define RAM_BYTES (16u << 20)
#define GUARD_BYTES 4096u
#define GUARD 0xa5

/* RAM between two guards that must stay as they are. */
struct fixture {
    uint8_t *block;
    struct loader_request request;
    struct loader_result result;
    struct error error;
    int kernel_fd, initrd_fd; /* files in memory */
    char kernel[32], initrd[32];
};

static void setup(struct fixture *fixture)
{
    *fixture = (struct fixture){.kernel_fd = memfd_create("kernel", MFD_CLOEXEC),
                                .initrd_fd = memfd_create("initrd", MFD_CLOEXEC)};
    cr_assert(fixture->kernel_fd >= 0 && fixture->initrd_fd >= 0);
    (void)snprintf(fixture->kernel, sizeof(fixture->kernel), "/proc/self/fd/%d",
                   fixture->kernel_fd);
    (void)snprintf(fixture->initrd, sizeof(fixture->initrd), "/proc/self/fd/%d",
                   fixture->initrd_fd);
    fixture->block = calloc(1, RAM_BYTES + 2 * GUARD_BYTES);
    cr_assert(fixture->block);
    memset(fixture->block, GUARD, GUARD_BYTES);
    memset(fixture->block + GUARD_BYTES + RAM_BYTES, GUARD, GUARD_BYTES);
    fixture->request = (struct loader_request){.ram = fixture->block + GUARD_BYTES,
                                               .ram_base = BOARD_RAM_BASE,
                                               .ram_bytes = RAM_BYTES,
                                               .kernel_path = fixture->kernel};
}

static void guards_check(const struct fixture *fixture)
{
    for (unsigned i = 0; i < GUARD_BYTES; i++) {
        cr_assert_eq(fixture->block[i], GUARD, "before RAM");
        cr_assert_eq(fixture->block[GUARD_BYTES + RAM_BYTES + i], GUARD, "after RAM");
    }
}

static void teardown(struct fixture *fixture)
{
    guards_check(fixture);
    (void)close(fixture->kernel_fd);
    (void)close(fixture->initrd_fd);
    free(fixture->block);
}

static void file_write(const char *path, const void *data, size_t size_bytes)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file);
    cr_assert_eq(fwrite(data, 1, size_bytes, file), size_bytes);
    cr_assert_eq(fclose(file), 0);
}

static bool load(struct fixture *fixture)
{
    return loader_load(&fixture->request, &fixture->result, &fixture->error);
}

static const uint8_t *ram_at(const struct fixture *fixture, uint64_t addr)
{
    return fixture->request.ram + (addr - BOARD_RAM_BASE);
}

/* An executable of two segments of 256 bytes of data each, filled with 1 and 2. */
struct program {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    uint8_t data[2][256];
};

static struct program program_make(void)
{
    struct program program = {.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
                                                     ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                                         .e_type = ET_EXEC, .e_machine = EM_RISCV,
                                         .e_version = EV_CURRENT,
                                         .e_phoff = sizeof(Elf64_Ehdr),
                                         .e_ehsize = sizeof(Elf64_Ehdr),
                                         .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
                                         .e_shentsize = sizeof(Elf64_Shdr)}};
    for (unsigned i = 0; i < 2; i++) {
        program.segments[i] = (Elf64_Phdr){
            .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
            .p_offset = offsetof(struct program, data) + i * 256u,
            .p_vaddr = 0xffffffc000000000u + i * 0x1000u, .p_paddr = 0x80200000u + i * 0x1000u,
            .p_filesz = 256, .p_memsz = 512, .p_align = 1};
        memset(program.data[i], (int)i + 1, 256);
    }
    program.header.e_entry = program.segments[1].p_vaddr + 16;
    return program;
}

Test(loader, an_executable_goes_to_its_physical_addresses_with_zeros_after)
{
    struct fixture fixture;
    struct program program = program_make();
    setup(&fixture);
    memset(fixture.request.ram, 0x77, RAM_BYTES);
    file_write(fixture.kernel, &program, sizeof(program));
    cr_assert(load(&fixture), "%s", fixture.error.text);
    cr_assert_eq(fixture.result.entry, 0x80201010, "by the segment's physical address");
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *place = ram_at(&fixture, program.segments[i].p_paddr);
        cr_assert(place[0] == i + 1 && place[255] == i + 1);
        cr_assert(place[256] == 0 && place[511] == 0);
        cr_assert_eq(place[512], 0x77, "nothing beyond");
    }
    cr_assert_eq(load_u32(ram_at(&fixture, fixture.result.tree_addr)), 0xedfe0dd0, "a tree");
    cr_assert_eq(fixture.result.tree_addr % 8, 0);
    teardown(&fixture);
}

Test(loader, an_entry_may_be_a_physical_address)
{
    struct fixture fixture;
    struct program program = program_make();
    setup(&fixture);
    program.header.e_entry = 0x80200004;
    file_write(fixture.kernel, &program, sizeof(program));
    cr_assert(load(&fixture), "%s", fixture.error.text);
    cr_assert_eq(fixture.result.entry, 0x80200004);
    teardown(&fixture);
}

Test(loader, executables_that_make_no_sense_get_one_clear_line)
{
    static const struct {
        uint64_t entry, physical, memory_bytes, file_bytes, offset;
        const char *text;
    } bad[] = {
        {0x1000, 0x80201000, 512, 256, 0, "entry point is in no segment"},
        {0x80200001, 0x80201000, 512, 256, 0, "entry point is in no segment"},
        {0x80200000, 0x80200100, 512, 256, 0, "overlap"},
        {0x80200000, 0x80200000 - 511, 512, 256, 0, "overlap"},
        {0x80200000, 0x7ffff000, 0x1001, 256, 0, "does not fit the RAM"},
        {0x80200000, 0x80fffff0, 512, 256, 0, "does not fit the RAM"},
        {0x80200000, 0x80ffbf00, 512, 256, 0, "does not fit the RAM"}, /* the tree's place */
        {0x80200000, 0, 512, 256, 0, "does not fit the RAM"},
        {0x80200000, UINT64_MAX - 100, 512, 256, 0, "impossible size"},
        {0x80200000, 0x80201000, 100, 256, 0, "impossible size"},
        {0x80200000, 0x80201000, 1ull << 40, 256, 0, "impossible size"},
        {0x80200000, 0x80201000, 512, 256, 1000, "truncated"},
        {0x80200000, 0x80201000, 512, 256, 1ull << 63, "truncated"},
        {0x80200000, 0x80201000, UINT64_MAX, UINT64_MAX, 0, "truncated"},
    };
    struct fixture fixture;
    setup(&fixture);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct program program = program_make();
        program.header.e_entry = bad[i].entry;
        program.segments[1].p_paddr = bad[i].physical;
        program.segments[1].p_memsz = bad[i].memory_bytes;
        program.segments[1].p_filesz = bad[i].file_bytes;
        program.segments[1].p_offset += bad[i].offset;
        file_write(fixture.kernel, &program, sizeof(program));
        cr_assert_not(load(&fixture), "%zu", i);
        cr_assert_eq(fixture.error.code, ERROR_FORMAT);
        cr_assert(strstr(fixture.error.text, bad[i].text), "%zu: %s", i, fixture.error.text);
    }
    teardown(&fixture);
}

Test(loader, an_image_goes_where_its_header_says)
{
    uint8_t image[4096] = {0x13};
    struct fixture fixture;
    setup(&fixture);
    store_u64(image + 16, 0x10000);
    store_u32(image + 56, 0x05435352);
    image[4095] = 0x99;
    file_write(fixture.kernel, image, sizeof(image));
    cr_assert(load(&fixture), "%s", fixture.error.text);
    cr_assert_eq(fixture.result.entry, LOADER_KERNEL_ADDR);
    cr_assert_eq(*ram_at(&fixture, LOADER_KERNEL_ADDR + 4095), 0x99);
    store_u64(image + 8, 0x400000);
    file_write(fixture.kernel, image, sizeof(image));
    cr_assert(load(&fixture), "%s", fixture.error.text);
    cr_assert_eq(fixture.result.entry, BOARD_RAM_BASE + 0x400000);
    static const struct {
        uint64_t offset, memory_bytes;
    } bad[] = {{0x400001, 0x1000}, {1ull << 40, 0x1000}, {UINT64_MAX, 0x1000},
               {0x400000, RAM_BYTES}, {0x400000, UINT64_MAX}, {RAM_BYTES, 0x1000}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        store_u64(image + 8, bad[i].offset);
        store_u64(image + 16, bad[i].memory_bytes);
        file_write(fixture.kernel, image, sizeof(image));
        cr_assert_not(load(&fixture), "%zu", i);
        cr_assert_eq(fixture.error.code, ERROR_FORMAT);
    }
    teardown(&fixture);
}

Test(loader, the_initrd_lies_below_the_tree_and_kernels_may_not_reach_it)
{
    struct fixture fixture;
    struct program program = program_make();
    setup(&fixture);
    fixture.request.initrd_path = fixture.initrd;
    file_write(fixture.kernel, &program, sizeof(program));
    file_write(fixture.initrd, "an initial file system", 22);
    cr_assert(load(&fixture), "%s", fixture.error.text);
    uint64_t start = fixture.result.tree_addr - 4096;
    cr_assert_arr_eq(ram_at(&fixture, start), "an initial file system", 22);
    program.segments[1].p_paddr = start - 256;
    file_write(fixture.kernel, &program, sizeof(program));
    cr_assert_not(load(&fixture), "its second half is where the initrd is");
    char *large = calloc(1, RAM_BYTES);
    file_write(fixture.initrd, large, RAM_BYTES);
    free(large);
    cr_assert_not(load(&fixture));
    cr_assert(strstr(fixture.error.text, "larger than the RAM"), "%s", fixture.error.text);
    cr_assert_eq(fixture.error.code, ERROR_FORMAT);
    fixture.request.initrd_path = "no-such-initrd";
    cr_assert_not(load(&fixture));
    cr_assert_eq(fixture.error.code, ERROR_IO);
    teardown(&fixture);
}

Test(loader, empty_foreign_and_missing_kernels_get_one_clear_line)
{
    struct fixture fixture;
    char longest[4000];
    setup(&fixture);
    cr_assert_not(load(&fixture));
    cr_assert_eq(fixture.error.code, ERROR_FORMAT);
    cr_assert(strstr(fixture.error.text, ": empty"), "%s", fixture.error.text);
    file_write(fixture.kernel, "#!/bin/sh\n", 10);
    cr_assert_not(load(&fixture));
    cr_assert(strstr(fixture.error.text, "neither an ELF executable nor a RISC-V Image"));
    fixture.request.kernel_path = ".";
    cr_assert_not(load(&fixture));
    cr_assert_eq(fixture.error.code, ERROR_IO);
    memset(longest, 'k', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    fixture.request.kernel_path = longest;
    cr_assert_not(load(&fixture));
    cr_assert(strstr(fixture.error.text, "name too long"), "the reason is not cut off: %s",
              fixture.error.text);
    teardown(&fixture);
}

Test(loader, damaged_kernels_never_reach_outside_ram)
{
    struct fixture fixture;
    uint64_t state = 20261121;
    unsigned loaded = 0, refused = 0;
    setup(&fixture);
    for (unsigned i = 0; i < 4000; i++) {
        struct program program = program_make();
        uint8_t *bytes = (uint8_t *)&program;
        for (unsigned flips = 0; flips <= i % 4; flips++) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            bytes[(state >> 33) % offsetof(struct program, data)] ^= (uint8_t)(state >> 25);
        }
        file_write(fixture.kernel, &program, i % 7 ? sizeof(program) : state % sizeof(program));
        if (load(&fixture))
            loaded++;
        else
            refused += fixture.error.code == ERROR_FORMAT;
        if (i % 500 == 0)
            guards_check(&fixture);
    }
    cr_assert_eq(loaded + refused, 4000, "seed 20261121");
    cr_assert(loaded > 100 && refused > 100, "%u loaded, %u refused", loaded, refused);
    teardown(&fixture);
}
