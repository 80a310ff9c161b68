/* SPDX-License-Identifier: GPL-2.0-or-later */
/* invoke.c - the one kernel call: decode the blocks, prepare the key and the strings, then by key
 * type.
 *
 * Called by entry.c for every ecall that gate.S has not answered. Calls forward, gate (start and
 * resume keys) and order (all others).
 *
 * Invariants
 *  1. Before commit_point() only hints, void keys and caches change; a stall returns from there,
 *     with the sender's pc still at its ecall.
 *  2. Pages under the strings are pinned from prepare to the end.
 */
#include "kernel/invoke.h"

#include "kernel/arch/offsets.h"
#include "kernel/forward.h"
#include "kernel/gate.h"
#include "kernel/keeper.h"
#include "kernel/order.h"
#include "kernel/sched.h"

void commit_point(struct invocation *invocation)
{
    kassert(!invocation->committed);
    invocation->committed = true;
}

enum invoked invoke_wait(struct invocation *invocation, struct queue *queue)
{
    struct node_frame *root = invocation->sender_root;
    if (root->restarted) {
        root->restarted = false;
        return invoke_answer(invocation, RC_RESTARTED);
    }
    (void)sched_stall(queue);
    root->device_wait = true;
    return INVOKED_STALL;
}

enum invoked invoke_answer(struct invocation *invocation, uint64_t code)
{
    if (!invocation->committed)
        commit_point(invocation);
    invocation->reply.code = code;
    return INVOKED_DONE;
}

enum invoked invoke_answer_key(struct invocation *invocation, struct key key)
{
    invocation->reply.keys[0] = key;
    return invoke_answer(invocation, RC_OK);
}

enum invoked invoke_answer_string(struct invocation *invocation, const void *data,
                                  size_t size_bytes)
{
    invocation->reply.string.piece[0] = (struct piece){(uint8_t *)data, (uint32_t)size_bytes};
    invocation->reply.length_bytes = size_bytes;
    return invoke_answer(invocation, RC_OK);
}

enum invoked invoke_answer_bytes(struct invocation *invocation, const void *source,
                                 size_t size_bytes)
{
    kassert(size_bytes <= sizeof(invocation->reply_bytes));
    memcpy(invocation->reply_bytes, source, size_bytes);
    return invoke_answer_string(invocation, invocation->reply_bytes, size_bytes);
}

enum invoked invoke_unfetched(struct invocation *invocation, enum fetch fetch, uint64_t code)
{
    return fetch == FETCH_STALL ? INVOKED_STALL : invoke_answer(invocation, code);
}

size_t invoke_reply_room(const struct invocation *invocation)
{
    const struct domain *replyee = invocation->replyee;
    if (!replyee)
        return STRING_BYTES_MAX;
    unsigned mode = ENTRY_STRING_MODE(replyee->registers[REGISTER_A0 + 2]);
    uint64_t size_bytes = replyee->registers[REGISTER_A0 + 6];
    if (mode == STRING_REGISTERS)
        return STRING_REGISTER_BYTES;
    if (mode == STRING_NONE)
        return 0;
    return size_bytes < STRING_BYTES_MAX ? size_bytes : STRING_BYTES_MAX;
}

size_t invoke_string(const struct invocation *invocation, void *target, size_t size_bytes)
{
    memset(target, 0, size_bytes);
    return pieces_copy_out(&invocation->message.string, 0, target, size_bytes);
}

