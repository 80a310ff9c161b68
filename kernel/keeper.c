/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keeper.c - implicit messages: traps to domain keepers, memory faults to segment keepers, dry
 * meters to meter keepers. Called by the trap path, invoke.c and sched.c; calls gate. Message
 * forms: abi.h, "Message to a domain keeper".
 *
 * Invariants
 *  1. The faulting domain becomes WAITING at the commit point, with a resume key in the message as
 *     the only way back; before it nothing changes.
 */
#include "kernel/keeper.h"

#include "kernel/counter.h"
#include "kernel/gate.h"
#include "kernel/print.h"
#include "kernel/sched.h"

/* Send a message through a keeper key. false: that key is no gate to a domain that could take
 * it. */
static bool keeper_send(struct domain *domain, struct key *keeper, struct message *message,
                        enum resume_kind resume)
{
    struct gate_target target;
    if (!key_in(keeper, KEY_SET(KEY_START) | KEY_SET(KEY_RESUME)))
        return false;
    enum gate_prepared prepared = gate_prepare(keeper, domain, &target);
    if (prepared == GATE_STALL)
        return true;
    if (prepared != GATE_READY || target.resume != RESUME_RETURN)
        return false;
    struct segment_walk walk;
    struct pieces buffer;
    target.domain->locked++;
    if (gate_buffer_prepare(target.domain, &buffer, &walk) != TOUCH_STALL) {
        domain->restore_all = true;
        domain_state_set(domain, DOMAIN_WAITING);
        message->keys[3] = gate_resume_key(domain, resume);
        message->data_byte = target.data_byte;
        gate_resume(target.domain);
        gate_deliver(target.domain, message, &buffer);
        sched_switch(target.domain->root);
    }
    target.domain->locked--;
    pieces_release(&buffer);
    return true;
}

/* Nobody can be told: the domain stops until a holder of its domain key sees to it. */
static void stop(struct domain *domain, uint64_t trap_code, uint64_t trap_value)
{
    count_one(STOP);
    print_line("domain %lu: trap 0x%lx, value 0x%lx, at pc 0x%lx, and no keeper; stopped",
               domain->root->object_id, trap_code, trap_value, domain->registers[REGISTER_PC]);
    domain_trap_set(domain, trap_code, trap_value);
    domain->restore_all = true;
    domain_state_set(domain, DOMAIN_WAITING);
    sched_switch(NULL);
}

void keeper_call(struct domain *domain, uint64_t trap_code, uint64_t trap_value)
{
    kassert(trap_code != 0);
    kassert(domain->root == sched.current);
    count_one(TRAP);
    struct {
        uint64_t registers[REGISTER_WORDS];
        struct domain_control control;
    } report;
    sched_float_sync(domain);
    memcpy(report.registers, domain->registers, sizeof(report.registers));
    report.control = (struct domain_control){.trap_code = trap_code,
                                             .trap_value = trap_value,
                                             .state = DOMAIN_WAITING};
    if (trap_code >= TRAP_HARDWARE)
        report.control.trap_scause = trap_code - TRAP_HARDWARE;
    struct message message = {.code = KT + trap_code, .length_bytes = sizeof(report),
                              .string.piece[0] = {(uint8_t *)&report, sizeof(report)}};
    message.keys[2] =
        key_make(KEY_DOMAIN, 0, domain->root->object_id, domain->root->allocation_count);
    uint64_t code_before = domain->trap_code, value_before = domain->trap_value;
    domain_trap_set(domain, trap_code, trap_value);
    if (!keeper_send(domain, &domain->root->slots[DOMAIN_SLOT_KEEPER], &message,
                     RESUME_FAULT)) {
        stop(domain, trap_code, trap_value);
    } else if (domain->state == DOMAIN_RUNNING) { /* the keeper was busy: it traps again later */
        domain_trap_set(domain, code_before, value_before);
    }
}

void keeper_call_fault(struct domain *domain, const struct segment_walk *walk, uint64_t trap_code,
                       uint64_t trap_value)
{
    struct node_frame *red = walk->red;
    if (!red) {
        keeper_call(domain, trap_code, trap_value);
        return;
    }
    count_one(SEGMENT_KEEPER);
    uint64_t words[2] = {walk->red_offset, walk->fault};
    struct message message = {.code = ORDER_KEEPER, .length_bytes = sizeof(words),
                              .string.piece[0] = {(uint8_t *)words, sizeof(words)},
                              .keys[2] = walk->red_key};
    red->locked++;
    bool sent = keeper_send(domain, &red->slots[walk->keeper_slot], &message, RESUME_RESTART);
    red->locked--;
    if (!sent)
        keeper_call(domain, TRAP_MEMORY + 4 * walk->fault, walk->red_offset);
}

void keeper_call_meter(struct domain *domain, const struct meter *dry)
{
    struct node_frame *node = dry->node;
    uint64_t used = dry->used;
    struct message message = {.code = ORDER_KEEPER, .length_bytes = sizeof(used)};
    message.string.piece[0] = (struct piece){(uint8_t *)&used, sizeof(used)};
    message.keys[2] = key_make(KEY_NODE, 0, node->object_id, node->allocation_count);
    node->locked++;
    bool sent = keeper_send(domain, &node->slots[METER_SLOT_KEEPER], &message, RESUME_RESTART);
    node->locked--;
    if (sent)
        return;
    node->dry = domain->root->dry = true;
    (void)sched_stall(&node->callers);
}
