/* SPDX-License-Identifier: GPL-2.0-or-later */
/* creator_check.c - tests the domain creators from outside: domains are made, run, told apart,
 * severed and destroyed, and what is not theirs is refused.
 *
 * Keys: 0 creator of creators, 1 prime bank, 2 domain key of a domain whose memory new domains run
 * in (creator_child.c), 3 meter, 4 data creator; power, console. */
#include "disks/domains/rt/check.h"
#include "disks/domains/rt/creator.h"
#include "disks/domains/rt/front.h"
#include "disks/domains/rt/layout.h"

enum check_slot {
    SLOT_CREATORS = 0,
    SLOT_PRIME = 1,
    SLOT_PATTERN = 2,
    SLOT_METER = 3,
    SLOT_DATA = 4,
    SLOT_CREATOR = 5,
    SLOT_DOMAIN = 6,
    SLOT_START = 7,
    SLOT_A = 8,
    SLOT_B = 9,
    SLOT_BANK = SLOT_TIMER,
};
static const uint8_t to_a[MESSAGE_KEYS] = {SLOT_A, SLOT_B, SLOT_NONE, SLOT_NONE};
static const uint8_t from_a[MESSAGE_KEYS] = {SLOT_A, SLOT_NONE, SLOT_NONE, SLOT_NONE};

static uint64_t held(unsigned slot)
{
    uint64_t count = 0;
    return bank_query_nodes(slot, &count) == RC_OK ? count : UINT64_MAX;
}

static bool void_key(unsigned slot)
{
    return key_type_of(slot) == RC_DATA_KEY;
}

/* A domain in SLOT_DOMAIN that runs creator_child.c, and a start key of it. */
static void child_make(void)
{
    CHECK_CODE(RC_OK, creator_create(SLOT_CREATOR, SLOT_BANK, SLOT_DOMAIN));
    CHECK_CODE(RC_OK, domain_fetch_root(SLOT_PATTERN, DOMAIN_SLOT_MEMORY, SLOT_A));
    CHECK_CODE(RC_OK, domain_swap_root(SLOT_DOMAIN, DOMAIN_SLOT_MEMORY, SLOT_A, SLOT_NONE));
    CHECK_CODE(RC_OK, domain_swap_root(SLOT_DOMAIN, DOMAIN_SLOT_METER, SLOT_METER, SLOT_NONE));
    CHECK_CODE(RC_OK, creator_weaken(SLOT_CREATOR, SLOT_A));
    CHECK_CODE(RC_OK, domain_swap(SLOT_DOMAIN, 0, SLOT_A, SLOT_NONE));
    CHECK_CODE(RC_OK, domain_swap(SLOT_DOMAIN, 1, SLOT_BANK, SLOT_NONE));
    CHECK_CODE(RC_OK, domain_make_start(SLOT_DOMAIN, 5, SLOT_START));
    CHECK_CODE(RC_OK, creator_start_domain(SLOT_DOMAIN, LAYOUT_ENTRY, LAYOUT_STACK_END));
    CHECK_CODE(2, key_order(SLOT_START, 1));
}

static void child_destroy(void)
{
    CHECK_CODE(RC_OK, creator_destroy(SLOT_CREATOR, SLOT_DOMAIN, SLOT_BANK));
    CHECK(void_key(SLOT_DOMAIN) && void_key(SLOT_START));
}

