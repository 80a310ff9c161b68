/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emulator_devicetree_test.c - the tree tells the truth about the board, and tells it as QEMU's
 * virt board does. */
#include "emulator/devicetree.h"

#include <criterion/criterion.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/board_table.h"
#include "emulator/base/input_file.h"

static const struct devicetree_facts plain = {.ram_base = BOARD_RAM_BASE,
                                              .ram_bytes = 64u << 20};

static uint8_t *tree_of(const struct devicetree_facts *facts)
{
    struct error error;
    uint8_t *tree = malloc(DEVICETREE_BYTES);
    cr_assert(tree);
    memset(tree, 0xee, DEVICETREE_BYTES);
    cr_assert(devicetree_make(tree, facts, &error), "%s", error.text);
    cr_assert_eq(fdt_check_header(tree), 0);
    return tree;
}

static const void *property(const void *tree, const char *path, const char *name, int *length)
{
    int node = fdt_path_offset(tree, path);
    cr_assert_geq(node, 0, "no %s", path);
    return fdt_getprop(tree, node, name, length);
}

static uint32_t cell(const void *tree, const char *path, const char *name)
{
    int length;
    const fdt32_t *value = property(tree, path, name, &length);
    cr_assert(value && length == 4, "%s %s", path, name);
    return fdt32_to_cpu(*value);
}

/* The 64-bit number at index of a property. */
static uint64_t wide(const void *tree, const char *path, const char *name, int index)
{
    int length;
    const uint8_t *value = property(tree, path, name, &length);
    cr_assert(value && length >= 8 * (index + 1), "%s %s", path, name);
    return fdt64_ld((const fdt64_t *)(const void *)(value + 8 * index));
}

static const char *text(const void *tree, const char *path, const char *name)
{
    int length;
    const char *value = property(tree, path, name, &length);
    cr_assert(value && length > 0 && value[length - 1] == '\0', "%s %s", path, name);
    return value;
}

static void node_path(char path[64], unsigned index)
{
    (void)snprintf(path, 64, "/soc/%s@%llx", board_regions[index].node,
                   (unsigned long long)board_regions[index].base);
}

Test(devicetree, every_device_of_the_table_is_in_it)
{
    uint8_t *tree = tree_of(&plain);
    uint32_t plic = cell(tree, "/soc/plic@c000000", "phandle");
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++) {
        char path[64];
        node_path(path, i);
        cr_assert_str_eq(text(tree, path, "compatible"), board_regions[i].ops->compatible);
        cr_assert_eq(wide(tree, path, "reg", 0), board_regions[i].base);
        cr_assert_eq(wide(tree, path, "reg", 1), board_regions[i].size_bytes);
        if (board_regions[i].irq == 0)
            continue;
        cr_assert_eq(cell(tree, path, "interrupts"), board_regions[i].irq);
        cr_assert_eq(cell(tree, path, "interrupt-parent"), plic);
    }
    free(tree);
}

Test(devicetree, memory_cpu_and_chosen_say_what_the_machine_is)
{
    struct devicetree_facts facts = plain;
    facts.append = "quiet splash";
    facts.initrd_start = 0x83000000;
    facts.initrd_end = 0x83001234;
    facts.check = true;
    uint8_t *tree = tree_of(&facts);
    int length;
    cr_assert_eq(wide(tree, "/memory@80000000", "reg", 0), BOARD_RAM_BASE);
    cr_assert_eq(wide(tree, "/memory@80000000", "reg", 1), 64u << 20);
    cr_assert_eq(cell(tree, "/cpus", "timebase-frequency"), BOARD_TIMEBASE_HZ);
    cr_assert_str_eq(text(tree, "/cpus/cpu@0", "riscv,isa"), "rv64imafdc");
    cr_assert_str_eq(text(tree, "/cpus/cpu@0", "mmu-type"), "riscv,sv39");
    cr_assert_str_eq(text(tree, "/chosen", "stdout-path"), "/soc/serial@10000000");
    cr_assert_str_eq(text(tree, "/chosen", "bootargs"), "quiet splash");
    cr_assert_eq(wide(tree, "/chosen", "linux,initrd-start", 0), 0x83000000);
    cr_assert_eq(wide(tree, "/chosen", "linux,initrd-end", 0), 0x83001234);
    cr_assert(property(tree, "/chosen", "latchkey,check", &length));
    cr_assert_null(property(tree, "/chosen", "latchkey,amnesia", &length));
    cr_assert_null(property(tree, "/chosen", "kaslr-seed", &length));
    free(tree);
    tree = tree_of(&plain);
    cr_assert_null(property(tree, "/chosen", "linux,initrd-start", &length));
    cr_assert_null(property(tree, "/chosen", "latchkey,check", &length));
    free(tree);
}

