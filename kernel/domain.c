/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain.c - the cache of decoded domains. Called by sched (to run one), gate (both sides of a
 * message), key_domain.c and keeper. Calls object and space. Invariants: domain.h. Node shape:
 * abi.h. */
#include "kernel/domain.h"

#include "kernel/arch/offsets.h"
#include "kernel/counter.h"
#include "kernel/gate.h"
#include "kernel/meter.h"
#include "kernel/sched.h"
#include "kernel/space.h"

static_assert(offsetof(struct domain, satp) == DOMAIN_SATP, "offset");
static_assert(offsetof(struct domain, status) == DOMAIN_STATUS, "offset");
static_assert(offsetof(struct domain, state) == DOMAIN_STATUS, "little-endian");
static_assert(offsetof(struct domain, restore_all) == DOMAIN_RESTORE_ALL, "offset");
static_assert(STATUS_RESTORE_ALL == STATUS_RESTORE, "offset");
static_assert(STATUS_RESTORE_ALL == 1u << 8 * (DOMAIN_RESTORE_ALL - DOMAIN_STATUS), "offset");
static_assert(offsetof(struct domain, space_stale) + 1 == DOMAIN_SPECIAL, "offset");
static_assert(offsetof(struct domain, root) == DOMAIN_ROOT, "offset");
static_assert(offsetof(struct domain, keys) == DOMAIN_KEYS, "offset");
static_assert(offsetof(struct domain, gate_limit) == DOMAIN_GATE_LIMIT, "offset");
static_assert(offsetof(struct domain, buffer_addr) == DOMAIN_BUFFER_ADDR, "offset");
static_assert(offsetof(struct domain, buffer_bytes) == DOMAIN_BUFFER_BYTES, "offset");
static_assert(offsetof(struct domain, buffer_data) == DOMAIN_BUFFER_DATA, "offset");
static_assert(offsetof(struct domain, buffer_room) == DOMAIN_BUFFER_ROOM, "offset");
static_assert(offsetof(struct domain, string_start) == DOMAIN_STRING_START, "offset");
static_assert(offsetof(struct domain, string_end) == DOMAIN_STRING_END, "offset");
static_assert(offsetof(struct domain, string_delta) == DOMAIN_STRING_DELTA, "offset");
static_assert(offsetof(struct node_frame, object_id) == NODE_ID, "offset");
static_assert(offsetof(struct node_frame, allocation_count) == NODE_ALLOCATION_COUNT, "offset");
static_assert(offsetof(struct node_frame, call_count) == NODE_CALL_COUNT, "offset");
static_assert(offsetof(struct node_frame, role) == NODE_ROLE, "offset");
static_assert(offsetof(struct node_frame, gate) == NODE_GATE, "offset");
static_assert(offsetof(struct node_frame, resume_head) == NODE_RESUME_HEAD, "offset");
static_assert(offsetof(struct page_frame, data) == NODE_RESUME_HEAD, "no resume head");
static_assert(offsetof(struct node_frame, slots) == NODE_SLOT, "offset");
static_assert(offsetof(struct key, head) == KEY_HEAD, "offset");
static_assert(offsetof(struct key, count) == KEY_COUNT, "offset");
static_assert(offsetof(struct key, object) == KEY_OBJECT, "offset");
static_assert(sizeof(struct key) == 1 << KEY_SHIFT, "a slot is found by shifting");

