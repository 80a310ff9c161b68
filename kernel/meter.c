/* SPDX-License-Identifier: GPL-2.0-or-later */
/* meter.c - decoded meters and the charging of cycles. Called by sched at each change of who runs,
 * and by domain.c when a node that is a meter is used as something else. Calls object and domain.
 * Invariants: meter.h.
 */
#include "kernel/meter.h"

#include "kernel/arch/arch.h"
#include "kernel/arch/offsets.h"
#include "kernel/sched.h"

struct meters meters;
static struct meter entries[LIMIT_METERS];

/* The chain of a domain whose meters are being decoded, from its own up. */
struct chain {
    struct node_frame *nodes[METER_DEPTH_MAX];
    unsigned count;        /* nodes that are not decoded yet */
    struct meter *decoded; /* the first one above them that is; NULL: they reach the prime meter */
};

COLD void meter_init(unsigned count)
{
    kassert(count >= LIMIT_METERS_MIN);
    kassert(count <= LIMIT_METERS);
    meters.count = count;
}

struct meter *meter_of(const struct node_frame *node)
{
    kassert(node->role == NODE_METER);
    for (unsigned i = 0; i < LIMIT_METERS; i++)
        if (entries[i].node == node)
            return &entries[i];
    panic("METE-009 a meter node is not decoded");
}

static void take(struct meter *from, uint64_t cycles)
{
    from->used += cycles;
    from->left -= from->left < cycles ? from->left : cycles;
}

/* The prime meter pays what it owes. */
static void owed_take(struct meter *at)
{
    if (at->superior)
        return;
    take(at, meters.owed_cycles);
    meters.owed_cycles = 0;
}

void meter_start(void)
{
    meters.since_cycles = arch_cycles();
}

void meter_charge(void)
{
    uint64_t now = arch_cycles(), cycles = now - meters.since_cycles;
    meters.since_cycles = now;
    if (!meters.active)
        meters.owed_cycles += cycles;
    for (struct meter *at = meters.active; at; at = at->superior)
        take(at, cycles);
}

void meter_leave(void)
{
    meter_charge();
    meters.active = NULL;
}

void meter_open(struct domain *domain)
{
    kassert(domain->meter != NULL);
    domain->gate_limit = (uint64_t)(uintptr_t)domain->meter << GATE_LIMIT_BITS |
                         ((2u << domain_priority(domain->root)) - 1);
}

/* Write a meter back and free its entry. The domains that used it look it up again. */
static void meter_unload(struct meter *unloaded)
{
    struct node_frame *node = unloaded->node;
    struct key left = key_number(unloaded->left), used = key_number(unloaded->used);
    if (meters.active == unloaded)
        meters.active = NULL;
    domain_meter_lost(unloaded);
    if (unloaded->superior)
        unloaded->superior->inferiors--;
    node->role = NODE_PLAIN;
    node_slot_set(node, METER_SLOT_COUNTER, &left);
    node_slot_set(node, METER_SLOT_USED, &used);
    *unloaded = (struct meter){0};
}

/* An entry for another meter: one that is free, or has no other below it. With more entries than a
 * chain is long there always is one. */
static struct meter *meter_take(void)
{
    for (unsigned i = 0; i < 3 * LIMIT_METERS; i++) {
        struct meter *taken = &entries[meters.hand];
        meters.hand = meters.hand + 1 < meters.count ? meters.hand + 1 : 0;
        if (!taken->node)
            return taken;
        if (taken->inferiors || taken->locked || taken == meters.active)
            continue;
        if (!taken->unused) {
            taken->unused = true;
            continue;
        }
        meter_unload(taken);
        return taken;
    }
    panic("METE-002 all meters are in use");
}

/* The next meter of a chain, which a key names. 0: go on; else a trap code. */
static uint64_t chain_add(struct chain *chain, struct node_frame *node)
{
    if (node->role == NODE_METER) {
        chain->decoded = meter_of(node);
        return 0;
    }
    if (!domain_dissolve(node))
        return TRAP_METER_OVERLAP;
    if (node->slots[METER_SLOT_COUNTER].head || node->slots[METER_SLOT_USED].head)
        return TRAP_METER_SHAPE;
    chain->nodes[chain->count++] = node;
    return 0;
}

/* Find all meters from a key up. On METERED_GOOD the chain ends at a decoded or at the prime
 * meter. */
static enum metered chain_find(struct key *key, struct chain *chain, uint64_t *trap_code)
{
    *chain = (struct chain){.count = 0};
    *trap_code = TRAP_METER_KEY;
    while (chain->count < METER_DEPTH_MAX) {
        struct node_frame *node;
        if (key_type(key) != KEY_METER)
            return METERED_BAD;
        enum fetch fetch = key_node(key, &node);
        if (fetch == FETCH_STALL)
            return METERED_STALL;
        if (fetch == FETCH_VOID)
            return METERED_BAD;
        *trap_code = chain_add(chain, node);
        if (*trap_code)
            return METERED_BAD;
        if (chain->decoded || node->object_id == OBJECT_ID_PRIME_METER)
            return METERED_GOOD;
        key = &node->slots[METER_SLOT_SUPERIOR];
        *trap_code = TRAP_METER_SHAPE; /* of what is wrong with a meter above */
    }
    *trap_code = TRAP_METER_DEPTH;
    return METERED_BAD;
}

static unsigned depth_of(const struct meter *at)
{
    unsigned depth = 0;
    for (; at && depth <= METER_DEPTH_MAX; at = at->superior)
        depth++;
    return depth;
}

