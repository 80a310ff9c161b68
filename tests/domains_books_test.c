/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domains_books_test.c - the books of a space bank: limits, ranges, places, doors, and long random
 * runs after each of which the books must be right and every bank's holdings what a model says. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "disks/domains/parts/books.h"
#include "tests/support_disks.h"

#define NODES 300u
#define PAGES 1000u
#define BANKS 12u

static struct books *begin(void)
{
    size_t size_bytes = books_bytes(NODES, PAGES, BANKS);
    struct books *books = calloc(1, size_bytes);
    cr_assert(books_begin(books, size_bytes, NODES, PAGES));
    cr_assert(books_good(books, NODES, PAGES));
    cr_assert_eq(books->bank_count, BANKS);
    return books;
}

static void buy_many(struct books *books, unsigned bank, enum space kind, unsigned count)
{
    uint64_t offset;
    for (unsigned i = 0; i < count; i++)
        cr_assert(books_buy(books, bank, kind, &offset), "number %u", i);
}

static void expect_right(const struct books *books)
{
    const char *fault = books_fault(books);
    cr_assert_null(fault, "%s", fault);
}

Test(books, memory_too_small_for_two_banks_is_refused)
{
    size_t size_bytes = books_bytes(NODES, PAGES, 2);
    struct books *books = calloc(1, size_bytes);
    cr_expect_not(books_begin(books, size_bytes - 1, NODES, PAGES));
    cr_expect_not(books_begin(books, 1, NODES, PAGES));
    cr_expect_not(books_good(books, NODES, PAGES));
    cr_expect(books_begin(books, size_bytes, NODES, PAGES));
    cr_expect_not(books_good(books, NODES + 1, PAGES));
    cr_expect_eq(books_open(books, BOOKS_PRIME), 1);
    cr_expect_eq(books_open(books, BOOKS_PRIME), BOOKS_NONE);
    free(books);
}

Test(books, everything_can_be_bought_once)
{
    struct books *books = begin();
    uint64_t offset;
    bool seen[PAGES] = {false};
    for (unsigned i = 0; i < PAGES; i++) {
        cr_assert_eq(books_available(books, BOOKS_PRIME, SPACE_PAGES), PAGES - i);
        cr_assert(books_buy(books, BOOKS_PRIME, SPACE_PAGES, &offset));
        cr_assert_lt(offset, PAGES);
        cr_assert_not(seen[offset]);
        seen[offset] = true;
    }
    cr_expect_not(books_buy(books, BOOKS_PRIME, SPACE_PAGES, &offset));
    books_sell(books, BOOKS_PRIME, SPACE_PAGES, 77);
    cr_expect(books_buy(books, BOOKS_PRIME, SPACE_PAGES, &offset));
    cr_expect_eq(offset, 77);
    books_lose(books, BOOKS_PRIME, SPACE_PAGES, 5);
    cr_expect_not(books_buy(books, BOOKS_PRIME, SPACE_PAGES, &offset));
    expect_right(books);
    free(books);
}

Test(books, a_limit_holds_for_all_banks_below)
{
    struct books *books = begin();
    uint64_t offset;
    unsigned above = (unsigned)books_open(books, BOOKS_PRIME);
    unsigned lower = (unsigned)books_open(books, above);
    cr_expect_eq(books_limit_change(books, above, SPACE_NODES, -(int64_t)NODES + 10),
                 -(int64_t)NODES + 10);
    buy_many(books, lower, SPACE_NODES, 6);
    buy_many(books, above, SPACE_NODES, 4);
    cr_expect_eq(books_available(books, lower, SPACE_NODES), 0);
    cr_expect_not(books_buy(books, lower, SPACE_NODES, &offset));
    cr_expect_not(books_buy(books, above, SPACE_NODES, &offset));
    cr_expect(books_buy(books, BOOKS_PRIME, SPACE_NODES, &offset));
    cr_expect_eq(books_limit_change(books, above, SPACE_NODES, INT64_MIN), 0, "not below held");
    cr_expect_eq(books_limit_change(books, above, SPACE_NODES, INT64_MAX), NODES - 10);
    cr_expect(books_buy(books, lower, SPACE_NODES, &offset));
    expect_right(books);
    free(books);
}