/* What gate.S takes from abi.h. */
static_assert(INVOKE_CALL == EXIT_CALL && INVOKE_RETURN == EXIT_RETURN, "kinds");
static_assert(EXIT_BLOCK(3, 0) + EXIT_STRING(3) == EXIT_FORM, "exit block");
static_assert(EXIT_BLOCK(0, 15) == BLOCK_SLOT, "exit block");
static_assert(EXIT_SENDS(0, 15) == (1u << EXIT_MASK_SHIFT | BLOCK_SLOT << ENTRY_KEYS_TO_SLOT), "");
static_assert(EXIT_STRING(STRING_REGISTERS) == STRING_REGISTERS_BITS, "exit block");
static_assert(ENTRY_STRING(3) == ENTRY_STRING_BITS, "entry block");
static_assert(ENTRY_STRING(STRING_MEMORY) == STRING_MEMORY_BITS, "entry block");
static_assert(ENTRY_STRING(STRING_REGISTERS) == STRING_REGISTERS_BITS, "entry block");
static_assert(ENTRY_CODE == ENTRY_CODE_BIT && ENTRY_FORM == (ENTRY_CODE | ENTRY_MASK), "entry");
static_assert(ENTRY_TAKES(3, 15) == (ENTRY_KEY_3 | BLOCK_SLOT), "entry block");
static_assert(ENTRY_TAKES(0, 15) == (1 | BLOCK_SLOT << ENTRY_KEYS_TO_SLOT), "entry block");
static_assert(STRING_BYTES_MAX == STRING_MEMORY_ROOM && NODE_SLOTS == ORDERS_OF_FETCH, "sizes");
static_assert(STRING_REGISTER_BYTES == STRING_REGISTERS_ROOM, "sizes");
static_assert(KEY_NODE == TYPE_NODE && KEY_FETCH == TYPE_FETCH, "key types");
static_assert(KEY_START == TYPE_START && KEY_RESUME == TYPE_RESUME, "key types");
static_assert(RESUME_RESTART == RESUME_RESTART_BYTE && RESUME_RETURN == RESUME_RETURN_BYTE, "");
static_assert(DOMAIN_AVAILABLE == 0 && DOMAIN_WAITING == STATE_WAITING, "states");
static_assert(DOMAIN_RUNNING == STATE_RUNNING, "states");
static_assert(RC_DATA_KEY == (1ull << 31) + RC_DATA_KEY_LOW, "gate.S");

struct domain domain_nobody;

struct domains domains;

COLD uint64_t domain_init(uint64_t start, unsigned count)
{
    kassert(start % sizeof(uint64_t) == 0);
    kassert(count >= LIMIT_DOMAINS_MIN);
    kassert(count <= LIMIT_DOMAINS_CACHED);
    domains.list = (struct domain *)start;
    domains.count = count;
    domain_nobody.status = UINT64_MAX;
    memset(domains.list, 0, count * sizeof(struct domain));
    return start + count * sizeof(struct domain);
}

/* The 224 bytes of one register node, 14 in each key: seven of these, whatever they were declared
 * as. */
typedef uint16_t __attribute__((may_alias)) half_alias;
static_assert(REGISTER_KEY_BYTES == 7 * sizeof(half_alias), "behind a key's first");

static void register_node_get(const struct node_frame *node, uint64_t words[REGISTER_NODE_WORDS])
{
    half_alias *halves = (half_alias *)words;
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
        for (unsigned i = 1; i <= 7; i++)
            *halves++ = ((const half_alias *)&node->slots[slot])[i];
}

static void register_node_put(struct node_frame *node, const uint64_t words[REGISTER_NODE_WORDS])
{
    const half_alias *halves = (const half_alias *)words;
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        struct key key = {0};
        for (unsigned i = 1; i <= 7; i++)
            ((half_alias *)&key)[i] = *halves++;
        key_put(&node->slots[slot], &key);
    }
}

static void registers_get(struct domain *domain)
{
    uint64_t words[3 * REGISTER_NODE_WORDS];
    for (unsigned i = 0; i < 3; i++)
        register_node_get(domain->register_nodes[i], words + i * REGISTER_NODE_WORDS);
    memcpy(domain->registers, words, sizeof(domain->registers));
    bool float_used = false;
    for (unsigned i = REGISTER_FLOAT; i <= REGISTER_FCSR; i++)
        float_used |= words[i] != 0;
    domain->float_used = float_used;
}

static void registers_put(struct domain *domain)
{
    uint64_t words[3 * REGISTER_NODE_WORDS] = {0};
    memcpy(words, domain->registers, sizeof(domain->registers));
    for (unsigned i = 0; i < 3; i++)
        register_node_put(domain->register_nodes[i], words + i * REGISTER_NODE_WORDS);
}

void domain_results_clear(struct domain *domain)
{
    static const uint8_t results[] = {REGISTER_A0, REGISTER_A0 + 1, REGISTER_A0 + 4,
                                      REGISTER_T3, REGISTER_T3 + 1, REGISTER_T3 + 2,
                                      REGISTER_T3 + 3};
    for (unsigned i = 0; i < sizeof(results); i++)
        domain->registers[results[i]] = 0;
    domain->restore_all = false;
}