/* Decode the chain from the top down. Returns its lowest meter. */
static struct meter *chain_decode(const struct chain *chain)
{
    struct meter *superior = chain->decoded;
    for (struct meter *at = superior; at; at = at->superior)
        at->locked = true;
    for (unsigned i = chain->count; i-- > 0;) {
        struct node_frame *node = chain->nodes[i];
        struct meter *taken = meter_take();
        *taken = (struct meter){.node = node, .superior = superior, .locked = true,
                                .left = node->slots[METER_SLOT_COUNTER].count,
                                .used = node->slots[METER_SLOT_USED].count};
        node->role = NODE_METER;
        if (superior)
            superior->inferiors++;
        superior = taken;
    }
    for (struct meter *at = superior; at; at = at->superior)
        at->locked = false;
    return superior;
}

static enum metered meter_find(struct domain *domain, uint64_t *trap_code)
{
    struct chain chain;
    enum metered metered =
        chain_find(&domain->root->slots[DOMAIN_SLOT_METER], &chain, trap_code);
    if (metered != METERED_GOOD)
        return metered;
    if (chain.count + depth_of(chain.decoded) > METER_DEPTH_MAX) {
        *trap_code = TRAP_METER_DEPTH;
        return METERED_BAD;
    }
    domain->meter = chain_decode(&chain);
    return METERED_GOOD;
}

enum metered meter_enter(struct domain *domain, struct meter_answer *answer)
{
    if (meters.active && !meter_is_active(domain))
        meter_leave();
    if (!domain->meter) {
        enum metered metered = meter_find(domain, &answer->trap_code);
        if (metered != METERED_GOOD)
            return metered;
    }
    meters.active = domain->meter;
    domain->meter->unused = false;
    answer->left = UINT64_MAX;
    for (struct meter *at = domain->meter; at; at = at->superior) {
        owed_take(at);
        if (at->left == 0) {
            answer->dry = at;
            return METERED_DRY;
        }
        if (at->left < answer->left)
            answer->left = at->left;
    }
    return METERED_GOOD;
}

bool meter_hand_over(struct domain *target)
{
    struct meter *own = target->meter;
    uint64_t floor = sched.gate_floor;
    if (!target->gate_limit || floor == GATE_SHUT || meters.owed_cycles ||
        (uint16_t)floor > (uint16_t)target->gate_limit)
        return false;
    meter_charge();
    /* Nobody of the chain runs dry in this slice: it needs no timer. */
    for (const struct meter *at = own; at; at = at->superior)
        if (at->left < (uint64_t)LIMIT_SLICE_TICKS * LIMIT_CYCLES_PER_TICK)
            return false;
    meters.active = own;
    own->unused = false;
    sched_gate_meter(own);
    return true;
}

static bool is_at_or_below(const struct meter *at, const struct meter *top)
{
    while (at && at != top)
        at = at->superior;
    return at != NULL;
}

void meter_plain(struct node_frame *node)
{
    if (node->role != NODE_METER)
        return;
    struct meter *top = meter_of(node);
    bool below[LIMIT_METERS];
    meter_charge();
    owed_take(top);
    for (unsigned i = 0; i < LIMIT_METERS; i++)
        below[i] = entries[i].node && is_at_or_below(&entries[i], top);
    for (unsigned i = 0; i < LIMIT_METERS; i++)
        if (below[i])
            meter_unload(&entries[i]);
}

void meter_return_all(void)
{
    struct node_frame *prime = object_node_present(OBJECT_ID_PRIME_METER);
    if (prime)
        meter_plain(prime);
}

void meter_freeze(void)
{
    meter_leave();
    for (unsigned i = 0; i < meters.count; i++) {
        struct meter *at = &entries[i];
        struct node_frame *node = at->node;
        if (!node)
            continue;
        owed_take(at);
        if (node->slots[METER_SLOT_USED].count == at->used &&
            node->slots[METER_SLOT_COUNTER].count == at->left)
            continue;
        struct key left = key_number(at->left), used = key_number(at->used);
        node_dirty(node);
        key_put(&node->slots[METER_SLOT_COUNTER], &left);
        key_put(&node->slots[METER_SLOT_USED], &used);
    }
}

static void meter_check_one(const struct meter *at)
{
    unsigned inferiors = 0;
    if (at->node->role != NODE_METER)
        panic("METE-003 a decoded meter's node does not know it");
    if (depth_of(at) > METER_DEPTH_MAX)
        panic("METE-005 decoded meters are too deep");
    if (at->superior ? !at->superior->node : at->node->object_id != OBJECT_ID_PRIME_METER)
        panic("METE-006 a decoded meter does not lead to the prime meter");
    for (unsigned i = 0; i < LIMIT_METERS; i++)
        inferiors += entries[i].node && entries[i].superior == at;
    if (inferiors != at->inferiors)
        panic("METE-007 a meter miscounts those below it");
    if (at->locked)
        panic("METE-008 a meter stayed locked");
}

bool meter_check(uint32_t index)
{
    if (index < LIMIT_METERS) {
        if (entries[index].node)
            meter_check_one(&entries[index]);
        return true;
    }
    for (unsigned i = 0; i < domains.count; i++) {
        const struct domain *domain = &domains.list[i];
        if (domain->root && domain->gate_limit &&
            (domain->gate_limit ^ (uint64_t)(uintptr_t)domain->meter << GATE_LIMIT_BITS) >>
                GATE_LIMIT_BITS)
            panic("METE-011 the short path takes a domain's meter for another");
    }
    if (meters.active && !meters.active->node)
        panic("METE-010 the active meter is none");
    return false;
}
