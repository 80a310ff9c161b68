/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_keys.c - keys by type, and domains: their shape, and that those that run are listed.
 * Called by check.c after the pots; sees nodes as the restarted system would.
 *
 * A key whose count is lower than its object's is void, which is legal: that is how objects are
 * rescinded. One whose count is higher cannot have come about. What domains can do to themselves
 * with node keys is a note, unless the directory lists the domain as running: the kernel lists
 * well-formed ones only.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "disks/check_private.h"
#include "emulator/base/memory.h"
#include "kernel/abi.h"

#define KEY_BIT(type) (1u << (type))
#define KEYS_TO_NODES                                                                              \
    (KEY_BIT(KEY_SEGMENT) | KEY_BIT(KEY_NODE) | KEY_BIT(KEY_FETCH) | KEY_BIT(KEY_SENSE) |          \
     KEY_BIT(KEY_METER) | KEY_BIT(KEY_START) | KEY_BIT(KEY_RESUME) | KEY_BIT(KEY_DOMAIN) |         \
     KEY_BIT(KEY_FRONT_END))
#define KEYS_TO_DOMAINS (KEY_BIT(KEY_START) | KEY_BIT(KEY_RESUME) | KEY_BIT(KEY_DOMAIN))
#define KEYS_WITH_ANY_DATA_BYTE                                                                    \
    (KEY_BIT(KEY_SEGMENT) | KEY_BIT(KEY_NODE) | KEY_BIT(KEY_FETCH) | KEY_BIT(KEY_SENSE) |          \
     KEY_BIT(KEY_START))
#define DOMAIN_NODES 5u
static_assert(KEY_TYPE_COUNT <= 32, "sets of key types are 32 bits");

struct domain_seen {
    uint64_t root;
    bool listed; /* in the directory as running */
};
struct part_seen { /* a node that is part of a domain */
    uint64_t node, root;
    bool listed;
};
struct domains {
    struct domain_seen *seen;
    size_t count, capacity;
    struct part_seen *parts;
    size_t part_count, part_capacity;
};

static bool key_in(const struct disk_key *key, uint32_t set)
{
    return key->type < KEY_TYPE_COUNT && (set >> key->type & 1);
}

static bool exists(const struct check *check, enum range_kind kind, uint64_t id)
{
    return id && store_next(check->store, kind, id) == id;
}

static const char *data_byte_problem(const struct disk_key *key)
{
    uint8_t byte = key->data_byte;
    if (key_in(key, KEYS_WITH_ANY_DATA_BYTE))
        return NULL;
    if ((key->type == KEY_PAGE || key->type == KEY_DOMAIN) && !(byte & ~KEY_READ_ONLY))
        return NULL;
    if (key->type == KEY_INPUT && byte <= INPUT_BOTH)
        return NULL;
    if (key->type == KEY_RESUME &&
        (byte == RESUME_RESTART || byte == RESUME_RETURN || byte == RESUME_FAULT))
        return NULL;
    return byte ? "its data byte is not one of its type's" : NULL;
}

static const char *object_problem(const struct check *check, const struct disk_key *key)
{
    bool page = key->type == KEY_PAGE;
    uint64_t id = disk_id(key->object_id);
    if (!exists(check, page ? RANGE_PAGE_POTS : RANGE_NODES, id))
        return page ? "there is no such page" : "there is no such node";
    struct object_counts object = counts_find(page ? &check->pages : &check->nodes, id);
    if (object.lost)
        return NULL; /* said already */
    if (key->count > (key->type == KEY_RESUME ? object.call_count : object.allocation_count))
        return "its count is higher than its object's";
    return NULL;
}

static const char *key_problem(const struct check *check, const struct disk_key *key)
{
    if (key->type >= KEY_TYPE_COUNT)
        return "its type is unknown";
    const char *problem = data_byte_problem(key);
    if (problem || key->type == KEY_DATA)
        return problem;
    if (key->type == KEY_PAGE || key_in(key, KEYS_TO_NODES))
        return object_problem(check, key);
    uint64_t id = disk_id(key->object_id);
    if (key->type == KEY_NODE_RANGE || key->type == KEY_PAGE_RANGE) {
        enum range_kind kind = key->type == KEY_NODE_RANGE ? RANGE_NODES : RANGE_PAGE_POTS;
        if (key->count == 0 || id == 0 || key->count > OBJECT_ID_MAX - id ||
            !exists(check, kind, id) || !exists(check, kind, id + key->count - 1))
            return "its objects are not all there";
        return NULL;
    }
    return id || key->count ? "it names an object and its type has none" : NULL;
}

/* A key to a node that is valid now; the id of the node, or 0. */
static uint64_t valid_node(const struct check *check, const struct disk_key *key)
{
    uint64_t id = disk_id(key->object_id);
    if (!key_in(key, KEYS_TO_NODES) || !exists(check, RANGE_NODES, id))
        return 0;
    struct object_counts object = counts_find(&check->nodes, id);
    if (object.lost)
        return 0;
    return key->count == (key->type == KEY_RESUME ? object.call_count : object.allocation_count)
               ? id
               : 0;
}

static void domain_see(struct domains *domains, uint64_t root, bool listed)
{
    domains->seen =
        memory_grow(domains->seen, domains->count, &domains->capacity, sizeof(*domains->seen));
    domains->seen[domains->count++] = (struct domain_seen){root, listed};
}

static void node_check(struct check *check, struct domains *domains, uint64_t id)
{
    struct store_node node;
    if (store_node(check->store, id, &node))
        return; /* said already */
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        const struct disk_key *key = &node.node.slots[slot];
        const char *problem = key_problem(check, key);
        if (problem)
            check_find(check, FINDING_DAMAGE, "node %llu slot %u: key of type %u: %s",
                       (unsigned long long)id, slot, key->type, problem);
        else if (key_in(key, KEYS_TO_DOMAINS) && valid_node(check, key))
            domain_see(domains, disk_id(key->object_id), false);
    }
}