void domain_settle(struct domain *domain)
{
    uint64_t *registers = domain->registers;
    if (domain->state == DOMAIN_RUNNING || domain->restore_all)
        return;
    domain_results_clear(domain);
    registers[1] = registers[5] = registers[6] = registers[7] = 0;
    registers[REGISTER_A0 + 3] = registers[REGISTER_A0 + 7] = 0;
    if (ENTRY_STRING_MODE(registers[REGISTER_A0 + 2]) != STRING_MEMORY)
        registers[REGISTER_A0 + 5] = registers[REGISTER_A0 + 6] = 0;
}

static void node_release(struct node_frame *node)
{
    kassert(node->locked > 0);
    node->locked--;
}

/* Make its nodes say what it is: they are dirty, or frozen as it is. */
COLD static void write_back(struct domain *domain)
{
    struct key *slots = domain->root->slots;
    struct key trap = key_number(domain->trap_code), value = key_number(domain->trap_value);
    struct key state = key_number(domain->state);
    domain_settle(domain);
    registers_put(domain);
    key_put(&slots[DOMAIN_SLOT_TRAP], &trap);
    key_put(&slots[DOMAIN_SLOT_TRAP_VALUE], &value);
    key_put(&slots[DOMAIN_SLOT_STATE], &state);
    domain->unchanged = true;
}

COLD void domain_keep(struct domain *domain)
{
    if (domain->frozen)
        write_back(domain);
    domain->frozen = false;
}

static void register_nodes_dirty(const struct domain *domain)
{
    for (unsigned i = 0; i < 3; i++)
        node_dirty(domain->register_nodes[i]);
}

/* Messages may reach it: they change its nodes unannounced. */
static void gate_open(struct domain *domain)
{
    node_dirty(domain->root);
    node_dirty(domain->keys);
    domain->root->gate = domain;
}

void domain_freeze_all(void)
{
    for (unsigned i = 0; i < domains.count; i++) {
        struct domain *domain = &domains.list[i];
        if (!domain->root || domain->root->gate == &domain_nobody)
            continue;
        domain->root->gate = &domain_nobody;
        domain->buffer_addr = BUFFER_UNKNOWN;
        domain->frozen = !domain->unchanged;
        if (domain->frozen)
            register_nodes_dirty(domain);
    }
}

/* Write back and forget. The domain must not be current or locked. */
COLD static void unload(struct domain *domain)
{
    struct node_frame *root = domain->root;
    kassert(root != NULL);
    kassert(root->domain == domain);
    kassert(!domain->locked);
    sched_float_sync(domain);
    domain_keep(domain);
    if (!domain->unchanged) {
        node_dirty(root);
        register_nodes_dirty(domain);
        write_back(domain);
    }
    for (unsigned i = 0; i < 3; i++) {
        domain->register_nodes[i]->role = NODE_PLAIN;
        domain->register_nodes[i]->domain = NULL;
    }
    root->role = NODE_PLAIN;
    root->domain = NULL;
    root->gate = &domain_nobody;
    node_release(domain->keys);
    sched_forget(domain);
    *domain = (struct domain){0};
}

void domain_unload_all(void)
{
    for (unsigned i = 0; i < domains.count; i++)
        if (domains.list[i].root && !domains.list[i].locked)
            unload(&domains.list[i]);
}

void domain_plain(struct node_frame *node)
{
    if (node->domain && !node->domain->locked)
        unload(node->domain);
    if (node->role == NODE_METER)
        meter_plain(node);
}

COLD bool domain_dissolve(struct node_frame *node)
{
    for (unsigned i = 0; i < domains.count; i++) {
        struct domain *domain = &domains.list[i];
        if (!domain->root || (domain != node->domain && domain->keys != node))
            continue;
        if (domain->locked)
            return false;
        unload(domain);
    }
    meter_plain(node);
    if (node->dry)
        object_meter_changed(node);
    return true;
}

void domain_meter_lost(const struct meter *meter)
{
    for (unsigned i = 0; i < domains.count; i++)
        if (domains.list[i].meter == meter) {
            domains.list[i].meter = NULL;
            domains.list[i].gate_limit = 0;
        }
}

