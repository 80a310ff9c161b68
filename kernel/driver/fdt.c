/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fdt.c - a bounded reader of the flattened device tree: one pass over the structure block, no
 * pointers kept. Called by main at boot. Source: Devicetree Specification 0.3, chapters 2 and 5.
 *
 * Invariants
 *  1. No read outside [tree, tree + totalsize), which is at most FDT_BYTES_MAX.
 *  2. Every step moves on in the structure block, so a pass ends; a tree that nests deeper than
 *     DEPTH_MAX, or that breaks the format, is refused.
 *  3. A node is taken when it ends: the cell counts of its parent are known by then.
 */
#include "kernel/driver/fdt.h"

#define FDT_MAGIC 0xd00dfeedu
#define FDT_VERSION 17u
#define FDT_HEADER_BYTES 40u
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE 2u
#define FDT_PROP 3u
#define FDT_NOP 4u
#define FDT_END 9u
#define DEPTH_MAX 16u
#define ADDRESS_CELLS_DEFAULT 2u /* Devicetree Specification 2.3.5 */
#define SIZE_CELLS_DEFAULT 1u
#define CELL_BYTES 4u
#define IRQ_SUPERVISOR_EXTERNAL 9u /* of a hart's own interrupt controller: privileged spec 1.12 */
#define PLIC_SOURCES_MAX 1024u     /* PLIC specification 1.0.0, chapter 1 */

enum node_kind {
    NODE_OTHER, NODE_VIRTIO, NODE_UART, NODE_PLIC, NODE_RTC, NODE_TRACE, NODE_FINISHER
};

static const struct {
    const char *compatible;
    enum node_kind kind;
} known[] = {
    {"virtio,mmio", NODE_VIRTIO},       {"ns16550a", NODE_UART},
    {"sifive,plic-1.0.0", NODE_PLIC},   {"riscv,plic0", NODE_PLIC},
    {"google,goldfish-rtc", NODE_RTC},  {"latchkey,trace", NODE_TRACE},
    {"sifive,test0", NODE_FINISHER},    {"sifive,test1", NODE_FINISHER},
};

struct range {
    uint32_t at, size_bytes; /* in the tree; size 0: absent */
};

/* What is known of a node that has begun and not ended. */
struct fdt_node {
    enum node_kind kind;
    bool is_chosen, is_memory, is_disabled, has_child;
    uint32_t address_cells, size_cells; /* of its children */
    struct range reg;
    uint32_t irq, context, sources;
};

struct fdt_reader {
    const uint8_t *tree;
    uint32_t size_bytes;
    uint32_t at, end; /* in the structure block */
    uint32_t strings, strings_end;
    struct fdt_node nodes[DEPTH_MAX];
    unsigned depth;
    struct fdt_facts *facts;
};

static uint32_t big32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* A number of 0 to 2 cells. */
static uint64_t cells_read(const uint8_t *bytes, uint32_t cells)
{
    uint64_t number = 0;
    for (uint32_t i = 0; i < cells; i++)
        number = number << 32 | big32(bytes + i * CELL_BYTES);
    return number;
}

/* The length of the string at offset, if it ends before limit; else -1. */
static int64_t string_length(const struct fdt_reader *reader, uint32_t offset, uint32_t limit)
{
    for (uint32_t i = offset; i < limit; i++)
        if (reader->tree[i] == '\0')
            return i - offset;
    return -1;
}

static bool value_is(const uint8_t *value, uint32_t size_bytes, const char *text)
{
    size_t length = strlen(text) + 1;
    return size_bytes == length && memcmp(value, text, length) == 0;
}

/* The next part of value up to the separator or the end. *at moves past it. */
static bool part_is(const uint8_t *value, uint32_t size_bytes, uint32_t *at, uint8_t separator,
                    const char *text)
{
    uint32_t first = *at;
    size_t length = strlen(text);
    while (*at < size_bytes && value[*at] != separator && value[*at] != '\0')
        (*at)++;
    bool same = *at - first == length && memcmp(value + first, text, length) == 0;
    (*at)++;
    return same;
}

/* Does a list of strings, each ended by the separator or 0, hold this one? */
static bool list_has(const uint8_t *value, uint32_t size_bytes, uint8_t separator,
                     const char *text)
{
    for (uint32_t at = 0; at < size_bytes;)
        if (part_is(value, size_bytes, &at, separator, text))
            return true;
    return false;
}

