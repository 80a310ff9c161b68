/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_gate_test.c - messages between domains: what arrives, what does not, and who runs.
 * Natively. */
#include <criterion/criterion.h>
#include <string.h>

#include "kernel/gate.h"
#include "kernel/sched.h"
#include "tests/kernel_calls.h"

#define TAKE_REGISTERS ENTRY_STRING(STRING_REGISTERS)
#define SLOT_SERVER 1u /* of the client: start key of the server */
#define SLOT_BACK 15u  /* of the server: the resume key it gets */

/* A client that runs, and a server that is available, each with 16 pages of memory. */
struct pair {
    struct store *store;
    uint64_t client, server;
};

static uint64_t domain_with_memory(struct store *store, enum domain_state state)
{
    uint64_t first_page, root = store_domain(store, state);
    store_node(store, root)->slots[DOMAIN_SLOT_MEMORY] = store_segment(store, 16, &first_page);
    return root;
}

static struct pair pair_make(uint64_t server_entry)
{
    struct pair pair = {.store = store_create(600, 400)};
    pair.client = domain_with_memory(pair.store, DOMAIN_RUNNING);
    pair.server = domain_with_memory(pair.store, DOMAIN_AVAILABLE);
    store_slot(pair.store, pair.client, SLOT_SERVER, store_key(KEY_START, 77, pair.server));
    store_slot(pair.store, pair.client, 2, store_number(222));
    store_register(pair.store, pair.server, REGISTER_A0 + 2, server_entry);
    store_running(pair.store, pair.client);
    return pair;
}

static void pair_boot(struct pair *pair)
{
    store_finish(pair->store);
    cr_assert_null(host_boot(pair->store, CALLS_RAM_BYTES));
    host_knobs(false, true);
    cr_assert_not_null(host_run());
    cr_assert_eq(host_running_id(), pair->client);
}

Test(gate, call_carries_code_byte_and_string_in_registers_and_the_reply_comes_back)
{
    struct pair pair = pair_make(TAKE_ALL | TAKE_REGISTERS | TAKE_KEY(3, SLOT_BACK));
    pair_boot(&pair);
    host_set_string("hello there", 11);
    host_call(5, CALL_SLOT(SLOT_SERVER) | SEND_REGISTERS, TAKE_ALL | TAKE_REGISTERS, 0, 11, 0, 0);
    cr_assert_eq(host_running_id(), pair.server);
    cr_assert_eq(host_argument(0), 5);
    cr_assert_eq(host_argument(1), 77);
    cr_assert_eq(host_argument(4), 11);
    cr_assert_eq(host_string(1), 0x657265);
    cr_assert_eq(key_type(host_slot(SLOT_BACK)), KEY_RESUME);
    host_set_string("ok", 2);
    host_call(6, RETURN_SLOT(SLOT_BACK) | SEND_REGISTERS, 0, 0, 2, 0, 0);
    cr_assert_eq(host_running_id(), pair.client);
    cr_assert_eq(host_argument(0), 6);
    cr_assert_eq(host_argument(1), 0, "a reply has no data byte");
    cr_assert_eq(host_argument(4), 2);
    cr_assert_eq(host_string(0), 0x6b6f);
    cr_assert_eq(host_domain(pair.server)->state, DOMAIN_AVAILABLE);
}

Test(gate, dead_registers_of_the_sender_never_reach_the_receiver)
{
    struct pair pair = pair_make(TAKE_KEY(3, SLOT_BACK));
    pair_boot(&pair);
    struct domain *client = host_domain(pair.client);
    for (unsigned i = 1; i < 32; i++)
        client->registers[i] = 0x5ec7e7 + i;
    host_call(0, CALL_SLOT(SLOT_SERVER), 0, 0x5ec7e7, 32, 0x5ec7e7, 0x5ec7e7);
    struct domain *server = host_domain(pair.server);
    cr_assert_not(server->restore_all);
    for (unsigned i = 1; i < 32; i++)
        cr_assert_eq(server->registers[i], i == REGISTER_A0 + 1 ? 77 : 0, "x%u", i);
}

