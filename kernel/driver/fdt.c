/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fdt.c - a bounded reader of the flattened device tree: one pass over the structure block, no
 * pointers kept. Called by main at boot. Source: Devicetree Specification 0.3, chapters 2 and 5.
 *
 * Invariants
 *  1. No read outside [tree, tree + totalsize), which is at most FDT_BYTES_MAX.
 *  2. The structure block is whole cells, and every step moves on in it by whole cells, so a pass
 *     ends; a tree that nests deeper than DEPTH_MAX, or that breaks the format, is refused.
 *  3. The strings block ends with a NUL, so that each name in it ends.
 *  4. A node is taken when it ends: the cell counts of its parent are known by then.
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

/* Where in the facts a device goes; 0: nowhere. */
#define PLACE(device) offsetof(struct fdt_facts, device)
static const struct {
    const char *compatible;
    uint16_t place;
} known[] = {
    {"virtio,mmio", PLACE(virtio)},      {"ns16550a", PLACE(uart)},
    {"sifive,plic-1.0.0", PLACE(plic)},  {"riscv,plic0", PLACE(plic)},
    {"google,goldfish-rtc", PLACE(rtc)}, {"latchkey,trace", PLACE(trace)},
    {"sifive,test0", PLACE(finisher)},   {"sifive,test1", PLACE(finisher)},
};

/* What a property says, or a part of it. */
struct value {
    const uint8_t *bytes;
    uint32_t size_bytes;
};

/* What is known of a node that has begun and not ended. */
struct fdt_node {
    uint16_t place; /* of the device that it is */
    bool is_chosen, is_memory, is_disabled, has_child;
    uint32_t address_cells, size_cells; /* of its children */
    struct value reg;
    uint32_t irq, context, sources;
};