/* The number at the end of the part that begins with this text; FDT_NO_NUMBER: there is none. */
static uint64_t list_number(const uint8_t *value, uint32_t size_bytes, uint8_t separator,
                            const char *text)
{
    size_t length = strlen(text);
    for (uint32_t first = 0; first < size_bytes;) {
        uint32_t end = first;
        uint64_t number = 0;
        while (end < size_bytes && value[end] != separator && value[end] != '\0')
            end++;
        bool same = end - first > length && memcmp(value + first, text, length) == 0;
        for (uint32_t at = first + (uint32_t)length; same && at < end; at++) {
            same = value[at] >= '0' && value[at] <= '9' && number < UINT32_MAX;
            number = number * 10 + value[at] - '0';
        }
        if (same)
            return number;
        first = end + 1;
    }
    return FDT_NO_NUMBER;
}

static enum node_kind kind_of(const uint8_t *value, uint32_t size_bytes)
{
    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (list_has(value, size_bytes, '\0', known[i].compatible))
            return known[i].kind;
    return NODE_OTHER;
}

/* The supervisor context: the index of the first {hart's controller, irq} pair with that irq. */
static uint32_t context_of(const uint8_t *value, uint32_t size_bytes)
{
    for (uint32_t i = 0; i < size_bytes / (2 * CELL_BYTES); i++)
        if (big32(value + i * 2 * CELL_BYTES + CELL_BYTES) == IRQ_SUPERVISOR_EXTERNAL)
            return i;
    return BOARD_PLIC_CONTEXT_S;
}

/* Entry index of a node's reg. false: it has none, or its cells are not 64-bit numbers. */
static bool reg_read(const struct fdt_reader *reader, const struct fdt_node *node,
                     const struct fdt_node *parent, uint32_t index, uint64_t *base, uint64_t *size)
{
    uint32_t address_cells = parent->address_cells, size_cells = parent->size_cells;
    if (address_cells < 1 || address_cells > 2 || size_cells > 2)
        return false;
    uint32_t entry_bytes = (address_cells + size_cells) * CELL_BYTES;
    if (node->reg.size_bytes / entry_bytes <= index)
        return false;
    const uint8_t *entry = reader->tree + node->reg.at + index * entry_bytes;
    *base = cells_read(entry, address_cells);
    *size = cells_read(entry + address_cells * CELL_BYTES, size_cells);
    return true;
}

/* The largest range of all memory nodes is the RAM. */
static void memory_take(struct fdt_reader *reader, const struct fdt_node *node,
                        const struct fdt_node *parent)
{
    uint64_t base, size;
    for (uint32_t i = 0; reg_read(reader, node, parent, i, &base, &size); i++)
        if (size > reader->facts->ram_bytes && base <= UINT64_MAX - size) {
            reader->facts->ram_base = base;
            reader->facts->ram_bytes = size;
        }
}

/* Insert in order of address, so that slot numbers are the board's whatever the tree's order. */
static void virtio_take(struct fdt_facts *facts, struct fdt_device device)
{
    if (facts->virtio_count == BOARD_VIRTIO_COUNT)
        return;
    unsigned at = facts->virtio_count++;
    for (; at > 0 && facts->virtio[at - 1].base > device.base; at--)
        facts->virtio[at] = facts->virtio[at - 1];
    facts->virtio[at] = device;
}

static void plic_take(struct fdt_facts *facts, const struct fdt_node *node)
{
    facts->plic_context = node->context;
    facts->plic_sources = node->sources ? node->sources : BOARD_PLIC_SOURCES;
}

static void device_take(struct fdt_reader *reader, const struct fdt_node *node,
                        const struct fdt_node *parent)
{
    struct fdt_facts *facts = reader->facts;
    struct fdt_device device = {.irq = node->irq};
    struct fdt_device *target[] = {
        [NODE_UART] = &facts->uart, [NODE_PLIC] = &facts->plic,         [NODE_RTC] = &facts->rtc,
        [NODE_TRACE] = &facts->trace, [NODE_FINISHER] = &facts->finisher,
    };
    uint64_t size;
    if (!reg_read(reader, node, parent, 0, &device.base, &size) || device.base == 0)
        return;
    if (node->kind == NODE_VIRTIO) {
        virtio_take(facts, device);
        return;
    }
    if (target[node->kind]->base != 0)
        return; /* the first of its kind counts */
    *target[node->kind] = device;
    if (node->kind == NODE_PLIC)
        plic_take(facts, node);
}

