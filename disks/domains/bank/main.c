/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the space bank: one domain that is the whole tree of banks. Protocol: rt/bank.h; its
 * books: parts/books.h.
 *
 * The prime bank is the start key with the data byte BANK_PRIME. Every other bank, and every key
 * that forbids something, is a front end key to a node of its own, the bank's door, whose keeper is
 * this domain: there can be more banks than a start key's data byte could tell apart, the node
 * cannot be forged, and all keys of a bank end when its doors are destroyed. A domain for each bank
 * would cost five nodes and memory, and a purchase would be a chain of messages, at any link of
 * which a crash or a slow bank could leave a trace; here every order is one turn of one loop.
 *
 * Argument 0: size of the books' memory, which is mapped at LAYOUT_BOOKS. Keys: enum bank_slot.
 *
 * Invariants
 *  1. Books and objects agree whenever an answer is given: between two messages nothing is half
 *     done. The system's checkpoints hold this domain's memory and registers at one instant, so an
 *     order that was begun before a crash ends after it.
 *  2. A free object is zero, and no key to it is valid.
 *  3. No key that a client sent is ever invoked: it could keep this domain for ever. Clients' keys
 *     only go to the ranges, the discrim and the domain tool, which are the kernel's. A resume key
 *     is answered through.
 */
#include <stdio.h>
#include <string.h>

#include "disks/domains/parts/books.h"
#include "disks/domains/rt/bank.h"
#include "disks/domains/rt/front.h"
#include "disks/domains/rt/layout.h"
#include "disks/domains/rt/slots.h"

enum bank_slot {
    SLOT_NODES = 0,   /* range of all nodes to be sold */
    SLOT_PAGES = 1,   /* range of all pages */
    SLOT_TOOL = 2,    /* domain tool */
    SLOT_BRAND = 3,   /* this domain's brand */
    SLOT_KEEPER = 4,  /* start key of this domain with BANK_DOOR */
    SLOT_CREATOR = 5, /* data creator */
    SLOT_KEY = 6,     /* 6, 7, 8: keys that come and go in messages */
    SLOT_FORMAT = 9,  /* the format of a door */
    SLOT_DISCRIM = 10,
};
#define SLOT_DOOR SLOT_TEMPORARY
#define ALL_FORBIDDEN (BOOKS_DOORS - 1)

static struct {
    struct books *books;  /* NULL: there are none, and nothing is sold */
    struct words_message message; /* the one that is being answered */
    unsigned bank, forbidden; /* through whose key it came */
} bank;

static unsigned range_slot(enum space kind)
{
    return kind == SPACE_NODES ? SLOT_NODES : SLOT_PAGES;
}

static uint64_t code_full(enum space kind)
{
    return kind == SPACE_NODES ? RC_NO_NODES : RC_NO_PAGES;
}

static void answer_put(const void *bytes, size_t size_bytes)
{
    memcpy(bank.message.out.word, bytes, size_bytes);
    bank.message.out.length_bytes = size_bytes;
}

/* The answer carries the keys in SLOT_KEY and after. */
static void answer_keys(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        bank.message.send_slots[i] = (uint8_t)(SLOT_KEY + i);
}

static bool string_is(size_t size_bytes)
{
    return bank.message.in.length_bytes == size_bytes;
}

/* Buy one object and put a key to it into a slot. One that the kernel cannot make a key to (it
 * cannot be read, or is retired) is lost, and another is tried. */
static bool buy(enum space kind, unsigned slot, uint64_t *offset)
{
    while (books_buy(bank.books, bank.bank, kind, offset)) {
        if (range_make(range_slot(kind), *offset, slot) == RC_OK)
            return true;
        books_lose(bank.books, bank.bank, kind, *offset);
    }
    return false;
}

/* Void all keys to an object and make it zero. false: it cannot be sold again. */
static bool wipe(enum space kind, uint64_t offset)
{
    return range_create(range_slot(kind), offset, SLOT_NONE) == RC_OK;
}

static uint64_t create(enum space kind, unsigned count)
{
    uint64_t offsets[MESSAGE_KEYS];
    for (unsigned i = 0; i < count; i++) {
        if (buy(kind, SLOT_KEY + i, &offsets[i]))
            continue;
        while (i-- > 0)
            books_sell(bank.books, bank.bank, kind, offsets[i]);
        return code_full(kind);
    }
    answer_keys(count);
    return RC_OK;
}

/* The offset of the object of the key in a slot, if it was bought from this bank. */
static bool identify(enum space kind, unsigned slot, uint64_t *offset)
{
    return range_identify(range_slot(kind), slot, offset) == RC_OK &&
           books_owns(bank.books, bank.bank, kind, *offset);
}

