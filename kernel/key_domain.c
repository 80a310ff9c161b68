/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_domain.c - orders on domain keys. Called by invoke.c. Calls domain, gate. Sources: keykos.md
 * 2.6 and appendix A.
 *
 * Invariants
 *  1. Orders that take a domain's process away leave it in no queue.
 *  2. A domain may not take its own process away, or replace its own registers, through its own
 *     key: it is told RC_FORMAT.
 */
#include "kernel/gate.h"
#include "kernel/keys.h"
#include "kernel/sched.h"

static bool root_slot_is_open(uint64_t slot)
{
    switch (slot) {
    case DOMAIN_SLOT_METER:
    case DOMAIN_SLOT_KEEPER:
    case DOMAIN_SLOT_MEMORY:
    case DOMAIN_SLOT_SPARE_0:
    case DOMAIN_SLOT_SPARE_1:
    case DOMAIN_SLOT_PRIORITY:
        return true;
    default:
        return false;
    }
}

static void root_slot_set(struct domain *domain, unsigned slot, const struct key *key)
{
    node_slot_set(domain->root, slot, key);
    if (slot == DOMAIN_SLOT_MEMORY)
        domain->space_stale = true;
    if (slot == DOMAIN_SLOT_PRIORITY)
        domain->priority_limit = 2ull << domain_priority(domain->root);
}

/* Fetch (swap false) or swap a slot of the root or keys node. */
static enum invoked slot_order(struct invocation *invocation, struct domain *domain, bool root,
                               unsigned slot, bool swap)
{
    if (root && !root_slot_is_open(slot))
        return invoke_answer(invocation, RC_BAD_ORDER);
    struct node_frame *node = root ? domain->root : domain->keys;
    commit_point(invocation);
    invocation->reply.keys[0] = node->slots[slot];
    if (swap && root)
        root_slot_set(domain, slot, &invocation->message.keys[0]);
    else if (swap)
        node_slot_set(node, slot, &invocation->message.keys[0]);
    return invoke_answer(invocation, RC_OK);
}

