/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_book.c - the pages of the ledger: paths, rows, accounts, found by what they are about.
 * Called by ledger.c and what prints a ledger; calls memory.h.
 *
 * Invariants
 *  1. Paths, rows and accounts keep their index as long as the ledger lives.
 *  2. Of paths that differ in their order only there are fewer than ORDERS_MAX; when there would be
 *     more, all are put together.
 */
#include <assert.h>
#include <stdlib.h>

#include "emulator/base/memory.h"
#include "emulator/ledger_state.h"

#define PLACES_FIRST 64u
#define PATHS_MAX 65536u
#define ORDERS_MAX 64u /* of one key type, ... : more are numbers that somebody counts up */
#define ACCOUNTS_MAX (1u << 20)

static size_t path_hash(const struct ledger_path *path)
{
    uint64_t rest = path->kind | (uint64_t)path->key_type << 8 | (uint64_t)path->detail << 16 |
                    (uint64_t)path->keys << 24 | (uint64_t)path->length << 32;
    return ledger_hash(path->order * 3 + rest);
}

static uint32_t *path_find(const struct ledger *ledger, const struct ledger_path *path)
{
    size_t mask = ledger->place_count - 1, at = path_hash(path) & mask;
    while (ledger->places[at] &&
           !ledger_path_equal(&ledger->paths[ledger->places[at] - 1].path, path))
        at = (at + 1) & mask;
    return &ledger->places[at];
}

static void paths_spread(struct ledger *ledger)
{
    free(ledger->places);
    ledger->place_count = ledger->place_count ? 2 * ledger->place_count : PLACES_FIRST;
    ledger->places = memory_zeroed(ledger->place_count, sizeof(*ledger->places));
    for (size_t i = 0; i < ledger->path_count; i++)
        *path_find(ledger, &ledger->paths[i].path) = (uint32_t)i + 1;
}

static uint32_t path_add(struct ledger *ledger, const struct ledger_path *path)
{
    ledger->paths = memory_grow(ledger->paths, ledger->path_count, &ledger->path_capacity,
                                sizeof(*ledger->paths));
    ledger->paths[ledger->path_count] = (struct ledger_entry_path){
        .path = *path, .node = ledger_tree_add(&ledger->tree, 0, 0)};
    uint32_t made = (uint32_t)ledger->path_count++;
    *path_find(ledger, path) = made + 1;
    if (2 * ledger->path_count > ledger->place_count)
        paths_spread(ledger);
    return made;
}

struct ledger_row *ledger_row_place(struct ledger *ledger, uint32_t path,
                                    const struct ledger_result *result)
{
    assert(path < ledger->path_count);
    for (uint32_t at = ledger->paths[path].row; at; at = ledger->rows[at - 1].next) {
        struct ledger_row *row = &ledger->rows[at - 1];
        if (row->result.outcome == result->outcome && row->result.code == result->code)
            return row;
    }
    ledger->rows = memory_grow(ledger->rows, ledger->row_count, &ledger->row_capacity,
                               sizeof(*ledger->rows));
    struct ledger_row *row = &ledger->rows[ledger->row_count++];
    *row = (struct ledger_row){.path = path, .next = ledger->paths[path].row, .result = *result};
    ledger->paths[path].row = (uint32_t)ledger->row_count;
    return row;
}

/* All paths that differ from this one in their order only. */
static void paths_put_together(struct ledger *ledger, uint32_t all)
{
    for (uint32_t i = 0; i < ledger->path_count; i++) {
        struct ledger_path path = ledger->paths[i].path;
        path.order = LEDGER_MANY;
        if (i == all || !ledger_path_equal(&path, &ledger->paths[all].path))
            continue;
        for (uint32_t at = ledger->paths[i].row; at; at = ledger->rows[at - 1].next) {
            struct ledger_result result = ledger->rows[at - 1].result;
            struct ledger_row *to = ledger_row_place(ledger, all, &result);
            struct ledger_row *from = &ledger->rows[at - 1];
            occurrences_move(&from->instructions, &to->instructions);
            occurrences_move(&from->cycles, &to->cycles);
        }
        ledger_tree_move(&ledger->tree, ledger->paths[i].node, ledger->paths[all].node);
        ledger->paths[i].put_to = all + 1;
    }
}

uint32_t ledger_path_place(struct ledger *ledger, const struct ledger_path *path)
{
    const uint32_t *place = path_find(ledger, path);
    if (*place && ledger->paths[*place - 1].put_to)
        return ledger->paths[*place - 1].put_to - 1;
    if (*place)
        return *place - 1;
    if (!ledger_path_is_message(path) || path->order == LEDGER_MANY)
        return path_add(ledger, path);
    struct ledger_path any = *path;
    any.order = LEDGER_MANY;
    uint32_t all = ledger_path_place(ledger, &any);
    if (ledger->paths[all].orders == ORDERS_MAX || ledger->path_count >= PATHS_MAX)
        return all;
    if (++ledger->paths[all].orders < ORDERS_MAX)
        return path_add(ledger, path);
    paths_put_together(ledger, all);
    return all;
}

