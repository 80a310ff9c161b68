/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bank_random.c - random orders to a tree of space banks, each answer compared with what a model
 * here says: what is bought is zero and new, what is destroyed is void, what is not stays as it
 * was, and every limit and count is exact.
 *
 * Argument 0: how many orders; 1: the seed. Keys: 0 prime bank; power, console. */
#include <stdio.h>
#include <string.h>

#include "disks/domains/parts/books.h"
#include "disks/domains/rt/bank.h"
#include "disks/domains/rt/check.h"
#include "disks/domains/rt/slots.h"

#define SLOT_PRIME 0u
#define SLOT_BANKS 1u  /* node with the keys of the banks */
#define SLOT_SHELF 2u  /* node with nodes with the keys of what was bought */
#define SLOT_BANK 3u
#define SLOT_OTHER 4u
#define SLOT_OBJECT 5u
#define SLOT_OLD 6u
#define BANKS 7u       /* bank 0 is the prime one */
#define OBJECTS 144u
#define MARK_SLOT 5u
#define MARK_OFFSET 8u

struct model_bank {
    bool exists;
    unsigned parent;
    uint64_t limit[SPACE_KINDS], held[SPACE_KINDS];
};
struct model_object {
    bool exists;
    enum space kind;
    unsigned bank;
    uint64_t mark;
};
static struct {
    struct model_bank banks[BANKS];
    struct model_object objects[OBJECTS];
    uint64_t total[SPACE_KINDS]; /* objects of the ranges */
    uint64_t left[SPACE_KINDS];  /* of them, free */
    uint64_t random, marks;
} model;

static uint64_t below(uint64_t limit)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return (model.random >> 16) % limit;
}

/* Keys on their shelves. */
static void bank_take(unsigned bank, unsigned slot)
{
    (void)node_fetch(SLOT_BANKS, bank, slot);
}

static void object_take(unsigned object, unsigned slot)
{
    (void)node_fetch(SLOT_SHELF, object / NODE_SLOTS, slot);
    (void)node_fetch(slot, object % NODE_SLOTS, slot);
}

static void object_put(unsigned object, unsigned slot)
{
    (void)node_fetch(SLOT_SHELF, object / NODE_SLOTS, SLOT_TEMPORARY);
    (void)node_swap(SLOT_TEMPORARY, object % NODE_SLOTS, slot, SLOT_NONE);
}

/* The model's side. */
static bool model_below(unsigned bank, unsigned above)
{
    while (bank != BOOKS_PRIME && bank != above)
        bank = model.banks[bank].parent;
    return bank == above;
}

static uint64_t model_available(unsigned bank, enum space kind)
{
    uint64_t count = model.left[kind];
    for (;; bank = model.banks[bank].parent) {
        const struct model_bank *account = &model.banks[bank];
        if (account->limit[kind] - account->held[kind] < count)
            count = account->limit[kind] - account->held[kind];
        if (bank == BOOKS_PRIME)
            return count;
    }
}

static void model_charge(unsigned bank, enum space kind, uint64_t change)
{
    model.left[kind] -= change;
    for (;; bank = model.banks[bank].parent) {
        model.banks[bank].held[kind] += change;
        if (bank == BOOKS_PRIME)
            return;
    }
}

static unsigned bank_some(void)
{
    unsigned bank;
    do
        bank = (unsigned)below(BANKS);
    while (!model.banks[bank].exists);
    return bank;
}

/* What was bought is marked: a page with a number of its own, a node with a key to the shelf. */
static void mark_write(struct model_object *object, unsigned slot)
{
    object->mark = ++model.marks;
    if (object->kind == SPACE_PAGES)
        (void)key_order_string(slot, PAGE_WRITE + MARK_OFFSET, &object->mark,
                               sizeof(object->mark), NULL, NULL);
    else
        (void)node_swap(slot, MARK_SLOT, SLOT_SHELF, SLOT_NONE);
}

static void mark_check(const struct model_object *object, unsigned slot)
{
    if (object->kind == SPACE_PAGES) {
        const uint64_t words[2] = {MARK_OFFSET, sizeof(object->mark)};
        uint64_t mark = 0;
        size_t size_bytes = sizeof(mark);
        CHECK_CODE(RC_OK, key_order_string(slot, PAGE_READ, words, sizeof(words), &mark,
                                           &size_bytes));
        CHECK(mark == object->mark);
        return;
    }
    CHECK_CODE(RC_OK, node_fetch(slot, MARK_SLOT, SLOT_OTHER));
    CHECK_CODE(0, node_compare(SLOT_SHELF, SLOT_OTHER));
}

