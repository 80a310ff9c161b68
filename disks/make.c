/* SPDX-License-Identifier: GPL-2.0-or-later */
/* make.c - carries out a recipe: gives out object ids, builds segments and domains, resolves names
 * in keys, and hands the store to image.c. Called by the disk command, tests and bench.
 *
 * Invariants
 *  1. Ids are given out in the recipe's order, so that the image is a function of the recipe and
 *     its files.
 *  2. Every object is given out before any key is resolved, so that names may be used before they
 *     are described, and a range holds what is left.
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
#include "disks/volume.h"
#include "emulator/base/elf_file.h"
#include "emulator/base/input_file.h"
#include "emulator/base/memory.h"
#include "kernel/abi.h"

#define STACK_END 0x40000000ull
#define REGISTER_SP 2u
#define KEEPER_SLOT 14u /* of a red node; 15 is the format */
#define SEGMENT_FILE_BYTES_MAX (1u << 30)

struct built_segment {
    struct tree_part root;
    uint64_t first_page, page_count;
    uint64_t red; /* node with the keeper; 0: none */
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

static bool fail(struct make *make, struct recipe_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct make *make, struct recipe_place place, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return recipe_fail(make->recipe, place, make->error, "%s", text);
}

/* A file that the recipe names cannot be used: its own error, with the place that names it. */
static bool fail_file(struct make *make, struct recipe_place place, const struct error *why)
{
    return error_set(make->error, why->code, "%s:%u:%u: %s", make->recipe->path, place.line,
                     place.column, why->text);
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

/* Pages to be made: data_bytes bytes of data, then zeros up to memory_bytes. */
struct contents {
    const uint8_t *data;
    uint64_t data_bytes, memory_bytes;
    bool read_only;
    struct recipe_place place; /* of what asks for them */
};

static bool pages_add(struct make *make, struct tree *tree, uint64_t addr,
                      const struct contents *contents)
{
    for (uint64_t at = 0; at < contents->memory_bytes; at += PAGE_BYTES) {
        uint64_t left = at < contents->data_bytes ? contents->data_bytes - at : 0;
        uint64_t id = image_page_new(&make->image, left ? contents->data + at : NULL,
                                     left < PAGE_BYTES ? left : PAGE_BYTES);
        if (id == 0)
            return fail(make, contents->place,
                        "no page is left in the store; give it more than %llu",
                        (unsigned long long)make->image.page_count);
        tree_add(tree, addr + at, SIZE_CODE_PAGE,
                 disk_key_object(KEY_PAGE, contents->read_only ? KEY_READ_ONLY : 0, id, 0));
    }
    return true;
}

static struct disk_key restricted(struct disk_key key, bool read_only)
{
    key.data_byte |= read_only ? KEY_READ_ONLY : 0;
    return key;
}

/* A segment inside another: the same objects, so what is written there is seen in both. */
static bool part_segment(struct make *make, unsigned index, const struct recipe_part *part,
                         struct tree *tree)
{
    for (unsigned i = 0; i < index; i++) {
        const struct tree_part *root = &make->segments[i].root;
        if (strcmp(make->recipe->segments[i].name, part->name) != 0)
            continue;
        uint64_t span = tree_span(root->size_code);
        if (part->offset % span)
            return fail(make, part->place, "0x%llx is not a multiple of %s's span, 0x%llx",
                        (unsigned long long)part->offset, part->name, (unsigned long long)span);
        if (part->offset + span > make->recipe->segments[index].sparse_bytes)
            return fail(make, part->place, "%s's span, 0x%llx, goes beyond the segment's size",
                        part->name, (unsigned long long)span);
        tree_add(tree, part->offset, root->size_code, restricted(root->key, part->read_only));
        return true;
    }
    return fail(make, part->place, "no segment %s is described before this line", part->name);
}

/* Zeros or a file, with size_limit bytes to lie in; 0: as large as it is. */
static bool part_pages(struct make *make, const struct recipe_part *part, uint64_t size_limit,
                       struct tree *tree)
{
    struct error why;
    uint8_t *data = NULL;
    size_t data_bytes = 0;
    char path[2 * RECIPE_PATH_BYTES];
    if (part->offset % PAGE_BYTES)
        return fail(make, part->place, "0x%llx is not a multiple of a page, 0x%x",
                    (unsigned long long)part->offset, PAGE_BYTES);
    if (part->kind == PART_FILE) {
        path_resolve(make, part->path, path, sizeof(path));
        if (!input_read(path, SEGMENT_FILE_BYTES_MAX, &data, &data_bytes, &why))
            return fail_file(make, part->place, &why);
    }
    struct contents contents = {.data = data, .data_bytes = data_bytes,
                                .memory_bytes = part->size_bytes ? part->size_bytes : data_bytes,
                                .read_only = part->read_only, .place = part->place};
    bool good = true;
    if (contents.memory_bytes == 0)
        good = fail(make, part->place, "%s is empty; give it a size", path);
    else if (data_bytes > contents.memory_bytes)
        good = fail(make, part->place, "%s has %zu bytes, more than its size here", path,
                    data_bytes);
    else if (size_limit && (contents.memory_bytes > size_limit ||
                            part->offset > size_limit - contents.memory_bytes))
        good = fail(make, part->place, "it goes beyond the segment's size, 0x%llx",
                    (unsigned long long)size_limit);
    good = good && pages_add(make, tree, part->offset, &contents);
    free(data);
    return good;
}

/* The least size code whose span holds size_bytes. */
static unsigned size_code_for(uint64_t size_bytes)
{
    unsigned size_code = SIZE_CODE_PAGE;
    while (tree_span(size_code) < size_bytes)
        size_code++;
    assert(size_code <= SIZE_CODE_MAX);
    return size_code;
}

/* Put a node above, of the next size code: what was the root is in its slot 0. */
static bool root_raise(struct make *make, const struct recipe_segment *segment,
                       struct tree_part *root, uint8_t data_byte)
{
    uint64_t id = image_node_new(&make->image);
    if (id == 0)
        return fail(make, segment->place, "no node is left in the store");
    image_node(&make->image, id)->slots[0] = root->key;
    root->key = disk_key_object(KEY_SEGMENT, data_byte, id, 0);
    root->size_code++;
    return true;
}

/* The red node of a segment with a keeper (abi.h, RED_*): slot 0 what is there, then nothing. */
static bool red_add(struct make *make, const struct recipe_segment *segment,
                    struct built_segment *built)
{
    struct tree_part *root = &built->root;
    unsigned size_code = size_code_for(segment->sparse_bytes);
    if (size_code < SIZE_CODE_MIN)
        size_code = SIZE_CODE_MIN;
    uint64_t slot_bytes = tree_span(size_code - 1);
    uint64_t slots = (segment->sparse_bytes + slot_bytes - 1) / slot_bytes;
    if (slots > KEEPER_SLOT || root->size_code >= size_code) {
        slots = 1;
        size_code++;
    }
    while (root->key.type != KEY_DATA && root->size_code < size_code - 1)
        if (!root_raise(make, segment, root, (uint8_t)(root->size_code + 1)))
            return false;
    root->size_code = size_code - 1;
    if (!root_raise(make, segment, root, 0))
        return false;
    built->red = disk_id(root->key.object_id);
    image_node(&make->image, built->red)->slots[RED_FORMAT_SLOT] = disk_key_number(
        (uint64_t)RED_NO_SLOT << 20 | (uint64_t)RED_NO_SLOT << 16 |
        (uint64_t)KEEPER_SLOT << 12 | slots << 4 | size_code);
    return true;
}

/* A sparse segment spans what it says, however little is in it. */
static bool sparse_finish(struct make *make, const struct recipe_segment *segment,
                          struct built_segment *built)
{
    struct tree_part *root = &built->root;
    if (segment->keeper.place.line)
        return red_add(make, segment, built);
    while (tree_span(root->size_code) < segment->sparse_bytes)
        if (!root_raise(make, segment, root, (uint8_t)(root->size_code + 1)))
            return false;
    return true;
}

static bool segment_build(struct make *make, unsigned index)
{
    const struct recipe_segment *segment = &make->recipe->segments[index];
    struct built_segment *built = &make->segments[index];
    struct tree tree = {0};
    for (unsigned i = 0; i < index; i++)
        if (strcmp(make->recipe->segments[i].name, segment->name) == 0)
            return fail(make, segment->place, "a second segment %s", segment->name);
    built->first_page = make->image.page_next;
    bool good = true;
    for (unsigned i = 0; good && i < segment->part_count; i++) {
        const struct recipe_part *part = &make->recipe->parts[segment->part_first + i];
        good = part->kind == PART_SEGMENT
                   ? part_segment(make, index, part, &tree)
                   : part_pages(make, part, segment->sparse_bytes, &tree);
    }
    built->page_count = make->image.page_next - built->first_page;
    const char *problem = NULL;
    built->root = (struct tree_part){.size_code = SIZE_CODE_PAGE}; /* nothing: data key 0 */
    if (good && (tree.count || !segment->keeper.place.line))
        problem = tree_build(&tree, &make->image, &built->root);
    tree_finish(&tree);
    if (problem)
        return fail(make, segment->place, "segment %s: %s", segment->name, problem);
    return good && (segment->sparse_bytes == 0 || sparse_finish(make, segment, built));
}

static struct built_segment *segment_find(struct make *make, const char *name)
{
    for (unsigned i = 0; i < make->recipe->segment_count; i++)
        if (strcmp(make->recipe->segments[i].name, name) == 0)
            return &make->segments[i];
    return NULL;
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
    return fail(make, key->place, "no domain %s", key->name);
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
    return fail(make, key->place, "no node %s", key->name);
}

static bool segment_key_resolve(struct make *make, const struct recipe_key *key,
                                struct disk_key *target)
{
    const struct built_segment *segment = segment_find(make, key->name);
    if (!segment)
        return fail(make, key->place, "no segment %s", key->name);
    if (key->type == KEY_SEGMENT) {
        *target = restricted(segment->root.key, key->data_byte & KEY_READ_ONLY);
        return true;
    }
    if (key->number >= segment->page_count)
        return fail(make, key->place, "segment %s has %llu pages of its own", key->name,
                    (unsigned long long)segment->page_count);
    *target = disk_key_object(KEY_PAGE, key->data_byte, segment->first_page + key->number, 0);
    return true;
}

/* A range of what is free now that everything else has its objects. */
static bool range_key_resolve(struct make *make, const struct recipe_key *key,
                              struct disk_key *target)
{
    const struct image *image = &make->image;
    bool nodes = key->type == KEY_NODE_RANGE;
    uint64_t next = nodes ? image->node_next : image->page_next;
    uint64_t free = (nodes ? image->node_count : image->page_count) + 1 - next;
    if (key->number >= free || key->count > free - key->number)
        return fail(make, key->place, "the store has only %llu free %s", (unsigned long long)free,
                    nodes ? "nodes" : "pages");
    uint64_t count = key->count ? key->count : free - key->number;
    *target = disk_key_object(key->type, 0, next + key->number, count);
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
    if (key->type == KEY_NODE_RANGE || key->type == KEY_PAGE_RANGE)
        return range_key_resolve(make, key, target);
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
        if (slots[slot].place.line &&
            !key_resolve(make, &slots[slot], &image_node(&make->image, node_id)->slots[slot]))
            return false;
    return true;
}

/* The pages of a loadable segment, which must lie where a domain can see them. */
static bool program_segment_add(struct make *make, const struct recipe_domain *domain,
                                const struct elf_segment *segment, struct tree *tree)
{
    struct contents contents = {.data = segment->data, .data_bytes = segment->data_bytes,
                                .memory_bytes = segment->memory_bytes,
                                .read_only = !segment->writable, .place = domain->program_place};
    if (segment->virtual_addr % PAGE_BYTES)
        return fail(make, domain->program_place, "%s: a segment does not begin on a page",
                    domain->program);
    if (segment->virtual_addr >> USER_ADDRESS_BITS ||
        segment->memory_bytes > (1ull << USER_ADDRESS_BITS) - segment->virtual_addr)
        return fail(make, domain->program_place, "%s: outside of a domain's addresses",
                    domain->program);
    return pages_add(make, tree, segment->virtual_addr, &contents);
}

static bool program_add(struct make *make, const struct recipe_domain *domain, struct tree *tree,
                        uint64_t *entry)
{
    struct elf_file elf;
    struct error why;
    char path[2 * RECIPE_PATH_BYTES];
    path_resolve(make, domain->program, path, sizeof(path));
    bool good = elf_file_open(&elf, path, &why) || fail_file(make, domain->program_place, &why);
    bool entered = false;
    for (unsigned i = 0; good && i < elf.segment_count; i++) {
        const struct elf_segment *segment = &elf.segments[i];
        entered |= segment->executable && elf.entry >= segment->virtual_addr &&
                   elf.entry - segment->virtual_addr < segment->data_bytes;
        good = program_segment_add(make, domain, segment, tree);
    }
    if (good && !entered)
        good = fail(make, domain->program_place, "%s: it begins at 0x%llx, where it has no code",
                    domain->program, (unsigned long long)elf.entry);
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
            return fail(make, map->place, "no segment %s", map->segment);
        uint64_t span = tree_span(segment->root.size_code);
        if (map->addr % span)
            return fail(make, map->place, "0x%llx is not a multiple of %s's span, 0x%llx",
                        (unsigned long long)map->addr, map->segment, (unsigned long long)span);
        tree_add(tree, map->addr, segment->root.size_code,
                 restricted(segment->root.key, map->read_only));
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
    struct contents stack = {.memory_bytes = (domain->stack_bytes + PAGE_BYTES - 1) &
                                             ~(uint64_t)(PAGE_BYTES - 1),
                             .place = domain->place};
    bool good = program_add(make, domain, &tree, entry) &&
                pages_add(make, &tree, STACK_END - stack.memory_bytes, &stack) &&
                maps_add(make, domain, &tree);
    const char *problem = good ? tree_build(&tree, &make->image, root) : NULL;
    tree_finish(&tree);
    return problem ? fail(make, domain->place, "domain %s: %s", domain->name, problem) : good;
}

static bool domain_build(struct make *make, unsigned index)
{
    const struct recipe_domain *domain = &make->recipe->domains[index];
    const struct built_domain *built = &make->domains[index];
    struct tree_part memory;
    struct domain_registers registers = {0};
    if (!domain_memory(make, domain, &memory, &registers.pc))
        return false;
    for (unsigned i = 1; i < RECIPE_REGISTERS; i++)
        registers.x[i - 1] = domain->registers[i];
    registers.x[REGISTER_SP - 1] = STACK_END;
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
    return true;
}

/* Its keys, when every object has its id. */
static bool domain_keys(struct make *make, unsigned index)
{
    const struct recipe_domain *domain = &make->recipe->domains[index];
    const struct built_domain *built = &make->domains[index];
    struct disk_node *root = image_node(&make->image, built->root);
    if (domain->meter.place.line &&
        !key_resolve(make, &domain->meter, &root->slots[DOMAIN_SLOT_METER]))
        return false;
    return key_resolve(make, &domain->keeper, &root->slots[DOMAIN_SLOT_KEEPER]) &&
           key_resolve(make, &domain->symbols, &root->slots[DOMAIN_SLOT_SPARE_0]) &&
           key_resolve(make, &domain->brand, &root->slots[DOMAIN_SLOT_BRAND]) &&
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
            return fail(make, domain->place, "a second domain %s", domain->name);
    for (unsigned i = 0; i < 5; i++) {
        *ids[i] = image_node_new(&make->image);
        if (*ids[i] == 0)
            return fail(make, domain->place, "no node is left in the store");
    }
    names_add(&make->image.names, built->root, domain->name);
    return true;
}

static bool node_begin(struct make *make, unsigned index)
{
    const struct recipe_node *node = &make->recipe->nodes[index];
    for (unsigned i = 0; i < index; i++)
        if (strcmp(make->recipe->nodes[i].name, node->name) == 0)
            return fail(make, node->place, "a second node %s", node->name);
    make->nodes[index] = image_node_new(&make->image);
    return make->nodes[index] != 0 || fail(make, node->place, "no node is left in the store");
}

static bool store_build(struct make *make)
{
    const struct recipe *recipe = make->recipe;
    if (recipe->node_count < OBJECT_ID_FIRST || recipe->page_count < OBJECT_ID_FIRST)
        return fail(make, recipe->place, "a store needs at least %u nodes and pages",
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
    for (unsigned i = 0; i < recipe->domain_count; i++)
        if (!domain_keys(make, i))
            return false;
    for (unsigned i = 0; i < recipe->segment_count; i++)
        if (make->segments[i].red &&
            !key_resolve(make, &recipe->segments[i].keeper,
                         &image_node(&make->image, make->segments[i].red)->slots[KEEPER_SLOT]))
            return false;
    for (unsigned i = 0; i < recipe->node_count_named; i++)
        if (!slots_resolve(make, recipe->nodes[i].slots, make->nodes[i]))
            return false;
    return true;
}

bool make_image(const struct recipe *recipe, const char *image_path, struct error *error)
{
    struct make *make = memory_zeroed(1, sizeof(*make));
    assert(recipe->place.line != 0);
    make->recipe = recipe;
    make->error = error;
    image_init(&make->image, recipe->node_count, recipe->page_count);
    make->image.area_blocks = recipe->area_blocks;
    make->image.journal_blocks = recipe->journal_blocks;
    make->image.seed = recipe->seed;
    make->image.volume_count = (unsigned)recipe->volume_count;
    make->image.mirror = recipe->mirror;
    memcpy(make->image.label, recipe->label, sizeof(make->image.label));
    bool good = store_build(make) && image_write(&make->image, image_path, error);
    image_finish(&make->image);
    free(make);
    return good;
}