/* An entry for another domain. */
static struct domain *entry_take(void)
{
    for (unsigned i = 0; i < 3 * domains.count; i++) {
        struct domain *domain = &domains.list[domains.hand];
        domains.hand = domains.hand + 1 < domains.count ? domains.hand + 1 : 0;
        if (!domain->root)
            return domain;
        if (domain->locked)
            continue;
        if (!domain->unused) {
            domain->unused = true;
            continue;
        }
        unload(domain);
        return domain;
    }
    panic("DOMA-001 every cached domain is part of one operation");
}

/* Bring in one constituent: a node that no other domain is made of. */
static enum fetch constituent(struct key *key, struct node_frame **node)
{
    if (key_type(key) != KEY_NODE)
        return FETCH_VOID;
    enum fetch fetch = key_node(key, node);
    if (fetch != FETCH_PRESENT)
        return fetch;
    domain_plain(*node);
    return (*node)->role == NODE_PLAIN ? FETCH_PRESENT : FETCH_VOID;
}

/* The four nodes under a root; each is locked once found, so that the next fetch cannot take it. */
COLD static enum fetch constituents(struct node_frame *root, struct node_frame *nodes[4])
{
    static const uint8_t slots[4] = {DOMAIN_SLOT_KEYS, DOMAIN_SLOT_REGISTERS_0,
                                     DOMAIN_SLOT_REGISTERS_1, DOMAIN_SLOT_REGISTERS_2};
    enum fetch fetch = FETCH_PRESENT;
    unsigned found = 0;
    while (found < 4 && fetch == FETCH_PRESENT) {
        fetch = constituent(&root->slots[slots[found]], &nodes[found]);
        if (fetch != FETCH_PRESENT)
            break;
        for (unsigned i = 0; i < found; i++)
            if (nodes[i] == nodes[found])
                fetch = FETCH_VOID;
        if (nodes[found] == root)
            fetch = FETCH_VOID;
        nodes[found++]->locked++;
    }
    for (unsigned i = 0; i < found; i++)
        node_release(nodes[i]);
    return fetch;
}

static bool root_shape_is_good(const struct node_frame *root)
{
    const struct key *state = &root->slots[DOMAIN_SLOT_STATE];
    const struct key *trap = &root->slots[DOMAIN_SLOT_TRAP];
    const struct key *value = &root->slots[DOMAIN_SLOT_TRAP_VALUE];
    return state->head == 0 && state->count <= DOMAIN_RUNNING && trap->head == 0 &&
           value->head == 0 && root->call_count < CALL_COUNT_MAX;
}

/* The state that the root says, unless a holder of its node key wrote what cannot be: who is
 * nowhere does not run, and who does not run is in no queue. */
COLD static enum domain_state root_state(struct node_frame *root)
{
    enum domain_state state = (enum domain_state)root->slots[DOMAIN_SLOT_STATE].count;
    bool somewhere = root->link.queue || root == sched.current;
    if (state == DOMAIN_RUNNING)
        return somewhere ? DOMAIN_RUNNING : DOMAIN_WAITING;
    queue_remove(root);
    if (root->grant)
        gate_grant_return(root);
    return state;
}

/* Is another cached domain's keys node the same? Then neither takes the short message path. */
static bool keys_are_shared(const struct domain *domain)
{
    bool shared = false;
    for (unsigned i = 0; i < domains.count; i++) {
        struct domain *other = &domains.list[i];
        if (other == domain || !other->root || other->keys != domain->keys)
            continue;
        other->keys_walked = true;
        shared = true;
    }
    return shared;
}