static void zero_check(enum space kind, unsigned slot)
{
    if (kind == SPACE_PAGES) {
        CHECK_CODE(0, page_test_zero(slot));
        return;
    }
    CHECK_CODE(RC_OK, node_fetch(slot, MARK_SLOT, SLOT_OTHER));
    CHECK_CODE(RC_DATA_KEY, key_type_of(SLOT_OTHER));
}

static void try_buy(struct model_object *object, unsigned index)
{
    unsigned bank = bank_some();
    enum space kind = (enum space)below(2);
    bool may = model_available(bank, kind) > 0;
    uint64_t code_full = kind ? RC_NO_PAGES : RC_NO_NODES;
    bank_take(bank, SLOT_BANK);
    CHECK_CODE(may ? RC_OK : code_full,
               key_order_keys(SLOT_BANK, kind * BANK_PAGES + BANK_CREATE, SLOT_NONE, SLOT_OBJECT));
    if (!may)
        return;
    *object = (struct model_object){.exists = true, .kind = kind, .bank = bank};
    model_charge(bank, kind, 1);
    zero_check(kind, SLOT_OBJECT);
    mark_write(object, SLOT_OBJECT);
    object_put(index, SLOT_OBJECT);
}

static void try_destroy(struct model_object *object, unsigned index)
{
    unsigned bank = below(4) ? object->bank : bank_some();
    uint64_t order = (below(8) ? object->kind : !object->kind) * BANK_PAGES;
    bool may = bank == object->bank && order == object->kind * BANK_PAGES;
    bank_take(bank, SLOT_BANK);
    object_take(index, SLOT_OBJECT);
    CHECK_CODE(may ? RC_OK : RC_NOT_THERE,
               key_order_keys(SLOT_BANK, order + BANK_DESTROY, SLOT_OBJECT, SLOT_NONE));
    if (!may) {
        mark_check(object, SLOT_OBJECT);
        return;
    }
    CHECK_CODE(RC_DATA_KEY, key_type_of(SLOT_OBJECT));
    model_charge(bank, object->kind, (uint64_t)-1);
    object->exists = false;
}

static void try_sever(struct model_object *object, unsigned index)
{
    bank_take(object->bank, SLOT_BANK);
    object_take(index, SLOT_OLD);
    CHECK_CODE(RC_OK, key_order_keys(SLOT_BANK, object->kind * BANK_PAGES + BANK_SEVER, SLOT_OLD,
                                     SLOT_OBJECT));
    CHECK_CODE(RC_DATA_KEY, key_type_of(SLOT_OLD));
    mark_check(object, SLOT_OBJECT);
    object_put(index, SLOT_OBJECT);
}

static void try_open(void)
{
    unsigned bank = 1, parent = bank_some();
    while (bank < BANKS && model.banks[bank].exists)
        bank++;
    if (bank == BANKS)
        return;
    bool may = model_available(parent, SPACE_NODES) > 0;
    bank_take(parent, SLOT_BANK);
    CHECK_CODE(may ? RC_OK : RC_NO_NODES, bank_create_bank(SLOT_BANK, SLOT_OTHER));
    if (!may)
        return;
    model_charge(parent, SPACE_NODES, 1);
    model.banks[bank] = (struct model_bank){.exists = true, .parent = parent};
    memcpy(model.banks[bank].limit, model.total, sizeof(model.total));
    (void)node_swap(SLOT_BANKS, bank, SLOT_OTHER, SLOT_NONE);
}

static void try_limit(void)
{
    unsigned bank = bank_some();
    enum space kind = (enum space)below(2);
    struct model_bank *account = &model.banks[bank];
    int64_t change = (int64_t)below(120) - 60, made = 0;
    int64_t lowest = -(int64_t)(account->limit[kind] - account->held[kind]);
    int64_t highest = (int64_t)(model.total[kind] - account->limit[kind]);
    if (below(8) == 0)
        change = change < 0 ? INT64_MIN : INT64_MAX;
    int64_t expected = change < lowest ? lowest : change > highest ? highest : change;
    if (bank == BOOKS_PRIME)
        return;
    bank_take(bank, SLOT_BANK);
    CHECK_CODE(RC_OK, key_order_word(SLOT_BANK, kind * BANK_PAGES + BANK_LIMIT, (uint64_t)change,
                                     (uint64_t *)&made));
    CHECK(made == expected);
    account->limit[kind] += (uint64_t)expected;
}

