/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_driver_fdt_test.c - the kernel's reader of device trees: our machine's own tree, trees
 * that libfdt makes at random, and trees that are broken at random. */
#include "kernel/driver/fdt.h"

#include <criterion/criterion.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/devicetree.h"
#include "tests/support_device.h"

#define TREE_BYTES 65536

static uint8_t *tree_room(void)
{
    uint8_t *tree = aligned_alloc(16, TREE_BYTES);
    cr_assert_not_null(tree);
    memset(tree, 0, TREE_BYTES);
    return tree;
}

static void string_set(uint8_t *tree, int node, const char *name, const char *text)
{
    cr_assert_eq(fdt_setprop(tree, node, name, text, (int)strlen(text) + 1), 0);
}

/* The least that fdt_parse() is content with; nodes are added at the root. */
static uint8_t *tree_with_memory(void)
{
    uint8_t *tree = tree_room();
    cr_assert_eq(fdt_create_empty_tree(tree, TREE_BYTES), 0);
    cr_assert_eq(fdt_setprop_u32(tree, 0, "#address-cells", 2), 0);
    cr_assert_eq(fdt_setprop_u32(tree, 0, "#size-cells", 2), 0);
    int node = fdt_add_subnode(tree, 0, "memory@80000000");
    cr_assert_geq(node, 0);
    const fdt64_t reg[2] = {cpu_to_fdt64(0x80000000), cpu_to_fdt64(64 << 20)};
    string_set(tree, node, "device_type", "memory");
    cr_assert_eq(fdt_setprop(tree, node, "reg", reg, sizeof(reg)), 0);
    return tree;
}

static int device_add(uint8_t *tree, int parent, const char *name, const char *compatible,
                      uint64_t base, uint32_t irq)
{
    const fdt64_t reg[2] = {cpu_to_fdt64(base), cpu_to_fdt64(0x1000)};
    int node = fdt_add_subnode(tree, parent, name);
    cr_assert_geq(node, 0);
    string_set(tree, node, "compatible", compatible);
    cr_assert_eq(fdt_setprop(tree, node, "reg", reg, sizeof(reg)), 0);
    cr_assert_eq(fdt_setprop_u32(tree, node, "interrupts", irq), 0);
    return node;
}

Test(driver_fdt, reads_the_tree_that_our_own_machine_makes)
{
    uint8_t *tree = tree_room();
    struct error error = {0};
    struct fdt_facts facts;
    const struct devicetree_facts machine = {.ram_base = BOARD_RAM_BASE, .ram_bytes = 128 << 20,
                                             .append = "quiet check", .amnesia = true,
                                             .initrd_start = 0x84000000, .initrd_end = 0x84001000};
    cr_assert(devicetree_make(tree, &machine, &error), "%s", error.text);
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_eq(facts.ram_base, BOARD_RAM_BASE);
    cr_assert_eq(facts.ram_bytes, 128 << 20);
    cr_assert_eq(facts.timebase_hz, BOARD_TIMEBASE_HZ);
    cr_assert_eq(facts.uart.base, BOARD_UART_BASE);
    cr_assert_eq(facts.uart.irq, BOARD_UART_IRQ);
    cr_assert_eq(facts.plic.base, BOARD_PLIC_BASE);
    cr_assert_eq(facts.plic_context, BOARD_PLIC_CONTEXT_S);
    cr_assert_eq(facts.plic_sources, BOARD_PLIC_SOURCES);
    cr_assert_eq(facts.rtc.base, BOARD_RTC_BASE);
    cr_assert_eq(facts.trace.base, BOARD_TRACE_BASE);
    cr_assert_eq(facts.finisher.base, BOARD_FINISHER_BASE);
    cr_assert_eq(facts.virtio_count, BOARD_VIRTIO_COUNT);
    for (unsigned i = 0; i < BOARD_VIRTIO_COUNT; i++) {
        cr_assert_eq(facts.virtio[i].base, BOARD_VIRTIO_BASE + i * BOARD_VIRTIO_STRIDE);
        cr_assert_eq(facts.virtio[i].irq, BOARD_VIRTIO_IRQ + i);
    }
    cr_assert_eq(facts.initrd_start, 0x84000000);
    cr_assert(facts.amnesia, "the property");
    cr_assert(facts.check, "the word in bootargs");
    free(tree);
}

