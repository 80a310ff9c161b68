/* SPDX-License-Identifier: GPL-2.0-or-later */
/* key_domain.c - orders on domain keys. Called by order.c, which has loaded the domain if the table
 * of orders.h says so. Calls domain, gate. Source: KeyKOS jdomainc.c.
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
    struct domain *domain = invocation->node->domain;
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

enum invoked domain_make_resume(struct invocation *invocation)
{
    uint64_t code = invocation->message.code;
    enum resume_kind kind = code == DOMAIN_MAKE_FAULT    ? RESUME_FAULT
                            : code == DOMAIN_MAKE_RESUME ? RESUME_RETURN
                                                         : RESUME_RESTART;
    return invoke_answer_key(invocation, gate_resume_key(invocation->node->domain, kind));
}

/* Take a domain's process away; what is left is available, or waits for a new resume key. */
enum invoked domain_stop(struct invocation *invocation)
{
    struct domain *domain = invocation->node->domain;
    bool busy = invocation->message.code == DOMAIN_MAKE_BUSY;
    if (domain == invocation->sender)
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    queue_remove(domain->root);
    gate_grant_return(domain->root);
    domain_settle(domain);
    node_dirty(domain->root);
    domain->root->call_count++;
    domain_state_set(domain, busy ? DOMAIN_WAITING : DOMAIN_AVAILABLE);
    domain->restore_all = true;
    if (busy)
        return invoke_answer_key(invocation, gate_resume_key(domain, RESUME_FAULT));
    gate_grant(domain->root);
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_get_control(struct invocation *invocation)
{
    const struct domain *domain = invocation->node->domain;
    struct domain_control control = {.trap_code = domain->trap_code,
                                     .trap_value = domain->trap_value,
                                     .state = domain->state};
    if (domain->trap_code >= TRAP_HARDWARE)
        control.trap_scause = domain->trap_code - TRAP_HARDWARE;
    return invoke_answer_bytes(invocation, &control, sizeof(control));
}

/* From trap code and trap value on at offset in the string. */
static void control_put(const struct invocation *invocation, size_t offset)
{
    uint64_t words[2];
    (void)pieces_copy_out(&invocation->message.string, offset, words, sizeof(words));
    domain_trap_set(invocation->node->domain, words[0], words[1]);
}

enum invoked domain_put_control(struct invocation *invocation)
{
    commit_point(invocation);
    control_put(invocation, 0);
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_get_registers(struct invocation *invocation)
{
    struct domain *domain = invocation->node->domain;
    sched_float_sync(domain);
    domain_settle(domain);
    return invoke_answer_string(invocation, domain->registers, sizeof(domain->registers));
}

/* The string's words become its first registers; in DOMAIN_PUT_ALL there are all, and the
 * control words follow. */
enum invoked domain_put_registers(struct invocation *invocation)
{
    struct domain *domain = invocation->node->domain;
    uint64_t length = invocation->message.length_bytes, most = sizeof(domain->registers);
    bool all = invocation->message.code == DOMAIN_PUT_ALL;
    if (domain == invocation->sender || length % sizeof(uint64_t) ||
        (all ? length != most + sizeof(struct domain_control) : length > most))
        return invoke_answer(invocation, RC_FORMAT);
    commit_point(invocation);
    sched_float_sync(domain);
    sched_forget(domain);
    domain_settle(domain);
    domain->buffer_addr = BUFFER_UNKNOWN;
    (void)pieces_copy_out(&invocation->message.string, 0, domain->registers, all ? most : length);
    domain->registers[REGISTER_PC] &= ~1ull;
    domain->registers[REGISTER_FCSR] &= 0xff;
    domain->float_used |= length > REGISTER_FLOAT * sizeof(uint64_t);
    domain->restore_all = true;
    domain->unchanged = false;
    if (all)
        control_put(invocation, most);
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_replace_memory(struct invocation *invocation)
{
    struct domain *domain = invocation->node->domain;
    uint64_t pc;
    if (domain == invocation->sender)
        return invoke_answer(invocation, RC_FORMAT);
    (void)invoke_string(invocation, &pc, sizeof(pc));
    commit_point(invocation);
    invocation->reply.keys[0] = domain->root->slots[DOMAIN_SLOT_MEMORY];
    root_slot_set(domain, DOMAIN_SLOT_MEMORY, &invocation->message.keys[0]);
    domain->registers[REGISTER_PC] = pc & ~1ull;
    domain->unchanged = false;
    return invoke_answer(invocation, RC_OK);
}

enum invoked domain_make_start(struct invocation *invocation)
{
    uint8_t data_byte;
    (void)invoke_string(invocation, &data_byte, 1);
    return invoke_answer_key(invocation, node_key(KEY_START, data_byte, invocation->node));
}

enum invoked domain_weaken(struct invocation *invocation)
{
    return invoke_answer_key(invocation, node_key(KEY_DOMAIN, KEY_READ_ONLY, invocation->node));
}