/* A bank goes; its space goes with it, or to the bank above. */
static void try_end(bool space)
{
    unsigned bank = bank_some();
    if (bank == BOOKS_PRIME)
        return;
    bank_take(bank, SLOT_BANK);
    CHECK_CODE(RC_OK, space ? bank_destroy_space(SLOT_BANK) : order_destroy(SLOT_BANK));
    CHECK_CODE(RC_DATA_KEY, key_type_of(SLOT_BANK));
    for (unsigned i = 0; i < OBJECTS; i++) {
        struct model_object *object = &model.objects[i];
        bool gone = space && object->exists && model_below(object->bank, bank);
        if (gone) {
            model_charge(object->bank, object->kind, (uint64_t)-1);
            object->exists = false;
            object_take(i, SLOT_OBJECT);
            CHECK_CODE(RC_DATA_KEY, key_type_of(SLOT_OBJECT));
        } else if (object->exists && object->bank == bank) {
            object->bank = model.banks[bank].parent;
        }
    }
    bool ends[BANKS];
    for (unsigned i = 1; i < BANKS; i++)
        ends[i] = model.banks[i].exists && (space ? model_below(i, bank) : i == bank);
    for (unsigned i = 1; i < BANKS; i++)
        if (ends[i])
            model_charge(model.banks[i].parent, SPACE_NODES, (uint64_t)-1);
        else if (model.banks[i].parent == bank)
            model.banks[i].parent = model.banks[bank].parent;
    for (unsigned i = 1; i < BANKS; i++)
        if (ends[i])
            model.banks[i].exists = false;
}

static void look(void)
{
    unsigned bank = bank_some(), index = (unsigned)below(OBJECTS);
    uint64_t count;
    bank_take(bank, SLOT_BANK);
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        CHECK_CODE(RC_OK, key_order_word(SLOT_BANK, kind * BANK_PAGES + BANK_QUERY, 0, &count));
        CHECK(count == model.banks[bank].held[kind]);
        CHECK_CODE(RC_OK,
                   key_order_word(SLOT_BANK, kind * BANK_PAGES + BANK_AVAILABLE, 0, &count));
        CHECK(count == model_available(bank, (enum space)kind));
    }
    if (model.objects[index].exists) {
        object_take(index, SLOT_OBJECT);
        mark_check(&model.objects[index], SLOT_OBJECT);
    }
}

static void step(void)
{
    unsigned index = (unsigned)below(OBJECTS);
    struct model_object *object = &model.objects[index];
    uint64_t choice = below(100);
    if (choice < 75 && !object->exists)
        try_buy(object, index);
    else if (choice < 60)
        try_destroy(object, index);
    else if (choice < 75)
        try_sever(object, index);
    else if (choice < 82)
        try_open();
    else if (choice < 87)
        try_limit();
    else if (choice < 90)
        try_end(choice < 88);
    else
        look();
}

/* Shelves, and what the prime bank has to begin with. */
static void begin(void)
{
    CHECK_CODE(RC_OK, bank_create_node(SLOT_PRIME, SLOT_BANKS));
    CHECK_CODE(RC_OK, bank_create_node(SLOT_PRIME, SLOT_SHELF));
    for (unsigned i = 0; i < OBJECTS / NODE_SLOTS; i++) {
        CHECK_CODE(RC_OK, bank_create_node(SLOT_PRIME, SLOT_OTHER));
        (void)node_swap(SLOT_SHELF, i, SLOT_OTHER, SLOT_NONE);
    }
    (void)node_swap(SLOT_BANKS, 0, SLOT_PRIME, SLOT_NONE);
    model.banks[0].exists = true;
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        uint64_t made = 0, order = kind * BANK_PAGES;
        (void)key_order_word(SLOT_PRIME, order + BANK_QUERY, 0, &model.banks[0].held[kind]);
        (void)key_order_word(SLOT_PRIME, order + BANK_AVAILABLE, 0, &model.left[kind]);
        (void)key_order_word(SLOT_PRIME, order + BANK_LIMIT, (uint64_t)INT64_MIN, &made);
        model.total[kind] = model.banks[0].held[kind] - made;
        model.banks[0].limit[kind] = model.total[kind];
        (void)key_order_word(SLOT_PRIME, order + BANK_LIMIT, INT64_MAX, &made);
    }
}

int domain_main(uint64_t steps, uint64_t seed)
{
    model.random = seed;
    begin();
    printf("bank random: %lu orders, seed %lu, %lu nodes, %lu pages\n", steps, seed,
           model.total[SPACE_NODES], model.total[SPACE_PAGES]);
    for (uint64_t i = 0; i < steps; i++) {
        check_note("order %lu:\n", i);
        step();
        if (i % 500 == 0)
            CHECK_CODE(0, bank_check_books(SLOT_PRIME));
    }
    check_end("bank random");
    return 0;
}