COLD enum fetch domain_load(struct node_frame *root, struct domain **out)
{
    *out = (struct domain *)(uintptr_t)root->gate;
    if ((*out)->root == root) {
        (*out)->unused = false;
        return FETCH_PRESENT;
    }
    if (root->role == NODE_ROOT) {
        *out = root->domain;
        gate_open(root->domain);
        return FETCH_PRESENT;
    }
    domain_plain(root);
    if (root->role != NODE_PLAIN || !root_shape_is_good(root))
        return FETCH_VOID;
    struct node_frame *nodes[4];
    root->locked++;
    enum fetch fetch = constituents(root, nodes);
    node_release(root);
    if (fetch != FETCH_PRESENT)
        return fetch;
    count_one(DOMAIN_LOAD);
    struct domain *domain = entry_take();
    *domain = (struct domain){.root = root,
                              .keys = nodes[0],
                              .register_nodes = {nodes[1], nodes[2], nodes[3]},
                              .buffer_addr = BUFFER_UNKNOWN};
    domain->state = (uint8_t)root_state(root);
    domain->restore_all = domain->unchanged = domain->space_stale = true;
    domain->keys_walked = domain->keys->walked || keys_are_shared(domain);
    domain->called = root->callers.first != NULL;
    domain->trap_code = root->slots[DOMAIN_SLOT_TRAP].count;
    domain->trap_value = root->slots[DOMAIN_SLOT_TRAP_VALUE].count;
    domain->trapped = domain->trap_code != 0;
    registers_get(domain);
    domain->keys->locked++;
    root->role = NODE_ROOT;
    root->domain = domain;
    gate_open(domain);
    for (unsigned i = 0; i < 3; i++) {
        domain->register_nodes[i]->role = NODE_REGISTERS;
        domain->register_nodes[i]->domain = domain;
    }
    *out = domain;
    return FETCH_PRESENT;
}

struct space *domain_space(struct domain *domain)
{
    const struct key *key = &domain->root->slots[DOMAIN_SLOT_MEMORY];
    if (!domain->space_stale)
        return domain->space;
    domain->space = space_of(key);
    domain->satp = domain->space->satp;
    domain->space_stale = false;
    domain->buffer_addr = BUFFER_UNKNOWN; /* what was found was in the memory it had before */
    domain->string_end = 0;
    return domain->space;
}

unsigned domain_priority(const struct node_frame *root)
{
    const struct key *key = &root->slots[DOMAIN_SLOT_PRIORITY];
    return key->head == 0 && key->count < LIMIT_PRIORITIES ? (unsigned)key->count : 0;
}

void domain_called_set(const struct node_frame *root, bool called)
{
    if (root->role == NODE_ROOT)
        root->domain->called = called;
}

void domain_spaces_lost(void)
{
    for (unsigned i = 0; i < domains.count; i++)
        domains.list[i].space_stale = true;
}

void domain_buffer_known(struct domain *domain, const uint8_t *data, uint64_t size_bytes,
                         const uint8_t *more)
{
    domain->buffer_data = data;
    domain->buffer_room = size_bytes;
    domain->buffer_more = more;
    object_page_frame(data)->known = true;
    if (more)
        object_page_frame(more)->known = true;
    domain->buffer_addr = domain->registers[REGISTER_A0 + 5];
    domain->buffer_bytes = domain->registers[REGISTER_A0 + 6];
}

void domain_string_known(struct domain *domain, uint64_t addr, const uint8_t *data)
{
    domain->string_start = addr & ~(uint64_t)(PAGE_BYTES - 1);
    domain->string_end = domain->string_start + PAGE_BYTES;
    domain->string_delta = (uint64_t)(uintptr_t)data - addr;
    object_page_frame(data)->known = true;
}

void domain_page_lost(struct page_frame *page)
{
    if (!page->known)
        return;
    page->known = false;
    for (unsigned i = 0; i < domains.count; i++) {
        struct domain *domain = &domains.list[i];
        uint64_t string = domain->string_start + domain->string_delta;
        if ((domain->buffer_data && object_page_frame(domain->buffer_data) == page) ||
            (domain->buffer_more && object_page_frame(domain->buffer_more) == page))
            domain->buffer_addr = BUFFER_UNKNOWN;
        if (string == (uint64_t)(uintptr_t)page->data)
            domain->string_end = 0;
    }
}

void domain_buffers_lost(void)
{
    for (unsigned i = 0; i < domains.count; i++) {
        domains.list[i].buffer_addr = BUFFER_UNKNOWN;
        domains.list[i].string_end = 0;
    }
}

void domain_keys_walked(const struct node_frame *keys)
{
    for (unsigned i = 0; i < domains.count; i++)
        if (domains.list[i].keys == keys)
            domains.list[i].keys_walked = true;
}

void domain_trap_set(struct domain *domain, uint64_t code, uint64_t value)
{
    domain->trap_code = code;
    domain->trap_value = value;
    domain->trapped = code != 0;
    domain->unchanged = false;
}

void domain_state_set(struct domain *domain, enum domain_state state)
{
    domain->state = (uint8_t)state;
    domain->unchanged = false;
}