static void creators_are_made_from_banks_only(void)
{
    uint64_t made;
    CHECK_CODE(AKT_CREATORS, key_type_of(SLOT_CREATORS));
    CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_CREATORS, 2));
    CHECK_CODE(RC_NOT_PROMPT, creators_create(SLOT_CREATORS, SLOT_VOID, SLOT_CREATOR));
    CHECK_CODE(RC_NOT_PROMPT, creators_create(SLOT_CREATORS, SLOT_CREATORS, SLOT_CREATOR));
    CHECK_CODE(RC_OK, bank_create_bank(SLOT_PRIME, SLOT_BANK));
    CHECK_CODE(RC_OK, bank_limit_nodes(SLOT_BANK, (uint64_t)INT64_MIN, &made));
    CHECK_CODE(RC_OK, bank_limit_nodes(SLOT_BANK, 1, &made));
    CHECK_CODE(RC_NO_SPACE, creators_create(SLOT_CREATORS, SLOT_BANK, SLOT_CREATOR));
    CHECK(held(SLOT_BANK) == 0);
    CHECK_CODE(RC_OK, bank_limit_nodes(SLOT_BANK, 1, &made));
    CHECK_CODE(RC_OK, creators_create(SLOT_CREATORS, SLOT_BANK, SLOT_CREATOR));
    CHECK_CODE(AKT_CREATOR, key_type_of(SLOT_CREATOR));
    CHECK_CODE(0, creators_identify(SLOT_CREATORS, SLOT_CREATOR));
    CHECK_CODE(1, creators_identify(SLOT_CREATORS, SLOT_BANK));
    CHECK_CODE(1, creators_identify(SLOT_CREATORS, SLOT_VOID));
    for (uint64_t nodes = 0; nodes < 5; nodes++) { /* too few for a domain */
        check_note("with %lu nodes:\n", nodes);
        CHECK_CODE(RC_NO_SPACE, creator_create(SLOT_CREATOR, SLOT_BANK, SLOT_DOMAIN));
        CHECK(held(SLOT_BANK) == 2);
        CHECK_CODE(RC_OK, bank_limit_nodes(SLOT_BANK, 1, &made));
    }
    CHECK_CODE(RC_OK, creator_create(SLOT_CREATOR, SLOT_BANK, SLOT_DOMAIN));
    CHECK_CODE(AKT_DOMAIN, key_type_of(SLOT_DOMAIN));
    CHECK(held(SLOT_BANK) == 7);
    CHECK_CODE(RC_NOT_PROMPT, creator_create(SLOT_CREATOR, SLOT_DOMAIN, SLOT_A));
    CHECK_CODE(RC_OK, creator_destroy(SLOT_CREATOR, SLOT_DOMAIN, SLOT_BANK));
    CHECK(held(SLOT_BANK) == 2 && void_key(SLOT_DOMAIN));
    CHECK_CODE(RC_OK, bank_limit_nodes(SLOT_BANK, INT64_MAX, &made));
}

static void a_new_domain_is_empty(void)
{
    struct domain_registers registers;
    CHECK_CODE(RC_OK, creator_create(SLOT_CREATOR, SLOT_BANK, SLOT_DOMAIN));
    for (unsigned slot = 0; slot < NODE_SLOTS; slot++) {
        CHECK_CODE(RC_OK, domain_fetch(SLOT_DOMAIN, slot, SLOT_A));
        CHECK(void_key(SLOT_A));
    }
    CHECK_CODE(RC_OK, domain_fetch_root(SLOT_DOMAIN, DOMAIN_SLOT_MEMORY, SLOT_A));
    CHECK(void_key(SLOT_A));
    CHECK_CODE(RC_OK, domain_get_registers(SLOT_DOMAIN, &registers));
    for (unsigned i = 0; i < 31; i++)
        CHECK(registers.x[i] == 0);
    CHECK_CODE(RC_OK, creator_destroy(SLOT_CREATOR, SLOT_DOMAIN, SLOT_BANK));
}

