/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_domain.c - orders on domain keys. Called by order.c. Calls domain, gate. Source: KeyKOS
 * jdomainc.c.
 *
 * Invariants
 *  1. Orders that take a domain's process away leave it in no queue.
 *  2. A domain may not take its own process away, or replace its own registers, through its own
 *     key: it is told RC_FORMAT.
 */
#include "kernel/gate.h"
#include "kernel/keys.h"
#include "kernel/meter.h"
#include "kernel/sched.h"

/* The domain of the key, which is in the cache now. false: *ended says how the order has ended. */
static bool domain_of(struct invocation *invocation, struct domain **domain, enum invoked *ended)
{
    enum load load = domain_load(invocation->node, domain);
    *ended = INVOKED_STALL;
    if (load == LOAD_MALFORMED)
        *ended = invoke_answer(invocation, RC_FORMAT);
    return load == LOAD_DONE;
}

/* The same for orders that a domain must not give about itself. */
static bool other_domain_of(struct invocation *invocation, struct domain **domain,
                            enum invoked *ended)
{
    if (!domain_of(invocation, domain, ended))
        return false;
    if (*domain == invocation->sender)
        *ended = invoke_answer(invocation, RC_FORMAT);
    return *domain != invocation->sender;
}

static void root_slot_set(struct domain *domain, unsigned slot, const struct key *key)
{
    node_slot_set(domain->root, slot, key);
    if (slot == DOMAIN_SLOT_MEMORY)
        domain->space_stale = true;
    if (slot == DOMAIN_SLOT_METER) {
        domain->meter = NULL;
        domain->gate_limit = 0;
    }
    if (slot == DOMAIN_SLOT_PRIORITY && domain->gate_limit)
        meter_open(domain);
}

enum invoked domain_slot(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    if (!domain_of(invocation, &domain, &ended))
        return ended;
    uint64_t code = invocation->message.code;
    bool root = !(code & DOMAIN_FETCH), swap = code >= DOMAIN_SWAP_ROOT;
    unsigned slot = code % NODE_SLOTS;
    struct node_frame *node = root ? domain->root : domain->keys;
    commit_point(invocation);
    invocation->reply.keys[0] = node->slots[slot];
    if (swap && root)
        root_slot_set(domain, slot, &invocation->message.keys[0]);
    else if (swap)
        node_slot_set(node, slot, &invocation->message.keys[0]);
    return invoke_answer(invocation, RC_OK);
}
static_assert(DOMAIN_FETCH == NODE_SLOTS && DOMAIN_SWAP == (DOMAIN_SWAP_ROOT | DOMAIN_FETCH),
              "domain_slot() takes orders apart");