Test(books, a_range_holds_for_all_banks_below)
{
    struct books *books = begin();
    uint64_t offset;
    unsigned above = (unsigned)books_open(books, BOOKS_PRIME);
    unsigned lower = (unsigned)books_open(books, above);
    cr_expect_not(books_range_set(books, above, SPACE_PAGES, 10, 10));
    cr_expect_not(books_range_set(books, above, SPACE_PAGES, 10, PAGES + 1));
    cr_expect(books_range_set(books, above, SPACE_PAGES, 60, 70));
    cr_expect(books_range_set(books, lower, SPACE_PAGES, 63, 130));
    cr_expect_eq(books_available(books, lower, SPACE_PAGES), 7);
    for (unsigned i = 0; i < 7; i++) {
        cr_expect(books_buy(books, lower, SPACE_PAGES, &offset));
        cr_expect(offset >= 63 && offset < 70, "%lu", offset);
    }
    cr_expect_not(books_buy(books, lower, SPACE_PAGES, &offset));
    cr_expect(books_range_set(books, lower, SPACE_PAGES, 200, 300));
    cr_expect_eq(books_available(books, lower, SPACE_PAGES), 0);
    cr_expect_not(books_buy(books, lower, SPACE_PAGES, &offset), "nothing is in both");
    expect_right(books);
    free(books);
}

Test(books, what_one_bank_buys_lies_together)
{
    struct books *books = begin();
    uint64_t one, two;
    unsigned banks[2] = {(unsigned)books_open(books, BOOKS_PRIME),
                         (unsigned)books_open(books, BOOKS_PRIME)};
    for (unsigned i = 0; i < 64; i++) {
        cr_assert(books_buy(books, banks[0], SPACE_PAGES, &one));
        cr_assert(books_buy(books, banks[1], SPACE_PAGES, &two));
        cr_expect_eq(one, i);
        cr_expect_eq(two, 64 + i);
    }
    free(books);
}

Test(books, banks_are_not_nested_without_end)
{
    size_t size_bytes = books_bytes(NODES, PAGES, 100);
    struct books *books = calloc(1, size_bytes);
    cr_assert(books_begin(books, size_bytes, NODES, PAGES));
    uint64_t bank = BOOKS_PRIME;
    for (unsigned i = 0; i < BOOKS_DEPTH_MAX; i++) {
        bank = books_open(books, (unsigned)bank);
        cr_assert_neq(bank, BOOKS_NONE);
    }
    cr_expect_eq(books_open(books, (unsigned)bank), BOOKS_NONE);
    free(books);
}

Test(books, a_door_is_known_and_charged_above)
{
    struct books *books = begin();
    uint64_t offset, other;
    unsigned bank = (unsigned)books_open(books, BOOKS_PRIME), found, forbidden;
    cr_assert(books_door(books, bank, 0, &offset));
    cr_assert(books_door(books, bank, BANK_NO_QUERY, &other));
    cr_expect(books_at_door(books, other, &found, &forbidden));
    cr_expect_eq(found, bank);
    cr_expect_eq(forbidden, BANK_NO_QUERY);
    cr_expect_eq(books_bank(books, bank)->space[SPACE_NODES].held, 0);
    cr_expect_eq(books_bank(books, BOOKS_PRIME)->space[SPACE_NODES].held, 2);
    cr_expect_not(books_owns(books, BOOKS_PRIME, SPACE_NODES, offset));
    cr_expect_not(books_owns(books, bank, SPACE_NODES, offset));
    cr_expect_not(books_at_door(books, 200, &found, &forbidden));
    cr_expect_not(books_at_door(books, UINT64_MAX, &found, &forbidden));
    uint64_t doors[BOOKS_DOORS];
    books_merge(books, bank, doors);
    cr_expect_eq(doors[0], offset + 1);
    cr_expect_eq(doors[BANK_NO_QUERY], other + 1);
    cr_expect_eq(doors[1], 0);
    cr_expect_eq(books->free_count[SPACE_NODES], NODES);
    expect_right(books);
    free(books);
}

/* What the model knows: the owner of every object by bank, and the tree. */
struct model {
    int owner[SPACE_KINDS][PAGES]; /* -1: free or a door */
    int parent[BANKS];             /* -1: no such bank */
};

static bool model_below(const struct model *model, int bank, int above)
{
    while (bank > 0 && bank != above)
        bank = model->parent[bank];
    return bank == above;
}

