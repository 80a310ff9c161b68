/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fdt.c - a bounded reader of the flattened device tree: one pass over the structure block, no
 * pointers kept. Called by main at boot. Source: Devicetree Specification 0.3, chapter 5.
 *
 * Invariants
 *  1. No read outside [tree, tree + totalsize), which is at most FDT_BYTES_MAX.
 *  2. Nesting deeper than DEPTH_MAX, and properties after children, are refused or ignored, never
 *     followed.
 */
#include "kernel/driver/fdt.h"

#define FDT_MAGIC 0xd00dfeedu
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE 2u
#define FDT_PROP 3u
#define FDT_NOP 4u
#define FDT_END 9u
#define DEPTH_MAX 8u

/* What is known of the node being read. */
struct fdt_node {
    char name[16];
    char compatible[32]; /* first string only: all of ours put the specific one first or alone */
    bool is_memory;
    uint64_t reg_base, reg_size;
    uint32_t irq;
};

struct fdt_reader {
    const uint8_t *tree;
    uint32_t size_bytes;
    uint32_t at, end;               /* in the structure block */
    uint32_t strings, strings_end;
    struct fdt_node nodes[DEPTH_MAX];
    unsigned depth;
    struct fdt_facts *facts;
};

static uint32_t big32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t big64(const uint8_t *bytes)
{
    return (uint64_t)big32(bytes) << 32 | big32(bytes + 4);
}

/* The length of the string at offset, if it ends before limit; else -1. */
static int64_t string_length(const struct fdt_reader *reader, uint32_t offset, uint32_t limit)
{
    for (uint32_t i = offset; i < limit; i++)
        if (reader->tree[i] == '\0')
            return i - offset;
    return -1;
}

static void text_take(char *target, size_t room, const uint8_t *source, uint32_t size_bytes)
{
    size_t length = 0;
    while (length < room - 1 && length < size_bytes && source[length] != '\0')
        target[length] = (char)source[length], length++;
    target[length] = '\0';
}

static void device_take(struct fdt_device *device, const struct fdt_node *node)
{
    if (device->base == 0)
        *device = (struct fdt_device){.base = node->reg_base, .irq = node->irq};
}

/* Insert in order of address, so that slot numbers are the board's whatever the tree's order. */
static void virtio_take(struct fdt_facts *facts, const struct fdt_node *node)
{
    if (facts->virtio_count == BOARD_VIRTIO_COUNT)
        return;
    unsigned at = facts->virtio_count++;
    for (; at > 0 && facts->virtio[at - 1].base > node->reg_base; at--)
        facts->virtio[at] = facts->virtio[at - 1];
    facts->virtio[at] = (struct fdt_device){.base = node->reg_base, .irq = node->irq};
}

static void node_end(struct fdt_facts *facts, const struct fdt_node *node)
{
    if (node->is_memory && facts->ram_bytes == 0) {
        facts->ram_base = node->reg_base;
        facts->ram_bytes = node->reg_size;
    } else if (strcmp(node->compatible, "virtio,mmio") == 0) {
        virtio_take(facts, node);
    } else if (strcmp(node->compatible, "ns16550a") == 0) {
        device_take(&facts->uart, node);
    } else if (strcmp(node->compatible, "sifive,plic-1.0.0") == 0 ||
               strcmp(node->compatible, "riscv,plic0") == 0) {
        device_take(&facts->plic, node);
    } else if (strcmp(node->compatible, "google,goldfish-rtc") == 0) {
        device_take(&facts->rtc, node);
    } else if (strcmp(node->compatible, "latchkey,trace") == 0) {
        device_take(&facts->trace, node);
    } else if (strcmp(node->compatible, "sifive,test0") == 0 ||
               strcmp(node->compatible, "sifive,test1") == 0) {
        device_take(&facts->finisher, node);
    }
}

static void chosen_take(struct fdt_facts *facts, const char *name, const uint8_t *value,
                        uint32_t size_bytes)
{
    uint64_t number = size_bytes == 8 ? big64(value) : size_bytes == 4 ? big32(value) : 0;
    if (strcmp(name, "latchkey,amnesia") == 0)
        facts->amnesia = true;
    else if (strcmp(name, "latchkey,check") == 0)
        facts->check = true;
    else if (strcmp(name, "linux,initrd-start") == 0)
        facts->initrd_start = number;
    else if (strcmp(name, "linux,initrd-end") == 0)
        facts->initrd_end = number;
}