static uint64_t destroy(enum space kind, unsigned count)
{
    uint64_t offsets[MESSAGE_KEYS];
    for (unsigned i = 0; i < count; i++) {
        if (!identify(kind, SLOT_KEY + i, &offsets[i]))
            return RC_NOT_THERE;
        for (unsigned j = 0; j < i; j++)
            if (offsets[i] == offsets[j])
                return RC_NOT_THERE;
    }
    for (unsigned i = 0; i < count; i++) {
        if (wipe(kind, offsets[i]))
            books_sell(bank.books, bank.bank, kind, offsets[i]);
        else
            books_lose(bank.books, bank.bank, kind, offsets[i]);
    }
    return RC_OK;
}

static uint64_t sever(enum space kind)
{
    uint64_t offset;
    if (!identify(kind, SLOT_KEY, &offset))
        return RC_NOT_THERE;
    uint64_t code = range_sever(range_slot(kind), SLOT_KEY, SLOT_KEY);
    if (code == RC_OK)
        answer_keys(1);
    return code;
}

static uint64_t limit_change(enum space kind)
{
    int64_t change;
    if (!string_is(sizeof(change)))
        return RC_FORMAT;
    memcpy(&change, bank.message.in.word, sizeof(change));
    change = books_limit_change(bank.books, bank.bank, kind, change);
    answer_put(&change, sizeof(change));
    return RC_OK;
}

static uint64_t limit_change_small(enum space kind)
{
    int32_t change;
    if (!string_is(sizeof(change)))
        return RC_FORMAT;
    memcpy(&change, bank.message.in.word, sizeof(change));
    change = (int32_t)books_limit_change(bank.books, bank.bank, kind, change);
    answer_put(&change, sizeof(change));
    return RC_OK;
}

static uint64_t limit_range(enum space kind)
{
    uint64_t words[2];
    if (!string_is(sizeof(words)))
        return RC_FORMAT;
    memcpy(words, bank.message.in.word, sizeof(words));
    return books_range_set(bank.books, bank.bank, kind, words[0], words[1]) ? RC_OK : RC_FORMAT;
}

static uint64_t query(enum space kind, uint64_t order)
{
    const struct books_space *space = &books_bank(bank.books, bank.bank)->space[kind];
    struct bank_counts counts = {space->created, space->destroyed};
    uint64_t available;
    if (order == BANK_STATISTICS) {
        answer_put(&counts, sizeof(counts));
    } else if (order == BANK_QUERY) {
        answer_put(&space->held, sizeof(space->held));
    } else {
        available = books_available(bank.books, bank.bank, kind);
        answer_put(&available, sizeof(available));
    }
    return RC_OK;
}

static uint64_t query_all(void)
{
    struct bank_counts counts[SPACE_KINDS];
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        const struct books_space *space = &books_bank(bank.books, bank.bank)->space[kind];
        counts[kind] = (struct bank_counts){space->created, space->destroyed};
    }
    answer_put(counts, sizeof(counts));
    return RC_OK;
}

/* A front end key of a bank into SLOT_KEY, with the door made if there is none yet. */
static uint64_t door_key(unsigned which, unsigned forbidden)
{
    uint64_t offset = books_bank(bank.books, which)->doors[forbidden] - 1;
    bool there = offset != UINT64_MAX;
    if (!there && !books_door(bank.books, which, forbidden, &offset))
        return RC_NO_NODES;
    uint64_t code = range_make(SLOT_NODES, offset, SLOT_DOOR);
    if (code != RC_OK)
        return code;
    return there ? node_make_front_end(SLOT_DOOR, SLOT_KEY)
                 : front_make(SLOT_DOOR, SLOT_KEEPER, SLOT_FORMAT, SLOT_KEY);
}

/* A bank's doors, and whatever else has become free, are wiped. */
static void doors_wipe(const uint64_t doors[BOOKS_DOORS])
{
    for (unsigned i = 0; i < BOOKS_DOORS; i++)
        if (doors[i])
            (void)wipe(SPACE_NODES, doors[i] - 1);
}

/* A new bank under one; its key is the answer. */
static uint64_t open_bank(unsigned parent, uint64_t *created)
{
    uint64_t doors[BOOKS_DOORS];
    *created = books_open(bank.books, parent);
    if (*created == BOOKS_NONE)
        return RC_NO_NODES;
    uint64_t code = door_key((unsigned)*created, 0);
    if (code == RC_OK) {
        answer_keys(1);
        return RC_OK;
    }
    books_merge(bank.books, (unsigned)*created, doors);
    doors_wipe(doors);
    return code;
}