Test(gate, pc_moves_past_the_ecall_when_the_message_is_sent)
{
    struct pair pair = pair_make(TAKE_KEY(3, SLOT_BACK));
    store_register(pair.store, pair.client, 0, 0x1000);
    pair_boot(&pair);
    host_call(0, CALL_SLOT(SLOT_SERVER), 0, 0, 0, 0, 0);
    cr_assert_eq(host_domain(pair.client)->registers[0], 0x1004);
}

Test(gate, string_in_memory_crosses_pages_on_both_sides)
{
    struct pair pair = pair_make(TAKE_ALL | TAKE_MEMORY | TAKE_KEY(3, SLOT_BACK));
    store_register(pair.store, pair.server, REGISTER_A0 + 5, 0x5ffd);
    store_register(pair.store, pair.server, REGISTER_A0 + 6, 3000);
    uint8_t sent[2000], got[2001];
    pair_boot(&pair);
    for (unsigned i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)(i * 7 + i / 256);
    cr_assert(host_store(0x1f01, sent, sizeof(sent)));
    host_call(0, CALL_SLOT(SLOT_SERVER) | SEND_MEMORY, 0, 0x1f01, sizeof(sent), 0, 0);
    cr_assert_eq(host_running_id(), pair.server);
    cr_assert_eq(host_argument(4), sizeof(sent));
    cr_assert(host_load(0x5ffd, got, sizeof(got)));
    cr_assert_arr_eq(got, sent, sizeof(sent));
    cr_assert_eq(got[2000], 0, "nothing after the end");
}

Test(gate, string_longer_than_the_buffer_is_cut_and_its_length_told)
{
    struct pair pair = pair_make(TAKE_ALL | TAKE_MEMORY | TAKE_KEY(3, SLOT_BACK));
    store_register(pair.store, pair.server, REGISTER_A0 + 5, 0x2000);
    store_register(pair.store, pair.server, REGISTER_A0 + 6, 10);
    uint8_t got[12];
    pair_boot(&pair);
    cr_assert(host_store(0x100, "abcdefghijklmnop", 16));
    host_call(0, CALL_SLOT(SLOT_SERVER) | SEND_MEMORY, 0, 0x100, 16, 0, 0);
    cr_assert_eq(host_argument(4), 16);
    cr_assert(host_load(0x2000, got, sizeof(got)));
    cr_assert_arr_eq(got, "abcdefghij\0\0", 12);
}

Test(gate, keys_arrive_where_asked_and_unsent_ones_are_data_key_0)
{
    struct pair pair = pair_make(TAKE_KEY(0, 4) | TAKE_KEY(1, 5) | TAKE_KEY(3, SLOT_BACK));
    store_slot(pair.store, pair.server, 5, store_number(99));
    pair_boot(&pair);
    host_call(0, CALL_SLOT(SLOT_SERVER) | SEND_KEY(0, 2) | SEND_KEY(2, 2), 0, 0, 0, 0, 0);
    cr_assert_eq(host_slot(4)->count, 222);
    cr_assert(key_is_zero(host_slot(5)), "not sent");
    cr_assert(key_is_zero(host_slot(6)), "not taken");
}

Test(gate, every_copy_of_a_resume_key_is_void_after_one_use)
{
    struct pair pair = pair_make(TAKE_KEY(3, SLOT_BACK));
    pair_boot(&pair);
    host_call(0, CALL_SLOT(SLOT_SERVER), 0, 0, 0, 0, 0);
    struct key copy = *host_slot(SLOT_BACK);
    struct domain *server = host_domain(pair.server);
    node_slot_set(server->keys, 3, &copy);
    host_call(0, FORK_SLOT(3), 0, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), pair.server, "FORK goes on");
    host_call(0, CALL_SLOT(SLOT_BACK), TAKE_ALL, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), pair.server);
    cr_assert_eq(host_argument(0), RC_DATA_KEY);
    cr_assert(key_is_zero(host_slot(SLOT_BACK)));
}

Test(gate, return_makes_available_and_a_return_to_a_data_key_ends_the_process)
{
    struct pair pair = pair_make(TAKE_KEY(3, SLOT_BACK));
    pair_boot(&pair);
    cr_assert_null(host_call(0, RETURN_SLOT(9), 0, 0, 0, 0, 0), "nobody is left");
    cr_assert_eq(host_domain(pair.client)->state, DOMAIN_AVAILABLE);
}