static void domains_are_told_by_their_brand(void)
{
    child_make();
    CHECK_CODE(RC_OK, creator_identify_start(SLOT_CREATOR, SLOT_START, SLOT_A));
    CHECK_CODE(0, domain_compare(SLOT_DOMAIN, SLOT_A));
    CHECK_CODE(RC_NOT_THERE, creator_identify_start(SLOT_CREATOR, SLOT_PRIME, SLOT_A));
    CHECK(void_key(SLOT_A));
    CHECK_CODE(RC_NOT_THERE, creator_identify_start(SLOT_CREATOR, SLOT_DOMAIN, SLOT_A));
    CHECK_CODE(RC_NOT_THERE, creator_identify_start(SLOT_CREATOR, SLOT_VOID, SLOT_A));
    CHECK_CODE(RC_OK, domain_make_busy(SLOT_DOMAIN, SLOT_B));
    CHECK_CODE(RC_OK, creator_identify_resume(SLOT_CREATOR, SLOT_B, SLOT_A));
    CHECK_CODE(0, domain_compare(SLOT_DOMAIN, SLOT_A));
    CHECK_CODE(RC_NOT_THERE, creator_identify_resume(SLOT_CREATOR, SLOT_START, SLOT_A));
    CHECK_CODE(RC_OK, domain_make_available(SLOT_DOMAIN));
    CHECK_CODE(2, key_order(SLOT_START, 1));
    /* Another creator knows nothing of it. */
    CHECK_CODE(RC_OK, creators_create(SLOT_CREATORS, SLOT_BANK, SLOT_B));
    CHECK_CODE(RC_NOT_THERE, creator_identify_start(SLOT_B, SLOT_START, SLOT_A));
    CHECK_CODE(RC_NOT_THERE, creator_destroy(SLOT_B, SLOT_DOMAIN, SLOT_BANK));
    CHECK_CODE(2, key_order(SLOT_START, 1));
    CHECK_CODE(RC_OK, creator_end(SLOT_B, SLOT_BANK));
    CHECK(void_key(SLOT_B));
    child_destroy();
}

static void keepers_of_segments_and_meters_are_told(void)
{
    child_make();
    CHECK_CODE(RC_OK, bank_create_node(SLOT_BANK, SLOT_B));
    CHECK_CODE(RC_OK, data_create_number(SLOT_DATA, FRONT_FORMAT, SLOT_A));
    CHECK_CODE(RC_OK, front_make(SLOT_B, SLOT_START, SLOT_A, SLOT_A));
    CHECK_CODE(RC_OK, creator_identify_segment(SLOT_CREATOR, from_a, to_a));
    CHECK_CODE(0, domain_compare(SLOT_DOMAIN, SLOT_A));
    CHECK_CODE(AKT_NODE, key_type_of(SLOT_B));
    CHECK_CODE(RC_OK, node_make_segment(SLOT_B, 0, SLOT_A));
    CHECK_CODE(RC_OK, creator_identify_segment(SLOT_CREATOR, from_a, to_a));
    CHECK_CODE(RC_OK, node_make_segment(SLOT_B, SIZE_CODE_MIN, SLOT_A));
    CHECK_CODE(RC_NOT_THERE, creator_identify_segment(SLOT_CREATOR, from_a, NULL));
    CHECK_CODE(RC_OK, node_swap(SLOT_B, METER_SLOT_KEEPER, SLOT_START, SLOT_NONE));
    CHECK_CODE(RC_OK, node_make_meter(SLOT_B, SLOT_A));
    CHECK_CODE(RC_OK, creator_identify_meter(SLOT_CREATOR, from_a, to_a));
    CHECK_CODE(0, domain_compare(SLOT_DOMAIN, SLOT_A));
    CHECK_CODE(RC_OK, bank_destroy_node(SLOT_BANK, SLOT_B));
    child_destroy();
}

static void a_severed_domain_has_one_key(void)
{
    child_make();
    CHECK_CODE(RC_NOT_PROMPT, creator_sever(SLOT_CREATOR, SLOT_START, SLOT_VOID, SLOT_A));
    CHECK_CODE(RC_NOT_THERE, creator_sever(SLOT_CREATOR, SLOT_START, SLOT_PRIME, SLOT_A));
    CHECK_CODE(2, key_order(SLOT_START, 1));
    CHECK_CODE(RC_OK, creator_sever(SLOT_CREATOR, SLOT_START, SLOT_BANK, SLOT_A));
    CHECK(void_key(SLOT_START) && void_key(SLOT_DOMAIN));
    CHECK_CODE(RC_OK, domain_make_start(SLOT_A, 0, SLOT_START));
    CHECK_CODE(6, key_order(SLOT_START, 5));
    CHECK_CODE(RC_OK, creator_destroy(SLOT_CREATOR, SLOT_A, SLOT_BANK));
    CHECK(void_key(SLOT_START));
}