static int model_some(const struct model *model, struct random *random)
{
    int bank;
    do
        bank = (int)random_below(random, BANKS);
    while (model->parent[bank] < 0);
    return bank;
}

static void model_open(struct model *model, struct books *books, struct random *random)
{
    int parent = model_some(model, random);
    uint64_t offset, bank = books_open(books, (unsigned)parent);
    if (bank == BOOKS_NONE)
        return;
    cr_assert_lt(model->parent[bank], 0);
    model->parent[bank] = parent;
    for (unsigned i = 0; i < 2; i++)
        (void)books_door(books, (unsigned)bank, i, &offset); /* not, if nodes have run out */
}

static void model_doom(struct model *model, struct books *books, int bank)
{
    uint64_t offset;
    books_doom(books, (unsigned)bank);
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        uint64_t cursor = 0;
        while (books_next_doomed(books, kind, &cursor, &offset)) {
            int owner = model->owner[kind][offset];
            cr_assert(owner < 0 || model_below(model, owner, bank));
            model->owner[kind][offset] = -1;
        }
        for (unsigned i = 0; i < PAGES; i++)
            cr_assert_not(model->owner[kind][i] > 0 &&
                          model_below(model, model->owner[kind][i], bank));
    }
    books_close_doomed(books);
    int gone[BANKS];
    for (int i = 0; i < (int)BANKS; i++)
        gone[i] = model->parent[i] >= 0 && model_below(model, i, bank);
    for (int i = 0; i < (int)BANKS; i++)
        if (gone[i])
            model->parent[i] = -1;
}

static void model_merge(struct model *model, struct books *books, int bank)
{
    uint64_t doors[BOOKS_DOORS];
    books_merge(books, (unsigned)bank, doors);
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++)
        for (unsigned i = 0; i < PAGES; i++)
            if (model->owner[kind][i] == bank)
                model->owner[kind][i] = model->parent[bank];
    for (unsigned i = 1; i < BANKS; i++)
        if (model->parent[i] == bank)
            model->parent[i] = model->parent[bank];
    model->parent[bank] = -1;
}

static void model_trade(struct model *model, struct books *books, struct random *random)
{
    unsigned bank = (unsigned)model_some(model, random), kind = (unsigned)random_below(random, 2);
    uint64_t offset = random_below(random, kind ? PAGES : NODES);
    if (random_below(random, 5) < 3) {
        if (books_buy(books, bank, kind, &offset)) {
            cr_assert_lt(model->owner[kind][offset], 0);
            model->owner[kind][offset] = (int)bank;
        } else {
            cr_assert_eq(books_available(books, bank, kind), 0);
        }
        return;
    }
    for (unsigned i = 0; i < PAGES; i++) {
        int owner = model->owner[kind][offset];
        cr_assert_eq(books_owns(books, bank, kind, offset), owner == (int)bank);
        if (owner == (int)bank) {
            books_sell(books, bank, kind, offset);
            model->owner[kind][offset] = -1;
            return;
        }
        offset = (offset + 1) % (kind ? PAGES : NODES);
    }
}

Test(books, random_runs_agree_with_a_model)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct random random = {seed};
        struct books *books = begin();
        struct model model;
        for (unsigned i = 0; i < SPACE_KINDS * PAGES; i++)
            model.owner[i / PAGES][i % PAGES] = -1;
        for (unsigned i = 0; i < BANKS; i++)
            model.parent[i] = i ? -1 : 0;
        for (unsigned step = 0; step < 6000; step++) {
            uint64_t choice = random_below(&random, 200);
            int bank = model_some(&model, &random);
            if (choice < 4)
                model_open(&model, books, &random);
            else if (choice < 5 && bank)
                model_doom(&model, books, bank);
            else if (choice < 6 && bank)
                model_merge(&model, books, bank);
            else if (choice < 8 && bank)
                (void)books_limit_change(books, (unsigned)bank, random_below(&random, 2),
                                          (int64_t)random_below(&random, 400) - 200);
            else
                model_trade(&model, books, &random);
            if (step % 100 == 0 && books_fault(books))
                cr_assert(false, "seed %lu, step %u: %s", seed, step, books_fault(books));
        }
        expect_right(books);
        free(books);
    }
}
