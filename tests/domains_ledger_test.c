/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domains_ledger_test.c - the books of a space bank: limits, ranges, places, doors, and long random
 * runs after each of which the books must be right and every bank's holdings what a model says. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "disks/domains/parts/ledger.h"
#include "tests/support_disks.h"

#define NODES 300u
#define PAGES 1000u
#define BANKS 12u

static struct ledger *begin(void)
{
    size_t size_bytes = ledger_bytes(NODES, PAGES, BANKS);
    struct ledger *ledger = calloc(1, size_bytes);
    cr_assert(ledger_begin(ledger, size_bytes, NODES, PAGES));
    cr_assert(ledger_good(ledger, NODES, PAGES));
    cr_assert_eq(ledger->bank_count, BANKS);
    return ledger;
}

static void buy_many(struct ledger *ledger, unsigned bank, enum space kind, unsigned count)
{
    uint64_t offset;
    for (unsigned i = 0; i < count; i++)
        cr_assert(ledger_buy(ledger, bank, kind, &offset), "number %u", i);
}

static void expect_right(const struct ledger *ledger)
{
    const char *fault = ledger_fault(ledger);
    cr_assert_null(fault, "%s", fault);
}

Test(ledger, memory_too_small_for_two_banks_is_refused)
{
    size_t size_bytes = ledger_bytes(NODES, PAGES, 2);
    struct ledger *ledger = calloc(1, size_bytes);
    cr_expect_not(ledger_begin(ledger, size_bytes - 1, NODES, PAGES));
    cr_expect_not(ledger_begin(ledger, 1, NODES, PAGES));
    cr_expect_not(ledger_good(ledger, NODES, PAGES));
    cr_expect(ledger_begin(ledger, size_bytes, NODES, PAGES));
    cr_expect_not(ledger_good(ledger, NODES + 1, PAGES));
    cr_expect_eq(ledger_open(ledger, LEDGER_PRIME), 1);
    cr_expect_eq(ledger_open(ledger, LEDGER_PRIME), LEDGER_NONE);
    free(ledger);
}

Test(ledger, everything_can_be_bought_once)
{
    struct ledger *ledger = begin();
    uint64_t offset;
    bool seen[PAGES] = {false};
    for (unsigned i = 0; i < PAGES; i++) {
        cr_assert_eq(ledger_available(ledger, LEDGER_PRIME, SPACE_PAGES), PAGES - i);
        cr_assert(ledger_buy(ledger, LEDGER_PRIME, SPACE_PAGES, &offset));
        cr_assert_lt(offset, PAGES);
        cr_assert_not(seen[offset]);
        seen[offset] = true;
    }
    cr_expect_not(ledger_buy(ledger, LEDGER_PRIME, SPACE_PAGES, &offset));
    ledger_sell(ledger, LEDGER_PRIME, SPACE_PAGES, 77);
    cr_expect(ledger_buy(ledger, LEDGER_PRIME, SPACE_PAGES, &offset));
    cr_expect_eq(offset, 77);
    ledger_lose(ledger, LEDGER_PRIME, SPACE_PAGES, 5);
    cr_expect_not(ledger_buy(ledger, LEDGER_PRIME, SPACE_PAGES, &offset));
    expect_right(ledger);
    free(ledger);
}

Test(ledger, a_limit_holds_for_all_banks_below)
{
    struct ledger *ledger = begin();
    uint64_t offset;
    unsigned above = (unsigned)ledger_open(ledger, LEDGER_PRIME);
    unsigned lower = (unsigned)ledger_open(ledger, above);
    cr_expect_eq(ledger_limit_change(ledger, above, SPACE_NODES, -(int64_t)NODES + 10),
                 -(int64_t)NODES + 10);
    buy_many(ledger, lower, SPACE_NODES, 6);
    buy_many(ledger, above, SPACE_NODES, 4);
    cr_expect_eq(ledger_available(ledger, lower, SPACE_NODES), 0);
    cr_expect_not(ledger_buy(ledger, lower, SPACE_NODES, &offset));
    cr_expect_not(ledger_buy(ledger, above, SPACE_NODES, &offset));
    cr_expect(ledger_buy(ledger, LEDGER_PRIME, SPACE_NODES, &offset));
    cr_expect_eq(ledger_limit_change(ledger, above, SPACE_NODES, INT64_MIN), 0, "not below held");
    cr_expect_eq(ledger_limit_change(ledger, above, SPACE_NODES, INT64_MAX), NODES - 10);
    cr_expect(ledger_buy(ledger, lower, SPACE_NODES, &offset));
    expect_right(ledger);
    free(ledger);
}