static enum invoked answer_resume(struct invocation *invocation, struct domain *domain,
                                  enum resume_kind kind)
{
    if (!invocation->committed)
        commit_point(invocation);
    invocation->reply.keys[0] = gate_resume_key(domain, kind);
    return invoke_answer(invocation, RC_OK);
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

static enum invoked make_available(struct invocation *invocation, struct domain *domain)
{
    commit_point(invocation);
    process_take(domain, DOMAIN_AVAILABLE);
    gate_grant(domain->root);
    return invoke_answer(invocation, RC_OK);
}

static enum invoked make_busy(struct invocation *invocation, struct domain *domain)
{
    commit_point(invocation);
    process_take(domain, DOMAIN_WAITING);
    return answer_resume(invocation, domain, RESUME_FAULT);
}

static enum invoked get_control(struct invocation *invocation, const struct domain *domain)
{
    struct domain_control control = {.trap_code = domain->trap_code,
                                     .trap_value = domain->trap_value,
                                     .state = domain->state};
    if (domain->trap_code >= TRAP_HARDWARE)
        control.trap_scause = domain->trap_code - TRAP_HARDWARE;
    invoke_reply_bytes(invocation, &control, sizeof(control));
    return invoke_answer(invocation, RC_OK);
}

static enum invoked put_control(struct invocation *invocation, struct domain *domain)
{
    struct domain_control control;
    if (invoke_string(invocation, &control, sizeof(control)) < 2 * sizeof(uint64_t))
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    domain_trap_set(domain, control.trap_code, control.trap_value);
    return invoke_answer(invocation, RC_OK);
}

static enum invoked get_registers(struct invocation *invocation, struct domain *domain)
{
    sched_float_sync(domain);
    domain_settle(domain);
    commit_point(invocation);
    invocation->reply.string.piece[0] =
        (struct piece){(uint8_t *)domain->registers, sizeof(domain->registers)};
    invocation->reply.length_bytes = sizeof(domain->registers);
    return invoke_answer(invocation, RC_OK);
}

static enum invoked put_registers(struct invocation *invocation, struct domain *domain)
{
    uint64_t length = invocation->message.length_bytes;
    if (length == 0 || length % sizeof(uint64_t) || length > sizeof(domain->registers))
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    sched_float_sync(domain);
    sched_forget(domain);
    domain_settle(domain);
    (void)pieces_copy_out(&invocation->message.string, 0, domain->registers, length);
    domain->registers[REGISTER_PC] &= ~1ull;
    domain->registers[REGISTER_FCSR] &= 0xff;
    domain->float_used |= length > REGISTER_FLOAT * sizeof(uint64_t);
    domain->restore_all = true;
    domain->unchanged = false;
    return invoke_answer(invocation, RC_OK);
}

static enum invoked replace_memory(struct invocation *invocation, struct domain *domain)
{
    uint64_t pc;
    if (invoke_string(invocation, &pc, sizeof(pc)) != sizeof(pc))
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    invocation->reply.keys[0] = domain->root->slots[DOMAIN_SLOT_MEMORY];
    root_slot_set(domain, DOMAIN_SLOT_MEMORY, &invocation->message.keys[0]);
    domain->registers[REGISTER_PC] = pc & ~1ull;
    domain->unchanged = false;
    return invoke_answer(invocation, RC_OK);
}

static enum invoked compare(struct invocation *invocation, const struct domain *domain)
{
    struct key *key = &invocation->message.keys[0];
    struct node_frame *node = NULL;
    if (key_type(key) == KEY_DOMAIN && key_node(key, &node) == FETCH_STALL)
        return INVOKED_STALL;
    return invoke_answer(invocation, node == domain->root ? 0 : 1);
}

static enum invoked make_start(struct invocation *invocation, const struct domain *domain)
{
    uint8_t data_byte;
    (void)invoke_string(invocation, &data_byte, 1);
    commit_point(invocation);
    invocation->reply.keys[0] = key_make(KEY_START, data_byte, domain->root->object_id,
                                         domain->root->allocation_count);
    return invoke_answer(invocation, RC_OK);
}

static bool order_is_for_others(uint64_t code)
{
    return code == DOMAIN_MAKE_AVAILABLE || code == DOMAIN_MAKE_BUSY ||
           code == DOMAIN_PUT_REGISTERS || code == DOMAIN_REPLACE_MEMORY;
}

static enum invoked named_order(struct invocation *invocation, struct domain *domain)
{
    switch (invocation->message.code) {
    case ORDER_TYPE:
        return invoke_answer(invocation, AKT_DOMAIN);
    case DOMAIN_MAKE_START:
        return make_start(invocation, domain);
    case DOMAIN_MAKE_AVAILABLE:
        return make_available(invocation, domain);
    case DOMAIN_MAKE_FAULT:
        return answer_resume(invocation, domain, RESUME_FAULT);
    case DOMAIN_MAKE_BUSY:
        return make_busy(invocation, domain);
    case DOMAIN_GET_CONTROL:
        return get_control(invocation, domain);
    case DOMAIN_PUT_CONTROL:
        return put_control(invocation, domain);
    case DOMAIN_GET_REGISTERS:
        return get_registers(invocation, domain);
    case DOMAIN_PUT_REGISTERS:
        return put_registers(invocation, domain);
    case DOMAIN_MAKE_RESUME:
        return answer_resume(invocation, domain, RESUME_RETURN);
    case DOMAIN_REPLACE_MEMORY:
        return replace_memory(invocation, domain);
    case DOMAIN_COMPARE:
        return compare(invocation, domain);
    default:
        return invoke_answer(invocation, RC_BAD_ORDER);
    }
}

enum invoked domain_invoke(struct invocation *invocation)
{
    struct domain *domain;
    uint64_t code = invocation->message.code;
    switch (domain_load(invocation->node, &domain)) {
    case LOAD_STALL:
        return INVOKED_STALL;
    case LOAD_MALFORMED:
        return invoke_answer(invocation, RC_FORMAT);
    case LOAD_DONE:
        break;
    }
    if (domain == invocation->sender && order_is_for_others(code))
        return invoke_answer(invocation, RC_FORMAT);
    domain->locked++;
    enum invoked invoked;
    if (code < DOMAIN_FETCH)
        invoked = slot_order(invocation, domain, true, code & 15, false);
    else if (code < DOMAIN_SWAP_ROOT)
        invoked = slot_order(invocation, domain, false, code & 15, false);
    else if (code < DOMAIN_SWAP)
        invoked = slot_order(invocation, domain, true, code & 15, true);
    else if (code < DOMAIN_MAKE_START)
        invoked = slot_order(invocation, domain, false, code & 15, true);
    else
        invoked = named_order(invocation, domain);
    domain->locked--;
    return invoked;
}
