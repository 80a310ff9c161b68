/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the domain creators: one domain that is all of them and the creator of creators.
 * Protocol: rt/creator.h.
 *
 * A creator is two nodes behind front end keys (rt/front.h). The key of the first one is the brand
 * of its domains; the second one, the weak creator's, has the first one's key in slot NODE_STRONG.
 * The first one has the weak front end key in NODE_WEAK and its node in NODE_WEAK_NODE.
 *
 * Nodes come from the banks that clients send, which must be banks of the space bank: one of these
 * answers promptly. No other key that a client sent is invoked, but resume keys, which never keep
 * the one who returns through them.
 *
 * Keys: enum creator_slot.
 *
 * Invariants
 *  1. All five nodes of a domain were bought from one bank, by one creator, which holds the only
 *     keys to them that do not lie in the domain itself.
 *  2. A domain's root carries its brand before the first key of the domain exists.
 */
#include <stdio.h>
#include <string.h>

#include "disks/domains/rt/creator.h"
#include "disks/domains/rt/front.h"

enum creator_slot {
    SLOT_TOOL = 0,      /* domain tool */
    SLOT_BANK_TOOL = 1, /* to verify banks */
    SLOT_OWN_BRAND = 2, /* this domain's */
    SLOT_KEEPER = 3,    /* start key of this domain with CREATOR_DOOR */
    SLOT_CREATOR = 4,   /* data creator */
    SLOT_KEY_0 = 5,     /* keys of messages, both ways */
    SLOT_KEY_1 = 6,
    SLOT_NODE = 7, /* the creator's first node: the brand */
    SLOT_ROOT = 8, /* of the domain in hand: its nodes */
    SLOT_KEYS = 9,
    SLOT_REGISTERS_0 = 10,
    SLOT_REGISTERS_1 = 11,
    SLOT_DISCRIM = 12,
    SLOT_REGISTERS_2 = SLOT_TEMPORARY,
};
#define NODE_STRONG 0u
#define NODE_WEAK 1u
#define NODE_WEAK_NODE 2u
/* Answers to DISCRIM_TYPE. */
#define CLASS_DATA 1u
#define CLASS_RESUME 2u

static struct {
    struct words_message message;
    unsigned reply_slot; /* where the answer goes */
} creator;

static const uint8_t key_0_and_brand[MESSAGE_KEYS] = {SLOT_KEY_0, SLOT_NODE, SLOT_NONE, SLOT_NONE};
static const uint8_t caller_and_brand[MESSAGE_KEYS] = {SLOT_CALLER, SLOT_NODE, SLOT_NONE,
                                                       SLOT_NONE};
static const uint8_t root_and_brand[MESSAGE_KEYS] = {SLOT_ROOT, SLOT_NODE, SLOT_NONE, SLOT_NONE};
/* What does not come arrives as data key 0: SLOT_KEY_1 is left alone where no second key comes. */
static const uint8_t to_root[MESSAGE_KEYS] = {SLOT_ROOT, SLOT_NONE, SLOT_NONE, SLOT_NONE};
static const uint8_t to_root_and_key_1[MESSAGE_KEYS] = {SLOT_ROOT, SLOT_KEY_1, SLOT_NONE,
                                                        SLOT_NONE};
static const uint8_t to_key_0[MESSAGE_KEYS] = {SLOT_KEY_0, SLOT_NONE, SLOT_NONE, SLOT_NONE};
static const uint8_t root_and_keys[MESSAGE_KEYS] = {SLOT_ROOT, SLOT_KEYS, SLOT_NONE, SLOT_NONE};
static const uint8_t registers[MESSAGE_KEYS] = {SLOT_REGISTERS_0, SLOT_REGISTERS_1,
                                                SLOT_REGISTERS_2, SLOT_NONE};

static bool prompt(unsigned bank)
{
    return bank_tool_verify(SLOT_BANK_TOOL, bank) == 0;
}

/* The answer carries key 0, or keys 0 and 1. */
static uint64_t answer_keys(unsigned count)
{
    creator.message.send_slots[0] = SLOT_KEY_0;
    if (count > 1)
        creator.message.send_slots[1] = SLOT_KEY_1;
    return RC_OK;
}

/* The domain key of the root in hand is the answer. */
static uint64_t answer_domain(unsigned count)
{
    uint64_t code = domain_tool_make(SLOT_TOOL, root_and_brand, to_key_0);
    return code == RC_OK ? answer_keys(count) : code;
}

/* Five nodes from the bank in key 0. false: it had not so many. */
static bool nodes_buy(void)
{
    if (bank_create_two_nodes(SLOT_KEY_0, root_and_keys) != RC_OK)
        return false;
    if (bank_create_three_nodes(SLOT_KEY_0, registers) == RC_OK)
        return true;
    (void)bank_destroy_two_nodes(SLOT_KEY_0, root_and_keys);
    return false;
}