Test(devicetree, every_byte_is_a_function_of_the_facts_and_the_seed_is_one)
{
    struct devicetree_facts other = plain;
    uint8_t *one = tree_of(&plain), *two = tree_of(&plain);
    cr_assert_arr_eq(one, two, DEVICETREE_BYTES);
    free(two);
    other.seed = 1;
    two = tree_of(&other);
    int length;
    const void *first = property(one, "/chosen", "rng-seed", &length);
    cr_assert_eq(length, 32);
    cr_assert(memcmp(first, property(two, "/chosen", "rng-seed", &length), 32) != 0);
    free(one);
    free(two);
}

Test(devicetree, arguments_too_long_for_it_are_refused)
{
    uint8_t tree[DEVICETREE_BYTES];
    char *append = calloc(1, DEVICETREE_BYTES + 1);
    struct devicetree_facts facts = plain;
    struct error error;
    bool refused = false;
    facts.append = append;
    for (size_t length = 0; length < DEVICETREE_BYTES; length += 64) {
        memset(append, 'x', length);
        bool made = devicetree_make(tree, &facts, &error);
        cr_assert_not(made && refused, "once too long, always too long");
        refused = !made;
        if (refused)
            cr_assert_eq(error.code, ERROR_LIMIT);
        else
            cr_assert_str_eq(text(tree, "/chosen", "bootargs"), append);
    }
    cr_assert(refused);
    free(append);
}

/* QEMU's own tree of the board. */
static uint8_t *rival_tree(void)
{
    char path[] = "test-tree-XXXXXX", command[256];
    uint8_t *tree;
    size_t size_bytes;
    struct error error;
    int descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    (void)close(descriptor);
    (void)snprintf(command, sizeof(command),
                   "timeout 60 qemu-system-riscv64 -M virt,dumpdtb=%s -m 64 -display none "
                   "-global virtio-mmio.force-legacy=false >/dev/null 2>&1", path);
    cr_assert_eq(system(command), 0, "%s", command);
    cr_assert(input_read(path, 1u << 20, &tree, &size_bytes, &error), "%s", error.text);
    cr_assert(size_bytes > 0 && fdt_check_full(tree, size_bytes) == 0);
    (void)unlink(path);
    return tree;
}

Test(devicetree, our_board_is_a_part_of_the_board_that_qemu_describes)
{
    uint8_t *ours = tree_of(&plain), *rival = rival_tree();
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++) {
        char path[64];
        int length;
        if (i == BOARD_INDEX_TRACE)
            continue; /* ours only */
        node_path(path, i);
        int node = fdt_path_offset(rival, path);
        cr_assert_geq(node, 0, "QEMU has no %s", path);
        const char *compatible = board_regions[i].ops->compatible;
        cr_assert_geq(fdt_stringlist_search(rival, node, "compatible", compatible), 0, "%s", path);
        cr_assert_eq(wide(rival, path, "reg", 0), board_regions[i].base);
        cr_assert_eq(wide(rival, path, "reg", 1), board_regions[i].size_bytes, "%s", path);
        if (board_regions[i].irq)
            cr_assert_eq(cell(rival, path, "interrupts"), board_regions[i].irq);
        (void)fdt_getprop(rival, node, "interrupts", &length);
        cr_assert_eq(length > 0, board_regions[i].irq != 0, "%s", path);
    }
    static const char *const cells[][2] = {
        {"/", "#address-cells"},    {"/", "#size-cells"},
        {"/soc", "#address-cells"}, {"/soc", "#size-cells"},
        {"/cpus", "#address-cells"}, {"/cpus", "#size-cells"},
        {"/cpus", "timebase-frequency"}, {"/cpus/cpu@0", "reg"},
        {"/soc/plic@c000000", "#interrupt-cells"}, /* its riscv,ndev counts source 0, too */
        {"/cpus/cpu@0/interrupt-controller", "#interrupt-cells"},
    };
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
        cr_assert_eq(cell(ours, cells[i][0], cells[i][1]), cell(rival, cells[i][0], cells[i][1]),
                     "%s %s", cells[i][0], cells[i][1]);
    cr_assert_str_eq(text(ours, "/chosen", "stdout-path"), text(rival, "/chosen", "stdout-path"));
    free(ours);
    free(rival);
}