static uint64_t forbid(unsigned more)
{
    uint64_t code = door_key(bank.bank, bank.forbidden | more);
    if (code == RC_OK)
        answer_keys(1);
    return code;
}

static uint64_t destroy_space(void)
{
    uint64_t cursor, offset;
    books_doom(bank.books, bank.bank);
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++)
        for (cursor = 0; books_next_doomed(bank.books, kind, &cursor, &offset);)
            (void)wipe(kind, offset);
    books_close_doomed(bank.books);
    return RC_OK;
}

static uint64_t destroy_bank(void)
{
    uint64_t doors[BOOKS_DOORS];
    books_merge(bank.books, bank.bank, doors);
    doors_wipe(doors);
    return RC_OK;
}

/* Which bank's key is in a slot, and what does it forbid? false: it is no key of a bank. */
static bool bank_of(unsigned slot, unsigned *which, unsigned *forbidden)
{
    const uint8_t sent[MESSAGE_KEYS] = {(uint8_t)slot, SLOT_BRAND, SLOT_NONE, SLOT_NONE};
    const uint8_t node[MESSAGE_KEYS] = {SLOT_NONE, SLOT_DOOR, SLOT_NONE, SLOT_NONE};
    uint64_t offset;
    *which = BOOKS_PRIME;
    *forbidden = 0;
    if (domain_tool_start(SLOT_TOOL, sent, NULL) == RC_OK)
        return true;
    return domain_tool_segment(SLOT_TOOL, sent, node) == RC_OK &&
           range_identify(SLOT_NODES, SLOT_DOOR, &offset) == RC_OK &&
           books_at_door(bank.books, offset, which, forbidden);
}

static uint64_t check_books(void)
{
    const char *fault = books_fault(bank.books);
    if (fault)
        printf("bank: wrong in the books: %s\n", fault);
    return fault ? 1 : 0;
}

static uint64_t verify(void)
{
    unsigned which, forbidden;
    return bank_of(SLOT_KEY, &which, &forbidden) ? 0 : 1;
}

/* Orders of one kind of space. */
static uint64_t serve_space(enum space kind, uint64_t order)
{
    switch (order) {
    case BANK_CREATE:
        return create(kind, 1);
    case BANK_CREATE_TWO:
        return create(kind, 2);
    case BANK_CREATE_THREE:
        return create(kind, 3);
    case BANK_DESTROY:
        return destroy(kind, 1);
    case BANK_DESTROY_TWO:
        return destroy(kind, 2);
    case BANK_DESTROY_THREE:
        return bank.message.data_byte == BANK_PRIME ? destroy(kind, 3) : RC_BAD_ORDER;
    case BANK_SEVER:
        return sever(kind);
    case BANK_QUERY:
    case BANK_STATISTICS:
    case BANK_AVAILABLE:
        return bank.forbidden & BANK_NO_QUERY ? RC_BAD_ORDER : query(kind, order);
    case BANK_LIMIT_SMALL:
        return bank.forbidden & BANK_NO_LIMITS ? RC_BAD_ORDER : limit_change_small(kind);
    case BANK_LIMIT:
        return bank.forbidden & BANK_NO_LIMITS ? RC_BAD_ORDER : limit_change(kind);
    case BANK_LIMIT_RANGE:
        return bank.forbidden & BANK_NO_LIMITS ? RC_BAD_ORDER : limit_range(kind);
    default:
        return RC_BAD_ORDER;
    }
}

static uint64_t serve_bank(uint64_t order)
{
    bool may_destroy = bank.bank != BOOKS_PRIME && !(bank.forbidden & BANK_NO_DESTROY);
    uint64_t created;
    if (order < 2 * BANK_PAGES)
        return serve_space(order < BANK_PAGES ? SPACE_NODES : SPACE_PAGES, order % BANK_PAGES);
    if (order > BANK_FORBID && order <= BANK_FORBID + ALL_FORBIDDEN)
        return forbid((unsigned)(order - BANK_FORBID));
    switch (order) {
    case ORDER_TYPE:
        return AKT_BANK;
    case ORDER_DESTROY:
        return may_destroy ? destroy_bank() : RC_BAD_ORDER;
    case BANK_DESTROY_SPACE:
        return may_destroy ? destroy_space() : RC_BAD_ORDER;
    case BANK_ALL_STATISTICS:
        return bank.forbidden & BANK_NO_QUERY ? RC_BAD_ORDER : query_all();
    case BANK_VERIFY:
        return verify();
    case BANK_CHECK_BOOKS:
        return bank.message.data_byte == BANK_PRIME ? check_books() : RC_BAD_ORDER;
    case BANK_CREATE_BANK:
        return open_bank(bank.bank, &created);
    default:
        return RC_BAD_ORDER;
    }
}