Test(gate, fork_goes_on_with_cleared_results_and_starts_the_receiver)
{
    struct pair pair = pair_make(TAKE_ALL);
    pair_boot(&pair);
    host_set_string("12345678", 8);
    host_call(9, FORK_SLOT(SLOT_SERVER) | SEND_REGISTERS, ENTRY_STRING(STRING_MEMORY), 3, 8, 5, 6);
    cr_assert_eq(host_running_id(), pair.client);
    for (unsigned i = 0; i < 8; i++)
        cr_assert_eq(host_argument(i), 0, "register a%u, however it comes back", i);
    cr_assert_eq(host_string(0), 0);
    host_call(0, RETURN_SLOT(9), 0, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), pair.server);
    cr_assert_eq(host_argument(0), 9);
}

#define CALLERS 5u

static unsigned server_has_callers(const struct pair *pair)
{
    unsigned count = 0;
    const struct node_frame *root = host_domain(pair->server)->root;
    for (const struct node_frame *at = root->callers.first; at; at = at->link.next)
        count++;
    return count;
}

Test(gate, stalled_callers_are_served_in_the_order_they_came)
{
    struct pair pair = pair_make(TAKE_ALL | TAKE_KEY(3, SLOT_BACK));
    uint64_t callers[CALLERS];
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = domain_with_memory(pair.store, DOMAIN_RUNNING);
        store_slot(pair.store, callers[i], SLOT_SERVER,
                   store_key(KEY_START, (uint8_t)(i + 1), pair.server));
        store_running(pair.store, callers[i]);
    }
    pair_boot(&pair);
    while (host_running_id() != pair.server || server_has_callers(&pair) < CALLERS) {
        if (host_running_id() == pair.server)
            host_tick(1);
        else
            host_call(0, CALL_SLOT(SLOT_SERVER), TAKE_ALL, 0, 0, 0, 0);
    }
    uint64_t order[CALLERS];
    const struct node_frame *at = host_domain(pair.server)->root->callers.first;
    for (unsigned i = 0; i < CALLERS; i++, at = at->link.next)
        order[i] = at->object_id;
    for (unsigned i = 0; i < CALLERS; i++) {
        host_call(0, RETURN_SLOT(SLOT_BACK), TAKE_ALL | TAKE_KEY(3, SLOT_BACK), 0, 0, 0, 0);
        while (host_running_id() != pair.server) /* who was answered is done */
            host_call(0, RETURN_SLOT(9), 0, 0, 0, 0, 0);
        uint64_t data_byte = host_argument(1);
        cr_assert((data_byte >= 1 && data_byte <= CALLERS) || data_byte == 77);
        uint64_t served = data_byte == 77 ? pair.client : callers[data_byte - 1];
        cr_assert_eq(served, order[i], "turn %u", i);
    }
}

Test(gate, a_granted_caller_that_changes_its_mind_does_not_block_the_others)
{
    struct pair pair = pair_make(TAKE_ALL | TAKE_KEY(3, SLOT_BACK));
    uint64_t a = domain_with_memory(pair.store, DOMAIN_RUNNING);
    uint64_t b = domain_with_memory(pair.store, DOMAIN_RUNNING);
    store_slot(pair.store, a, SLOT_SERVER, store_key(KEY_START, 1, pair.server));
    store_slot(pair.store, b, SLOT_SERVER, store_key(KEY_START, 2, pair.server));
    store_slot(pair.store, pair.server, 8, store_key(KEY_DOMAIN, 0, a));
    store_running(pair.store, a);
    store_running(pair.store, b);
    pair_boot(&pair);
    while (host_running_id() != pair.server || server_has_callers(&pair) < 2) {
        if (host_running_id() == pair.server)
            host_tick(1);
        else
            host_call(0, CALL_SLOT(SLOT_SERVER), TAKE_ALL, 0, 0, 0, 0);
    }
    /* The first in the queue is woken by the RETURN; its key is gone before it runs. */
    struct key zero = key_number(0);
    uint64_t first = host_domain(pair.server)->root->callers.first->object_id;
    node_slot_set(host_domain(first)->keys, SLOT_SERVER, &zero);
    host_call(0, RETURN_SLOT(SLOT_BACK), TAKE_ALL | TAKE_KEY(3, SLOT_BACK), 0, 0, 0, 0);
    for (unsigned i = 0; i < 10 && host_running_id() != pair.server; i++)
        host_tick(1);
    cr_assert_eq(host_running_id(), pair.server);
    cr_assert_eq(host_argument(1), first == a ? 2 : 1, "the other one was served");
}