struct fdt_reader {
    const uint8_t *tree;
    uint32_t at, end; /* in the structure block */
    uint32_t strings, strings_bytes;
    struct fdt_node nodes[DEPTH_MAX]; /* a node's parent is before it */
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

/* Take the next word off a list: it ends before the separator, a NUL, or where the list ends.
 * false: there is none. */
static bool word_next(struct value *list, uint8_t separator, struct value *word)
{
    uint32_t length = 0, rest = list->size_bytes;
    while (length < rest && list->bytes[length] != separator && list->bytes[length] != '\0')
        length++;
    *word = (struct value){list->bytes, length};
    uint32_t taken = length < rest ? length + 1 : rest;
    *list = (struct value){list->bytes + taken, rest - taken};
    return rest > 0;
}

static bool is(struct value word, const char *text)
{
    return word.size_bytes == strlen(text) && memcmp(word.bytes, text, word.size_bytes) == 0;
}

/* Is it one string, this one? */
static bool value_is(struct value value, const char *text)
{
    struct value word;
    return word_next(&value, '\0', &word) && is(word, text) && value.size_bytes == 0;
}

/* Take the number behind this text, if the word is both. */
static void number_take(struct value word, const char *text, uint64_t *number)
{
    uint64_t taken = 0;
    size_t at = strlen(text);
    if (word.size_bytes <= at || memcmp(word.bytes, text, at) != 0)
        return;
    for (; at < word.size_bytes; at++) {
        if (word.bytes[at] < '0' || word.bytes[at] > '9' || taken >= UINT32_MAX)
            return;
        taken = taken * 10 + word.bytes[at] - '0';
    }
    *number = taken;
}

static uint16_t place_of(struct value compatible)
{
    struct value word;
    while (word_next(&compatible, '\0', &word))
        for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            if (is(word, known[i].compatible))
                return known[i].place;
    return 0;
}

/* The supervisor context: the index of the first {hart's controller, irq} pair with that irq. */
static uint32_t context_of(struct value pairs)
{
    for (uint32_t i = 0; i < pairs.size_bytes / (2 * CELL_BYTES); i++)
        if (big32(pairs.bytes + (2 * i + 1) * CELL_BYTES) == IRQ_SUPERVISOR_EXTERNAL)
            return i;
    return BOARD_PLIC_CONTEXT_S;
}

/* Entry index of a node's reg. false: it has none, or its cells are not 64-bit numbers. */
static bool reg_read(const struct fdt_node *node, uint32_t index, uint64_t *base, uint64_t *size)
{
    uint32_t address_cells = node[-1].address_cells, size_cells = node[-1].size_cells;
    if (address_cells < 1 || address_cells > 2 || size_cells > 2)
        return false;
    uint32_t entry_bytes = (address_cells + size_cells) * CELL_BYTES;
    if (node->reg.size_bytes / entry_bytes <= index)
        return false;
    const uint8_t *entry = node->reg.bytes + index * entry_bytes;
    *base = cells_read(entry, address_cells);
    *size = cells_read(entry + address_cells * CELL_BYTES, size_cells);
    return true;
}

/* The largest range of all memory nodes is the RAM. */
static void memory_take(struct fdt_facts *facts, const struct fdt_node *node)
{
    uint64_t base, size;
    for (uint32_t i = 0; reg_read(node, i, &base, &size); i++)
        if (size > facts->ram_bytes && base <= UINT64_MAX - size) {
            facts->ram_base = base;
            facts->ram_bytes = size;
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

static void device_take(struct fdt_facts *facts, const struct fdt_node *node)
{
    struct fdt_device device = {.irq = node->irq};
    struct fdt_device *place = (void *)((uint8_t *)facts + node->place);
    uint64_t size;
    if (!reg_read(node, 0, &device.base, &size) || device.base == 0)
        return;
    if (place == facts->virtio) {
        virtio_take(facts, device);
    } else if (place->base == 0) { /* the first of its kind counts */
        *place = device;
        if (place == &facts->plic) {
            facts->plic_context = node->context;
            facts->plic_sources = node->sources;
        }
    }
}

static const char *node_end(struct fdt_reader *reader)
{
    if (reader->depth == 0)
        return "a node ends that never began";
    const struct fdt_node *node = &reader->nodes[--reader->depth];
    if (reader->depth == 0 || node->is_disabled)
        return NULL;
    if (node->is_memory)
        memory_take(reader->facts, node);
    else if (node->place)
        device_take(reader->facts, node);
    return NULL;
}

static void bootargs_take(struct fdt_facts *facts, struct value list)
{
    struct value word;
    while (word_next(&list, ' ', &word)) {
        facts->amnesia |= is(word, "amnesia");
        facts->check |= is(word, "check");
        facts->check_seldom |= is(word, "check-seldom");
        facts->general |= is(word, "general");
        facts->small |= is(word, "small");
        number_take(word, "checkpoint=", &facts->checkpoint_ms);
        number_take(word, "pages=", &facts->pages_max);
    }
}

static void chosen_take(struct fdt_facts *facts, const char *name, struct value value)
{
    if (strcmp(name, "latchkey,amnesia") == 0)
        facts->amnesia = true;
    else if (strcmp(name, "latchkey,check") == 0)
        facts->check = true;
    else if (strcmp(name, "linux,initrd-start") == 0 && value.size_bytes <= 2 * CELL_BYTES)
        facts->initrd_start = cells_read(value.bytes, value.size_bytes / CELL_BYTES);
    else if (strcmp(name, "bootargs") == 0)
        bootargs_take(facts, value);
}

static void property_take(struct fdt_reader *reader, const char *name, struct value value)
{
    struct fdt_node *node = &reader->nodes[reader->depth - 1];
    uint32_t number = value.size_bytes < CELL_BYTES ? 0 : big32(value.bytes); /* the first cell */
    if (node->is_chosen)
        chosen_take(reader->facts, name, value);
    else if (strcmp(name, "compatible") == 0)
        node->place = place_of(value);
    else if (strcmp(name, "device_type") == 0)
        node->is_memory = value_is(value, "memory");
    else if (strcmp(name, "status") == 0)
        node->is_disabled = !value_is(value, "okay") && !value_is(value, "ok");
    else if (strcmp(name, "reg") == 0)
        node->reg = value;
    else if (strcmp(name, "interrupts") == 0)
        node->irq = number;
    else if (strcmp(name, "interrupts-extended") == 0)
        node->context = context_of(value);
    else if (strcmp(name, "#address-cells") == 0)
        node->address_cells = number;
    else if (strcmp(name, "#size-cells") == 0)
        node->size_cells = number;
    else if (strcmp(name, "timebase-frequency") == 0)
        reader->facts->timebase_hz = number;
    else if (strcmp(name, "riscv,ndev") == 0 && number < PLIC_SOURCES_MAX)
        node->sources = number + 1;
}

/* Go on past so many bytes and their padding. There are so many, so that is not past the end. */
static void skip(struct fdt_reader *reader, uint32_t size_bytes)
{
    kassert(size_bytes <= reader->end - reader->at);
    reader->at += (size_bytes + CELL_BYTES - 1) / CELL_BYTES * CELL_BYTES;
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
    if (name >= reader->strings_bytes)
        return "a property has no name";
    if (reader->depth == 0 || reader->nodes[reader->depth - 1].has_child)
        return "a property is not at the beginning of a node";
    property_take(reader, (const char *)reader->tree + reader->strings + name,
                  (struct value){reader->tree + reader->at, size_bytes});
    skip(reader, size_bytes);
    return NULL;
}

static const char *node_begin(struct fdt_reader *reader)
{
    struct value rest = {reader->tree + reader->at, reader->end - reader->at}, name;
    if (!word_next(&rest, '\0', &name) || name.size_bytes == reader->end - reader->at)
        return "a node name is cut off";
    if (reader->depth == DEPTH_MAX)
        return "nested too deep";
    if (reader->depth > 0)
        reader->nodes[reader->depth - 1].has_child = true;
    reader->nodes[reader->depth] = (struct fdt_node){
        .is_chosen = reader->depth == 1 && is(name, "chosen"),
        .address_cells = ADDRESS_CELLS_DEFAULT,
        .size_cells = SIZE_CELLS_DEFAULT,
        .context = BOARD_PLIC_CONTEXT_S,
        .sources = BOARD_PLIC_SOURCES,
    };
    reader->depth++;
    skip(reader, name.size_bytes + 1);
    return NULL;
}

static const char *token_take(struct fdt_reader *reader, uint32_t token)
{
    switch (token) {
    case FDT_BEGIN_NODE:
        return node_begin(reader);
    case FDT_END_NODE:
        return node_end(reader);
    case FDT_PROP:
        return property_read(reader);
    case FDT_NOP:
        return NULL;
    default:
        return "unknown token";
    }
}

/* Take the header's offsets; false: they do not fit the size it states, or the rules. */
static bool header_read(struct fdt_reader *reader)
{
    const uint8_t *header = reader->tree;
    uint32_t size_bytes = big32(header + 4), structure_bytes = big32(header + 36);
    reader->at = big32(header + 8);
    reader->strings = big32(header + 12);
    reader->strings_bytes = big32(header + 32);
    reader->end = reader->at + structure_bytes;
    if (size_bytes < FDT_HEADER_BYTES || size_bytes > FDT_BYTES_MAX)
        return false;
    if (reader->at > size_bytes || structure_bytes > size_bytes - reader->at ||
        reader->at % CELL_BYTES != 0 || structure_bytes % CELL_BYTES != 0)
        return false;
    if (reader->strings > size_bytes || reader->strings_bytes > size_bytes - reader->strings)
        return false;
    return reader->strings_bytes == 0 ||
           reader->tree[reader->strings + reader->strings_bytes - 1] == '\0';
}

BOOT const char *fdt_parse(const void *tree, struct fdt_facts *facts)
{
    struct fdt_reader reader = {.tree = tree, .facts = facts};
    *facts = (struct fdt_facts){.checkpoint_ms = FDT_NO_NUMBER, .pages_max = FDT_NO_NUMBER};
    if ((uint64_t)tree % CELL_BYTES != 0 || big32(tree) != FDT_MAGIC)
        return "none where a1 points";
    if (big32(reader.tree + 20) < FDT_VERSION || big32(reader.tree + 24) > FDT_VERSION)
        return "of another version";
    if (!header_read(&reader))
        return "its header does not fit its size";
    for (;;) {
        if (reader.end - reader.at < CELL_BYTES)
            return "has no end";
        uint32_t token = big32(reader.tree + reader.at);
        reader.at += CELL_BYTES;
        if (token == FDT_END)
            break;
        const char *problem = token_take(&reader, token);
        if (problem)
            return problem;
    }
    if (reader.depth > 0)
        return "ends inside a node";
    return facts->ram_bytes == 0 ? "names no memory" : NULL;
}
