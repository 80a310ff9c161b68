/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate.c - the message path. Called by invoke.c, and by keeper.c for messages the kernel sends on a
 * domain's behalf. Calls domain, segment, sched.
 *
 * Invariants
 *  1. A domain is AVAILABLE (open to start keys), WAITING (for a resume key) or RUNNING. Only this
 *     file, keeper.c and key_domain.c change that.
 *  2. Delivery writes only what the receiver's entry block accepts; every other dead register
 *     becomes 0.
 *  3. Stalled callers are woken one at a time, in the order in which they came. While a domain is
 *     available and callers are stalled on it, one caller holds its grant and is ready or running;
 *     one that does not use it gives it back at its next kernel entry (entry.c) or when its process
 *     is taken away. A domain that runs anyway may call before the holder does (as in KeyKOS); the
 *     holder then stays the first.
 */
#include "kernel/gate.h"

#include "kernel/arch/offsets.h"
#include "kernel/counter.h"
#include "kernel/keeper.h"
#include "kernel/sched.h"

struct key gate_resume_key(const struct domain *domain, enum resume_kind kind)
{
    struct key key = key_make(KEY_RESUME, (uint8_t)kind, domain->root->object_id,
                              domain->root->call_count);
    key.object = domain->root;
    return key;
}

void gate_resume(struct domain *domain)
{
    kassert(domain->state != DOMAIN_RUNNING);
    domain_settle(domain);
    if (domain->state == DOMAIN_WAITING) {
        node_dirty(domain->root);
        domain->root->call_count++;
    }
    domain_state_set(domain, DOMAIN_RUNNING);
}

void gate_grant(struct node_frame *root)
{
    struct node_frame *caller = queue_pop(&root->callers);
    domain_called_set(root, root->callers.first != NULL);
    if (!caller)
        return;
    kassert(!caller->grant);
    caller->grant = root;
    sched_ready(caller);
}

void gate_grant_return(struct node_frame *caller)
{
    struct node_frame *root = caller->grant;
    caller->grant = NULL;
    if (root && root->object_id)
        gate_grant(root);
}

/* The domain is busy: its caller waits, at the front if it was its turn. */
static void stall_on(struct node_frame *root)
{
    struct node_frame *caller = sched.current;
    bool granted = caller && caller->grant == root;
    if (granted)
        caller->grant = NULL;
    domain_called_set(root, true);
    (void)sched_stall(&root->callers);
    if (granted) {
        queue_remove(caller);
        queue_prepend(&root->callers, caller);
    }
}

enum gate_prepared gate_prepare(struct key *key, const struct domain *sender,
                                struct gate_target *target)
{
    struct node_frame *root;
    enum fetch fetch = key_node(key, &root);
    if (fetch == FETCH_PRESENT)
        fetch = domain_load(root, &target->domain);
    if (fetch == FETCH_STALL)
        return GATE_STALL;
    if (fetch == FETCH_VOID)
        return GATE_DATA;
    bool start = key_type(key) == KEY_START;
    if (target->domain == sender)
        return GATE_SELF;
    target->data_byte = start ? key_data_byte(key) : 0;
    target->resume = start ? RESUME_RETURN : (enum resume_kind)key_data_byte(key);
    if (start && target->domain->state != DOMAIN_AVAILABLE) {
        stall_on(root);
        return GATE_STALL;
    }
    if (!start && target->domain->state != DOMAIN_WAITING)
        return GATE_VANISHES;
    return GATE_READY;
}

bool gate_buffer_is_known(const struct domain *domain)
{
    const uint64_t *a = &domain->registers[REGISTER_A0];
    if (ENTRY_STRING_MODE(a[2]) != STRING_MEMORY || a[6] == 0)
        return true;
    return domain->buffer_addr == a[5] && domain->buffer_bytes == a[6];
}

enum touch gate_buffer_prepare(struct domain *domain, struct pieces *buffer,
                               struct segment_walk *walk)
{
    const uint64_t *a = &domain->registers[REGISTER_A0];
    *buffer = (struct pieces){0};
    walk->fault = MEMORY_OK;
    walk->red = NULL;
    if (ENTRY_STRING_MODE(a[2]) != STRING_MEMORY || a[6] == 0)
        return TOUCH_DONE;
    uint64_t size_bytes = a[6] < STRING_BYTES_MAX ? a[6] : STRING_BYTES_MAX;
    if (a[5] >> USER_ADDRESS_BITS) {
        walk->fault = MEMORY_KERNEL;
        return TOUCH_FAULT;
    }
    return pieces_touch(domain, a[5], size_bytes, ACCESS_WRITE, buffer, walk);
}

/* The four words of a string, for registers. From registers they pass as they are. */
static void words_deliver(const struct message *message, uint64_t *words)
{
    words[0] = words[1] = words[2] = words[3] = 0;
    if (message->registers)
        memcpy(words, message->registers, STRING_REGISTER_BYTES);
    else
        (void)pieces_copy_out(&message->string, 0, words, STRING_REGISTER_BYTES);
}

/* Copy the string into the receiver's buffer; both are in up to two pieces. */
static void string_deliver(const struct pieces *source, const struct pieces *target)
{
    size_t offset = 0;
    for (unsigned i = 0; i < 2; i++)
        offset += pieces_copy_out(source, offset, target->piece[i].data,
                                  target->piece[i].size_bytes);
}