static uint64_t create(void)
{
    if (!prompt(SLOT_KEY_0))
        return RC_NOT_PROMPT;
    if (!nodes_buy())
        return RC_NO_SPACE;
    (void)node_swap(SLOT_ROOT, DOMAIN_SLOT_BRAND, SLOT_NODE, SLOT_NONE);
    (void)node_swap(SLOT_ROOT, DOMAIN_SLOT_KEYS, SLOT_KEYS, SLOT_NONE);
    (void)node_swap(SLOT_ROOT, DOMAIN_SLOT_REGISTERS_0, SLOT_REGISTERS_0, SLOT_NONE);
    (void)node_swap(SLOT_ROOT, DOMAIN_SLOT_REGISTERS_1, SLOT_REGISTERS_1, SLOT_NONE);
    (void)node_swap(SLOT_ROOT, DOMAIN_SLOT_REGISTERS_2, SLOT_REGISTERS_2, SLOT_NONE);
    return answer_domain(1);
}

/* Give the nodes of the domain whose root is in hand back to a bank. */
static uint64_t nodes_destroy(unsigned bank)
{
    if (!prompt(bank))
        return RC_NOT_PROMPT;
    if (node_fetch(SLOT_ROOT, DOMAIN_SLOT_KEYS, SLOT_KEYS) != RC_OK ||
        node_fetch(SLOT_ROOT, DOMAIN_SLOT_REGISTERS_0, SLOT_REGISTERS_0) != RC_OK ||
        node_fetch(SLOT_ROOT, DOMAIN_SLOT_REGISTERS_1, SLOT_REGISTERS_1) != RC_OK ||
        node_fetch(SLOT_ROOT, DOMAIN_SLOT_REGISTERS_2, SLOT_REGISTERS_2) != RC_OK)
        return RC_NOT_THERE;
    uint64_t code = bank_destroy_two_nodes(bank, root_and_keys);
    return code == RC_OK ? bank_destroy_three_nodes(bank, registers) : code;
}

static uint64_t destroy(void)
{
    if (domain_tool_domain(SLOT_TOOL, key_0_and_brand, to_root) != RC_OK)
        return RC_NOT_THERE;
    return nodes_destroy(SLOT_KEY_1);
}

static uint64_t identify(uint64_t tool_order, unsigned count)
{
    const uint8_t *received = count > 1 ? to_root_and_key_1 : to_root;
    if (key_order_slots(SLOT_TOOL, tool_order, key_0_and_brand, received) != RC_OK)
        return RC_NOT_THERE;
    return answer_domain(count);
}

/* The caller ends, and whom it names is told instead of it. */
static uint64_t destroy_me(void)
{
    const struct key_words *string = &creator.message.in; /* nothing, or the code */
    if (string->length_bytes != 0 && string->length_bytes != sizeof(string->word[0]))
        return RC_FORMAT;
    if (domain_tool_resume(SLOT_TOOL, caller_and_brand, to_root) != RC_OK)
        return RC_NOT_THERE;
    bool told = discrim_type(SLOT_DISCRIM, SLOT_KEY_0) == CLASS_RESUME;
    uint64_t code = nodes_destroy(SLOT_KEY_1);
    if (code != RC_OK)
        return code;
    creator.reply_slot = told ? SLOT_KEY_0 : SLOT_VOID;
    return string->length_bytes ? string->word[0] : RC_OK;
}

/* All keys to the root in hand but one become void. */
static uint64_t root_sever(unsigned bank)
{
    if (!prompt(bank))
        return RC_NOT_PROMPT;
    return bank_sever_node(bank, SLOT_ROOT, SLOT_ROOT);
}

static uint64_t sever(void)
{
    if (domain_tool_start(SLOT_TOOL, key_0_and_brand, to_root) != RC_OK)
        return RC_NOT_THERE;
    uint64_t code = root_sever(SLOT_KEY_1);
    return code == RC_OK ? answer_domain(1) : code;
}

static uint64_t sever_me(void)
{
    if (domain_tool_resume(SLOT_TOOL, caller_and_brand, to_root) != RC_OK)
        return RC_NOT_THERE;
    uint64_t code = root_sever(SLOT_KEY_0);
    if (code == RC_OK)
        code = answer_domain(1);
    /* Its resume key is void too: a new one, so that it can be told. */
    if (code == RC_OK)
        (void)domain_make_resume(SLOT_KEY_0, SLOT_CALLER);
    return code;
}

static uint64_t weaken(void)
{
    uint64_t code = node_fetch(SLOT_NODE, NODE_WEAK, SLOT_KEY_0);
    return code == RC_OK ? answer_keys(1) : code;
}

static uint64_t end_creator(void)
{
    const uint8_t both[MESSAGE_KEYS] = {SLOT_NODE, SLOT_ROOT, SLOT_NONE, SLOT_NONE};
    if (!prompt(SLOT_KEY_0))
        return RC_NOT_PROMPT;
    if (node_fetch(SLOT_NODE, NODE_WEAK_NODE, SLOT_ROOT) != RC_OK)
        return RC_NOT_THERE;
    return bank_destroy_two_nodes(SLOT_KEY_0, both);
}

