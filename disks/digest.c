/* SPDX-License-Identifier: GPL-2.0-or-later */
/* digest.c - the logical digest of a store. Called by the disk command and tests.
 *
 * What is hashed, in this order:
 *   pages, by id:    'P', id, allocation count, 0 for zeros or 1 and the 4096 bytes
 *   nodes, by id:    'N', id, allocation count, call count, 16 keys of 16 bytes
 *   running, by id:  'R', id
 * each number as 8 bytes little-endian. Objects that are all zero with counts of 0 are left out.
 *
 * A void key is hashed as data key 0 (settle.h).
 */
#include "disks/digest.h"

#include <string.h>

#include "disks/counts.h"
#include "disks/settle.h"
#include "emulator/base/bytes.h"
#include "kernel/abi.h"

struct digesting {
    struct store *store;
    struct store_digest *result;
    struct digest_state *state;
    struct error *error;
    struct counts pages, nodes;
};

static bool lost(struct digesting *digesting, const char *what, uint64_t id, const char *problem)
{
    return error_set(digesting->error, ERROR_FORMAT, "%s: %s %llu: %s",
                     digesting->store->volumes[0].path, what, (unsigned long long)id, problem);
}

static bool whole(struct digesting *digesting, const char *what, uint64_t id, uint64_t generation)
{
    uint64_t used = digesting->store->header.generation;
    if (generation <= used)
        return true;
    return error_set(digesting->error, ERROR_FORMAT,
                     "%s: generation %llu is no longer whole: %s %llu was written home in %llu",
                     digesting->store->volumes[0].path, (unsigned long long)used, what,
                     (unsigned long long)id, (unsigned long long)generation);
}

static void number_add(struct digesting *digesting, uint64_t number)
{
    uint8_t bytes[8];
    store_u64(bytes, number);
    digest_add(digesting->state, bytes, sizeof(bytes));
}

static bool is_zero(const void *bytes, size_t size_bytes)
{
    const uint8_t *at = bytes;
    return at[0] == 0 && memcmp(at, at + 1, size_bytes - 1) == 0;
}

static bool page_digest(struct digesting *digesting, uint64_t id, struct store_page *page)
{
    const char *problem = store_page(digesting->store, id, page);
    if (problem)
        return lost(digesting, "page", id, problem);
    if (!whole(digesting, "page", id, page->home_generation))
        return false;
    bool zero = page->zero || is_zero(page->data, sizeof(page->data));
    if (page->allocation_count)
        counts_add(&digesting->pages,
                   (struct object_counts){.id = id, .allocation_count = page->allocation_count});
    if (zero && page->allocation_count == 0)
        return true;
    number_add(digesting, 'P');
    number_add(digesting, id);
    number_add(digesting, page->allocation_count);
    number_add(digesting, !zero);
    if (!zero)
        digest_add(digesting->state, page->data, sizeof(page->data));
    digesting->result->page_count++;
    return true;
}

static bool pages_digest(struct digesting *digesting)
{
    struct store_page page;
    for (uint64_t id = 1; (id = store_next(digesting->store, RANGE_PAGE_POTS, id)) != 0; id++)
        if (!page_digest(digesting, id, &page))
            return false;
    return true;
}

/* All counts first, since any node may hold a key to any other. */
static bool nodes_count(struct digesting *digesting)
{
    struct store *store = digesting->store;
    struct store_node node;
    for (uint64_t id = 1; (id = store_next(store, RANGE_NODES, id)) != 0; id++) {
        const char *problem = store_node(store, id, &node);
        if (problem)
            return lost(digesting, "node", id, problem);
        if (!whole(digesting, "node", id, node.home_generation))
            return false;
        if (!is_zero(&node.node, sizeof(node.node)))
            counts_add(&digesting->nodes,
                       (struct object_counts){.id = id,
                                              .allocation_count = node.node.allocation_count,
                                              .call_count = node.node.call_count});
    }
    return true;
}

static bool node_digest(struct digesting *digesting, uint64_t id)
{
    struct store_node node;
    const char *problem = store_node(digesting->store, id, &node);
    if (problem)
        return lost(digesting, "node", id, problem);
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++)
        node.node.slots[slot] = settle_key(&digesting->pages, &digesting->nodes,
                                             node.node.slots[slot]);
    if (is_zero(&node.node, sizeof(node.node)))
        return true;
    number_add(digesting, 'N');
    number_add(digesting, id);
    number_add(digesting, node.node.allocation_count);
    number_add(digesting, node.node.call_count);
    digest_add(digesting->state, node.node.slots, sizeof(node.node.slots));
    digesting->result->node_count++;
    return true;
}

static bool nodes_digest(struct digesting *digesting)
{
    if (!nodes_count(digesting))
        return false;
    for (size_t i = 0; i < digesting->nodes.count; i++)
        if (!node_digest(digesting, digesting->nodes.list[i].id))
            return false;
    return true;
}

/* The directory is sorted by kind and then by id. */
static void running_digest(struct digesting *digesting)
{
    const struct store_directory *directory = &digesting->store->directory;
    for (size_t i = 0; i < directory->count; i++) {
        if (directory->entries[i].kind != DIRECTORY_RUNNING)
            continue;
        number_add(digesting, 'R');
        number_add(digesting, disk_id(directory->entries[i].object_id));
        digesting->result->running_count++;
    }
}

bool digest_store(struct store *store, uint64_t generation, struct store_digest *result,
                  struct error *error)
{
    struct digesting digesting = {.store = store, .result = result, .error = error};
    *result = (struct store_digest){0};
    if (!store_use(store, generation, error))
        return false;
    result->generation = store->header.generation;
    digesting.state = digest_create();
    bool good = pages_digest(&digesting) && nodes_digest(&digesting);
    if (good)
        running_digest(&digesting);
    result->digest = digest_end(digesting.state);
    counts_finish(&digesting.pages);
    counts_finish(&digesting.nodes);
    return good;
}