static void keys_deliver(struct domain *domain, uint64_t entry, const struct message *message)
{
    for (unsigned i = 0; i < MESSAGE_KEYS; i++)
        if (ENTRY_IS_TAKEN(entry, i))
            node_slot_set(domain->keys, ENTRY_KEY_SLOT(entry, i), &message->keys[i]);
}

void gate_deliver(struct domain *domain, const struct message *message,
                  const struct pieces *buffer)
{
    uint64_t *a = &domain->registers[REGISTER_A0];
    uint64_t entry = a[2];
    unsigned mode = ENTRY_STRING_MODE(entry);
    bool buffer_lost = mode == STRING_MEMORY && a[6] && !buffer->piece[0].size_bytes &&
                       message->length_bytes;
    uint64_t words[4] = {0};
    if (mode == STRING_REGISTERS)
        words_deliver(message, words);
    else if (mode == STRING_MEMORY)
        string_deliver(&message->string, buffer);
    keys_deliver(domain, entry, message);
    domain_results_clear(domain);
    memcpy(&domain->registers[REGISTER_T3], words, sizeof(words));
    if (entry & ENTRY_CODE)
        a[0] = message->code;
    a[1] = message->data_byte;
    a[4] = message->length_bytes;
    a[2] = a[3] = a[5] = a[6] = 0;
    domain->unchanged = false;
    if (buffer_lost)
        domain_trap_set(domain, TRAP_BAD_BUFFER, 0);
    else if (!(entry & ENTRY_CODE) && message->code != 0)
        domain_trap_set(domain, TRAP_CODE_REJECTED, message->code);
}

void gate_sender_goes(const struct invocation *invocation)
{
    struct domain *sender = invocation->sender;
    uint64_t *a = &sender->registers[REGISTER_A0];
    sender->registers[REGISTER_PC] += ECALL_BYTES;
    if (invocation->kind == INVOKE_FORK) {
        domain_results_clear(sender);
        a[2] = a[3] = a[5] = a[6] = 0;
        return;
    }
    sender->restore_all = false;
    domain_state_set(sender,
                     invocation->kind == INVOKE_CALL ? DOMAIN_WAITING : DOMAIN_AVAILABLE);
    sched_switch(NULL);
    if (invocation->kind == INVOKE_RETURN)
        gate_grant(sender->root);
}

/* The message and the processor go to the target. */
static void transfer(struct invocation *invocation, const struct gate_target *target,
                     const struct pieces *buffer)
{
    struct message *message = &invocation->message;
    uint64_t registers[4];
    if (message->registers) { /* what becomes of the sender clears its own */
        memcpy(registers, message->registers, sizeof(registers));
        message->string.piece[0].data = (uint8_t *)registers;
        message->registers = registers;
    }
    commit_point(invocation);
    count_one(GATE);
    if (invocation->sender_root->grant == target->domain->root)
        invocation->sender_root->grant = NULL;
    gate_sender_goes(invocation);
    if (invocation->kind == INVOKE_CALL)
        message->keys[3] = gate_resume_key(invocation->sender, RESUME_RETURN);
    message->data_byte = target->data_byte;
    gate_resume(target->domain);
    if (target->resume == RESUME_RETURN)
        gate_deliver(target->domain, message, buffer);
    if (target->resume == RESUME_RESTART)
        domain_trap_set(target->domain, message->code ? TRAP_KEEPER_REFUSED : 0, message->code);
    if (invocation->kind == INVOKE_FORK)
        sched_ready(target->domain->root);
    else
        sched_switch(target->domain->root);
}

/* A void key, or nodes that make no domain: as a data key, but the message ends here. */
static void answer_data(struct invocation *invocation)
{
    struct message answer = {.code = RC_DATA_KEY};
    struct pieces buffer = {0};
    commit_point(invocation);
    if (invocation->kind != INVOKE_CALL) {
        gate_sender_goes(invocation);
        return;
    }
    invocation->sender->registers[REGISTER_PC] += ECALL_BYTES;
    gate_deliver(invocation->sender, &answer, &buffer);
}

void gate_invoke(struct invocation *invocation)
{
    struct gate_target target;
    struct segment_walk walk;
    struct pieces buffer;
    switch (gate_prepare(invocation->key, invocation->sender, &target)) {
    case GATE_STALL:
        return;
    case GATE_DATA:
        answer_data(invocation);
        return;
    case GATE_SELF:
        keeper_call(invocation->sender, TRAP_SELF_JUMP, 0);
        return;
    case GATE_VANISHES:
        commit_point(invocation);
        gate_sender_goes(invocation);
        return;
    case GATE_READY:
        break;
    }
    target.domain->locked++;
    enum touch touch = TOUCH_DONE;
    buffer = (struct pieces){0};
    if (target.resume == RESUME_RETURN && invocation->message.length_bytes > 0)
        touch = gate_buffer_prepare(target.domain, &buffer, &walk);
    if (touch != TOUCH_STALL)
        transfer(invocation, &target, &buffer);
    target.domain->locked--;
    pieces_release(&buffer);
}