static uint64_t create_creator(void)
{
    const uint8_t nodes[MESSAGE_KEYS] = {SLOT_NODE, SLOT_ROOT, SLOT_NONE, SLOT_NONE};
    if (!prompt(SLOT_KEY_0))
        return RC_NOT_PROMPT;
    if (bank_create_two_nodes(SLOT_KEY_0, nodes) != RC_OK)
        return RC_NO_SPACE;
    uint64_t code = data_create_number(SLOT_CREATOR, FRONT_FORMAT, SLOT_TEMPORARY);
    (void)node_swap(SLOT_ROOT, NODE_STRONG, SLOT_NODE, SLOT_NONE);
    if (code == RC_OK)
        code = front_make(SLOT_ROOT, SLOT_KEEPER, SLOT_TEMPORARY, SLOT_KEY_1);
    (void)node_swap(SLOT_NODE, NODE_WEAK, SLOT_KEY_1, SLOT_NONE);
    (void)node_swap(SLOT_NODE, NODE_WEAK_NODE, SLOT_ROOT, SLOT_NONE);
    if (code == RC_OK)
        code = front_make(SLOT_NODE, SLOT_KEEPER, SLOT_TEMPORARY, SLOT_KEY_0);
    return code == RC_OK ? answer_keys(1) : code;
}

static uint64_t serve_all(uint64_t order)
{
    const uint8_t key_and_own[MESSAGE_KEYS] = {SLOT_KEY_0, SLOT_OWN_BRAND, SLOT_NONE, SLOT_NONE};
    switch (order) {
    case ORDER_TYPE:
        return AKT_CREATORS;
    case CREATORS_CREATE:
        return create_creator();
    case CREATORS_IDENTIFY:
        return domain_tool_segment(SLOT_TOOL, key_and_own, NULL) == RC_OK ? 0 : 1;
    default:
        return RC_BAD_ORDER;
    }
}

/* Orders that only the full key of a creator knows. */
static uint64_t serve_strong(uint64_t order)
{
    switch (order) {
    case CREATOR_DESTROY:
        return destroy();
    case CREATOR_IDENTIFY_START:
    case CREATOR_IDENTIFY_RESUME:
        return identify(order - CREATOR_IDENTIFY_START + DOMAIN_TOOL_START, 1);
    case CREATOR_IDENTIFY_SEGMENT:
    case CREATOR_IDENTIFY_SEGMENT + 1:
    case CREATOR_IDENTIFY_SEGMENT + 2:
        return identify(order - CREATOR_IDENTIFY_SEGMENT + DOMAIN_TOOL_SEGMENT, 2);
    case CREATOR_IDENTIFY_METER:
    case CREATOR_IDENTIFY_METER + 1:
    case CREATOR_IDENTIFY_METER + 2:
        return identify(order - CREATOR_IDENTIFY_METER + DOMAIN_TOOL_METER, 2);
    case CREATOR_SEVER:
        return sever();
    case ORDER_DESTROY:
        return end_creator();
    default:
        return RC_BAD_ORDER;
    }
}

static uint64_t serve_one(uint64_t order)
{
    /* A weak creator's node names the strong one; a strong one has a data key there. */
    (void)node_fetch(SLOT_NODE, NODE_STRONG, SLOT_ROOT);
    bool weak = discrim_type(SLOT_DISCRIM, SLOT_ROOT) != CLASS_DATA;
    if (weak)
        (void)node_fetch(SLOT_NODE, NODE_STRONG, SLOT_NODE);
    switch (order) {
    case ORDER_TYPE:
        return AKT_CREATOR;
    case CREATOR_CREATE:
        return create();
    case CREATOR_DESTROY_ME:
        return destroy_me();
    case CREATOR_SEVER_ME:
        return sever_me();
    case CREATOR_WEAKEN:
        return weaken();
    default:
        return weak ? RC_BAD_ORDER : serve_strong(order);
    }
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    creator.message = (struct words_message){.send_slots = NO_KEYS, .receive_slots = NO_KEYS};
    creator.message.receive_slots[0] = SLOT_KEY_0;
    creator.message.receive_slots[1] = SLOT_KEY_1;
    creator.message.receive_slots[FRONT_NODE] = SLOT_NODE;
    creator.reply_slot = SLOT_CALLER;
    for (;;) {
        uint64_t order = serve_words(creator.reply_slot, SLOT_DISCRIM, &creator.message);
        memset(creator.message.send_slots, SLOT_NONE, sizeof(creator.message.send_slots));
        creator.reply_slot = SLOT_CALLER;
        creator.message.code =
            creator.message.data_byte == CREATOR_DOOR ? serve_one(order) : serve_all(order);
    }
}