Test(ledger, a_range_holds_for_all_banks_below)
{
    struct ledger *ledger = begin();
    uint64_t offset;
    unsigned above = (unsigned)ledger_open(ledger, LEDGER_PRIME);
    unsigned lower = (unsigned)ledger_open(ledger, above);
    cr_expect_not(ledger_range_set(ledger, above, SPACE_PAGES, 10, 10));
    cr_expect_not(ledger_range_set(ledger, above, SPACE_PAGES, 10, PAGES + 1));
    cr_expect(ledger_range_set(ledger, above, SPACE_PAGES, 60, 70));
    cr_expect(ledger_range_set(ledger, lower, SPACE_PAGES, 63, 130));
    cr_expect_eq(ledger_available(ledger, lower, SPACE_PAGES), 7);
    for (unsigned i = 0; i < 7; i++) {
        cr_expect(ledger_buy(ledger, lower, SPACE_PAGES, &offset));
        cr_expect(offset >= 63 && offset < 70, "%lu", offset);
    }
    cr_expect_not(ledger_buy(ledger, lower, SPACE_PAGES, &offset));
    cr_expect(ledger_range_set(ledger, lower, SPACE_PAGES, 200, 300));
    cr_expect_eq(ledger_available(ledger, lower, SPACE_PAGES), 0);
    cr_expect_not(ledger_buy(ledger, lower, SPACE_PAGES, &offset), "nothing is in both");
    expect_right(ledger);
    free(ledger);
}

Test(ledger, what_one_bank_buys_lies_together)
{
    struct ledger *ledger = begin();
    uint64_t one, two;
    unsigned banks[2] = {(unsigned)ledger_open(ledger, LEDGER_PRIME),
                         (unsigned)ledger_open(ledger, LEDGER_PRIME)};
    for (unsigned i = 0; i < 64; i++) {
        cr_assert(ledger_buy(ledger, banks[0], SPACE_PAGES, &one));
        cr_assert(ledger_buy(ledger, banks[1], SPACE_PAGES, &two));
        cr_expect_eq(one, i);
        cr_expect_eq(two, 64 + i);
    }
    free(ledger);
}

Test(ledger, banks_are_not_nested_without_end)
{
    size_t size_bytes = ledger_bytes(NODES, PAGES, 100);
    struct ledger *ledger = calloc(1, size_bytes);
    cr_assert(ledger_begin(ledger, size_bytes, NODES, PAGES));
    uint64_t bank = LEDGER_PRIME;
    for (unsigned i = 0; i < LEDGER_DEPTH_MAX; i++) {
        bank = ledger_open(ledger, (unsigned)bank);
        cr_assert_neq(bank, LEDGER_NONE);
    }
    cr_expect_eq(ledger_open(ledger, (unsigned)bank), LEDGER_NONE);
    free(ledger);
}

