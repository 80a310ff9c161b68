/* SPDX-License-Identifier: GPL-2.0-or-later */
/* make.c - carries out a recipe: gives out object ids, builds segments and domains, resolves names
 * in keys, and hands the store to image.c. Called by the disk command, tests and bench.
 *
 * Invariants
 *  1. Ids are given out in the recipe's order, so that the image is a function of the recipe and
 *     its files.
 *  2. Nodes of domains are given out before any key is resolved, so that names may be used before
 *     they are described.
 */
#include "disks/make.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disks/image.h"
#include "disks/tree.h"
#include "emulator/base/elf_file.h"
#include "kernel/abi.h"

#define STACK_END 0x40000000ull
#define SEGMENT_FILE_BYTES_MAX (1u << 30)

struct built_segment {
    struct tree_part root;
    uint64_t first_page, page_count;
};
struct built_domain {
    uint64_t root, keys, registers[3];
};
struct make {
    const struct recipe *recipe;
    struct image image;
    struct built_segment segments[RECIPE_SEGMENTS_MAX];
    uint64_t nodes[RECIPE_NODES_MAX];
    struct built_domain domains[RECIPE_DOMAINS_MAX];
    struct error *error;
};

static bool fail(struct make *make, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct make *make, unsigned line, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return error_set(make->error, ERROR_FORMAT, "%s:%u: %s", make->recipe->path, line, text);
}

/* A path of the recipe: beside the recipe, or else from the present folder. */
static void path_resolve(const struct make *make, const char *path, char *target, size_t room)
{
    const char *slash = strrchr(make->recipe->path, '/');
    if (slash && path[0] != '/') {
        (void)snprintf(target, room, "%.*s/%s", (int)(slash - make->recipe->path),
                       make->recipe->path, path);
        if (access(target, R_OK) == 0)
            return;
    }
    (void)snprintf(target, room, "%s", path);
}

/* Add pages with these bytes, zero-padded to memory_bytes, at an address of the tree. */
static bool pages_add(struct make *make, struct tree *tree, uint64_t addr, const uint8_t *data,
                      uint64_t data_bytes, uint64_t memory_bytes, bool read_only, unsigned line)
{
    for (uint64_t at = 0; at < memory_bytes; at += PAGE_BYTES) {
        uint64_t left = at < data_bytes ? data_bytes - at : 0;
        uint64_t id = image_page_new(&make->image, left ? data + at : NULL,
                                     left < PAGE_BYTES ? left : PAGE_BYTES);
        if (id == 0)
            return fail(make, line, "no page is left in the store; give it more than %llu",
                        (unsigned long long)make->image.page_count);
        tree_add(tree, addr + at, SIZE_CODE_PAGE,
                 disk_key_object(KEY_PAGE, read_only ? KEY_READ_ONLY : 0, id, 0));
    }
    return true;
}