/* A bank below the one whose key was sent, with limits or ranges from the string. */
static uint64_t tool_create(uint64_t order)
{
    static const uint8_t word_counts[] = {[BANK_TOOL_SUBRANGE] = 4, [BANK_TOOL_LIMITED] = 2};
    uint64_t words[4] = {0}, created;
    unsigned parent, forbidden;
    if (!string_is(word_counts[order] * sizeof(words[0])))
        return RC_FORMAT;
    memcpy(words, bank.message.in.word, bank.message.in.length_bytes);
    if (!bank_of(SLOT_KEY, &parent, &forbidden))
        return RC_NOT_THERE;
    const uint64_t *counts = bank.books->count;
    if (order == BANK_TOOL_SUBRANGE && (words[0] >= words[1] || words[1] > counts[SPACE_NODES] ||
                                        words[2] >= words[3] || words[3] > counts[SPACE_PAGES]))
        return RC_FORMAT;
    uint64_t code = open_bank(parent, &created);
    for (unsigned kind = 0; code == RC_OK && kind < SPACE_KINDS; kind++) {
        if (order == BANK_TOOL_SUBRANGE)
            (void)books_range_set(bank.books, (unsigned)created, kind, words[2 * kind],
                                   words[2 * kind + 1]);
        else if (order == BANK_TOOL_LIMITED && words[kind] < counts[kind])
            (void)books_limit_change(bank.books, (unsigned)created, kind,
                                      (int64_t)words[kind] - (int64_t)counts[kind]);
    }
    return code;
}

static uint64_t serve_tool(uint64_t order)
{
    switch (order) {
    case ORDER_TYPE:
        return AKT_BANK_TOOL;
    case BANK_TOOL_VERIFY:
        return verify();
    case BANK_TOOL_SUBRANGE:
    case BANK_TOOL_CREATE:
    case BANK_TOOL_LIMITED:
        return tool_create(order);
    default:
        return RC_BAD_ORDER;
    }
}

static uint64_t serve(uint64_t order)
{
    uint64_t offset;
    bank.message.out = (struct key_words){.length_bytes = 0};
    memset(bank.message.send_slots, SLOT_NONE, sizeof(bank.message.send_slots));
    if (!bank.books)
        return order == ORDER_TYPE ? AKT_BANK : RC_NOT_YET;
    bank.bank = BOOKS_PRIME;
    bank.forbidden = 0;
    if (bank.message.data_byte == BANK_TOOL)
        return serve_tool(order);
    if (bank.message.data_byte == BANK_DOOR &&
        (range_identify(SLOT_NODES, SLOT_KEY + FRONT_NODE, &offset) != RC_OK ||
         !books_at_door(bank.books, offset, &bank.bank, &bank.forbidden)))
        return RC_DATA_KEY;
    return serve_bank(order);
}

/* Open the books, or begin them. */
static void open_books(size_t memory_bytes)
{
    struct books *books = (struct books *)LAYOUT_BOOKS;
    uint64_t nodes = 0, pages = 0;
    if (range_count(SLOT_NODES, &nodes) != RC_OK || range_count(SLOT_PAGES, &pages) != RC_OK ||
        data_create_number(SLOT_CREATOR, FRONT_FORMAT, SLOT_FORMAT) != RC_OK) {
        printf("bank: a range or the data creator is missing in slots 0, 1, 5\n");
        return;
    }
    if (books_good(books, nodes, pages) || books_begin(books, memory_bytes, nodes, pages))
        bank.books = books;
    else
        printf("bank: books of %zu bytes are too small for %lu nodes and %lu pages; give them "
               "%zu or more\n",
               memory_bytes, nodes, pages, books_bytes(nodes, pages, 64));
}

int domain_main(uint64_t memory_bytes, uint64_t argument_1)
{
    (void)argument_1;
    open_books(memory_bytes);
    bank.message = (struct words_message){.send_slots = NO_KEYS, .receive_slots = NO_KEYS};
    for (unsigned i = 0; i < 3; i++)
        bank.message.receive_slots[i] = (uint8_t)(SLOT_KEY + i);
    for (;;)
        bank.message.code = serve(serve_words(SLOT_CALLER, SLOT_DISCRIM, &bank.message));
}