static const char *node_end(struct fdt_reader *reader)
{
    if (reader->depth == 0)
        return "a node ends that never began";
    const struct fdt_node *node = &reader->nodes[--reader->depth];
    if (reader->depth == 0 || node->is_disabled)
        return NULL;
    const struct fdt_node *parent = &reader->nodes[reader->depth - 1];
    if (node->is_memory)
        memory_take(reader, node, parent);
    else if (node->kind != NODE_OTHER)
        device_take(reader, node, parent);
    return NULL;
}

static void chosen_take(struct fdt_facts *facts, const char *name, const uint8_t *value,
                        uint32_t size_bytes)
{
    uint64_t number = size_bytes == 8 || size_bytes == 4
                          ? cells_read(value, size_bytes / CELL_BYTES)
                          : 0;
    if (strcmp(name, "latchkey,amnesia") == 0)
        facts->amnesia = true;
    else if (strcmp(name, "latchkey,check") == 0)
        facts->check = true;
    else if (strcmp(name, "linux,initrd-start") == 0)
        facts->initrd_start = number;
    else if (strcmp(name, "linux,initrd-end") == 0)
        facts->initrd_end = number;
    else if (strcmp(name, "bootargs") == 0) {
        facts->amnesia |= list_has(value, size_bytes, ' ', "amnesia");
        facts->check |= list_has(value, size_bytes, ' ', "check");
        facts->check_seldom |= list_has(value, size_bytes, ' ', "check-seldom");
        facts->general |= list_has(value, size_bytes, ' ', "general");
        facts->checkpoint_ms = list_number(value, size_bytes, ' ', "checkpoint=");
        facts->pages_max = list_number(value, size_bytes, ' ', "pages=");
        facts->small |= list_has(value, size_bytes, ' ', "small");
    }
}

/* Properties that are one cell. */
static void cell_take(struct fdt_reader *reader, struct fdt_node *node, const char *name,
                      uint32_t number)
{
    if (strcmp(name, "#address-cells") == 0)
        node->address_cells = number;
    else if (strcmp(name, "#size-cells") == 0)
        node->size_cells = number;
    else if (strcmp(name, "timebase-frequency") == 0)
        reader->facts->timebase_hz = number;
    else if (strcmp(name, "riscv,ndev") == 0 && number < PLIC_SOURCES_MAX)
        node->sources = number + 1;
}

static void property_take(struct fdt_reader *reader, const char *name, uint32_t value_at,
                          uint32_t size_bytes)
{
    struct fdt_node *node = &reader->nodes[reader->depth - 1];
    const uint8_t *value = reader->tree + value_at;
    if (node->is_chosen)
        chosen_take(reader->facts, name, value, size_bytes);
    else if (strcmp(name, "compatible") == 0)
        node->kind = kind_of(value, size_bytes);
    else if (strcmp(name, "device_type") == 0)
        node->is_memory = value_is(value, size_bytes, "memory");
    else if (strcmp(name, "status") == 0)
        node->is_disabled =
            !value_is(value, size_bytes, "okay") && !value_is(value, size_bytes, "ok");
    else if (strcmp(name, "reg") == 0)
        node->reg = (struct range){value_at, size_bytes};
    else if (strcmp(name, "interrupts") == 0 && size_bytes >= CELL_BYTES)
        node->irq = big32(value);
    else if (strcmp(name, "interrupts-extended") == 0)
        node->context = context_of(value, size_bytes);
    else if (size_bytes == CELL_BYTES)
        cell_take(reader, node, name, big32(value));
}

/* Go on past so many bytes and their padding. */
static void skip(struct fdt_reader *reader, uint32_t size_bytes)
{
    uint32_t rest = reader->end - reader->at;
    uint32_t padding = -size_bytes & (CELL_BYTES - 1);
    kassert(size_bytes <= rest);
    reader->at += padding > rest - size_bytes ? rest : size_bytes + padding;
}