static bool segment_build(struct make *make, unsigned index)
{
    const struct recipe_segment *segment = &make->recipe->segments[index];
    struct built_segment *built = &make->segments[index];
    struct tree tree = {0};
    uint8_t *data = NULL;
    size_t data_bytes = 0;
    for (unsigned i = 0; i < index; i++)
        if (strcmp(make->recipe->segments[i].name, segment->name) == 0)
            return fail(make, segment->line, "a second segment %s", segment->name);
    if (segment->path[0]) {
        char path[2 * RECIPE_PATH_BYTES];
        path_resolve(make, segment->path, path, sizeof(path));
        if (!file_read_whole(path, SEGMENT_FILE_BYTES_MAX, &data, &data_bytes, make->error))
            return false;
    }
    uint64_t size_bytes = segment->size_bytes ? segment->size_bytes : data_bytes;
    built->first_page = make->image.page_next;
    built->page_count = (size_bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    bool good = data_bytes <= size_bytes ||
                fail(make, segment->line, "%s is larger than the segment", segment->path);
    if (good)
        good = pages_add(make, &tree, 0, data, data_bytes, size_bytes, false, segment->line);
    const char *problem = good ? tree_build(&tree, &make->image, &built->root) : NULL;
    tree_finish(&tree);
    free(data);
    return problem ? fail(make, segment->line, "segment %s: %s", segment->name, problem) : good;
}

static struct built_segment *segment_find(struct make *make, const char *name)
{
    for (unsigned i = 0; i < make->recipe->segment_count; i++)
        if (strcmp(make->recipe->segments[i].name, name) == 0)
            return &make->segments[i];
    return NULL;
}

static struct disk_key restricted(struct disk_key key, uint8_t restriction)
{
    key.data_byte |= restriction;
    return key;
}

static bool domain_key_resolve(struct make *make, const struct recipe_key *key,
                               struct disk_key *target)
{
    for (unsigned i = 0; i < make->recipe->domain_count; i++) {
        if (strcmp(make->recipe->domains[i].name, key->name) != 0)
            continue;
        *target = disk_key_object(key->type, key->data_byte, make->domains[i].root, 0);
        return true;
    }
    return fail(make, key->line, "no domain %s", key->name);
}

static bool node_key_resolve(struct make *make, const struct recipe_key *key,
                             struct disk_key *target)
{
    for (unsigned i = 0; i < make->recipe->node_count_named; i++) {
        if (strcmp(make->recipe->nodes[i].name, key->name) != 0)
            continue;
        *target = disk_key_object(key->type, key->data_byte, make->nodes[i], 0);
        return true;
    }
    return fail(make, key->line, "no node %s", key->name);
}

static bool segment_key_resolve(struct make *make, const struct recipe_key *key,
                                struct disk_key *target)
{
    const struct built_segment *segment = segment_find(make, key->name);
    if (!segment)
        return fail(make, key->line, "no segment %s", key->name);
    if (key->type == KEY_SEGMENT) {
        *target = restricted(segment->root.key, key->data_byte);
        return true;
    }
    if (key->number >= segment->page_count)
        return fail(make, key->line, "segment %s has only %llu pages", key->name,
                    (unsigned long long)segment->page_count);
    *target = disk_key_object(KEY_PAGE, key->data_byte, segment->first_page + key->number, 0);
    return true;
}

static bool key_resolve(struct make *make, const struct recipe_key *key, struct disk_key *target)
{
    switch ((enum recipe_target)key->target) {
    case TARGET_DOMAIN:
        return domain_key_resolve(make, key, target);
    case TARGET_NODE:
        return node_key_resolve(make, key, target);
    case TARGET_SEGMENT:
        return segment_key_resolve(make, key, target);
    case TARGET_NONE:
        break;
    }
    if (key->type == KEY_DATA)
        *target = disk_key_number(key->number);
    else
        *target = disk_key_object(key->type, key->data_byte,
                                  key->type == KEY_METER ? OBJECT_ID_PRIME_METER : 0, 0);
    return true;
}

static bool slots_resolve(struct make *make, const struct recipe_key slots[16], uint64_t node_id)
{
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
        if (slots[slot].line &&
            !key_resolve(make, &slots[slot], &image_node(&make->image, node_id)->slots[slot]))
            return false;
    return true;
}

static bool program_add(struct make *make, const struct recipe_domain *domain, struct tree *tree,
                        uint64_t *entry)
{
    struct elf_file elf;
    char path[2 * RECIPE_PATH_BYTES];
    path_resolve(make, domain->program, path, sizeof(path));
    bool good = elf_file_open(&elf, path, make->error);
    for (unsigned i = 0; good && i < elf.segment_count; i++) {
        const struct elf_segment *segment = &elf.segments[i];
        if (segment->virtual_addr % PAGE_BYTES)
            good = fail(make, domain->line, "%s: a segment does not begin on a page", path);
        else if (segment->virtual_addr >> USER_ADDRESS_BITS ||
                 segment->memory_bytes > (1ull << USER_ADDRESS_BITS) - segment->virtual_addr)
            good = fail(make, domain->line, "%s: outside a domain's addresses", path);
        else
            good = pages_add(make, tree, segment->virtual_addr, segment->data,
                             segment->data_bytes, segment->memory_bytes, !segment->writable,
                             domain->line);
    }
    *entry = elf.entry;
    elf_file_finish(&elf);
    return good;
}

static bool maps_add(struct make *make, const struct recipe_domain *domain, struct tree *tree)
{
    for (unsigned i = 0; i < domain->map_count; i++) {
        const struct recipe_map *map = &domain->maps[i];
        const struct built_segment *segment = segment_find(make, map->segment);
        if (!segment)
            return fail(make, map->line, "no segment %s", map->segment);
        uint64_t span = tree_span(segment->root.size_code);
        if (map->addr % span)
            return fail(make, map->line, "0x%llx is not a multiple of %s's span, 0x%llx",
                        (unsigned long long)map->addr, map->segment, (unsigned long long)span);
        tree_add(tree, map->addr, segment->root.size_code,
                 restricted(segment->root.key, map->read_only ? KEY_READ_ONLY : 0));
    }
    return true;
}

/* The 14-byte slices of the register words, as abi.h lays them over three nodes. */
static void registers_put(struct make *make, const struct built_domain *built,
                          const struct domain_registers *registers)
{
    uint8_t bytes[3 * REGISTER_NODE_WORDS * sizeof(uint64_t)] = {0};
    memcpy(bytes, registers, sizeof(*registers));
    for (unsigned i = 0; i < 3 * NODE_SLOTS; i++) {
        struct disk_node *node = image_node(&make->image, built->registers[i / NODE_SLOTS]);
        struct disk_key *key = &node->slots[i % NODE_SLOTS];
        memcpy(key->object_id, bytes + i * REGISTER_KEY_BYTES, 6);
        memcpy(&key->count, bytes + i * REGISTER_KEY_BYTES + 6, 8);
    }
}

static bool domain_memory(struct make *make, const struct recipe_domain *domain,
                          struct tree_part *root, uint64_t *entry)
{
    struct tree tree = {0};
    uint64_t stack_bytes = (domain->stack_bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    bool good = program_add(make, domain, &tree, entry) &&
                pages_add(make, &tree, STACK_END - stack_bytes, NULL, 0, stack_bytes, false,
                          domain->line) &&
                maps_add(make, domain, &tree);
    const char *problem = good ? tree_build(&tree, &make->image, root) : NULL;
    tree_finish(&tree);
    return problem ? fail(make, domain->line, "domain %s: %s", domain->name, problem) : good;
}

static bool domain_build(struct make *make, unsigned index)
{
    const struct recipe_domain *domain = &make->recipe->domains[index];
    const struct built_domain *built = &make->domains[index];
    struct tree_part memory;
    struct domain_registers registers = {0};
    if (!domain_memory(make, domain, &memory, &registers.pc))
        return false;
    registers.x[1] = STACK_END; /* x2, sp */
    for (unsigned i = 0; i < 8; i++)
        registers.x[9 + i] = domain->arguments[i]; /* x10.., a0.. */
    registers_put(make, built, &registers);
    struct disk_node *root = image_node(&make->image, built->root);
    static const uint8_t register_slots[3] = {DOMAIN_SLOT_REGISTERS_0, DOMAIN_SLOT_REGISTERS_1,
                                              DOMAIN_SLOT_REGISTERS_2};
    for (unsigned i = 0; i < 3; i++)
        root->slots[register_slots[i]] = disk_key_object(KEY_NODE, 0, built->registers[i], 0);
    root->slots[DOMAIN_SLOT_KEYS] = disk_key_object(KEY_NODE, 0, built->keys, 0);
    root->slots[DOMAIN_SLOT_METER] = disk_key_object(KEY_METER, 0, OBJECT_ID_PRIME_METER, 0);
    root->slots[DOMAIN_SLOT_MEMORY] = memory.key;
    root->slots[DOMAIN_SLOT_PRIORITY] = disk_key_number(domain->priority);
    root->slots[DOMAIN_SLOT_STATE] =
        disk_key_number(domain->run ? DOMAIN_RUNNING : DOMAIN_AVAILABLE);
    if (domain->run)
        make->image.running[make->image.running_count++] = built->root;
    return key_resolve(make, &domain->keeper, &root->slots[DOMAIN_SLOT_KEEPER]) &&
           key_resolve(make, &domain->symbols, &root->slots[DOMAIN_SLOT_SPARE_0]) &&
           slots_resolve(make, domain->slots, built->keys);
}

/* Ids for the nodes of a domain. */
static bool domain_nodes(struct make *make, unsigned index)
{
    struct built_domain *built = &make->domains[index];
    uint64_t *ids[5] = {&built->root, &built->keys, &built->registers[0], &built->registers[1],
                        &built->registers[2]};
    const struct recipe_domain *domain = &make->recipe->domains[index];
    for (unsigned i = 0; i < index; i++)
        if (strcmp(make->recipe->domains[i].name, domain->name) == 0)
            return fail(make, domain->line, "a second domain %s", domain->name);
    for (unsigned i = 0; i < 5; i++) {
        *ids[i] = image_node_new(&make->image);
        if (*ids[i] == 0)
            return fail(make, domain->line, "no node is left in the store");
    }
    return true;
}

static bool node_begin(struct make *make, unsigned index)
{
    const struct recipe_node *node = &make->recipe->nodes[index];
    for (unsigned i = 0; i < index; i++)
        if (strcmp(make->recipe->nodes[i].name, node->name) == 0)
            return fail(make, node->line, "a second node %s", node->name);
    make->nodes[index] = image_node_new(&make->image);
    return make->nodes[index] != 0 || fail(make, node->line, "no node is left in the store");
}

static bool store_build(struct make *make)
{
    const struct recipe *recipe = make->recipe;
    if (recipe->node_count < OBJECT_ID_FIRST || recipe->page_count < OBJECT_ID_FIRST)
        return fail(make, recipe->line, "a store needs at least %u nodes and pages",
                    OBJECT_ID_FIRST);
    image_node(&make->image, OBJECT_ID_PRIME_METER)->slots[METER_SLOT_COUNTER] =
        disk_key_number(METER_PRIME_START);
    for (unsigned i = 0; i < recipe->domain_count; i++)
        if (!domain_nodes(make, i))
            return false;
    for (unsigned i = 0; i < recipe->node_count_named; i++)
        if (!node_begin(make, i))
            return false;
    for (unsigned i = 0; i < recipe->segment_count; i++)
        if (!segment_build(make, i))
            return false;
    for (unsigned i = 0; i < recipe->domain_count; i++)
        if (!domain_build(make, i))
            return false;
    for (unsigned i = 0; i < recipe->node_count_named; i++)
        if (!slots_resolve(make, recipe->nodes[i].slots, make->nodes[i]))
            return false;
    return true;
}

bool make_image(const struct recipe *recipe, const char *image_path, struct error *error)
{
    struct make *make = calloc(1, sizeof(*make));
    assert(make != NULL);
    assert(recipe->line != 0);
    make->recipe = recipe;
    make->error = error;
    image_init(&make->image, recipe->node_count, recipe->page_count);
    make->image.area_blocks = recipe->area_blocks;
    make->image.seed = recipe->seed;
    memcpy(make->image.label, recipe->label, sizeof(make->image.label));
    bool good = store_build(make) && image_write(&make->image, image_path, error);
    image_finish(&make->image);
    free(make);
    return good;
}