static void a_domain_ends_or_severs_itself(void)
{
    child_make();
    uint64_t before = held(SLOT_BANK);
    CHECK_CODE(77, key_order(SLOT_START, 2));
    CHECK(held(SLOT_BANK) == before - 5);
    CHECK(void_key(SLOT_START) && void_key(SLOT_DOMAIN));
    child_make();
    CHECK_CODE(RC_OK, key_order(SLOT_START, 3));
    CHECK(void_key(SLOT_START) && void_key(SLOT_DOMAIN));
    CHECK(held(SLOT_BANK) == before);
}

static void wrong_banks_destroy_nothing(void)
{
    child_make();
    CHECK_CODE(RC_NOT_PROMPT, creator_destroy(SLOT_CREATOR, SLOT_DOMAIN, SLOT_VOID));
    CHECK_CODE(RC_NOT_THERE, creator_destroy(SLOT_CREATOR, SLOT_DOMAIN, SLOT_PRIME));
    CHECK_CODE(RC_NOT_THERE, creator_destroy(SLOT_CREATOR, SLOT_START, SLOT_BANK));
    CHECK_CODE(2, key_order(SLOT_START, 1));
    child_destroy();
}

static void a_weak_creator_only_creates(void)
{
    static const uint64_t strong[] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 14, 16, ORDER_DESTROY};
    CHECK_CODE(RC_OK, creator_weaken(SLOT_CREATOR, SLOT_B));
    CHECK_CODE(AKT_CREATOR, key_type_of(SLOT_B));
    for (unsigned i = 0; i < sizeof(strong) / sizeof(strong[0]); i++)
        CHECK_CODE(RC_BAD_ORDER, key_order(SLOT_B, strong[i]));
    CHECK_CODE(RC_OK, creator_create(SLOT_B, SLOT_BANK, SLOT_DOMAIN));
    CHECK_CODE(RC_OK, creator_weaken(SLOT_B, SLOT_A));
    CHECK_CODE(RC_NOT_THERE, key_order(SLOT_B, CREATOR_DESTROY_ME));
    CHECK_CODE(RC_NOT_THERE, creator_sever_me(SLOT_B, SLOT_BANK, SLOT_A));
    CHECK_CODE(RC_OK, creator_destroy(SLOT_CREATOR, SLOT_DOMAIN, SLOT_BANK));
}

static void an_ended_creator_opens_nothing(void)
{
    child_make();
    CHECK_CODE(RC_OK, creator_weaken(SLOT_CREATOR, SLOT_B));
    CHECK_CODE(RC_NOT_PROMPT, creator_end(SLOT_CREATOR, SLOT_VOID));
    CHECK_CODE(RC_NOT_THERE, creator_end(SLOT_CREATOR, SLOT_PRIME));
    CHECK_CODE(RC_OK, creator_end(SLOT_CREATOR, SLOT_BANK));
    CHECK(void_key(SLOT_CREATOR) && void_key(SLOT_B));
    CHECK_CODE(2, key_order(SLOT_START, 1));
    CHECK_CODE(RC_OK, bank_destroy_space(SLOT_BANK));
    CHECK(void_key(SLOT_START) && void_key(SLOT_DOMAIN));
}

int domain_main(uint64_t argument_0, uint64_t argument_1)
{
    (void)argument_0;
    (void)argument_1;
    creators_are_made_from_banks_only();
    a_new_domain_is_empty();
    domains_are_told_by_their_brand();
    keepers_of_segments_and_meters_are_told();
    a_severed_domain_has_one_key();
    a_domain_ends_or_severs_itself();
    wrong_banks_destroy_nothing();
    a_weak_creator_only_creates();
    an_ended_creator_opens_nothing();
    check_end("creator");
    return 0;
}