static uint32_t *account_find(const struct ledger_accounts *accounts, uint64_t id)
{
    size_t mask = accounts->place_count - 1, at = ledger_hash(id) & mask;
    while (accounts->places[at] && accounts->accounts[accounts->places[at] - 1].id != id)
        at = (at + 1) & mask;
    return &accounts->places[at];
}

static void accounts_spread(struct ledger_accounts *accounts)
{
    free(accounts->places);
    accounts->place_count = accounts->place_count ? 2 * accounts->place_count : PLACES_FIRST;
    accounts->places = memory_zeroed(accounts->place_count, sizeof(*accounts->places));
    for (size_t i = 0; i < accounts->count; i++)
        *account_find(accounts, accounts->accounts[i].id) = (uint32_t)i + 1;
}

struct ledger_account *ledger_account_place(struct ledger_accounts *accounts, uint64_t id)
{
    uint32_t *place = account_find(accounts, id);
    if (*place)
        return &accounts->accounts[*place - 1];
    if (accounts->count >= ACCOUNTS_MAX) /* a guest that makes domains up */
        return &accounts->accounts[0];
    accounts->accounts = memory_grow(accounts->accounts, accounts->count, &accounts->capacity,
                                     sizeof(*accounts->accounts));
    size_t made = accounts->count++;
    accounts->accounts[made] = (struct ledger_account){.id = id};
    *place = (uint32_t)accounts->count;
    if (2 * accounts->count > accounts->place_count)
        accounts_spread(accounts);
    return &accounts->accounts[made];
}

void ledger_accounts_init(struct ledger_accounts *accounts)
{
    *accounts = (struct ledger_accounts){.count = 0};
    accounts_spread(accounts);
}

void ledger_accounts_finish(struct ledger_accounts *accounts)
{
    free(accounts->accounts);
    free(accounts->places);
}

void ledger_book_init(struct ledger *ledger)
{
    ledger_tree_init(&ledger->tree);
    paths_spread(ledger);
    ledger_accounts_init(&ledger->domains);
    ledger_accounts_init(&ledger->meters);
    (void)ledger_account_place(&ledger->domains, 0); /* nobody comes first */
    (void)ledger_account_place(&ledger->meters, 0);
}

void ledger_book_finish(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->row_count; i++) {
        occurrences_finish(&ledger->rows[i].instructions);
        occurrences_finish(&ledger->rows[i].cycles);
    }
    free(ledger->rows);
    free(ledger->paths);
    free(ledger->places);
    ledger_accounts_finish(&ledger->domains);
    ledger_accounts_finish(&ledger->meters);
    ledger_tree_finish(&ledger->tree);
}

/* --- in the order in which people read them --- */

struct ranked {
    uint64_t weight;
    uint32_t index;
};

static int ranked_compare(const void *left, const void *right)
{
    const struct ranked *one = left, *other = right;
    if (one->weight != other->weight)
        return one->weight > other->weight ? -1 : 1;
    return one->index < other->index ? -1 : one->index > other->index;
}

uint32_t *ledger_ranked(const uint64_t *weights, size_t count)
{
    struct ranked *ranked = memory_zeroed(count + 1, sizeof(*ranked));
    uint32_t *indexes = memory_zeroed(count + 1, sizeof(*indexes));
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){weights[i], (uint32_t)i};
    qsort(ranked, count, sizeof(*ranked), ranked_compare);
    for (size_t i = 0; i < count; i++)
        indexes[i] = ranked[i].index;
    free(ranked);
    return indexes;
}

size_t ledger_rows_sorted(const struct ledger_view *view, uint32_t **indexes)
{
    uint64_t *weights = memory_zeroed(view->row_count + 1, sizeof(*weights));
    size_t count = 0;
    for (size_t i = 0; i < view->row_count; i++)
        weights[i] = view->rows[i].instructions.sum;
    uint32_t *ranked = ledger_ranked(weights, view->row_count);
    for (size_t i = 0; i < view->row_count; i++)
        if (view->rows[ranked[i]].instructions.total)
            ranked[count++] = ranked[i];
    free(weights);
    *indexes = ranked;
    return count;
}

uint32_t *ledger_accounts_sorted(const struct ledger_accounts *accounts)
{
    uint64_t *weights = memory_zeroed(accounts->count + 1, sizeof(*weights));
    for (size_t i = 0; i < accounts->count; i++)
        weights[i] = accounts->accounts[i].user.instructions +
                     accounts->accounts[i].kernel.instructions;
    uint32_t *ranked = ledger_ranked(weights, accounts->count);
    free(weights);
    return ranked;
}

double ledger_percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}
