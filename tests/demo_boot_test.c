/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demo_boot_test.c - when domains run, the code that only boot needed is not mapped, and what else
 * the kernel is made of still is. */
#include <criterion/criterion.h>

#include "emulator/base/bytes.h"
#include "emulator/cpu.h"
#include "tests/support_machine.h"
#include "tests/support_symbol.h"

#define KERNEL LATCHKEY_BUILD_DIR "/kernel.elf"
#define IMAGE LATCHKEY_BUILD_DIR "/shared-first.img"
#define KERNEL_OFFSET 0xffffffc000000000ull
#define PAGE 4096u
/* Sv39: three levels of 9 bits; V, and R, W and X of a leaf (privileged specification 4.4). */
#define VALID 1u
#define LEAF 0xeu

/* The entry that maps a virtual address; 0: none does. */
static uint64_t entry_of(struct cpu *cpu, uint64_t root_physical, uint64_t virtual_addr)
{
    uint64_t table = root_physical;
    for (unsigned level = 3; level-- > 0;) {
        uint64_t index = virtual_addr >> (12 + 9 * level) & 511;
        cr_assert_lt(table - BOARD_RAM_BASE, cpu_ram_bytes(cpu));
        uint64_t entry = load_u64(cpu_ram(cpu) + (table - BOARD_RAM_BASE) + 8 * index);
        if (!(entry & VALID) || (entry & LEAF))
            return entry & VALID ? entry : 0;
        table = entry >> 10 << 12;
    }
    return 0;
}

Test(boot, its_code_is_not_mapped_when_domains_run)
{
    struct transcript transcript = {.length = 0};
    struct machine *machine;
    struct error error;
    struct machine_config config = {.kernel_path = KERNEL, .disk_count = 1};
    config.disks[0] = (struct machine_disk){.path = IMAGE, .read_only = true};
    config.console = transcript_sink(&transcript);
    cr_assert(machine_create(&machine, &config, &error), "%s", error.text);
    struct machine_until until = machine_until_never();
    until.console = "hello";
    cr_assert_eq(machine_run(machine, &until).reason, MACHINE_STOP_CONSOLE);
    uint64_t root = symbol_addr("kernel.elf", "boot_tables") - KERNEL_OFFSET;
    uint64_t begin = symbol_addr("kernel.elf", "kernel_boot"),
             end = symbol_addr("kernel.elf", "kernel_rodata");
    cr_assert_lt(begin, end, "there is code of boot");
    for (uint64_t page = begin; page < end; page += PAGE)
        cr_expect_eq(entry_of(machine_cpu(machine), root, page), 0, "%llx is mapped",
                     (unsigned long long)page);
    cr_expect_neq(entry_of(machine_cpu(machine), root, begin - PAGE), 0);
    cr_expect_neq(entry_of(machine_cpu(machine), root, end), 0);
    machine_destroy(machine);
}