Test(driver_fdt, words_of_bootargs_count_only_when_they_are_whole)
{
    static const struct {
        const char *words;
        bool amnesia, check, check_seldom;
    } cases[] = {
        {"check", false, true, false},        {"amnesia", true, false, false},
        {"amnesia check", true, true, false}, {"  check  ", false, true, false},
        {"checks", false, false, false},      {"precheck", false, false, false},
        {"amnesi a", false, false, false},    {"", false, false, false},
        {"check-seldom", false, false, true}, {"small", false, false, false},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fdt_facts facts;
        uint8_t *tree = tree_with_memory();
        int chosen = fdt_add_subnode(tree, 0, "chosen");
        string_set(tree, chosen, "bootargs", cases[i].words);
        cr_assert_null(fdt_parse(tree, &facts));
        cr_assert_eq(facts.amnesia, cases[i].amnesia, "\"%s\"", cases[i].words);
        cr_assert_eq(facts.check, cases[i].check, "\"%s\"", cases[i].words);
        cr_assert_eq(facts.check_seldom, cases[i].check_seldom, "\"%s\"", cases[i].words);
        cr_assert_eq(facts.small, strcmp(cases[i].words, "small") == 0, "\"%s\"", cases[i].words);
        free(tree);
    }
}

Test(driver_fdt, words_of_bootargs_may_say_numbers)
{
    static const struct {
        const char *words;
        uint64_t checkpoint_ms, pages_max;
    } cases[] = {
        {"", FDT_NO_NUMBER, FDT_NO_NUMBER},
        {"pages=40", FDT_NO_NUMBER, 40},
        {"checkpoint=0 pages=4294967295", 0, UINT32_MAX},
        {"pages= checkpoint=5x", FDT_NO_NUMBER, FDT_NO_NUMBER},
        {"pages=-1", FDT_NO_NUMBER, FDT_NO_NUMBER},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fdt_facts facts;
        uint8_t *tree = tree_with_memory();
        string_set(tree, fdt_add_subnode(tree, 0, "chosen"), "bootargs", cases[i].words);
        cr_assert_null(fdt_parse(tree, &facts));
        cr_assert_eq(facts.checkpoint_ms, cases[i].checkpoint_ms, "\"%s\"", cases[i].words);
        cr_assert_eq(facts.pages_max, cases[i].pages_max, "\"%s\"", cases[i].words);
        free(tree);
    }
}

Test(driver_fdt, a_compatible_name_may_stand_anywhere_in_the_list)
{
    struct fdt_facts facts;
    uint8_t *tree = tree_with_memory();
    int node = device_add(tree, 0, "power", "x", 0x100000, 0);
    static const char list[] = "acme,power\0sifive,test0\0syscon";
    cr_assert_eq(fdt_setprop(tree, node, "compatible", list, sizeof(list)), 0);
    device_add(tree, 0, "serial", "ns16550", 0x200000, 3); /* a prefix is another device */
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_eq(facts.finisher.base, 0x100000);
    cr_assert_eq(facts.uart.base, 0);
    free(tree);
}

Test(driver_fdt, disabled_nodes_and_second_ones_of_a_kind_are_left_out)
{
    struct fdt_facts facts;
    uint8_t *tree = tree_with_memory();
    int off = device_add(tree, 0, "a", "ns16550a", 0x1000, 1);
    string_set(tree, off, "status", "disabled");
    int on = device_add(tree, 0, "b", "ns16550a", 0x2000, 2);
    string_set(tree, on, "status", "okay");
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_eq(facts.uart.base, 0x2000);
    device_add(tree, 0, "c", "ns16550a", 0x3000, 3); /* libfdt puts it first */
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_eq(facts.uart.base, 0x3000);
    cr_assert_eq(facts.uart.irq, 3);
    free(tree);
}

Test(driver_fdt, cell_counts_are_those_of_the_parent)
{
    struct fdt_facts facts;
    uint8_t *tree = tree_with_memory();
    int bus = fdt_add_subnode(tree, 0, "bus");
    cr_assert_eq(fdt_setprop_u32(tree, bus, "#address-cells", 1), 0);
    cr_assert_eq(fdt_setprop_u32(tree, bus, "#size-cells", 1), 0);
    int node = device_add(tree, bus, "clock", "google,goldfish-rtc", 0, 0);
    const fdt32_t reg[2] = {cpu_to_fdt32(0x101000), cpu_to_fdt32(0x1000)};
    cr_assert_eq(fdt_setprop(tree, node, "reg", reg, sizeof(reg)), 0);
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_eq(facts.rtc.base, 0x101000);
    bus = fdt_path_offset(tree, "/bus");
    cr_assert_eq(fdt_setprop_u32(tree, bus, "#address-cells", 3), 0); /* as on PCI: no address */
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_eq(facts.rtc.base, 0);
    free(tree);
}