static const char *property_read(struct fdt_reader *reader)
{
    if (reader->end - reader->at < 2 * CELL_BYTES)
        return "a property is cut off";
    uint32_t size_bytes = big32(reader->tree + reader->at);
    uint32_t name = big32(reader->tree + reader->at + CELL_BYTES);
    reader->at += 2 * CELL_BYTES;
    if (size_bytes > reader->end - reader->at)
        return "a property is longer than the tree";
    if (name > reader->strings_end - reader->strings ||
        string_length(reader, reader->strings + name, reader->strings_end) < 0)
        return "a property has no name";
    if (reader->depth == 0 || reader->nodes[reader->depth - 1].has_child)
        return "a property is not at the beginning of a node";
    property_take(reader, (const char *)reader->tree + reader->strings + name, reader->at,
                  size_bytes);
    skip(reader, size_bytes);
    return NULL;
}

static const char *node_begin(struct fdt_reader *reader)
{
    int64_t length = string_length(reader, reader->at, reader->end);
    if (length < 0)
        return "a node name is cut off";
    if (reader->depth == DEPTH_MAX)
        return "nested too deep";
    uint32_t name_bytes = (uint32_t)length + 1;
    if (reader->depth > 0)
        reader->nodes[reader->depth - 1].has_child = true;
    reader->nodes[reader->depth] = (struct fdt_node){
        .is_chosen =
            reader->depth == 1 && value_is(reader->tree + reader->at, name_bytes, "chosen"),
        .address_cells = ADDRESS_CELLS_DEFAULT,
        .size_cells = SIZE_CELLS_DEFAULT,
        .context = BOARD_PLIC_CONTEXT_S,
    };
    reader->depth++;
    skip(reader, name_bytes);
    return NULL;
}

static const char *token_read(struct fdt_reader *reader, bool *done)
{
    uint32_t token = big32(reader->tree + reader->at);
    reader->at += CELL_BYTES;
    switch (token) {
    case FDT_BEGIN_NODE:
        return node_begin(reader);
    case FDT_END_NODE:
        return node_end(reader);
    case FDT_PROP:
        return property_read(reader);
    case FDT_NOP:
        return NULL;
    case FDT_END:
        *done = true;
        return reader->depth == 0 ? NULL : "ends inside a node";
    default:
        return "unknown token";
    }
}

/* Take the header's offsets; false: they do not fit the size it states. */
static bool header_read(struct fdt_reader *reader)
{
    const uint8_t *header = reader->tree;
    uint32_t structure = big32(header + 8), structure_bytes = big32(header + 36);
    uint32_t strings_bytes = big32(header + 32);
    reader->size_bytes = big32(header + 4);
    reader->strings = big32(header + 12);
    if (reader->size_bytes < FDT_HEADER_BYTES || reader->size_bytes > FDT_BYTES_MAX)
        return false;
    if (structure > reader->size_bytes || structure % CELL_BYTES != 0 ||
        structure_bytes > reader->size_bytes - structure)
        return false;
    if (reader->strings > reader->size_bytes ||
        strings_bytes > reader->size_bytes - reader->strings)
        return false;
    reader->at = structure;
    reader->end = structure + structure_bytes;
    reader->strings_end = reader->strings + strings_bytes;
    return true;
}

BOOT const char *fdt_parse(const void *tree, struct fdt_facts *facts)
{
    struct fdt_reader reader = {.tree = tree, .facts = facts};
    *facts = (struct fdt_facts){.checkpoint_ms = FDT_NO_NUMBER,
                                 .pages_max = FDT_NO_NUMBER};
    if ((uint64_t)tree % CELL_BYTES != 0 || big32(tree) != FDT_MAGIC)
        return "none where a1 points";
    if (big32(reader.tree + 20) < FDT_VERSION || big32(reader.tree + 24) > FDT_VERSION)
        return "of another version";
    if (!header_read(&reader))
        return "its header does not fit its size";
    bool done = false;
    while (!done) {
        if (reader.end - reader.at < CELL_BYTES)
            return "has no end";
        const char *problem = token_read(&reader, &done);
        if (problem)
            return problem;
    }
    if (facts->ram_bytes == 0)
        return "names no memory";
    return NULL;
}