/* Prepare what the sender sends. false: it stalled or trapped. */
static bool prepare_string(struct invocation *invocation)
{
    struct domain *sender = invocation->sender;
    const uint64_t *a = &sender->registers[REGISTER_A0];
    struct message *message = &invocation->message;
    unsigned mode = EXIT_STRING_MODE(a[1]);
    if (mode == STRING_NONE)
        return true;
    uint64_t most = mode == STRING_MEMORY ? STRING_BYTES_MAX : STRING_REGISTER_BYTES;
    if (a[4] > most) {
        keeper_call(sender, TRAP_LENGTH, a[4]);
        return false;
    }
    message->length_bytes = a[4];
    if (mode == STRING_REGISTERS) {
        message->registers = &sender->registers[REGISTER_T3];
        message->string.piece[0] =
            (struct piece){(uint8_t *)&sender->registers[REGISTER_T3], (uint32_t)a[4]};
        return true;
    }
    struct segment_walk walk;
    if (a[3] >> USER_ADDRESS_BITS) { /* also keeps addr + length from wrapping */
        keeper_call(sender, TRAP_BAD_STRING, a[3]);
        return false;
    }
    enum touch touch =
        pieces_touch(sender, a[3], a[4], ACCESS_READ, &message->string, &walk);
    if (touch == TOUCH_FAULT)
        keeper_call_fault(sender, &walk, TRAP_BAD_STRING, a[3]);
    else if (touch == TOUCH_DONE && a[4] > 0)
        domain_string_known(sender, a[3], message->string.piece[0].data);
    return touch == TOUCH_DONE;
}

/* Check the sender's own receive buffer while it can still be told. false: it stalled or
 * trapped. */
static bool prepare_own_buffer(struct invocation *invocation)
{
    struct domain *sender = invocation->sender;
    struct segment_walk walk;
    struct pieces buffer;
    uint64_t fault_addr = sender->registers[REGISTER_A0 + 5];
    if (sender->registers[REGISTER_A0 + 6] == 0)
        sender->buffer_addr = BUFFER_UNKNOWN; /* one that was known is not what it names now */
    if (gate_buffer_is_known(sender))
        return true;
    enum touch touch = gate_buffer_prepare(sender, &buffer, &walk);
    if (touch == TOUCH_DONE) {
        domain_buffer_known(sender, buffer.piece[0].data, buffer.piece[0].size_bytes,
                            buffer.piece[1].data);
        pieces_release(&buffer);
        return true;
    }
    if (touch == TOUCH_FAULT)
        keeper_call_fault(sender, &walk, TRAP_BAD_BUFFER, fault_addr);
    return false;
}

static void keys_gather(struct invocation *invocation, uint64_t exit)
{
    const struct node_frame *keys = invocation->sender->keys;
    for (unsigned i = 0; i < MESSAGE_KEYS; i++) {
        invocation->message.keys[i] =
            EXIT_IS_SENT(exit, i) ? keys->slots[EXIT_KEY_SLOT(exit, i)] : key_number(0);
    }
}

struct key invoke_absent;

/* Prepare the object of the key and hold it. false: it stalled. A void key has become data key
 * 0. */
static bool prepare_key(struct invocation *invocation)
{
    struct key *key = invocation->key;
    enum fetch fetch = FETCH_PRESENT;
    if (key_names_node(key))
        fetch = key_node(key, &invocation->node);
    else if (key_type(key) == KEY_PAGE)
        fetch = key_page(key, &invocation->page);
    if (fetch == FETCH_PRESENT && invocation->node)
        invocation->node->locked++;
    if (fetch == FETCH_PRESENT && invocation->page)
        invocation->page->pinned++;
    if (fetch == FETCH_VOID && key->head != 0)
        invocation->key = &invoke_absent;
    return fetch != FETCH_STALL;
}

static void key_release(struct invocation *invocation)
{
    if (invocation->node)
        invocation->node->locked--;
    if (invocation->page)
        invocation->page->pinned--;
    invocation->node = NULL;
    invocation->page = NULL;
}

bool invoke_key_replace(struct invocation *invocation, struct key *key)
{
    key_release(invocation);
    invocation->key = key;
    return prepare_key(invocation);
}

/* The domain that a kernel key's reply goes to: the caller, or whom key 3 resumes. false: it
 * stalled. */
static bool prepare_replyee(struct invocation *invocation)
{
    struct segment_walk walk;
    if (invocation->kind == INVOKE_CALL) {
        invocation->replyee = invocation->sender;
    } else {
        struct key *resume = &invocation->message.keys[3];
        struct gate_target target;
        if (key_type(resume) != KEY_RESUME || key_data_byte(resume) != RESUME_RETURN)
            return true;
        enum gate_prepared prepared = gate_prepare(resume, invocation->sender, &target);
        if (prepared == GATE_STALL)
            return false;
        if (prepared != GATE_READY)
            return true;
        invocation->replyee = target.domain;
        invocation->replyee->locked++;
    }
    enum touch touch =
        gate_buffer_prepare(invocation->replyee, &invocation->replyee_buffer, &walk);
    if (touch == TOUCH_FAULT)
        invocation->replyee_buffer = (struct pieces){0};
    return touch != TOUCH_STALL;
}