Test(driver_fdt, the_supervisor_context_is_found_among_several_harts)
{
    struct fdt_facts facts;
    uint8_t *tree = tree_with_memory();
    int node = device_add(tree, 0, "plic", "riscv,plic0", 0xc000000, 0);
    const fdt32_t contexts[] = {cpu_to_fdt32(1), cpu_to_fdt32(11), cpu_to_fdt32(2),
                                cpu_to_fdt32(11), cpu_to_fdt32(2), cpu_to_fdt32(9)};
    cr_assert_eq(fdt_setprop(tree, node, "interrupts-extended", contexts, sizeof(contexts)), 0);
    cr_assert_eq(fdt_setprop_u32(tree, node, "riscv,ndev", 53), 0);
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_eq(facts.plic_context, 2);
    cr_assert_eq(facts.plic_sources, 54);
    free(tree);
}

Test(driver_fdt, the_largest_range_of_memory_is_the_ram)
{
    struct fdt_facts facts;
    uint8_t *tree = tree_with_memory();
    const fdt64_t reg[6] = {cpu_to_fdt64(0x40000000), cpu_to_fdt64(1 << 20),
                            cpu_to_fdt64(0x100000000), cpu_to_fdt64(1ull << 30),
                            cpu_to_fdt64(UINT64_MAX), cpu_to_fdt64(UINT64_MAX)};
    int node = fdt_add_subnode(tree, 0, "memory@40000000");
    string_set(tree, node, "device_type", "memory");
    cr_assert_eq(fdt_setprop(tree, node, "reg", reg, sizeof(reg)), 0);
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_eq(facts.ram_base, 0x100000000);
    cr_assert_eq(facts.ram_bytes, 1ull << 30, "not the one that wraps around");
    free(tree);
}

Test(driver_fdt, what_is_not_a_tree_is_refused_with_a_reason)
{
    struct fdt_facts facts;
    uint8_t *tree = tree_with_memory();
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_str_eq(fdt_parse(tree + 1, &facts), "none where a1 points");
    fdt_set_magic(tree, 0xd00dfeec);
    cr_assert_str_eq(fdt_parse(tree, &facts), "none where a1 points");
    fdt_set_magic(tree, FDT_MAGIC);
    fdt_set_version(tree, 16);
    cr_assert_str_eq(fdt_parse(tree, &facts), "of another version");
    fdt_set_version(tree, 17);
    fdt_set_totalsize(tree, FDT_BYTES_MAX + 1);
    cr_assert_str_eq(fdt_parse(tree, &facts), "its header does not fit its size");
    fdt_set_totalsize(tree, TREE_BYTES);
    fdt_set_size_dt_strings(tree, TREE_BYTES);
    cr_assert_str_eq(fdt_parse(tree, &facts), "its header does not fit its size");
    free(tree);
}

Test(driver_fdt, a_tree_without_memory_is_refused)
{
    struct fdt_facts facts;
    uint8_t *tree = tree_room();
    cr_assert_eq(fdt_create_empty_tree(tree, TREE_BYTES), 0);
    cr_assert_str_eq(fdt_parse(tree, &facts), "names no memory");
    free(tree);
}

Test(driver_fdt, sixteen_levels_are_read_and_seventeen_refused)
{
    struct fdt_facts facts;
    uint8_t *tree = tree_with_memory();
    int node = 0;
    for (unsigned level = 2; level <= 16; level++)
        node = fdt_add_subnode(tree, node, "level");
    cr_assert_geq(node, 0);
    cr_assert_null(fdt_parse(tree, &facts));
    cr_assert_geq(fdt_add_subnode(tree, node, "level"), 0);
    cr_assert_str_eq(fdt_parse(tree, &facts), "nested too deep");
    free(tree);
}

/* Random trees: what libfdt finds in them, the kernel finds. */

static const char *const names[] = {"virtio,mmio", "ns16550a",      "google,goldfish-rtc",
                                    "acme,anvil",  "latchkey,trace", "sifive,test1"};

/* A subtree of random nodes; libfdt adds each before its earlier siblings. */
static void grow(uint8_t *tree, int parent, unsigned depth, struct fake_random *random)
{
    unsigned count = (unsigned)fake_random_below(random, 4);
    for (unsigned i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%x", (unsigned)fake_random_below(random, 1u << 30));
        const char *compatible = names[fake_random_below(random, 6)];
        uint64_t base = (1 + fake_random_below(random, 1u << 20)) << 12;
        int node = device_add(tree, parent, name, compatible, base,
                              (uint32_t)fake_random_below(random, 96));
        cr_assert_eq(fdt_setprop_u32(tree, node, "#address-cells", 2), 0);
        cr_assert_eq(fdt_setprop_u32(tree, node, "#size-cells", 2), 0);
        if (fake_random_below(random, 4) == 0)
            cr_assert_eq(fdt_nop_property(tree, node, "interrupts"), 0);
        if (fake_random_below(random, 5) == 0)
            string_set(tree, node, "status", "disabled");
        if (depth < 5)
            grow(tree, node, depth + 1, random);
    }
}