static void property_take(struct fdt_reader *reader, const char *name, const uint8_t *value,
                          uint32_t size_bytes)
{
    struct fdt_node *node = &reader->nodes[reader->depth - 1];
    if (strcmp(name, "compatible") == 0)
        text_take(node->compatible, sizeof(node->compatible), value, size_bytes);
    else if (strcmp(name, "device_type") == 0)
        node->is_memory = size_bytes == 7 && memcmp(value, "memory", 7) == 0;
    else if (strcmp(name, "reg") == 0 && size_bytes >= 16) /* two address and two size cells */
        node->reg_base = big64(value), node->reg_size = big64(value + 8);
    else if (strcmp(name, "interrupts") == 0 && size_bytes >= 4)
        node->irq = big32(value);
    else if (strcmp(name, "timebase-frequency") == 0 && size_bytes == 4)
        reader->facts->timebase_hz = big32(value);
    else if (strcmp(node->name, "chosen") == 0)
        chosen_take(reader->facts, name, value, size_bytes);
}

static const char *property_read(struct fdt_reader *reader)
{
    if (reader->end - reader->at < 8)
        return "device tree: a property is cut off";
    uint32_t size_bytes = big32(reader->tree + reader->at);
    uint32_t name = big32(reader->tree + reader->at + 4);
    reader->at += 8;
    if (size_bytes > reader->end - reader->at)
        return "device tree: a property is longer than the tree";
    if (name > reader->strings_end - reader->strings ||
        string_length(reader, reader->strings + name, reader->strings_end) < 0)
        return "device tree: a property has no name";
    if (reader->depth > 0)
        property_take(reader, (const char *)reader->tree + reader->strings + name,
                      reader->tree + reader->at, size_bytes);
    uint32_t padded = (size_bytes + 3) & ~3u;
    reader->at = padded > reader->end - reader->at ? reader->end : reader->at + padded;
    return NULL;
}

static const char *node_begin(struct fdt_reader *reader)
{
    int64_t length = string_length(reader, reader->at, reader->end);
    if (length < 0)
        return "device tree: a node name is cut off";
    if (reader->depth == DEPTH_MAX)
        return "device tree: nested too deep";
    struct fdt_node *node = &reader->nodes[reader->depth++];
    *node = (struct fdt_node){0};
    text_take(node->name, sizeof(node->name), reader->tree + reader->at, (uint32_t)length);
    uint32_t padded = ((uint32_t)length + 4) & ~3u;
    reader->at = padded > reader->end - reader->at ? reader->end : reader->at + padded;
    return NULL;
}

static const char *token_read(struct fdt_reader *reader, bool *done)
{
    uint32_t token = big32(reader->tree + reader->at);
    reader->at += 4;
    switch (token) {
    case FDT_BEGIN_NODE:
        return node_begin(reader);
    case FDT_END_NODE:
        if (reader->depth == 0)
            return "device tree: a node ends that never began";
        node_end(reader->facts, &reader->nodes[--reader->depth]);
        return NULL;
    case FDT_PROP:
        return property_read(reader);
    case FDT_NOP:
        return NULL;
    case FDT_END:
        *done = true;
        return NULL;
    default:
        return "device tree: unknown token";
    }
}

const char *fdt_parse(const void *tree, struct fdt_facts *facts)
{
    struct fdt_reader reader = {.tree = tree, .facts = facts};
    const uint8_t *header = tree;
    *facts = (struct fdt_facts){0};
    if (((uint64_t)tree & 3) || big32(header) != FDT_MAGIC)
        return "device tree: none where a1 points";
    reader.size_bytes = big32(header + 4);
    uint32_t structure = big32(header + 8), structure_bytes = big32(header + 36);
    reader.strings = big32(header + 12);
    uint32_t strings_bytes = big32(header + 32);
    if (reader.size_bytes < 40 || reader.size_bytes > FDT_BYTES_MAX ||
        structure > reader.size_bytes || structure_bytes > reader.size_bytes - structure ||
        reader.strings > reader.size_bytes ||
        strings_bytes > reader.size_bytes - reader.strings || (structure & 3))
        return "device tree: its header does not fit its size";
    reader.at = structure;
    reader.end = structure + structure_bytes;
    reader.strings_end = reader.strings + strings_bytes;
    bool done = false;
    while (!done) {
        if (reader.end - reader.at < 4)
            return "device tree: has no end";
        const char *problem = token_read(&reader, &done);
        if (problem)
            return problem;
    }
    if (facts->ram_bytes == 0)
        return "device tree: names no memory";
    return NULL;
}