/* The sender of a RETURN or FORK goes on its way; of a CALL it gets the reply. */
static void reply(struct invocation *invocation)
{
    struct domain *sender = invocation->sender, *replyee = invocation->replyee;
    if (invocation->kind == INVOKE_CALL)
        sender->registers[REGISTER_PC] += ECALL_BYTES;
    else
        gate_sender_goes(invocation);
    if (!replyee)
        return;
    /* The order itself may have taken away what the resume key stood for. */
    if (replyee != sender && (replyee->state != DOMAIN_WAITING ||
                              invocation->message.keys[3].count != replyee->root->call_count))
        return;
    if (replyee != sender)
        gate_resume(replyee);
    gate_deliver(replyee, &invocation->reply, &invocation->replyee_buffer);
    if (replyee != sender)
        sched_ready(replyee->root);
}

/* A key that the kernel itself answers. */
static void invoke_kernel_key(struct invocation *invocation)
{
    invocation->reply = (struct message){.code = RC_OK};
    invocation->replyee_buffer = (struct pieces){0};
    bool prepared = prepare_replyee(invocation);
    bool foreign = invocation->replyee && invocation->replyee != invocation->sender;
    if (prepared && order_invoke(invocation) == INVOKED_DONE) {
        kassert(invocation->committed);
        reply(invocation);
    }
    if (foreign)
        invocation->replyee->locked--;
    pieces_release(&invocation->replyee_buffer);
}

static void dispatch(struct invocation *invocation)
{
    const uint32_t gates = KEY_SET(KEY_START) | KEY_SET(KEY_RESUME);
    const uint32_t forwarders = KEY_SET(KEY_FRONT_END) | KEY_SET(KEY_SEGMENT);
    if (key_in(invocation->key, forwarders) && !forward(invocation))
        return;
    if (key_in(invocation->key, gates))
        gate_invoke(invocation);
    else
        invoke_kernel_key(invocation);
}

/* Field by field: what a message through a gate never looks at (the reply) is not touched. */
static void begin(struct invocation *invocation, struct domain *sender)
{
    uint64_t *registers = sender->registers;
    invocation->sender = sender;
    invocation->sender_root = sender->root;
    invocation->key = NULL;
    invocation->node = NULL;
    invocation->page = NULL;
    invocation->kind = (enum invoke_kind)EXIT_KIND(registers[REGISTER_A0 + 1]);
    invocation->message.code = registers[REGISTER_A0];
    invocation->message.length_bytes = 0;
    invocation->message.string = (struct pieces){0};
    invocation->message.registers = NULL;
    invocation->message.data_byte = 0;
    invocation->replyee = NULL;
    invocation->committed = false;
    /* Registers that are dead across an invocation hold nothing, also for a keeper or a retry. */
    registers[1] = 0;
    registers[5] = registers[6] = registers[7] = 0;
    registers[REGISTER_A0 + 7] = 0;
}

void invoke(struct domain *sender)
{
    const uint64_t *a = &sender->registers[REGISTER_A0];
    uint64_t exit = a[1];
    struct invocation invocation;
    begin(&invocation, sender);
    if (invocation.kind == 0 || EXIT_STRING_MODE(exit) == 3) {
        keeper_call(sender, TRAP_BAD_EXIT, exit);
        return;
    }
    if (invocation.kind != INVOKE_FORK && ENTRY_STRING_MODE(a[2]) == 3) {
        keeper_call(sender, TRAP_BAD_ENTRY, a[2]);
        return;
    }
    invocation.key = &sender->keys->slots[EXIT_SLOT(exit)];
    if (prepare_key(&invocation) && prepare_string(&invocation)) {
        if (invocation.kind == INVOKE_FORK || prepare_own_buffer(&invocation)) {
            keys_gather(&invocation, exit);
            dispatch(&invocation);
        }
    }
    pieces_release(&invocation.message.string);
    key_release(&invocation);
}
