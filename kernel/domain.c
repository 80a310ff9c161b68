/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain.c - the cache of decoded domains. Called by sched (to run one), gate (both sides of a
 * message), key_domain.c and keeper. Calls object and space. Invariants: domain.h. Node shape:
 * abi.h. */
#include "kernel/domain.h"

#include "kernel/sched.h"
#include "kernel/space.h"

static_assert(offsetof(struct domain, satp) == 520, "arch/trap.S");
static_assert(offsetof(struct domain, restore) == 528, "arch/trap.S");

static struct {
    struct domain domains[LIMIT_DOMAINS_CACHED];
    unsigned hand;
} cache;

struct domain *domain_at(unsigned index)
{
    kassert(index < LIMIT_DOMAINS_CACHED);
    return &cache.domains[index];
}

/* The 224 bytes of one register node, 14 in each key. */
static void register_node_get(const struct node_frame *node, uint64_t words[REGISTER_NODE_WORDS])
{
    uint8_t *bytes = (uint8_t *)words;
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
        memcpy(bytes + slot * REGISTER_KEY_BYTES, (const uint8_t *)&node->slots[slot] + 2,
               REGISTER_KEY_BYTES);
}

static void register_node_put(struct node_frame *node, const uint64_t words[REGISTER_NODE_WORDS])
{
    const uint8_t *bytes = (const uint8_t *)words;
    node_dirty(node);
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        struct key key = {0};
        memcpy((uint8_t *)&key + 2, bytes + slot * REGISTER_KEY_BYTES, REGISTER_KEY_BYTES);
        node_slot_set(node, slot, &key);
    }
}

static void registers_get(struct domain *domain)
{
    uint64_t words[3 * REGISTER_NODE_WORDS];
    for (unsigned i = 0; i < 3; i++)
        register_node_get(domain->register_nodes[i], words + i * REGISTER_NODE_WORDS);
    memcpy(domain->registers, words, sizeof(domain->registers));
    domain->float_used = false;
    for (unsigned i = REGISTER_FLOAT; i <= REGISTER_FCSR; i++)
        domain->float_used |= words[i] != 0;
}

static void registers_put(struct domain *domain)
{
    uint64_t words[3 * REGISTER_NODE_WORDS] = {0};
    memcpy(words, domain->registers, sizeof(domain->registers));
    for (unsigned i = 0; i < 3; i++)
        register_node_put(domain->register_nodes[i], words + i * REGISTER_NODE_WORDS);
}

void domain_settle(struct domain *domain)
{
    static const uint8_t dead[] = {1,
                                   5,
                                   6,
                                   7,
                                   REGISTER_A0,
                                   REGISTER_A0 + 1,
                                   REGISTER_A0 + 3,
                                   REGISTER_A0 + 4,
                                   REGISTER_A0 + 7,
                                   REGISTER_T3,
                                   REGISTER_T3 + 1,
                                   REGISTER_T3 + 2,
                                   REGISTER_T3 + 3};
    uint64_t *registers = domain->registers;
    if (domain->state == DOMAIN_RUNNING || domain->restore != RESTORE_MESSAGE)
        return;
    for (unsigned i = 0; i < sizeof(dead); i++)
        registers[dead[i]] = 0;
    if (ENTRY_STRING_MODE(registers[REGISTER_A0 + 2]) != STRING_MEMORY)
        registers[REGISTER_A0 + 5] = registers[REGISTER_A0 + 6] = 0;
}

static void node_release(struct node_frame *node)
{
    kassert(node->locked > 0);
    node->locked--;
}

void domain_unload(struct domain *domain)
{
    struct node_frame *root = domain->root;
    kassert(root != NULL);
    kassert(root->domain == domain);
    kassert(!domain->locked);
    sched_float_sync(domain);
    if (domain->changed) {
        domain_settle(domain);
        registers_put(domain);
        struct key trap = key_number(domain->trap_code), value = key_number(domain->trap_value);
        struct key state = key_number(domain->state);
        node_slot_set(root, DOMAIN_SLOT_TRAP, &trap);
        node_slot_set(root, DOMAIN_SLOT_TRAP_VALUE, &value);
        node_slot_set(root, DOMAIN_SLOT_STATE, &state);
    }
    for (unsigned i = 0; i < 3; i++) {
        domain->register_nodes[i]->role = NODE_PLAIN;
        domain->register_nodes[i]->domain = NULL;
    }
    root->role = NODE_PLAIN;
    root->domain = NULL;
    node_release(domain->keys);
    sched_forget(domain);
    *domain = (struct domain){0};
}

void domain_unload_all(void)
{
    for (unsigned i = 0; i < LIMIT_DOMAINS_CACHED; i++)
        if (cache.domains[i].root && !cache.domains[i].locked)
            domain_unload(&cache.domains[i]);
}

void domain_plain(struct node_frame *node)
{
    if (node->domain && !node->domain->locked)
        domain_unload(node->domain);
}

bool domain_dissolve(struct node_frame *node)
{
    for (unsigned i = 0; i < LIMIT_DOMAINS_CACHED; i++) {
        struct domain *domain = &cache.domains[i];
        if (!domain->root || (domain != node->domain && domain->keys != node))
            continue;
        if (domain->locked)
            return false;
        domain_unload(domain);
    }
    return true;
}

