/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_calls.c - see kernel_calls.h. */
#include "tests/kernel_calls.h"

#include <stdlib.h>

#define TURNS 32u
#define TURNS_MAX 4000u /* with checkpoints going on */

#define ENTRY_ALL                                                                                  \
    (TAKE_ALL | TAKE_MEMORY | TAKE_KEY(0, CALLS_SLOT_REPLY) | TAKE_KEY(1, CALLS_SLOT_REPLY + 1) |  \
     TAKE_KEY(2, CALLS_SLOT_REPLY + 2))

uint64_t calls_domain(struct store *store, enum domain_state state)
{
    uint64_t first_page, root = store_domain(store, state);
    store_node(store, root)->slots[DOMAIN_SLOT_MEMORY] =
        store_segment(store, CALLS_PAGES, &first_page);
    if (state == DOMAIN_RUNNING)
        store_running(store, root);
    return root;
}

void calls_boot(struct store *store, uint64_t root)
{
    store_finish(store);
    if (host_boot(store, CALLS_RAM_BYTES))
        abort();
    host_knobs(false, true);
    if (!host_run() || host_running_id() != root)
        abort();
}

/* While the caller waits for the disk others get their turns. false: it does not come back. */
static bool turn_of(uint64_t caller)
{
    for (unsigned turn = 0; turn < TURNS && host_running_id(); turn++) {
        if (host_running_id() == caller)
            return true;
        (void)host_tick(1);
    }
    return false;
}

struct reply calls_order(unsigned slot, uint64_t order, const void *string, size_t size_bytes,
                         uint64_t keys)
{
    struct reply reply = {.back = false};
    uint64_t caller = host_running_id();
    while (size_bytes && !host_store(CALLS_SEND, string, size_bytes))
        if (!turn_of(caller))
            abort();
    (void)host_call(order, CALL_SLOT(slot) | SEND_MEMORY | keys, ENTRY_ALL, CALLS_SEND, size_bytes,
                    CALLS_TAKE, STRING_BYTES_MAX);
    if (!turn_of(caller))
        return reply;
    reply.back = true;
    reply.code = host_argument(0);
    reply.length_bytes = host_argument(4);
    if (!host_load(CALLS_TAKE, reply.string, STRING_BYTES_MAX))
        abort();
    return reply;
}

uint64_t calls_code(unsigned slot, uint64_t order, uint64_t keys)
{
    struct reply reply = calls_order(slot, order, NULL, 0, keys);
    if (!reply.back)
        abort();
    return reply.code;
}

uint64_t calls_number(unsigned slot, uint64_t order, uint64_t number)
{
    struct reply reply = calls_order(slot, order, &number, sizeof(number), 0);
    if (!reply.back)
        abort();
    return reply.code;
}

void calls_back(uint64_t root)
{
    for (unsigned turn = 0; host_running_id() != root; turn++) {
        if (turn == TURNS_MAX)
            abort();
        (void)host_tick(1);
    }
}

void calls_word_set(uint64_t addr, uint64_t word)
{
    uint64_t root = host_running_id();
    while (!host_store(addr, &word, sizeof(word)))
        calls_back(root);
}

uint64_t calls_word_get(uint64_t addr)
{
    uint64_t word, root = host_running_id();
    while (!host_load(addr, &word, sizeof(word)))
        calls_back(root);
    return word;
}
