/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_nodes.c - what must hold between node frames, their keys and queues, and the cached domains
 * made of them. Called by check.c only, when no kernel operation is under way. */
#include "kernel/check.h"

#include "kernel/meter.h"
#include "kernel/sched.h"
#include "kernel/space.h"

/* How many cached domains have it as their keys node. */
static unsigned keys_of(const struct node_frame *node)
{
    unsigned count = 0;
    for (unsigned i = 0; i < domains.count; i++)
        count += domains.list[i].root && domains.list[i].keys == node;
    return count;
}

static void link_check(const struct node_frame *node)
{
    const struct queue_link *link = &node->link;
    const struct node_frame *before = link->previous ? link->previous->link.next
                                                     : link->queue->first;
    const struct node_frame *after = link->next ? link->next->link.previous : link->queue->last;
    if (before != node || after != node)
        panic("CHEC-001 a queued domain's neighbours do not know it");
    if (node == sched.current)
        panic("CHEC-002 the current domain is in a queue");
}

static void grant_check(const struct node_frame *caller)
{
    if (!caller->grant->object_id)
        panic("CHEC-003 a turn was granted by nobody");
    if (!caller->link.queue && caller != sched.current)
        panic("CHEC-004 a turn is granted to one who will not use it");
}

COLD static bool is_in(const void *address, const void *first, uint64_t count, uint64_t each_bytes)
{
    uint64_t offset = (uint64_t)address - (uint64_t)first;
    return offset < count * each_bytes && offset % each_bytes == 0;
}

/* The address of a frame, or of object_nowhere: what a key's hint may be. */
COLD static bool is_frame(const void *address)
{
    return address == &object_nowhere ||
           is_in(address, objects.nodes, objects.node_count, sizeof(struct node_frame)) ||
           is_in(address, objects.pages, objects.page_count, sizeof(struct page_frame));
}

static void keys_check(const struct node_frame *node)
{
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        const struct key *key = &node->slots[slot];
        if (key_type(key) >= KEY_TYPE_COUNT)
            panic("OBJE-005 a key has no type");
        if (key->built & 6)
            panic("OBJE-006 a key slot was overwritten");
        if (!is_frame(key->object))
            panic("CHEC-005 a key's hint is no frame");
    }
}

static void node_check(const struct node_frame *node)
{
    bool root = node->role == NODE_ROOT;
    if ((root || node->role == NODE_REGISTERS) && !node->domain)
        panic("OBJE-003 a node has a role and no domain");
    if (node->gate != &domain_nobody && (!root || node->gate != node->domain))
        panic("CHEC-006 a node's gate is not its domain");
    if (root && node->domain->root != node)
        panic("CHEC-007 a root is of another's domain");
    if (node->locked && node->locked != keys_of(node))
        panic("CHEC-008 a node stayed locked");
    if (node->frozen && (node->dirty || node->frozen_place->allocation_count !=
                                            (uint64_t)(uintptr_t)node))
        panic("CHEC-027 a frozen node has no place");
    if (node->call_count > CALL_COUNT_MAX)
        panic("CHEC-009 a call count is too large");
    if (node->resume_head != (KEY_RESUME | (uint64_t)RESUME_RETURN << 8 | node->object_id << 16))
        panic("CHEC-010 a node's resume keys would name another");
    if (node->role == NODE_METER)
        (void)meter_of(node);
    if (node->link.queue)
        link_check(node);
    if (node->grant)
        grant_check(node);
    keys_check(node);
}

/* The first two invariants of domain.h. */
static void nodes_check(const struct domain *domain)
{
    const struct node_frame *root = domain->root;
    if (root->domain != domain || root->role != NODE_ROOT)
        panic("DOMA-002 a cached domain's root does not know it");
    for (unsigned k = 0; k < 3; k++)
        if (domain->register_nodes[k]->domain != domain ||
            domain->register_nodes[k]->role != NODE_REGISTERS)
            panic("DOMA-003 a register node does not know its domain");
    if (domain->keys->locked == 0)
        panic("DOMA-004 the keys node of a cached domain can be taken");
    if (root->link.queue && domain->state != DOMAIN_RUNNING)
        panic("DOMA-005 a domain that does not run is in a queue");
    if (!root->link.queue && domain->state == DOMAIN_RUNNING && root != sched.current)
        panic("DOMA-006 a running domain is nowhere");
}

/* What a message by the short path takes for granted (arch/gate.S). */
static void status_check(const struct domain *domain)
{
    uint64_t limit = (2ull << domain_priority(domain->root)) - 1;
    if (domain->trapped != (domain->trap_code != 0))
        panic("CHEC-011 a trap is not marked");
    if (domain->gate_limit && (uint16_t)domain->gate_limit != limit)
        panic("CHEC-012 a domain has another priority than its root says");
    if (domain->root->gate == domain && (!domain->root->dirty || !domain->keys->dirty))
        panic("CHEC-013 messages may change nodes unannounced");
    if (domain->frozen && (domain->root->gate == domain || !domain->root->frozen))
        panic("CHEC-026 a frozen domain may change");
    if (domain->keys->walked && !domain->keys_walked)
        panic("CHEC-014 a keys node that is part of a segment is not marked");
    if (domain->root->callers.first && !domain->called)
        panic("CHEC-015 a domain does not know that it has callers");
}

static void space_of_check(const struct domain *domain)
{
    if (domain->space_stale)
        return;
    /* A key that was found to be void is replaced where it lies: nothing is mapped through it. */
    const struct key *memory = &domain->root->slots[DOMAIN_SLOT_MEMORY];
    if (!key_is_zero(memory) && !key_equal(&domain->space->key, memory))
        panic("CHEC-016 a domain has the space of another address key");
    if (domain->satp != domain->space->satp)
        panic("CHEC-017 a domain's satp is not that of its space");
    uint64_t start = domain->string_start, data = start + domain->string_delta;
    if (domain->string_end && table_lookup(domain->space->root, start, false) != (uint8_t *)data)
        panic("CHEC-018 a string's page is not where it was");
    if (domain->buffer_data && domain->buffer_addr != BUFFER_UNKNOWN &&
        table_lookup(domain->space->root, domain->buffer_addr, true) != domain->buffer_data)
        panic("CHEC-019 a buffer's page is not where it was");
}

bool check_node(uint32_t index)
{
    if (!object_check_node(index))
        return false;
    const struct node_frame *node = &objects.nodes[index];
    if (node->object_id)
        node_check(node);
    return true;
}

bool check_domain(uint32_t index)
{
    if (index >= domains.count)
        return false;
    const struct domain *domain = &domains.list[index];
    if (!domain->root)
        return true;
    nodes_check(domain);
    if (domain->locked)
        panic("CHEC-020 a domain stayed locked");
    status_check(domain);
    space_of_check(domain);
    return true;
}