static enum invoked answer_resume(struct invocation *invocation, const struct domain *domain,
                                  enum resume_kind kind)
{
    invocation->reply.keys[0] = gate_resume_key(domain, kind);
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_make_resume(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    enum resume_kind kind = invocation->message.code == DOMAIN_MAKE_FAULT    ? RESUME_FAULT
                            : invocation->message.code == DOMAIN_MAKE_RESUME ? RESUME_RETURN
                                                                             : RESUME_RESTART;
    return domain_of(invocation, &domain, &ended) ? answer_resume(invocation, domain, kind)
                                                  : ended;
}

/* Take a domain's process away. */
static void process_take(struct domain *domain, enum domain_state state)
{
    queue_remove(domain->root);
    gate_grant_return(domain->root);
    domain_settle(domain);
    node_dirty(domain->root);
    domain->root->call_count++;
    domain_state_set(domain, state);
    domain->restore_all = true;
}

enum invoked domain_make_available(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    if (!other_domain_of(invocation, &domain, &ended))
        return ended;
    commit_point(invocation);
    process_take(domain, DOMAIN_AVAILABLE);
    gate_grant(domain->root);
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_make_busy(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    if (!other_domain_of(invocation, &domain, &ended))
        return ended;
    commit_point(invocation);
    process_take(domain, DOMAIN_WAITING);
    return answer_resume(invocation, domain, RESUME_FAULT);
}

enum invoked domain_get_control(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    if (!domain_of(invocation, &domain, &ended))
        return ended;
    struct domain_control control = {.trap_code = domain->trap_code,
                                     .trap_value = domain->trap_value,
                                     .state = domain->state};
    if (domain->trap_code >= TRAP_HARDWARE)
        control.trap_scause = domain->trap_code - TRAP_HARDWARE;
    invoke_reply_bytes(invocation, &control, sizeof(control));
    return invoke_answer(invocation, RC_OK);
}

/* From trap code and trap value on at offset in the string. */
static void control_put(const struct invocation *invocation, size_t offset, struct domain *domain)
{
    uint64_t words[2];
    (void)pieces_copy_out(&invocation->message.string, offset, words, sizeof(words));
    domain_trap_set(domain, words[0], words[1]);
}

enum invoked domain_put_control(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    if (!domain_of(invocation, &domain, &ended))
        return ended;
    commit_point(invocation);
    control_put(invocation, 0, domain);
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_get_registers(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    if (!domain_of(invocation, &domain, &ended))
        return ended;
    sched_float_sync(domain);
    domain_settle(domain);
    invocation->reply.string.piece[0] =
        (struct piece){(uint8_t *)domain->registers, sizeof(domain->registers)};
    invocation->reply.length_bytes = sizeof(domain->registers);
    return invoke_answer(invocation, RC_OK);
}

/* The string's first length bytes become its first registers. */
static void registers_put(const struct invocation *invocation, size_t length,
                          struct domain *domain)
{
    sched_float_sync(domain);
    sched_forget(domain);
    domain_settle(domain);
    domain->buffer_addr = BUFFER_UNKNOWN;
    (void)pieces_copy_out(&invocation->message.string, 0, domain->registers, length);
    domain->registers[REGISTER_PC] &= ~1ull;
    domain->registers[REGISTER_FCSR] &= 0xff;
    domain->float_used |= length > REGISTER_FLOAT * sizeof(uint64_t);
    domain->restore_all = true;
    domain->unchanged = false;
}

enum invoked domain_put_registers(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    uint64_t length = invocation->message.length_bytes;
    if (!other_domain_of(invocation, &domain, &ended))
        return ended;
    if (length % sizeof(uint64_t) || length > sizeof(domain->registers))
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    registers_put(invocation, length, domain);
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_put_all(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    if (!other_domain_of(invocation, &domain, &ended))
        return ended;
    if (invocation->message.length_bytes !=
        sizeof(domain->registers) + sizeof(struct domain_control))
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    registers_put(invocation, sizeof(domain->registers), domain);
    control_put(invocation, sizeof(domain->registers), domain);
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_replace_memory(struct invocation *invocation)
{
    struct domain *domain;
    enum invoked ended;
    uint64_t pc;
    if (!other_domain_of(invocation, &domain, &ended))
        return ended;
    (void)invoke_string(invocation, &pc, sizeof(pc));
    commit_point(invocation);
    invocation->reply.keys[0] = domain->root->slots[DOMAIN_SLOT_MEMORY];
    root_slot_set(domain, DOMAIN_SLOT_MEMORY, &invocation->message.keys[0]);
    domain->registers[REGISTER_PC] = pc & ~1ull;
    domain->unchanged = false;
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_compare(struct invocation *invocation)
{
    struct key *key = &invocation->message.keys[0];
    struct node_frame *node = NULL;
    if (key_type(key) == KEY_DOMAIN && key_node(key, &node) == FETCH_STALL)
        return INVOKED_STALL;
    return invoke_answer(invocation, node == invocation->node ? 0 : 1);
}

/* A start or domain key to the same root. */
static enum invoked answer_key(struct invocation *invocation, enum key_type type,
                               uint8_t data_byte)
{
    const struct node_frame *root = invocation->node;
    invocation->reply.keys[0] = key_make(type, data_byte, root->object_id, root->allocation_count);
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_make_start(struct invocation *invocation)
{
    uint8_t data_byte;
    (void)invoke_string(invocation, &data_byte, 1);
    return answer_key(invocation, KEY_START, data_byte);
}

enum invoked domain_weaken(struct invocation *invocation)
{
    return answer_key(invocation, KEY_DOMAIN, KEY_READ_ONLY);
}