Test(ledger, a_door_is_known_and_charged_above)
{
    struct ledger *ledger = begin();
    uint64_t offset, other;
    unsigned bank = (unsigned)ledger_open(ledger, LEDGER_PRIME), found, forbidden;
    cr_assert(ledger_door(ledger, bank, 0, &offset));
    cr_assert(ledger_door(ledger, bank, BANK_NO_QUERY, &other));
    cr_expect(ledger_at_door(ledger, other, &found, &forbidden));
    cr_expect_eq(found, bank);
    cr_expect_eq(forbidden, BANK_NO_QUERY);
    cr_expect_eq(ledger_bank(ledger, bank)->space[SPACE_NODES].held, 0);
    cr_expect_eq(ledger_bank(ledger, LEDGER_PRIME)->space[SPACE_NODES].held, 2);
    cr_expect_not(ledger_owns(ledger, LEDGER_PRIME, SPACE_NODES, offset));
    cr_expect_not(ledger_owns(ledger, bank, SPACE_NODES, offset));
    cr_expect_not(ledger_at_door(ledger, 200, &found, &forbidden));
    cr_expect_not(ledger_at_door(ledger, UINT64_MAX, &found, &forbidden));
    uint64_t doors[LEDGER_DOORS];
    ledger_merge(ledger, bank, doors);
    cr_expect_eq(doors[0], offset + 1);
    cr_expect_eq(doors[BANK_NO_QUERY], other + 1);
    cr_expect_eq(doors[1], 0);
    cr_expect_eq(ledger->free_count[SPACE_NODES], NODES);
    expect_right(ledger);
    free(ledger);
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

static void model_open(struct model *model, struct ledger *ledger, struct random *random)
{
    int parent = model_some(model, random);
    uint64_t offset, bank = ledger_open(ledger, (unsigned)parent);
    if (bank == LEDGER_NONE)
        return;
    cr_assert_lt(model->parent[bank], 0);
    model->parent[bank] = parent;
    for (unsigned i = 0; i < 2; i++)
        (void)ledger_door(ledger, (unsigned)bank, i, &offset); /* not, if nodes have run out */
}

static void model_doom(struct model *model, struct ledger *ledger, int bank)
{
    uint64_t offset;
    ledger_doom(ledger, (unsigned)bank);
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++) {
        uint64_t cursor = 0;
        while (ledger_next_doomed(ledger, kind, &cursor, &offset)) {
            int owner = model->owner[kind][offset];
            cr_assert(owner < 0 || model_below(model, owner, bank));
            model->owner[kind][offset] = -1;
        }
        for (unsigned i = 0; i < PAGES; i++)
            cr_assert_not(model->owner[kind][i] > 0 &&
                          model_below(model, model->owner[kind][i], bank));
    }
    ledger_close_doomed(ledger);
    int gone[BANKS];
    for (int i = 0; i < (int)BANKS; i++)
        gone[i] = model->parent[i] >= 0 && model_below(model, i, bank);
    for (int i = 0; i < (int)BANKS; i++)
        if (gone[i])
            model->parent[i] = -1;
}

static void model_merge(struct model *model, struct ledger *ledger, int bank)
{
    uint64_t doors[LEDGER_DOORS];
    ledger_merge(ledger, (unsigned)bank, doors);
    for (unsigned kind = 0; kind < SPACE_KINDS; kind++)
        for (unsigned i = 0; i < PAGES; i++)
            if (model->owner[kind][i] == bank)
                model->owner[kind][i] = model->parent[bank];
    for (unsigned i = 1; i < BANKS; i++)
        if (model->parent[i] == bank)
            model->parent[i] = model->parent[bank];
    model->parent[bank] = -1;
}

static void model_trade(struct model *model, struct ledger *ledger, struct random *random)
{
    unsigned bank = (unsigned)model_some(model, random), kind = (unsigned)random_below(random, 2);
    uint64_t offset = random_below(random, kind ? PAGES : NODES);
    if (random_below(random, 5) < 3) {
        if (ledger_buy(ledger, bank, kind, &offset)) {
            cr_assert_lt(model->owner[kind][offset], 0);
            model->owner[kind][offset] = (int)bank;
        } else {
            cr_assert_eq(ledger_available(ledger, bank, kind), 0);
        }
        return;
    }
    for (unsigned i = 0; i < PAGES; i++) {
        int owner = model->owner[kind][offset];
        cr_assert_eq(ledger_owns(ledger, bank, kind, offset), owner == (int)bank);
        if (owner == (int)bank) {
            ledger_sell(ledger, bank, kind, offset);
            model->owner[kind][offset] = -1;
            return;
        }
        offset = (offset + 1) % (kind ? PAGES : NODES);
    }
}

Test(ledger, random_runs_agree_with_a_model)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct random random = {seed};
        struct ledger *ledger = begin();
        struct model model;
        for (unsigned i = 0; i < SPACE_KINDS * PAGES; i++)
            model.owner[i / PAGES][i % PAGES] = -1;
        for (unsigned i = 0; i < BANKS; i++)
            model.parent[i] = i ? -1 : 0;
        for (unsigned step = 0; step < 6000; step++) {
            uint64_t choice = random_below(&random, 200);
            int bank = model_some(&model, &random);
            if (choice < 4)
                model_open(&model, ledger, &random);
            else if (choice < 5 && bank)
                model_doom(&model, ledger, bank);
            else if (choice < 6 && bank)
                model_merge(&model, ledger, bank);
            else if (choice < 8 && bank)
                (void)ledger_limit_change(ledger, (unsigned)bank, random_below(&random, 2),
                                          (int64_t)random_below(&random, 400) - 200);
            else
                model_trade(&model, ledger, &random);
            if (step % 100 == 0 && ledger_fault(ledger))
                cr_assert(false, "seed %lu, step %u: %s", seed, step, ledger_fault(ledger));
        }
        expect_right(ledger);
        free(ledger);
    }
}
