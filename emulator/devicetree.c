/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devicetree.c - makes the flattened tree in one pass. Called by loader.c; calls libfdt's
 * sequential writer. Node names, compatible strings and cells are those of QEMU 7.2's virt board
 * (dumpdtb), so that one kernel finds the same devices on both. */
#include "emulator/devicetree.h"

#include <assert.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "devices/board_table.h"

#define PHANDLE_CPU_INTERRUPTS 1u
#define PHANDLE_PLIC 2u
#define SUPERVISOR_EXTERNAL 9u /* interrupt number of the hart's own controller */
#define MACHINE_EXTERNAL 11u

/* A tree being written; the first failure (no room) sticks. */
struct writer {
    void *tree;
    int status;
};

static void keep(struct writer *writer, int status)
{
    if (writer->status == 0)
        writer->status = status;
}

static void node_begin(struct writer *writer, const char *name)
{
    keep(writer, fdt_begin_node(writer->tree, name));
}

static void node_end(struct writer *writer)
{
    keep(writer, fdt_end_node(writer->tree));
}

static void put_cell(struct writer *writer, const char *name, uint32_t value)
{
    keep(writer, fdt_property_u32(writer->tree, name, value));
}

static void put_wide(struct writer *writer, const char *name, uint64_t value)
{
    keep(writer, fdt_property_u64(writer->tree, name, value));
}

static void put_text(struct writer *writer, const char *name, const char *text)
{
    keep(writer, fdt_property(writer->tree, name, text, (int)strlen(text) + 1));
}

static void put_flag(struct writer *writer, const char *name)
{
    keep(writer, fdt_property(writer->tree, name, NULL, 0));
}

static void put_reg(struct writer *writer, uint64_t base, uint64_t size_bytes)
{
    fdt64_t reg[2] = {cpu_to_fdt64(base), cpu_to_fdt64(size_bytes)};
    keep(writer, fdt_property(writer->tree, "reg", reg, sizeof(reg)));
}

static void chosen_put(struct writer *writer, const struct devicetree_facts *facts)
{
    char path[48];
    uint64_t seed[4];
    (void)snprintf(path, sizeof(path), "/soc/%s@%x", board_regions[BOARD_INDEX_UART].node,
                   BOARD_UART_BASE);
    for (unsigned i = 0; i < 4; i++) /* any function of the seed will do; it must be a function */
        seed[i] = (facts->seed + i + 1) * 0x9e3779b97f4a7c15ull;
    node_begin(writer, "chosen");
    put_text(writer, "stdout-path", path);
    put_text(writer, "bootargs", facts->append ? facts->append : "");
    keep(writer, fdt_property(writer->tree, "rng-seed", seed, sizeof(seed)));
    if (facts->initrd_end > facts->initrd_start) {
        put_wide(writer, "linux,initrd-start", facts->initrd_start);
        put_wide(writer, "linux,initrd-end", facts->initrd_end);
    }
    if (facts->amnesia)
        put_flag(writer, "latchkey,amnesia");
    if (facts->check)
        put_flag(writer, "latchkey,check");
    node_end(writer);
}

static void cpus_put(struct writer *writer)
{
    node_begin(writer, "cpus");
    put_cell(writer, "#address-cells", 1);
    put_cell(writer, "#size-cells", 0);
    put_cell(writer, "timebase-frequency", BOARD_TIMEBASE_HZ);
    node_begin(writer, "cpu@0");
    put_text(writer, "device_type", "cpu");
    put_cell(writer, "reg", 0);
    put_text(writer, "status", "okay");
    put_text(writer, "compatible", "riscv");
    put_text(writer, "riscv,isa", "rv64imafdc");
    put_text(writer, "mmu-type", "riscv,sv39");
    node_begin(writer, "interrupt-controller");
    put_cell(writer, "#interrupt-cells", 1);
    put_flag(writer, "interrupt-controller");
    put_text(writer, "compatible", "riscv,cpu-intc");
    put_cell(writer, "phandle", PHANDLE_CPU_INTERRUPTS);
    node_end(writer);
    node_end(writer);
    node_end(writer);
}

static void plic_put(struct writer *writer)
{
    fdt32_t outputs[4] = {cpu_to_fdt32(PHANDLE_CPU_INTERRUPTS), cpu_to_fdt32(MACHINE_EXTERNAL),
                          cpu_to_fdt32(PHANDLE_CPU_INTERRUPTS),
                          cpu_to_fdt32(SUPERVISOR_EXTERNAL)};
    put_cell(writer, "#interrupt-cells", 1);
    put_cell(writer, "#address-cells", 0);
    put_flag(writer, "interrupt-controller");
    keep(writer, fdt_property(writer->tree, "interrupts-extended", outputs, sizeof(outputs)));
    put_cell(writer, "riscv,ndev", BOARD_PLIC_SOURCES - 1);
    put_cell(writer, "phandle", PHANDLE_PLIC);
}

static void device_put(struct writer *writer, const struct board_region *region)
{
    char name[48];
    if (!region->ops->compatible)
        return;
    (void)snprintf(name, sizeof(name), "%s@%llx", region->node,
                   (unsigned long long)region->base);
    node_begin(writer, name);
    put_text(writer, "compatible", region->ops->compatible);
    put_reg(writer, region->base, region->size_bytes);
    if (region == &board_regions[BOARD_INDEX_PLIC])
        plic_put(writer);
    if (region == &board_regions[BOARD_INDEX_UART])
        put_cell(writer, "clock-frequency", BOARD_UART_CLOCK_HZ);
    if (region->irq) {
        put_cell(writer, "interrupts", region->irq);
        put_cell(writer, "interrupt-parent", PHANDLE_PLIC);
    }
    node_end(writer);
}

bool devicetree_make(uint8_t tree[DEVICETREE_BYTES], const struct devicetree_facts *facts,
                     struct error *error)
{
    char name[32];
    struct writer writer = {.tree = tree};
    memset(tree, 0, DEVICETREE_BYTES);
    keep(&writer, fdt_create(tree, DEVICETREE_BYTES));
    keep(&writer, fdt_finish_reservemap(tree));
    node_begin(&writer, "");
    put_cell(&writer, "#address-cells", 2);
    put_cell(&writer, "#size-cells", 2);
    put_text(&writer, "compatible", "riscv-virtio");
    put_text(&writer, "model", "latchkey");
    chosen_put(&writer, facts);
    (void)snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)facts->ram_base);
    node_begin(&writer, name);
    put_text(&writer, "device_type", "memory");
    put_reg(&writer, facts->ram_base, facts->ram_bytes);
    node_end(&writer);
    cpus_put(&writer);
    node_begin(&writer, "soc");
    put_cell(&writer, "#address-cells", 2);
    put_cell(&writer, "#size-cells", 2);
    put_text(&writer, "compatible", "simple-bus");
    put_flag(&writer, "ranges");
    for (unsigned i = 0; i < BOARD_REGION_COUNT; i++)
        device_put(&writer, &board_regions[i]);
    node_end(&writer);
    node_end(&writer);
    keep(&writer, fdt_finish(tree));
    if (writer.status == 0)
        return true;
    assert(writer.status == -FDT_ERR_NOSPACE);
    return error_set(error, ERROR_LIMIT, "--append: too long for the device tree");
}