/* An entry for another domain. */
static struct domain *entry_take(void)
{
    for (unsigned i = 0; i < 3 * LIMIT_DOMAINS_CACHED; i++) {
        struct domain *domain = &cache.domains[cache.hand];
        cache.hand = (cache.hand + 1) % LIMIT_DOMAINS_CACHED;
        if (!domain->root)
            return domain;
        if (domain->locked)
            continue;
        if (domain->used) {
            domain->used = false;
            continue;
        }
        domain_unload(domain);
        return domain;
    }
    panic("DOMA-001 every cached domain is part of one operation");
}

/* Bring in one constituent: a node that no other domain is made of. */
static enum load constituent(struct key *key, struct node_frame **node)
{
    if (key_type(key) != KEY_NODE)
        return LOAD_MALFORMED;
    enum fetch fetch = key_node(key, node);
    if (fetch == FETCH_STALL)
        return LOAD_STALL;
    if (fetch == FETCH_VOID)
        return LOAD_MALFORMED;
    domain_plain(*node);
    return (*node)->role == NODE_PLAIN ? LOAD_DONE : LOAD_MALFORMED;
}

/* The four nodes under a root; each is locked once found, so that the next fetch cannot take it. */
static enum load constituents(struct node_frame *root, struct node_frame *nodes[4])
{
    static const uint8_t slots[4] = {DOMAIN_SLOT_KEYS, DOMAIN_SLOT_REGISTERS_0,
                                     DOMAIN_SLOT_REGISTERS_1, DOMAIN_SLOT_REGISTERS_2};
    enum load load = LOAD_DONE;
    unsigned found = 0;
    while (found < 4 && load == LOAD_DONE) {
        load = constituent(&root->slots[slots[found]], &nodes[found]);
        if (load != LOAD_DONE)
            break;
        for (unsigned i = 0; i < found; i++)
            if (nodes[i] == nodes[found])
                load = LOAD_MALFORMED;
        if (nodes[found] == root)
            load = LOAD_MALFORMED;
        nodes[found++]->locked++;
    }
    for (unsigned i = 0; i < found; i++)
        node_release(nodes[i]);
    return load;
}

static bool root_shape_is_good(const struct node_frame *root)
{
    const struct key *state = &root->slots[DOMAIN_SLOT_STATE];
    const struct key *trap = &root->slots[DOMAIN_SLOT_TRAP];
    const struct key *value = &root->slots[DOMAIN_SLOT_TRAP_VALUE];
    return state->head == 0 && state->count <= DOMAIN_RUNNING && trap->head == 0 &&
           value->head == 0 && root->call_count < CALL_COUNT_MAX;
}

enum load domain_load(struct node_frame *root, struct domain **out)
{
    if (root->domain && root->domain->root == root) {
        *out = root->domain;
        (*out)->used = true;
        return LOAD_DONE;
    }
    domain_plain(root);
    if (root->role != NODE_PLAIN || !root_shape_is_good(root))
        return LOAD_MALFORMED;
    struct node_frame *nodes[4];
    root->locked++;
    enum load load = constituents(root, nodes);
    node_release(root);
    if (load != LOAD_DONE)
        return load;
    struct domain *domain = entry_take();
    const struct key *priority = &root->slots[DOMAIN_SLOT_PRIORITY];
    *domain = (struct domain){.root = root, .keys = nodes[0], .used = true,
                              .register_nodes = {nodes[1], nodes[2], nodes[3]},
                              .trap_code = root->slots[DOMAIN_SLOT_TRAP].count,
                              .trap_value = root->slots[DOMAIN_SLOT_TRAP_VALUE].count,
                              .state = (uint8_t)root->slots[DOMAIN_SLOT_STATE].count};
    if (priority->head == 0 && priority->count < LIMIT_PRIORITIES)
        domain->priority = (uint8_t)priority->count;
    registers_get(domain);
    domain->keys->locked++;
    root->role = NODE_ROOT;
    root->domain = domain;
    for (unsigned i = 0; i < 3; i++) {
        domain->register_nodes[i]->role = NODE_REGISTERS;
        domain->register_nodes[i]->domain = domain;
    }
    *out = domain;
    return LOAD_DONE;
}

struct space *domain_space(struct domain *domain)
{
    const struct key *key = &domain->root->slots[DOMAIN_SLOT_MEMORY];
    if (domain->space && domain->space_drops == space_drops() &&
        key_equal(&domain->space->key, key))
        return domain->space;
    domain->space = space_of(key);
    domain->space_drops = space_drops();
    domain->satp = domain->space->satp;
    return domain->space;
}

void domain_state_set(struct domain *domain, enum domain_state state)
{
    domain->state = (uint8_t)state;
    domain->changed = true;
}

void domain_check(void)
{
    for (unsigned i = 0; i < LIMIT_DOMAINS_CACHED; i++) {
        const struct domain *domain = &cache.domains[i];
        if (!domain->root)
            continue;
        if (domain->root->domain != domain || domain->root->role != NODE_ROOT)
            panic("DOMA-002 a cached domain's root does not know it");
        for (unsigned k = 0; k < 3; k++)
            if (domain->register_nodes[k]->domain != domain ||
                domain->register_nodes[k]->role != NODE_REGISTERS)
                panic("DOMA-003 a register node does not know its domain");
        if (domain->keys->locked == 0)
            panic("DOMA-004 the keys node of a cached domain can be taken");
        bool queued = domain->root->link.queue != NULL;
        if (queued && domain->state != DOMAIN_RUNNING)
            panic("DOMA-005 a domain that does not run is in a queue");
        if (!queued && domain->state == DOMAIN_RUNNING && !sched_is_current(domain->root))
            panic("DOMA-006 a running domain is nowhere");
    }
}