Test(gate, malformed_blocks_and_lengths_trap_and_without_keeper_stop_only_the_sender)
{
    static const struct {
        uint64_t exit, entry, length, trap;
    } cases[] = {
        {EXIT_BLOCK(0, 1), 0, 0, TRAP_BAD_EXIT},
        {CALL_SLOT(1) | EXIT_STRING(3), 0, 0, TRAP_BAD_EXIT},
        {CALL_SLOT(1), ENTRY_STRING(3), 0, TRAP_BAD_ENTRY},
        {CALL_SLOT(1) | SEND_MEMORY, 0, STRING_BYTES_MAX + 1, TRAP_LENGTH},
        {CALL_SLOT(1) | SEND_REGISTERS, 0, STRING_REGISTER_BYTES + 1, TRAP_LENGTH},
        {CALL_SLOT(1) | SEND_MEMORY, 0, UINT64_MAX, TRAP_LENGTH},
    };
    struct pair pair = pair_make(TAKE_KEY(3, SLOT_BACK));
    pair_boot(&pair);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(host_running_id(), pair.client);
        cr_assert_null(host_call(0, cases[i].exit, cases[i].entry, 0, cases[i].length, 0, 0));
        struct domain *client = host_domain(pair.client);
        cr_assert_eq(client->trap_code, cases[i].trap, "case %u", i);
        cr_assert_eq(client->state, DOMAIN_WAITING);
        domain_trap_set(client, 0, 0);
        client->registers[REGISTER_PC] += 4;
        gate_resume(client);
        sched_ready(client->root);
        (void)host_run();
    }
}

Test(gate, jumping_to_oneself_traps)
{
    struct pair pair = pair_make(0);
    store_slot(pair.store, pair.client, 6, store_key(KEY_START, 0, pair.client));
    pair_boot(&pair);
    cr_assert_null(host_call(0, CALL_SLOT(6), 0, 0, 0, 0, 0));
    cr_assert_eq(host_domain(pair.client)->trap_code, TRAP_SELF_JUMP);
}

Test(gate, a_start_key_to_what_is_no_domain_answers_as_a_data_key)
{
    struct pair pair = pair_make(0);
    uint64_t plain = store_new_node(pair.store);
    store_slot(pair.store, pair.client, 6, store_key(KEY_START, 0, plain));
    pair_boot(&pair);
    host_call(0, CALL_SLOT(6), TAKE_ALL, 0, 0, 0, 0);
    cr_assert_eq(host_running_id(), pair.client);
    cr_assert_eq(host_argument(0), RC_DATA_KEY);
}

Test(gate, an_unaccepted_code_traps_the_receiver_and_not_the_sender)
{
    struct pair pair = pair_make(TAKE_KEY(3, SLOT_BACK));
    pair_boot(&pair);
    cr_assert_null(host_call(3, FORK_SLOT(SLOT_SERVER), 0, 0, 0, 0, 0) == NULL);
    cr_assert_eq(host_running_id(), pair.client);
    host_call(0, RETURN_SLOT(9), 0, 0, 0, 0, 0);
    cr_assert_eq(host_domain(pair.server)->trap_code, TRAP_CODE_REJECTED);
    cr_assert_eq(host_domain(pair.server)->trap_value, 3);
}

Test(gate, own_bad_buffer_traps_before_anything_is_sent)
{
    struct pair pair = pair_make(TAKE_KEY(3, SLOT_BACK));
    pair_boot(&pair);
    cr_assert_null(host_call(0, CALL_SLOT(SLOT_SERVER), TAKE_MEMORY, 0, 0, 0xfff0, 32));
    cr_assert_eq(host_domain(pair.client)->trap_code, TRAP_BAD_BUFFER);
    cr_assert_eq(host_domain(pair.server)->state, DOMAIN_AVAILABLE);
}