static bool is_data(const struct disk_key *key)
{
    return key->type == KEY_DATA && key->data_byte == 0;
}

/* The parts of a domain by their slots in its root; what is wrong with one of them, or NULL. */
static const char *part_check(struct check *check, const struct disk_node *root, unsigned slot,
                              uint64_t *part)
{
    const struct disk_key *key = &root->slots[slot];
    struct store_node node;
    *part = 0;
    if (key->type != KEY_NODE || key->data_byte != 0)
        return "is not a plain node key";
    *part = valid_node(check, key);
    if (*part == 0)
        return "is void";
    if (slot == DOMAIN_SLOT_KEYS)
        return NULL;
    if (store_node(check->store, *part, &node))
        return "names a node that is lost";
    for (unsigned i = 0; i < NODE_SLOTS; i++)
        if (!is_data(&node.node.slots[i]))
            return "names a node of registers that holds a key";
    return NULL;
}

static const char *state_problem(const struct disk_node *root, bool listed)
{
    const struct disk_key *state = &root->slots[DOMAIN_SLOT_STATE];
    const struct disk_key *priority = &root->slots[DOMAIN_SLOT_PRIORITY];
    if (!is_data(state) || disk_id(state->object_id) || state->count > DOMAIN_RUNNING)
        return "its state is not one of a domain's";
    if (!is_data(priority))
        return "its priority is not a number";
    if (listed && state->count != DOMAIN_RUNNING)
        return "it is listed as running, and its state is another";
    if (!listed && state->count == DOMAIN_RUNNING)
        return "it runs, and is not listed as running";
    return NULL;
}

/* One domain. How bad a finding is depends on whether it is listed as running. */
static void domain_check(struct check *check, struct domains *domains,
                         const struct domain_seen *domain)
{
    static const uint8_t slots[DOMAIN_NODES - 1] = {DOMAIN_SLOT_KEYS, DOMAIN_SLOT_REGISTERS_0,
                                                    DOMAIN_SLOT_REGISTERS_1,
                                                    DOMAIN_SLOT_REGISTERS_2};
    enum finding_kind kind = domain->listed ? FINDING_DAMAGE : FINDING_NOTE;
    struct store_node root;
    uint64_t parts[DOMAIN_NODES] = {domain->root};
    if (store_node(check->store, domain->root, &root))
        return; /* said already */
    for (unsigned i = 0; i < DOMAIN_NODES - 1; i++) {
        const char *problem = part_check(check, &root.node, slots[i], &parts[1 + i]);
        if (!problem)
            continue;
        check_find(check, kind, "domain %llu: slot %u %s", (unsigned long long)domain->root,
                   slots[i], problem);
        return;
    }
    const char *problem = state_problem(&root.node, domain->listed);
    if (problem)
        check_find(check, FINDING_DAMAGE, "domain %llu: %s", (unsigned long long)domain->root,
                   problem);
    for (unsigned i = 0; i < DOMAIN_NODES; i++) {
        domains->parts = memory_grow(domains->parts, domains->part_count, &domains->part_capacity,
                                    sizeof(*domains->parts));
        domains->parts[domains->part_count++] =
            (struct part_seen){parts[i], domain->root, domain->listed};
    }
}

static int seen_order(const void *left, const void *right)
{
    const struct domain_seen *a = left, *b = right;
    if (a->root != b->root)
        return a->root < b->root ? -1 : 1;
    return (int)b->listed - (int)a->listed; /* the listed one first */
}

static int part_order(const void *left, const void *right)
{
    const struct part_seen *a = left, *b = right;
    return a->node < b->node ? -1 : a->node > b->node;
}

/* No node is part of two domains, or twice of one. */
static void parts_check(struct check *check, struct domains *domains)
{
    if (domains->part_count)
        qsort(domains->parts, domains->part_count, sizeof(*domains->parts), part_order);
    for (size_t i = 1; i < domains->part_count; i++) {
        const struct part_seen *part = &domains->parts[i], *before = part - 1;
        if (part->node == before->node)
            check_find(check, part->listed || before->listed ? FINDING_DAMAGE : FINDING_NOTE,
                       "node %llu: it is part of domain %llu and of domain %llu",
                       (unsigned long long)part->node, (unsigned long long)before->root,
                       (unsigned long long)part->root);
    }
}

static void meter_check(struct check *check)
{
    struct store_node meter;
    if (store_node(check->store, OBJECT_ID_PRIME_METER, &meter))
        return; /* said already */
    if (!is_data(&meter.node.slots[METER_SLOT_COUNTER]))
        check_find(check, FINDING_DAMAGE, "node %u: the prime meter's counter is not a number",
                   OBJECT_ID_PRIME_METER);
}

void check_keys(struct check *check)
{
    struct domains domains = {0};
    const struct store_directory *directory = &check->store->directory;
    assert(check->whole);
    meter_check(check);
    for (size_t i = 0; i < check->nodes.count; i++)
        node_check(check, &domains, check->nodes.list[i].id);
    for (size_t i = 0; i < directory->count; i++)
        if (directory->entries[i].kind == DIRECTORY_RUNNING)
            domain_see(&domains, disk_id(directory->entries[i].object_id), true);
    if (domains.count)
        qsort(domains.seen, domains.count, sizeof(*domains.seen), seen_order);
    for (size_t i = 0; i < domains.count; i++)
        if (i == 0 || domains.seen[i].root != domains.seen[i - 1].root)
            domain_check(check, &domains, &domains.seen[i]);
    parts_check(check, &domains);
    free(domains.seen);
    free(domains.parts);
}