/* The first of its kind, in the order in which nodes end. */
static uint64_t first_ended(const uint8_t *tree, int parent, const char *compatible)
{
    int node;
    fdt_for_each_subnode(node, tree, parent) {
        uint64_t base = first_ended(tree, node, compatible);
        if (base)
            return base;
        if (fdt_node_check_compatible(tree, node, compatible) == 0 &&
            !fdt_getprop(tree, node, "status", NULL))
            return fdt64_ld(fdt_getprop(tree, node, "reg", NULL)); /* not aligned */
    }
    return 0;
}

static unsigned enabled_count(const uint8_t *tree, const char *compatible)
{
    unsigned count = 0;
    for (int node = fdt_node_offset_by_compatible(tree, -1, compatible); node >= 0;
         node = fdt_node_offset_by_compatible(tree, node, compatible))
        count += fdt_getprop(tree, node, "status", NULL) == NULL;
    return count;
}

Test(driver_fdt, finds_in_random_trees_what_libfdt_finds)
{
    struct fake_random random = {fake_random_seed()};
    cr_log_info("seed %llu", (unsigned long long)random.state);
    for (uint64_t round = 0; round < fake_steps(300); round++) {
        struct fdt_facts facts;
        uint8_t *tree = tree_with_memory();
        grow(tree, 0, 0, &random);
        cr_assert_null(fdt_parse(tree, &facts));
        unsigned virtio = enabled_count(tree, "virtio,mmio");
        cr_assert_eq(facts.virtio_count, virtio < BOARD_VIRTIO_COUNT ? virtio : BOARD_VIRTIO_COUNT);
        for (unsigned i = 1; i < facts.virtio_count; i++)
            cr_assert_leq(facts.virtio[i - 1].base, facts.virtio[i].base);
        cr_assert_eq(facts.uart.base, first_ended(tree, 0, "ns16550a"));
        cr_assert_eq(facts.rtc.base, first_ended(tree, 0, "google,goldfish-rtc"));
        cr_assert_eq(facts.trace.base, first_ended(tree, 0, "latchkey,trace"));
        cr_assert_eq(facts.finisher.base, first_ended(tree, 0, "sifive,test1"));
        free(tree);
    }
}

/* Broken trees: anything may come out but a read outside of the tree, which a copy of exactly its
 * size lets the sanitizer see, or no end. */
static void break_tree(uint8_t *copy, uint32_t size_bytes, struct fake_random *random)
{
    for (uint64_t i = fake_random_below(random, 6); i > 0; i--) {
        uint64_t at = fake_random_below(random, size_bytes);
        switch (fake_random_below(random, 3)) {
        case 0:
            copy[at] ^= (uint8_t)(1u << fake_random_below(random, 8));
            break;
        case 1:
            memset(copy + (at & ~3ull), fake_random_below(random, 2) ? 0xff : 0,
                   size_bytes - (at & ~3ull) < 4 ? size_bytes - (at & ~3ull) : 4);
            break;
        default: /* a token in the wrong place */
            if ((at & ~3ull) + 4 <= size_bytes)
                *(fdt32_t *)(void *)(copy + (at & ~3ull)) =
                    cpu_to_fdt32((uint32_t)fake_random_below(random, 10));
            break;
        }
    }
}

Test(driver_fdt, random_damage_never_leads_outside_of_the_tree)
{
    struct fake_random random = {fake_random_seed()};
    unsigned accepted = 0, refused = 0;
    cr_log_info("seed %llu", (unsigned long long)random.state);
    for (uint64_t round = 0; round < fake_steps(20000); round++) {
        struct fdt_facts facts;
        uint8_t *tree = tree_with_memory();
        grow(tree, 0, 3, &random);
        cr_assert_eq(fdt_pack(tree), 0);
        uint32_t size_bytes = fdt_totalsize(tree);
        uint8_t *copy = malloc(size_bytes);
        cr_assert_not_null(copy);
        memcpy(copy, tree, size_bytes);
        break_tree(copy, size_bytes, &random);
        if (fdt_totalsize(copy) > size_bytes) /* the size is believed: a1 names RAM */
            fdt_set_totalsize(copy, size_bytes);
        if (fdt_parse(copy, &facts))
            refused++;
        else
            accepted++;
        free(copy);
        free(tree);
    }
    cr_assert_gt(accepted, 0);
    cr_assert_gt(refused, 0);
}
